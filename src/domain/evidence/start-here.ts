/** What START-HERE.html contains, as values; the page is made of it elsewhere. */

import type { z } from "zod";

import type { Instant } from "../time/instant.ts";
import {
  observedIn,
  spansText,
  unobservedIn,
  type ObservedTime,
  type Statement,
} from "../monitoring/observed-time.ts";
import type { CoverageGapRecord } from "../records/monitoring.ts";
import type { Policy } from "../policy/file/policy.ts";
import { ASKED_BY, unasked } from "../policy/asked-controls.ts";
import { CONTROL_NAMES, type ControlName } from "../values/result.ts";
import { ownerOf } from "../monitoring/monthly.ts";
import { day, wholeDays, type Span } from "../time/span.ts";
import { completenessWords, provenSpans, type CompletenessDocument } from "./completeness.ts";
import { limitationsOf, type Manifest, type ObservedSchema } from "./package.ts";
import type { EvidenceSource, Period } from "./tables/population.ts";
import {
  answersInFigures,
  firstDeviations,
  firstEmergencies,
  type AnswerInFigures,
  type FirstOf,
  type ListedDeviation,
  type ListedEmergency,
} from "./front-lists.ts";
import type { RolledUp } from "./roll-up/figures.ts";
import { scopePolicies } from "./rows/policies.ts";
import { gapsOf } from "./rows/scope.ts";
import type { ShownDifference, SummaryDocument } from "./summary.ts";
import type { ClosingDocument } from "./closing.ts";
import { logHeadsOf, type LogHeads } from "./heads/front.ts";
import { timeText } from "./tables/table.ts";

/** Describes the content of START-HERE.html. Times are milliseconds. */
export interface StartHere {
  readonly packageId: string;
  readonly organization: { readonly id: number; readonly login: string };
  readonly period: Period;
  readonly generatedAt: number;
  readonly generator: { readonly name: string; readonly version: string };
  readonly apiUrl: string;
  readonly fingerprint: string;
  /** Which package of the period was handed over, and the first rows that differ from it. */
  readonly closing: ClosingDocument;
  readonly differences: readonly ShownDifference[];
  /** What is counted of each period that the package rolls up. */
  readonly rolledUp: RolledUp;
  readonly limitations: readonly string[];
  readonly answers: readonly AnswerInFigures[];
  readonly deviations: FirstOf<ListedDeviation>;
  readonly emergencies: FirstOf<ListedEmergency>;
  /** Controls that no policy in force requires, each with the key of the policy file that would. */
  readonly unasked: readonly { readonly control: ControlName; readonly key: string }[];
  /** The first monitoring gaps in time; the summary counts them all. */
  readonly gaps: readonly CoverageGapRecord[];
  readonly completeness: CompletenessDocument;
  /** Every month of the period, also one in which nothing happened or nobody looked. */
  readonly months: readonly Month[];
  /** By control: the company's own numbers for it, in the policies that judged something of the period. */
  readonly companyIds: Readonly<Record<string, string>>;
  /** Sentences with the spans they speak for. */
  readonly scopeWords: readonly Statement[];
  readonly gapsWords: readonly Statement[];
  readonly completenessWords: readonly Statement[];
  readonly summary: SummaryDocument;
  /** The heads of the log on GitHub. */
  readonly heads: LogHeads;
  readonly logHead: { readonly size: number; readonly hash: string };
  readonly files: Manifest["files"];
}

/** Describes one month of the period. It has its counts, and how many of its days were observed or read afterwards. */
export interface Month {
  readonly month: string;
  readonly changes: number;
  readonly by_verdict: SummaryDocument["months"][number]["by_verdict"];
  readonly deployments: number;
  readonly days: number;
  readonly daysSeen: number;
}

/** Describes what comes first in a package. It follows from what the package is made of and from what its tables count. */
export type FrontMatter = Pick<
  StartHere,
  | "answers"
  | "companyIds"
  | "completenessWords"
  | "deviations"
  | "emergencies"
  | "gaps"
  | "gapsWords"
  | "heads"
  | "limitations"
  | "months"
  | "scopeWords"
  | "unasked"
>;

/** Returns the content of observed.json. */
export function observedDocument({ since, until, unseen }: ObservedTime): z.infer<typeof ObservedSchema> {
  return {
    since: since === null ? null : timeText(since),
    until: timeText(until),
    unseen: unseen.map(({ from, to }) => ({ from: timeText(from), to: timeText(to) })),
  };
}

