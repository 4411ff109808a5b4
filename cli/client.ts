import { type Client, createClient } from "../agent/client.ts";
import { loadConfig } from "../agent/load-config.ts";

/** The server that environment and configuration files name. */
export async function clientFromEnvironment(configFile?: string): Promise<Client> {
  const { config } = await loadConfig({ config: configFile }, process.env);
  return createClient(config);
}
