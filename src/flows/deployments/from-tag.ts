/** Tags that the policy counts as deployments: made or moved, they bring what they stand for to production. */

import { type Actor } from "../../domain/change/people.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { productionTagGlob } from "../../domain/policy/scope.ts";
import type { TagsRecord } from "../../domain/records/deployment.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { knownDeployments } from "../records/deployments.ts";
import { isRecorded, recordSuccess } from "./record-deployment.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { observationsOf } from "../records/observations.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";

/** One moment a tag stood for a commit from. */
interface Move {
  readonly commit: Sha;
  readonly object: Sha;
  readonly actor: Actor | null;
  readonly at: Instant;
}

/** Judges every move of one tag that a webhook told of and no record holds. */
export async function assessTag(tools: Tools, watched: RepositoryContext, tag: string): Promise<void> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { id: repositoryId } = watched.repository;
  const seen = await observationsOf(tools, repositoryId, `refs/tags/${tag}`);
  const times = new Map<Sha, number>();
  for (const move of seen) {
    if (move.kind !== "tagged" || move.after === NO_COMMIT || move.at < watched.since) continue;
    const commit =
      move.commit ??
      (await tools.github.readCommit(octokit, watched.repository, `tags/${tag}`)) ??
      move.after;
    times.set(commit, (times.get(commit) ?? 0) + 1);
    await judge(tools, watched, tag, { commit, object: move.after, actor: move.actor, at: move.at }, times);
  }
}

/**
 * Judges the tags that stand for something else than the log knows: their webhooks were lost. GitHub keeps no history of tags,
 * so such a move is taken to have happened when it is found. What was there when tags began to count is no deployment.
 */
export async function assessTags(tools: Tools, watched: RepositoryContext): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  if (policy.production.tags.length === 0) return;
  const { repository } = watched;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const listed = (await tools.github.listTags(octokit, repository)).filter(
    ({ name }) => productionTagGlob(policy, name) !== null,
  );
  const known = await tools.ledger.state("tags", String(repository.id));
  const now = tools.clock.now();
  if (known === undefined) {
    const tags = Object.fromEntries(listed.map(({ name, sha }) => [name, sha]));
    const body: TagsRecord = { tags, at: now };
    const owned = { repositoryId: repository.id, organizationId: repository.ownerId };
    const entry: Entry = { kind: "tags", subject: String(repository.id), ...owned, at: now, body };
    await tools.ledger.record({ entries: [entry], actions: [] }, now, watched.fence);
    return;
  }
  const origin = known.body.tags;
  for (const { name } of listed) await assessTag(tools, watched, name);
  const moves = await recordedMoves(tools, watched);
  for (const { name, sha } of listed) {
    const before = moves.get(name) ?? [];
    if ((before.at(-1) ?? origin[name]) === sha) continue;
    const times = new Map([[sha, before.filter((each) => each === sha).length + 1]]);
    await judge(tools, watched, name, { commit: sha, object: sha, actor: null, at: now }, times);
  }
}

/** The commits each tag was recorded to stand for, oldest first. */
async function recordedMoves(
  tools: Tools,
  watched: RepositoryContext,
): Promise<ReadonlyMap<string, readonly Sha[]>> {
  const found = new Map<string, Sha[]>();
  for (const { tag, sha } of await knownDeployments(tools, watched.repository.id)) {
    if (tag === null) continue;
    const moves = found.get(tag);
    if (moves === undefined) found.set(tag, [sha]);
    else moves.push(sha);
  }
  return found;
}

async function judge(
  tools: Tools,
  watched: RepositoryContext,
  tag: string,
  move: Move,
  times: ReadonlyMap<Sha, number>,
): Promise<void> {
  const { commit, object, actor, at } = move;
  const id = sha256(`${watched.repository.id}\ntag\n${tag}\n${commit}\n${times.get(commit) ?? 1}`);
  if (await isRecorded(tools, id)) return;
  const policy = await policyWhen(tools, watched, at);
  const glob = productionTagGlob(policyOrDefault(policy), tag);
  if (glob === null) return;
  await recordSuccess(tools, watched, {
    id,
    origin: { kind: "tag", tag, object },
    environment: `tags ${glob}`,
    originalEnvironment: null,
    sha: commit,
    ref: tag,
    creator: actor,
    createdAt: at,
    statuses: [],
    at,
    run: null,
    rules: null,
    policy,
  });
}
