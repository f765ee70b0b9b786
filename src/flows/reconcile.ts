/** Completeness: list a period's updates of every production branch anew, and count them against the log. */

import { NO_COMMIT, type Change, type Instant, type RefUpdate } from "../domain/change.ts";
import { countListings, EDGE, type Count, type Listings } from "../domain/evidence/counting.ts";
import { branchOf } from "../domain/policy/scope.ts";
import { canonical, sha256 } from "../domain/digest.ts";
import type { Entry } from "../domain/entry.ts";
import type { BranchRecord, CompletenessRecord, RepositoryRecord } from "../domain/record.ts";
import { taskId, type Task } from "../domain/task.ts";
import { Trouble } from "../domain/trouble.ts";
import { followBranch, HISTORY_KEPT } from "./follow-branch.ts";
import { isForAll, isLasting, isOpenChore, notesOf, type Note } from "./chores.ts";
import { observationsOf } from "./observations.ts";
import type { Tools, Watched } from "./ports.ts";
import { recordedFrom } from "./repositories.ts";
import { verifySources } from "./verify-sources.ts";
import { productionRefs } from "./production-branches.ts";

/** What a reconciliation covers; `to` is excluded. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * Queues the reconciliation of every repository of an organisation, each in its own lane; answers the tasks' ids. `onlyUncounted`: of
 * those only in which a branch could not be counted, and still was not.
 */
export async function askToReconcile(
  tools: Tools,
  organizationId: number,
  span: Span,
  round: string,
  { onlyUncounted = false }: { readonly onlyUncounted?: boolean } = {},
): Promise<readonly string[]> {
  const dueAt = tools.clock.now();
  const tasks: Task[] = [];
  for await (const entry of tools.ledger.states("repository", { organizationId, order: "subject" })) {
    if (entry.body.removedAt !== null) continue;
    if (onlyUncounted && !(await hasUncounted(tools, entry.body))) continue;
    tasks.push({ kind: "reconcile", repositoryId: Number(entry.subject), span, small: false, round, dueAt });
  }
  await tools.ledger.record({ tasks }, dueAt);
  return tasks.map(taskId);
}

/** The chore that counts a branch. */
function listingsOf(ref: string): string {
  return `the listings of ${ref}`;
}

async function hasUncounted(
  tools: Tools,
  { repository, productionRefs }: RepositoryRecord,
): Promise<boolean> {
  for (const ref of productionRefs) if (await isOpenChore(tools, repository, listingsOf(ref))) return true;
  return false;
}

/** What the branches of an organisation came to when they were reconciled for exactly this span. */
export async function reconciled(
  tools: Tools,
  organizationId: number,
  { from, to }: Span,
): Promise<readonly CompletenessRecord[]> {
  const found: CompletenessRecord[] = [];
  for await (const entry of tools.ledger.states("completeness", { organizationId, order: "subject" })) {
    const record = entry.body;
    if (record.from === from && record.to === to) found.push(record);
  }
  return found;
}

/** What the branches of one repository came to. */
export interface Counted {
  readonly counted: readonly CompletenessRecord[];
  /** Those of which GitHub does not answer the listings, and why: nothing is known of them. */
  readonly uncounted: readonly Uncounted[];
}

/** A branch of which GitHub does not answer the listings. */
export interface Uncounted {
  readonly repository: Watched["repository"];
  readonly ref: string;
  readonly trouble: Trouble;
}

/** `onlyWrong`: an hour that agrees leaves no line, for the month's count covers it. `onlyUnproven`: what is proven is not counted again. */
interface Which {
  readonly onlyWrong?: boolean;
  readonly onlyUnproven?: boolean;
}

/** Reconciles every production branch of one repository, each for itself, and records what each came to. Throws Trouble. */
export async function reconcileRepository(
  tools: Tools,
  watched: Watched,
  span: Span,
  { onlyWrong = false, onlyUnproven = false }: Which = {},
): Promise<Counted> {
  if (span.to <= (await recordedFrom(tools, watched))) return { counted: [], uncounted: [] };
  const proven: CompletenessRecord[] = [];
  const refs: string[] = [];
  for (const ref of await productionRefs(tools, watched)) {
    const known = onlyUnproven ? await provenFor(tools, watched, ref, span) : null;
    if (known === null) refs.push(ref);
    else proven.push(known);
  }
  // Of one hour nothing is said that the month's count does not say again.
  const note = onlyWrong ? unnoted : notesOf(tools, watched);
  const { counted, uncounted } = await countEach(watched, refs, note, async (ref) => {
    await followBranch(tools, watched, ref);
    const body = await countBranch(tools, watched, ref, span);
    if (!body.complete)
      tools.log.warn(
        { repository: watched.repository.id, differences: body.differences.length },
        "A branch could not be proven complete",
      );
    if (!onlyWrong || !body.complete) await keep(tools, watched, body);
    return body;
  });
  if (!onlyWrong) await verifySources(tools, watched, span);
  return { counted: [...proven, ...counted], uncounted };
}

