import { ApiFault, SettledFault } from "../api-fault.ts";
import { requiredTextList } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";

export interface ManyReply<Reply> {
  readonly succeeded: (Reply & { readonly id: string })[];
  readonly failed: object[];
}

/**
 * The `_many` form: every id by itself, with what failed and why (clearml-services.md 1.3); of what failed nothing stays,
 * unless the refusal is a settled one.
 */
export function many<Reply extends object>(one: (call: Call, body: Body) => Reply): (call: Call, body: Body) => ManyReply<Reply> {
  return (call, body) => {
    const succeeded: (Reply & { id: string })[] = [];
    const failed: object[] = [];
    for (const id of requiredTextList(body, "ids")) {
      call.db.exec("SAVEPOINT each");
      try {
        succeeded.push({ id, ...one(call, { ...body, task: id }) });
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error;
        if (!(error instanceof SettledFault)) call.db.exec("ROLLBACK TO each");
        failed.push({ id, error: { codes: [error.code, error.subcode], msg: error.message, data: error.details } });
      }
      call.db.exec("RELEASE each");
    }
    return { succeeded, failed };
  };
}
