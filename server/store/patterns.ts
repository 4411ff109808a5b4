import { RE2JS } from "re2js";

/**
 * Patterns of callers (clearml-api.md 4.4), matched in time that grows with the text only: with JavaScript's own engine
 * one `^(a+)+$` would hold a reader for ever. What RE2 cannot do by design, look-around and references back, is refused.
 */
const MAX_KNOWN = 200;
const known = new Map<string, RE2JS>();

/** Throws for what is no pattern. */
export function compiled(pattern: string): RE2JS {
  let regexp = known.get(pattern);
  if (regexp === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    regexp = RE2JS.compile(inRe2Words(pattern));
    known.set(pattern, regexp);
  }
  return regexp;
}

/** Python writes `\Z` for the end, and old versions of `re.escape` a backslash before every letter that is not ASCII. */
function inRe2Words(pattern: string): string {
  return pattern.replace(/\\(.)/gsu, (pair, escaped: string) => {
    if (escaped === "Z") return "\\z";
    return escaped > "\u007f" ? escaped : pair;
  });
}

/** The text that `^…$` matches alone, where everything in between stands for itself: what the official SDK sends for an exact name. */
export function literalOf(pattern: string): string | undefined {
  const inner = /^\^((?:[^\\.^$*+?()[\]{}|]|\\[^\p{L}\p{N}])*)\$$/su.exec(pattern)?.[1];
  return inner?.replace(/\\(.)/gsu, "$1");
}

/** SQL's `regexp(pattern, text)`: a search, not anchored. */
export function matches(pattern: unknown, text: unknown): number {
  if (typeof pattern !== "string" || text === null || text === undefined) return 0;
  return compiled(pattern).test(String(text)) ? 1 : 0;
}

/** The pattern of a text anywhere, whatever its case. */
export const textPattern = (text: string): string => `(?i)${RE2JS.quote(text)}`;

/**
 * A pattern of names with `*`, `?`, `[a-z]`, `[^a-z]` and `\\` before a mark that means itself; the whole name
 * (clearml-services.md 11). A range that is none stands for its own letters.
 */
export function glob(pattern: string): RE2JS {
  const parts = pattern.match(/\\.|\[\^?[^\]]+\]|[\s\S]/gu) ?? [];
  try {
    return compiled(`^${parts.map(globPart).join("")}$`);
  } catch {
    return compiled(RE2JS.quote(pattern));
  }
}

function globPart(part: string): string {
  if (part === "*") return "(?s:.*)";
  if (part === "?") return "(?s:.)";
  const [, negation, letters] = /^\[(\^?)([^\]]+)\]$/u.exec(part) ?? [];
  if (letters !== undefined) return `[${negation}${letters.replace(/[\\[&~^]/g, "\\$&")}]`;
  return RE2JS.quote(part.length > 1 && part.startsWith("\\") ? part.slice(1) : part);
}