function unnoted(): Promise<void> {
  return Promise.resolve();
}

/** Counts and records some branches of one repository without following them further: for a past that was filled in. */
export function countPast(
  tools: Tools,
  watched: Watched,
  refs: readonly string[],
  span: Span,
): Promise<Counted> {
  return countEach(watched, refs, notesOf(tools, watched), async (ref) => {
    const body = await countBranch(tools, watched, ref, span);
    await keep(tools, watched, body);
    return body;
  });
}

/** Counts branches one by one. One that cannot be counted is noted until it can, and the others go on. */
async function countEach(
  watched: Watched,
  refs: readonly string[],
  note: Note,
  count: (ref: string) => Promise<CompletenessRecord>,
): Promise<Counted> {
  const counted: CompletenessRecord[] = [];
  const uncounted: Uncounted[] = [];
  for (const ref of refs) {
    const what = listingsOf(ref);
    try {
      counted.push(await count(ref));
      await note(what, null);
    } catch (error) {
      if (!(error instanceof Trouble) || isForAll(error)) throw error;
      uncounted.push({ repository: watched.repository, ref, trouble: error });
      if (isLasting(error)) await note(what, error.message);
    }
  }
  return { counted, uncounted };
}

/** Returns what a branch came to when it was counted for just this span after its end and proven complete; null: it was not. */
async function provenFor(
  tools: Tools,
  { repository }: Watched,
  ref: string,
  { from, to }: Span,
): Promise<CompletenessRecord | null> {
  const known = (await tools.ledger.state("completeness", `${repository.id}:${ref}:${from}:${to}`))?.body;
  return known?.complete === true && known.checkedAt >= to ? known : null;
}

