/** One branch counted: each listing of its updates, from every place that knows of it, against the others. */

import type { Repo } from "../context/repo.ts";
import { type Change, type RefUpdate } from "../../domain/change/change.ts";
import { canonical, sha256 } from "../../domain/values/digest.ts";
import { type Count, countListings, EDGE, type Listings } from "../../domain/evidence/counting.ts";
import { branchOf } from "../../domain/policy/scope.ts";
import type { BranchRecord } from "../../domain/records/change.ts";
import { HISTORY_KEPT } from "../changes/follow-branch.ts";
import { observationsOf } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import { recordedFrom } from "../repositories/repositories.ts";
import type { Span } from "../../domain/time/span.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";

type Source = CompletenessRecord["listings"][number];

/** Lists a branch's span anew from every place that knows of it, and counts the listings against each other. Records nothing. Throws {@link ExternalError}. */
export async function countBranch(repo: Repo, ref: string, span: Span): Promise<CompletenessRecord> {
  const { info: repository } = repo;
  const { github, ledger } = repo;
  const place = await ledger.state("branch", `${repository.id}:${ref}`);
  const followed = place === undefined ? null : place.body;
  const { from } = span;
  // What happened after it ceased to be one of production is not counted.
  const to = Math.min(span.to, (followed?.left?.at ?? Infinity) + 1);
  const origin = followed?.origin ?? null;
  // A branch that became one of production later counts from then.
  const isLater = origin !== null && origin.at > repo.since;
  const start = Math.max(from, isLater ? origin.at : await recordedFrom(repo));
  // The head is read before the list: whatever is pushed in between is in the list.
  const merged = await github.listMergedPulls(branchOf(ref) ?? ref, start - EDGE);
  const listing = await github.refUpdates(ref, { since: null, from: start });
  // What was filled in from before observation began counts like the rest.
  const known = (start < repo.since ? listing.updates : afterOrigin(listing.updates, origin)).filter(
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
  const isForgotten = begun === null && start < repo.now() - HISTORY_KEPT;
  const git = await gitLine(repo, listed);
  const changes = await recordedChanges(repo.tools, repository.id, ref, { from: start, to });
  const recorded = changes.map(({ update }) => update);
  // Before anyone watched no webhook could report.
  const reportedFrom = Math.max(start, repo.since);
  const reported = await reportedPushes(repo.tools, repository.id, ref, { from: reportedFrom, to });
  const count = countListings({
    from: start,
    to,
    activity: listed,
    later,
    ledger: recorded,
    git: git?.git ?? null,
    pulls: merged.pulls,
    named: new Set(changes.flatMap(({ pullRequests }) => pullRequests.map(({ number }) => number))),
    reported,
    reportedFrom,
  });
  // Where nothing at all is listed since, the branch must be where it was followed to: a list may come back empty.
  const lastHead = followed === null || followed.head === NO_COMMIT ? [] : [followed.head];
  const listedEnds = [begun, ...known.map(({ after }) => after)].filter((sha) => sha !== null);
  const ends = listedEnds.length > 0 ? listedEnds : lastHead;
  const isHeadKnown = start >= to || isOneOf(merged.head, ends);
  const differences = isHeadKnown ? count.differences : [...count.differences, headDiffers(merged.head)];
  const contiguous = isContiguous(listed, begun);
  const truncated =
    listing.truncated || merged.truncated || isForgotten || (git?.truncated ?? false) || git === null;
  return {
    repository,
    ref,
    from,
    to: span.to,
    listings: [
      { source: "activity", count: listed.length, query: listing.query, sha256: listing.digest },
      gitSource(git, count.firstParents),
      {
        source: "merged-pull-requests",
        count: merged.pulls.filter(({ at }) => at >= start && at < to).length,
        query: merged.query,
        sha256: merged.digest,
      },
      deliveriesSource(ref, reported),
      {
        source: "ledger",
        count: recorded.length,
        query: `changes of ${ref}`,
        sha256: github.digestOf(recorded),
      },
    ],
    matched: count.matched,
    differences,
    contiguous,
    truncated,
    complete: contiguous && !truncated && differences.every(({ explanation }) => explanation !== null),
    withoutPullRequest: listed.filter(({ kind }) => kind !== "pull-request" && kind !== "queue").length,
    checkedAt: repo.now(),
  };
}

/** Returns whether a branch's head is where its updates ended; a branch that is gone ended once. */
function isOneOf(head: Sha | null, ends: readonly Sha[]): boolean {
  return ends.length === 0 || ends.includes(head ?? NO_COMMIT) || (head === null && ends.length === 1);
}

function headDiffers(head: Sha | null): Count["differences"][number] {
  return { what: "head", sha: head ?? NO_COMMIT, onlyIn: "git-first-parent", explanation: null };
}

/** Returns whether each update begins where the one before it ended. */
function isContiguous(listed: readonly RefUpdate[], begun: Sha | null): boolean {
  return listed.every((update, index) => {
    const end = index === 0 ? begun : listed[index - 1]?.after;
    return end == null || end === update.before;
  });
}

function gitSource(git: Awaited<ReturnType<typeof gitLine>>, count: number): Source {
  const query = git?.query ?? "nothing to compare";
  return { source: "git-first-parent", count, query, sha256: git?.digest ?? sha256(canonical([])) };
}

function deliveriesSource(ref: string, reported: Awaited<ReturnType<typeof reportedPushes>>): Source {
  const query = `pushes to ${ref} that webhooks told of`;
  return { source: "deliveries", count: reported.length, query, sha256: sha256(canonical(reported)) };
}

/** What git has between the first update and the last; null where GitHub would not compare the two. */
async function gitLine(
  repo: Repo,
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
  const read = await repo.github.listGitLine(begin, end);
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

/** The pushes to a branch that webhooks reported in a span, each movement once. */
async function reportedPushes(
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
