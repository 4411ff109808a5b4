import { basename, extname } from "node:path";

/** A file, or bytes and what they are. */
export type ImageContent = { readonly path: string } | { readonly bytes: Uint8Array; readonly kind: string };

/** After so many files of a series the oldest ones are written over, by design (task-class.md E2). */
const HISTORY = 100;

/** Names of the files of images: those of a series take turns. */
export class ImageNames {
  readonly #counts = new Map<string, number>();

  next(title: string, series: string, image: ImageContent): string {
    const key = `${title}/${series}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return `${title}_${series}_${String(count % HISTORY).padStart(8, "0")}${extensionOf(image)}`;
  }
}

const extensionOf = (image: ImageContent): string => ("path" in image ? extname(basename(image.path)) || ".bin" : `.${image.kind}`);
