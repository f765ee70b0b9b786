/** The commands on a deviation's issue. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import { COMMAND_NAMES, DEVIATION_COMMAND_TABLE } from "../../domain/deviation/commands.ts";
import { issueKey } from "../../domain/deviation/issue.ts";
import { asComment } from "../../domain/deviation/next-step.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { entitlementOf } from "../../domain/approval/entitlement.ts";
import type { Command, Commanded, CommandAnswer } from "../commands/answer-command.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { commandDeviation } from "./commands.ts";
import { authorityFor } from "../emergencies/emergencies.ts";
import type { Tools } from "../context/tools.ts";
import type { Actor } from "../../domain/change/people.ts";
import type { Person } from "../../domain/records/deviation.ts";
import { deviationOf, openedIssue } from "../records/existing-deviations.ts";

/** Lists every command on a deviation's issue. */
export const DEVIATION_COMMANDS: readonly Command[] = COMMAND_NAMES.map((name): Command => ({
  name,
  usage: DEVIATION_COMMAND_TABLE[name].usage,
  does: DEVIATION_COMMAND_TABLE[name].help.replace(/\.$/u, ""),
  answer,
}));

async function answer(repo: Repo, given: Commanded): Promise<CommandAnswer> {
  const deviation = given.deviation === null ? null : await deviationOf(repo, given.deviation);
  // The body of our own issue may have been edited: only the number it was opened under shows which deviation it is.
  if (deviation === null || !(await isIssueOf(repo, { repository: repo.info }, deviation.id, given.number)))
    return refuse("This is not the issue that was opened for that deviation. Nothing was done.");
  const home = await watchedRepository(repo.tools, deviation.repository.id, repo.lease);
  if (home === null)
    return refuse("Countersign has no access to the deviation's repository any more. Nothing was done.");
  const { author, createdAt: at } = given.comment;
  if (!(await mayCommand(repo, author)))
    return refuse("Only people with write permission in this repository can give this command.");
  const result = await commandDeviation(repo, {
    deviation: deviation.id,
    lines: [`${given.name} ${given.rest}`],
    by: { id: author.id, login: author.login },
    asAuditor: false,
    via: "comment",
    at,
    policy: policyOrDefault(await currentPolicy(home)),
    who: (login) => personCalled(repo, login),
  });
  if (result.refused !== null) return refuse(asComment(result.refused));
  const { entries, actions } = result.decision;
  const { decidedOn } = result;
  return { outcome: "done", reply: asComment(result.reply), entries, actions, decidedOn };
}

function refuse(reply: string): CommandAnswer {
  return { outcome: "refused", reply };
}

/** Returns whether someone may give commands on a deviation's issue: whoever may write in its repository. */
export async function mayCommand(place: Repo, account: Actor): Promise<boolean> {
  const authority = await authorityFor(place, account, []);
  return entitlementOf({ permission: "write" }, authority) === "yes";
}

/** Returns the person who has a login, asked for through a repository; null: nobody has it, or no person. */
export async function personCalled({ github }: Repo, login: string): Promise<Person | null> {
  const account = await github.account(login);
  return account?.type === "User" ? { id: account.id, login: account.login } : null;
}

/** Returns whether this is the very issue that was opened for a deviation. */
export async function isIssueOf(
  { ledger }: Pick<Tools, "ledger">,
  { repository }: { readonly repository: Repo["info"] },
  deviation: string,
  number: number,
): Promise<boolean> {
  const record = await deviationOf({ ledger }, deviation);
  const place = `${repository.owner}/${repository.name}`.toLowerCase();
  if (record?.issue.repository?.toLowerCase() !== place) return false;
  return (await openedIssue(ledger, issueKey(deviation))) === number;
}
