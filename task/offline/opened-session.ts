import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import { WindlassError } from "../../base/errors.ts";
import { readZip } from "../archive/zip.ts";

type Json = Readonly<Record<string, unknown>>;

/** An offline session of this class or of the official SDK, opened for reading (task-class.md B13). */
export class OpenedSession implements AsyncDisposable {
  readonly task: Json;
  readonly #folder: string;
  readonly #isTemporary: boolean;

  private constructor(folder: string, isTemporary: boolean, task: Json) {
    this.#folder = folder;
    this.#isTemporary = isTemporary;
    this.task = task;
  }

  /** A folder or a zip. Throws `bad-session`. */
  static async open(path: string): Promise<OpenedSession> {
    const isFolder = existsSync(path) && statSync(path).isDirectory();
    const folder = isFolder ? resolve(path) : await unpacked(path);
    const file = join(folder, "task.json");
    if (!existsSync(file)) throw new WindlassError(`${path} is no offline session: it has no task.json`, { code: "bad-session" });
    return new OpenedSession(folder, !isFolder, JSON.parse(readFileSync(file, "utf8")) as Json);
  }

  /** The events of `log` or `metrics`, in their order; none where there is no such file. */
  events(name: "log" | "metrics"): Json[] {
    const file = join(this.#folder, `${name}.jsonl`);
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return lines.filter((line) => line.trim() !== "").flatMap((line) => JSON.parse(line) as Json[]);
  }

  /** Where a file lies now whose path at the time of the session is known; undefined when it is not in the session. */
  file(path: string): string | undefined {
    const then = String(this.task["offline_folder"] ?? "").replaceAll("\\", "/");
    const wanted = path.replaceAll("\\", "/");
    if (then === "" || !wanted.startsWith(`${then}/`)) return undefined;
    const now = resolve(this.#folder, wanted.slice(then.length + 1));
    return now.startsWith(this.#folder + sep) && existsSync(now) ? now : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTemporary) await rm(this.#folder, { recursive: true, force: true });
  }
}

async function unpacked(path: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-session-"));
  for (const { name, content } of readZip(path)) {
    const target = resolve(folder, name);
    if (!target.startsWith(folder + sep)) throw new WindlassError(`${path} holds a path that leaves it: ${name}`, { code: "bad-session" });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return folder;
}
