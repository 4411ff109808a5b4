import { execFileSync } from "node:child_process";

/** The commit that a page is written for, with a plus where the tree differs from it; the page itself does not count. */
export function commitNow(page: string | undefined): string {
  const git = (...args: string[]): string => execFileSync("git", args).toString().trim();
  const changed = git("status", "--porcelain", "--", ".", ...(page === undefined ? [] : [`:!${page}`]));
  return git("rev-parse", "--short", "HEAD") + (changed === "" ? "" : "+");
}
