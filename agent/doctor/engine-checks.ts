import { userInfo } from "node:os";
import { messageOf } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { buildKitFault, engineFacts, howShared, whereImageIs } from "../../runner/docker/engine-facts.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";

const isDocker = (context: DoctorContext): boolean => context.isDocker;
const hasImage = (context: DoctorContext): boolean => context.isDocker && imageOf(context) !== "";
const imageOf = ({ config }: DoctorContext): string => config.runSettings.docker.defaultImage ?? "";
const hostOf = ({ config }: DoctorContext): string | undefined => config.runSettings.docker.host;

/** The container engine, and what tasks need of it. */
export const ENGINE: readonly Check[] = [
  { id: "engine", needs: ["configuration"], applies: isDocker, timeoutMs: 15_000, look: engine },
  { id: "buildkit", needs: ["engine"], applies: isDocker, timeoutMs: 60_000, look: buildKit },
  { id: "mounts", needs: ["engine", "state folder"], applies: isDocker, timeoutMs: 15_000, look: mounts },
  { id: "image", needs: ["engine"], applies: isDocker, timeoutMs: 30_000, look: image },
  {
    id: "engine gpus",
    needs: ["engine"],
    applies: (context) => context.isDocker && context.config.gpus !== "none",
    timeoutMs: 15_000,
    look: gpus,
  },
];

export const canTry = (context: DoctorContext): boolean => !context.isDocker || hasImage(context);

async function engine(context: DoctorContext): Promise<Finding> {
  try {
    const facts = await engineFacts(hostOf(context));
    const detail = `${facts.version}, storage ${facts.storageDriver}, cgroup v${facts.cgroupVersion}${facts.hasInit ? "" : ", no init binary"}`;
    if (Number(facts.version.split(".")[0]) < 20) return fail(detail, "Install Docker Engine 20.10 or later.");
    if (facts.storageDriver === "vfs")
      return warn(detail, "vfs copies whole images: let the engine use overlay2 (storage-driver in daemon.json).");
    return ok(detail);
  } catch (error) {
    return fail(messageOf(error), engineCure(messageOf(error)));
  }
}

function engineCure(message: string): string {
  if (/EACCES|permission denied/i.test(message))
    return `This user may not open the socket: sudo usermod -aG docker ${userInfo().username}, then log in anew (or restart the service).`;
  if (/ENOENT|ECONNREFUSED/.test(message))
    return "Install and start it (systemctl start docker), or name its address with docker.host or DOCKER_HOST.";
  return "Check docker.host and DOCKER_HOST.";
}

async function buildKit(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const fault = await buildKitFault(hostOf(context), `windlass-doctor:${newId()}`, signal);
  if (fault === undefined) return ok("builds");
  return fail(`cannot build (${fault})`, "Look at the engine's log. Without it only tasks without requirements and set-up script can run.");
}

/** Where the agent is a container itself, containers beside it must see its state folder. */
async function mounts(context: DoctorContext): Promise<Finding> {
  const { stateFolder } = context.config;
  const shared = await howShared(hostOf(context), stateFolder);
  if (shared === "same paths") return ok("the engine sees the same paths");
  if (shared === "foreign engine") return ok("this is a container, but not one of this engine: the same paths are taken for granted");
  if (shared?.outside === undefined)
    return fail(
      `this agent is a container, and ${stateFolder} ${shared === undefined ? "is not on a mount" : `on ${shared.inside} has no folder outside`}`,
      `Start it with -v ${stateFolder}:${stateFolder}, or with a named volume there.`,
    );
  if (shared.anonymous)
    return warn(
      `${stateFolder} is on a volume without a name`,
      `It is lost with this container: start it with -v windlass:${shared.inside}.`,
    );
  return ok(`this agent is a container: ${shared.inside} is ${shared.kind === "volume" ? "a volume, " : ""}${shared.outside} outside`);
}

async function image(context: DoctorContext): Promise<Finding> {
  const name = imageOf(context);
  if (name === "")
    return warn("no default image: nothing can be tried in one", "Name one with --docker IMAGE or docker.image, for tasks that name none.");
  const where = await whereImageIs(hostOf(context), name);
  if (where === "here") return ok(`${name} is here`);
  if (where === "in the registry") return ok(`${name} is in its registry, and is pulled now`);
  return fail(
    `${name} is neither here nor to be had (${where.neither})`,
    "Check its name and tag, docker login as the agent's user, and that the engine reaches the registry.",
  );
}

async function gpus(context: DoctorContext): Promise<Finding> {
  const { hasNvidia } = await engineFacts(hostOf(context));
  if (hasNvidia) return ok("the engine has the nvidia runtime");
  if (Array.isArray(context.config.gpus))
    return fail(
      "agent.gpus names GPUs, but the engine has no nvidia runtime",
      "Install nvidia-container-toolkit: nvidia-ctk runtime configure --runtime=docker, then restart the engine.",
    );
  return ok("none: the engine has no nvidia runtime, tasks run without GPUs");
}
