/** The error that a call ends with; a call that succeeds fails the test. */
export async function failureOf<E = Error>(work: Promise<unknown> | (() => unknown)): Promise<E> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error as E;
  }
  throw new Error("it did not fail");
}
