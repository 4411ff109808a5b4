import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { Task } from "../../api/wire/task.ts";
import { newId } from "../../base/ids.ts";
import { baseImage } from "../support/docker.ts";
import { freePort } from "../support/free-port.ts";
import { git } from "../support/repository.ts";
import { settle } from "./crash.ts";
import { type EngineName, type Result, resultOf } from "./result.ts";
import { QUEUE, World } from "./world.ts";

const run = promisify(execFile);

export interface InfrastructureOptions {
  readonly engine: EngineName;
  readonly seed: number;
  /** How long what is needed is away. */
  readonly awayMs: number;
}

const LIMIT = 2;

/** What a task needs is away at first: it is tried again until it is there, or up to the limit; a program's own failure never is. */
export function infrastructure({ engine, seed, awayMs }: InfrastructureOptions): Promise<Result> {
  return resultOf({ name: "infrastructure", engine, seed }, async (counter) => {
    await using world = await World.start();
    const agent = await world.agent({ name: "trying", engine, slots: 3, sections: { run: { requeue_limit: LIMIT } } });
    await agent.startReady();
    const faults = [
      ...(await repositoryComesBack(world, engine, awayMs)),
      ...(await repositoryStaysAway(world, engine)),
      ...(engine === "docker" ? await imageComesBack(world, awayMs) : []),
      ...(await programFails(world, engine)),
    ];
    counter.add("scenes", engine === "docker" ? 4 : 3);
    return [...faults, ...(await settle(agent, counter))];
  });
}

async function repositoryComesBack(world: World, engine: EngineName, awayMs: number): Promise<string[]> {
  const port = await freePort();
  const id = await world.product.enqueue(QUEUE, taskFrom(world, engine, "back", `http://127.0.0.1:${port}/.git`));
  await pause(awayMs);
  const server = await serveRepository(world, port);
  try {
    return endFaults("a repository that comes back", await world.product.ended(id, 120_000), "completed", "completed");
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function repositoryStaysAway(world: World, engine: EngineName): Promise<string[]> {
  const id = await world.product.enqueue(QUEUE, taskFrom(world, engine, "away", `http://127.0.0.1:${await freePort()}/.git`));
  const task = await world.product.ended(id, 180_000);
  const tries = (await world.product.consoleOf(id)).split("windlass: failed/source-unreachable").length - 1;
  return [
    ...endFaults("a repository that stays away", task, "failed", "failed/source-unreachable"),
    ...(tries === LIMIT + 1 ? [] : [`a repository that stays away: its console tells of ${tries} tries instead of ${LIMIT + 1}`]),
  ];
}

/** An image of a registry that does not answer, until the image is on this machine. */
async function imageComesBack(world: World, awayMs: number): Promise<string[]> {
  const image = `127.0.0.1:${await freePort()}/windlass-chaos:${newId().slice(0, 8)}`;
  const fields = taskFrom(world, "docker", "image", world.repository.url);
  const id = await world.product.enqueue(QUEUE, { ...fields, container: { ...fields.container, image } });
  await pause(awayMs);
  await run("docker", ["tag", await baseImage(), image]);
  try {
    return endFaults("an image that comes back", await world.product.ended(id, 120_000), "completed", "completed");
  } finally {
    await run("docker", ["rmi", image]).catch(() => undefined);
  }
}

async function programFails(world: World, engine: EngineName): Promise<string[]> {
  const id = await world.product.enqueue(QUEUE, taskFrom(world, engine, "own", world.repository.url, 3));
  const task = await world.product.ended(id, 60_000);
  const notes = (await world.notesOf("own")).join();
  return [
    ...endFaults("a program that fails", task, "failed", "failed/exit-code"),
    ...(notes === "start,end" ? [] : [`a program that fails: the ledger says [${notes}]`]),
  ];
}

function taskFrom(
  world: World,
  engine: EngineName,
  name: string,
  repository: string,
  code = 0,
): { script: object; container: { arguments?: string } } {
  const entryPoint = `counter.py ${name} 5 5 ${code} ${world.ledgerPath}`;
  return {
    script: { repository, version_num: world.repository.commit, entry_point: entryPoint, binary: "python3" },
    container: engine === "docker" ? { arguments: `-v ${world.ledgerFolder}:${world.ledgerFolder}` } : {},
  };
}

function endFaults(what: string, task: Task, status: string, cause: string): string[] {
  const isRight = task.status === status && (task.status_reason ?? "").startsWith(cause);
  return isRight ? [] : [`${what}: ${task.status} (${task.status_reason}) instead of ${status} (${cause})`];
}

/** git's plain HTTP: a repository's files as they lie there. */
async function serveRepository(world: World, port: number): Promise<Server> {
  await git(world.repository.url, "update-server-info");
  const server = createServer((request, response) => {
    const path = join(world.repository.url, new URL(request.url ?? "/", "http://localhost").pathname);
    readFile(path).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
