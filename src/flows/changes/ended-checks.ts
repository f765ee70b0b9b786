/** Check runs that waited when their pull request was merged: nobody will answer them any more, so they are ended with what came of it. */

import type { Repo } from "../context/repo.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { type Action, type Addressee } from "../../domain/records/entry.ts";
import { checkRunAction } from "../../domain/decisions/decision.ts";
import { endedCheckText, type LandedResult } from "../../domain/messages/ended-check.ts";
import { openPullsAt } from "../facts/pull-request.ts";

/** Returns the actions that end the waiting checks of merged pull requests. A check that an open pull request shares goes on waiting for that one. Throws {@link ExternalError}. */
export async function endWaitingChecks(
  repo: Repo,
  pulls: readonly PullRequest[],
  result: LandedResult,
  to: Addressee,
): Promise<readonly Action[]> {
  const actions: Action[] = [];
  for (const pull of pulls) {
    const { number, head } = pull;
    const entry = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
    const said = entry === undefined ? null : entry.body.check;
    if (said === null || said.status !== "in_progress" || said.headSha !== head.sha) continue;
    const open = (await openPullsAt(repo, head.sha)).filter((other) => other !== number);
    const about = { pulls: [pull] };
    if (open.length === 0)
      actions.push(checkRunAction(endedCheckText(said, number, result), to, null, about));
  }
  return actions;
}
