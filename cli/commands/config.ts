import { loadConfig } from "../../agent/load-config.ts";
import { styleOut } from "../style.ts";

const SECRET = /(secretKey|password|token|gitPassword|secrets)/;

/** Effective settings, secrets masked, and for each key that was set where it came from. */
export async function configCommand(flags: { config?: string; json?: boolean }): Promise<void> {
  const { config, origins } = await loadConfig({ config: flags.config }, process.env);
  const shown = JSON.parse(
    JSON.stringify(config, (key, value: unknown) => (SECRET.test(key) && value !== undefined && value !== null ? masked(value) : value)),
  ) as object;
  if (flags.json === true) return void process.stdout.write(`${JSON.stringify({ config: shown, origins }, null, 2)}\n`);
  for (const [key, value] of leaves(shown, "")) process.stdout.write(`${key} = ${JSON.stringify(value)}\n`);
  process.stdout.write(`\n${styleOut("bold", "set by")}\n`);
  for (const [key, origin] of Object.entries(origins)) process.stdout.write(`${key}: ${origin}\n`);
  process.stdout.write("everything else: default\n");
}

const masked = (value: unknown): unknown => (Array.isArray(value) ? value.map(() => "***") : "***");

function leaves(tree: unknown, prefix: string): [string, unknown][] {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return [[prefix, tree]];
  return Object.entries(tree).flatMap(([key, value]) => leaves(value, prefix === "" ? key : `${prefix}.${key}`));
}
