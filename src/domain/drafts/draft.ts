/** What every draft is: text of which each statement cites its record, or the names of what is missing. Nothing is made up. */

import type { Instant } from "../time/instant.ts";
import { canonical, sha256 } from "../values/digest.ts";
import { isOfKind, type Bodies, type EntryKind, type LoggedEntry } from "../records/entry.ts";
import type { ReviewedMonth } from "../deviation/operating.ts";
import type { ObservedTime, Statement } from "../monitoring/observed-time.ts";
import type { Person } from "../records/deviation.ts";
import { lineOf } from "../records/stored.ts";
import { short } from "../texts/wording.ts";

/** Holds the drafts there are. */
export const DRAFT_KINDS = ["response", "bridge", "note", "questions", "procedures"] as const;

/** Describes one kind of draft. */
export type DraftKind = (typeof DRAFT_KINDS)[number];

/** Describes a draft in Markdown with the records it rests on, or what it would need. */
export type Draft =
  | {
      readonly ok: true;
      readonly text: string;
      readonly cites: readonly LoggedEntry[];
      /** What it omits from a text that others will read: the same with the numbers of its records, and their list. */
      readonly apart: readonly string[];
      /** The sentences in it that speak for spans, with these. */
      readonly statements: readonly Statement[];
    }
  | { readonly ok: false; readonly missing: readonly string[] };

/** Describes the newest entry of each subject that an organisation's draft may rest on, and when it is written. */
export interface Records {
  readonly organization: string;
  readonly at: Instant;
  readonly entries: readonly LoggedEntry[];
  /** What was observed by then. */
  readonly observedTime: ObservedTime;
  /** The months that were signed off, as they are known now. */
  readonly months: readonly ReviewedMonth[];
  /** Who wrote the response to each deviation, by its id. */
  readonly writers: ReadonlyMap<string, readonly Person[]>;
  /** What the ledger's own list names of the kinds of record a draft rests on: nothing of it may lack among the entries. */
  readonly named: readonly Pick<LoggedEntry, "kind" | "subject" | "seq">[];
}

/** Describes an entry with its body beside it. */
export interface DraftRecorded<K extends EntryKind> {
  readonly entry: LoggedEntry<K>;
  readonly body: Bodies[K];
}

/** Returns the entries of a kind, in the order of the log. */
export function recorded<K extends EntryKind>(records: Records, kind: K): readonly DraftRecorded<K>[] {
  return records.entries
    .filter((entry) => isOfKind(entry, kind))
    .toSorted((a, b) => a.seq - b.seq)
    .map((entry) => ({ entry, body: entry.body }));
}

/** Numbers the records a text cites, and collects what it needed and did not find. */
export class Citations {
  readonly #cited: LoggedEntry[] = [];
  readonly #missing: string[] = [];

  /** Notes at once what the ledger names and the records do not hold: no text is made around a hole. */
  constructor({ entries, named }: Pick<Records, "entries" | "named">) {
    const there = new Set(entries.map(({ kind, subject }) => `${kind} ${subject}`));
    for (const { kind, subject, seq } of named)
      if (!there.has(`${kind} ${subject}`))
        this.lacks(`${kind} ${subject}: entry ${seq} of the evidence log is gone`);
  }

  /** `[1]`: the number under which the record is listed at the end. */
  of(...entries: readonly LoggedEntry[]): string {
    const numbers = entries.map((entry) => {
      const known = this.#cited.findIndex(
        ({ kind, subject }) => kind === entry.kind && subject === entry.subject,
      );
      return known < 0 ? this.#cited.push(entry) : known + 1;
    });
    return [...new Set(numbers)].map((number) => `[${number}]`).join("");
  }

  /** Notes that something is not there; answers an empty text, which is never shown. */
  lacks(what: string): string {
    if (!this.#missing.includes(what)) this.#missing.push(what);
    return "";
  }

  /** The draft: the lines and the list of records, or everything that is missing. `isForOthers`: no internal name goes outside. */
  draft(
    lines: readonly string[],
    {
      statements = [],
      isForOthers = false,
    }: { readonly statements?: readonly Statement[]; readonly isForOthers?: boolean } = {},
  ): Draft {
    if (this.#missing.length > 0) return { ok: false, missing: this.#missing };
    const sources = this.#cited.map(
      (entry, index) =>
        `- [${index + 1}] entry ${entry.seq} of the evidence log: ${entry.kind} ${entry.subject} (digest ${short(sha256(canonical(lineOf(entry).body)))})`,
    );
    const list = ["## Records", "", ...sources, ""];
    const marked = lines.join("\n").replaceAll(/\n{3,}/gu, "\n\n");
    // What is for others shows neither records nor numbers that lead to none.
    const text = isForOthers ? `${marked.replaceAll(MARKS, "")}\n` : [marked, "", ...list].join("\n");
    const apart = isForOthers ? [marked, "", ...list] : [];
    return { ok: true, text, cites: this.#cited, apart, statements };
  }
}

/** The marks of a statement's records; what people wrote has its brackets escaped. */
const MARKS = / (?:\[\d+\])+(?: (?:\[\d+\])+)*/gu;

/** Holds what stands above every draft. */
export const DRAFT_NOTE =
  "> A draft made from the evidence log. It is not part of the evidence package. Someone of the company reads it, corrects it and takes responsibility for it.";

/** Returns "1 change", "3 changes". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
