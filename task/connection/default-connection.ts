import { WindlassError } from "../../base/errors.ts";
import type { Connection } from "./connection.ts";
import { ServerConnection } from "./server-connection.ts";
import { readSettings, type Said, variable } from "./settings.ts";

let said: Said = {};
let current: Promise<Connection> | undefined;
let offline: boolean | undefined;

/** The connection of this process: made at the first use, and told what is wrong with its settings. */
export async function defaultConnection(): Promise<Connection> {
  if (isOfflineMode())
    throw new WindlassError("this needs a server, and the program is offline", {
      code: "offline",
      hint: "Task.setOffline(false) ends that.",
    });
  current ??= readSettings(said).then((settings) => new ServerConnection(settings));
  current.catch(() => {
    current = undefined;
  });
  return await current;
}

/** The next connection is made with these. */
export function connectWith(settings: Said): void {
  said = { ...said, ...settings };
  current = undefined;
}

/** What `setOfflineMode` said last, else CLEARML_OFFLINE_MODE. */
export function isOfflineMode(): boolean {
  return offline ?? /^(y|yes|t|true|on|1|[2-9]\.\d+)$/i.test(variable("OFFLINE_MODE") ?? "");
}

export function setOfflineMode(isOffline: boolean): void {
  offline = isOffline;
}
