import { readFileSync } from "node:fs";

/** The version of this package: beside the sources in a checkout, one folder up in the built one. */
export function version(): string {
  for (const place of ["../package.json", "../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      // Not this place.
    }
  }
  return "unknown";
}
