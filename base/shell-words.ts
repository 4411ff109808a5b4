import { WindlassError } from "./errors.ts";

/** Splits a text into words as a POSIX shell would: quotes and backslashes, no expansion of anything. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const { value, end } = quoted(text, at, char);
      word = (word ?? "") + value;
      at = end;
    } else if (char === "\\") word = (word ?? "") + (text[++at] ?? "");
    else word = (word ?? "") + char;
  }
  return word === undefined ? words : [...words, word];
}

/** The value between two quotes, and where the closing one stands. In double quotes a backslash escapes `"`, `\`, `$` and a backtick. */
function quoted(text: string, start: number, quote: string): { value: string; end: number } {
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at] as string;
    if (char === quote) return { value, end: at };
    const escapes = quote === '"' && char === "\\" && '"\\$`'.includes(text[at + 1] ?? " ");
    value += escapes ? (text[++at] ?? "") : char;
  }
  throw new WindlassError(`a quote (${quote}) is never closed in: ${text}`, { code: "unbalanced-quote" });
}
