/** The rows of log/heads.csv: the heads of the evidence log that were posted on GitHub before this package. */

import type { LoggedEntry } from "../../records/entry.ts";
import type { Head, HeadCheckRecord, HeadFinding, LogHeadRecord } from "../../records/monitoring.ts";
import { headsPlace } from "../../monitoring/log-heads.ts";
import type { Instant } from "../../time/instant.ts";
import { statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, logColumns, table } from "../tables/table.ts";

/** Describes a head with what became of it. Without an entry, only GitHub has it. */
export interface HeadRow {
  readonly head: Head;
  readonly record: LogHeadRecord | null;
  readonly entry: LoggedEntry<"log-head"> | null;
  readonly findings: readonly HeadFinding[];
  /** When GitHub was last asked for it; null: not since it was posted. */
  readonly comparedAt: Instant | null;
}

/** Lists the heads of the log that were posted outside its database, as they were last compared with GitHub. */
export const LOG_HEADS = table<HeadRow>({
  path: "log/heads.csv",
  description:
    "Heads of the evidence log that the App posted on GitHub before this package: each names how many entries the log held, and the hash of the last one. A log rewritten afterwards does not agree with them.",
  sortedBy: ["number", "comment_id"],
  columns: {
    number: column.integer(
      ({ head }) => head.number,
      "Number of the head: from 1 on, each once. 0: the comment no longer names one.",
    ),
    size: column.integer(({ head }) => head.size, "Entries in the log."),
    hash: column.digest(({ head }) => head.hash || null, "Hash of the last of them."),
    why: column.text(({ record }) => record?.why ?? null, "daily, export or close: what it was posted for."),
    asked_at: column.time(({ record }) => record?.askedAt ?? null, "When the App made it, by its own clock."),
    state: column.text(
      stateOf,
      "posted; waiting: not sent yet; refused: GitHub did not take it; or what the last comparison found: contradicts (the log has another hash at this size, or fewer entries), not-in-log, edited, missing, dated-otherwise (GitHub has another date of the comment than the log).",
    ),
    says: column.text(
      ({ record, findings }) => [...findings.map(({ says }) => says), record?.refused ?? ""].join(" ").trim(),
      "The same in words; empty: no difference was found when it was last compared.",
    ),
    repository: column.text(
      ({ record, findings }) => record?.repository ?? findings[0]?.place?.replace(/#\d+$/u, "") ?? null,
      "Owner and name of the repository it was posted in.",
    ),
    issue: column.integer(({ record }) => record?.posted?.issue ?? null, "Number of the issue there."),
    comment_id: column.integer(commentOf, "GitHub's id of the comment."),
    url: column.text(
      ({ record, findings }) => record?.posted?.url ?? findings[0]?.url ?? null,
      "Address of the comment.",
    ),
    created_at: column.time(
      ({ record }) => record?.posted?.createdAt ?? null,
      "When GitHub dated it: entries up to this size are anchored since then.",
    ),
    compared_at: column.time(
      ({ comparedAt }) => comparedAt,
      "When GitHub was last asked for it before this package; empty: not since it was posted.",
    ),
    author: column.text(
      ({ record }) => (record?.posted == null ? null : `${record.posted.by.login}#${record.posted.by.id}`),
      "Account of the App that wrote it: login#id. A comment by anyone else is no head.",
    ),
    ...logColumns<HeadRow>(({ entry }) => entry),
  },
  rows: headsOf,
});

/** What weighs most is named first. */
const CODES: readonly HeadFinding["code"][] = [
  "contradicts",
  "not-in-log",
  "missing",
  "dated-otherwise",
  "edited",
];

function stateOf({ record, findings }: HeadRow): string {
  const worst = CODES.find((code) => findings.some((each) => each.code === code));
  if (worst !== undefined) return worst;
  if (record === null || record.posted !== null) return "posted";
  return record.refused === null ? "waiting" : "refused";
}

function commentOf({ record, findings }: HeadRow): number | null {
  return record?.posted?.comment ?? findings[0]?.comment ?? null;
}

/** Yields the heads by number, those that only GitHub has among them. */
export async function* headsOf(source: EvidenceSource): AsyncIterable<HeadRow> {
  let check: Stated<"head-check"> | null = null;
  for await (const stated of headChecksOf(source)) check = stated;
  const { findings, read } = check?.body ?? { findings: [], read: [] };
  const checkSeq = check?.entry.seq ?? 0;
  const readAt = (place: string | null, seq: number): Instant | null =>
    seq > checkSeq ? null : (read.find((each) => each.place === place)?.at ?? null);
  const rows: HeadRow[] = [];
  const named = new Set<HeadFinding>();
  for await (const { entry, body } of statesOf(source, "log-head", "ever")) {
    const { number, size, hash, posted } = body;
    const own = findings.filter(
      (each) => each.number === number && (each.comment === null || each.comment === posted?.comment),
    );
    for (const each of own) named.add(each);
    const place = posted === null ? null : headsPlace(body.repository, posted.issue);
    rows.push({
      head: { number, size, hash },
      record: body,
      entry,
      findings: own,
      // Posted after GitHub was asked: not seen since.
      comparedAt: readAt(place, entry.seq),
    });
  }
  const others = new Map<string, HeadFinding[]>();
  for (const each of findings.filter((finding) => !named.has(finding))) {
    const comment = `${each.number} ${each.comment}`;
    others.set(comment, [...(others.get(comment) ?? []), each]);
  }
  for (const [first, ...more] of others.values())
    if (first !== undefined)
      rows.push({
        head: first,
        record: null,
        entry: null,
        findings: [first, ...more],
        comparedAt: readAt(first.place, 0),
      });
  yield* rows.toSorted((a, b) => a.head.number - b.head.number || (commentOf(a) ?? 0) - (commentOf(b) ?? 0));
}

/** Yields the entry of the last comparison with GitHub, if there was one. */
export function headChecksOf(source: EvidenceSource): AsyncIterable<Stated<"head-check">> {
  return statesOf(source, "head-check", "ever");
}

/** Returns the last comparison with GitHub; null: there was none. */
export async function headCheckOf(source: EvidenceSource): Promise<HeadCheckRecord | null> {
  for await (const { body } of headChecksOf(source)) return body;
  return null;
}
