/** Environments that read like production and are not named by the policy: shown as gaps, never judged. */

import type { Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Entry } from "../../domain/records/entry.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { readsLikeProduction } from "../../domain/policy/scope.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import { hiddenCharacters } from "../../domain/texts/confusable-names.ts";
import { listed, oneLine } from "../../domain/texts/wording.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";

/** Records a coverage gap for each environment that reads like production and is not. The gap ends once the policy names it. */
export async function noticeEnvironments(
  repo: Repo,
  policy: Policy,
  names: readonly string[],
): Promise<void> {
  const now = repo.now();
  const entries: Entry[] = [];
  for (const name of new Set(names.map((each) => each.toLowerCase()))) {
    const id = gapId(repo.info.id, "unobservable", 0, `environment:${name}`);
    const known = await repo.latest("coverage-gap", id);
    const isOpen = known !== undefined && known.to === null;
    if (readsLikeProduction(policy, name) && !isOpen)
      entries.push(gapEntry(gapOf(repo, id, name, known?.from ?? now), repo.info));
    else if (isOpen && !readsLikeProduction(policy, name))
      entries.push(gapEntry({ ...known, to: now }, repo.info));
  }
  if (entries.length > 0) await repo.commit({ entries });
}

function gapOf(
  { info: repository }: Repo,
  id: string,
  environment: string,
  from: Instant,
): CoverageGapRecord {
  const name = oneLine(environment);
  const odd = hiddenCharacters(environment);
  const signs =
    odd.length === 0 ? "" : ` (its name holds ${listed(odd)}, which looks like another sign, or like none)`;
  return {
    id,
    cause: "unobservable",
    scope: `${repository.owner}/${repository.name}, environment ${name}`,
    from,
    to: null,
    because: `the environment ${name} reads like production and the policy does not name it${signs}, so what is deployed there is not judged: name it under production.environments, or in the organisation's file under production.not`,
    backfilled: false,
  };
}
