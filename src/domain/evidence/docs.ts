/** The generated part of docs/evidence.md: every file and column, from the same values that write them. */

import { DOCUMENTS, TABLE_FORMS } from "./package.ts";

/** The lines that begin and end the generated part. */
export const GENERATED = {
  begin: "<!-- generated: files and columns -->",
  end: "<!-- end of the generated part -->",
};

/** The generated part as Markdown, without its first and last line. `scriptDigest`: SHA-256 of verify.sh. */
export function evidenceReference(scriptDigest: string): string {
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
    `SHA-256 of this version's \`verify.sh\`: \`${scriptDigest}\``,
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
