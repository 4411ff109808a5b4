import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { temporaryFolder } from "../support/folder.ts";
import { ProgramProcess } from "../support/product.ts";
import { windlass } from "../support/windlass-command.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string;
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const outgoing = request(url, { ca: TEST_CERTIFICATE, agent: false, headers });
  const [reply] = (await once(outgoing.end(), "response")) as [IncomingMessage];
  expect((reply.socket as TLSSocket).authorized).to.equal(true);
  const text = Buffer.concat(await reply.toArray()).toString();
  return { status: reply.statusCode ?? 0, text, cookie: String(reply.headers["set-cookie"] ?? "") };
}

describe("windlass server --tls-cert", () => {
  it("speaks TLS on all ports, and goes on with the old certificate when SIGHUP brings none", async () => {
    const folder = await temporaryFolder();
    const [cert, key, page] = [join(folder, "cert.pem"), join(folder, "key.pem"), join(folder, "index.html")];
    for (const [path, content] of [[cert, TEST_CERTIFICATE] as const, [key, TEST_KEY] as const, [page, "page"] as const])
      await writeFile(path, content);
    const ports = ["--api-port", "0", "--files-port", "0", "--web-port", "0"];
    const flags = ["--data", join(folder, "data"), "--web-dir", folder, "--tls-cert", cert, "--tls-key", key];
    const program = new ProgramProcess({}, ["server", ...flags, ...ports], {});
    try {
      const [, api = "", files = "", web = ""] =
        /API (\S+), files (\S+), web (\S+)/.exec(await program.waitFor(/ready: API \S+, files \S+, web \S+/)) ?? [];
      expect(JSON.parse((await ask(`${api}/debug.ping`)).text).data).to.deep.equal({ msg: "ClearML server" });
      expect((await ask(files)).text).to.equal("OK");
      expect((await ask(web)).text).to.equal("page");
      expect((await ask(`${web}/api/v999.0/login.logout`)).status).to.equal(200);
      const plain = plainRequest(api.replace("https:", "http:")).end();
      expect(await once(plain, "response").catch((error: NodeJS.ErrnoException) => error.code)).to.equal("ECONNRESET");

      const config = { CLEARML_CONFIG_FILE: join(folder, "data/clearml.conf"), SSL_CERT_FILE: "", REQUESTS_CA_BUNDLE: "" };
      expect((await windlass(["tasks"], { env: config })).stderr).to.match(/^windlass: the certificate of https:\S+ .* is not trusted: /);
      expect((await windlass(["tasks"], { env: { ...config, SSL_CERT_FILE: cert } })).code).to.equal(0);

      await writeFile(cert, "no certificate");
      program.child.kill("SIGHUP");
      await program.waitFor(/the old certificate goes on/);
      expect((await ask(`${api}/debug.ping`)).status).to.equal(200);
      await writeFile(cert, TEST_CERTIFICATE);
      program.child.kill("SIGHUP");
      await program.waitFor(/the certificate was read again/);
      expect((await ask(`${api}/debug.ping`)).status).to.equal(200);
    } finally {
      expect(await program.end()).to.equal(0);
    }
  });

  it("says what is wrong with certificate and key", async () => {
    const folder = await temporaryFolder();
    const cert = join(folder, "cert.pem");
    await writeFile(cert, TEST_CERTIFICATE);
    const flags = ["server", "--data", join(folder, "data"), "--api-port", "0", "--files-port", "0", "--tls-cert", cert];
    expect(await windlass(flags)).to.deep.include({ code: 64 });
    const { code, stderr } = await windlass([...flags, "--tls-key", join(folder, "none.pem")]);
    expect(code).to.equal(1);
    expect(stderr).to.contain("cannot be used").and.contain("PEM");
  });
});
