/** What `connectCommand` needs of a command of commander (8 or newer). */
export interface CommanderCommand {
  readonly options: readonly CommanderOption[];
  getOptionValue(name: string): unknown;
  /** `cli` for what stands on the command line. */
  getOptionValueSource(name: string): string | undefined;
  setOptionValueWithSource(name: string, value: unknown, source: string): unknown;
}

export interface CommanderOption {
  readonly description: string;
  attributeName(): string;
  isBoolean(): boolean;
  /** The program's own reader of the text. */
  // biome-ignore lint/suspicious/noExplicitAny: commander's own type is generic
  readonly parseArg?: ((value: string, previous: any) => unknown) | undefined;
}