/** Records what a count came to. */
async function keep(tools: Tools, watched: Watched, body: CompletenessRecord): Promise<void> {
  const { repository, ref, from, to } = body;
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

type Source = CompletenessRecord["listings"][number];

/** Lists a branch's span anew from every place that knows of it, and counts the listings against each other. Records nothing. Throws Trouble. */
export async function countBranch(
  tools: Tools,
  watched: Watched,
  ref: string,
  span: Span,
): Promise<CompletenessRecord> {
  const { repository } = watched;
  const { github, ledger } = tools;
  const place = await ledger.state("branch", `${repository.id}:${ref}`);
  const followed = place === undefined ? null : place.body;
  const { from } = span;
  // What happened after it ceased to be one of production is not counted.
  const to = Math.min(span.to, (followed?.left?.at ?? Infinity) + 1);
  const origin = followed?.origin ?? null;
  const octokit = await github.octokits.installation(watched.installationId);
  // A branch that became one of production later counts from then.
  const isLater = origin !== null && origin.at > watched.since;
  const start = Math.max(from, isLater ? origin.at : await recordedFrom(tools, watched));
  // The head is read before the list: whatever is pushed in between is in the list.
  const merged = await github.listMergedPulls(octokit, repository, branchOf(ref) ?? ref, start - EDGE);
  const listing = await github.readRefUpdates(octokit, repository, ref, { since: null, from: start });
  // What was filled in from before observation began counts like the rest.
  const known = (start < watched.since ? listing.updates : afterOrigin(listing.updates, origin)).filter(
    ({ at }) => at >= start,
  );
  const listed = known.filter(({ at }) => at < to);
  const later = known.filter(({ at }) => at >= to);
  const isTrimmed = known.length < listing.updates.length;
  const begun =
    (isTrimmed ? origin?.head : undefined) ??
    listing.before?.after ??
    (start === origin?.at && origin.activityId !== null ? origin.head : null);
  // GitHub keeps updates for a year: what it does not list of an older span may have been, and is forgotten.
  const isForgotten = begun === null && start < tools.clock.now() - HISTORY_KEPT;
  const git = await gitLine(tools, watched, listed);
  const changes = await recordedChanges(tools, repository.id, ref, { from: start, to });
  const recorded = changes.map(({ update }) => update);
  // Before anybody watched no webhook could tell.
  const heardFrom = Math.max(start, watched.since);
  const told = await toldOf(tools, repository.id, ref, { from: heardFrom, to });
  const count = countListings({
    from: start,
    to,
    activity: listed,
    later,
    ledger: recorded,
    git: git?.git ?? null,
    pulls: merged.pulls,
    named: new Set(changes.flatMap(({ pullRequests }) => pullRequests.map(({ number }) => number))),
    told,
    heardFrom,
  });
  const listedEnds = [begun, ...known.map(({ after }) => after)].filter((sha) => sha !== null);
  // Where nothing at all is listed since, the branch must be where it was followed to: a list may come back empty.
  const stood = followed === null || followed.head === NO_COMMIT ? [] : [followed.head];
  const ends = listedEnds.length > 0 ? listedEnds : stood;
  const isHeadKnown =
    ends.length === 0 ||
    start >= to ||
    ends.includes(merged.head ?? NO_COMMIT) ||
    (merged.head === null && ends.length === 1);
  const differences: Count["differences"] = isHeadKnown
    ? count.differences
    : [
        ...count.differences,
        { what: "head", sha: merged.head ?? NO_COMMIT, onlyIn: "git-first-parent", explanation: null },
      ];
  const contiguous = listed.every((update, index) => {
    const end = index === 0 ? begun : listed[index - 1]?.after;
    return end == null || end === update.before;
  });
  const truncated =
    listing.truncated || merged.truncated || isForgotten || (git?.truncated ?? false) || git === null;
  const listings: readonly Source[] = [
    { source: "activity", count: listed.length, query: listing.query, sha256: listing.digest },
    {
      source: "git-first-parent",
      count: count.firstParents,
      query: git?.query ?? "nothing to compare",
      sha256: git?.digest ?? sha256(canonical([])),
    },
    {
      source: "merged-pull-requests",
      count: merged.pulls.filter(({ at }) => at >= start && at < to).length,
      query: merged.query,
      sha256: merged.digest,
    },
    {
      source: "deliveries",
      count: told.length,
      query: `pushes to ${ref} that webhooks told of`,
      sha256: sha256(canonical(told)),
    },
    {
      source: "ledger",
      count: recorded.length,
      query: `changes of ${ref}`,
      sha256: github.digestOf(recorded),
    },
  ];
  return {
    repository,
    ref,
    from,
    to: span.to,
    listings,
    matched: count.matched,
    differences,
    contiguous,
    truncated,
    complete: contiguous && !truncated && differences.every(({ explanation }) => explanation !== null),
    withoutPullRequest: listed.filter((update) => update.kind !== "pull-request" && update.kind !== "queue")
      .length,
    checkedAt: tools.clock.now(),
  };
}

/** What git has between the first update and the last; null where GitHub would not compare the two. */
async function gitLine(
  tools: Tools,
  { repository, installationId }: Watched,
  listed: readonly RefUpdate[],
): Promise<
  | (Pick<Listings, "git"> & { readonly query: string; readonly digest: string; readonly truncated: boolean })
  | null
> {
  const first = listed[0];
  const end = listed.findLast(({ after }) => after !== NO_COMMIT)?.after;
  if (first === undefined || end === undefined)
    return { git: null, query: "nothing was updated", digest: sha256(canonical([])), truncated: false };
  const begin = first.before === NO_COMMIT ? first.after : first.before;
  const octokit = await tools.github.octokits.installation(installationId);
  const read = await tools.github.listGitLine(octokit, repository, begin, end);
  return read === null ? null : { ...read, git: read.line };
}

async function recordedChanges(
  tools: Tools,
  repositoryId: number,
  ref: string,
  { from, to }: Span,
): Promise<readonly Pick<Change, "update" | "pullRequests">[]> {
  const recorded: Pick<Change, "update" | "pullRequests">[] = [];
  for await (const entry of tools.ledger.states("change", { repositoryId, from, to, order: "at" })) {
    const { update, pullRequests } = entry.body.change;
    if (update.ref === ref) recorded.push({ update, pullRequests });
  }
  return recorded;
}

/** The pushes to a branch that webhooks told of in a span, each movement once. */
async function toldOf(
  tools: Tools,
  repositoryId: number,
  ref: string,
  { from, to }: Span,
): Promise<readonly Pick<RefUpdate, "before" | "after">[]> {
  const found = new Map<string, Pick<RefUpdate, "before" | "after">>();
  for (const each of await observationsOf(tools, repositoryId, ref, from)) {
    if (each.kind !== "pushed" || each.at >= to) continue;
    const { before, after } = each;
    found.set(`${before}:${after}`, { before, after });
  }
  return [...found.values()];
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
