import { parseBytes } from "../../base/units.ts";

/** What flags of `docker run` ask for, in the engine's own terms. */
export interface ContainerOptions {
  env: string[];
  binds: string[];
  mounts: Record<string, unknown>[];
  labels: Record<string, string>;
  exposedPorts: Record<string, object>;
  host: Record<string, unknown>;
  /** Fields of the container itself: User, WorkingDir, Hostname, … */
  own: Record<string, unknown>;
  entrypoint: string[] | undefined;
  name: string | undefined;
  gpus: string | undefined;
}

export interface Flag {
  /** Takes a value; else it is a switch. */
  readonly value: boolean;
  readonly apply: (options: ContainerOptions, value: string) => void;
}

const host = (key: string, convert: (value: string) => unknown = (value) => value): Flag => ({
  value: true,
  apply: (options, value) => {
    options.host[key] = convert(value);
  },
});
const hostSwitch = (key: string): Flag => ({
  value: false,
  apply: (options, value) => {
    options.host[key] = value !== "false";
  },
});
const hostList = (key: string, convert: (value: string) => unknown = (value) => value): Flag => ({
  value: true,
  apply: (options, value) => {
    options.host[key] = [...((options.host[key] as unknown[] | undefined) ?? []), convert(value)];
  },
});
const own = (key: string): Flag => ({
  value: true,
  apply: (options, value) => {
    options.own[key] = value;
  },
});
const nothing = (value: boolean): Flag => ({ value, apply: () => undefined });

const NANO = 1e9;

/** `type=bind,source=/a,target=/b,readonly` as the engine's mount. */
export function mountOf(text: string): Record<string, unknown> {
  const fields = Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [part, "true"] : [part.slice(0, at), part.slice(at + 1)];
    }),
  );
  const target = fields["target"] ?? fields["destination"] ?? fields["dst"];
  if (target === undefined) throw new Error("it needs a target");
  const readOnly = ["readonly", "ro"].some((key) => fields[key] !== undefined && fields[key] !== "false");
  const size = fields["tmpfs-size"];
  return {
    Type: fields["type"] ?? "volume",
    Source: fields["source"] ?? fields["src"] ?? "",
    Target: target,
    ReadOnly: readOnly,
    ...(size === undefined ? {} : { TmpfsOptions: { SizeBytes: parseBytes(size) } }),
  };
}

function deviceOf(text: string): object {
  const [from = "", second = from, third = "rwm"] = text.split(":");
  const [to, permissions] = /^[rwm]{1,3}$/.test(second) ? [from, second] : [second, third];
  return { PathOnHost: from, PathInContainer: to, CgroupPermissions: permissions };
}

function ulimitOf(text: string): object {
  const [name = "", limits = ""] = text.split("=");
  const [soft = "", hard = soft] = limits.split(":");
  return { Name: name, Soft: number(soft), Hard: number(hard) };
}

/** `8080`, `80:8080`, `127.0.0.1:80:8080/udp`. */
function publish(options: ContainerOptions, text: string): void {
  const [ports = "", protocol = "tcp"] = text.split("/");
  const parts = ports.split(":");
  const inside = `${parts.at(-1)}/${protocol}`;
  const binding = {
    HostPort: parts.length > 1 ? (parts.at(-2) ?? "") : "",
    ...(parts.length > 2 ? { HostIp: parts.slice(0, -2).join(":") } : {}),
  };
  options.exposedPorts[inside] = {};
  const all = (options.host["PortBindings"] as Record<string, object[]> | undefined) ?? {};
  options.host["PortBindings"] = { ...all, [inside]: [...(all[inside] ?? []), binding] };
}

function label(options: ContainerOptions, text: string): void {
  const at = text.indexOf("=");
  options.labels[at < 0 ? text : text.slice(0, at)] = at < 0 ? "" : text.slice(at + 1);
}

function tmpfs(options: ContainerOptions, text: string): void {
  const [path = "", ...rest] = text.split(":");
  options.host["Tmpfs"] = { ...(options.host["Tmpfs"] as object | undefined), [path]: rest.join(":") };
}

const number = (text: string): number => {
  const value = Number(text);
  if (text === "" || Number.isNaN(value)) throw new Error("it needs a number");
  return value;
};

/** Flags of `docker run` by their long names. */
export const DOCKER_FLAGS: Readonly<Record<string, Flag>> = {
  env: { value: true, apply: (options, value) => void options.env.push(value) },
  volume: { value: true, apply: (options, value) => void options.binds.push(value) },
  mount: { value: true, apply: (options, value) => void options.mounts.push(mountOf(value)) },
  tmpfs: { value: true, apply: tmpfs },
  user: own("User"),
  workdir: own("WorkingDir"),
  hostname: own("Hostname"),
  domainname: own("Domainname"),
  "stop-signal": own("StopSignal"),
  gpus: {
    value: true,
    apply: (options, value) => {
      options.gpus = value;
    },
  },
  cpus: host("NanoCpus", (value) => Math.round(number(value) * NANO)),
  "cpu-shares": host("CpuShares", number),
  "cpu-period": host("CpuPeriod", number),
  "cpu-quota": host("CpuQuota", number),
  "cpuset-cpus": host("CpusetCpus"),
  "cpuset-mems": host("CpusetMems"),
  memory: host("Memory", parseBytes),
  "memory-swap": host("MemorySwap", (value) => (value === "-1" ? -1 : parseBytes(value))),
  "memory-reservation": host("MemoryReservation", parseBytes),
  "shm-size": host("ShmSize", parseBytes),
  ipc: host("IpcMode"),
  pid: host("PidMode"),
  uts: host("UTSMode"),
  userns: host("UsernsMode"),
  network: host("NetworkMode"),
  dns: hostList("Dns"),
  "dns-search": hostList("DnsSearch"),
  "add-host": hostList("ExtraHosts"),
  ulimit: hostList("Ulimits", ulimitOf),
  "cap-add": hostList("CapAdd"),
  "cap-drop": hostList("CapDrop"),
  "security-opt": hostList("SecurityOpt"),
  "group-add": hostList("GroupAdd"),
  device: hostList("Devices", deviceOf),
  "read-only": hostSwitch("ReadonlyRootfs"),
  privileged: hostSwitch("Privileged"),
  init: hostSwitch("Init"),
  "oom-kill-disable": hostSwitch("OomKillDisable"),
  "pids-limit": host("PidsLimit", number),
  runtime: host("Runtime"),
  publish: { value: true, apply: publish },
  label: { value: true, apply: label },
  entrypoint: {
    value: true,
    apply: (options, value) => {
      options.entrypoint = value === "" ? [] : [value];
    },
  },
  name: {
    value: true,
    apply: (options, value) => {
      options.name = value;
    },
  },
  tty: nothing(false),
  interactive: nothing(false),
  rm: nothing(false),
  detach: nothing(false),
  pull: nothing(true),
  platform: nothing(true),
};

/** Other long names of docker's for the same flag. */
export const OTHER_NAMES: Readonly<Record<string, string>> = { net: "network" };

export const SHORT_FLAGS: Readonly<Record<string, string>> = {
  e: "env",
  v: "volume",
  u: "user",
  w: "workdir",
  h: "hostname",
  m: "memory",
  c: "cpu-shares",
  p: "publish",
  l: "label",
  t: "tty",
  i: "interactive",
  d: "detach",
};
