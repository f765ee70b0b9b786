/** What pages are made of: for each item the rows about it and their log entries, sorted on disk where they are many. */

import { z } from "zod";

import { parsed } from "../seal.ts";
import { POPULATIONS, type ChosenItem, type PopulationName } from "./choice.ts";
import { groupsIn, listIn, type NumberedRow, type SampleSource, type SourceEntry } from "./rows.ts";

/** Limits how many changes of a deployment its page shows; all are in the log. */
export const SHOWN_CHANGES = 200;

/** Describes a row as a page has it. `number`: in a spreadsheet, if it is in one; `cells`: those that are not empty. */
export interface MaterialRow {
  readonly path: string;
  readonly number: number | null;
  readonly cells: Readonly<Record<string, string>>;
}

const ApprovalSchema = z.object({ counts: z.boolean(), reason: z.string() });
const PullSchema = z.object({
  number: z.int(),
  body: z.object({ text: z.string().nullable(), basis: z.string() }).optional(),
});
const EntrySchema = z.object({
  seq: z.int(),
  kind: z.string(),
  subject: z.string(),
  at: z.number(),
  recordedAt: z.number(),
  hash: z.string(),
  previousHash: z.string(),
  body: z
    .object({
      assessment: z.object({ approvals: z.array(ApprovalSchema) }).partial(),
      change: z.object({ pullRequests: z.array(PullSchema) }).partial(),
    })
    .partial()
    .catch({}),
});

/** Describes the text of a pull request as the log has it, and how it is known. */
interface RecordedDescription {
  readonly pull: number;
  /** Null: it was edited after the merge, and what it was before is not known. */
  readonly text: string | null;
  readonly basis: string;
}

/** Describes an entry of the log. `reasons`: why each approval that does not count does not, as it was recorded. */
interface MaterialEntry {
  readonly file: SourceEntry["file"];
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly at: number;
  readonly recordedAt: number;
  readonly hash: string;
  readonly previousHash: string;
  readonly reasons: readonly string[];
  readonly descriptions: readonly RecordedDescription[];
}

/** Describes everything about one chosen item. `rows`: by file, in the file's order; `entries`: by number. */
export interface Material {
  readonly item: ChosenItem;
  readonly rows: ReadonlyMap<string, readonly MaterialRow[]>;
  readonly entries: readonly MaterialEntry[];
}

/** Which rows of a table concern an item. */
interface Related {
  readonly path: string;
  /** What the row is about; it concerns every item that knows one of these names. */
  readonly about: (row: NumberedRow) => readonly string[];
  /** Further names that the item then knows, in the tables after this one. */
  readonly leadsTo?: (row: NumberedRow) => readonly string[];
  /** Since when and until when it was so, where it was so for a time: the item must have happened then. */
  readonly within?: (row: NumberedRow) => readonly [from: string, to: string];
  /** Columns whose lists may be as long as the population: they are only counted, by what is between their values. */
  readonly counted?: Readonly<Record<string, " " | " | ">>;
  /** The columns that are kept; absent: all. */
  readonly only?: readonly string[];
}

