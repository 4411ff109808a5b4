import { expect } from "chai";
import { type GitProblem, gitFailure } from "../../runner/source/git-failures.ts";
import { maskUrls } from "../../runner/source/urls.ts";

/** git's own words → what they mean. */
const WORDS: Readonly<Record<string, GitProblem>> = {
  "error: Server does not allow request for unadvertised object 0123": "no-commit",
  "fatal: remote error: upload-pack: not our ref 0123456789": "no-commit",
  "fatal: couldn't find remote ref refs/heads/absent": "no-commit",
  "fatal: bad object 0123": "no-commit",
  "fatal: Needed a single revision": "no-commit",
  "fatal: could not read Username for 'https://github.com': terminal prompts disabled": "auth",
  "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://gitlab.example/x.git/'": "auth",
  "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.": "auth",
  "fatal: unable to access 'https://x/': The requested URL returned error: 403": "auth",
  "Host key verification failed.\nfatal: Could not read from remote repository.": "auth",
  "fatal: unable to access 'https://no.example/': Could not resolve host: no.example": "unreachable",
  "fatal: unable to access 'http://127.0.0.1:1/': Failed to connect to 127.0.0.1 port 1": "unreachable",
  "ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote repository.": "unreachable",
  "error: RPC failed; curl 18 transfer closed\nfatal: early EOF": "unreachable",
  "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate": "unreachable",
  "fatal: unable to access 'https://x/': The requested URL returned error: 502": "unreachable",
  "fatal: '/no/such/repo' does not appear to be a git repository": "no-repository",
  "remote: Repository not found.\nfatal: repository 'https://github.com/a/b.git/' not found": "no-repository",
  "fatal: write error: No space left on device\nfatal: early EOF": "disk-full",
  "fatal: something new": "other",
};

describe("failures of git", () => {
  for (const [words, problem] of Object.entries(WORDS))
    it(`are ${problem} when it says "${words.split("\n")[0]}"`, () => {
      expect(gitFailure(["fetch", "x"], words)).to.include({ problem, retryable: problem === "unreachable" });
    });

  it("name the verb and show git's own words without progress and credentials", () => {
    const error = gitFailure(
      ["--no-pager", "fetch"],
      "Receiving objects: 10%\rReceiving objects: 20%\rfatal: no 'https://me:secret@host/x'\n",
    );
    expect(error.message).to.equal("git fetch: fatal: no 'https://***@host/x'");
  });

  it("have credentials masked wherever they stand", () => {
    expect(maskUrls("a https://u:p@h/x b ssh://git@h/y c git@h:z https://h/@x")).to.equal(
      "a https://***@h/x b ssh://***@h/y c git@h:z https://h/@x",
    );
    expect(maskUrls("https://u:p@ss@h/x")).to.not.contain("ss@");
  });
});
