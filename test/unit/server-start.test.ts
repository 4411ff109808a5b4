import { once } from "node:events";
import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import type { WindlassError } from "../../base/errors.ts";
import { startServer } from "../../server/main.ts";
import { Database } from "../../server/store/database.ts";
import { migrate } from "../../server/store/schema.ts";
import { COMPANY } from "../../server/store/store.ts";
import { databaseOf, EmbeddedServer, serverOptions } from "../support/embedded-server.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ProgramProcess } from "../support/product.ts";

describe("the server's start", () => {
  it("makes everything private, also in a folder that was open to all", async () => {
    const folder = join(await temporaryFolder(), "data");
    await mkdir(folder, { mode: 0o755 });
    await chmod(folder, 0o755);
    await using server = await EmbeddedServer.start({ dataFolder: folder });
    await server.task();
    const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(folder)).to.equal("700");
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name));
      // The lock on the folder and its socket are `base/file-lock.ts`'s and hold nothing.
      if (name === "server.lock" || found.isSocket()) continue;
      expect(await modeOf(join(folder, name)), name).to.equal(found.isDirectory() ? "700" : "600");
    }
    expect(await readdir(folder)).to.include.members(["windlass.db", "windlass.db-wal", "windlass.db-shm"]);
  });

  it("makes files private that were open to all", async () => {
    const folder = await temporaryFolder();
    await (await EmbeddedServer.start({ dataFolder: folder })).close();
    await chmod(join(folder, "windlass.db"), 0o644);
    await using server = await EmbeddedServer.start({ dataFolder: folder });
    expect((await stat(databaseOf(server))).mode & 0o777).to.equal(0o600);
  });

  it("ends in a sentence when the data file is damaged, and the program with it", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "windlass.db"), Buffer.alloc(65_536, 7));
    const error = await failureOf<WindlassError>(startServer(serverOptions(folder)));
    expect(error.message).to.contain(join(folder, "windlass.db")).and.contain("not a database");
    expect(error.hint).to.contain("backup");
    const program = new ProgramProcess({}, ["server", "--data", folder, "--api-port", "0", "--files-port", "0"], {});
    expect(await program.ended).to.equal(1);
    expect(program.output).to.contain("cannot be used");
  });

  it("refuses a data file of a newer version", async () => {
    const folder = await temporaryFolder();
    const db = new Database(join(folder, "windlass.db"), { readonly: false });
    db.version = 999;
    db.close();
    expect((await failureOf<WindlassError>(startServer(serverOptions(folder)))).message).to.contain("newer version");
  });

  it("brings a store of the first version to today's, with what is in it", async () => {
    const folder = await temporaryFolder();
    const db = new Database(join(folder, "windlass.db"), { readonly: false });
    migrate(db, 1);
    db.run("INSERT INTO tasks (id, name, type, status, company) VALUES ('t1', 'old', 'training', 'created', ?)", COMPANY);
    db.close();
    await using server = await EmbeddedServer.start({ dataFolder: folder });
    const { tasks } = await server.ask("tasks.get_all", { id: ["t1"] });
    expect(tasks.map((task: { name: string }) => task.name)).to.deep.equal(["old"]);
  });

  it("closes what it opened when a port is taken: the program ends with 1, and the folder is free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = (other.address() as AddressInfo).port;
    const folder = await temporaryFolder();
    for (const ports of [{ apiPort: port }, { filesPort: port }])
      expect((await failureOf<WindlassError>(startServer(serverOptions(folder, ports)))).code).to.equal("port-in-use");
    const program = new ProgramProcess({}, ["server", "--data", folder, "--api-port", "0", "--files-port", String(port)], {});
    expect(await program.ended).to.equal(1);
    other.close();
    await using server = await EmbeddedServer.start({ dataFolder: folder });
    expect((await server.call("debug.ping")).status).to.equal(200);
  });

  it("says which address is none of this machine", async () => {
    const error = await failureOf<WindlassError>(startServer(serverOptions(await temporaryFolder(), { host: "203.0.113.7" })));
    expect(error.code).to.equal("no-such-address");
  });

  it("keeps working keys when the identity was lost, and says when it is damaged", async () => {
    const folder = await temporaryFolder();
    await (await EmbeddedServer.start({ dataFolder: folder })).close();
    await writeFile(join(folder, "identity.json"), "{");
    expect((await failureOf<WindlassError>(startServer(serverOptions(folder)))).code).to.equal("identity-unusable");
    await writeFile(
      join(folder, "identity.json"),
      JSON.stringify({ user: "f".repeat(32), accessKey: "NEW", secretKey: "secret", tokenSecret: "token" }),
    );
    await using server = await EmbeddedServer.start({ dataFolder: folder });
    expect((await server.ask("users.get_current_user")).user.id).to.equal("f".repeat(32));
  });
});
