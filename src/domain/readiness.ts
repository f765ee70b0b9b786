/** Readiness: whether an audit could begin today, with every reason against it, and what the records would make an opinion look like. */

import type { Instant } from "./change.ts";
import {
  isDeviation,
  isUnsettled,
  monthlyStatus,
  ownerOf,
  type MonthlyTally,
} from "./deviation/monitoring.ts";
import type { ReviewedMonth } from "./deviation/operating.ts";
import { recoveryOf, type Recovery } from "./deviation/recovery.ts";
import { opinionOutlook, type Outlook } from "./outlook.ts";
import type { Policy } from "./policy/policy.ts";
import { leavesOf } from "./policy/requirement.ts";
import type { Setting } from "./protection/settings.ts";
import { sayName } from "./protection/words.ts";
import { weaknessesOf } from "./protection/words.ts";
import type {
  CompletenessRecord,
  CoverageGapRecord,
  DeviationRecord,
  MonthlyFigures,
  MonthlyReviewRecord,
  PolicyRecord,
  RemediationRecord,
  RepositoryRecord,
} from "./record.ts";
import type { ControlName } from "./result.ts";
import { some, time } from "./wording.ts";

/** Everything readiness is judged on, read from the log at one moment. */
export interface ReadinessFacts {
  readonly at: Instant;
  /** The tested span, half-open. */
  readonly from: Instant;
  readonly to: Instant;
  readonly policy: PolicyRecord | null;
  readonly tally: MonthlyTally;
  /** Results that could not be told, each as `what: control: why`. */
  readonly unverifiable: readonly string[];
  readonly repositories: readonly RepositoryRecord[];
  /** The newest settings of each repository. */
  readonly settings: readonly { readonly repository: string; readonly setting: Setting }[];
  /** Of all time. */
  readonly deviations: readonly DeviationRecord[];
  /** Of all time. */
  readonly remediations: readonly RemediationRecord[];
  /** Of all time. */
  readonly months: readonly ReviewedMonth[];
  readonly gaps: readonly CoverageGapRecord[];
  /** Those that touch the span, the newest of each branch last. */
  readonly completeness: readonly CompletenessRecord[];
  readonly reviews: readonly MonthlyReviewRecord[];
  /** The running observation period. */
  readonly period: { readonly name: string; readonly from: Instant; readonly to: Instant };
}

/** One thing found. `against`: whether it speaks against beginning. */
export interface Finding {
  readonly code: string;
  readonly against: boolean;
  readonly says: string;
}

/** How a running period stands. Days are whole days. */
export interface PeriodState {
  readonly name: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly deviations: number;
  readonly unsettled: number;
  readonly daysLeft: number;
  /** Since the newest deviation, or since the period began; the days a corrected control has operated. */
  readonly cleanDays: number;
}

/** The answer. */
export interface Readiness {
  readonly go: boolean;
  readonly findings: readonly Finding[];
  readonly controls: readonly ({
    readonly control: ControlName;
    readonly owner: string | null;
  } & MonthlyFigures)[];
  readonly outlook: Outlook;
  readonly period: PeriodState;
  readonly recovery: Recovery;
}

const DAY = 24 * 3_600_000;
const SHOWN = 5;

/** Judges the facts; go only if nothing speaks against it. */
export function readinessOf(facts: ReadinessFacts): Readiness {
  const policy = facts.policy?.effective ?? null;
  const controls = (policy === null ? [] : facts.tally.inUse(policy)).map((control) => ({
    control,
    owner: policy === null ? null : ownerOf(policy, control),
    ...facts.tally.figures(control),
  }));
  const findings = [
    ...ofPolicy(policy),
    ...ofSettings(facts.settings),
    ...ofControls(controls),
    ...ofDeviations(facts),
    ...ofUnverifiable(facts.unverifiable),
    ...ofGaps(facts),
    ...ofCompleteness(facts),
    ...ofRepositories(facts.repositories),
    ...ofReviews(facts),
  ];
  return {
    go: findings.every(({ against }) => !against),
    findings,
    controls,
    outlook: opinionOutlook(controls, findings),
    period: periodState(facts),
    recovery: recoveryOf(facts.deviations, facts.remediations, facts.months, facts.at),
  };
}

