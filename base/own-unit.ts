import { readFile } from "node:fs/promises";

/** The systemd service that this process belongs to. */
export interface OwnUnit {
  /** `windlass.service`. */
  readonly name: string;
  /** The slice that holds it, `system.slice`. */
  readonly slice: string;
  /** Flags for systemd's own commands: of the user's manager or the system's. */
  readonly managerFlags: readonly string[];
}

let own: Promise<OwnUnit | undefined> | undefined;

/** Undefined: this process was not started as a service of systemd. It cannot change, so it is looked up once. */
export function ownUnit(): Promise<OwnUnit | undefined> {
  own ??= readFile("/proc/self/cgroup", "utf8").then(
    (text) => (process.env["INVOCATION_ID"] === undefined ? undefined : unitFrom(text)),
    () => undefined,
  );
  return own;
}

/** From the text of /proc/self/cgroup; a terminal lives in a scope, a service that delegates may live deeper than its unit. */
export function unitFrom(cgroups: string): OwnUnit | undefined {
  const path = (/^\d+:name=systemd:(.*)$/m.exec(cgroups) ?? /^0::(.*)$/m.exec(cgroups))?.[1] ?? "";
  const parts = path.split("/");
  const at = parts.findLastIndex((part) => /\.(service|scope)$/.test(part));
  const [slice = "", name = ""] = parts.slice(at - 1, at + 1);
  if (at < 1 || !name.endsWith(".service") || !slice.endsWith(".slice")) return undefined;
  const isUsers = parts.slice(0, at).some((part) => /^user@\d+\.service$/.test(part));
  return { name, slice, managerFlags: isUsers ? ["--user"] : [] };
}
