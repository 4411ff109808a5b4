import { execFile } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { TaskId } from "../api/wire/ids.ts";
import { QUICK } from "../base/retry.ts";
import type { Product } from "../test/support/product.ts";
import { makeRepository, type Repository } from "../test/support/repository.ts";
import { inMs, median, type Row, times } from "./table.ts";

const run = promisify(execFile);
const ROUNDS = 15;
const FILES = { "main.py": "", "lib/a.py": "x = 1\n", README: "an empty program\n" };

export interface WarmStart {
  readonly name: "Docker" | "process";
  readonly queue: string;
  /** Base image for Docker; undefined for processes. */
  readonly image: string | undefined;
}

/** Enqueue → the end of an empty task, warm, held against doing the same by hand; in turns, so that drift hits both. */
export async function warmStart(product: Product, { name, queue, image }: WarmStart): Promise<Row> {
  const repository = await makeRepository(FILES);
  await oneTask(product, queue, repository, image);
  await byHand(repository, image, 0);
  const ours: number[] = [];
  const limit: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    ours.push(await oneTask(product, queue, repository, image));
    limit.push(await byHand(repository, image, round));
  }
  const ratio = median(ours) / median(limit);
  const by = image === undefined ? "git worktree + python by hand" : "git worktree + docker run by hand";
  return {
    what: `warm start, ${name}`,
    ours: inMs(median(ours)),
    limit: `${inMs(median(limit))} ${by}`,
    ratio: times(ratio, "the time"),
    aim: "≤ 1.5",
  };
}

/** Milliseconds from the enqueue call to the moment when the server says `completed`. */
async function oneTask(product: Product, queue: string, repository: Repository, image: string | undefined): Promise<number> {
  const id = await product.createTask({
    script: { repository: repository.url, version_num: repository.commit, entry_point: "main.py", binary: "python3" },
    ...(image === undefined ? {} : { container: { image } }),
  });
  const start = performance.now();
  await product.tasks.enqueue(id, { name: queue });
  const status = await endOf(product, id);
  const tookMs = performance.now() - start;
  if (status !== "completed") throw new Error(`the task ended as ${status}:\n${await product.consoleOf(id)}`);
  return tookMs;
}

async function endOf(product: Product, id: TaskId): Promise<string> {
  for (let since: unknown; ; ) {
    const reply = await product.tasks.watch([id], since, 20_000, { retry: QUICK });
    const status = reply.tasks[0]?.status ?? "gone";
    if (!["created", "queued", "in_progress"].includes(status)) return status;
    since = reply.since;
  }
}

async function byHand(repository: Repository, image: string | undefined, round: number): Promise<number> {
  const tree = join(repository.url, "..", `worktree-${process.pid}-${image === undefined ? "p" : "d"}-${round}`);
  const start = performance.now();
  await run("git", ["-C", repository.url, "worktree", "add", "-q", "--detach", tree, repository.commit]);
  if (image === undefined) await run("python3", ["-u", "main.py"], { cwd: tree });
  else await run("docker", ["run", "--rm", "-v", `${tree}:${tree}`, "-w", tree, image, "python3", "-u", "main.py"]);
  const tookMs = performance.now() - start;
  await run("git", ["-C", repository.url, "worktree", "remove", "--force", tree]);
  return tookMs;
}
