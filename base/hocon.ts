/** Addresses are often written without quotes, which HOCON itself does not allow (`:` and `//`), but ClearML's reader does. */
const BARE_ADDRESS = /((?:^|[{,])\s*(?:"[\w.-]+"|[\w.-]+)\s*[:=]\s*)(https?:\/\/[^\s"#,}]+)/gm;

/** The tree of a HOCON text; what is JSON needs no reader of HOCON. Throws what its reader throws. */
export async function parseHocon(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { default: parse } = await import("@pushcorn/hocon-parser" as string);
    return await (parse as (options: object) => Promise<unknown>)({ text: text.replace(BARE_ADDRESS, '$1"$2"'), strict: true });
  }
}
