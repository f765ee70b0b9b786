#!/usr/bin/env node
// Starts the program: in a clone from its sources, so that nothing need be built; elsewhere what was built of them.

import { existsSync } from "node:fs";

const SOURCES = new URL("../src/cli/main.ts", import.meta.url);
const BUILT = new URL("../dist/src/cli/main.js", import.meta.url);

// A Node that cannot run TypeScript says which one is needed, if anything was built.
const runsTypeScript = Boolean(process.features.typescript);
if (runsTypeScript && existsSync(SOURCES)) await import(SOURCES.href);
else if (existsSync(BUILT)) await import(BUILT.href);
else {
  process.stderr.write(`Countersign needs Node 24.15 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 2;
}
