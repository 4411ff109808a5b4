import { expect } from "chai";
import { castLike, castTo, textOf, typeNameOf } from "../../task/parameters/text-forms.ts";

describe("texts of parameters", () => {
  it("are those of Python", () => {
    const values: [unknown, string, string | undefined][] = [
      [true, "True", "bool"],
      [3, "3", "int"],
      [1e-7, "1e-7", "float"],
      ["", "", "str"],
      [null, "", undefined],
      [undefined, "", undefined],
      [[1, 2], "[1, 2]", "list/int"],
      [[1, "a", null, true], '[1, "a", null, true]', "list"],
      [[[1], [2]], "[[1], [2]]", "list"],
      [{ a: 1.5 }, '{"a": 1.5}', "dict/float"],
      [[], "[]", "list"],
      [new Date(0), "1970-01-01T00:00:00.000Z", "str"],
    ];
    for (const [value, text, type] of values) expect([textOf(value), typeNameOf(value)], text).to.deep.equal([text, type]);
  });

  it("become what the program's own value is, or nothing when they cannot", () => {
    const casts: [string, unknown, unknown][] = [
      ["7.5", 1, 7.5],
      ["1_000", 1, 1000],
      ["inf", 0.5, Infinity],
      ["many", 1, undefined],
      ["", 1, null],
      ["False", true, false],
      ["true", false, true],
      ["0.0", true, false],
      ["2", false, true],
      ["12", "text", "12"],
      ["", "text", ""],
      ["[1, 2]", [0], [1, 2]],
      ["(1, 'x')", [0], [1, "x"]],
      ["- a\n- 1e-3", [0], ["a", 0.001]],
      ["{a: 1}", { b: 2 }, { a: 1 }],
      ["5", [0], undefined],
    ];
    for (const [text, local, value] of casts) expect(castLike(text, local), `${text} as ${JSON.stringify(local)}`).to.deep.equal(value);
  });

  it("go by their stored type where the program has no value", () => {
    expect([
      castTo("5", "int"),
      castTo("5", undefined),
      castTo("", undefined),
      castTo("True", "bool"),
      castTo("[1]", "list/int"),
    ]).to.deep.equal([...[5, "5", null, true], [1]]);
    expect(castLike("1e-3", null, "float")).to.equal(0.001);
  });
});
