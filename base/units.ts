import { WindlassError } from "./errors.ts";

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_BYTES: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `"30s"`, `"1.5h"`, `"250ms"`; a bare number is seconds. Returns milliseconds. */
export function parseDurationMs(text: string | number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*$/i.exec(String(text));
  const factor = DURATION_MS[(match?.[2] ?? "s").toLowerCase()];
  if (match === null || factor === undefined) {
    throw new WindlassError(`"${text}" is not a duration`, { code: "bad-duration", hint: 'Write it like "30s", "5m" or "2h".' });
  }
  return Math.round(Number(match[1]) * factor);
}

/** `"512m"`, `"2g"`, `"10GiB"`, a bare number is bytes; powers of 1024 as Docker counts. Returns bytes. */
export function parseBytes(text: string | number): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?\s*$/i.exec(String(text));
  const factor = SIZE_BYTES[(match?.[2] ?? "b").toLowerCase()];
  if (match === null || factor === undefined) {
    throw new WindlassError(`"${text}" is not a size`, { code: "bad-size", hint: 'Write it like "512m" or "2g".' });
  }
  return Math.round(Number(match[1]) * factor);
}

/** `1.4 s`, `2 min 5 s`, `350 ms`: for people. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `1.5 GiB`: for people. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}
