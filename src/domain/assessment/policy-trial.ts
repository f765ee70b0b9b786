/** Tries a policy on a change that landed under another: its facts are judged again, and what they do not contain is left open. */

import type { Change } from "../change/change.ts";
import { assess } from "./assess.ts";
import { requirementsDigest } from "../approval/inherited-approvals.ts";
import type { ChangeRecord } from "../records/change.ts";
import type { ControlName, Result, Verdict } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import { entryId, approvedEntries } from "../policy/entry-provenance.ts";
import type { EntryProvenance } from "../policy/file/names.ts";
import type { Policy } from "../policy/file/policy.ts";
import { leafRequirementsIn } from "../policy/file/requirement.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import { namedIn } from "../policy/file/when.ts";
import type { Authority } from "../change/people.ts";
import type { LandedBefore, PullRequest } from "../change/pull-request.ts";

/**
 * Describes what a policy would have decided on one change. `cannot-tell` is never "it would have passed"; `waived`:
 * only by a waiver given for it.
 */
export interface Trial {
  readonly change: Change;
  /** The verdict it was given. */
  readonly was: Verdict;
  readonly outcome: "lets-through" | "waived" | "refuses" | "cannot-tell";
  /** The controls that decide it, with their reasons. */
  readonly because: readonly Pick<Result, "control" | "reasons">[];
}

/** What is judged again: a change, or what landed on an integration branch. */
type Landed = Pick<ChangeRecord, "change" | "assessment" | "emergencies">;

/** About the gate there was, and about what is owed afterwards: nothing that a policy refuses. */
const LEFT_OUT: readonly ControlName[] = ["gate-respected", "emergency-reviewed-in-time"];

/**
 * Judges a recorded change under another policy. `then`: the policy its facts were gathered for, or null where it is
 * not known. Emergencies authorised then waive what the tried policy lets them waive; its exemptions and standard
 * changes are supposed to be approved by whom they name. `landings`: what the policy would have decided on landings on
 * integration branches, by change id.
 */
export function tryOn(
  { change, assessment, emergencies = [] }: Landed,
  then: Policy | null,
  tried: Extract<PolicyInForce, { readonly state: "known" }>,
  appId: number,
  landings: ReadonlyMap<string, Trial["outcome"]> = new Map(),
): Trial {
  const effective = withProvenances(tried.record.effective);
  const policy = { state: "known", record: { ...tried.record, effective } } as const;
  const asked = difference(namesOf(effective), then === null ? NOTHING : namesOf(then));
  const known: Change = {
    ...change,
    pullRequests: change.pullRequests.map((pull) => withProvenance(unread(pull, asked), effective, landings)),
  };
  const at = change.update.at;
  const given = emergencies.map((each) => {
    return { ...each, record: { ...each.record, waives: effective.emergency.waives } };
  });
  const subject = { moment: "landed", change: known, emergencies: given } as const;
  const results = assess(subject, { policy, appId, at, since: 0 }).results.filter(
    ({ control }) => !LEFT_OUT.includes(control),
  );
  const having = (outcome: Result["outcome"]): readonly Result[] =>
    results.filter((each) => each.outcome === outcome);
  const deciding = (
    [
      ["refuses", having("fail")],
      ["cannot-tell", having("unverifiable")],
      ["waived", having("waived")],
    ] as const
  ).find(([, each]) => each.length > 0);
  const [outcome, because] = deciding ?? ["lets-through", []];
  return {
    change,
    was: assessment.verdict,
    outcome,
    because: because.map(({ control, reasons }) => ({ control, reasons })),
  };
}

/** A policy whose exemptions and standard changes are valid: whoever they name is supposed to have approved them. */
function withProvenances(policy: Policy): Policy {
  const entries = approvedEntries(policy);
  if (entries.length === 0) return policy;
  const provenances = entries.map((entry): EntryProvenance => ({
    entry: entryId(entry),
    state: "approved",
    because: `supposed to be approved by ${oneLine(entry.approvedBy)}`,
    url: null,
    approver: null,
    at: null,
  }));
  return { ...policy, names: { ...(policy.names ?? { accounts: [] }), brought: provenances } };
}

const LANDED_AS: Readonly<Record<Trial["outcome"], Verdict>> = {
  "lets-through": "compliant",
  waived: "emergency",
  refuses: "non-compliant",
  "cannot-tell": "unverifiable",
};

/** Production inherits the approvals of a landing on an integration branch where the tried policy would have let it land there. */
function withProvenance(
  pull: PullRequest,
  policy: Policy,
  landings: ReadonlyMap<string, Trial["outcome"]>,
): PullRequest {
  if (pull.landedBefore === undefined) return pull;
  const asked = requirementsDigest(policy, [pull]);
  const landedBefore = pull.landedBefore.map((landing): LandedBefore => {
    const outcome = landings.get(landing.changeId);
    return outcome === undefined ? landing : { ...landing, verdict: LANDED_AS[outcome], waived: [], asked };
  });
  return { ...pull, landedBefore };
}

interface Names {
  readonly teams: ReadonlySet<string>;
  readonly organizations: ReadonlySet<string>;
}

const NOTHING: Names = { teams: new Set(), organizations: new Set() };

function namesOf({ approvals, rules }: Policy): Names {
  const named = [
    ...[...approvals, ...rules.map((rule) => rule.approval)]
      .flatMap(leafRequirementsIn)
      .map(({ from }) => from),
    ...rules.flatMap(({ when }) => namedIn(when)),
  ];
  const lower = (list: readonly string[] | undefined): readonly string[] =>
    (list ?? []).map((name) => name.toLowerCase());
  return {
    teams: new Set(named.flatMap(({ teams }) => lower(teams))),
    organizations: new Set(named.flatMap(({ organizations }) => lower(organizations))),
  };
}

function difference(now: Names, then: Names): readonly string[] {
  return [
    ...[...now.teams].filter((name) => !then.teams.has(name)),
    ...[...now.organizations].filter((name) => !then.organizations.has(name)),
  ];
}

/** Teams nobody read then: membership is not known, which is not "no member". */
function unread(pull: PullRequest, asked: readonly string[]): PullRequest {
  const open = (authority: Authority): Authority => ({
    ...authority,
    unread: [
      ...new Set([
        ...authority.unread,
        ...asked.filter((name) => !authority.teams.includes(name) && !authority.organizations.includes(name)),
      ]),
    ],
  });
  return { ...pull, authorities: pull.authorities.map(open) };
}
