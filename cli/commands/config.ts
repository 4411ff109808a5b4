import { loadConfig } from "../../agent/load-config.ts";
import { effectiveSettings, settingsText } from "../effective-settings.ts";

/** The settings in force, written as agent.config.yaml writes them, each with where it came from; secrets masked. */
export async function configCommand(flags: { config?: string; json?: boolean }): Promise<void> {
  const settings = await effectiveSettings(await loadConfig({ config: flags.config }, process.env));
  if (flags.json !== true) return void process.stdout.write(settingsText(settings));
  const byKey = Object.fromEntries(settings.map(({ key, value, origin }) => [key, { value, origin }]));
  process.stdout.write(`${JSON.stringify(byKey, null, 2)}\n`);
}
