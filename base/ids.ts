import { randomUUID } from "node:crypto";

/** A new id as ClearML writes them: 32 lower-case hex digits, no dashes. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}