/** Returns what observed.json says was observed, with these gaps. */
export function readObserved(
  { since, until, unseen }: z.infer<typeof ObservedSchema>,
  gaps: ObservedTime["gaps"],
): ObservedTime {
  return {
    since: since === null ? null : Date.parse(since),
    until: Date.parse(until),
    gaps,
    unseen: unseen.map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) })),
  };
}

/** Gaps that are shown; all are in coverage-gaps.csv. */
const SHOWN_GAPS = 50;

/** Works out the first page's words. `policyDigests`: of the policies that judged something of the period. */
export async function frontMatter(
  source: EvidenceSource,
  facts: {
    readonly organization: StartHere["organization"];
    readonly completeness: CompletenessDocument;
    readonly summary: SummaryDocument;
    readonly policyDigests: ReadonlySet<string>;
    readonly closing: ClosingDocument;
  },
): Promise<FrontMatter> {
  const { period, generatedAt, observedTime } = source;
  const { organization, completeness, summary, policyDigests, closing } = facts;
  const policies = await policiesInForce(source, policyDigests);
  const gaps: CoverageGapRecord[] = [];
  for await (const { body } of gapsOf(source)) gaps.push(body);
  const months = countedMonths(source, summary);
  const notAsked = unasked(policies);
  const heads = await logHeadsOf(source, policies);
  return {
    answers: answersInFigures({ summary, completeness, months }),
    companyIds: companyIds(policies),
    completenessWords: completenessWords(completeness),
    deviations: await firstDeviations(source),
    emergencies: await firstEmergencies(source),
    gaps: gaps.toSorted((a, b) => a.from - b.from).slice(0, SHOWN_GAPS),
    gapsWords: gapsWords(observedTime, {
      period,
      generatedAt,
      gaps: summary.coverage_gaps.total,
      unread: summary.coverage_gaps.not_backfilled,
    }),
    heads,
    limitations: limitationsOf({
      heads,
      period,
      generatedAt,
      closing,
      completeness,
      observedTime,
      unasked: notAsked,
      secretsOnly: [
        ...new Set(policies.flatMap(({ production }) => production.secretsOnly ?? [])),
      ].toSorted(),
      monitoring: {
        rows: summary.monthly_reviews.total,
        isOwned: policies.some((policy) => CONTROL_NAMES.some((name) => ownerOf(policy, name) !== null)),
      },
      observed: {
        count: (summary.changes.by_mode["observe"] ?? 0) + (summary.deployments.by_mode["observe"] ?? 0),
        of: summary.changes.total + summary.deployments.total,
      },
      readLater: summary.changes.by_assurance["read-later"] ?? 0,
      unverifiable: {
        changes: summary.changes.by_verdict["unverifiable"] ?? 0,
        deployments: summary.deployments.by_verdict["unverifiable"] ?? 0,
        accepted: summary.changes.unverifiable_accepted,
      },
      late: summary.changes.late,
      gaps: summary.coverage_gaps.total,
    }),
    months,
    scopeWords: scopeWords({ organization, period, generatedAt, completeness, summary }),
    unasked: notAsked.map((control) => ({ control, key: ASKED_BY[control] ?? "policy" })),
  };
}

/** The policies that judged something of the period; where nothing happened, all that are known. */
async function policiesInForce(
  source: EvidenceSource,
  digests: ReadonlySet<string>,
): Promise<readonly Policy[]> {
  const policies: Policy[] = [];
  for await (const { body } of scopePolicies(source))
    if (digests.size === 0 || digests.has(body.digest)) policies.push(body.effective);
  return policies;
}

function companyIds(policies: readonly Policy[]): StartHere["companyIds"] {
  return Object.fromEntries(
    CONTROL_NAMES.flatMap((name) => {
      const ids = policies.flatMap(({ controls }) => controls[name]?.id ?? []);
      return ids.length === 0 ? [] : [[name, [...new Set(ids)].toSorted().join(", ")]];
    }),
  );
}

