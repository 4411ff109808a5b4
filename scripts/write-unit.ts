import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { unitText } from "../cli/service/unit-text.ts";

/** Writes the unit that the package holds, from the text that `windlass install-service` writes. */
const text = unitText({ kind: "system", name: "windlass", command: ["/usr/local/bin/windlass", "daemon"] });
await writeFile(resolve(import.meta.dirname, "../systemd/windlass.service"), text);
