#!/usr/bin/env node
/** The program `countersign`. */

import { runProgram } from "./program.ts";

process.exitCode = await runProgram(process.argv.slice(2), {
  print: (line) => process.stdout.write(`${line}\n`),
  say: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  interactive: process.stderr.isTTY,
});
