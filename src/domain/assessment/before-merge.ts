/** Whether a pull request could have been merged at a moment: the same judgement as for merging, on what was known then. */

import type { Observation } from "../change/observation.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { truncationReasons } from "../records/truncation.ts";
import { gateStateAt } from "../controls/gate-respected.ts";
import type { BeforeMerge } from "../deployment/deployment.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import type { Instant } from "../time/instant.ts";
import { assess } from "./assess.ts";

const SECOND = 1_000;

/** Describes what is known of a pull request whose head was deployed. */
export interface DeployedHead {
  /** As the check run was last decided on; null: it never was, for this head. */
  readonly judged: PullRequest | null;
  /** When our log holds that the check let this head pass; null: it does not now. */
  readonly letPassAt: Instant | null;
  /** As GitHub shows it now. */
  readonly shown: PullRequest;
  /** What webhooks reported of it, oldest first. */
  readonly observed: readonly Observation[];
  /** When the deployment began. */
  readonly at: Instant;
  readonly policy: PolicyInForce;
  readonly appId: number;
  readonly since: Instant;
}

/** Judges whether a head was approved and its checks, ours among them, had succeeded when it began to be deployed. */
export function couldBeMerged(facts: DeployedHead): Pick<BeforeMerge, "approval" | "because"> {
  const { judged, shown, at, policy, appId, since } = facts;
  const name = `#${shown.number}`;
  const isDraft = wasDraft(facts);
  if (isDraft === true) return { approval: "refused", because: `${name} was a draft then` };
  if (judged === null)
    return { approval: "unknown", because: `${name} was not assessed with this head before` };
  if (isDraft === null)
    return { approval: "unknown", because: `whether ${name} was a draft then was not observed` };
  const subject = { moment: "gate", pull: judged } as const;
  const { verdict, results } = assess(subject, { policy, appId, at, since });
  const [first] = results
    .filter(({ outcome }) => outcome === "fail" || outcome === "unverifiable")
    .flatMap(({ reasons }) => reasons);
  if (verdict === "unverifiable") return { approval: "unknown", because: first ?? `${name} is unverifiable` };
  if (verdict !== "compliant" && verdict !== "exempted")
    return { approval: "refused", because: first ?? `${name} was not approved` };
  const isShown = gateShown(shown, facts);
  return isShown ?? { approval: "approved", because: `${name} was approved and its checks had succeeded` };
}

/**
 * Whether it was a draft when the deployment began. Null: what was seen before does not agree with what was seen
 * afterwards, so a change between was not observed.
 */
function wasDraft({ judged, shown, observed, at }: DeployedHead): boolean | null {
  const changes = observed.flatMap((each) =>
    each.kind === "pull-changed" && each.draft !== undefined ? [{ at: each.at, draft: each.draft }] : [],
  );
  const next = changes.find((change) => change.at > at);
  const before = changes.findLast((change) => change.at <= at)?.draft ?? judged?.draft;
  const after = next === undefined ? shown.draft : !next.draft;
  return before === after ? after : null;
}

/** Null: our own check let it pass then, or the policy only observes. */
function gateShown(
  shown: PullRequest,
  { at, letPassAt, policy, appId }: DeployedHead,
): Pick<BeforeMerge, "approval" | "because"> | null {
  if (policy.state === "known" && policy.record.effective.mode === "observe") return null;
  // GitHub's times are whole seconds.
  if (letPassAt !== null && Math.floor(letPassAt / SECOND) * SECOND <= at) return null;
  const [cut] = truncationReasons(shown.cut, ["checks"]);
  if (cut !== undefined) return { approval: "unknown", because: cut };
  const state = gateStateAt(shown.checks, { appId, at });
  if (state === "success") return null;
  // One check run is renewed in place: what it showed before is not shown any more.
  const isRenewed = gateStateAt(shown.checks, { appId, at: Infinity }) === "success" && state !== "missing";
  return isRenewed
    ? { approval: "unknown", because: `what the check of #${shown.number} showed then is not shown any more` }
    : { approval: "refused", because: `the check of #${shown.number} had not succeeded then` };
}
