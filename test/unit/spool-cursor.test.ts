import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type CursorState, SpoolCursor } from "../../monitor/console/spool-cursor.ts";
import { temporaryFolder } from "../support/folder.ts";

const state = (offset: number): CursorState => ({ offset, lastTimestampMs: 1, batches: [] });

/** A cursor that was saved with these offsets, one after the other. */
async function saved(...offsets: number[]): Promise<string> {
  const path = join(await temporaryFolder(), "cursor");
  const cursor = await SpoolCursor.open(path);
  for (const offset of offsets) await cursor.save(state(offset));
  await cursor.close();
  return path;
}

async function offsetOf(path: string): Promise<number> {
  const cursor = await SpoolCursor.open(path);
  await cursor.close();
  return cursor.state.offset;
}

async function tear(path: string, text: string, at: number): Promise<void> {
  const file = await open(path, "r+");
  await file.write(text, at);
  await file.close();
}

describe("the spool's cursor", () => {
  it("begins at nothing", async () => {
    expect(await offsetOf(await saved())).to.equal(0);
  });

  it("comes back as it was saved last", async () => {
    expect(await offsetOf(await saved(10, 20, 30))).to.equal(30);
    expect(await offsetOf(await saved(10, 20))).to.equal(20);
  });

  it("falls back to the state before when the last write was torn", async () => {
    const path = await saved(10, 20, 30);
    const slot = (await readFile(path, "utf8")).indexOf('"offset":30');
    await tear(path, '"offset":9', slot);
    expect(await offsetOf(path)).to.equal(20);
  });

  it("goes on after a torn write and replaces the torn slot first", async () => {
    const path = await saved(10, 20, 30);
    await tear(path, "garbage", (await readFile(path, "utf8")).indexOf('"offset":30'));
    const cursor = await SpoolCursor.open(path);
    await cursor.save(state(40));
    await cursor.close();
    expect(await offsetOf(path)).to.equal(40);
    await tear(path, "garbage", (await readFile(path, "utf8")).indexOf('"offset":40'));
    expect(await offsetOf(path)).to.equal(20);
  });

  it("has room for two batches of the greatest numbers", async () => {
    const cursor = await SpoolCursor.open(join(await temporaryFolder(), "cursor"));
    const most = Number.MAX_SAFE_INTEGER;
    const batch = { from: most, to: most, firstTimestampMs: most, events: most, final: false, triedAtMs: most };
    await cursor.save({ offset: most, lastTimestampMs: most, batches: [batch, batch] });
    await cursor.close();
  });
});
