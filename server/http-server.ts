import { readFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { createSecureContext } from "node:tls";
import { messageOf, WindlassError } from "../base/errors.ts";

/** Where certificate (with its chain) and private key lie, in PEM. */
export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Longer than proxies in front keep a connection for their next request. */
const KEEP_ALIVE_MS = 75_000;

/** Makes the HTTP servers of all ports, with TLS where there is a certificate, and gives them a new one while they serve. */
export class HttpServers {
  readonly scheme: "http" | "https";
  readonly #files: CertificateFiles | undefined;
  readonly #certificate: Certificate | undefined;
  readonly #encrypted: TlsServer[] = [];

  private constructor(files: CertificateFiles | undefined, certificate: Certificate | undefined) {
    this.#files = files;
    this.#certificate = certificate;
    this.scheme = certificate === undefined ? "http" : "https";
  }

  static async open(files: CertificateFiles | undefined): Promise<HttpServers> {
    return new HttpServers(files, files === undefined ? undefined : await readCertificate(files));
  }

  make(handler: RequestListener): Server {
    const server = this.#certificate === undefined ? createServer(handler) : this.#encryptedServer(this.#certificate, handler);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    // An upload, and a call that waits, may take as long as they take.
    server.requestTimeout = 0;
    return server;
  }

  /** Reads the files again: new connections get the new certificate. Throws, and keeps the old one, when the new one is none. */
  async reload(): Promise<void> {
    if (this.#files === undefined) return;
    const certificate = await readCertificate(this.#files);
    for (const server of this.#encrypted) server.setSecureContext({ ...certificate });
  }

  #encryptedServer(certificate: Certificate, handler: RequestListener): Server {
    const server = createTlsServer({ ...certificate }, handler);
    this.#encrypted.push(server);
    // The same as a server of HTTP in all that is used of it.
    return server as unknown as Server;
  }
}

async function readCertificate({ certPath, keyPath }: CertificateFiles): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    throw new WindlassError(`the certificate ${certPath} with the key ${keyPath} cannot be used: ${messageOf(error)}`, {
      code: "certificate-unusable",
      hint: "--tls-cert wants the certificate with its chain, --tls-key its private key without a password, both in PEM and readable by this user.",
    });
  }
}
