/** What START-HERE.html says, as values; the page is made of it elsewhere. */

import type { Instant } from "../change.ts";
import { seenIn, spansText, unseenIn, type Sight, type Statement } from "../observed.ts";
import type { CoverageGapRecord } from "../record.ts";
import { provenSpans, type CompletenessDocument } from "./completeness.ts";
import type { Manifest } from "./package.ts";
import type { Period } from "./population.ts";
import type { SummaryDocument } from "./summary.ts";
import { timeText } from "./table.ts";

/** The content of START-HERE.html. Times are milliseconds. */
export interface StartHere {
  readonly packageId: string;
  readonly organization: { readonly id: number; readonly login: string };
  readonly period: Period;
  readonly generatedAt: number;
  readonly generator: { readonly name: string; readonly version: string };
  readonly apiUrl: string;
  readonly fingerprint: string;
  readonly limitations: readonly string[];
  /** The first monitoring gaps; the summary counts them all. */
  readonly gaps: readonly CoverageGapRecord[];
  readonly completeness: CompletenessDocument;
  /** Sentences with the spans they speak for. */
  readonly scopeWords: readonly Statement[];
  readonly gapsWords: readonly Statement[];
  readonly completenessWords: readonly Statement[];
  readonly summary: SummaryDocument;
  readonly logHead: { readonly size: number; readonly hash: string };
  readonly files: Manifest["files"];
}

/** Returns what is said of monitoring gaps: of which spans it is known that somebody looked, and of which not. */
export function gapsWords(
  sight: Sight,
  {
    period,
    generatedAt,
    gaps,
  }: { readonly period: Period; readonly generatedAt: Instant; readonly gaps: number },
): readonly Statement[] {
  const seen = seenIn(sight, period);
  const unseen = unseenIn(sight, period, generatedAt);
  const says = (text: string, covers: Statement["covers"] = []): Statement => {
    return { says: text, rests: "watch", covers };
  };
  return [
    ...(generatedAt < period.to
      ? [
          says(
            `The period is not over. Of ${spansText([{ from: generatedAt, to: period.to }])} nothing is known.`,
          ),
        ]
      : []),
    gaps === 0 && unseen.length === 0 && seen.length > 0
      ? says(
          `None is known in ${spansText(seen)}: the App saw, or read afterwards, every span of it in which it was installed.`,
          seen,
        )
      : says(`${gaps} ${gaps === 1 ? "span" : "spans"} in which the App could not see.`),
    ...(unseen.length === 0
      ? []
      : [says(`What happened in ${spansText(unseen)} was not observed, and not read afterwards.`)]),
  ];
}

/** Returns what the populations hold, and of which spans it is proven that they hold everything. */
export function scopeWords(facts: {
  readonly organization: StartHere["organization"];
  readonly period: Period;
  readonly generatedAt: Instant;
  readonly completeness: CompletenessDocument;
  readonly summary: SummaryDocument;
}): readonly Statement[] {
  const { organization, period, completeness, summary, generatedAt } = facts;
  const { branches } = completeness;
  const repositories = new Set(branches.map((branch) => branch.repository_id)).size;
  const { changes, deployments } = summary;
  const until = Math.min(period.to, generatedAt);
  const population = `${some(branches.length, "production branch", "production branches")} in ${some(repositories, "repository", "repositories")} of ${organization.login} (organisation ${organization.id} on GitHub), from ${timeText(period.from)} up to ${timeText(until)}: ${some(changes.total, "change", "changes")}, of which ${changes.deployed} ${changes.deployed === 1 ? "is" : "are"} known to have been deployed to production; and ${some(deployments.total, "successful deployment", "successful deployments")} to production environments. Every one was tested, none was sampled.`;
  const isProven = branches.length > 0 && branches.every(({ proven }) => proven);
  return [
    isProven
      ? { says: `Every update of ${population}`, rests: "listings", covers: branches.flatMap(provenSpans) }
      : { says: `The updates that are known of ${population}`, rests: "listings", covers: [] },
  ];
}

function some(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** The words a reader of the package needs, each with its meaning here. */
export const GLOSSARY: readonly (readonly [string, string])[] = [
  [
    "Change",
    "One update of a production branch: a merged pull request, a merge queue's merge, a direct or a forced push. Changes without a pull request are in the population like all others.",
  ],
  [
    "Contributor",
    "Whoever shaped the content: the pull request's author, commit authors, co-authors and committers, and whoever was seen to push.",
  ],
  [
    "Approval",
    "A review that counts: by someone who did not make alone what it covers, who held the required authority, given for the content that was merged, not dismissed, one per person. Those that do not count are listed with the reason.",
  ],
  ["Control", "One named requirement, tested on every change or deployment; see controls.csv."],
  [
    "Outcome",
    "What a control says of one subject: pass, fail, waived (under an authorised emergency or a registered exemption), not-applicable, or unverifiable.",
  ],
  [
    "Unverifiable",
    "A fact that decides could not be found out. It is never a pass and is counted apart from fail.",
  ],
  [
    "Verdict",
    "The outcomes folded: compliant, emergency, exempted, non-compliant, unverifiable, or historic (before monitoring was agreed).",
  ],
  [
    "Deviation",
    "A change or deployment that is not compliant: what an auditor calls an exception noted. Of type design (as set up, nothing could have held it) or operating (set up, and not followed).",
  ],
  [
    "Policy",
    "The company's own parameters for the controls. The version in force is recorded with each verdict and is in policies/.",
  ],
  ["Population", "Every change or deployment in scope in the period, compliant or not."],
  [
    "Completeness",
    "The proof that the population equals GitHub's own lists: each update of a branch begins at the commit where the one before it ended, and every difference is named.",
  ],
  ["Monitoring gap", "A span in which the App could not see, and why."],
  [
    "Observed, read-later",
    "How a fact came to be known: seen when it happened, or read from GitHub afterwards, which is of lower assurance.",
  ],
  ["Late", "Found by a sweep or backfill, not when it happened."],
  [
    "Evidence log",
    "The append-only record behind this package. Each entry's hash covers the hash of the entry before it.",
  ],
];
