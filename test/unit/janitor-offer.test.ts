import { expect } from "chai";
import type { Client } from "../../agent/client.ts";
import type { LostTask } from "../../agent/janitor/lost-tasks.ts";
import { offer } from "../../agent/janitor/offer.ts";
import { ApiError } from "../../api/api-error.ts";
import { asQueueId, asTaskId } from "../../api/wire/ids.ts";

const QUEUE = asQueueId("q");
const LOST: LostTask = { id: asTaskId("t"), name: "a task", queue: QUEUE, mark: "a b c" };
const ROW = { id: "t", status: "queued", status_changed: "a", last_update: "b", last_change: "c", execution: { queue: "q" } };
const refusal = (status: number, subcode: number): ApiError =>
  new ApiError({ endpoint: "queues.add_task", status, subcode, message: "no" });

/** A server that shows the task so, one look after the other, and answers the putting so; what it was asked to change. */
function server(looks: readonly object[], added?: ApiError): { client: Client; changes: string[] } {
  const changes: string[] = [];
  const left = [...looks];
  const change = (name: string, error?: ApiError) => async (): Promise<number> => {
    changes.push(name);
    if (error !== undefined) throw error;
    return 1;
  };
  const session = { call: async () => ({ tasks: [left.shift()].filter((row) => row !== undefined) }) };
  const queues = { addTask: change("add", added), moveToFront: change("front"), removeTask: change("remove") };
  return { client: { session, queues } as unknown as Client, changes };
}

describe("offering a lost task", () => {
  it("puts it back, and leaves it there", async () => {
    const { client, changes } = server([ROW, ROW]);
    expect(await offer(LOST, QUEUE, client)).to.equal(undefined);
    expect(changes).to.deep.equal(["add", "front"]);
  });

  it("touches nothing that changed or ended since", async () => {
    for (const [row, why] of [
      [{ ...ROW, last_change: "d" }, "changed just now"],
      [{ ...ROW, status: "in_progress" }, "not queued any more"],
    ] as const) {
      const { client, changes } = server([row]);
      expect(await offer(LOST, QUEUE, client)).to.contain(why);
      expect(changes).to.deep.equal([]);
    }
  });

  it("takes its entry out again when somebody else had put it back, taken and started it meanwhile", async () => {
    const { client, changes } = server([ROW, { ...ROW, status: "in_progress" }]);
    await offer(LOST, QUEUE, client);
    expect(changes).to.deep.equal(["add", "front", "remove"]);
  });

  it("takes a refusal for what it is, and leaves a lost answer to the next pass", async () => {
    const back = server([ROW], refusal(400, 706));
    expect(await offer(LOST, QUEUE, back.client)).to.equal("it is back in its queue");
    const lost = server([ROW], refusal(0, 0));
    expect(await offer(LOST, QUEUE, lost.client)).to.contain("answer was lost");
    expect(lost.changes).to.deep.equal(["add"]);
  });
});
