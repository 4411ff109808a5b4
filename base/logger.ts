import type { Logger as PinoLogger } from "pino";
import { pino, stdSerializers } from "pino";
import { WindlassError } from "./errors.ts";

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
  return pino({ level: options.level, base: null, serializers: { err: errorFields } }, { write: sink });
}

let isStderrSafe = false;

/** A log on a full disk, or a reader that went away, loses lines; it must not end the process. */
function writeToStderr(line: string): void {
  if (!isStderrSafe) process.stderr.on("error", () => undefined);
  isStderrSafe = true;
  process.stderr.write(line);
}

export const silentLogger: Logger = pino({ level: "silent" });

/** What we foresaw is a sentence with a code; only what we did not foresee needs to say where it happened. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof WindlassError)) return error instanceof Error ? stdSerializers.err(error) : error;
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
