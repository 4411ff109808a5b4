/** What single settings may be, for the configuration file and for the flags; without the library that reads the file. */
export const SLOTS = { min: 1, max: 256 } as const;

/** An index (`0`), a MIG instance (`0.1`, `0:1`) or the name of a device (`GPU-…`, `MIG-…`). */
export const GPU = /^(\d+([.:]\d+)*|(GPU|MIG)-[\w/-]+)$/i;
export const GPU_FORM = "Write it like 0,1 or 0.1 (MIG) or GPU-…, or all, or none.";
