/**
 * The one error family of Windlass. An exception means that *we* could not do our work; a task that failed is a value
 * (`runner/outcome.ts`), never an exception. Each error is a sentence, has a code that programs may test, and may
 * carry a hint: what the reader can do about it.
 */
export interface WindlassErrorOptions {
  /** Machine-readable, stable, e.g. `source-commit-not-found`. */
  readonly code: string;
  /** What the reader can do about it, as a sentence. */
  readonly hint?: string | undefined;
  /** Whether the same attempt may succeed later without anybody changing anything. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class WindlassError extends Error {
  override readonly name: string = "WindlassError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;

  constructor(message: string, options: WindlassErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return String(error);
}

/** The `code` of a Node system error or a WindlassError (`ENOENT`, `image-not-found`), else undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : undefined;
}
