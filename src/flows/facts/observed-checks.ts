/** How checks ended, as webhooks reported: what of it is kept, and what GitHub does not show yet. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Check, NotShown } from "../../domain/change/review.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import { checkNamesUsed } from "../../domain/policy/file/policy.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { checksOf } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Repository } from "../../domain/change/repository.ts";
import { policySubject } from "../../domain/policy/record.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** Returns how a commit's required checks ended, as far as that was reported and is not shown. `until`: what ended later is none of it. */
export async function checksNotShownYet(
  repo: Repo,
  { sha, shown, until = Infinity }: ShownChecks,
  policy: PolicyInForce,
): Promise<readonly NotShown[]> {
  const names = policy.state === "known" ? checkNamesUsed(policy.record.effective) : new Set();
  if (names.size === 0) return [];
  const now = repo.now();
  const ended = await repo.observed(checksOf(sha), now - SETTLING);
  const unshown = repo.github.unshownChecks(shown, ended, (name) => names.has(name), now);
  return unshown.filter(({ since }) => since <= until);
}

interface ShownChecks {
  readonly sha: Sha;
  readonly shown: readonly Check[];
  readonly until?: Instant;
}

/**
 * Returns whether a policy requires a reported check, so that its end is recorded. A commit may have hundreds of
 * checks, and the log would hold each for good. The policy is the one its commit was judged by, or before that the one
 * in force; where it is not known, the check counts as required.
 */
export async function isCheckRequired(
  tools: Tools,
  { id, ownerId }: Repository,
  { sha, name }: Extract<Observation, { readonly kind: "check-told" }>,
): Promise<boolean> {
  const said = await tools.ledger.queue.ofKey(checkKey(id, sha));
  const numbers = new Set(said.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []));
  const subjects = [`${id}@${sha}`, ...[...numbers].map((number) => `${id}#${number}`)];
  let isJudged = false;
  for (const subject of subjects) {
    const gate = await tools.ledger.state("gate", subject);
    if (gate === undefined) continue;
    isJudged = true;
    const names = await namesBy(tools, ownerId, gate.body.assessment.policyDigest);
    if (names === null || names.has(name)) return true;
  }
  if (isJudged) return false;
  const inForce = await tools.github.lookups.known<PolicyInForce>(`policy:${id}`);
  return inForce?.state !== "known" || checkNamesUsed(inForce.record.effective).has(name);
}

/** Returns the names of the checks that a recorded policy requires; null: it is not known. */
function namesBy(tools: Tools, organizationId: number, digest: string): Promise<ReadonlySet<string> | null> {
  const read = async (): Promise<ReadonlySet<string> | null> => {
    const policy = await recordedPolicy(tools, organizationId, digest);
    return policy === null ? null : checkNamesUsed(policy.effective);
  };
  const key = `checks-asked:${policySubject(organizationId, digest)}`;
  return tools.github.lookups.rememberForever(key, read, (names) => names !== null);
}
