import { Buffer } from "node:buffer";
import { backgroundClock, epochMs, systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { type Log, silentLog } from "../base/log.ts";
import { BRIEF, type RetrySchedule, retry } from "../base/retry.ts";
import { SharedWork } from "../base/shared-work.ts";
import { ApiError } from "./api-error.ts";
import { Connections } from "./connections.ts";
import { dataOf, type Needs, parseEnvelope } from "./envelope.ts";
import { Strangers } from "./strangers.ts";

/** A key pair, or a ready token (a run inside the agent has only that). */
export type Credentials = { readonly accessKey: string; readonly secretKey: string } | { readonly token: string };

export interface SessionOptions {
  /** Base address of the API, e.g. `http://127.0.0.1:8008`. */
  readonly apiServer: string;
  readonly credentials: Credentials;
  /** Sent as X-ClearML-Worker: the default for events without a worker. */
  readonly workerName?: string;
  readonly logger?: Log;
  /** A PEM file of authorities that are trusted besides those of Node. */
  readonly caBundle?: string | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the answer; 30 s by default, as ClearML's agent waits. */
  readonly timeoutMs?: number;
  /** When to try again after no answer, 429 or 5xx; about fifteen seconds by default. */
  readonly retry?: RetrySchedule;
  /** What the answer must hold; one that lacks it is an error that may pass. */
  readonly needs?: Needs;
  /** The call does not keep the process alive. */
  readonly background?: boolean;
}

const ANSWER_TIMEOUT_MS = 30_000;
/** Renewed when it has less than this left; the server's tokens live 30 days (clearml-api.md 1.6). */
const RENEW_BEFORE_MS = 12 * 3_600_000;

const TOKEN = { token: "text" } as const;

interface Token {
  readonly text: string;
  readonly expiresAtMs: number;
}

/** Speaks the envelope of ClearML's API: logs in, renews its token, retries what may succeed later. */
export class Session {
  readonly apiServer: string;
  readonly #options: SessionOptions;
  readonly #logger: Log;
  readonly #connections: Connections;
  readonly #strangers: Strangers;
  #token: Token | undefined;
  #login: SharedWork<Token> | undefined;
  #lastContactMs: number | undefined;

  constructor(options: SessionOptions) {
    this.apiServer = options.apiServer.replace(/\/+$/, "");
    this.#options = options;
    this.#logger = options.logger ?? silentLog;
    this.#connections = new Connections({ caBundle: options.caBundle });
    this.#strangers = new Strangers(this.#logger);
  }

  /** When the server itself (nothing in between) last answered, whatever it said; ms since the epoch. */
  get lastContactAt(): number | undefined {
    return this.#lastContactMs === undefined ? undefined : epochMs(this.#lastContactMs, systemClock);
  }

  /** Calls `service.action` and returns the answer's `data`. Throws ApiError. */
  async call<T>(endpoint: string, body: object, options: CallOptions = {}): Promise<T> {
    return (await this.#withRetry(endpoint, "application/json", JSON.stringify(body), options)) as T;
  }

  /** Sends json-lines, already encoded, one JSON object per line. */
  async callLines<T>(endpoint: string, lines: string | Uint8Array, options: CallOptions = {}): Promise<T> {
    return (await this.#withRetry(endpoint, "application/json-lines", lines, options)) as T;
  }

  /** A fresh token for a run, so that no key travels into it. `extra` are fields of our own server that others ignore. */
  async issueToken(expirationSec: number, extra: object = {}, options: CallOptions = {}): Promise<string> {
    const data = await this.#withRetry("auth.login", "application/json", JSON.stringify({ expiration_sec: expirationSec, ...extra }), {
      ...options,
      needs: TOKEN,
    });
    return (data as { token: string }).token;
  }

  /** The identity in the current token (logs in when there is none): user, role, and the server's version. */
  async identity(options: CallOptions = {}): Promise<Readonly<Record<string, unknown>>> {
    const token = await this.#currentToken(options);
    return claimsOf(token.text);
  }

  /** What an `Authorization` header of another server of the same installation says, e.g. the file server. */
  async authorization(options: CallOptions = {}): Promise<string> {
    return `Bearer ${(await this.#currentToken(options)).text}`;
  }

  async #withRetry(endpoint: string, contentType: string, body: string | Uint8Array, options: CallOptions): Promise<unknown> {
    return await retry(() => this.#authorized(endpoint, contentType, body, options), {
      schedule: options.retry ?? BRIEF,
      signal: options.signal,
      ...(options.background === true ? { clock: backgroundClock } : {}),
      retryable: (error) => error instanceof ApiError && (options.retry?.tries === Infinity ? error.mayPass : error.retryable),
      askedDelayMs: (error) => (error instanceof ApiError ? error.retryAfterMs : undefined),
      onRetry: (error, attempt, delayMs) =>
        this.#logger.debug({ endpoint, attempt, delayMs: Math.round(delayMs), err: error }, "calling the server again"),
    });
  }

  /** One request; after a 401 one new login and one repetition, as the official clients do. */
  async #authorized(endpoint: string, contentType: string, body: string | Uint8Array, options: CallOptions): Promise<unknown> {
    const token = await this.#currentToken(options);
    try {
      return await this.#send(endpoint, `Bearer ${token.text}`, contentType, body, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401 || "token" in this.#options.credentials) throw error;
      if (this.#token === token) this.#token = undefined;
      const fresh = await this.#currentToken(options);
      return await this.#send(endpoint, `Bearer ${fresh.text}`, contentType, body, options);
    }
  }

  async #currentToken(options: CallOptions): Promise<Token> {
    const { credentials } = this.#options;
    if ("token" in credentials) return { text: credentials.token, expiresAtMs: Infinity };
    if (this.#token !== undefined && this.#token.expiresAtMs - Date.now() > RENEW_BEFORE_MS) return this.#token;
    if (this.#login === undefined || this.#login.isOver)
      this.#login = new SharedWork(async (signal) => await this.#logIn(credentials, { ...options, signal }));
    return await this.#login.join(options.signal);
  }

  /** Several calls may wait for it: its signal is that of all of them together. */
  async #logIn(keys: { accessKey: string; secretKey: string }, options: CallOptions): Promise<Token> {
    const basic = Buffer.from(`${keys.accessKey}:${keys.secretKey}`).toString("base64");
    const data = await this.#send("auth.login", `Basic ${basic}`, "application/json", "{}", { ...options, needs: TOKEN });
    const text = (data as { token: string }).token;
    const exp = claimsOf(text)["exp"];
    this.#token = { text, expiresAtMs: typeof exp === "number" ? exp * 1000 : Infinity };
    return this.#token;
  }

  async #send(
    endpoint: string,
    authorization: string,
    contentType: string,
    body: string | Uint8Array,
    options: CallOptions,
  ): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? ANSWER_TIMEOUT_MS;
    try {
      const answer = await this.#connections.exchange(`${this.apiServer}/${endpoint}`, {
        method: "POST",
        headers: this.#headers(authorization, contentType),
        body,
        timeoutMs,
        signal: options.signal,
        background: options.background,
      });
      const envelope = parseEnvelope(answer.text);
      if (envelope === undefined) throw this.#strangers.met(endpoint, this.apiServer, answer);
      this.#lastContactMs = systemClock.monotonic();
      return dataOf(endpoint, answer, envelope, options.needs);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      options.signal?.throwIfAborted();
      throw new ApiError({
        endpoint,
        status: 0,
        subcode: 0,
        message: `no answer from ${this.apiServer} (${messageOf(error)})`,
        cause: error,
      });
    }
  }

  #headers(authorization: string, contentType: string): Record<string, string> {
    const worker = this.#options.workerName;
    return {
      authorization,
      "content-type": contentType,
      ...(worker === undefined ? {} : { "x-clearml-worker": worker, "x-trains-worker": worker }),
    };
  }
}

/** The claims of a JWT, unverified, as the official clients read them. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}
