#!/usr/bin/env node
/** The program `countersign`. */

import { setFlagsFromString } from "node:v8";
import { isVerify, refusedBy } from "./node-version.ts";
import { coloured } from "./terminal/colour.ts";

// Most allocations are short-lived: by default, V8 lets the heap grow to several times what is in use.
setFlagsFromString("--heap-growing-percent=50");

/** The exit code of a program whose output is no longer read: 128 and the number of SIGPIPE. */
const BROKEN_PIPE = 141;

for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      if (stream === process.stdout) process.stderr.write(`error: ${error.message}\n`);
      process.exit(2);
    }
    // A command that has its answer already keeps its own code.
    setImmediate(() => process.exit(process.exitCode ?? BROKEN_PIPE));
  });

const args = process.argv.slice(2);
const refusal = refusedBy(process.versions.node, args);
if (refusal === null) {
  // Loaded only now: an older Node lacks what some of it imports.
  const { runProgram } = await import("./program.ts");
  const { loadEnvFile } = await import("./input/env-file.ts");
  const { askPerson } = await import("./terminal/ask.ts");
  const network = isVerify(args) ? null : await import("./input/network.ts");
  process.exitCode = await runProgram(
    args,
    {
      print: (line) => process.stdout.write(`${coloured(line, process.stdout)}\n`),
      printError: (line) => process.stderr.write(`${coloured(line, process.stderr)}\n`),
      env: process.env,
      interactive: process.stderr.isTTY,
      ...(process.stdin.isTTY && process.stderr.isTTY ? { ask: askPerson } : {}),
    },
    () => {
      loadEnvFile(args);
      network?.useNetwork(process.env);
    },
  );
} else {
  if (args.includes("--json")) process.stdout.write(`${JSON.stringify({ error: refusal, code: null })}\n`);
  else process.stderr.write(`${refusal}\n`);
  process.exitCode = 2;
}
