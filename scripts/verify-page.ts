/**
 * Builds verify.html, the checker for a browser: `node scripts/verify-page.ts FILE`. One file that holds everything it needs
 * and may load nothing; the same sources and packages make the same bytes.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

import { VERSION } from "../src/package/version.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGE = join(ROOT, "src/verify-page");

/** Returns the page's text. */
export async function verifyPage(): Promise<string> {
  const { code, modules } = await bundled();
  const script = `\n${inHtml(code).trim()}\n`;
  const style = `\n${read("style.css").trim()}\n`;
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(style)}`,
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const parts: Readonly<Record<string, string>> = {
    policy,
    version: VERSION,
    licences: escaped(licencesOf(modules)),
    style: `<style>${style}</style>`,
    script: `<script>${script}</script>`,
  };
  return read("page.html").replaceAll(PLACE, (_, comment: string | undefined, word: string | undefined) => {
    const part = parts[comment ?? word ?? ""];
    if (part === undefined) throw new Error(`page.html asks for ${comment ?? word}`);
    return part;
  });
}

/** Where a part belongs in page.html: elements in comments, since a formatter would rewrite what stands in a script. */
const PLACE = /<!-- \{\{(\w+)\}\} -->|\{\{(\w+)\}\}/gu;

function read(file: string): string {
  return readFileSync(join(PAGE, file), "utf8");
}

/** A script as HTML may hold it: what looks like its end would end it, and some characters would become others. */
function inHtml(code: string): string {
  return code
    .replaceAll("</script", String.raw`<\/script`)
    .replaceAll("<!--", String.raw`<\!--`)
    .replaceAll(CONTROL, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

const CONTROL = /(?![\t\n])\p{Cc}/gu;

/** What a content security policy calls an inline part by. */
function sourceOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

async function bundled(): Promise<{ readonly code: string; readonly modules: readonly string[] }> {
  const build = await rolldown({
    input: join(PAGE, "main.ts"),
    cwd: ROOT,
    platform: "browser",
    // The library has no condition by which a browser's copy is chosen.
    resolve: { alias: { "csv-stringify/sync": "csv-stringify/browser/esm/sync" } },
    tsconfig: false,
    transform: { target: "es2023" },
  });
  try {
    const { output } = await build.generate({ format: "iife", minify: true, comments: false });
    const [chunk, ...others] = output;
    if (others.length > 0 || chunk.imports.length > 0)
      throw new Error("the page would need more than one file");
    return { code: chunk.code, modules: Object.keys(chunk.modules) };
  } finally {
    await build.close();
  }
}

/** The licences of the packages whose code is in the page: they ask to be with it. */
function licencesOf(modules: readonly string[]): string {
  const folders = new Set(
    modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(id)?.[0] ?? []),
  );
  const packages = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      readonly name: string;
      readonly version: string;
      readonly license: string;
    };
    const file = readdirSync(folder).find((each) => /^licen[cs]e/iu.test(each));
    const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return packages.toSorted().join("\n\n");
}

if (process.argv[1] === import.meta.filename) {
  const [, , file] = process.argv;
  if (file === undefined || existsSync(file))
    throw new Error("give the name of a file that is not there yet");
  writeFileSync(file, await verifyPage());
}
