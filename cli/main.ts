#!/usr/bin/env node
/** The entry. It imports nothing before it knows the version of Node: on an older one our libraries do not even load. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 19)) await import("./program.ts");
else {
  process.stderr.write(`windlass needs Node 22.19 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 1;
}

export {};
