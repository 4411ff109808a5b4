import { type Client, createClient } from "../agent/client.ts";
import type { LoadedConfig } from "../agent/config.ts";
import { loadConfig } from "../agent/load-config.ts";
import { ApiError } from "../api/api-error.ts";
import type { Session } from "../api/session.ts";
import { codeOf, WindlassError } from "../base/errors.ts";
import { type RetrySchedule, retry } from "../base/retry.ts";

/** Somebody waits, but a server that is starting may have two more seconds. */
const PERSON_WAITS: RetrySchedule = { tries: 4, firstDelayMs: 250, factor: 2, maxDelayMs: 1_000 };

/** The server that environment and configuration files name. */
export async function clientFromEnvironment(configFile?: string): Promise<Client> {
  return await loggedIn(await loadConfig({ config: configFile }, process.env));
}

/** A client that is logged in: whether address and keys are right is told here once, with where they came from. */
export async function loggedIn(loaded: Pick<LoadedConfig, "config" | "origins">): Promise<Client> {
  const client = createClient(loaded.config);
  await logIn(client.session, { api: loaded.config.server.api, ...loaded });
  return client;
}

/** Where an address and its keys came from, by their keys in agent.config.yaml. */
export interface Access {
  readonly api: string;
  readonly origins: Readonly<Record<string, string>>;
}

/** Who we are at the server, or the sentence that says what to do about address or keys. */
export async function logIn(session: Session, access: Access): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await retry(() => session.identity(), {
      schedule: PERSON_WAITS,
      retryable: (error) => error instanceof ApiError && error.retryable,
    });
  } catch (error) {
    throw error instanceof ApiError ? explained(error, access) : error;
  }
}

/** What to do about an address or keys that do not work. */
function explained(error: ApiError, { api, origins }: Access): WindlassError {
  const address = `${api} (${origins["server.api"] ?? "default"})`;
  if (error.status === 0 && CERTIFICATE.test(systemWords(error)))
    return told(
      error,
      `the certificate of ${address} is not trusted: ${systemWords(error)}`,
      "Name a PEM file that holds its authority: SSL_CERT_FILE, REQUESTS_CA_BUNDLE (the first that is set) or network.ca_bundle.",
    );
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

/** OpenSSL's words for a server that answers, and is not believed. */
const CERTIFICATE = /CERT|UNABLE_TO_(?:GET|VERIFY)/;

/** `ECONNREFUSED`, or the words of what failed. */
const systemWords = (error: ApiError): string => codeOf(error.cause) ?? error.reason;
