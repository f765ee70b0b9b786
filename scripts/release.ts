/** Prints what the changelog says of a release, for its page on GitHub: `node scripts/release.ts v1.2.3`. Refuses a tag that is not the version. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "keep-a-changelog";

const ROOT = join(import.meta.dirname, "..");

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function versionIn(manifest: string): string {
  return (JSON.parse(read(manifest)) as { readonly version: string }).version;
}

const [tag = ""] = process.argv.slice(2);
const problems = ["package.json", "demo/package.json"]
  .filter((manifest) => `v${versionIn(manifest)}` !== tag)
  .map((manifest) => `${manifest} has the version ${versionIn(manifest)}`);
const release = parser(read("CHANGELOG.md")).findRelease(tag.replace(/^v/u, ""));
if (release?.date === undefined) problems.push("CHANGELOG.md has no dated section for it");
if (problems.length > 0) {
  process.stderr.write(`${tag} cannot be released: ${problems.join("; ")}.\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${String(release).split("\n").slice(1).join("\n").trim()}\n`);
}
