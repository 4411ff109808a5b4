import { WindlassError } from "../base/errors.ts";

/** The address without a slash at its end. Throws a sentence that names the key, where the value came from, and the valid form. */
export function serverAddress(key: string, text: string, origin: string | undefined): string {
  const wrong = (hint: string): WindlassError =>
    new WindlassError(`${key} is "${text}"${origin === undefined ? "" : ` (${origin})`}, which is not an address`, {
      code: key.startsWith("--") ? "usage" : "bad-config",
      hint,
    });
  if (!/^https?:\/\//i.test(text)) throw wrong(`Write it with its protocol: http://${text.replace(/^\w+:\/\//, "")}`);
  if (!URL.canParse(text)) throw wrong("Write it like http://127.0.0.1:8008 or https://api.example.org");
  return text.replace(/\/+$/, "");
}
