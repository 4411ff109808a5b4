/** What a part that is used in programs, too, needs of a log: the agent's own (pino) is one. */
export interface Log {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const silentLog: Log = { debug: () => undefined, warn: () => undefined };
