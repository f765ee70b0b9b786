/** Readiness: whether an audit could begin today, with every reason against it, and what the records would make an opinion look like. */

import type { Instant } from "../time/instant.ts";
import {
  isDeviation,
  isUnsettled,
  monthlyStatus,
  ownerOf,
  type MonthlyTally,
} from "../monitoring/monthly.ts";
import type { ReviewedMonth } from "../deviation/operating.ts";
import { recoveryOf, type Recovery } from "../deviation/recovery.ts";
import {
  provenIn,
  observedIn,
  spansText,
  unobservedIn,
  type ObservedTime,
  type Statement,
} from "../monitoring/observed-time.ts";
import { opinionOutlook, type Outlook } from "./opinion-outlook.ts";
import type { Policy } from "../policy/file/policy.ts";
import { unasked, unaskedText } from "../policy/asked-controls.ts";
import { leafRequirementsIn } from "../policy/file/requirement.ts";
import type { Setting } from "../protection/settings.ts";
import { settingNameText, weaknessesOf } from "../protection/words.ts";
import type { RepositoryRecord } from "../records/repository.ts";
import type { ControlName } from "../values/result.ts";
import { uncovered, wholeDays, type Span } from "../time/span.ts";
import { CONTROL_TITLES, some, time } from "../texts/wording.ts";
import { DAY } from "../time/durations.ts";
import type { PolicyRecord } from "../policy/record.ts";
import type { DeviationRecord } from "../records/deviation.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import type { CompletenessRecord, MonthlyFigures, MonthlyReviewRecord } from "../records/monitoring.ts";
import { monthOf, monthSpan } from "../time/month.ts";

/** Describes everything readiness is judged on, read from the log at one moment. */
export interface ReadinessFacts {
  readonly at: Instant;
  /** The tested span, half-open. */
  readonly from: Instant;
  readonly to: Instant;
  readonly policy: PolicyRecord | null;
  /** The policies of all repositories that are in force. */
  readonly policies: readonly PolicyRecord[];
  readonly tally: MonthlyTally;
  /** The same by the months (YYYY-MM) of the span, each as far as it lies in it. */
  readonly tallies: ReadonlyMap<string, MonthlyTally>;
  /** Results that could not be verified, each as `what: title of the control: why`. */
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
  /** What was observed by now. */
  readonly observedTime: ObservedTime;
  readonly completeness: readonly CompletenessRecord[];
  /** Each with what its month is known to be now. */
  readonly reviews: readonly {
    readonly review: MonthlyReviewRecord;
    readonly figures: MonthlyFigures | undefined;
  }[];
  /** The running observation period. */
  readonly period: { readonly name: string; readonly from: Instant; readonly to: Instant };
}

/** One thing found. `against`: whether it speaks against beginning. */
interface ReadinessItem {
  readonly code: string;
  readonly against: boolean;
  readonly says: string;
  /** What to do about it, where one thing is known to help. */
  readonly remedy?: string;
}

/** How a running period stands. Days are whole days. */
interface PeriodState {
  readonly name: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly deviations: number;
  readonly unsettled: number;
  readonly daysLeft: number;
  /** Whole days observed since the newest deviation, or since the period began. */
  readonly cleanDays: number;
  /** What these days come to, and which days nobody observed. */
  readonly statement: Statement;
}

/** Describes the answer. */
export interface AuditReadiness {
  readonly go: boolean;
  readonly findings: readonly ReadinessItem[];
  readonly controls: readonly ({
    readonly control: ControlName;
    readonly owner: string | null;
    /** Each month of the span, as far as it lies in it. */
    readonly months: readonly ({ readonly month: string } & MonthlyFigures)[];
  } & MonthlyFigures)[];
  readonly outlook: Outlook;
  readonly period: PeriodState;
  readonly recovery: Recovery;
  /** Every sentence that states that nothing else happened on some days, or that all is known of them. */
  readonly statements: readonly Statement[];
}

const SHOWN = 5;

