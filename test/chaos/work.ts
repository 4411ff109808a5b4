import type { TaskId } from "../../api/wire/ids.ts";
import type { SeededRandom } from "../support/random.ts";
import { COUNTER } from "./programs.ts";
import type { EngineName } from "./result.ts";
import { patiently, QUEUE, type World } from "./world.ts";

/** How a program of the counting kind is meant to end: by itself, with exit code 3, or because a person aborts it. */
export type Ending = "completed" | "exit-3" | "aborted";

/** One task whose whole course is known beforehand. */
export interface Work {
  readonly id: TaskId;
  /** Its name in the ledger. */
  readonly name: string;
  readonly ending: Ending;
  /** How many lines it prints; of an aborted one nobody knows. */
  readonly lines: number | undefined;
}

export interface WorkChoice {
  readonly engine: EngineName;
  readonly name: string;
  readonly ending: Ending;
  readonly lines: number;
  readonly pauseMs: number;
  /** The code comes from a git repository; else it stands in the task. */
  readonly fromRepository?: boolean;
  /** Has an image of its own built. */
  readonly ownEnvironment?: boolean;
  /** Ignores SIGTERM. */
  readonly stubborn?: boolean;
  readonly queue?: string;
}

/** Puts a counting program into the queue. */
export async function enqueueWork(world: World, choice: WorkChoice): Promise<Work> {
  const { name, ending } = choice;
  const lines = ending === "aborted" ? -1 : choice.lines;
  const code = ending === "exit-3" ? 3 : 0;
  const entryPoint = `counter.py ${name} ${lines} ${choice.pauseMs} ${code} ${world.ledgerPath}${choice.stubborn === true ? " stubborn" : ""}`;
  const id = await patiently(() =>
    world.product.enqueue(choice.queue ?? QUEUE, {
      name,
      script: { entry_point: entryPoint, binary: "python3", ...codeOf(world, choice) },
      ...(choice.engine === "docker" ? { container: containerOf(world, choice) } : {}),
    }),
  );
  return { id, name, ending, lines: ending === "aborted" ? undefined : lines };
}

function codeOf({ repository }: World, choice: WorkChoice): object {
  return choice.fromRepository === true ? { repository: repository.url, version_num: repository.commit } : { diff: COUNTER };
}

function containerOf({ ledgerFolder }: World, choice: WorkChoice): object {
  const setUp = choice.ownEnvironment === true ? { setup_shell_script: `echo ${choice.name} > /opt/own` } : {};
  return { arguments: `-v ${ledgerFolder}:${ledgerFolder}`, ...setUp };
}

/** A mixture of all kinds, as the seed says. */
export async function enqueueMixture(world: World, engine: EngineName, count: number, random: SeededRandom): Promise<Work[]> {
  const all: Work[] = [];
  for (let n = 0; n < count; n++) {
    const ending: Ending = random.chance(0.15) ? "aborted" : random.chance(0.15) ? "exit-3" : "completed";
    const [lines, pauseMs] = [Math.floor(random.between(20, 80)), random.between(5, 40)];
    const [fromRepository, ownEnvironment] = [random.chance(0.5), engine === "docker" && random.chance(0.1)];
    all.push(await enqueueWork(world, { engine, name: `work-${n}`, ending, lines, pauseMs, fromRepository, ownEnvironment }));
  }
  return all;
}
