import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { entriesBelow, writeZip } from "../archive/zip.ts";

/** The files of an offline session, as the official SDK keeps them (task-class.md B13). All of it is synchronous: a session is also finished while a process exits. */
export class SessionFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(join(path, "data"), { recursive: true, mode: 0o700 });
  }

  /** Where the whole session is when it is over. */
  get zipPath(): string {
    return `${this.path}.zip`;
  }

  writeTask(task: object): void {
    writeFileSync(join(this.path, "task.json"), asciiJson(task), { mode: 0o600 });
  }

  /** Each line of the files is a list of events. */
  append(events: readonly object[]): void {
    const logs = events.filter((event) => (event as { type?: string }).type === "log");
    const others = events.filter((event) => (event as { type?: string }).type !== "log");
    for (const [name, some] of [
      ["log.jsonl", logs],
      ["metrics.jsonl", others],
    ] as const)
      if (some.length > 0) appendFileSync(join(this.path, name), `${JSON.stringify(some)}\n`, { mode: 0o600 });
  }

  /** Keeps a file of the task; its absolute path. */
  keep(path: string, content: Uint8Array | string): string {
    const target = join(this.path, "data", path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    if (typeof content === "string") copyFileSync(content, target);
    else writeFileSync(target, content);
    return target;
  }

  /** Whether an address is that of a file in here; then its path inside. */
  inside(address: string): string | undefined {
    const path = relative(this.path, address);
    return path.startsWith("..") ? undefined : path;
  }

  zip(): void {
    writeZip(this.zipPath, entriesBelow(this.path));
  }
}

/** With its keys in order and nothing but ASCII, as Python writes it. */
function asciiJson(value: object): string {
  const ordered = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return ordered.replace(/[\u0080-\uffff]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