/** Judges the facts; go only if nothing speaks against it. */
export function readinessOf(facts: ReadinessFacts): AuditReadiness {
  const policy = facts.policy?.effective ?? null;
  const controls = (policy === null ? [] : facts.tally.inUse(policy)).map((control) => ({
    control,
    owner: policy === null ? null : ownerOf(policy, control),
    ...facts.tally.figures(control),
    months: [...facts.tallies].map(([month, tally]) => ({ month, ...tally.figures(control) })),
  }));
  const findings = [
    ...ofPolicy(policy, facts.policies),
    ...ofSettings(facts.settings),
    ...ofControls(controls),
    ...ofDeviations(facts),
    ...ofUnverifiable(facts.unverifiable),
    ...ofGaps(facts),
    ...observedTimeItems(facts),
    ...ofCompleteness(facts),
    ...ofRepositories(facts.repositories),
    ...ofReviews(facts),
  ];
  const period = periodState(facts);
  const go = findings.every(({ against }) => !against);
  const { observedTime, from, to } = facts;
  const repo: Statement = {
    says: `Observed: ${spansText(observedIn(observedTime, { from, to }))}.`,
    rests: "watch",
    covers: observedIn(observedTime, { from, to }),
  };
  const statements = [...(go ? [repo] : []), period.statement, ...provenStatements(facts)].filter(
    ({ says }) => says !== "",
  );
  return {
    go,
    findings,
    controls,
    outlook: opinionOutlook(controls, findings),
    period,
    recovery: recoveryOf(facts.deviations, facts.remediations, facts.months, facts.at, facts.observedTime),
    statements,
  };
}

function ofPolicy(policy: Policy | null, inForce: ReadinessFacts["policies"]): readonly ReadinessItem[] {
  if (policy === null)
    return [against("policy", "No policy was ever read, so nothing defines what a change needs.")];
  const approvals = [...policy.approvals, ...policy.rules.map(({ approval }) => approval)].flatMap(
    leafRequirementsIn,
  );
  return [
    ...(policy.mode === "observe"
      ? [against("observe", "The policy is in observe mode: nothing is blocked, and no deviation is opened.")]
      : []),
    ...(policy.approvals.flatMap(leafRequirementsIn).every(({ required }) => required === 0)
      ? [
          against(
            "no-approval",
            "The policy requires no approval of every change (`approval.required` is 0).",
          ),
        ]
      : []),
    ...notAsked(inForce),
    ...ofAccess(policy),
    ...(approvals.length > 0 && policy.emergency.alone !== null
      ? [note("alone", "The policy lets people authorise their own emergency, to be confirmed afterwards.")]
      : []),
  ];
}

/** Names of `access` that meant nobody: GitHub may have no such team or login, or not show it to the App. */
function ofAccess({ names }: Policy): readonly ReadinessItem[] {
  const { teams = [], accounts = [] } = names?.access ?? {};
  const missing = (all: typeof teams): string =>
    some(
      all.filter(({ id }) => id === null).map(({ name }) => name),
      SHOWN,
    );
  const [ofTeams, ofAccounts] = [missing(teams), missing(accounts)];
  const remedy = "Correct the name in the policy, or let the App read it (`countersign doctor`).";
  return [
    ...(ofTeams === ""
      ? []
      : [
          note(
            "access-team",
            `\`access.leads\` names ${ofTeams}: GitHub showed the App no such team, so nobody leads by that name.`,
            remedy,
          ),
        ]),
    ...(ofAccounts === ""
      ? []
      : [
          note(
            "access-account",
            `\`access.auditors\` names ${ofAccounts}: GitHub showed the App no such account, so nobody audits by that name.`,
            remedy,
          ),
        ]),
  ];
}

function notAsked(inForce: ReadinessFacts["policies"]): readonly ReadinessItem[] {
  const says = unaskedText(
    unasked(inForce.map(({ effective }) => effective)),
    (control) => CONTROL_TITLES[control],
  );
  return says === null ? [] : [note("not-asked", says)];
}

function ofSettings(settings: ReadinessFacts["settings"]): readonly ReadinessItem[] {
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
  const names = [...new Set(hidden.map(({ setting }) => settingNameText(setting.setting)))];
  return [
    ...[...weak].map(([weakness, { remedy, where }]) =>
      against("design", `${capital(weakness)} (${some(where, SHOWN)}).`, `To fix it, ${remedy}.`),
    ),
    ...(names.length === 0
      ? []
      : [note("unobservable", `GitHub does not let the App see everything: ${some(names, SHOWN)}.`)]),
  ];
}

function ofControls(controls: AuditReadiness["controls"]): readonly ReadinessItem[] {
  if (controls.every(({ population }) => population === 0))
    return [against("nothing-tested", "Nothing happened in this period that a control could be tested on.")];
  const ownerless = controls
    .filter(({ owner }) => owner === null)
    .map(({ control }) => CONTROL_TITLES[control]);
  return [
    ...controls
      .filter(({ failed }) => failed > 0)
      .map(({ control, failed, population, openRemediations }) =>
        finding(
          "failed",
          openRemediations > 0,
          `${capital(CONTROL_TITLES[control])} failed on ${failed} of ${population}; ${openRemediations === 0 ? "no deviation of it is" : count(openRemediations, "deviation of it", "deviations of it")} open.`,
        ),
      ),
    ...(ownerless.length === 0
      ? []
      : [
          against("owner", `Nobody is named as the owner of ${ownerless.join(", ")} (\`monitoring.owner\`).`),
        ]),
  ];
}

