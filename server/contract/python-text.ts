/** Values as Python prints them, since the official server's refusals quote them. */
const LONGEST = 500;
const DEEPEST = 10;

/** The name of a JSON value's type. */
export function typeNameOf(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  return typeof value === "string" ? "str" : Array.isArray(value) ? "list" : "dict";
}

/** `repr()`, cut at some hundred characters and some levels: a refusal does not send a whole document back. */
export function reprOf(value: unknown, levels = DEEPEST): string {
  if (typeof value === "string") return quoted(value.slice(0, LONGEST));
  if (typeof value === "object" && value !== null) return levels === 0 ? "..." : compoundRepr(value, levels - 1);
  return value === null || value === undefined ? "None" : value === true ? "True" : value === false ? "False" : String(value);
}

function compoundRepr(value: object, levels: number): string {
  if (Array.isArray(value)) return `[${listed(value, (item) => reprOf(item, levels))}]`;
  return `{${listed(Object.entries(value), ([key, item]) => `${quoted(key.slice(0, LONGEST))}: ${reprOf(item, levels)}`)}}`;
}

/** `str()`: as repr, but a text stands bare. */
export const strOf = (value: unknown): string => (typeof value === "string" ? value.slice(0, LONGEST) : reprOf(value));

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

function listed<T>(items: readonly T[], show: (item: T) => string): string {
  let text = "";
  for (const item of items) {
    if (text.length > LONGEST) return `${text}, ...`;
    text += `${text === "" ? "" : ", "}${show(item)}`;
  }
  return text;
}

/** As Python counts: a character outside the basic plane is one. */
export function isShorter(text: string, least: number): boolean {
  return text.length < least * 2 && [...text].length < least;
}

/** Python's truth: what is empty or zero is false, every other text is true. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}
