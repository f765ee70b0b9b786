/** What a page is: a path, a title, and a function from what was asked to what is shown. */

import type { Html } from "../../pages/html-table.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import type { Span } from "../../domain/time/span.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Access } from "./access.ts";
import type { VisibleRecords } from "./records.ts";

/** Holds everything a page is made from. */
export interface Asked {
  /** Everything that may be read: nothing else of the log is in reach. */
  readonly records: VisibleRecords;
  readonly access: Access;
  /** The parts of the path that its pattern names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly now: Instant;
  /** Judges readiness on a span; null: the viewer does not see all of the organisation. */
  readonly readiness: ((span: Span) => Promise<AuditReadiness>) | null;
  /** Address of GitHub's pages, such as https://github.com; null: it is not known. */
  readonly web: string | null;
  /** Returns the address of a page of the same organisation. */
  readonly link: (path: string, query?: Readonly<Record<string, string | undefined>>) => string;
}

/** Describes what a page shows. */
interface PageText {
  readonly title: string;
  readonly main: Html;
  readonly status?: 200 | 400 | 404;
}

/** Describes a file of rows, read as they are sent. `name`: letters and dots only. */
export interface PageFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<readonly string[]>;
}

/** Names what a page answers with. */
export type PageContent = PageText | PageFile;

/** Describes one page. `path`: as Hono's routes are written; `nav`: its name in the navigation, where it has one. */
export interface DashboardPage {
  readonly path: string;
  readonly nav?: string;
  readonly show: (asked: Asked) => Promise<PageContent>;
}

/** Ends a page with a sentence, where what was asked cannot be shown. */
export class PageProblem extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, sentence: string) {
    super(sentence);
    this.status = status;
  }
}