function ofDeviations({ deviations, remediations }: ReadinessFacts): readonly ReadinessItem[] {
  const owned = new Set(remediations.filter(({ owner }) => owner !== null).map(({ deviation }) => deviation));
  const unsettled = deviations.filter(isUnsettled);
  const ownerless = unsettled.filter(({ id }) => !owned.has(id)).map(({ id }) => id);
  return [
    ...(unsettled.length === 0
      ? []
      : [
          against(
            "unsettled",
            `${count(unsettled.length, "deviation", "deviations")} open: ${some(
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
            `Nobody owns ${some(ownerless, SHOWN)}: comment \`/countersign owner @login\` on ${ownerless.length === 1 ? "its issue" : "their issues"}.`,
          ),
        ]),
  ];
}

function ofUnverifiable(items: readonly string[]): readonly ReadinessItem[] {
  if (items.length === 0) return [];
  return [
    against(
      "unverifiable",
      `${items.length} ${items.length === 1 ? "result is" : "results are"} unverifiable: ${some(items, SHOWN, "; ")}.`,
    ),
  ];
}

function ofGaps({ observedTime, from: begin, to: end }: ReadinessFacts): readonly ReadinessItem[] {
  return observedTime.gaps
    .filter(({ from, to }) => from < end && (to === null || to > begin))
    .map(({ scope, cause, from, to, backfilled, because }) =>
      finding(
        "gap",
        to === null || !backfilled,
        to === null
          ? `${scope} has not been observed since ${time(from)} (${cause}: ${because}).`
          : `${scope} was not observed from ${time(from)} to ${time(to)} (${cause}); what happened then was ${backfilled ? "read afterwards" : "never read"}.`,
      ),
    );
}

function observedTimeItems({ observedTime, from, to, at }: ReadinessFacts): readonly ReadinessItem[] {
  const unseen = unobservedIn(observedTime, { from, to }, at);
  return [
    ...(unseen.length === 0
      ? []
      : [
          against(
            "unseen",
            `Nobody observed ${spansText(unseen)}, and what happened then was not read afterwards.`,
          ),
        ]),
    ...(observedTime.since !== null && observedTime.since > from
      ? [
          note(
            "began",
            `Observation began at ${time(observedTime.since)}; the days before it are not judged.`,
          ),
        ]
      : []),
  ];
}

/** One branch under watch, and the part of the span in which it was. */
function branchesOf({ repositories, from, to, at }: ReadinessFacts): readonly (Span & {
  readonly name: string;
  readonly repositoryId: number;
  readonly ref: string;
})[] {
  return repositories
    .filter(({ inScope, removedAt }) => inScope && removedAt === null)
    .flatMap(({ repository, productionRefs, installedFrom, backfilledFrom }) =>
      productionRefs.map((ref) => ({
        name: `${repository.owner}/${repository.name} ${ref}`,
        repositoryId: repository.id,
        ref,
        from: Math.max(from, Math.min(installedFrom, backfilledFrom ?? Infinity)),
        to: Math.min(to, at),
      })),
    );
}

/** A month is counted in the night after it has ended. */
const COUNTED_WITHIN = 2 * DAY;

function ofCompleteness(facts: ReadinessFacts): readonly ReadinessItem[] {
  const { completeness, at } = facts;
  const touching = completeness
    .filter(({ from, to }) => from < facts.to && to > facts.from)
    .toSorted((a, b) => a.to - b.to || a.checkedAt - b.checkedAt);
  const newest = new Map(
    touching.map((each) => [`${each.repository.owner}/${each.repository.name} ${each.ref}`, each]),
  );
  const unproven = [...newest].filter(([, { complete }]) => !complete).map(([name]) => name);
  const branches = branchesOf(facts);
  const uncounted = branches.filter(({ name }) => !newest.has(name)).map(({ name }) => name);
  // The month that runs is counted when it has ended.
  const owed = monthSpan(monthOf(at - COUNTED_WITHIN)).from;
  const open = branches
    .filter(({ name }) => newest.get(name)?.complete === true)
    .flatMap((branch) =>
      uncovered(provenIn(completeness, branch), branch).map((span) => ({ ...span, name: branch.name })),
    );
  const lacking = open.flatMap((span) => {
    const to = Math.min(span.to, owed);
    return span.from < to ? [`${span.name}, ${spansText([{ from: span.from, to }])}`] : [];
  });
  const running = open.filter(({ to }) => to > owed);
  return [
    ...(unproven.length === 0
      ? []
      : [against("incomplete", `GitHub's lists and the log differ for ${some(unproven, SHOWN)}.`)]),
    ...(uncounted.length === 0
      ? []
      : [
          against("uncounted", `Not counted against GitHub's lists in this span: ${some(uncounted, SHOWN)}.`),
        ]),
    ...(lacking.length === 0
      ? []
      : [against("uncounted", `Not counted against GitHub's lists: ${some(lacking, SHOWN, "; ")}.`)]),
    ...(running.length === 0
      ? []
      : [
          note(
            "not-counted-yet",
            `Not counted against GitHub's lists yet, as the month is not over: ${some(
              running.map((span) => `${span.name} since ${time(Math.max(span.from, owed))}`),
              SHOWN,
            )}.`,
          ),
        ]),
  ];
}

