import { expect } from "chai";
import { bodyCheckOf } from "../../server/contract/contract.ts";
import { OFFICIAL } from "../../server/contract/official.ts";
import { requireInUse } from "../../server/contract/versions.ts";
import type { Body } from "../../server/endpoint.ts";
import { versionNumber } from "../../server/version.ts";

/** What the check of an endpoint says to a body: the typed body, or `code/subcode message`. */
function check(endpoint: string, body: Body, before?: string): unknown {
  try {
    const checkBody = bodyCheckOf(endpoint, before === undefined ? undefined : versionNumber(before));
    return checkBody === undefined ? "unchecked" : checkBody(body);
  } catch (error) {
    const { code, subcode, message } = error as { code: number; subcode: number; message: string };
    return `${code}/${subcode} ${message}`;
  }
}

const refused = (text: string): string => `400/12 Validation error (${text})`;

describe("the contract", () => {
  it("can be made for each official endpoint", () => {
    for (const name of Object.keys(OFFICIAL.endpoints)) expect(() => bodyCheckOf(name), name).not.to.throw();
  });

  const REFUSALS: readonly (readonly [string, string, Body, string])[] = [
    ["a required field that is absent", "projects.move", {}, refused("error for field 'project'. field is required!")],
    ["a required field that is null", "projects.move", { project: null }, refused("error for field 'project': field is required!.")],
    [
      "a number for a text",
      "projects.move",
      { project: 5 },
      refused(`error for field 'project': ('value is wrong, expected type "str"', 5).`),
    ],
    [
      "a text for a list",
      "tasks.get_hyper_params",
      { tasks: "a" },
      refused(`error for field 'tasks': ('value is wrong, expected type "list"', 'a').`),
    ],
    [
      "a list for a map",
      "models.create",
      { name: "abc", uri: "", metadata: [1] },
      refused(`error for field 'metadata': ('value is wrong, expected type "dict"', [1]).`),
    ],
    [
      "an unknown word of a class",
      "projects.get_user_names",
      { entity: "ZZZ" },
      refused(`error for field 'entity': ('value is wrong, expected type "entitytypeenum"', 'zzz').`),
    ],
    [
      "an unknown word of a plain enumeration",
      "tasks.create",
      { name: "abc", type: "zz" },
      refused("error for field 'type': value 'zz' is not a valid choice.."),
    ],
    [
      "a wrong element",
      "models.archive_many",
      { ids: [1] },
      refused(`error for field 'ids': all items must be instances of "str", and not "int"..`),
    ],
    [
      "an empty list",
      "models.archive_many",
      { ids: [] },
      refused("error for field 'ids': value '[]' length is lower than allowed minimum '1'.."),
    ],
    [
      "a list that is absent",
      "models.archive_many",
      {},
      refused("error for field 'ids'. value '[]' length is lower than allowed minimum '1'."),
    ],
    [
      "a number below the least",
      "events.scalar_metrics_iter_histogram",
      { task: "t", samples: 0 },
      refused("error for field 'samples': '0' is lower than minimum ('1').."),
    ],
    [
      "a number above the most",
      "events.scalar_metrics_iter_histogram",
      { task: "t", samples: "6001" },
      refused("error for field 'samples': '6001' is bigger than maximum ('6000').."),
    ],
    [
      "a text that is no number",
      "queues.move_task_forward",
      { queue: "q", task: "t", count: "x" },
      refused("invalid literal for int() with base 10: 'x'"),
    ],
    [
      "a text that is no number, for events",
      "events.get_task_log",
      { task: "t", batch_size: "x" },
      refused(`error for field 'batch_size': ('value is wrong, expected type "int"', 'x').`),
    ],
    [
      "a wrong type inside",
      "pipelines.start_pipeline",
      { task: "t", queue: "q", args: [{ name: "a", value: 9 }] },
      refused(`error for field 'args': error for field 'value': ('value is wrong, expected type "str"', 9)..`),
    ],
    [
      "a missing field inside",
      "tasks.edit_hyper_params",
      { task: "t", hyperparams: [{ section: "s", name: "n" }] },
      refused(`error for field 'hyperparams': ("error for field 'value'.", validationerror('field is required!')).`),
    ],
    [
      "a text that is too short",
      "reports.create",
      { name: "ab" },
      refused("error for field 'name': value 'ab' length is lower than allowed minimum '3'.."),
    ],
    [
      "a null as the axis",
      "events.scalar_metrics_iter_histogram",
      { task: "t", key: null },
      "500/0 'NoneType' object has no attribute 'field'",
    ],
    ["an old call", "projects.create", {}, "400/11 Missing required fields: missing=(name)"],
    [
      "a call with a schema",
      "workers.get_stats",
      { from_date: 1, to_date: 2, interval: 1 },
      "400/12 Validation error: message='items' is a required property, path=()",
    ],
    ["a page as text in a query", "tasks.get_all", { page: "1" }, "500/0 '<' not supported between instances of 'str' and 'int'"],
    ["a number as the order of a query", "queues.get_all", { order_by: 5 }, "500/0 'int' object is not iterable"],
  ];
  for (const [title, endpoint, body, expected] of REFUSALS) it(`refuses ${title}`, () => expect(check(endpoint, body)).to.equal(expected));

  it("does not send a long value back", () => {
    const told = String(check("events.multi_task_scalar_metrics_iter_histogram", { tasks: Array.from({ length: 10_000 }, () => "t") }));
    expect(told).to.match(
      /^400\/12 Validation error \(error for field 'tasks': value '\['t', .*length is bigger than allowed maximum '100'\.\.\)$/,
    );
    expect(told.length).to.be.below(1000);
  });

  it("reads numbers and truths as Python does", () => {
    expect(check("tasks.add_or_update_model", { task: "t", name: "n", model: "m", type: "input", iteration: "10" })).to.have.property(
      "iteration",
      10,
    );
    const artifacts = [{ key: "k", type: "t", timestamp: 1.7, zz: 1 }];
    expect(check("tasks.add_or_update_artifacts", { task: "t", artifacts, force: "no" })).to.deep.equal({
      task: "t",
      force: true,
      artifacts: [{ key: "k", type: "t", timestamp: 1 }],
    });
    expect(check("tasks.stop", { task: "t", force: [] })).to.deep.equal({ task: "t", force: false });
  });

  it("lets nulls, unknown fields and empty texts pass, and gives a body back that needs no change", () => {
    const body = { task: "", status_reason: null, windlass_something: 1 };
    expect(check("tasks.stop", body)).to.equal(body);
  });

  it("leaves the parts of a body alone that the official server does not type", () => {
    const body = { task: "t", script: 5, hyperparams: "x", type: "bogus" };
    expect(check("tasks.edit", body)).to.equal(body);
  });

  it("checks the older form of a call by its older fields", () => {
    expect(check("events.debug_images", { metrics: [{ task: "t" }] }, "2.7")).to.equal(
      refused("error for field 'task'. field is required!"),
    );
    expect(check("events.debug_images", { task: "t" })).to.equal(
      refused("error for field 'metrics'. value '[]' length is lower than allowed minimum '1'."),
    );
  });

  it("sends newer clients of a retired call to another one", () => {
    expect(() => requireInUse("models.get_by_task_id", versionNumber("2.13"))).not.to.throw();
    expect(() => requireInUse("models.get_by_task_id", versionNumber("2.14")))
      .to.throw("This endpoint is no longer supported for the requested API version (use models.get_by_id/get_all apis)")
      .with.property("code", 301);
  });

  it("survives hostile bodies", () => {
    const deep = JSON.parse(`{"task": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`) as Body;
    expect(String(check("tasks.stop", deep))).to.match(/^400\/12 Validation error/);
    const polluted = JSON.parse(`{"task": "t", "hyperparams": [{"__proto__": 1, "section": "s", "name": "n", "value": "v"}]}`) as Body;
    expect(check("tasks.edit_hyper_params", polluted)).to.deep.equal({
      task: "t",
      hyperparams: [{ section: "s", name: "n", value: "v" }],
    });
  });
});
