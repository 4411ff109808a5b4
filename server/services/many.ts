import { ApiFault } from "../api-fault.ts";
import { requiredTextList } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";

/** The `_many` form: every id by itself, with what failed and why (clearml-api.md 1.8); of what failed nothing stays. */
export function many(one: (call: Call, body: Body) => object): (call: Call, body: Body) => object {
  return (call, body) => {
    const succeeded: object[] = [];
    const failed: object[] = [];
    for (const id of requiredTextList(body, "ids")) {
      call.db.exec("SAVEPOINT each");
      try {
        succeeded.push({ id, ...one(call, { ...body, task: id }) });
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error;
        call.db.exec("ROLLBACK TO each");
        failed.push({ id, error: { codes: [error.code, error.subcode], msg: error.message, data: error.details } });
      }
      call.db.exec("RELEASE each");
    }
    return { succeeded, failed };
  };
}
