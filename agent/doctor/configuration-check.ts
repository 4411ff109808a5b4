import { type Check, ok } from "./check.ts";

/** Where the settings come from: the files and variables that were really read. */
export const CONFIGURATION: readonly Check[] = [
  {
    id: "configuration",
    timeoutMs: 10_000,
    async look(context) {
      const { config, origins } = await context.load();
      const places = [...new Set(Object.values(origins))];
      const from = places.length === 0 ? "defaults only" : places.join(", ");
      return ok(
        `${from}; engine ${config.engine}, ${config.slots} slot${config.slots === 1 ? "" : "s"}, state folder ${config.stateFolder}`,
      );
    },
  },
];
