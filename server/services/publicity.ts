import { ApiFault } from "../api-fault.ts";
import { requiredTextList, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, type Kind, updateDocument } from "../store/documents.ts";
import { MODEL, PROJECT, TASK } from "../store/kinds.ts";

/** `make_public` and `make_private` (clearml-services.md 1.4): a public object has no company, and knows which one it came from. */
interface Service {
  readonly kind: Kind;
  readonly refusal: (ids: readonly string[]) => ApiFault;
  /** What the change leaves behind in the document, beside its owner. */
  readonly trace?: (call: Call) => Document;
}

const SERVICES: Readonly<Record<string, Service>> = {
  tasks: { kind: TASK, refusal: (ids) => new ApiFault(400, 101, "Invalid task id", { ids }) },
  projects: { kind: PROJECT, refusal: (ids) => new ApiFault(400, 401, "Invalid project id", { ids }) },
  models: {
    kind: MODEL,
    refusal: (ids) => new ApiFault(400, 201, "Invalid model id", { ids }),
    trace: (call) => ({ last_change: wireDate(call.nowMs), last_changed_by: call.caller.user }),
  },
};

const toPublic = (call: Call): Document => ({ company: "", company_origin: call.caller.company });
const toPrivate = (call: Call): Document => ({ company: call.caller.company, company_origin: null });

/** All or none: one id that is not the company's own, in the state that the call expects, refuses the call. */
function publicity(service: Service, owner: "company" | "company_origin", change: (call: Call) => Document) {
  return (call: Call, body: Body): object => {
    const ids = [...new Set(requiredTextList(body, "ids"))];
    const missing = ids.filter((id) => !isOwned(call, service.kind, owner, id));
    if (missing.length > 0) throw service.refusal(missing);
    const changes = { ...change(call), ...service.trace?.(call) };
    for (const id of ids) updateDocument(call.db, service.kind, id, changes);
    return { updated: ids.length };
  };
}

function isOwned(call: Call, kind: Kind, owner: string, id: string): boolean {
  return call.db.get(`SELECT 1 FROM ${kind.table} WHERE id = ? AND ${owner} = ?`, id, call.caller.company) !== undefined;
}

export const PUBLICITY_ENDPOINTS: readonly Endpoint[] = Object.entries(SERVICES).flatMap(([name, service]) => [
  write(`${name}.make_public`, publicity(service, "company", toPublic)),
  write(`${name}.make_private`, publicity(service, "company_origin", toPrivate)),
]);
