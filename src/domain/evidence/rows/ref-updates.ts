/** The rows of ref-updates.csv: each branch's updates in order, chained. */

import type { RefUpdate } from "../../change/change.ts";
import { pairLine, statesOf, type EvidenceSource } from "../tables/population.ts";
import { column, personText, table } from "../tables/table.ts";

interface RefUpdateRow {
  readonly line: readonly string[];
  readonly update: RefUpdate;
  readonly sequence: number;
  readonly previousAfter: string | null;
}

/** Lists each update of each production branch in order, and whether it begins where the one before ended. */
export const REF_UPDATES = table<RefUpdateRow>({
  path: "ref-updates.csv",
  description:
    "Each production branch's updates in the order they happened. If each begins where the one before ended, none is missing between them.",
  sortedBy: ["repository_id", "branch", "sequence"],
  columns: {
    repository_id: column.integer((row) => Number(row.line[0]), "GitHub's id of the repository."),
    branch: column.text((row) => row.update.ref, "Full name of the branch."),
    sequence: column.integer(
      (row) => row.sequence,
      "Place of this update among those of its branch in the period, from 1.",
    ),
    occurred_at: column.time((row) => row.update.at, "When it happened (GitHub's time)."),
    activity_id: column.integer(
      (row) => row.update.activityId,
      "GitHub's id in the activity list; empty if only the webhook told.",
    ),
    update: column.text((row) => row.update.kind, "How the branch was updated, as in changes.csv."),
    before_sha: column.digest((row) => row.update.before, "Commit before."),
    after_sha: column.digest((row) => row.update.after, "Commit after."),
    actor: column.text((row) => personText(row.update.actor), "Who moved the branch, login#id."),
    contiguous_with_previous: column.yesNo(
      (row) => (row.previousAfter === null ? null : row.previousAfter === row.update.before),
      "yes: before_sha is the after_sha of the row before; empty for a branch's first row.",
    ),
    source: column.text(
      (row) => row.update.basis,
      "observed (told by a webhook, or read within ten minutes) or read-later.",
    ),
    change_id: column.digest((row) => row.line[4] ?? null, "Its row in changes.csv."),
  },
  async *rows(source) {
    let branch = "";
    let sequence = 0;
    let previousAfter: string | null = null;
    for await (const row of chained(source.sorted(updateLines(source)))) {
      const name = `${row.line[0]}\t${row.line[1]}`;
      if (name !== branch) {
        branch = name;
        sequence = 0;
        previousAfter = null;
      }
      sequence += 1;
      yield { ...row, sequence, previousAfter };
      previousAfter = row.update.after;
    }
  },
});

async function* updateLines(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "change")) {
    const { change } = body;
    const { update } = change;
    yield pairLine(
      String(change.repository.id).padStart(16, "0"),
      update.ref,
      String(update.at).padStart(16, "0"),
      String(update.activityId ?? "").padStart(20, "0"),
      change.id,
      JSON.stringify(update),
    );
  }
}

interface OrderedUpdate {
  readonly line: readonly string[];
  readonly update: RefUpdate;
}

/** Puts updates of one branch within the same second in the order in which each begins where another ended. */
async function* chained(lines: AsyncIterable<string>): AsyncIterable<OrderedUpdate> {
  let same: OrderedUpdate[] = [];
  let tip: string | null = null;
  const flush = function* (): Iterable<OrderedUpdate> {
    while (same.length > 0) {
      const next =
        same.find(({ update }) => update.before === tip) ??
        same.find(({ update }) => same.every((other) => other.update.after !== update.before)) ??
        same[0];
      if (next === undefined) return;
      same = same.filter((each) => each !== next);
      tip = next.update.after;
      yield next;
    }
  };
  for await (const text of lines) {
    const line = text.split("\t");
    const update = JSON.parse(line.slice(5).join("\t")) as RefUpdate;
    const before = same[0];
    if (
      before !== undefined &&
      (before.update.at !== update.at || before.line[1] !== line[1] || before.line[0] !== line[0])
    ) {
      yield* flush();
      if (before.line[1] !== line[1] || before.line[0] !== line[0]) tip = null;
    }
    same.push({ line, update });
  }
  yield* flush();
}
