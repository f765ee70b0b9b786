/** Emergencies at a terminal: what people say of a pull request's or a deployment's, under the login they give. */

import type { Actor, Sha } from "../domain/change.ts";
import { termText } from "../domain/calendar.ts";
import { together } from "../domain/deviation/decide.ts";
import type { Action, Entry } from "../domain/entry.ts";
import { dueTasks } from "../domain/emergency/due.ts";
import { allows, rolesOf } from "../domain/emergency/emergency.ts";
import { isOpen, type Deed, type EmergencyRecord } from "../domain/emergency/exception.ts";
import type { EmergencyFacts } from "../domain/emergency/facts.ts";
import { authorised, emergencyEntry, opened, withdrawn } from "../domain/emergency/life.ts";
import { isLate, mayReview, reviewEntry } from "../domain/emergency/retroactive-review.ts";
import { askAuthorisers, notAuthoriser } from "../domain/emergency/words.ts";
import type { Account } from "../domain/identity.ts";
import { isProductionEnvironment } from "../domain/policy/scope.ts";
import type { Task } from "../domain/task.ts";
import { clipped, oneLine, short, sources, time } from "../domain/wording.ts";
import { currentPolicy } from "./current-policy.ts";
import { gatherDeployment } from "./gather-deployment.ts";
import { makersOfDeployment } from "./deployment-emergencies.ts";
import {
  addressee,
  authorisation,
  authorisers,
  emergenciesForDeployment,
  known,
  standing,
  type Known,
} from "./emergencies.ts";
import { authorise, emergency, withdraw } from "./emergency-commands.ts";
import type { Tools, Watched } from "./ports.ts";
import { approve, notReviewer, reject } from "./review-commands.ts";
import { decision, overdueReview, owedFor, standingToReview } from "./reviews.ts";

/** What can be said of an emergency at a terminal. */
export const TERMINAL_ACTS = ["declare", "authorise", "withdraw", "approve", "reject"] as const;

/** What somebody says of an emergency at a terminal: of one pull request, or of one commit in one environment. */
export interface TerminalEmergency {
  readonly act: (typeof TERMINAL_ACTS)[number];
  readonly pull: number | null;
  readonly deployment: { readonly environment: string; readonly commit: string } | null;
  /** The reason, or the note of a review; empty where nothing was said. */
  readonly text: string;
  /** The login of whoever says it. */
  readonly as: string;
}

/** What came of it. */
export type ToldAtTerminal =
  | { readonly says: string; readonly emergency: string | null; readonly refused: null }
  | { readonly refused: string };

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/u;
const LONGEST_REASON = 1_000;

/** Does what is said, by the same rules as on GitHub; the login stands for the account it names there now. Throws Trouble. */
export async function emergencyAtTerminal(
  tools: Tools,
  watched: Watched,
  given: TerminalEmergency,
): Promise<ToldAtTerminal> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const by = LOGIN.test(given.as)
    ? await tools.github.readAccount(octokit, given.as, tools.github.lookups)
    : null;
  if (by?.type !== "User") return { refused: `GitHub knows no person called “${oneLine(given.as)}”.` };
  const text = clipped(oneLine(given.text), LONGEST_REASON);
  const needsText = given.act === "declare" || given.act === "reject";
  if (needsText && text === "") return { refused: "Say why: --reason TEXT. Nothing was done." };
  if (given.pull !== null) return ofPull(tools, watched, { ...given, pull: given.pull, text }, by);
  if (given.deployment === null) return { refused: "Say for what: --pull, or --environment and --commit." };
  const sha = await tools.github.readCommit(octokit, watched.repository, given.deployment.commit);
  if (sha === null)
    return { refused: `GitHub knows no commit ${oneLine(given.deployment.commit)} in this repository.` };
  const current = known(await currentPolicy(tools, watched));
  if (current === null)
    return {
      refused: "The policy cannot be read or has problems: nobody can say what may be waived. Mend it first.",
    };
  const scene = await sceneOf(tools, watched, {
    ...current,
    environment: given.deployment.environment,
    sha,
    by,
  });
  if ("refused" in scene) return scene;
  switch (given.act) {
    case "declare":
      return declare(tools, watched, scene, text);
    case "authorise":
      return authoriseDeployment(tools, watched, scene);
    case "withdraw":
      return withdrawDeployment(tools, watched, scene);
    case "approve":
    case "reject":
      return review(tools, watched, scene, given.act, text);
  }
}

const COMMANDS = { declare: emergency, authorise, withdraw, approve, reject } as const;

