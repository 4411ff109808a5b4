import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { readArguments } from "../../runner/docker/container-arguments.ts";
import type { ContainerOptions } from "../../runner/docker/docker-flags.ts";
import type { RunError } from "../../runner/run-error.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

const GIB = 2 ** 30;

async function read(given: string | string[], ...forbidden: string[]): Promise<ContainerOptions> {
  return await readArguments(given, { forbidden });
}

async function refusal(given: string | string[], ...forbidden: string[]): Promise<string> {
  const error = await failureOf<RunError>(read(given, ...forbidden));
  expect(error.outcome).to.equal("failed/container-arguments");
  return error.message;
}

/** Flags → what they become in the engine's host configuration. */
const HOST: Readonly<Record<string, object>> = {
  "--cpus 1.5": { NanoCpus: 1.5e9 },
  "--cpu-shares 512": { CpuShares: 512 },
  "-c 512": { CpuShares: 512 },
  "--cpu-period=100000": { CpuPeriod: 100_000 },
  "--cpu-quota=-1": { CpuQuota: -1 },
  "--cpuset-cpus 0-3": { CpusetCpus: "0-3" },
  "--cpuset-mems 0,1": { CpusetMems: "0,1" },
  "-m 2g": { Memory: 2 * GIB },
  "--memory=512m": { Memory: GIB / 2 },
  "--memory-swap -1": { MemorySwap: -1 },
  "--memory-swap 4g": { MemorySwap: 4 * GIB },
  "--memory-reservation 1g": { MemoryReservation: GIB },
  "--shm-size 8g": { ShmSize: 8 * GIB },
  "--ipc=host": { IpcMode: "host" },
  "--pid host": { PidMode: "host" },
  "--uts host": { UTSMode: "host" },
  "--userns host": { UsernsMode: "host" },
  "--network host": { NetworkMode: "host" },
  "--net=none": { NetworkMode: "none" },
  "--dns 1.1.1.1 --dns 8.8.8.8": { Dns: ["1.1.1.1", "8.8.8.8"] },
  "--dns-search example.org": { DnsSearch: ["example.org"] },
  "--add-host db:10.0.0.1": { ExtraHosts: ["db:10.0.0.1"] },
  "--ulimit memlock=-1 --ulimit nofile=1024:2048": {
    Ulimits: [
      { Name: "memlock", Soft: -1, Hard: -1 },
      { Name: "nofile", Soft: 1024, Hard: 2048 },
    ],
  },
  "--cap-add SYS_PTRACE --cap-drop=ALL": { CapAdd: ["SYS_PTRACE"], CapDrop: ["ALL"] },
  "--security-opt seccomp=unconfined": { SecurityOpt: ["seccomp=unconfined"] },
  "--group-add video": { GroupAdd: ["video"] },
  "--device /dev/fuse": { Devices: [{ PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" }] },
  "--device /dev/a:/dev/b:r": { Devices: [{ PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" }] },
  "--device /dev/a:rw": { Devices: [{ PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rw" }] },
  "--read-only": { ReadonlyRootfs: true },
  "--init": { Init: true },
  "--init=false": { Init: false },
  "--oom-kill-disable": { OomKillDisable: true },
  "--pids-limit 100": { PidsLimit: 100 },
  "--runtime nvidia": { Runtime: "nvidia" },
  "--privileged": { Privileged: true },
  "--tmpfs /scratch:size=64m,mode=1777 --tmpfs /other": { Tmpfs: { "/scratch": "size=64m,mode=1777", "/other": "" } },
  "-p 8080": { PortBindings: { "8080/tcp": [{ HostPort: "" }] } },
  "--publish 127.0.0.1:80:8080/udp": { PortBindings: { "8080/udp": [{ HostPort: "80", HostIp: "127.0.0.1" }] } },
};

describe("container arguments", () => {
  for (const [given, host] of Object.entries(HOST))
    it(`turn ${given} into the engine's own terms`, async () => {
      expect((await read(given)).host).to.deep.equal(host);
    });

  it("set the container's own fields", async () => {
    const { own } = await read("-u 1000:1000 -w /work -h box --domainname example.org --stop-signal SIGINT");
    expect(own).to.deep.equal({
      User: "1000:1000",
      WorkingDir: "/work",
      Hostname: "box",
      Domainname: "example.org",
      StopSignal: "SIGINT",
    });
  });

  it("collect variables, volumes, labels, name and entry point", async () => {
    const options = await read(
      `-e A=1 --env "B=two words" -eC=3 -v /a:/b:ro --volume c:/d -l x=y=z --label bare --name n --entrypoint /bin/sh`,
    );
    expect(options.env).to.deep.equal(["A=1", "B=two words", "C=3"]);
    expect(options.binds).to.deep.equal(["/a:/b:ro", "c:/d"]);
    expect(options.labels).to.deep.equal({ x: "y=z", bare: "" });
    expect(options).to.deep.include({ name: "n", entrypoint: ["/bin/sh"] });
    expect((await read('--entrypoint ""')).entrypoint).to.deep.equal([]);
    expect((await read("--gpus '\"device=0,1\"'")).gpus).to.equal('"device=0,1"');
  });

  it("understand mounts", async () => {
    const { mounts } = await read(
      "--mount type=bind,source=/a,target=/b,readonly --mount type=tmpfs,dst=/c,tmpfs-size=1g --mount src=v,destination=/d",
    );
    expect(mounts).to.deep.equal([
      { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true },
      { Type: "tmpfs", Source: "", Target: "/c", ReadOnly: false, TmpfsOptions: { SizeBytes: GIB } },
      { Type: "volume", Source: "v", Target: "/d", ReadOnly: false },
    ]);
  });

  it("read variables from a file of the agent's machine", async () => {
    const path = join(await temporaryFolder(), "variables");
    await writeFile(path, "# comment\nA=1\n\n  B=2\n");
    expect((await read(`--env-file ${path}`)).env).to.deep.equal(["A=1", "B=2"]);
    expect(await refusal("--env-file /no/such/file")).to.contain("--env-file /no/such/file");
  });

  it("come as a line or as a list, whose words may hold flag and value together", async () => {
    expect((await read(["-e", "A=two words", "--ipc=host", "-e B=1"])).env).to.deep.equal(["A=two words", "B=1"]);
    expect((await readArguments(undefined, { forbidden: [] })).env).to.deep.equal([]);
  });

  it("may be clusters of short flags", async () => {
    const { env, own } = await read("-it -itd -ite A=1 -turoot");
    expect(env).to.deep.equal(["A=1"]);
    expect(own).to.deep.equal({ User: "root" });
  });

  it("leave flags without effect alone, with their values", async () => {
    expect(await read("-t -i -d --rm --pull always --platform linux/amd64 --tty --interactive --detach")).to.deep.equal(await read(""));
  });

  it("are refused by name", async () => {
    expect(await refusal("--no-such-flag=1")).to.contain("--no-such-flag");
    expect(await refusal("-e A=1 --memory")).to.contain("--memory cannot be used: it needs a value");
    expect(await refusal("--memory much"))
      .to.contain("--memory much")
      .and.to.contain("is not a size");
    expect(await refusal("--cpus many"))
      .to.contain("--cpus many")
      .and.to.contain("number");
    expect(await refusal("--ulimit nofile=lots")).to.contain("--ulimit nofile=lots");
    expect(await refusal("--mount type=bind,source=/a")).to.contain("target");
    expect(await refusal("image:latest")).to.contain("image:latest");
    expect(await refusal("-e 'A=1")).to.contain("never closed");
    expect(await refusal("-Z")).to.contain("-Z");
  });

  it("are refused when the operator forbids them, by short name, long name and with a value", async () => {
    expect(await refusal("--privileged", "--privileged")).to.contain("does not allow --privileged");
    expect(await refusal("--privileged=true", "--privileged")).to.contain("--privileged");
    expect(await refusal("-v /:/host", "--volume")).to.contain("--volume");
    expect(await refusal("--volume=/:/host", "-v")).to.contain("--volume");
    expect(await refusal("-itv/:/host", "-v")).to.contain("--volume");
    expect(await refusal("--network host", "--network=host")).to.contain("--network");
    expect(await refusal("--net=host", "--network=host")).to.contain("--network");
    expect(await refusal("--network host", "--net=host")).to.contain("--network");
    expect(await refusal("--security-opt seccomp=unconfined", "--security-opt=seccomp=unconfined")).to.contain("--security-opt");
    expect(await refusal("--privileged", "privileged")).to.contain("--privileged");
  });

  it("are allowed where only another value is forbidden, or a switch is turned off", async () => {
    expect((await read("--network none", "--network=host")).host).to.deep.equal({ NetworkMode: "none" });
    expect((await read("--privileged=false", "--privileged")).host).to.deep.equal({ Privileged: false });
  });
});
