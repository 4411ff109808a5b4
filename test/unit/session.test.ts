import { expect } from "chai";
import { type ApiError, isRefusal } from "../../api/api-error.ts";
import { type CallOptions, type Credentials, Session } from "../../api/session.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { type Answer, ApiServer, type Reply, tokenFor } from "../support/api-server.ts";
import { failureOf } from "../support/failure.ts";

const KEYS = { accessKey: "KEY", secretKey: "SECRET" };
const DAY_SEC = 86_400;
const THRICE: CallOptions = { retry: { tries: 3, firstDelayMs: 1, factor: 1, maxDelayMs: 1 } };
const ONCE: CallOptions = { retry: { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 } };

/** Logs everybody in with tokens `1`, `2`, …; other calls get `replies` in turn, and the last one for ever. */
function answering(...replies: Reply[]): Answer {
  let logins = 0;
  return ({ endpoint }) => {
    if (endpoint === "auth.login") return { data: { token: tokenFor({ n: ++logins, exp: Date.now() / 1000 + 30 * DAY_SEC }) } };
    return (replies.length > 1 ? replies.shift() : replies[0]) ?? { data: {} };
  };
}

function sessionTo(server: ApiServer, credentials: Credentials = KEYS): Session {
  return new Session({ apiServer: `${server.url}/`, credentials, workerName: "host:0" });
}

const tokenNumber = (authorization: string | undefined): unknown =>
  (JSON.parse(Buffer.from((authorization ?? "").split(".")[1] ?? "", "base64url").toString()) as { n: number }).n;

