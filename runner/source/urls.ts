/** `https://user:secret@host/x` → `https://***@host/x`, wherever it stands in a text. */
export function maskUrls(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s]+@/gi, "$1***@");
}