const ofDeviation = (row: NumberedRow): readonly string[] => [row.cell("deviation_id")];
const branchName = (ref: string): string => ref.replace(/^refs\/heads\//u, "");

/** The tables in an order in which each finds the names that it needs. */
const RELATED: Readonly<Record<PopulationName, readonly Related[]>> = {
  changes: [
    {
      path: "changes.csv",
      about: (row) => [row.cell("change_id")],
      leadsTo: (row) => [
        ...listIn(row.cell("deviation_id")),
        ...listIn(row.cell("pull_request")).flatMap((pull) => [
          `${row.cell("repository_id")}#${pull}`,
          `${row.cell("repository_id")}/pull/${pull}`,
        ]),
        row.cell("policy_digest"),
        `branch ${row.cell("repository_id")} ${branchName(row.cell("branch"))}`,
      ],
    },
    {
      path: "deployments.csv",
      about: (row) => groupsIn(row.cell("changes")).map(([change = ""]) => change),
      counted: { changes: " | ", unaccounted_commits: " " },
    },
    ...afterwards(),
  ],
  deployments: [
    {
      path: "deployments.csv",
      about: (row) => [row.cell("deployment_id")],
      leadsTo: (row) => [
        ...listIn(row.cell("deviation_id")),
        ...groupsIn(row.cell("changes"))
          .slice(0, SHOWN_CHANGES)
          .map(([change = ""]) => `deployed ${change}`),
        row.cell("policy_digest"),
        `environment ${row.cell("repository_id")} ${row.cell("environment")}`,
      ],
    },
    {
      path: "changes.csv",
      about: (row) => [`deployed ${row.cell("change_id")}`],
      only: ["change_id", "repository", "pull_request", "pull_request_url", "pull_request_title", "verdict"],
    },
    ...afterwards(),
  ],
};

function afterwards(): readonly Related[] {
  return [
    { path: "control-tests.csv", about: (row) => [row.cell("subject_id")], leadsTo: exemptionsUsed },
    {
      path: "deviations.csv",
      about: (row) => [...listIn(row.cell("subjects")), row.cell("deviation_id")],
      leadsTo: ofDeviation,
      counted: { subjects: " " },
    },
    { path: "remediation.csv", about: ofDeviation },
    { path: "remediation-history.csv", about: ofDeviation },
    {
      path: "emergency-changes.csv",
      about: (row) => listIn(row.cell("change_ids")),
      leadsTo: (row) => [row.cell("emergency_key"), row.cell("policy_digest")],
      counted: { change_ids: " " },
    },
    {
      path: "retroactive-reviews.csv",
      about: (row) => listIn(row.cell("change_ids")),
      counted: { change_ids: " " },
    },
    { path: "exemptions.csv", about: (row) => [row.cell("exemption_id")] },
    { path: "policies/index.csv", about: (row) => [row.cell("policy_digest")] },
    {
      path: "control-state.csv",
      about: (row) => [`${row.cell("place")} ${row.cell("repository_id")} ${row.cell("name")}`],
      within: (row) => [row.cell("from"), row.cell("to")],
    },
    {
      path: "coverage-gaps.csv",
      about: () => [EVERY],
      within: (row) => [row.cell("from"), row.cell("to")],
    },
  ];
}

/** What every item knows. */
const EVERY = "every item";

/** The exemptions and standard changes that an outcome rests on, as its inputs name them. */
function exemptionsUsed(row: NumberedRow): readonly string[] {
  const inputs = InputsSchema.safeParse(parsed(row.cell("inputs"))).data;
  return [inputs?.leave, ...(inputs?.preApproved ?? [])].filter((id) => id !== undefined);
}

const InputsSchema = z.object({
  leave: z.string().optional().catch(undefined),
  preApproved: z.array(z.string()).optional().catch(undefined),
});

/** What the chosen items are known by: names lead to their ranks. Memory grows with what is chosen, not with the population. */
class Known {
  readonly #ranks = new Map<string, Set<number>>();
  readonly moments = new Map<number, number>();

  add(name: string, ranks: Iterable<number>): void {
    if (name === "") return;
    const known = this.#ranks.get(name) ?? new Set();
    for (const rank of ranks) known.add(rank);
    this.#ranks.set(name, known);
  }

  of(names: readonly string[]): ReadonlySet<number> {
    return new Set(names.flatMap((name) => [...(this.#ranks.get(name) ?? [])]));
  }
}

/** Yields everything about each chosen item, by rank. Each table and the log are read once; one item is held. */
export async function* materialOf(
  source: SampleSource,
  of: PopulationName,
  chosen: readonly ChosenItem[],
): AsyncIterable<Material> {
  const lines = source.sorted(gather(source, of, chosen));
  let rank = 0;
  let rows: MaterialRow[] = [];
  let entries: MaterialEntry[] = [];
  const finished = (): Material[] => {
    const item = chosen[rank - 1];
    return item === undefined ? [] : [{ item, rows: Map.groupBy(rows, ({ path }) => path), entries }];
  };
  for await (const line of lines) {
    const [own = "", kind = "", , text = ""] = line.split("\t");
    if (Number(own) !== rank) {
      yield* finished();
      [rank, rows, entries] = [Number(own), [], []];
    }
    if (kind === ENTRIES) entries.push(JSON.parse(text) as MaterialEntry);
    else rows.push(JSON.parse(text) as MaterialRow);
  }
  yield* finished();
}

/** Sorts after the places of the tables. */
const ENTRIES = "log";

async function* gather(
  source: SampleSource,
  of: PopulationName,
  chosen: readonly ChosenItem[],
): AsyncIterable<string> {
  const known = new Known();
  const cited = new Known();
  const { path: population, at } = POPULATIONS[of];
  for (const { rank, id } of chosen) {
    known.add(id, [rank]);
    known.add(EVERY, [rank]);
  }
  let count = 0;
  for (const [place, related] of RELATED[of].entries())
    for await (const row of source.rows(related.path)) {
      count += 1;
      const about = known.of(related.about(row));
      const ranks = [...about].filter((rank) => isWithin(related.within?.(row), known.moments.get(rank)));
      if (ranks.length === 0) continue;
      if (related.path === population && place === 0)
        for (const rank of ranks) known.moments.set(rank, Date.parse(row.cell(at)));
      for (const name of related.leadsTo?.(row) ?? []) known.add(name, ranks);
      cited.add(row.cell("log_seq"), ranks);
      const text = JSON.stringify(materialRow(related, row));
      for (const rank of ranks) yield lineOf(rank, String(place).padStart(3, "0"), count, text);
    }
  for await (const { file, line } of source.entries()) {
    const entry = materialEntry({ file, line });
    if (entry === null) continue;
    const ranks = new Set([...cited.of([String(entry.seq)]), ...known.of(subjectsIn(entry, of))]);
    for (const rank of ranks) yield lineOf(rank, ENTRIES, entry.seq, JSON.stringify(entry));
  }
}

function lineOf(rank: number, kind: string, number: number, text: string): string {
  return [String(rank).padStart(12, "0"), kind, String(number).padStart(16, "0"), text].join("\t");
}

function isWithin(span: readonly [from: string, to: string] | undefined, at: number | undefined): boolean {
  if (span === undefined) return true;
  const [from, to] = span;
  return at !== undefined && Date.parse(from) <= at && (to === "" || at < Date.parse(to));
}

/** Returns a row as a page has it. */
export function materialRow(
  { path, counted = {}, only }: Pick<Related, "path" | "counted" | "only">,
  row: NumberedRow,
): MaterialRow {
  const cells = (only ?? row.columns).flatMap((name) => {
    const [cell, between] = [row.cell(name), counted[name]];
    if (cell === "") return [];
    return [[name, between === undefined ? cell : String(cell.split(between).length)]];
  });
  return { path, number: row.number, cells: Object.fromEntries(cells) as MaterialRow["cells"] };
}

/** What an entry is about beside what rows cite: the item itself, the gate's answers before its merge, what was seen of its pull request. */
function subjectsIn({ kind, subject }: MaterialEntry, of: PopulationName): readonly string[] {
  switch (kind) {
    case "change":
    case "deployment":
      return kind === POPULATIONS[of].one ? [subject] : [];
    case "gate":
    case "emergency":
    case "retroactive-review":
      return [subject];
    default:
      return /^[0-9]+\/pull\/[0-9]+(?=\/)/u.exec(subject) ?? [];
  }
}

/** Returns an entry as a page has it; null: it is none. */
export function materialEntry({ file, line }: SourceEntry): MaterialEntry | null {
  const entry = EntrySchema.safeParse(line).data;
  if (entry === undefined) return null;
  const { body, ...rest } = entry;
  const reasons = (body.assessment?.approvals ?? [])
    .filter(({ counts }) => !counts)
    .map(({ reason }) => reason);
  const descriptions = (body.change?.pullRequests ?? []).flatMap(({ number, body: own }) =>
    own === undefined ? [] : [{ pull: number, text: own.text, basis: own.basis }],
  );
  return { file, ...rest, reasons, descriptions };
}
