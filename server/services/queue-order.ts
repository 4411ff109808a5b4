import { integerOf, requiredText } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { move } from "./queue-entries.ts";

/** The order inside a queue (clearml-api.md 5). */
function mover(positionFrom: (index: number, last: number, count: number) => number): (call: Call, body: Body) => object {
  return (call, body) => {
    const count = integerOf(body, "count") ?? 1;
    const position = move(call, requiredText(body, "queue"), requiredText(body, "task"), (index, last) => positionFrom(index, last, count));
    return { position };
  };
}

export const QUEUE_ORDER_ENDPOINTS: readonly Endpoint[] = [
  write(
    "queues.move_task_forward",
    mover((index, _last, count) => index - count),
  ),
  write(
    "queues.move_task_backward",
    mover((index, _last, count) => index + count),
  ),
  write(
    "queues.move_task_to_front",
    mover(() => 0),
  ),
  write(
    "queues.move_task_to_back",
    mover((_index, last) => last),
  ),
];
