/** What a page is: a path, a title, and a function from what was asked to what is shown. */

import { z } from "zod";

import type { Html } from "../../pages/html-table.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ControlName } from "../../domain/values/result.ts";
import type { Access, SignedInPerson } from "./access.ts";
import type { ActAnswer, PageForms } from "../form/form.ts";
import type { OrganizationRecords, OwnedReviews } from "./organization.ts";
import type { ViewerPackages } from "./packages.ts";
import type { VisibleRecords } from "./records.ts";

/** Holds everything a page is made from. */
export interface Asked {
  /** Everything of repositories that may be read. */
  readonly records: VisibleRecords;
  /** Everything of the organisation as a whole; null: the viewer does not see all of it. */
  readonly whole: OrganizationRecords | null;
  /** Returns the monthly reviews that the viewer sees: all, or those they may sign off. */
  readonly reviews: () => Promise<OwnedReviews>;
  readonly access: Access;
  /** The parts of the path that its pattern names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly now: Instant;
  /** GitHub's id of this App. */
  readonly appId: number;
  /** Address of GitHub's pages, such as https://github.com; null: it is not known. */
  readonly web: string | null;
  /** Returns the address of a page of the same organisation. */
  readonly link: (path: string, query?: Readonly<Record<string, string | undefined>>) => string;
  /** Who signed in; null: nobody did. */
  readonly person: SignedInPerson | null;
  /** The packages that were handed over; null: they are not for this viewer. */
  readonly packages: ViewerPackages | null;
  /** Makes the forms of this page; null: nothing can be sent, as `readOnly` explains. */
  readonly forms: PageForms | null;
  readonly readOnly: string;
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

/** Describes a zip, read as it is sent. `name`: letters, digits, dots and hyphens only. */
export interface PageZip {
  readonly name: string;
  readonly zip: AsyncIterable<Uint8Array>;
}

/** Names what a page answers with. */
export type PageContent = PageText | PageFile | PageZip;

/** Describes who sent a form, and which. */
export interface Acting {
  readonly sender: SignedInPerson;
  readonly access: Access;
  /** Returns the sender's own token for GitHub; null: they have none. */
  readonly token: () => Promise<string | null>;
  /** Names this very form wherever it is kept: sent twice, it is done once. */
  readonly form: string;
}

/** What was done, or why nothing was; `line`: by which of several commands, from 0; `isUnsure`: it may have been done. */
type Acted =
  | { readonly says: string; readonly refused: null }
  | { readonly refused: string; readonly line: number | null; readonly isUnsure?: true };

/** Does things once for each form, and keeps what came of it with the effect. Every function throws ExternalError. */
export interface ActTools {
  /** Gives a deviation commands, as they are written after `/countersign`: all of them or none. */
  readonly commandDeviation: (deviation: string, lines: readonly string[], acting: Acting) => Promise<Acted>;
  /** Signs a month of a control off. */
  readonly signOff: (
    month: { readonly control: ControlName; readonly month: string },
    comment: string,
    acting: Acting,
  ) => Promise<Acted>;
  /** Posts a comment on a pull request as the sender, with their own token: GitHub has it from them, and nothing is recorded here. */
  readonly comment: (
    on: { readonly owner: string; readonly name: string; readonly number: number },
    text: string,
    acting: Acting,
  ) => Promise<Acted>;
}

/** Describes a form as it arrived. */
export interface SentForm extends Acting {
  readonly asked: Asked;
  readonly tools: ActTools;
}

/** Describes one thing a page can be sent. */
export interface Act {
  readonly name: string;
  /** What it takes, each at most once. Those that people write have their label as title. */
  readonly fields: z.ZodObject;
  /** Does it, once for each form, and keeps what came of it with its effect. Throws ExternalError. */
  readonly take: (fields: unknown, sent: SentForm) => Promise<ActAnswer>;
}

/** Returns the labels of the fields that people write, by name. */
export function labelsOf({ fields }: Pick<Act, "fields">): ReadonlyMap<string, string> {
  const titles = Object.entries(fields.shape).map(
    ([name, field]) => [name, z.globalRegistry.get(field)?.title] as const,
  );
  return new Map(titles.flatMap(([name, title]) => (title === undefined ? [] : [[name, title]])));
}

/** Returns an act whose fields are read by their schema. */
export function actOf<Fields extends z.ZodObject>(
  name: string,
  fields: Fields,
  take: (fields: z.infer<Fields>, sent: SentForm) => Promise<ActAnswer>,
): Act {
  return {
    name,
    fields,
    async take(given, sent) {
      const read = fields.safeParse(given);
      if (read.success) return take(read.data, sent);
      const [issue] = read.error.issues;
      const [field] = issue?.path ?? [];
      return {
        refused: issue?.message ?? "It cannot be read.",
        ...(field === undefined ? {} : { field: String(field) }),
      };
    },
  };
}

/** Describes one page. `path`: as Hono's routes are written; `nav`: its name in the navigation, where it has one. */
export interface DashboardPage {
  readonly path: string;
  readonly nav?: string;
  /** What it can be sent; absent: nothing. */
  readonly acts?: readonly Act[];
  /** Whether it is there only for those who see all of the organisation. */
  readonly isOfWhole?: true;
  /** Whether opening it is recorded: no other site may have a browser do that. */
  readonly isRecorded?: true;
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

/** Returns whether a page is there for someone. */
export function isThere(isOfWhole: true | undefined, { role }: Access): boolean {
  return isOfWhole !== true || role !== "member";
}
