/** Writes the generated pages: `npm run docs`. With `--check` it writes nothing, names what is stale, and exits 1 if anything is. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generatedPages } from "./pages.ts";

const ROOT = dirname(import.meta.dirname);
const check = process.argv.includes("--check");
const stale: string[] = [];

for (const [path, text] of await generatedPages()) {
  const file = join(ROOT, path);
  if (read(file) === text) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

const what = check ? "stale; run `npm run docs`" : "written";
for (const path of stale) process.stdout.write(`${path}: ${what}\n`);
if (check && stale.length > 0) process.exitCode = 1;

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
