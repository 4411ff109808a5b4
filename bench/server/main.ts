import { Product } from "../../test/support/product.ts";
import { packedCommand } from "../packed.ts";
import { printTable, type Row } from "../table.ts";
import { ingest } from "./ingest.ts";
import { largeStore } from "./large-store.ts";
import { waitingAgents } from "./waiting-agents.ts";

/**
 * `npm run bench:server [PART …]`: what the embedded server carries, from its packed JavaScript, by real calls over HTTP; the
 * clients run on the same machine. Parts: ingest, agents, store; all without arguments. BENCH_POINTS: size of the store.
 */
const PARTS = { ingest, agents: waitingAgents, store: largeStore } as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((part) => !Object.hasOwn(PARTS, part));
if (unknown.length > 0) {
  process.stderr.write(`There is no part ${unknown.join(", ")}; there are ${Object.keys(PARTS).join(", ")}.\n`);
  process.exit(64);
}

const command = await packedCommand();
const rows: Row[] = [];
for (const [part, measure] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(part)) continue;
  process.stderr.write(`${part} …\n`);
  await using product = await Product.start({ command });
  rows.push(...(await measure(product)));
}
printTable(rows);
process.exit(0);
