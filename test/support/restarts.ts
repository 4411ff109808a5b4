/** How often a test restarts an agent under one run: `short` in `npm test`, WINDLASS_RESTARTS for more. */
export function restartsOf(short: number): number {
  return Number(process.env["WINDLASS_RESTARTS"] ?? short);
}
