import { MINUTE_MS } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Store } from "./store/store.ts";

/** Between two steps the writer is free for those who wait for it. */
const BETWEEN_STEPS_MS = 50;

/** Keeps the figures of queues and workers going and within bounds (services/thinning.ts), once a minute. How to end it. */
export function keepFigures(store: Store, logger: Logger): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  const step = async (): Promise<void> => {
    const { more } = await store.internal<{ more: boolean }>("internal.thin_figures", {}).catch((error: unknown) => {
      if (!isEnded) logger.error({ err: error }, "the figures of queues and workers could not be thinned");
      return { more: false };
    });
    if (!isEnded) timer = setTimeout(() => void step(), more ? BETWEEN_STEPS_MS : MINUTE_MS);
  };
  void step();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
