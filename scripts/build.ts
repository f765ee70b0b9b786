/**
 * Builds what is published and put into the image: `npm run build`, or `node scripts/build.ts FOLDER` for another place than dist.
 * With `--unchecked` behind the folder types are not checked, for those who have just checked them.
 */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { verifyPage } from "./verify-page.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The App, and the GitHub double that `demo` and `scenario run` start. */
const SOURCES = ["src", "test/github"];
const COMMAND = "src/cli/main.js";
/** What becomes one file of its own: scripts/verify-page.ts. */
const VERIFY_PAGE = join(ROOT, "src/verify-page");

const out = resolve(ROOT, process.argv[2] ?? "dist");
rmSync(out, { recursive: true, force: true });
compile(out);
for (const folder of SOURCES) copyAssets(folder, out);
await makeDemo(join(out, "test/github"), join(out, "demo"));
makeRunnable(join(out, COMMAND));

function compile(to: string): void {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const unchecked = process.argv.includes("--unchecked") ? ["--noCheck"] : [];
  const args = [tsc, "-p", "tsconfig.build.json", "--outDir", to, ...unchecked];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: "inherit" });
  if (status !== 0) fail("tsc found errors; nothing was built");
}

/** Schemas, migrations' texts, styles: whatever lies beside the sources and is not TypeScript. */
function copyAssets(folder: string, to: string): void {
  const files = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (!file.isFile() || file.name.endsWith(".ts") || file.name.endsWith(".md")) continue;
    if (file.parentPath === VERIFY_PAGE) continue;
    const from = join(file.parentPath, file.name);
    cpSync(from, join(to, from.slice(ROOT.length + 1)));
  }
}

/** The simulated GitHub is a package of its own, which no production needs: docs/decisions/0107. */
async function makeDemo(double: string, to: string): Promise<void> {
  mkdirSync(to);
  renameSync(double, join(to, "github"));
  rmSync(dirname(double), { recursive: true });
  writeFileSync(join(to, "verify.html"), await verifyPage());
  for (const file of ["demo/package.json", "demo/story.yaml", "LICENSE"])
    cpSync(join(ROOT, file), join(to, basename(file)));
}

function makeRunnable(file: string): void {
  if (!readFileSync(file, "utf8").startsWith("#!")) fail(`${file} lacks its first line, #!/usr/bin/env node`);
  chmodSync(file, 0o755);
}

function fail(why: string): never {
  process.stderr.write(`build: ${why}\n`);
  process.exit(1);
}
