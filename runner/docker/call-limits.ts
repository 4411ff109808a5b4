import type { Duplex } from "node:stream";
import type Docker from "dockerode";

/** How long the engine may take for the answer to a call, of a stream for its beginning; the first row that fits holds. */
const LIMITS: readonly { readonly calls: RegExp; readonly withinMs: number }[] = [
  { calls: /^GET \/(_ping|info)/, withinMs: 10_000 },
  // Drivers of volumes, networks and GPUs have their part in these.
  { calls: /^POST \/containers\/(create|[^/]+\/start)/, withinMs: 120_000 },
  // Nobody knows how long a download, a build or the removal of a large folder takes: as long as the engine answers others.
  { calls: /^(POST \/(build|images\/create)|GET \/(system\/df|distribution)|DELETE )/, withinMs: Infinity },
  { calls: /^/, withinMs: 30_000 },
];
/** While a call is open, the reading of a stream included, the engine is asked so often whether it still answers. */
const ASK_EVERY_MS = 30_000;
/** Tests shorten all of these. */
const AT_MOST_MS = Number(process.env["WINDLASS_ENGINE_LIMIT_MS"] ?? Infinity);

/** `call`: method and path. */
export function limitMs(call: string): number {
  const limit = LIMITS.find(({ calls }) => calls.test(call))?.withinMs ?? Infinity;
  return limit === Infinity ? limit : Math.min(limit, AT_MOST_MS);
}

/** An engine that hangs is as good as none: its silence has the code of a connection that timed out. */
export function silence(call: string): Error {
  const text = `no answer to ${call.split("?")[0]} within ${limitMs(call) / 1000} s`;
  return Object.assign(new Error(text), { code: "ETIMEDOUT" });
}

type Dial = Docker["modem"]["dial"];
type Call = Parameters<Dial>[0];
type Done = NonNullable<Parameters<Dial>[1]>;

/** Whatever this engine is asked ends: with its answer, or with its silence. */
export function withLimits(docker: Docker): Docker {
  const dial: Dial = docker.modem.dial.bind(docker.modem);
  docker.modem.dial = (options, done = () => undefined) => dialWithin(dial, options, done);
  return docker;
}

function dialWithin(dial: Dial, options: Call, done: Done): void {
  const given = options.abortSignal;
  const broken = new AbortController();
  const breakOff = (reason: unknown): void => broken.abort(reason);
  const limit = startLimit(`${options.method} ${options.path}`, breakOff);
  const asking = setInterval(() => ping(dial).catch(breakOff), Math.min(ASK_EVERY_MS, AT_MOST_MS)).unref();
  const abortSignal = given === undefined ? broken.signal : AbortSignal.any([given, broken.signal]);
  dial({ ...options, abortSignal }, (error, answer) => {
    clearTimeout(limit);
    if (error === null && isOpen(answer)) {
      broken.signal.addEventListener("abort", () => answer.destroy(broken.signal.reason as Error));
      answer.once("close", () => clearInterval(asking));
    } else clearInterval(asking);
    done(error !== null && broken.signal.aborted ? (broken.signal.reason as Error) : error, answer);
  });
}

function startLimit(call: string, over: (reason: Error) => void): NodeJS.Timeout | undefined {
  const withinMs = limitMs(call);
  return withinMs === Infinity ? undefined : setTimeout(() => over(silence(call)), withinMs).unref();
}

/** A stream that is read on, or BuildKit's session. */
const isOpen = (answer: unknown): answer is Duplex => typeof (answer as Partial<Duplex> | null)?.destroy === "function";

const PING: Call = { path: "/_ping", method: "GET", statusCodes: { 200: true } };

/** Resolves with any answer. */
function ping(dial: Dial): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const limit = startLimit("GET /_ping", (reason) => over.abort(reason));
    dial({ ...PING, abortSignal: over.signal }, (error) => {
      clearTimeout(limit);
      if (error === null || "statusCode" in error) resolve();
      else reject((over.signal.reason as Error | undefined) ?? error);
    });
  });
}
