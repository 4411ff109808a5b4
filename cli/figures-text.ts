interface LastValue {
  readonly metric?: string;
  readonly variant?: string;
  readonly value?: unknown;
}

const MOST = 8;

/** The last value of each curve that the program itself reported, as `loss/train=0.5`; the machine's figures are left out. */
export function figuresText(lastMetrics: Readonly<Record<string, unknown>>): string {
  const values = Object.values(lastMetrics).flatMap((variants) => Object.values(Object(variants) as Record<string, LastValue>));
  const own = values.filter(({ metric, value }) => metric?.startsWith(":monitor:") === false && typeof value === "number");
  const shown = own.slice(0, MOST).map(({ metric, variant, value }) => `${metric}/${variant}=${shortNumber(Number(value))}`);
  return [...shown, ...(own.length > MOST ? [`… ${own.length - MOST} more`] : [])].join(" ");
}

const shortNumber = (value: number): string => String(Number(value.toPrecision(5)));
