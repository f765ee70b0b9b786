/** The commands of an emergency: declare it, authorise it, withdraw it. */

import type { Actor, PullRequest, Repository } from "../domain/change.ts";
import { termText } from "../domain/calendar.ts";
import { dueTasks } from "../domain/emergency/due.ts";
import { allows, rolesOf, type EmergencyRole } from "../domain/emergency/emergency.ts";
import { isOpen, type Deed, type EmergencyRecord } from "../domain/emergency/exception.ts";
import type { EmergencyFacts } from "../domain/emergency/facts.ts";
import {
  authorised,
  confirmed,
  declared,
  emergencyEntry,
  opened,
  withdrawn,
} from "../domain/emergency/life.ts";
import { isIndependent } from "../domain/emergency/standing.ts";
import { askAuthorisers, askToConfirm, notAuthoriser, waivedText } from "../domain/emergency/words.ts";
import type { Policy } from "../domain/policy/policy.ts";
import { isIntegrationBranch, isProductionBranch } from "../domain/policy/scope.ts";
import { markdown, oneOf, sources, time } from "../domain/wording.ts";
import { mayActAlone } from "./alone.ts";
import type { Command, CommandAnswer, Commanded } from "./answer-command.ts";
import { addressee, authorisation, authorisers, known, standing, type Known } from "./emergencies.ts";
import { emergenciesOf, gatherOpen, withMakers } from "./open-pull.ts";
import type { Tools, Watched } from "./ports.ts";
import { overdueReview } from "./reviews.ts";

/** What every handler here works on. */
interface Scene extends Known {
  readonly pull: PullRequest;
  readonly facts: readonly EmergencyFacts[];
  /** The newest one that is open. */
  readonly open: EmergencyRecord | null;
  readonly by: Actor;
  readonly deed: Deed;
}

/** What is said where the policy is not known: an emergency waives what it names, and nothing else can. */
export const POLICY_UNKNOWN =
  "The policy of this branch cannot be read or has problems, so nobody can say what an emergency may waive here. Mend it first; the check says what is wrong.";

async function sceneOf(tools: Tools, watched: Watched, given: Commanded): Promise<Scene | CommandAnswer> {
  const { pull: told, policy } = await gatherOpen(tools, watched, given.number);
  const current = known(policy);
  if (current === null) return refuse(POLICY_UNKNOWN);
  const facts = await emergenciesOf(tools, watched, told, policy);
  const pull = await withMakers(tools, watched, told);
  const open = facts.findLast(({ record }) => isOpen(record))?.record ?? null;
  const { author: by, createdAt: at } = given.comment;
  return { ...current, pull, facts, open, by, deed: { by, at, via: given.via ?? "comment" } };
}

function refuse(reply: string): CommandAnswer {
  return { outcome: "refused", reply };
}

/** `emergency <reason>`: declares one, or gives the reason of one that waits for it. */
export const emergency: Command = {
  name: "emergency",
  asks: "<reason>",
  does: "declares an emergency: somebody entitled, with no part in it, is asked at once to authorise it",
  async answer(tools, watched, given) {
    const scene = await sceneOf(tools, watched, given);
    if ("outcome" in scene) return scene;
    const { pull, open, policy, by, deed } = scene;
    const reason = given.rest.trim();
    if (reason === "")
      return refuse("Say why, on the same line: `/countersign emergency <reason>`. Nothing was declared.");
    if (pull.merged !== null && deed.at > pull.merged.at)
      return refuse(
        "This pull request is merged already, so there is nothing left to let through. Say why the gate was passed by with `/countersign explain-bypass <reason>`.",
      );
    if (pull.state === "closed")
      return refuse("This pull request is closed. Reopen it, then declare the emergency.");
    const idle = nothingHeld(policy, watched.repository, pull);
    if (idle !== null) return refuse(idle);
    const blocked = await overdueReview(tools, watched, scene);
    if (blocked !== null) return refuse(blocked);
    const among = policy.emergency.authorisers;
    const seen = await standing(tools, watched, { actor: by, among, pull, record: open, policy });
    const roles = rolesOf(seen.standing, false);
    if (!allows(open, "declare", roles)) return refuse(notDeclared(open, roles));
    const { policyDigest } = scene;
    const occasion = {
      repository: watched.repository,
      pull: pull.number,
      deployment: null,
      policy,
      policyDigest,
    };
    const head = pull.head.sha;
    const record =
      open === null
        ? opened(occasion, `${deed.via}:${given.comment.id}`, deed, reason, head)
        : declared(open, deed, reason, head);
    const able = await authorisers(tools, watched, policy);
    const asked = askAuthorisers(addressee(tools, watched), record, policy, able, "declared");
    return {
      outcome: "done",
      reply: `The emergency is declared. It waits for ${markdown(oneOf(sources(among)))} with no part in it, and they were asked. Until then nothing is waived, and \`/countersign withdraw\` takes it back.`,
      entries: [emergencyEntry(record)],
      actions: asked.actions,
      judge: "if-changed",
    };
  },
};