/** Returns every month of a period, with its counts and how many of its days were observed. */
export function countedMonths(
  { period, observedTime }: Pick<EvidenceSource, "observedTime"> & { readonly period: Span },
  summary: Pick<SummaryDocument, "months">,
): readonly Month[] {
  const counts = new Map(summary.months.map((each) => [each.month, each]));
  const months: Month[] = [];
  for (let from = period.from; from < period.to;) {
    const month = day(from).slice(0, 7);
    const [year = 0, number = 0] = month.split("-").map(Number);
    const span = { from, to: Math.min(Date.UTC(year, number), period.to) };
    const { changes, by_verdict, deployments } = counts.get(month) ?? NOTHING;
    const [days, daysSeen] = [wholeDays([span]), wholeDays(observedIn(observedTime, span))];
    months.push({ month, changes, by_verdict, deployments, days, daysSeen });
    from = span.to;
  }
  return months;
}

const NOTHING = { changes: 0, by_verdict: {}, deployments: 0 };

/** Returns the statements about monitoring gaps: which spans were observed, and which not. */
export function gapsWords(
  observedTime: ObservedTime,
  {
    period,
    generatedAt,
    gaps,
    unread,
  }: {
    readonly period: Period;
    readonly generatedAt: Instant;
    readonly gaps: number;
    /** Those of them of which nobody read afterwards what happened. */
    readonly unread: number;
  },
): readonly Statement[] {
  const seen = observedIn(observedTime, period);
  const unseen = unobservedIn(observedTime, period, generatedAt);
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
          `None is known for ${spansText(seen)}: the App observed, or read afterwards, every span of it in which it was installed.`,
          seen,
        )
      : says(
          `${some(gaps, "span", "spans")} in which the App could not see; what happened then was read from GitHub afterwards for ${gaps - unread} of ${gaps}.`,
        ),
    ...(unseen.length === 0 ? [] : [says(`Not observed, and not read afterwards: ${spansText(unseen)}.`)]),
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
  const isProven = branches.length > 0 && branches.every(({ proven }) => proven);
  const begins = branches.map((branch) => Math.min(...provenSpans(branch).map(({ from }) => from)));
  // Nothing is stated about days before a branch was counted.
  const from = isProven ? Math.max(period.from, Math.min(...begins)) : period.from;
  const later = isProven ? begins.filter((begin) => begin > from).length : 0;
  const since = `from ${timeText(from)}${later === 0 ? "" : ` (${later} of them from later on, as Completeness says)`}`;
  const population = `${some(branches.length, "production branch", "production branches")} in ${some(repositories, "repository", "repositories")} of ${organization.login} (organisation ${organization.id} on GitHub), ${since} up to ${timeText(until)}: ${some(changes.total, "change", "changes")}, of which ${changes.deployed} ${changes.deployed === 1 ? "is" : "are"} known to have been deployed to production; and ${some(deployments.total, "successful deployment", "successful deployments")} to production environments. Each of them was tested, none was sampled.`;
  return [
    isProven
      ? { says: `Every update of ${population}`, rests: "listings", covers: branches.flatMap(provenSpans) }
      : { says: `The updates that are known of ${population}`, rests: "listings", covers: [] },
  ];
}

function some(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Holds the words a reader of the package needs, each with its meaning here. */
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
    "The outcomes folded: compliant; emergency (what did not pass was waived by an authorised emergency, whose own controls passed or are not yet due); exempted (waived by a registered exemption); non-compliant; unverifiable; or historic (before monitoring was agreed).",
  ],
  [
    "Deviation",
    "A change or deployment that is non-compliant: what an auditor calls an exception noted. Of type design (the control as set up was not enough) or operating (set up, and not followed). One lists every change and deployment of one cause.",
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
  [
    "Monthly review",
    "A control's owner is asked after each month to sign off what it came to. Signed off late, not at all (missing), or as something else than the month is known to be now (changed) is called that.",
  ],
  ["Monitoring gap", "A span in which the App could not see, and why."],
  [
    "Observed, read-later",
    "How a fact came to be known: seen when it happened, or read from GitHub afterwards, which is of lower assurance.",
  ],
  [
    "Mode",
    "enforce: what does not comply is blocked, and is a deviation if it lands all the same. observe: it is recorded, and nothing else.",
  ],
  [
    "Closed period, addendum",
    "A period is closed when its package is handed over: the package's digest goes into the evidence log. What comes to light afterwards is in an addendum, which names every row that differs and why.",
  ],
  ["Late", "Found by a sweep or backfill, not when it happened."],
  [
    "Evidence log",
    "The append-only record behind this package. Each entry's hash covers the hash of the entry before it.",
  ],
  [
    "Head of the log",
    "How many entries the log holds, and the hash of the last one. Posted where others date and keep it, it shows later whether an entry before it was rewritten.",
  ],
];
