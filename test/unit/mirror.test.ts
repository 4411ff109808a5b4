import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { RunContext } from "../../runner/engine.ts";
import type { RunError } from "../../runner/run-error.ts";
import { type Fetched, fetchWanted, type Wanted } from "../../runner/source/mirror.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { commitAll, git, makeRepository } from "../support/repository.ts";
import { consoleOf, runContext } from "../support/run-context.ts";

const ABSENT = "0123456789".repeat(4);

function wanted(url: string, more: Partial<Wanted> = {}): Wanted {
  return { url, commit: undefined, tag: undefined, branch: undefined, ...more };
}

async function contentOf({ mirror, commit }: Fetched, file = "a.txt"): Promise<string> {
  return await git(mirror, "show", `${commit}:${file}`);
}

async function refusal(what: Wanted, context: RunContext): Promise<RunError> {
  return await failureOf<RunError>(fetchWanted(what, context));
}

describe("the mirror of a repository", () => {
  it("gets exactly the recorded commit, although the branch went on", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "old" });
    await writeFile(join(url, "a.txt"), "new");
    await commitAll(url, "second");
    const fetched = await fetchWanted(wanted(url, { commit, branch: "main" }), await runContext());
    expect(fetched.commit).to.equal(commit);
    expect(await contentOf(fetched)).to.equal("old");
  });

  it("gets a tag before a branch, a branch's tip, and else the default branch", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "tagged" });
    await git(url, "tag", "v1");
    await writeFile(join(url, "a.txt"), "tip");
    const tip = await commitAll(url, "second");
    const context = await runContext();
    expect((await fetchWanted(wanted(url, { tag: "v1", branch: "main" }), context)).commit).to.equal(commit);
    expect((await fetchWanted(wanted(url, { branch: "main" }), context)).commit).to.equal(tip);
    expect((await fetchWanted(wanted(url, { branch: "origin/main" }), context)).commit).to.equal(tip);
    expect((await fetchWanted(wanted(url), context)).commit).to.equal(tip);
  });

  it("asks a branch's tip anew each time", async () => {
    const { url } = await makeRepository({ "a.txt": "1" });
    const context = await runContext();
    await fetchWanted(wanted(url, { branch: "main" }), context);
    await writeFile(join(url, "a.txt"), "2");
    const tip = await commitAll(url, "second");
    expect((await fetchWanted(wanted(url, { branch: "main" }), context)).commit).to.equal(tip);
  });

  it("understands a short commit", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "1" });
    expect((await fetchWanted(wanted(url, { commit: commit.slice(0, 8) }), await runContext())).commit).to.equal(commit);
  });

  it("asks nobody for a commit that a task used before", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "kept" });
    const first = await runContext();
    await fetchWanted(wanted(url, { commit }), first);
    await rm(url, { recursive: true });
    const second = await runContext(undefined, first.stateFolder);
    expect(await contentOf(await fetchWanted(wanted(url, { commit }), second))).to.equal("kept");
    expect(await consoleOf(second)).to.equal("");
  });

  it("keeps a commit that a force-push took away, through a clean-up of the mirror", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "gone" });
    const context = await runContext();
    const { mirror } = await fetchWanted(wanted(url, { branch: "main" }), context);
    await git(url, "-c", "user.name=T", "-c", "user.email=t@e", "commit", "-q", "--amend", "-m", "another history");
    await fetchWanted(wanted(url, { branch: "main" }), context);
    await git(mirror, "-c", "gc.reflogExpire=now", "gc", "-q", "--prune=now");
    expect(await contentOf(await fetchWanted(wanted(url, { commit }), context))).to.equal("gone");
  });

  it("names a commit that was force-pushed away before anybody used it", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "1" });
    await writeFile(join(url, "a.txt"), "2");
    await git(url, "add", "-A");
    await git(url, "-c", "user.name=T", "-c", "user.email=t@e", "commit", "-q", "--amend", "-m", "another history");
    await git(url, "reflog", "expire", "--expire=now", "--all");
    await git(url, "gc", "-q", "--prune=now");
    const error = await refusal(wanted(url, { commit }), await runContext());
    expect(error.outcome).to.equal("failed/source-commit-not-found");
    expect(error.message).to.contain(commit);
  });

  it("names what is not there: commit, branch, tag", async () => {
    const { url } = await makeRepository({ "a.txt": "1" });
    const context = await runContext();
    for (const what of [{ commit: ABSENT }, { commit: "abcdef1" }, { branch: "absent" }, { tag: "absent" }]) {
      const error = await refusal(wanted(url, what), context);
      expect(error.outcome).to.equal("failed/source-commit-not-found");
      expect(error.message).to.contain(Object.values(what)[0]);
    }
  });

  it("says when there is no repository, and does not try that again", async () => {
    const context = await runContext();
    const error = await refusal(wanted(join(await temporaryFolder(), "absent")), context);
    expect(error).to.include({ outcome: "failed/source-unreachable", retryable: false });
    expect(await consoleOf(context)).to.not.contain("attempt 2");
  });

  it("tries a host that does not answer again, and says so in the console", async () => {
    const context = await runContext();
    const error = await refusal(wanted("http://user:secret@127.0.0.1:1/x.git"), {
      ...context,
      settings: { ...context.settings, source: { ...context.settings.source, timeoutMs: 2_500 } },
    });
    expect(error).to.include({ outcome: "failed/source-unreachable", retryable: true });
    expect(await consoleOf(context)).to.contain("attempt 2 follows");
    expect(error.message + (await consoleOf(context))).to.not.contain("secret");
  }).timeout(30_000);

  it("is fetched once at a time, by whoever comes", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "1" });
    const context = await runContext();
    const all = await Promise.all(
      Array.from({ length: 6 }, async (_, at) => await fetchWanted(wanted(url, at % 2 ? { commit } : { branch: "main" }), context)),
    );
    expect(new Set(all.map((fetched) => fetched.commit))).to.deep.equal(new Set([commit]));
  });

  it("is made anew when an earlier making was cut short", async () => {
    const { url, commit } = await makeRepository({ "a.txt": "1" });
    const context = await runContext();
    const { mirror } = await fetchWanted(wanted(url, { commit }), context);
    await rm(join(mirror, "windlass-ready"), { recursive: true });
    await rename(join(mirror, "objects"), join(mirror, "objects-lost"));
    await rm(join(mirror, "refs"), { recursive: true });
    expect(await contentOf(await fetchWanted(wanted(url, { commit }), context))).to.equal("1");
  });

  it("ends at once when the run is aborted", async () => {
    const reason = new Error("enough");
    const { url } = await makeRepository({ "a.txt": "1" });
    expect(await failureOf(fetchWanted(wanted(url), { ...(await runContext()), signal: AbortSignal.abort(reason) }))).to.equal(reason);
  });
});
