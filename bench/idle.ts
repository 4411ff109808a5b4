import { spawn } from "node:child_process";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Product } from "../test/support/product.ts";
import { cpuSeconds, residentMiB } from "./process-figures.ts";
import { type Row, times } from "./table.ts";

const SETTLE_MS = 15_000;
const WATCH_MS = 120_000;

/** Memory, CPU and requests a minute of an agent that waits for work, against a Node process that does nothing. */
export async function idle(command: readonly string[]): Promise<Row[]> {
  await using product = await Product.start({ command });
  const proxy = await countingProxy(product.apiUrl);
  const daemon = await product.startDaemon({ queues: ["idle"], env: { CLEARML_API_HOST: proxy.url } });
  const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e9)"]);
  const [pid, barePid] = [daemon.child.pid ?? 0, bare.pid ?? 0];
  await pause(SETTLE_MS);
  const before = { cpu: await cpuSeconds(pid), bareCpu: await cpuSeconds(barePid), requests: proxy.count() };
  await pause(WATCH_MS);
  const minutes = WATCH_MS / 60_000;
  const [memory, bareMemory] = [await residentMiB(pid), await residentMiB(barePid)];
  const cpu = ((await cpuSeconds(pid)) - before.cpu) / minutes;
  const bareCpu = ((await cpuSeconds(barePid)) - before.bareCpu) / minutes;
  const requests = (proxy.count() - before.requests) / minutes;
  bare.kill();
  proxy.close();
  return [
    {
      what: "idle agent, memory",
      ours: `${memory.toFixed(0)} MiB`,
      limit: `${bareMemory.toFixed(0)} MiB bare Node`,
      ratio: times(memory / bareMemory, "the memory"),
      aim: "≤ 1.7",
    },
    {
      what: "idle agent, CPU a minute",
      ours: `${cpu.toFixed(2)} s`,
      limit: `${bareCpu.toFixed(2)} s bare Node`,
      ratio: "-",
      aim: "≤ 0.2 s",
    },
    { what: "idle agent, requests a minute", ours: requests.toFixed(1), limit: "0", ratio: "-", aim: "≤ 4" },
  ];
}

async function countingProxy(target: string): Promise<{ url: string; count: () => number; close: () => void }> {
  let requests = 0;
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    requests++;
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url, count: () => requests, close };
}
