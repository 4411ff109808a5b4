import type { StoredThing } from "../../runner/docker/engine-store.ts";
import type { Kept } from "../../runner/uses.ts";

/** One thing that the agent keeps and could do without. */
export interface KeptItem {
  readonly kind: "leftover" | "run" | "environment" | "mirror" | "image" | "cache";
  /** In words that a person understands: the address of a repository, the first requirements. */
  readonly name: string;
  readonly bytes: number;
  readonly lastUsedMs: number;
  /** By a run that is not over, or by a build: it stays, whatever the limits say. */
  readonly inUse: boolean;
  /** The file system that it lies on. */
  readonly disk: Disk;
  readonly place: Place;
}

/** Of the state folder, or of the engine's images where that is another one. */
export type Disk = "state" | "engine";

/** Where it is, and what to hold on to while it is removed. */
export type Place =
  | {
      readonly on: "files";
      readonly path: string;
      /** Lock of whoever builds it. */
      readonly lock?: string;
      /** Marks of runs on it. */
      readonly kept?: Kept;
      /** The run that it belongs to. */
      readonly run?: string;
    }
  | { readonly on: "engine"; readonly thing: StoredThing; readonly lock?: string; readonly kept?: Kept };
