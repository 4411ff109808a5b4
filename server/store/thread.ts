import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { codeOf, messageOf } from "../../base/errors.ts";
import { ApiFault, SettledFault } from "../api-fault.ts";
import { requireOwnTask } from "../auth/own-task.ts";
import { type Body, type Call, type Effects, isSteps, type Steps } from "../endpoint.ts";
import { RawAnswer } from "../raw-answer.ts";
import { checked, endpointFor } from "../services/catalogue.ts";
import { Database } from "./database.ts";
import { bodyOf, linesOf } from "./json-body.ts";
import type { StoreReply, StoreRequest, StoreThreadOptions, ThreadMessage } from "./messages.ts";
import { migrate } from "./schema.ts";

/**
 * One store thread. The writer takes whatever has piled up into one transaction, each call in a savepoint of its own, and
 * answers after the commit; readers answer at once, each step of a call on one consistent state.
 */
const { path, mode } = workerData as StoreThreadOptions;
const say = (message: ThreadMessage): void => parentPort?.postMessage(message);

/** Calls in one transaction, and how long they may take together: no answer waits long for the commit. */
const MAX_GROUP = 64;
const MAX_GROUP_MS = 50;

if (parentPort !== null) serve(parentPort);

/** A file that cannot be opened is told, once; the thread then ends, since nothing keeps it. */
function serve(port: MessagePort): void {
  try {
    const db = new Database(path, { readonly: mode === "read" });
    if (mode === "write") migrate(db);
    if (mode === "write") write(port, db);
    else read(port, db);
    say({ kind: "ready" });
  } catch (error) {
    say({ kind: "unusable", code: codeOf(error), message: messageOf(error) });
  }
}

/** The reader: one step of a call after the other, so that a long reading lets others go between. */
function read(port: MessagePort, db: Database): void {
  const waiting: Later[] = [];
  const work = (): void => {
    const step = waiting.shift();
    if (step === undefined) return;
    const outcome = step();
    if (typeof outcome === "function") waiting.push(outcome);
    else say(outcome);
    if (waiting.length > 0) setImmediate(work);
  };
  port.on("message", (request: StoreRequest) => {
    waiting.push(onOneState(db, request, () => answer(db, request)));
    if (waiting.length === 1) setImmediate(work);
  });
}

function onOneState(db: Database, request: StoreRequest, step: Later): Later {
  return () => {
    try {
      const outcome = inTransaction(db, "BEGIN", step);
      return typeof outcome === "function" ? onOneState(db, request, outcome) : outcome;
    } catch (error) {
      return refusal(request, error, dataFault(error));
    }
  };
}

function write(port: MessagePort, db: Database): void {
  let waiting: StoreRequest[] = [];
  const work = (): void => {
    const replies = written(db, waiting.slice(0, MAX_GROUP));
    waiting = waiting.slice(replies.length);
    for (const reply of replies) say(reply);
    if (waiting.length > 0) setImmediate(work);
  };
  port.on("message", (request: StoreRequest) => {
    waiting.push(request);
    if (waiting.length === 1) setImmediate(work);
  });
}

/** Answers to the first calls of the group, as many as there was time for. */
function written(db: Database, group: readonly StoreRequest[]): StoreReply[] {
  const untilMs = performance.now() + MAX_GROUP_MS;
  try {
    return inTransaction(db, "BEGIN IMMEDIATE", () => {
      const replies: StoreReply[] = [];
      for (const request of group) {
        replies.push(inSavepoint(db, request));
        if (performance.now() > untilMs) break;
      }
      return replies;
    });
  } catch (error) {
    const fault = dataFault(error);
    return group.map((request, n) => refusal(request, n === 0 ? error : fault, fault));
  }
}

function inTransaction<T>(db: Database, begin: string, action: () => T): T {
  db.exec(begin);
  try {
    const result = action();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk ends the transaction by itself.
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function inSavepoint(db: Database, request: StoreRequest): StoreReply {
  db.exec("SAVEPOINT one");
  let reply = answer(db, request);
  while (typeof reply === "function") reply = reply();
  if (reply.kind === "refusal" && reply.settled !== true) db.exec("ROLLBACK TO one");
  db.exec("RELEASE one");
  return reply;
}

/** What is left of a call that is answered in steps. */
type Later = () => StoreReply | Later;

function answer(db: Database, request: StoreRequest): StoreReply | Later {
  const effects: Effects = { queues: new Set<string>(), tasks: new Set<string>() };
  return refusable(request, () => {
    const { caller, worker, ip, version } = request;
    const endpoint = endpointFor(request.endpoint, version);
    const call: Call = { db, caller, worker, ip, version, nowMs: Date.now(), effects };
    const isBatch = endpoint.body === "batch";
    const lines = isBatch || request.lines ? linesOf(request) : [];
    const body: Body = isBatch ? {} : request.lines ? (lines[0] ?? {}) : bodyOf(request);
    requireOwnTask(call, endpoint.name, endpoint.mode, isBatch ? lines : [body]);
    const result = endpoint.handle(call, isBatch ? body : checked(endpoint, body, version), lines);
    return isSteps(result) ? nextStep(request, effects, result) : replyOf(request, effects, result);
  });
}

function nextStep(request: StoreRequest, effects: Effects, steps: Steps): StoreReply | Later {
  return refusable(request, () => {
    const { done, value } = steps.next();
    return done === true ? replyOf(request, effects, value) : () => nextStep(request, effects, steps);
  });
}

function refusable(request: StoreRequest, action: () => StoreReply | Later): StoreReply | Later {
  try {
    return action();
  } catch (error) {
    return refusal(request, error);
  }
}

function replyOf({ id }: StoreRequest, { queues, tasks, followUp }: Effects, result: object): StoreReply {
  const [json, raw] = result instanceof RawAnswer ? [result.text, result.head] : [JSON.stringify(result), undefined];
  return { kind: "answer", id, json, raw, queues: [...queues], tasks: [...tasks], followUp };
}

function faultOf(error: unknown): ApiFault {
  if (error instanceof ApiFault) return error;
  if (codeOf(error) === "SQLITE_CONSTRAINT_UNIQUE") return new ApiFault(400, 801, `Value combination already exists (${messageOf(error)})`);
  return new ApiFault(500, 0, `General server error (${messageOf(error)})`);
}

function refusal(request: StoreRequest, error: unknown, fault = faultOf(error)): StoreReply {
  const { code, subcode, message } = fault;
  const stack = code === 500 && !(error instanceof ApiFault) ? stackOf(error) : undefined;
  return { kind: "refusal", id: request.id, code, subcode, message, settled: fault instanceof SettledFault, stack };
}

const dataFault = (error: unknown): ApiFault => new ApiFault(500, 100, `General data error (${messageOf(error)})`);

const stackOf = (error: unknown): string => (error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error));
