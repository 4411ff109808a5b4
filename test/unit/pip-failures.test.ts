import { expect } from "chai";
import { isNetworkFailure, pipFailure } from "../../runner/environment/pip-failures.ts";

const ABSENT = `ERROR: Could not find a version that satisfies the requirement nope==9 (from versions: none)
ERROR: No matching distribution found for nope==9
[notice] A new release of pip is available`;
const NETWORK = `WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/nope/
${ABSENT}`;

describe("failures of pip", () => {
  it("name the package that does not exist", () => {
    expect(pipFailure(ABSENT)).to.include({ outcome: "failed/environment-requirements", retryable: false });
    expect(pipFailure(ABSENT).message).to.contain("nope==9");
  });

  it("of the network may be tried again, although pip also says that there is no such package", () => {
    expect(pipFailure(NETWORK)).to.include({ outcome: "failed/environment-requirements", retryable: true });
    expect(isNetworkFailure(NETWORK)).to.equal(true);
    expect(isNetworkFailure(ABSENT)).to.equal(false);
  });

  it("of a full disk are its own cause", () => {
    expect(pipFailure("OSError: [Errno 28] No space left on device")).to.include({ outcome: "failed/disk-full", retryable: true });
  });

  it("else show pip's last words about the error", () => {
    const { message } = pipFailure("Collecting x\nerror: metadata-generation-failed\nWARNING: old pip\n[notice] new pip\n");
    expect(message).to.contain("metadata-generation-failed").and.to.not.contain("old pip");
  });
});