function ofPolicy(policy: Policy | null): readonly Finding[] {
  if (policy === null)
    return [against("policy", "No policy was ever read: nothing says what is asked of a change.")];
  const approvals = [...policy.approvals, ...policy.rules.map(({ approval }) => approval)].flatMap(leavesOf);
  return [
    ...(policy.mode === "observe"
      ? [
          against(
            "observe",
            "The mode is observe: nothing is held back, and nothing is opened as a deviation.",
          ),
        ]
      : []),
    ...(policy.approvals.flatMap(leavesOf).every(({ required }) => required === 0)
      ? [
          against(
            "no-approval",
            "The policy asks for no approval of every change (`approval.required` is 0).",
          ),
        ]
      : []),
    ...(approvals.length > 0 && policy.emergency.alone !== null
      ? [note("alone", "The policy lets people authorise their own emergency, to be confirmed afterwards.")]
      : []),
  ];
}

function ofSettings(settings: ReadinessFacts["settings"]): readonly Finding[] {
  if (settings.length === 0)
    return [against("protection-unread", "How branches are protected has not been read yet.")];
  const byRepository = Map.groupBy(settings, ({ repository }) => repository);
  const weak = new Map<string, { readonly remedy: string; readonly where: string[] }>();
  for (const [repository, own] of byRepository)
    for (const { place, weakness, remedy } of weaknessesOf(own.map(({ setting }) => setting))) {
      const known = weak.get(weakness) ?? { remedy, where: [] };
      known.where.push(`${repository} ${place.name}`);
      weak.set(weakness, known);
    }
  const hidden = settings.filter(({ setting }) => setting.value === null && setting.because !== null);
  const names = [...new Set(hidden.map(({ setting }) => sayName(setting.setting)))];
  return [
    ...[...weak].map(([weakness, { remedy, where }]) =>
      against("design", `${capital(weakness)} (${some(where, SHOWN)}). To mend it, ${remedy}.`),
    ),
    ...(names.length === 0
      ? []
      : [note("unobservable", `GitHub does not let the App see everything: ${some(names, SHOWN)}.`)]),
  ];
}

function ofControls(controls: Readiness["controls"]): readonly Finding[] {
  if (controls.every(({ population }) => population === 0))
    return [against("nothing-tested", "Nothing happened in this span that a control could be tested on.")];
  const ownerless = controls.filter(({ owner }) => owner === null).map(({ control }) => control);
  return [
    ...controls
      .filter(({ failed }) => failed > 0)
      .map(({ control, failed, population, openRemediations }) =>
        finding(
          "failed",
          openRemediations > 0,
          `${control} failed on ${failed} of ${population}${openRemediations > 0 ? `; ${openRemediations} not settled` : ", all settled"}.`,
        ),
      ),
    ...(ownerless.length === 0
      ? []
      : [
          against("owner", `Nobody is named as the owner of ${ownerless.join(", ")} (\`monitoring.owner\`).`),
        ]),
  ];
}

function ofDeviations({ deviations, remediations }: ReadinessFacts): readonly Finding[] {
  const owned = new Set(remediations.filter(({ owner }) => owner !== null).map(({ deviation }) => deviation));
  const unsettled = deviations.filter(isUnsettled);
  const ownerless = unsettled.filter(({ id }) => !owned.has(id)).map(({ id }) => id);
  return [
    ...(unsettled.length === 0
      ? []
      : [
          against(
            "unsettled",
            `${count(unsettled.length, "deviation")} not settled: ${some(
              unsettled.map(({ id }) => id),
              SHOWN,
            )}.`,
          ),
        ]),
    ...(ownerless.length === 0
      ? []
      : [
          against(
            "deviation-owner",
            `Nobody owns ${some(ownerless, SHOWN)}: say \`/countersign owner @login\` on its issue.`,
          ),
        ]),
  ];
}

function ofUnverifiable(items: readonly string[]): readonly Finding[] {
  if (items.length === 0) return [];
  return [
    against("unverifiable", `${count(items.length, "result")} cannot be told: ${some(items, SHOWN, "; ")}.`),
  ];
}

function ofGaps({ gaps }: ReadinessFacts): readonly Finding[] {
  return gaps.map(({ scope, cause, from, to, backfilled, because }) =>
    finding(
      "gap",
      to === null || !backfilled,
      to === null
        ? `${scope} cannot be seen since ${time(from)} (${cause}: ${because}).`
        : `${scope} could not be seen from ${time(from)} to ${time(to)} (${cause}); what happened then was ${backfilled ? "read afterwards" : "never read"}.`,
    ),
  );
}

