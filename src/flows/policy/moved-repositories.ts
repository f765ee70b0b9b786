/** Repositories that came to a laxer entry of the policy by a rename, a transfer or a topic: one deviation for each, as long as it lasts. */

import type { Repo } from "../context/repo.ts";
import { decideMove } from "../../domain/decisions/decision.ts";
import { settle, mergeDecisions } from "../../domain/deviation/decide.ts";
import { endExposure } from "../../domain/deviation/open.ts";
import type { Decision } from "../../domain/records/entry.ts";
import { laxerEntries, moveKey, movesKey } from "../../domain/deviation/laxer-scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import {
  deviationOf,
  knownDeviations,
  remediationOf,
  deviationContext,
} from "../records/existing-deviations.ts";

/**
 * Opens the deviations of a repository's moves. It ends those of moves that are undone or that the policy has settled. Throws
 * {@link ExternalError}.
 */
export async function recordLaxerMatches(repo: Repo, policy: PolicyInForce): Promise<void> {
  if (policy.state !== "known") return;
  const { effective } = policy.record;
  const { info: repository, installationId } = repo;
  const now = repo.now();
  const known = (await knownDeviations(repo)).filter(({ key }) => key.startsWith(movesKey(repository)));
  const found = laxerEntries(effective, repository, now);
  const isHeld = effective.mode === "enforce" && effective.outOfScope === undefined;
  const news = isHeld
    ? found.filter((entry) => !known.some(({ key }) => key === moveKey(repository, entry)))
    : [];
  const over = known.filter(
    ({ key, exposure }) => exposure.to === null && !found.some((entry) => moveKey(repository, entry) === key),
  );
  if (news.length + over.length === 0) return;
  const to = { repository, installationId, appId: repo.appId };
  const decisions: Decision[] = [];
  for (const entry of news) {
    const key = moveKey(repository, entry);
    const records = await deviationContext(repo, repository, effective, key, null);
    decisions.push(decideMove({ entry, policy, to, records, detectedAt: now }));
  }
  for (const { id } of over) {
    const before = await deviationOf(repo, id);
    if (before === null) continue;
    const after = endExposure(
      before,
      now,
      "the line no longer fits it, or was changed since and is meant for it",
    );
    const remediation = await remediationOf(repo, id);
    decisions.push(settle({ before, after, remediation, policy: effective, to }));
  }
  await repo.commit(mergeDecisions(...decisions));
}
