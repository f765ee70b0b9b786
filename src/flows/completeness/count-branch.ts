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
import type { Instant } from "../../domain/time/instant.ts";
import { recordedFrom } from "../repositories/repositories.ts";
import type { Span } from "../../domain/time/span.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";

type Source = CompletenessRecord["listings"][number];

type Answer<Name extends "listMergedPulls" | "refUpdates"> = Awaited<ReturnType<Repo["github"][Name]>>;

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
  const { got: merged, ...mergedRead } = await timed(repo, () =>
    github.listMergedPulls(branchOf(ref) ?? ref, start - EDGE),
  );
  const { got: listing, ...listingRead } = await timed(repo, () =>
    github.refUpdates(ref, { since: null, from: start }),
  );
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
  const { got: git, ...gitRead } = await timed(repo, () => gitLine(repo, listed));
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
      activitySource(listing, listed.length, { ...listingRead, cut: listing.truncated || isForgotten }),
      gitSource(git, count.firstParents, gitRead),
      mergedSource(merged, merged.pulls.filter(({ at }) => at >= start && at < to).length, mergedRead),
      logged(
        "deliveries",
        `pushes to ${ref} that webhooks told of`,
        reported.length,
        sha256(canonical(reported)),
        repo.now(),
      ),
      logged("ledger", `changes of ${ref}`, recorded.length, github.digestOf(recorded), repo.now()),
    ],
    readAs: await readAs(repo),
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

function activitySource(
  { query, digest, pages, updates }: Answer<"refUpdates">,
  count: number,
  { began, ended, cut }: When & { readonly cut: boolean },
): Source {
  const read = { began, ended, pages, rows: updates.length, cut };
  return { source: "activity", count, query, sha256: digest, read };
}

function mergedSource(
  { query, digest, pages, rows, truncated }: Answer<"listMergedPulls">,
  count: number,
  when: When,
): Source {
  const read = { ...when, pages, rows, cut: truncated };
  return { source: "merged-pull-requests", count, query, sha256: digest, read };
}

function gitSource(git: Awaited<ReturnType<typeof gitLine>>, count: number, when: When): Source {
  return {
    source: "git-first-parent",
    count,
    query: git?.query ?? "nothing to compare",
    sha256: git?.digest ?? sha256(canonical([])),
    read: { ...when, pages: git?.pages ?? 0, rows: git?.rows ?? 0, cut: git?.truncated ?? true },
  };
}

/** When something was read, by the App's clock. */
type When = Pick<NonNullable<Source["read"]>, "began" | "ended">;

async function timed<Got>(repo: Repo, read: () => Promise<Got>): Promise<When & { readonly got: Got }> {
  const began = repo.now();
  const got = await read();
  return { got, began, ended: repo.now() };
}

/** As whom the lists were read. Asked after them, so that the token is there already. */
async function readAs({
  appId,
  installationId,
  version,
  tools,
}: Repo): Promise<CompletenessRecord["readAs"]> {
  const rights = await tools.github.octokits.rights(installationId);
  return { app: rights === null ? null : { id: appId, installation: installationId, rights }, version };
}

/** A listing of what the log holds. */
function logged(
  source: "deliveries" | "ledger",
  query: string,
  rows: number,
  digest: string,
  at: Instant,
): Source {
  return {
    source,
    count: rows,
    query,
    sha256: digest,
    read: { began: at, ended: at, pages: null, rows, cut: false },
  };
}

/** What git has between the first update and the last; null where GitHub would not compare the two. */
async function gitLine(
  repo: Repo,
  listed: readonly RefUpdate[],
): Promise<
  | (Pick<Listings, "git"> & {
      readonly query: string;
      readonly digest: string;
      readonly truncated: boolean;
      readonly pages: number;
      readonly rows: number;
    })
  | null
> {
  const first = listed[0];
  const end = listed.findLast(({ after }) => after !== NO_COMMIT)?.after;
  if (first === undefined || end === undefined)
    return {
      git: null,
      query: "nothing was updated",
      digest: sha256(canonical([])),
      truncated: false,
      pages: 0,
      rows: 0,
    };
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
