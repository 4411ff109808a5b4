import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../base/errors.ts";
import { ApiFault } from "../api-fault.ts";
import type { Body, Call } from "../endpoint.ts";
import { ENDPOINTS } from "../services/endpoints.ts";
import { Database } from "./database.ts";
import { bodyOf, linesOf } from "./json-body.ts";
import type { StoreReply, StoreRequest, StoreThreadOptions } from "./messages.ts";
import { migrate } from "./schema.ts";

/**
 * One store thread. The writer takes whatever has piled up into one transaction, each call in a savepoint of its own, and
 * answers after the commit; readers answer at once, each call on one consistent state.
 */
const { path, mode } = workerData as StoreThreadOptions;
const db = new Database(path, { readonly: mode === "read" });
if (mode === "write") migrate(db);

/** Calls in one transaction at most, so that no answer waits long for the commit. */
const MAX_GROUP = 64;
let waiting: StoreRequest[] = [];

parentPort?.on("message", (request: StoreRequest) => {
  waiting.push(request);
  if (waiting.length === 1) setImmediate(work);
});
parentPort?.postMessage("ready");

function work(): void {
  const group = waiting.slice(0, MAX_GROUP);
  waiting = waiting.slice(MAX_GROUP);
  const replies = mode === "write" ? inOneTransaction(group) : group.map((request) => inTransaction("BEGIN", () => answer(request)));
  for (const reply of replies) parentPort?.postMessage(reply);
  if (waiting.length > 0) setImmediate(work);
}

function inOneTransaction(group: readonly StoreRequest[]): StoreReply[] {
  try {
    return inTransaction("BEGIN IMMEDIATE", () => group.map((request) => inSavepoint(request)));
  } catch (error) {
    return group.map((request) => failure(request, new ApiFault(500, 100, `General data error (${messageOf(error)})`)));
  }
}

function inTransaction<T>(begin: string, action: () => T): T {
  db.exec(begin);
  try {
    const result = action();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function inSavepoint(request: StoreRequest): StoreReply {
  db.exec("SAVEPOINT one");
  const reply = answer(request);
  if (reply.error !== undefined) db.exec("ROLLBACK TO one");
  db.exec("RELEASE one");
  return reply;
}

function answer(request: StoreRequest): StoreReply {
  const effects = { queues: new Set<string>(), tasks: new Set<string>() };
  try {
    const endpoint = ENDPOINTS.get(request.endpoint);
    if (endpoint === undefined) throw new ApiFault(404, 0, `Unable to find endpoint for name ${request.endpoint}`);
    const { caller, worker, version } = request;
    const call: Call = { db, caller, worker, version, nowMs: Date.now(), effects };
    const batch = endpoint.body === "batch";
    const lines = batch || request.lines ? linesOf(request) : [];
    const body: Body = batch ? {} : request.lines ? (lines[0] ?? {}) : bodyOf(request);
    const json = JSON.stringify(endpoint.handle(call, body, lines));
    return { id: request.id, json, queues: [...effects.queues], tasks: [...effects.tasks] };
  } catch (error) {
    return failure(request, error);
  }
}

function failure(request: StoreRequest, error: unknown): StoreReply {
  const fault = error instanceof ApiFault ? error : new ApiFault(500, 0, `General server error (${messageOf(error)})`);
  return { id: request.id, error: { code: fault.code, subcode: fault.subcode, message: fault.message }, queues: [], tasks: [] };
}
