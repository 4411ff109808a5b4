import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";

/** As deep as the official server's database takes it; SQLite's JSON functions fail on much deeper ones, for every later query. */
const MAX_DEPTH = 100;

/** A value as it is stored. */
export function jsonText(value: unknown, name: string): string {
  if (isDeeper(value, MAX_DEPTH))
    throw new ApiFault(400, 12, `Validation error (field ${name} is nested more than ${MAX_DEPTH} levels deep)`);
  return JSON.stringify(value);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (!Array.isArray(value) && !isMap(value)) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
