/** The server and API whose wire we speak (clearml-api.md, head). Clients read the API version from the token. */
export const SERVER_VERSION = "2.3.0";
/** In tokens only: the official server names no build. */
export const SERVER_BUILD = "windlass";
export const API_VERSION = "2.34";

/** A version as one number that compares rightly: 2.9 → 2.09, 2.13 → 2.13. */
export function versionNumber(version: string): number {
  const [major = "0", minor = "0"] = version.split(".");
  return Number(major) + Number(minor) / 100;
}

/** The way back: 2.09 → 2.9. */
export function versionText(version: number): string {
  const major = Math.trunc(version);
  return `${major}.${Math.round((version - major) * 100)}`;
}

export const COMPANY_NAME = "clearml";
