import { Events } from "../api/events.ts";
import { Queues } from "../api/queues.ts";
import { type Credentials, Session } from "../api/session.ts";
import { Tasks } from "../api/tasks.ts";
import { Workers } from "../api/workers.ts";
import { WindlassError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Config } from "./config.ts";

/** Everything one can ask the server, on one login. */
export interface Client {
  readonly session: Session;
  readonly tasks: Tasks;
  readonly queues: Queues;
  readonly workers: Workers;
  readonly events: Events;
}

/** Throws a WindlassError `no-credentials` when the configuration names none. */
export function createClient(config: Config, logger?: Logger): Client {
  const session = new Session({
    apiServer: config.server.api,
    credentials: credentialsOf(config),
    workerName: config.name,
    caBundle: config.runSettings.network.caBundle,
    ...(logger === undefined ? {} : { logger }),
  });
  return { session, tasks: new Tasks(session), queues: new Queues(session), workers: new Workers(session), events: new Events(session) };
}

function credentialsOf(config: Config): Credentials {
  const { accessKey, secretKey, token, api } = config.server;
  if (accessKey !== undefined && secretKey !== undefined) return { accessKey, secretKey };
  if (token !== undefined) return { token };
  throw new WindlassError(`there are no credentials for the server ${api}`, {
    code: "no-credentials",
    hint: "For a server of your own: windlass up, then CLEARML_CONFIG_FILE names the clearml.conf that it prints. For another: windlass init asks for its keys (or CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY, or server.access_key in agent.config.yaml).",
  });
}
