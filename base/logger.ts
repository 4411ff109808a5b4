import type { LogFn, Logger as PinoLogger } from "pino";
import { pino, stdSerializers } from "pino";
import { WindlassError } from "./errors.ts";
import { shortened } from "./shortened.ts";

/** The agent's own log, for the operator; what a task prints never goes here. */
export type Logger = PinoLogger;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `json` for machines, `text` for a person at a terminal. */
  readonly format: "json" | "text";
  /** Where lines go; standard error by default, so that standard output stays free for results. */
  readonly write?: (line: string) => void;
}

export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? writeToStderr;
  const sink = options.format === "json" ? write : (line: string) => write(textLine(line));
  const logger: Logger = pino({ level: options.level, base: null, serializers: { err: asItIs }, hooks: { logMethod } }, { write: sink });
  return withShortChildren(logger);
}

/** pino's formatter for the fields of a child is dropped by each child. */
function withShortChildren(logger: Logger): Logger {
  const { child } = logger;
  function shortChild(this: Logger, fields: object): Logger {
    return Reflect.apply(child, this, [loggable(fields)]) as Logger;
  }
  return Object.assign(logger, { child: shortChild });
}

let isStderrSafe = false;

/** A log on a full disk, or a reader that went away, loses lines; it must not end the process. */
function writeToStderr(line: string): void {
  if (!isStderrSafe) process.stderr.on("error", () => undefined);
  isStderrSafe = true;
  process.stderr.write(line);
}

export const silentLogger: Logger = pino({ level: "silent" });

const asItIs = (told: unknown): unknown => told;

/** Whatever is logged goes through here before it is made a line. */
function logMethod(this: PinoLogger, parts: Parameters<LogFn>, log: LogFn): void {
  log.apply(this, parts.map(loggable) as typeof parts);
}

function loggable(part: unknown): unknown {
  if (typeof part !== "object" || part === null) return shortened(part);
  if (part instanceof Error) return { err: shortened(errorFields(part)) };
  return shortened({ ...part, ...("err" in part ? { err: errorFields(part.err) } : {}) });
}

/** What we foresaw is a sentence with a code; only what we did not foresee needs to say where it happened. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof WindlassError)) return error instanceof Error ? { ...stdSerializers.err(error) } : error;
  const { name: type, message, code, hint } = error;
  return { type, message, code, ...(hint === undefined ? {} : { hint }) };
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
const OWN_FIELDS = new Set(["level", "time", "msg", "err"]);

function textLine(json: string): string {
  const entry = JSON.parse(json) as Record<string, unknown> & { level: number; time: number; msg?: string };
  const time = new Date(entry.time).toISOString().slice(11, 23);
  const level = (LEVEL_NAMES[entry.level] ?? "info").padEnd(5);
  const fields = Object.entries(entry)
    .filter(([key]) => !OWN_FIELDS.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${time} ${level} ${entry.msg ?? ""}${fields}${errorText(entry["err"])}\n`;
}

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { message, code } = error as { message?: string; code?: string };
  return ` error=${JSON.stringify(message ?? "")}${code === undefined ? "" : ` code=${code}`}`;
}