/** A pull request's emergency is led on by the very commands of its comments. */
async function ofPull(
  tools: Tools,
  watched: Watched,
  given: TerminalEmergency & { readonly pull: number },
  by: Actor,
): Promise<ToldAtTerminal> {
  const at = tools.clock.now();
  const command = COMMANDS[given.act];
  const { outcome, reply, judge, ...decided } = await command.answer(tools, watched, {
    name: command.name,
    rest: given.text,
    comment: { id: at, author: by, text: given.text, createdAt: at, edited: false },
    number: given.pull,
    deviation: null,
    month: null,
    via: "terminal",
  });
  if (outcome === "refused") return { refused: plain(reply) };
  const { id: repositoryId } = watched.repository;
  const again: readonly Task[] =
    judge === undefined ? [] : [{ kind: "pull", repositoryId, number: given.pull, request: null, dueAt: at }];
  await tools.ledger.record(together(decided, { tasks: again }), at, watched.fence);
  const told = decided.entries?.find((entry) => entry.kind === "emergency")?.body;
  return { says: plain(reply), emergency: told?.id ?? null, refused: null };
}

/** What was said for a comment, without its Markdown. */
function plain(reply: string): string {
  return oneLine(reply.replaceAll(/\\([^\w\s])/gu, "$1").replaceAll(/\n+-?\s*/gu, " "));
}

interface Scene extends Known {
  readonly environment: string;
  readonly sha: Sha;
  readonly by: Actor;
  readonly deed: Deed;
  readonly facts: readonly EmergencyFacts[];
  readonly open: EmergencyRecord | null;
  readonly makers: readonly Account[] | null;
}

async function sceneOf(
  tools: Tools,
  watched: Watched,
  given: Known & { readonly environment: string; readonly sha: Sha; readonly by: Actor },
): Promise<Scene | { readonly refused: string }> {
  const { environment, sha, policy, by } = given;
  if (!isProductionEnvironment(policy, environment))
    return {
      refused: `${oneLine(environment)} is not a production environment by the policy: nothing holds a deployment there back.`,
    };
  const at = tools.clock.now();
  const deployment = await gatherDeployment(tools, watched, {
    id: "",
    origin: { kind: "report", source: "terminal", report: "", artifact: null },
    environment,
    originalEnvironment: null,
    sha,
    ref: sha,
    creator: by,
    createdAt: at,
    statuses: [],
    at,
    run: null,
    rules: null,
    policy: await currentPolicy(tools, watched),
  });
  const facts = await emergenciesForDeployment(tools, watched, { environment, sha });
  const open = facts.findLast(
    ({ record }) => isOpen(record) && (record.authorised === null || at <= record.authorised.until),
  );
  return {
    ...given,
    deed: { by, at, via: "terminal" },
    facts,
    open: open?.record ?? null,
    makers: await makersOfDeployment(tools, watched, deployment),
  };
}

async function declare(
  tools: Tools,
  watched: Watched,
  scene: Scene,
  reason: string,
): Promise<ToldAtTerminal> {
  const { environment, sha, deed, open, policy } = scene;
  const blocked = await overdueReview(tools, watched, scene);
  if (blocked !== null) return { refused: plain(blocked) };
  const roles = rolesOf(await standingIn(tools, watched, scene), false);
  if (!roles.includes("writer"))
    return { refused: "Only people who may write to this repository can declare an emergency here." };
  if (!allows(open, "declare", roles))
    return {
      refused:
        open?.status === "authorised"
          ? `An emergency is authorised for this commit already, until ${time(open.authorised?.until ?? 0)}.`
          : "An emergency is declared for this commit already and waits to be authorised.",
    };
  const occasion = { ...scene, repository: watched.repository, pull: null, deployment: { environment, sha } };
  const source = `terminal:${environment.toLowerCase()}:${sha}:${deed.at}`;
  const record = opened(occasion, source, deed, reason, sha);
  const able = await authorisers(tools, watched, policy);
  const { actions } = askAuthorisers(addressee(tools, watched), record, policy, able, "declared");
  const from = oneLine(sources(policy.emergency.authorisers));
  return done(
    tools,
    watched,
    record,
    `The emergency ${record.id} is declared for ${short(sha)} in ${environment}. It waits for one of ${from} with no part in it; until then nothing is waived.`,
    actions,
  );
}

async function authoriseDeployment(tools: Tools, watched: Watched, scene: Scene): Promise<ToldAtTerminal> {
  const { open: record, policy, by, deed, sha } = scene;
  if (record === null)
    return { refused: "No emergency waits for this commit in this environment. Declare one first." };
  if (record.authorised !== null)
    return {
      refused: `${oneLine(record.authorised.by.login)} authorised it already, until ${time(record.authorised.until)}.`,
    };
  const blocked = await overdueReview(tools, watched, scene);
  if (blocked !== null) return { refused: plain(blocked) };
  const among = policy.emergency.authorisers;
  const { makers } = scene;
  const seen = await standing(tools, watched, { actor: by, among, pull: null, makers, record, policy });
  if (seen.authority === null || !allows(record, "authorise", rolesOf(seen.standing, false)))
    return { refused: plain(notAuthoriser(seen.standing, among, by.login, "deployment")) };
  const rest = { by, at: deed.at, via: "terminal", head: sha, authority: seen.authority } as const;
  const after = authorised(record, authorisation(rest, policy, false), scene);
  const { reviewers, reviewWithin } = policy.emergency;
  return done(
    tools,
    watched,
    after,
    `The emergency is authorised until ${time(after.authorised?.until ?? 0)}, for ${short(sha)} only. A review by ${oneLine(sources(reviewers))} with no part in it is owed within ${termText(reviewWithin)} of the deployment.`,
  );
}

