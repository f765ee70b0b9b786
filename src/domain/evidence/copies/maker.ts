/** The two files that show a package's content again for people: a workbook of its tables, and its first page for print. */

import type { SharedContent } from "./first-page.ts";
import type { Manifest } from "../package.ts";
import type { TableForm } from "../tables/table.ts";

/** Names the row of tool.csv that holds {@link CopyMaker.libraries}. */
export const LIBRARIES = "libraries";

/** Describes a table that the workbook shows. `read`: its CSV file, in pieces, from the start each time. */
export interface BookTable extends TableForm {
  readonly read: () => AsyncIterable<string>;
}

/** Describes what the workbook is made of: the package's own words for itself, and its tables. */
export interface Book extends Pick<Manifest, "package_id" | "organization" | "period" | "generator"> {
  readonly generatedAt: number;
  readonly tables: readonly BookTable[];
}

/** Makes the copies: the same content gives the same bytes, as long as the same libraries make them. */
export interface CopyMaker {
  /** The libraries and their versions, in one line. */
  readonly libraries: string;
  readonly workbook: (book: Book) => AsyncIterable<Uint8Array>;
  /** Whether a file is the workbook of these tables, whatever library deflated it. `file`: from the start each time. */
  readonly isWorkbookOf: (book: Book, file: () => AsyncIterable<Uint8Array>) => Promise<boolean>;
  readonly report: (report: SharedContent) => AsyncIterable<Uint8Array>;
}