/** What the counts prove, branch by branch. */
function provenStatements(facts: ReadinessFacts): readonly Statement[] {
  return branchesOf(facts).flatMap((branch): readonly Statement[] => {
    const covers = uncovered(uncovered(provenIn(facts.completeness, branch), branch), branch);
    if (covers.length === 0) return [];
    return [
      {
        says: `GitHub's lists and the log agree for ${branch.name}: ${spansText(covers)}.`,
        rests: "listings",
        covers,
      },
    ];
  });
}

function ofRepositories(repositories: readonly RepositoryRecord[]): readonly ReadinessItem[] {
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
              out.map((each) => `${name(each)}: ${each.reason}`),
              SHOWN,
              "; ",
            )}.`,
          ),
        ]),
    note(
      "installation",
      "Repositories the App is not installed on are not known here: compare with the organisation's own list.",
    ),
  ];
}

function ofReviews({ reviews, at }: ReadinessFacts): readonly ReadinessItem[] {
  const withStatus = (status: string): readonly string[] =>
    reviews
      .filter(({ review, figures }) => monthlyStatus(review, at, figures) === status)
      .map(({ review: { control, month } }) => `${CONTROL_TITLES[control]} ${month}`);
  const [missing, late, changed] = [withStatus("missing"), withStatus("late"), withStatus("changed")];
  return [
    ...(changed.length === 0
      ? []
      : [
          against(
            "review-changed",
            `Signed off as something else than the month is known to be now: ${some(changed, SHOWN)}.`,
          ),
        ]),
    ...(missing.length === 0 ? [] : [against("review-missing", `Not signed off: ${some(missing, SHOWN)}.`)]),
    ...(late.length === 0 ? [] : [note("review-late", `Signed off late: ${some(late, SHOWN)}.`)]),
  ];
}

function periodState({ period, deviations, at, observedTime }: ReadinessFacts): PeriodState {
  const own = deviations.filter(
    (each) => isDeviation(each) && each.happenedAt >= period.from && each.happenedAt < period.to,
  );
  const newest = Math.max(
    period.from,
    ...own.flatMap(({ happenedAt, listed }) => [happenedAt, ...listed.map((each) => each.at)]),
  );
  const since = { from: newest, to: Math.min(at, period.to) };
  const seen = observedIn(observedTime, since);
  const unseen = unobservedIn(observedTime, since, at);
  const cleanDays = wholeDays(seen);
  const what = own.length === 0 ? "without a deviation" : "since the newest deviation";
  const clean = `${cleanDays} ${cleanDays === 1 ? "day" : "days"} observed ${what}`;
  return {
    ...period,
    deviations: own.length,
    unsettled: own.filter(isUnsettled).length,
    daysLeft: Math.max(0, Math.ceil((period.to - at) / DAY)),
    cleanDays,
    statement: {
      says: unseen.length === 0 ? clean : `${clean}; nobody observed ${spansText(unseen)}`,
      rests: "watch",
      covers: seen,
    },
  };
}

/** Returns the period of the policy that a moment lies in, else its calendar quarter; UTC. */
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

function against(code: string, says: string, remedy?: string): ReadinessItem {
  return { code, against: true, says, ...(remedy === undefined ? {} : { remedy }) };
}

function note(code: string, says: string, remedy?: string): ReadinessItem {
  return { code, against: false, says, ...(remedy === undefined ? {} : { remedy }) };
}

function finding(code: string, isAgainst: boolean, says: string): ReadinessItem {
  return { code, against: isAgainst, says };
}

function count(number: number, one: string, many: string): string {
  return number === 1 ? `1 ${one} is` : `${number} ${many} are`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
