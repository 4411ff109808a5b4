const HAS_ZONE = /(?:[zZ]|[+-]\d\d:?\d\d|GMT|UTC)$/;

/** A date in any usual form, as documents store it (UTC, whole milliseconds); without a zone it is UTC. Undefined: no date. */
export function storedDate(value: unknown): string | undefined {
  const ms = dateMs(value);
  return ms === undefined ? undefined : `${new Date(ms).toISOString().slice(0, -1)}000+00:00`;
}

/** The same in milliseconds since 1970. */
export function dateMs(value: unknown): number | undefined {
  if (typeof value !== "string" || !/\d/.test(value)) return undefined;
  const text = value.trim();
  if (HAS_ZONE.test(text)) return known(Date.parse(text.replace(/(\d) (\d\d:)/, "$1T$2"))) ?? known(Date.parse(text));
  return known(Date.parse(`${text.replace(" ", "T")}Z`)) ?? known(Date.parse(`${text} UTC`));
}

const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Years of four digits: their texts keep the order of time. */
const known = (ms: number): number | undefined => (ms >= Date.parse("0000-01-01T00:00:00Z") && ms <= LAST_MS ? ms : undefined);
