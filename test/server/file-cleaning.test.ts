import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { eventually } from "../support/product.ts";

describe("files of what was deleted", () => {
  let server: EmbeddedServer;

  const headers = (): Record<string, string> => ({ authorization: `Bearer ${server.token}` });
  const upload = async (name: string, content = name): Promise<string> => {
    const form = new FormData();
    form.append(name, new Blob([content]), name);
    expect((await fetch(server.filesUrl, { method: "POST", body: form, headers: headers() })).status).to.equal(200);
    return `${server.filesUrl}/${name}`;
  };
  const contentOf = async (url: string): Promise<string | undefined> => {
    const response = await fetch(url, { headers: headers() });
    return response.status === 200 ? await response.text() : undefined;
  };
  const artifact = (key: string, uri: string, mode = "output"): object => ({ key, type: "t", mode, uri });
  const withFile = async (name: string): Promise<{ task: string; url: string }> => {
    const url = await upload(name);
    return { url, task: await server.task({ execution: { artifacts: [artifact("a", url)] } }) };
  };

  it("are deleted in the background, over a restart too, and no others", async () => {
    const folder = await temporaryFolder();
    server = await EmbeddedServer.start({ dataFolder: folder });
    await writeFile(join(folder, "outside"), "outside");
    const names = ["artifact", "with space", "image", "source", "model file", "input", "of a model"];
    const [out, spaced, image, source, draft, input, shared] = (await Promise.all(names.map((name) => upload(name)))) as string[];
    const elsewhere = [
      "http://127.0.0.1:1/artifact",
      `${server.filesUrl}/../outside`,
      `${server.filesUrl}/%2e%2e/outside`,
      "s3://bucket/x",
    ];
    const artifacts = [out, encodeURI(String(spaced)), encodeURI(String(shared)), ...elsewhere].map((uri, n) =>
      artifact(`${n}`, String(uri)),
    );
    const task = await server.task({ execution: { artifacts: [...artifacts, artifact("in", String(input), "input")] } });
    const { id: model } = await server.ask("models.create", { name: "a draft", uri: encodeURI(String(draft)), ready: false });
    await server.ask("models.edit", { model, task });
    await server.ask("models.create", { name: "another", uri: encodeURI(String(shared)), ready: false });
    await server.lines([
      { type: "training_debug_image", task, metric: "m", variant: "v", iter: 1, url: image, key: image },
      { type: "plot", task, metric: "m", variant: "v", iter: 1, plot_str: JSON.stringify({ layout: { images: [{ source }] } }) },
    ]);
    const kept = await withFile("kept");
    const reset = await withFile("reset");
    await server.ask("tasks.delete", { task });
    await server.ask("tasks.delete", { task: kept.task, delete_external_artifacts: false });
    await server.ask("tasks.reset", { task: reset.task });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await upload("reset", "of the next run");
    await server.close();

    server = await EmbeddedServer.start({ dataFolder: folder, cleanFilesEverySec: 0.05, cleanEventsEverySec: 0.05 });
    const gone = [out, spaced, image, source, draft].map((url) => String(url).replace(/ /g, "%20"));
    await eventually("they are gone", async () => (await Promise.all(gone.map(contentOf))).every((content) => content === undefined));
    const database = new Sqlite(databaseOf(server), { readonly: true });
    await eventually("nothing is left to do", async () => database.prepare("SELECT count(*) FROM doomed_files").pluck().get() === 0);
    database.close();
    const left = [input, shared, kept.url, reset.url].map((url) => contentOf(String(url).replace(/ /g, "%20")));
    expect(await Promise.all(left)).to.deep.equal(["input", "of a model", "kept", "of the next run"]);
    expect(await readFile(join(folder, "outside"), "utf8")).to.equal("outside");
    await server[Symbol.asyncDispose]();
  });

  describe("that others still name", () => {
    before(async () => {
      server = await EmbeddedServer.start({ cleanFilesEverySec: 0.05, cleanEventsEverySec: 0.05 });
    });
    after(async () => await server[Symbol.asyncDispose]());

    const artifactOf = async (uri: string, mode = "output"): Promise<string> =>
      await server.task({ execution: { artifacts: [artifact("a", uri, mode)] } });
    const model = async (uri: string): Promise<string> => (await server.ask("models.create", { name: "a model", uri, ready: false })).id;
    const cleaned = async (): Promise<void> => {
      const { url, task } = await withFile(`last ${Math.random()}`);
      await server.ask("tasks.delete", { task, force: true });
      await eventually("the cleaning came by", async () => (await contentOf(url)) === undefined);
    };

    it("stay, however the model that is left writes their address", async () => {
      const url = await upload("m/with space(1)");
      const quoted = url.replace(/ /g, "%20");
      await model(quoted.replace("(", "%28").replace(")", "%29"));
      await server.ask("models.delete", { model: await model(quoted) });
      const plain = await upload("m/model");
      await model(plain);
      await server.ask("models.delete", { model: await model(`${plain}#1`) });
      const relayed = await upload("m/relayed");
      await model(relayed.replace("127.0.0.1", "172.17.0.1"));
      await server.ask("models.delete", { model: await model(relayed) });
      await cleaned();
      const left = await Promise.all([quoted, plain, relayed].map(contentOf));
      expect(left).to.deep.equal(["m/with space(1)", "m/model", "m/relayed"]);
    });

    it("stay when the artifact of another task names them, whatever the deleted one was", async () => {
      const [output, input, shown] = (await Promise.all(["a/out", "a/in", "a/shown"].map((name) => upload(name)))) as [
        string,
        string,
        string,
      ];
      await artifactOf(output);
      await artifactOf(input, "input");
      await artifactOf(shown);
      const tasks = [await artifactOf(output), await artifactOf(input), await server.task()];
      await server.lines([{ type: "training_debug_image", task: tasks[2], metric: "m", variant: "v", iter: 1, url: shown, key: shown }]);
      for (const task of tasks) await server.ask("tasks.delete", { task, force: true });
      await cleaned();
      expect(await Promise.all([output, input, shown].map(contentOf))).to.deep.equal(["a/out", "a/in", "a/shown"]);
    });

    it("that cannot be deleted hold nobody up", async () => {
      const { url, task } = await withFile("held/file");
      const folder = join(server.folder, "files/held");
      // Where the file system knows no such mark, the file goes like any other.
      const isHeld = spawnSync("chattr", ["+i", folder]).status === 0;
      try {
        await server.ask("tasks.delete", { task, force: true });
        await cleaned();
        expect(await contentOf(url)).to.equal(isHeld ? "held/file" : undefined);
      } finally {
        spawnSync("chattr", ["-i", folder]);
      }
    });
  });

  it("go with events that are older than the server keeps them, but for what was put there since", async () => {
    server = await EmbeddedServer.start({ keepEventsSec: 1, cleanFilesEverySec: 0.05, cleanEventsEverySec: 0.05 });
    const [task, old, again] = [await server.task(), await upload("i/old"), await upload("i/again")];
    const image = (url: string): object => ({ type: "training_debug_image", task, metric: "m", variant: url, iter: 1, url, key: url });
    await server.lines([image(old), image(again)]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await upload("i/again", "of a later iteration");
    await eventually("it is gone", async () => (await contentOf(old)) === undefined);
    expect(await contentOf(again)).to.equal("of a later iteration");
    await server[Symbol.asyncDispose]();
  });
});
