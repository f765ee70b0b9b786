/**
 * Prints the notes of a release, for its page on GitHub: `node scripts/release.ts v1.2.3 [FILE...]`: what the changelog says,
 * and the digests of the files that are published with it and of verify.sh. Refuses a tag that is not the version.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parser } from "keep-a-changelog";

import { VERIFY_SCRIPT } from "../src/package/verify-script.ts";

const ROOT = join(import.meta.dirname, "..");

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function versionIn(manifest: string): string {
  return (JSON.parse(read(manifest)) as { readonly version: string }).version;
}

/** What auditors compare their copies with. */
function digestsOf(files: readonly string[]): string {
  const contents = files.map((file) => [basename(file), readFileSync(resolve(file))] as const);
  const lines = [...contents, ["verify.sh", VERIFY_SCRIPT] as const].map(
    ([name, content]) => `- \`${name}\`: \`${createHash("sha256").update(content).digest("hex")}\``,
  );
  return `### SHA-256 of the verifiers\n\n${lines.join("\n")}`;
}

const [tag = "", ...files] = process.argv.slice(2);
const problems = ["package.json", "demo/package.json"]
  .filter((manifest) => `v${versionIn(manifest)}` !== tag)
  .map((manifest) => `${manifest} has the version ${versionIn(manifest)}`);
const release = parser(read("CHANGELOG.md")).findRelease(tag.replace(/^v/u, ""));
if (release?.date === undefined) problems.push("CHANGELOG.md has no dated section for it");
if (problems.length > 0) {
  process.stderr.write(`${tag} cannot be released: ${problems.join("; ")}.\n`);
  process.exitCode = 1;
} else {
  const changes = String(release).split("\n").slice(1).join("\n").trim();
  process.stdout.write(`${changes}\n\n${digestsOf(files)}\n`);
}
