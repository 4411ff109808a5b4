import { type Client, createClient } from "../agent/client.ts";
import type { LoadedConfig } from "../agent/config.ts";
import { loadConfig } from "../agent/load-config.ts";
import { ApiError } from "../api/api-error.ts";
import { codeOf, WindlassError } from "../base/errors.ts";
import { type RetrySchedule, retry } from "../base/retry.ts";

/** Somebody waits, but a server that is starting may have two more seconds. */
const PERSON_WAITS: RetrySchedule = { tries: 4, firstDelayMs: 250, factor: 2, maxDelayMs: 1_000 };

/**
 * The server that environment and configuration files name, logged in: whether address and keys are right is told here
 * once, with where they came from.
 */
export async function clientFromEnvironment(configFile?: string): Promise<Client> {
  const loaded = await loadConfig({ config: configFile }, process.env);
  const client = createClient(loaded.config);
  await retry(() => client.session.identity(), {
    schedule: PERSON_WAITS,
    retryable: (error) => error instanceof ApiError && error.retryable,
  }).catch((error: unknown) => {
    throw error instanceof ApiError ? explained(error, loaded) : error;
  });
  return client;
}

/** What to do about an address or keys that do not work. */
function explained(error: ApiError, { config, origins }: LoadedConfig): WindlassError {
  const { api } = config.server;
  const address = `${api} (${origins["server.api"] ?? "default"})`;
  if (error.status === 0)
    return told(
      error,
      `no server answers at ${address}: ${systemWords(error)}`,
      "Start it (windlass up), or name another: CLEARML_API_HOST, CLEARML_CONFIG_FILE or windlass init.",
    );
  if (error.retryable)
    return told(
      error,
      error.reason,
      `The address comes from: ${origins["server.api"] ?? "default"}. The API has a port of its own, 8008 as a rule; 8080 is the web application, 8081 the file server.`,
    );
  const keys = origins["server.access_key"] ?? "?";
  return told(
    error,
    `the server ${address} does not accept these credentials (${keys}): ${error.reason}`,
    "windlass init asks for others; windlass config shows what is in force and where it came from.",
  );
}

function told(error: ApiError, message: string, hint: string): WindlassError {
  return new WindlassError(message, { code: error.code, hint, retryable: error.retryable, cause: error });
}

/** `ECONNREFUSED`, or the words of what failed. */
const systemWords = (error: ApiError): string => codeOf(error.cause) ?? error.reason;
