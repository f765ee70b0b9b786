/** The generated part of docs/evidence.md: every file and column, from the same values that write them. Run, it writes that part anew. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { sha256 } from "../src/domain/values/digest.ts";
import { DOCUMENTS, TABLE_FORMS } from "../src/domain/evidence/package.ts";
import { CHECKS, DEFECTS } from "../src/domain/evidence/verify/checks.ts";
import { VERIFY_SCRIPT } from "../src/package/verify-script.ts";
import { formatted } from "./formatted.ts";

/** The lines that begin and end the generated part. */
const GENERATED = {
  begin: "<!-- generated: files and columns -->",
  end: "<!-- end of the generated part -->",
};

const PAGE = join(import.meta.dirname, "../docs/evidence.md");

/** The page as it is, and as it should be. */
export async function evidencePage(): Promise<{ readonly there: string; readonly fresh: string }> {
  const there = readFileSync(PAGE, "utf8");
  const before = there.slice(0, there.indexOf(GENERATED.begin) + GENERATED.begin.length);
  const after = there.slice(there.indexOf(GENERATED.end));
  const whole = `${before}\n${reference()}\n${after}`;
  return { there, fresh: await formatted(PAGE, whole) };
}

function reference(): string {
  const documents = DOCUMENTS.map((form) => `| \`${form.path}\` | ${escaped(form.description)} |`);
  const tables = TABLE_FORMS.map((form) =>
    [
      `### ${form.path}`,
      "",
      `${form.description} Sorted by ${form.sortedBy.map((name) => `\`${name}\``).join(", ")}.`,
      "",
      "| column | type | holds |",
      "| --- | --- | --- |",
      ...form.columns.map(
        (column) => `| \`${column.name}\` | ${column.type} | ${escaped(column.description)} |`,
      ),
    ].join("\n"),
  );
  return [
    "",
    `SHA-256 of this version's \`verify.sh\`: \`${sha256(VERIFY_SCRIPT)}\``,
    "",
    "### Checks that `countersign verify` makes",
    "",
    "Each passes, fails, or is not checked, with the reason. `--json` gives them as `checks`: `id`, `sentence`, `state` (`passed`, `failed`, `not-checked`) and `because`.",
    "",
    "Exit code 0: no defect was found. 1: there are defects. 2: a check broke off, by a full disk or a bug of the program, which is said (`brokeOff`); the package is then shown neither whole nor damaged.",
    "",
    "| check | holds where it passes |",
    "| --- | --- |",
    ...Object.entries(CHECKS).map(([id, sentence]) => `| \`${id}\` | ${escaped(sentence)} |`),
    "",
    "### Defects that `countersign verify` names",
    "",
    "`--json` gives them as `defects`: `file`, `code` and `problem`.",
    "",
    "| code | check | means |",
    "| --- | --- | --- |",
    ...Object.entries(DEFECTS).map(
      ([code, { check, means }]) => `| \`${code}\` | \`${check}\` | ${escaped(means)} |`,
    ),
    "",
    "### Documents",
    "",
    "| file | holds |",
    "| --- | --- |",
    ...documents,
    "| `policies/DIGEST.json` | One policy version: what was in force, and the files it came from. |",
    "| `policies/DIGEST.organization.yml` `policies/DIGEST.repository.yml` | The source texts of those files, as they were read. |",
    "| `schemas/FILE.schema.json` | JSON Schema of a row of each CSV, of each JSON document, of a line of each JSONL file. |",
    "",
    tables.join("\n\n"),
    "",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, (await evidencePage()).fresh);