async function withdrawDeployment(tools: Tools, watched: Watched, scene: Scene): Promise<ToldAtTerminal> {
  const { open, by, deed } = scene;
  if (open === null) {
    const isUsed = scene.facts.some(({ record }) => record.status === "used");
    return {
      refused: isUsed
        ? "The emergency was used: it can no longer be withdrawn, and its review is owed."
        : "No emergency is open for this commit in this environment.",
    };
  }
  if (!allows(open, "withdraw", rolesOf(await standingIn(tools, watched, scene), false)))
    return { refused: "Only whoever declared this emergency, or may authorise it, can withdraw it." };
  const after = withdrawn(open, deed, `${by.login} withdrew it`);
  return done(
    tools,
    watched,
    after,
    "The emergency is withdrawn: what the policy asks for is asked for again.",
  );
}

async function standingIn(tools: Tools, watched: Watched, { by, policy, open, makers }: Scene) {
  const among = policy.emergency.authorisers;
  return (await standing(tools, watched, { actor: by, among, pull: null, makers, record: open, policy }))
    .standing;
}

async function review(
  tools: Tools,
  watched: Watched,
  scene: Scene,
  event: "approve" | "reject",
  note: string,
): Promise<ToldAtTerminal> {
  const { by, deed, facts } = scene;
  const ids = new Set(facts.map(({ record }) => record.id));
  const all = (await owedFor(tools, watched, null)).filter(({ review: each }) => ids.has(each.emergency));
  const owed = all.findLast(({ review: each }) => each.status === "due") ?? all.at(-1);
  if (owed === undefined)
    return {
      refused:
        "No review is owed for this commit in this environment: it is owed after an emergency was used.",
    };
  // Who made what was deployed is asked of its record, not of what a deployment would bring now.
  const makers = await makersUsed(tools, watched, owed.facts.record);
  const seen = await standingToReview(tools, watched, owed, null, by, makers);
  if (owed.review.status === "due" && !mayReview(seen))
    return { refused: plain(notReviewer(seen, owed, by.login, "deployment")) };
  const after = decision(owed, event, { by, at: deed.at, via: "terminal", note });
  if (after === null)
    return {
      refused: `${oneLine(owed.review.decision?.by.login ?? "Somebody")} decided this review already: ${owed.review.status}.`,
    };
  const now = tools.clock.now();
  const { id: repositoryId } = watched.repository;
  const entries = [reviewEntry(after)];
  const tasks: readonly Task[] = [{ kind: "due", repositoryId, dueAt: now }];
  await tools.ledger.record({ entries, tasks }, now, watched.fence);
  const late = isLate(after)
    ? ` It was due by ${time(after.dueAt)}: that it came late stays a deviation.`
    : "";
  const revert =
    event === "reject"
      ? `; what was deployed must be rolled back by ${time(after.revertBy ?? after.dueAt)}`
      : "";
  return {
    says: `The review is on record: ${after.status}${revert}.${late}`,
    emergency: after.emergency,
    refused: null,
  };
}

async function makersUsed(
  tools: Tools,
  watched: Watched,
  { used }: EmergencyRecord,
): Promise<readonly Account[] | null> {
  const all: Account[] = [];
  for (const id of used?.subjects ?? []) {
    const entry = await tools.ledger.state("deployment", id);
    const makers =
      entry === undefined ? null : await makersOfDeployment(tools, watched, entry.body.deployment);
    if (makers === null) return null;
    all.push(...makers);
  }
  return all;
}

/** Records it, and has the jobs that wait for our gate looked at again. */
async function done(
  tools: Tools,
  watched: Watched,
  record: EmergencyRecord,
  says: string,
  actions: readonly Action[] = [],
): Promise<ToldAtTerminal> {
  const now = tools.clock.now();
  const { id: repositoryId } = watched.repository;
  const entries: readonly Entry[] = [emergencyEntry(record)];
  const tasks: readonly Task[] = [
    { kind: "gates", repositoryId, dueAt: now },
    ...dueTasks(repositoryId, [{ record, review: null }], now),
  ];
  await tools.ledger.record({ entries, actions, tasks }, now, watched.fence);
  return { says, emergency: record.id, refused: null };
}
