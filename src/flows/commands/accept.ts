/** The command `accept`: someone entitled answers for what cannot be verified of an open pull request. */

import type { Acceptance } from "../../domain/change/pull-request.ts";
import { contributorsOf } from "../../domain/approval/contribution/contributors.ts";
import { contributed } from "../../domain/emergency/eligibility.ts";
import { entitlementOf } from "../../domain/approval/entitlement.ts";
import { isSamePerson } from "../../domain/policy/identity.ts";
import { truncate } from "../../domain/values/text.ts";
import { listedControls, markdown, oneOfPeople } from "../../domain/texts/wording.ts";
import type { Command, CommandAnswer } from "./answer-command.ts";
import { assessPull } from "../changes/assess-pull-request.ts";
import { authorityFor } from "../emergencies/emergencies.ts";
import { gatherOpen, withMakers } from "../changes/open-pull-request.ts";
import { approversText } from "../../domain/policy/approvers-text.ts";

/** Lets the check pass although something could not be verified; the record keeps it for ever. */
export const accept: Command = {
  name: "accept",
  usage: "<reason>",
  does: "Accept, with a reason, what could not be verified of this pull request",
  async answer(repo, { number, rest, comment }) {
    const reason = rest.trim();
    if (reason === "") return refused("Add the reason on the same line: `/countersign accept <reason>`.");
    await assessPull(repo, number, null);
    const { pull: gathered, policy } = await gatherOpen(repo, number);
    const pull = await withMakers(repo, gathered);
    if (pull.state !== "open")
      return refused("This pull request is closed: what could not be verified of it stays unverified.");
    if (policy.state !== "known")
      return refused("The policy could not be read, and it defines who may accept this. Try again later.");
    const entry = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
    const said = entry === undefined ? null : entry.body;
    const controls = (said?.assessment.results ?? [])
      .filter(({ outcome }) => outcome === "unverifiable")
      .map(({ control }) => control);
    if (controls.length === 0 || said?.check.headSha !== pull.head.sha)
      return refused("Nothing to accept: every result here could be verified.");
    const { effective } = policy.record;
    const { author: by } = comment;
    const who = markdown(by.login);
    if (contributorsOf(pull).some(({ actor }) => isSamePerson(effective, actor, by)))
      return refused(`${who} contributed to this pull request. Someone else must accept it.`);
    if (pull.unread !== undefined && contributed(pull, by, effective).is !== "no")
      return refused(
        `GitHub did not show whether ${who} contributed to this pull request. Someone who did not must accept it.`,
      );
    const { acceptedBy } = effective.unverifiable;
    const authority = await authorityFor(repo, by, [acceptedBy], effective.names);
    if (by.type !== "User" || entitlementOf(acceptedBy, authority) !== "yes")
      return refused(
        `Ask ${markdown(oneOfPeople(approversText(acceptedBy)))} to accept what cannot be verified.`,
      );
    const body: Acceptance = {
      by,
      reason: truncate(reason, MOST_CHARACTERS),
      at: comment.createdAt,
      head: pull.head.sha,
      controls,
      commentId: comment.id,
    };
    const { id, ownerId } = repo.info;
    return {
      outcome: "done",
      reply: `Accepted by ${who}, not verified: ${listedControls(controls)}. The check no longer waits for it. The record keeps the reason. A new commit needs a new acceptance.`,
      entries: [
        {
          kind: "acceptance",
          subject: `${id}#${number}`,
          repositoryId: id,
          organizationId: ownerId,
          at: comment.createdAt,
          body,
        },
      ],
      judge: "if-changed",
    };
  },
};

/** So much of a reason is kept. */
const MOST_CHARACTERS = 500;

function refused(reply: string): CommandAnswer {
  return { outcome: "refused", reply };
}
