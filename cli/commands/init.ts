import { mkdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { serverAddress } from "../../agent/server-address.ts";
import { Session } from "../../api/session.ts";
import { WindlassError } from "../../base/errors.ts";
import { writeFileDurably } from "../../base/files.ts";
import { logIn } from "../client.ts";

export interface InitFlags {
  readonly api?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly file?: string;
  readonly force?: boolean;
}

/** Asks for what was not given, logs in with it, and writes agent.config.yaml. */
export async function initCommand(flags: InitFlags): Promise<void> {
  const path = resolve(flags.file ?? join(homedir(), ".config/windlass/agent.config.yaml"));
  const exists = (await stat(path).catch(() => undefined)) !== undefined;
  if (exists && flags.force !== true)
    throw new WindlassError(`${path} exists already`, { code: "file-exists", hint: "--force replaces it, --file writes another." });
  const api = serverAddress("--api", await given(flags.api, "API server", "http://127.0.0.1:8008"), undefined);
  const accessKey = await given(flags.accessKey, "access key");
  const secretKey = await given(flags.secretKey, "secret key");
  const caBundle = process.env["SSL_CERT_FILE"] || process.env["REQUESTS_CA_BUNDLE"];
  const session = new Session({ apiServer: api, credentials: { accessKey, secretKey }, caBundle });
  const identity = await logIn(session, { api, origins: { "server.api": "--api", "server.access_key": `access key ${accessKey}` } });
  await mkdir(dirname(path), { recursive: true });
  await writeFileDurably(
    path,
    `server:\n  api: ${JSON.stringify(api)}\n  access_key: ${JSON.stringify(accessKey)}\n  secret_key: ${JSON.stringify(secretKey)}\n`,
  );
  const user = (identity["identity"] as { user_name?: string } | undefined)?.user_name ?? "?";
  process.stdout.write(`logged in as ${user} (server ${String(identity["server_version"] ?? "?")}); written to ${path}\n`);
}

async function given(value: string | undefined, what: string, otherwise?: string): Promise<string> {
  if (value !== undefined) return value;
  if (!process.stdin.isTTY)
    throw new WindlassError(`${what} is missing`, {
      code: "usage",
      hint: "Give --api, --access-key and --secret-key, or call it at a terminal.",
    });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = (await terminal.question(`${what}${otherwise === undefined ? "" : ` [${otherwise}]`}: `)).trim();
  terminal.close();
  return answer === "" ? (otherwise ?? "") : answer;
}
