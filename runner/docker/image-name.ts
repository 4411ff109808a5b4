import { RunError } from "../run-error.ts";

const HOST = "(?:localhost|[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:\\d))(?::\\d+)?";
const PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const TAG = "[\\w][\\w.-]{0,127}";
const DIGEST = "sha256:[0-9a-f]{64}";
/** The grammar of references to images (distribution's `reference`): the engine answers anything else in ways that nobody expects. */
const REFERENCE = new RegExp(`^(?:(${HOST})/)?(${PART}(?:/${PART})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const ID = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/** Throws RunError `failed/image-not-found` for what is no name (or id) of an image. */
export function checkImageName(name: string): void {
  if (!REFERENCE.test(name) && !ID.test(name)) throw new RunError("failed/image-not-found", `"${name}" is not the name of an image`);
}

/** With `:latest` where neither tag nor digest is given: without one all tags would be pulled. */
export function withTag(name: string): string {
  const [, , , tag, digest] = REFERENCE.exec(name) ?? [];
  return tag === undefined && digest === undefined ? `${name}:latest` : name;
}
