/** What a policy would have said of a change that landed under another: its facts judged again, and what they do not hold left open. */

import type { Authority, Change, PullRequest } from "../change.ts";
import { assess } from "../controls/assess.ts";
import type { ChangeRecord } from "../record.ts";
import type { Result, Verdict } from "../result.ts";
import type { Policy } from "./policy.ts";
import { leavesOf } from "./requirement.ts";
import type { PolicyInForce } from "./tighten.ts";
import { namedIn } from "./when.ts";

/** What a policy would have said of one change. `cannot-tell` is never "it would have passed". */
export interface Trial {
  readonly change: Change;
  /** The verdict it was given. */
  readonly was: Verdict;
  readonly outcome: "lets-through" | "refuses" | "cannot-tell";
  /** The controls that decide it, with their reasons. */
  readonly because: readonly Pick<Result, "control" | "reasons">[];
}

/**
 * Judges a recorded change under another policy. `then`: the policy its facts were gathered for, or null where it is not
 * known. Whether the gate was respected is left out: it is about the policy there was.
 */
export function tryOn(
  { change, assessment }: ChangeRecord,
  then: Policy | null,
  policy: Extract<PolicyInForce, { readonly state: "known" }>,
  appId: number,
): Trial {
  const asked = difference(namesOf(policy.record.effective), then === null ? NOTHING : namesOf(then));
  const known: Change = { ...change, pullRequests: change.pullRequests.map((pull) => unread(pull, asked)) };
  const at = change.update.at;
  const { results } = assess({ moment: "landed", change: known }, { policy, appId, at, since: 0 });
  const others = results.filter(({ control }) => control !== "gate-respected");
  const failed = others.filter(({ outcome }) => outcome === "fail");
  const open = others.filter(({ outcome }) => outcome === "unverifiable");
  const because = failed.length > 0 ? failed : open;
  return {
    change,
    was: assessment.verdict,
    outcome: failed.length > 0 ? "refuses" : open.length > 0 ? "cannot-tell" : "lets-through",
    because: because.map(({ control, reasons }) => ({ control, reasons })),
  };
}

interface Names {
  readonly teams: ReadonlySet<string>;
  readonly organizations: ReadonlySet<string>;
}

const NOTHING: Names = { teams: new Set(), organizations: new Set() };

function namesOf({ approvals, rules }: Policy): Names {
  const named = [
    ...[...approvals, ...rules.map((rule) => rule.approval)].flatMap(leavesOf).map(({ from }) => from),
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

/** Teams nobody asked about then: membership is not known, which is not "no member". */
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
