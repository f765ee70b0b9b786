/** Tags that the policy counts as deployments: made or moved, they deploy what they point to. */

import type { Repo } from "../context/repo.ts";
import { type Actor } from "../../domain/change/people.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { productionTagGlob } from "../../domain/policy/scope.ts";
import type { TagsRecord } from "../../domain/records/deployment.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { knownDeployments } from "../records/deployments.ts";
import { isRecorded, recordSuccess } from "./record-deployment.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";

/** One moment from which a tag pointed to a commit. */
interface Move {
  readonly commit: Sha;
  readonly object: Sha;
  readonly actor: Actor | null;
  readonly at: Instant;
}

/** Judges every move of one tag that a webhook reported and no record holds. */
export async function assessTag(repo: Repo, tag: string): Promise<void> {
  const seen = await repo.observed(`refs/tags/${tag}`);
  const times = new Map<Sha, number>();
  for (const move of seen) {
    if (move.kind !== "tagged" || move.after === NO_COMMIT || move.at < repo.since) continue;
    const commit = move.commit ?? (await repo.github.commit(`tags/${tag}`)) ?? move.after;
    times.set(commit, (times.get(commit) ?? 0) + 1);
    await judge(repo, tag, { commit, object: move.after, actor: move.actor, at: move.at }, times);
  }
}

/**
 * Judges the tags that stand for something else than the log records: their webhooks were lost. GitHub keeps no history of tags,
 * so such a move is taken to have happened when it is found. What was there when tags began to count is no deployment.
 */
export async function assessTags(repo: Repo): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.production.tags.length === 0) return;
  const { info: repository } = repo;
  const listed = (await repo.github.listTags()).filter(
    ({ name }) => productionTagGlob(policy, name) !== null,
  );
  const known = await repo.ledger.state("tags", String(repository.id));
  const now = repo.now();
  if (known === undefined) {
    const tags = Object.fromEntries(listed.map(({ name, sha }) => [name, sha]));
    const body: TagsRecord = { tags, at: now };
    await repo.commit({ entries: [{ kind: "tags", subject: String(repository.id), at: now, body }] });
    return;
  }
  const origin = known.body.tags;
  for (const { name } of listed) await assessTag(repo, name);
  const moves = await recordedMoves(repo);
  for (const { name, sha } of listed) {
    const before = moves.get(name) ?? [];
    if ((before.at(-1) ?? origin[name]) === sha) continue;
    const times = new Map([[sha, before.filter((each) => each === sha).length + 1]]);
    await judge(repo, name, { commit: sha, object: sha, actor: null, at: now }, times);
  }
}

/** The commits each tag was recorded to stand for, oldest first. */
async function recordedMoves(repo: Repo): Promise<ReadonlyMap<string, readonly Sha[]>> {
  const found = new Map<string, Sha[]>();
  for (const { tag, sha } of await knownDeployments(repo.tools, repo.info.id)) {
    if (tag === null) continue;
    const moves = found.get(tag);
    if (moves === undefined) found.set(tag, [sha]);
    else moves.push(sha);
  }
  return found;
}

async function judge(repo: Repo, tag: string, move: Move, times: ReadonlyMap<Sha, number>): Promise<void> {
  const { commit, object, actor, at } = move;
  const id = sha256(`${repo.info.id}\ntag\n${tag}\n${commit}\n${times.get(commit) ?? 1}`);
  if (await isRecorded(repo.tools, id)) return;
  const policy = await policyWhen(repo, at);
  const glob = productionTagGlob(policyOrDefault(policy), tag);
  if (glob === null) return;
  await recordSuccess(repo, {
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