describe("a session with the server", () => {
  it("logs in with its keys, once, and returns what is in the envelope", async () => {
    await using server = await ApiServer.start(answering({ data: { id: "x" } }));
    const session = sessionTo(server);
    const replies = await Promise.all([session.call("tasks.create", { name: "n" }), session.call("tasks.create", {})]);
    expect(replies).to.deep.equal([{ id: "x" }, { id: "x" }]);
    expect(server.calls.map((call) => call.endpoint)).to.deep.equal(["auth.login", "tasks.create", "tasks.create"]);
    expect(server.calls[0]?.headers.authorization).to.equal(`Basic ${Buffer.from("KEY:SECRET").toString("base64")}`);
    expect(server.calls[1]?.body).to.deep.equal({ name: "n" });
    expect(server.calls[1]?.headers).to.include({ "x-clearml-worker": "host:0" });
  });

  it("sends lines as they are", async () => {
    await using server = await ApiServer.start(answering({ data: { added: 2 } }));
    await sessionTo(server).callLines("events.add_batch", '{"a":1}\n{"a":2}');
    expect(server.calls.at(-1)).to.include({ text: '{"a":1}\n{"a":2}' });
    expect(server.calls.at(-1)?.headers["content-type"]).to.equal("application/json-lines");
  });

  it("logs in anew after a 401 and repeats the call once", async () => {
    await using server = await ApiServer.start(answering({ code: 401, subcode: 22 }, { data: { fine: true } }));
    expect(await sessionTo(server).call("tasks.get_all", {})).to.deep.equal({ fine: true });
    expect(server.calls.map((call) => call.endpoint)).to.deep.equal(["auth.login", "tasks.get_all", "auth.login", "tasks.get_all"]);
    expect([server.calls[1], server.calls[3]].map((call) => tokenNumber(call?.headers.authorization))).to.deep.equal([1, 2]);
  });

  it("does not go on and on when the server keeps saying 401", async () => {
    await using server = await ApiServer.start(answering({ code: 401, subcode: 20 }));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, THRICE));
    expect(isRefusal(error, 20)).to.equal(true);
    expect(server.endpoints).to.have.length(2);
  });

  it("with a ready token never logs in", async () => {
    await using server = await ApiServer.start(answering({ code: 401 }));
    const session = new Session({ apiServer: server.url, credentials: { token: "TOKEN" } });
    expect(await failureOf(session.call("tasks.get_all", {}))).to.include({ status: 401 });
    expect(server.calls.map((call) => call.headers.authorization)).to.deep.equal(["Bearer TOKEN"]);
  });

  it("renews a token that has less than half a day left, before it is refused", async () => {
    await using server = await ApiServer.start(({ endpoint }) => ({
      data: endpoint === "auth.login" ? { token: tokenFor({ exp: Date.now() / 1000 + DAY_SEC / 4 }) } : {},
    }));
    const session = sessionTo(server);
    await session.call("tasks.ping", {});
    await session.call("tasks.ping", {});
    expect(server.calls.filter((call) => call.endpoint === "auth.login")).to.have.length(2);
  });

  it("reads who it is from the token", async () => {
    await using server = await ApiServer.start(answering());
    expect(await sessionTo(server).identity()).to.include({ n: 1 });
  });

  it("throws the server's refusal with its numbers, and does not try again", async () => {
    await using server = await ApiServer.start(answering({ code: 400, subcode: 101 }));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_by_id", {}, THRICE));
    expect(error).to.include({ endpoint: "tasks.get_by_id", status: 400, subcode: 101, retryable: false, uncertain: false });
    expect(isRefusal(error, 100, 101)).to.equal(true);
    expect(isRefusal(error, 100)).to.equal(false);
    expect(server.endpoints).to.have.length(1);
  });

  it("tries again after 5xx, broken connections and 429, as often as it may", async () => {
    await using server = await ApiServer.start(answering({ code: 500 }, "hang up", { data: { fine: true } }));
    expect(await sessionTo(server).call("tasks.get_all", {}, THRICE)).to.deep.equal({ fine: true });
    await using broken = await ApiServer.start(answering({ code: 503 }));
    expect(await failureOf(sessionTo(broken).call("tasks.get_all", {}, THRICE))).to.include({ status: 503, uncertain: true });
    expect(broken.endpoints).to.have.length(3);
  });

  it("sends exactly once when it is told to", async () => {
    for (const reply of ["hang up", { code: 500 }, { code: 429 }] as const) {
      await using server = await ApiServer.start(answering(reply));
      await failureOf(sessionTo(server).call("queues.remove_task", {}, ONCE));
      expect(server.endpoints).to.have.length(1);
    }
  });

  it("waits as long as Retry-After says", async () => {
    await using server = await ApiServer.start(answering({ code: 429, headers: { "retry-after": "1" } }, { data: {} }));
    const startedMs = Date.now();
    await sessionTo(server).call("tasks.get_all", {}, THRICE);
    expect(Date.now() - startedMs).to.be.within(950, 10_000);
  });

  it("understands a Retry-After that is a date", async () => {
    const header = new Date(Date.now() + 60_000).toUTCString();
    await using server = await ApiServer.start(answering({ code: 503, headers: { "retry-after": header } }));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, ONCE));
    expect(error.retryAfterMs).to.be.within(40_000, 60_000);
  });

  it("knows that a busy server carried nothing out", async () => {
    await using server = await ApiServer.start(answering({ code: 429, headers: { "retry-after": "3" } }));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, ONCE));
    expect(error).to.include({ retryable: true, uncertain: false, retryAfterMs: 3_000 });
  });

  it("does not take a proxy's page for an answer of the server, whatever its status", async () => {
    for (const status of [200, 302, 404, 502]) {
      await using server = await ApiServer.start(answering({ status, page: "<html>Please log in to the hotel's network</html>" }));
      const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, ONCE));
      expect(error, `status ${status}`).to.include({ retryable: true, uncertain: true });
      expect(error.message).to.contain(`HTTP ${status}`);
    }
  });

  it("knows what is too large for whatever answers: the same request will not pass later, unless somebody mends the proxy", async () => {
    await using server = await ApiServer.start(answering({ status: 413, page: "<html>Request Entity Too Large</html>" }));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, ONCE));
    expect(error).to.include({ status: 413, retryable: false, mayPass: true });
  });

  it("goes on through a proxy's pages where something would be lost", async () => {
    const pages = [401, 403, 404, 413, 407].map((status) => ({ status, page: "<html>no</html>" }));
    await using server = await ApiServer.start(answering(...pages, { data: { fine: true } }));
    const patient: CallOptions = { retry: { tries: Infinity, firstDelayMs: 1, factor: 1, maxDelayMs: 1 } };
    expect(await sessionTo(server).call("tasks.completed", {}, patient)).to.deep.equal({ fine: true });
  });

  it("says once in its log who answers in the server's place, and what", async () => {
    const page = '<html><head><title>403</title><style>p { color: red }</style></head><body><p class="x">Not\n here</p></body></html>';
    const headers = { server: "guard/7" };
    await using server = await ApiServer.start(answering({ status: 403, page, headers }));
    const told: string[] = [];
    const logger = { ...silentLogger, warn: (...words: unknown[]) => void told.push(String(words.at(-1))) } as Logger;
    const session = new Session({ apiServer: server.url, credentials: KEYS, logger });
    for (let n = 0; n < 3; n++) await failureOf(session.call("tasks.get_all", {}, ONCE));
    expect(told).to.deep.equal([
      `${server.url} answered with HTTP 403, but not as a ClearML API: it is another server, or something in between (guard/7): "403 Not here"`,
    ]);
  });

  it("does not take JSON without an envelope for an answer either", async () => {
    for (const page of ["null", "[]", '"text"', '{"error":"gateway"}']) {
      await using server = await ApiServer.start(answering({ status: 200, page }));
      expect(await failureOf(sessionTo(server).call("tasks.get_all", {}, ONCE)), page).to.include({ uncertain: true });
    }
  });

  it("does not take an answer for one that lacks what it must hold: it may come later, and is named", async () => {
    for (const [data, needs, lacking] of [
      [{}, { task: "document" }, "task (a document)"],
      [{ task: { status: "queued" } }, { task: "document" }, "task (a document)"],
      [[], { tasks: "list" }, "tasks (a list)"],
      [{ tasks: {} }, { tasks: "list" }, "tasks (a list)"],
      ["text", { id: "text", removed: "number" }, "id (a text), removed (a number)"],
    ] as const) {
      await using server = await ApiServer.start(answering({ data }, { data: { task: { id: "T" }, tasks: [], id: "I", removed: 0 } }));
      const error = await failureOf<ApiError>(sessionTo(server).call("a.call", {}, { ...ONCE, needs }));
      expect(error).to.include({ retryable: true, uncertain: true, message: `a.call: the server's answer lacks ${lacking}` });
      await sessionTo(server).call("a.call", {}, { ...THRICE, needs });
    }
  });

  it("does not go on without the token that a login has to bring", async () => {
    for (const data of [{}, null, { token: "" }, { token: 7 }]) {
      await using server = await ApiServer.start(() => ({ data }));
      const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, THRICE));
      expect(error).to.include({ endpoint: "auth.login", retryable: true, reason: "the server's answer lacks token (a text)" });
      expect(server.endpoints).to.deep.equal([]);
      expect(server.calls).to.have.length(3);
    }
  });

  it("gives a silent server up in the time that the call allows", async () => {
    await using server = await ApiServer.start(answering("silence"));
    const error = await failureOf<ApiError>(sessionTo(server).call("tasks.get_all", {}, { ...ONCE, timeoutMs: 300 }));
    expect(error).to.include({ status: 0, code: "server-unreachable", uncertain: true });
  });

  it("says so when nobody listens", async () => {
    const gone = await ApiServer.start(answering());
    await gone[Symbol.asyncDispose]();
    const error = await failureOf<ApiError>(sessionTo(gone).call("tasks.get_all", {}, ONCE));
    expect(error).to.include({ status: 0, retryable: true });
    expect(error.cause).to.include({ code: "ECONNREFUSED" });
  });

  it("ends with the abort's reason, in the middle of a call and between two tries", async () => {
    for (const reply of ["silence", { code: 500 }] as const) {
      await using server = await ApiServer.start(answering(reply));
      const reason = new Error("enough");
      const control = new AbortController();
      const call = sessionTo(server).call("tasks.get_all", {}, { signal: control.signal });
      setTimeout(() => control.abort(reason), 100);
      expect(await failureOf(call)).to.equal(reason);
    }
  });

  it("does not let one caller's abort end the login that another waits for", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using server = await ApiServer.start(async (call) => {
      if (call.endpoint === "auth.login") await held;
      return answering()(call);
    });
    const session = sessionTo(server);
    const control = new AbortController();
    const first = failureOf(session.call("tasks.ping", {}, { signal: control.signal }));
    const second = session.call("tasks.ping", {});
    setTimeout(() => control.abort(new Error("only the first")), 50);
    expect((await first).message).to.equal("only the first");
    release();
    expect(await second).to.deep.equal({});
  });

  it("ends a login that nobody waits for any more, and logs in anew for the next call", async () => {
    let isSilent = true;
    await using server = await ApiServer.start(async (call) => {
      if (call.endpoint === "auth.login" && isSilent) await new Promise(() => undefined);
      return answering()(call);
    });
    const session = sessionTo(server);
    const control = new AbortController();
    const calls = [1, 2].map(async () => await failureOf(session.call("tasks.ping", {}, { signal: control.signal })));
    setTimeout(() => control.abort(new Error("nobody")), 50);
    expect((await Promise.all(calls)).map(({ message }) => message)).to.deep.equal(["nobody", "nobody"]);
    isSilent = false;
    expect(await session.call("tasks.ping", {})).to.deep.equal({});
  });

  it("asks for a token that lives as long as a run", async () => {
    await using server = await ApiServer.start(answering());
    expect(await sessionTo(server).issueToken(60)).to.be.a("string");
    await sessionTo(server).issueToken(3600, { windlass_task: "T" });
    expect(server.calls.at(-1)).to.deep.include({ endpoint: "auth.login", body: { expiration_sec: 3600, windlass_task: "T" } });
  });
});