function ofCompleteness({ completeness, repositories }: ReadinessFacts): readonly Finding[] {
  const newest = new Map(
    completeness.map((each) => [`${each.repository.owner}/${each.repository.name} ${each.ref}`, each]),
  );
  const unproven = [...newest].filter(([, { complete }]) => !complete).map(([name]) => name);
  const uncounted = repositories
    .filter(({ inScope, removedAt }) => inScope && removedAt === null)
    .flatMap(({ repository, productionRefs }) =>
      productionRefs.map((ref) => `${repository.owner}/${repository.name} ${ref}`),
    )
    .filter((name) => !newest.has(name));
  return [
    ...(unproven.length === 0
      ? []
      : [against("incomplete", `GitHub's lists and the log differ for ${some(unproven, SHOWN)}.`)]),
    ...(uncounted.length === 0
      ? []
      : [
          against("uncounted", `Not counted against GitHub's lists in this span: ${some(uncounted, SHOWN)}.`),
        ]),
  ];
}

function ofRepositories(repositories: readonly RepositoryRecord[]): readonly Finding[] {
  const name = ({ repository }: RepositoryRecord): string => `${repository.owner}/${repository.name}`;
  const gone = repositories.filter(({ removedAt, inScope }) => removedAt !== null && inScope);
  const out = repositories.filter(({ inScope }) => !inScope);
  const unfollowed = repositories.filter(
    ({ inScope, removedAt, archived, productionRefs }) =>
      inScope && removedAt === null && !archived && productionRefs.length === 0,
  );
  return [
    ...(gone.length === 0
      ? []
      : [against("uncovered", `Not visible any more: ${some(gone.map(name), SHOWN)}.`)]),
    ...(unfollowed.length === 0
      ? []
      : [against("unfollowed", `No production branch is followed in ${some(unfollowed.map(name), SHOWN)}.`)]),
    ...(out.length === 0
      ? []
      : [
          note(
            "out-of-scope",
            `Out of scope: ${some(
              out.map((each) => `${name(each)} (${each.reason})`),
              SHOWN,
            )}.`,
          ),
        ]),
    note(
      "installation",
      "Repositories the App is not installed on are not known here: compare with the organisation's own list.",
    ),
  ];
}

function ofReviews({ reviews, at }: ReadinessFacts): readonly Finding[] {
  const told = (status: string): readonly string[] =>
    reviews
      .filter((each) => monthlyStatus(each, at) === status)
      .map(({ control, month }) => `${control} ${month}`);
  const [missing, late] = [told("missing"), told("late")];
  return [
    ...(missing.length === 0 ? [] : [against("review-missing", `Not signed off: ${some(missing, SHOWN)}.`)]),
    ...(late.length === 0 ? [] : [note("review-late", `Signed off late: ${some(late, SHOWN)}.`)]),
  ];
}

function periodState({ period, deviations, at }: ReadinessFacts): PeriodState {
  const own = deviations.filter(
    (each) => isDeviation(each) && each.happenedAt >= period.from && each.happenedAt < period.to,
  );
  const newest = Math.max(
    period.from,
    ...own.flatMap(({ happenedAt, listed }) => [happenedAt, ...listed.map((each) => each.at)]),
  );
  return {
    ...period,
    deviations: own.length,
    unsettled: own.filter(isUnsettled).length,
    daysLeft: Math.max(0, Math.ceil((period.to - at) / DAY)),
    cleanDays: Math.max(0, Math.floor((Math.min(at, period.to) - newest) / DAY)),
  };
}

/** The period of the policy that a moment lies in, else its calendar quarter; UTC. */
export function periodAt(policy: Policy | null, at: Instant): ReadinessFacts["period"] {
  const named = (policy?.periods ?? [])
    .map(({ name, from, to }) => ({ name, from: Date.parse(from), to: Date.parse(to) }))
    .find(({ from, to }) => at >= from && at < to);
  if (named !== undefined) return named;
  const now = new Date(at);
  const quarter = Math.floor(now.getUTCMonth() / 3);
  const year = now.getUTCFullYear();
  return {
    name: `${year}-Q${quarter + 1}`,
    from: Date.UTC(year, quarter * 3),
    to: Date.UTC(year, quarter * 3 + 3),
  };
}

function against(code: string, says: string): Finding {
  return { code, against: true, says };
}

function note(code: string, says: string): Finding {
  return { code, against: false, says };
}

function finding(code: string, isAgainst: boolean, says: string): Finding {
  return { code, against: isAgainst, says };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? " is" : "s are"}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
