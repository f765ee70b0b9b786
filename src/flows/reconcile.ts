/** Completeness: list a period's updates of every production branch anew, and count them against the log. */

import type { Instant, RefUpdate } from "../domain/change.ts";
import type { Entry } from "../domain/entry.ts";
import type { BranchRecord, ChangeRecord, CompletenessRecord, RepositoryRecord } from "../domain/record.ts";
import { followBranch, HISTORY_KEPT } from "./assess-change.ts";
import type { Tools, Watched } from "./ports.ts";
import { productionRefs, TASKS, type TaskPayload } from "./sweep.ts";

/** What a reconciliation covers; `to` is excluded. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Queues the reconciliation of every repository of an organisation, each in its own lane; answers the tasks' ids. */
export async function askToReconcile(
  tools: Tools,
  organizationId: number,
  span: Span,
  request: string,
): Promise<readonly string[]> {
  const tasks = [];
  for await (const entry of tools.ledger.states("repository", { organizationId, order: "subject" })) {
    if ((entry.body as RepositoryRecord).removedAt !== null) continue;
    tasks.push({
      id: `${TASKS.reconcile}:${entry.subject}:${request}`,
      lane: `repository:${entry.subject}`,
      event: TASKS.reconcile,
      dueAt: tools.clock.now(),
      payload: { repositoryId: Number(entry.subject), span } satisfies TaskPayload,
    });
  }
  await tools.ledger.queue.enqueue(tasks);
  return tasks.map((task) => task.id);
}

/** What the branches of an organisation came to when they were reconciled for exactly this span. */
export async function reconciled(
  tools: Tools,
  organizationId: number,
  { from, to }: Span,
): Promise<readonly CompletenessRecord[]> {
  const found: CompletenessRecord[] = [];
  for await (const entry of tools.ledger.states("completeness", { organizationId, order: "subject" })) {
    const record = entry.body as CompletenessRecord;
    if (record.from === from && record.to === to) found.push(record);
  }
  return found;
}

/** Reconciles every production branch of one repository, and records what each came to. */
export async function reconcileRepository(tools: Tools, watched: Watched, { from, to }: Span): Promise<void> {
  for (const ref of await productionRefs(tools, watched)) {
    await reconcileBranch(tools, watched, ref, from, to);
  }
}

async function reconcileBranch(
  tools: Tools,
  watched: Watched,
  ref: string,
  from: Instant,
  to: Instant,
): Promise<void> {
  const { repository } = watched;
  await followBranch(tools, watched, ref);
  const place = await tools.ledger.state("branch", `${repository.id}:${ref}`);
  const { origin } = place === undefined ? { origin: null } : (place.body as BranchRecord);
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const start = Math.max(from, watched.since);
  const listing = await tools.github.readRefUpdates(octokit, repository, ref, { since: null, from: start });
  const listed = afterOrigin(listing.updates, origin).filter(
    (update) => update.at >= start && update.at < to,
  );
  const recorded: RefUpdate[] = [];
  for await (const entry of tools.ledger.states("change", {
    repositoryId: repository.id,
    from: start,
    to,
    order: "at",
  })) {
    const { update } = (entry.body as ChangeRecord).change;
    if (update.ref === ref) recorded.push(update);
  }
  const onlyListed = without(listed, recorded);
  const onlyRecorded = without(recorded, listed);
  const begun =
    listing.before?.after ?? (start === origin?.at && origin.activityId !== null ? origin.head : null);
  // GitHub keeps updates for a year: what it does not list of an older span may have been, and is forgotten.
  const isForgotten = begun === null && start < tools.clock.now() - HISTORY_KEPT;
  const contiguous = listed.every((update, index) => {
    const end = index === 0 ? begun : listed[index - 1]?.after;
    return end == null || end === update.before;
  });
  const differences = [
    ...onlyListed.map((update) => ({
      what: "update",
      sha: update.after,
      onlyIn: "activity",
      explanation: null,
    })),
    ...onlyRecorded.map((update) => ({
      what: "update",
      sha: update.after,
      onlyIn: "ledger",
      explanation: null,
    })),
  ];
  const body: CompletenessRecord = {
    repository,
    ref,
    from,
    to,
    listings: [
      { source: "activity", count: listed.length, query: listing.query, sha256: listing.digest },
      {
        source: "ledger",
        count: recorded.length,
        query: `changes of ${ref}`,
        sha256: tools.github.digestOf(recorded),
      },
    ],
    matched: listed.length - onlyListed.length,
    differences,
    contiguous,
    truncated: listing.truncated || isForgotten,
    complete: differences.length === 0 && contiguous && !listing.truncated && !isForgotten,
    withoutPullRequest: listed.filter((update) => update.kind !== "pull-request" && update.kind !== "queue")
      .length,
    checkedAt: tools.clock.now(),
  };
  const entry: Entry = {
    kind: "completeness",
    subject: `${repository.id}:${ref}:${from}:${to}`,
    repositoryId: repository.id,
    organizationId: repository.ownerId,
    at: from,
    body,
  };
  await tools.ledger.record({ entries: [entry], actions: [] }, tools.clock.now(), watched.fence);
}

/** The updates made after observation began, also within its first second. */
function afterOrigin(
  updates: readonly RefUpdate[],
  origin: BranchRecord["origin"] | null,
): readonly RefUpdate[] {
  if (origin === null) return updates;
  const place = updates.findIndex(
    (update) => update.activityId !== null && update.activityId === origin.activityId,
  );
  return place >= 0 ? updates.slice(place + 1) : updates;
}

/** Those of `all` that have no counterpart in `others`, one for one. */
function without(all: readonly RefUpdate[], others: readonly RefUpdate[]): readonly RefUpdate[] {
  const left = new Map<string, number>();
  for (const each of others) left.set(key(each), (left.get(key(each)) ?? 0) + 1);
  return all.filter((each) => {
    const count = left.get(key(each)) ?? 0;
    left.set(key(each), count - 1);
    return count <= 0;
  });
}

function key(update: RefUpdate): string {
  return `${update.before}:${update.after}`;
}
