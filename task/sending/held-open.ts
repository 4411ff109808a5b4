const LONG_MS = 2 ** 30;

/** Keeps the process alive as long as the program waits for work whose own requests do not. */
export async function heldOpen<T>(work: Promise<T>): Promise<T> {
  const hold = setInterval(() => undefined, LONG_MS);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