/** Why there is nothing to waive on a pull request, in one sentence; null where its base is a production branch. */
export function nothingHeld(policy: Policy, repository: Repository, { base }: PullRequest): string | null {
  if (isProductionBranch(policy, repository, base.ref)) return null;
  return isIntegrationBranch(policy, repository, base.ref)
    ? `${markdown(base.ref)} is an integration branch, so nothing holds this pull request back. Declare the emergency on the pull request that takes it to production.`
    : `${markdown(base.ref)} is not a production branch, so nothing holds this pull request back and there is nothing to waive.`;
}

/** Why nothing can be declared or opened, in one sentence. */
export function notDeclared(open: EmergencyRecord | null, roles: readonly EmergencyRole[]): string {
  if (!roles.includes("writer"))
    return "Only people who may write to this repository can declare an emergency here. Ask one of them.";
  return open?.status === "authorised"
    ? `An emergency is authorised here already, until ${time(open.authorised?.until ?? 0)}.`
    : "An emergency is declared here already and waits to be authorised.";
}

/** `authorise`: lets the emergency pass, or confirms one that was authorised alone. */
export const authorise: Command = {
  name: "authorise",
  also: ["authorize"],
  asks: "",
  does: "authorises the emergency, or confirms one that was authorised alone; an approving review does the same",
  async answer(tools, watched, given) {
    const scene = await sceneOf(tools, watched, given);
    if ("outcome" in scene) return scene;
    const { policy, by, deed } = scene;
    const lone = scene.facts.findLast(
      ({ record }) =>
        record.authorised?.confirmBy != null && record.confirmed === null && record.status !== "withdrawn",
    )?.record;
    const record = scene.open?.status === "waiting" || lone === undefined ? scene.open : lone;
    if (record === null)
      return refuse("No emergency waits here. Declare one with `/countersign emergency <reason>`.");
    if (record.status === "awaiting-reason")
      return refuse(
        "The emergency waits for its reason first: `/countersign emergency <reason>`. Without one it cannot be authorised.",
      );
    const among = policy.emergency.authorisers;
    const seen = await standing(tools, watched, { actor: by, among, pull: scene.pull, record, policy });
    const roles = rolesOf(seen.standing, false);
    if (record.authorised !== null) {
      if (record.authorised.confirmBy === null)
        return refuse(
          `${markdown(record.authorised.by.login)} authorised this emergency already, until ${time(record.authorised.until)}.`,
        );
      if (!allows(record, "confirm", roles))
        return refuse(
          roles.includes("giver")
            ? "You authorised it alone: another person must confirm it."
            : notAuthoriser(seen.standing, among, by.login),
        );
      return {
        outcome: "done",
        reply: `You confirmed what ${markdown(record.authorised.by.login)} authorised alone.`,
        entries: [emergencyEntry(confirmed(record, deed))],
        judge: "if-changed",
      };
    }
    const late = tooLate(scene, record);
    if (late !== null) return refuse(late);
    const blocked = await overdueReview(tools, watched, scene);
    if (blocked !== null) return refuse(blocked);
    const isNormal = allows(record, "authorise", roles);
    const alone = isNormal
      ? null
      : await mayActAlone(tools, watched, { ...scene, record, authority: seen.authority });
    if (!isNormal && (alone === null || alone.may !== "yes" || isIndependent(seen.standing)))
      return refuse(
        alone !== null && alone.may === "no" ? alone.because : notAuthoriser(seen.standing, among, by.login),
      );
    if (seen.authority === null || !allows(record, "authorise", rolesOf(seen.standing, !isNormal)))
      return refuse(notAuthoriser(seen.standing, among, by.login));
    const rest = {
      by,
      at: deed.at,
      via: deed.via,
      head: scene.pull.head.sha,
      authority: seen.authority,
    } as const;
    const after = authorised(record, authorisation(rest, policy, !isNormal), scene);
    const able = isNormal ? [] : await authorisers(tools, watched, policy);
    return {
      outcome: "done",
      reply: authorisedText(after, scene),
      entries: [emergencyEntry(after)],
      actions: askToConfirm(addressee(tools, watched), after, policy, able).actions,
      tasks: dueTasks(watched.repository.id, [{ record: after, review: null }], tools.clock.now()),
      judge: "if-changed",
    };
  },
};

