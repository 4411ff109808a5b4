import { expect } from "chai";
import { hostPaths } from "../../runner/docker/host-paths.ts";
import { containerIdIn, type OwnMount } from "../../runner/docker/own-container.ts";

const ID = "ab".repeat(32);
const OTHER = "cd".repeat(32);
const files = (given: Partial<Record<"mountInfo" | "cgroup" | "containerEnv", string>>) => ({
  mountInfo: "",
  cgroup: "0::/\n",
  containerEnv: "",
  ...given,
});
const mount = (given: Partial<OwnMount> & { inside: string }): OwnMount => ({
  outside: undefined,
  kind: "bind",
  anonymous: false,
  ...given,
});

describe("the agent's own container", () => {
  it("is known by the folder of its /etc/hostname, not by other mounts", () => {
    const mountInfo = [
      `1 2 254:0 /var/lib/docker/containers/${OTHER}/mounts/shm /data rw - ext4 /dev/vda rw`,
      `3 2 254:0 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw`,
    ].join("\n");
    expect(containerIdIn(files({ mountInfo }))).to.equal(ID);
  });

  it("is known under Podman, by cgroup v1, and not at all where nothing tells it", () => {
    const podman = `9 8 0:24 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`;
    expect(containerIdIn(files({ mountInfo: podman }))).to.equal(ID);
    expect(containerIdIn(files({ containerEnv: `engine="podman-4"\nid="${ID}"\n` }))).to.equal(ID);
    expect(containerIdIn(files({ cgroup: `12:memory:/docker/${ID}\n` }))).to.equal(ID);
    expect(containerIdIn(files({}))).to.equal(undefined);
  });

  it("gives paths to the engine through its mounts, the deepest one first", () => {
    const mounts = [
      mount({ inside: "/state", outside: "/var/lib/docker/volumes/w/_data", kind: "volume" }),
      mount({ inside: "/state/runs", outside: "/fast/runs" }),
    ];
    const paths = hostPaths({ id: ID, mounts });
    expect(paths("/state/mirrors/a")).to.equal("/var/lib/docker/volumes/w/_data/mirrors/a");
    expect(paths("/state/runs/b")).to.equal("/fast/runs/b");
    expect(paths("/state")).to.equal("/var/lib/docker/volumes/w/_data");
  });

  it("says what to do about a path that containers beside it cannot see", () => {
    const paths = hostPaths({ id: ID, mounts: [mount({ inside: "/tmpfs", kind: "other" })] });
    expect(() => paths("/state/x")).to.throw("/state/x is not on a mount");
    expect(() => paths("/tmpfs/x")).to.throw("no folder on the engine's machine");
  });
});
