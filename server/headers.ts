/** Request headers as Node gives them: names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** A header of the clients' own, which older ones call after the product's former name (clearml-api.md 1.3). Empty is absent. */
export function clearmlHeader(headers: Headers, name: string): string | undefined {
  return header(headers, `x-clearml-${name}`) || header(headers, `x-trains-${name}`) || undefined;
}