/** Something came between what was asked and this authorisation. */
function tooLate({ pull, deed }: Scene, record: EmergencyRecord): string | null {
  if (pull.merged !== null && deed.at > pull.merged.at)
    return "This pull request was merged before anybody authorised the emergency. What it passed by stays a deviation; say why with `/countersign explain-bypass <reason>`.";
  // Times are whole seconds: in the same second, the head its authorisers were asked for is the one they saw.
  const isNewer = pull.pushes.some(
    ({ at, after }) => at > deed.at || (at === deed.at && after !== record.asked && after === pull.head.sha),
  );
  return isNewer
    ? "Something was pushed after you wrote this, so it is not for the content that is there now. Look at it again, then authorise in a new comment."
    : null;
}

function authorisedText(record: EmergencyRecord, { policy }: Scene): string {
  const { reviewers, reviewWithin } = policy.emergency;
  const given = record.authorised;
  const confirm =
    given?.confirmBy == null
      ? ""
      : ` You did so alone: another person must confirm it by ${time(given.confirmBy)} with \`/countersign authorise\`.`;
  return `The emergency is authorised until ${time(given?.until ?? 0)}, for the content as it is now: anything pushed ends it.${confirm} A review by ${markdown(sources(reviewers))} with no part in it is owed within ${termText(reviewWithin)} of the merge.\n\n- waived until then: ${waivedText(policy)}`;
}

/** `withdraw`: takes an emergency back before it was used. */
export const withdraw: Command = {
  name: "withdraw",
  asks: "",
  does: "takes an emergency back before it was used: whoever declared it, or may authorise it",
  async answer(tools, watched, given) {
    const scene = await sceneOf(tools, watched, given);
    if ("outcome" in scene) return scene;
    const { open, policy, by, deed, pull } = scene;
    if (open === null) {
      const isUsed = scene.facts.some(({ record }) => record.status === "used");
      return refuse(
        isUsed
          ? "The emergency was used: it can no longer be withdrawn, and its review is owed."
          : "No emergency is open here.",
      );
    }
    const among = policy.emergency.authorisers;
    const seen = await standing(tools, watched, { actor: by, among, pull, record: open, policy });
    if (!allows(open, "withdraw", rolesOf(seen.standing, false)))
      return refuse("Only whoever declared this emergency, or may authorise it, can withdraw it.");
    return {
      outcome: "done",
      reply: "The emergency is withdrawn: what the policy asks for is asked for again.",
      entries: [emergencyEntry(withdrawn(open, deed, `${by.login} withdrew it`))],
      judge: "if-changed",
    };
  },
};
