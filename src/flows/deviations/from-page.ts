/** Commands to a deviation from its page: by the same table and rights as in a comment, all of a form or none of it. */

import type { Actor } from "../../domain/change/people.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import type { DeviationRecord, Person } from "../../domain/records/deviation.ts";
import { watchedRepository, type Repo } from "../context/repo.ts";
import type { Tools } from "../context/tools.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { deviationOf } from "../records/existing-deviations.ts";
import { repositoryOnRecord } from "../records/named-repository.ts";
import { commandDeviation } from "./commands.ts";
import { mayCommand, personCalled } from "./issue-commands.ts";

/** Describes who gave something on a page. */
export interface PageSender {
  /** As it is recorded. */
  readonly by: Person;
  /** Null: they signed in without a GitHub account. */
  readonly account: Actor | null;
  readonly isLead: boolean;
}

/** Describes commands given in one form. */
export interface PageCommands {
  readonly organizationId: number;
  readonly deviation: string;
  /** Each as it is written after `/countersign`. */
  readonly lines: readonly string[];
  readonly sender: PageSender;
  /** Names the form. */
  readonly form: string;
}

/** Describes what came of it; `line`: the one that was refused, where it was one. */
export type PageCommandsResult =
  | { readonly says: string; readonly refused: null }
  | { readonly refused: string; readonly line: number | null };

/** So often it is decided anew where someone else wrote meanwhile. */
const ATTEMPTS = 5;

/** Applies and records commands. Throws {@link ExternalError}. */
export async function commandFromPage(tools: Tools, given: PageCommands): Promise<PageCommandsResult> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const result = await attempted(tools, given);
    if (result !== "outdated") return result;
  }
  return refuse("Others are changing this deviation just now. Send it again.");
}

async function attempted(tools: Tools, given: PageCommands): Promise<PageCommandsResult | "outdated"> {
  const { sender, lines, form, organizationId } = given;
  const deviation = await deviationOf(tools, given.deviation);
  if (deviation === null || deviation.repository.ownerId !== organizationId)
    return refuse(`There is no deviation ${given.deviation} here.`);
  const home = await watchedRepository(tools, deviation.repository.id, undefined);
  if (home === null)
    return refuse("Countersign has no access to the deviation's repository any more. Nothing was done.");
  const place = (await placeOfIssue(tools, deviation)) ?? home;
  const { account } = sender;
  const mayNot = await notPermitted(place, sender);
  if (mayNot !== null) return refuse(mayNot);
  const at = tools.clock.now();
  const result = await commandDeviation(tools, {
    deviation: deviation.id,
    lines,
    by: sender.by,
    isWithoutAccount: account === null,
    asAuditor: false,
    via: "page",
    at,
    policy: policyOrDefault(await currentPolicy(home)),
    who: (login) => personCalled(place, login),
  });
  if (result.refused !== null) return result;
  const { decision, decidedOn, reply: says } = result;
  const stored = await tools.ledger.recordForm(decision, { id: form, begunAt: at, answer: says }, decidedOn);
  if (stored === "outdated") return stored;
  if (stored === "recorded") return { says, refused: null };
  return { says: (await tools.ledger.forms.find(form))?.answer ?? says, refused: null };
}

/** Returns why someone may give no command at all: the same who may give none in a comment, and others who are no lead. */
async function notPermitted(place: Repo, { account, isLead }: PageSender): Promise<string | null> {
  if (account === null) return isLead ? null : "Only a lead can give commands without a GitHub account.";
  if (await mayCommand(place, account)) return null;
  const { owner, name } = place.info;
  return `Only people with write permission in ${owner}/${name} can give this command.`;
}

/** Returns the repository of a deviation's issue, where comments are given; null: it has none, or the App has no access to it. */
async function placeOfIssue(tools: Tools, { issue, repository }: DeviationRecord): Promise<Repo | null> {
  if (issue.repository === null) return null;
  const found = await repositoryOnRecord(tools, issue.repository, repository.ownerId);
  return found === null ? null : watchedRepository(tools, found.repository.id, undefined);
}

function refuse(sentence: string): PageCommandsResult {
  return { refused: sentence, line: null };
}
