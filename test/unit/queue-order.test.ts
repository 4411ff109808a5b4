import { expect } from "chai";
import { inQueueOrder } from "../../agent/queue-order.ts";
import type { QueueId, TaskId } from "../../api/wire/ids.ts";
import type { Queue } from "../../api/wire/queue.ts";

const [A, B, C] = ["a", "b", "c"] as [QueueId, QueueId, QueueId];

function queue(id: QueueId, ...tasks: string[]): Queue {
  return { id, name: id, tags: [], system_tags: [], entries: tasks.map((task) => ({ task: task as TaskId, added: "" })) };
}

function ordered(queues: Queue[], order: QueueId[], after?: QueueId): string {
  return inQueueOrder(queues, order, after)
    .map((candidate) => candidate.entry.task)
    .join(" ");
}

describe("the order of queues", () => {
  const all = [queue(C, "c1"), queue(A, "a1", "a2", "a3"), queue(B, "b1", "b2")];

  it("is the agent's own, all of one queue before the next", () => {
    expect(ordered(all, [A, B, C])).to.equal("a1 a2 a3 b1 b2 c1");
    expect(ordered(all, [C, A])).to.equal("c1 a1 a2 a3");
  });

  it("is one of each in turn when it is to be fair, beginning after the last one", () => {
    expect(ordered(all, [A, B, C], A)).to.equal("b1 c1 a1 b2 a2 a3");
    expect(ordered(all, [A, B, C], C)).to.equal("a1 b1 c1 a2 b2 a3");
  });

  it("stays fair while a queue is missing", () => {
    expect(ordered([queue(B, "b1"), queue(C, "c1")], [A, B, C], B)).to.equal("c1 b1");
    expect(ordered([queue(A, "a1"), queue(C, "c1")], [A, B, C], B)).to.equal("c1 a1");
  });

  it("is empty where there is nothing", () => {
    expect(ordered([], [A], A)).to.equal("");
    expect(ordered([queue(A)], [A])).to.equal("");
  });
});
