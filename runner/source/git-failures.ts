import { WindlassError } from "../../base/errors.ts";
import { maskUrls } from "./urls.ts";

/** Why git did not do it, as far as its words tell: git has no numbers for it. */
export type GitProblem = "auth" | "unreachable" | "no-repository" | "no-commit" | "disk-full" | "other";

/** The phrases of git and of its transports, first match wins. Each has a test. */
export const GIT_PHRASES: readonly (readonly [RegExp, GitProblem])[] = [
  [/No space left on device|Disk quota exceeded/i, "disk-full"],
  [
    /not our ref|couldn't find remote ref|unadvertised object|no such remote ref|does not point to a valid object|bad object|unknown revision|Needed a single revision/i,
    "no-commit",
  ],
  [
    /Authentication failed|could not read (Username|Password)|Permission denied \(|HTTP 401|403 Forbidden|error: 403|Invalid username or password|terminal prompts disabled|Host key verification failed/i,
    "auth",
  ],
  [
    /Could not resolve host|Failed to connect|Connection (refused|timed out|reset)|Couldn't connect|Operation timed out|early EOF|unexpected disconnect|RPC failed|The remote end hung up|SSL|server certificate|HTTP 5\d\d|error: 5\d\d|Name or service not known|No route to host|Network is unreachable/i,
    "unreachable",
  ],
  [
    /does not appear to be a git repository|[Rr]epository .*not found|not found|does not exist|Could not read from remote repository|not a git repository/i,
    "no-repository",
  ],
];

export class GitError extends WindlassError {
  override readonly name = "GitError";
  readonly problem: GitProblem;
  /** git's own words, credentials in URLs masked. */
  readonly detail: string;

  constructor(verb: string, problem: GitProblem, detail: string) {
    super(`git ${verb}: ${detail}`, { code: `git-${problem}`, retryable: problem === "unreachable" });
    this.problem = problem;
    this.detail = detail;
  }
}

export function gitFailure(args: readonly string[], stderr: string): GitError {
  const problem = GIT_PHRASES.find(([phrase]) => phrase.test(stderr))?.[1] ?? "other";
  const told = stderr.split(/[\r\n]+/).filter((line) => /^(fatal|error|remote|ERROR|ssh):?/.test(line.trim()));
  const detail = maskUrls((told.length > 0 ? told : stderr.trim().split("\n").slice(-2)).slice(0, 4).join("; "));
  return new GitError(args.find((arg) => !arg.startsWith("-")) ?? "", problem, detail.slice(0, 800));
}
