/** The command `explain-bypass`: why the gate was bypassed, stated afterwards. It is kept with the deviation and shown on its issue; it changes no verdict. */

import type { Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { settle } from "../../domain/deviation/decide.ts";
import { entitlementOf } from "../../domain/approval/entitlement.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";
import type { Command } from "../commands/answer-command.ts";
import { reviewedMonthsOf, senderOf } from "./commands.ts";
import { authorityFor } from "../emergencies/emergencies.ts";
import { gatherPull } from "../facts/pull-request.ts";
import { deviationOf, knownDeviations, remediationOf } from "../records/existing-deviations.ts";
import { HOUR } from "../../domain/time/durations.ts";

/** Records why a merged pull request passed the gate by; it stays a deviation. */
export const explainBypass: Command = {
  name: "explain-bypass",
  usage: "<reason>",
  does: "Record why a merged pull request bypassed the check. It stays a deviation",
  async answer(repo, { number, rest, comment }) {
    const refuse = (reply: string) => ({ outcome: "refused", reply }) as const;
    if (rest === "")
      return refuse("Add the reason on the same line: `/countersign explain-bypass <reason>`.");
    const { pull, policy } = await gatherPull(repo, number);
    if (pull.merged === null)
      return refuse(
        "This pull request is not merged. If it cannot wait, declare an emergency: `/countersign emergency <reason>`.",
      );
    const authority = await authorityFor(repo, comment.author, []);
    if (entitlementOf({ permission: "write" }, authority) !== "yes")
      return refuse("Only people with write access to this repository can explain a bypass.");
    const deviation = await deviationOfPull(repo, number, pull.merged.at);
    if (deviation === null)
      return refuse("Nothing to explain: this pull request has no deviation on record.");
    const by = { id: comment.author.id, login: comment.author.login };
    const said = { text: rest, by, at: comment.createdAt };
    const after = { ...deviation, explained: [...(deviation.explained ?? []), said] };
    const shown = settle({
      before: deviation,
      after,
      remediation: await remediationOf(repo, deviation.id),
      policy: policyOrDefault(policy),
      to: await senderOf(repo, deviation),
      months: await reviewedMonthsOf(repo, deviation, repo.now()),
    });
    return {
      outcome: "done",
      ...shown,
      reply: `The reason is recorded with the deviation ${deviation.id}. It does not close it: someone must still review what reached production.`,
    };
  },
};

async function deviationOfPull(repo: Repo, number: number, at: number): Promise<DeviationRecord | null> {
  const span = { repositoryId: repo.info.id, from: at - HOUR, to: at + HOUR };
  for await (const entry of repo.ledger.states("change", span)) {
    const { change } = entry.body;
    if (!change.pullRequests.some((pull) => pull.number === number)) continue;
    const own = (await knownDeviations(repo)).find(({ subjects }) => subjects.includes(change.id));
    if (own !== undefined) return deviationOf(repo, own.id);
  }
  return null;
}
