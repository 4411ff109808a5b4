import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { docker } from "./docker-command.ts";
import { agentImage } from "./node-image.ts";
import { eventually, type Product } from "./product.ts";

export interface AgentContainerOptions {
  readonly queue: string;
  /** State folder inside. */
  readonly state: string;
  /** Flags of docker run: mounts, network, name of the host. */
  readonly run?: readonly string[];
  /** Flags of the daemon. */
  readonly args?: readonly string[];
}

/** The agent as its image runs it, on the engine of this machine. */
export class AgentContainer {
  readonly id: string;

  private constructor(id: string) {
    this.id = id;
  }

  /** Starts it; whether it comes up is the caller's question. */
  static async start(product: Product, options: AgentContainerOptions): Promise<AgentContainer> {
    const { queue, state, run = [], args = [] } = options;
    await product.ensureQueue(queue);
    const keys = await product.newKeys();
    const env = [
      `CLEARML_API_HOST=${product.apiUrl}`,
      `CLEARML_API_ACCESS_KEY=${keys.accessKey}`,
      `CLEARML_API_SECRET_KEY=${keys.secretKey}`,
      `CLEARML_WORKER_NAME=container-${queue}`,
    ].flatMap((variable) => ["-e", variable]);
    const socket = ["-v", "/var/run/docker.sock:/var/run/docker.sock"];
    const daemon = ["--queue", queue, "--state", state, ...args];
    return new AgentContainer(await docker("run", "-d", ...socket, ...run, ...env, await agentImage(), ...daemon));
  }

  /** Standard output and error of all its lives. */
  async log(): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)("docker", ["logs", this.id], { maxBuffer: 64 * 2 ** 20 });
    return stdout + stderr;
  }

  async ready(): Promise<void> {
    await eventually(
      "the agent in a container is ready",
      async () => {
        if (!(await this.running())) throw new Error(`the agent's container ended:\n${await this.log()}`);
        return (await this.log()).includes("ready, waiting for tasks");
      },
      60_000,
    );
  }

  async running(): Promise<boolean> {
    return (await docker("inspect", "-f", "{{.State.Running}}", this.id)) === "true";
  }

  /** Waits for its end; the exit code. */
  async ended(): Promise<number> {
    return Number(await docker("wait", this.id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("rm", "-f", "-v", this.id);
  }
}
