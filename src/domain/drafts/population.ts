/** What a letter may state of a whole span: every production branch counted against GitHub's lists over all of it. */

import {
  countedSpan,
  provenIn,
  spansText,
  unobservedIn,
  type Statement,
} from "../monitoring/observed-time.ts";
import type { CompletenessRecord } from "../records/monitoring.ts";
import { uncovered, type Span } from "../time/span.ts";
import { counted, recorded, type Citations, type DraftRecorded, type Records } from "./draft.ts";

/** Describes a span with its name, UTC, half-open, and how many changes and deployments it had. */
export interface CountedPeriod extends Span {
  readonly name: string;
  readonly changes: number;
  readonly deployments: number;
}

/** Describes the counts that prove a span, and what may be stated because of them. */
export interface Population {
  readonly proofs: readonly DraftRecorded<"completeness">[];
  readonly statement: Statement;
  /** The days nobody observed, though the branches were counted afterwards. */
  readonly unseen: readonly Span[];
}

/** Notes for each production branch the spans of which no count proves that GitHub's lists agree; answers what is proven. */
export function populationOf(records: Records, span: CountedPeriod, cite: Citations): Population {
  const all = recorded(records, "completeness");
  const bodies: readonly CompletenessRecord[] = all.map(({ body }) => body);
  const branches = recorded(records, "repository").flatMap(({ body }) =>
    body.inScope
      ? body.productionRefs.map((ref) => ({
          repositoryId: body.repository.id,
          ref,
          name: `${body.repository.owner}/${body.repository.name} ${ref}`,
          from: Math.max(span.from, Math.min(body.installedFrom, body.backfilledFrom ?? Infinity)),
          to: Math.min(span.to, body.removedAt ?? Infinity),
        }))
      : [],
  );
  const repo = branches.filter(({ from, to }) => from < to);
  if (repo.length === 0) cite.lacks(`a production branch that was under watch in ${span.name}`);
  for (const branch of repo) {
    const open = uncovered(provenIn(bodies, branch), branch);
    if (open.length > 0)
      cite.lacks(
        `a count of ${branch.name} that agrees with GitHub's lists for ${spansText(open)} (\`countersign reconcile\` or \`export\`)`,
      );
  }
  const proofs = all
    .filter(({ body }) => {
      const of = countedSpan(body);
      return body.complete && of.from < span.to && of.to > span.from;
    })
    .toSorted((a, b) => (a.entry.subject < b.entry.subject ? -1 : 1));
  const unseen = unobservedIn(records.observedTime, span, records.at);
  return {
    proofs,
    unseen,
    statement: {
      says: `${counted(span.changes, "change")} landed on production branches, and GitHub's own lists agree; ${counted(span.deployments, "deployment")} ${span.deployments === 1 ? "was" : "were"} ${unseen.length === 0 ? "recorded" : "recorded on the days that were observed"}`,
      rests: "listings",
      covers: repo.map(({ from, to }) => ({ from, to })),
    },
  };
}
