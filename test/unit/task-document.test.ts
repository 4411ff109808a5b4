import { expect } from "chai";
import { taskSchema } from "../../api/wire/task.ts";

const ID = "7".repeat(32);
const WRONG: readonly unknown[] = [7.5, true, "text", [], {}, null, [null], { a: { b: [] } }];
const SHOWN = [
  ...["name", "type", "status", "status_reason", "status_message", "status_changed", "user", "project", "parent", "comment", "tags"],
  ...["system_tags", "created", "started", "completed", "last_update", "last_change", "last_worker", "last_iteration", "last_metrics"],
  ...["active_duration", "runtime", "execution", "configuration", "a_field_of_a_newer_server"],
];

describe("a task's document", () => {
  it("is read whatever stands in fields that no program is run from", () => {
    for (const field of SHOWN)
      for (const value of WRONG) {
        const told = `${field}: ${JSON.stringify(value)}`;
        expect(taskSchema.safeParse({ id: ID, [field]: value }).success, told).to.equal(true);
      }
    expect(taskSchema.parse({ id: ID, name: null, tags: null, execution: { queue: 7 }, project: 7 })).to.deep.include({
      ...{ name: "", type: "training", status: "unknown", tags: [], execution: { queue: undefined }, project: undefined },
    });
    const parameter = { name: "lr", value: 0.1, type: { a: 1 }, section: 5, description: [] };
    expect(taskSchema.parse({ id: ID, hyperparams: { Args: { lr: parameter } } }).hyperparams["Args"]?.["lr"]).to.include({
      ...{ name: "lr", value: "0.1", type: undefined, description: undefined },
    });
  });

  it("is wrong where what is run would be another thing than what was asked for, and names the field", () => {
    for (const [fields, path] of [
      [{ script: 7 }, ["script"]],
      [{ script: { entry_point: ["main.py"] } }, ["script", "entry_point"]],
      [{ container: { image: {} } }, ["container", "image"]],
      [{ hyperparams: { Args: { lr: { name: "lr", value: [1] } } } }, ["hyperparams", "Args", "lr", "value"]],
    ] as const)
      expect(taskSchema.safeParse({ id: ID, ...fields }).error?.issues[0]?.path).to.deep.equal(path);
  });
});
