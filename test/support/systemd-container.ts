import { docker } from "./docker-command.ts";
import { eventually, type Product } from "./product.ts";

/** The bridge's own address: reachable from this machine and from containers. */
export const BRIDGE_HOST = "172.17.0.1";

/** A container whose first process is a real systemd. */
export class SystemdContainer {
  readonly #id: string;

  private constructor(id: string) {
    this.#id = id;
  }

  static async start(image: string): Promise<SystemdContainer> {
    const mounts = ["--tmpfs", "/run", "--tmpfs", "/run/lock", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw"];
    const id = await docker("run", "-d", "-t", "-e", "container=docker", "--cap-add", "SYS_ADMIN", ...mounts, image, "/sbin/init");
    const container = new SystemdContainer(id);
    await eventually(
      "systemd is up",
      async () => /running|degraded/.test(await container.sh("systemctl is-system-running || true").catch(() => "")),
      60_000,
    );
    return container;
  }

  /** A shell line in the container; what it printed. */
  async sh(line: string, ...args: readonly string[]): Promise<string> {
    return await docker("exec", this.#id, "sh", "-c", line, ...args);
  }

  /** The same, with its exit code and both streams. */
  async tried(line: string): Promise<{ code: number; output: string }> {
    const output = await this.sh(`( ${line} ) 2>&1; echo "code $?"`);
    return { code: Number(/code (\d+)$/.exec(output)?.[1]), output };
  }

  /** The command lines of all that runs in it. */
  async processes(): Promise<string> {
    return await docker("top", this.#id, "-eo", "pid,args");
  }

  async property(unit: string, name: string): Promise<string> {
    return await this.sh(`systemctl show -p ${name} --value ${unit}`);
  }

  /** Writes an agent's configuration that names this server, with keys of its own. */
  async configure(product: Product, more = ""): Promise<void> {
    const { credentials } = await product.session.call<{ credentials: { access_key: string; secret_key: string } }>(
      "auth.create_credentials",
      {},
    );
    const keys = `access_key: ${credentials.access_key}\n  secret_key: ${credentials.secret_key}`;
    const text = `server:\n  api: ${product.apiUrl}\n  ${keys}\n${more}`;
    await this.sh(`mkdir -p /etc/windlass && printf '%s' "$0" > /etc/windlass/agent.config.yaml`, text);
  }

  async journal(unit: string): Promise<string> {
    return await this.sh(`journalctl --no-pager -u ${unit} -n 200`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("rm", "-f", this.#id);
  }
}
