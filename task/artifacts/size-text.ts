const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** `53 bytes`, `1.5 KB`, `1 byte`: powers of 1000 and two digits at most, as previews have it (task-class.md D2). */
export function sizeText(bytes: number): string {
  if (bytes === 1) return "1 byte";
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  return `${Number((bytes / 1000 ** power).toFixed(2))} ${UNITS[power]}`;
}
