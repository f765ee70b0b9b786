#!/usr/bin/env node
/** The program `countersign`. */

import { setFlagsFromString } from "node:v8";
import { refusedBy } from "./node-version.ts";

// Much is allocated and little of it kept: left alone, V8 lets the heap grow to several times what is in use before it collects.
setFlagsFromString("--heap-growing-percent=50");

/** What a shell reports of a program that was ended because nobody reads its output any more: 128 and the number of SIGPIPE. */
const NOBODY_READS = 141;

for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      if (stream === process.stdout) process.stderr.write(`error: ${error.message}\n`);
      process.exit(2);
    }
    // A command that has its answer already is about to say so: it keeps its own code.
    setImmediate(() => process.exit(process.exitCode ?? NOBODY_READS));
  });

const args = process.argv.slice(2);
const refusal = refusedBy(process.versions.node, args);
if (refusal === null) {
  // Loaded only now: an older Node lacks what some of it imports.
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(args, {
    print: (line) => process.stdout.write(`${line}\n`),
    say: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    interactive: process.stderr.isTTY,
  });
} else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 2;
}
