/** Makes the copies of a package with libraries, and names these. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import type { CopyMaker } from "../domain/evidence/copies/maker.ts";
import { isWorkbookOf } from "./workbook/compare.ts";
import { workbookOf } from "./workbook/workbook.ts";

/** Libraries that decide about the bytes of a copy. */
// None first whose name begins as a formula does: the table would write another.
const LIBRARIES = ["fflate", "fontkit", "pdfkit", "@fontsource/noto-sans", "@fontsource/unifontex"];

/** Holds what makes the copies here. */
export const COPIES: CopyMaker = {
  get libraries() {
    return libraries();
  },
  workbook: (book) => workbookOf(book),
  isWorkbookOf,
  async *report(report) {
    // Takes a quarter of a second to load, which other commands do not need.
    const { reportOf } = await import("./report/report.ts");
    yield* reportOf(report, libraries());
  },
};

let named: string | null = null;

function libraries(): string {
  named ??= LIBRARIES.map((name) => `${name} ${versionOf(name)}`).join(", ");
  return named;
}

/** The version of a package that is installed: of the folder above what it resolves to that is called so. */
function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  for (;;) {
    const about = read(join(folder, "package.json"));
    if (about?.name === name) return about.version;
    if (dirname(folder) === folder) throw new Error(`no package ${name}`);
    folder = dirname(folder);
  }
}

function read(path: string): { readonly name: string; readonly version: string } | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { readonly name: string; readonly version: string };
  } catch {
    return null;
  }
}
