/** Compares the copies of a package with what they are copies of: each is made again, and must be the same. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { LIBRARIES, type Book, type CopyMaker } from "../copies/maker.ts";
import type { SharedContent } from "../copies/first-page.ts";
import {
  REPORT_FILE,
  TABLE_FORMS,
  TABLE_FORMS_AS_WRITTEN,
  WORKBOOK_FILE,
  type Manifest,
} from "../package.ts";
import { CsvRows } from "../tables/read-csv.ts";
import { rowReader } from "../tables/table.ts";
import type { CodeOf, Say } from "./checks.ts";

/** Describes a package whose files are read. `digestOf`: the SHA-256 of a file, null where it is not there. */
interface Copied {
  readonly manifest: Manifest;
  /** What the log gives for it. */
  readonly report: SharedContent;
  readonly open: (path: string) => AsyncIterable<Uint8Array>;
  /** The same of a file that is text. */
  readonly read: (path: string) => AsyncIterable<string>;
  readonly digestOf: (path: string) => string | null;
}

/** Names each copy that differs. Answers why they could not be compared, null where they were. */
export async function compareCopies(
  { manifest, report, read, open, digestOf }: Copied,
  copies: CopyMaker,
  say: Say<CodeOf<"copies">>,
): Promise<string | null> {
  const { package_id, organization, period, generator, generated_at: generatedAt } = manifest;
  const book: Book = {
    package_id,
    organization,
    period,
    generator,
    generatedAt: Date.parse(generatedAt),
    tables: TABLE_FORMS_AS_WRITTEN.map((table) => ({ ...table, read: () => read(table.path) })),
  };
  if (!(await copies.isWorkbookOf(book, () => open(WORKBOOK_FILE))))
    say(WORKBOOK_FILE, "copy-differs", "does not show what the tables hold");
  const made = await librariesIn(read("tool.csv"));
  if (made !== copies.libraries)
    return `the report was made with ${made || "unknown libraries"}, and here are ${copies.libraries}`;
  if ((await digestOfBytes(copies.report(report))) !== digestOf(REPORT_FILE))
    say(REPORT_FILE, "copy-differs", "does not show what the log gives");
  return null;
}

async function librariesIn(text: AsyncIterable<string>): Promise<string> {
  const read = rowReader(TABLE_FORMS.find(({ path }) => path === "tool.csv")?.columns ?? []);
  const csv = new CsvRows();
  for await (const piece of text)
    for (const cells of csv.push(piece)) if (read(cells)("item") === LIBRARIES) return read(cells)("value");
  return "";
}

async function digestOfBytes(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = sha256.create();
  for await (const piece of pieces) hash.update(piece);
  return bytesToHex(hash.digest());
}
