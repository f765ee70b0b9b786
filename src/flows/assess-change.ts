/** The watch: follow a production branch update by update, and judge each as of when it happened. */

import {
  NO_COMMIT,
  type Change,
  type PullRequest,
  type RefUpdate,
  type Sha,
  type ShippedContent,
} from "../domain/change.ts";
import { SETTLING } from "../domain/awaited.ts";
import { assess } from "../domain/controls/assess.ts";
import {
  decideChange,
  decideLanding,
  policyOrDefault,
  seedOfChange,
  type Addressee,
} from "../domain/decision.ts";
import { sha256 } from "../domain/digest.ts";
import { together } from "../domain/deviation/decide.ts";
import { decideUse } from "../domain/emergency/use.ts";
import type { Entry } from "../domain/entry.ts";
import { externalIn } from "../domain/external.ts";
import { notShownYet } from "../domain/policy/brought.ts";
import { branchOf, isIntegrationBranch, isProductionBranch, refOf } from "../domain/policy/scope.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import type { BranchRecord, ChangeRecord } from "../domain/record.ts";
import type { Task } from "../domain/task.ts";
import { Trouble } from "../domain/trouble.ts";
import type { Overview } from "../github/overview.ts";
import { readAhead } from "./ahead.ts";
import { approvedElsewhere } from "./approved-elsewhere.ts";
import { endWaitingChecks } from "./ended-checks.ts";
import { emergenciesOfAll, keepUp } from "./emergencies.ts";
import { checksAt, gatherPull } from "./gather.ts";
import { tasksOfLanding } from "./exposed.ts";
import { gapEntry, gapId } from "./gaps.ts";
import { landedChanges } from "./landed.ts";
import { lastInProduction, productionThen } from "./left-production.ts";
import { policyIfMended, type Mended } from "./mending.ts";
import { observationsOf } from "./observations.ts";
import { policyAt } from "./policy.ts";
import { isMadeByQueue } from "./queue-branches.ts";
import { gapOfUpdate, isNotTold, orUntold, unreadChange, unreadPull } from "./unread.ts";
import { recordMoves } from "./moves.ts";
import { unshownChecksOf } from "./told-checks.ts";
import { recordScope } from "./repositories.ts";
import type { Tools, Watched } from "./ports.ts";
import { ownKey, spansAt, standingOf } from "./standing.ts";
import { DAY } from "../domain/durations.ts";

/** How soon a lagging list is asked again (ms). */
const ASK_AGAIN = 5_000;

/** What GitHub did not show in so long it will not show any more (ms). */
const LOOKED_AT_AGAIN = 31 * DAY;

/** How soon what GitHub does not show yet is first asked for again (ms). */
const FIRST_LOOK = 2_000;

/** So many updates of a branch are read at once. */
const READ_AT_ONCE = 20;

/** What a followed branch is to production, and the kinds of entry that keep its place and its updates. */
interface Role {
  readonly place: "branch" | "integration-branch";
  readonly update: "change" | "landing";
}

const PRODUCTION: Role = { place: "branch", update: "change" };
const INTEGRATION: Role = { place: "integration-branch", update: "landing" };

/** What this ref is under the policy its repository has now; null: it is not followed. */
async function roleOf(tools: Tools, watched: Watched, ref: string): Promise<Role | null> {
  const branch = branchOf(ref);
  if (branch === null) return null;
  const policy = await currentPolicy(tools, watched);
  if (isProductionBranch(policyOrDefault(policy), watched.repository, branch)) return PRODUCTION;
  if (isIntegrationBranch(policyOrDefault(policy), watched.repository, branch)) return INTEGRATION;
  if (policy.state === "known") return null;
  // Breaking the policy file must not end the watch of what it named before.
  for (const role of [PRODUCTION, INTEGRATION]) {
    if ((await tools.ledger.state(role.place, `${watched.repository.id}:${ref}`)) !== undefined) return role;
  }
  return null;
}

/** Follows the integration branches there are, so that what landed on them is recorded; says whether anything was. Throws Trouble. */
export async function followIntegration(tools: Tools, watched: Watched): Promise<boolean> {
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  if (policy.outOfScope !== undefined || policy.production.integration.length === 0) return false;
  const { lookups, octokits, listBranches } = tools.github;
  const octokit = await octokits.installation(watched.installationId);
  const { id } = watched.repository;
  // Forgotten when a webhook tells of a branch that was made or deleted.
  const branches = await lookups.remember(`branches:${id}`, [`branches:${id}`], () =>
    listBranches(octokit, watched.repository),
  );
  let isNews = false;
  for (const branch of branches) {
    if (!isIntegrationBranch(policy, watched.repository, branch)) continue;
    if (await followBranch(tools, watched, refOf(branch))) isNews = true;
  }
  return isNews;
}

/** The policy of the repository's default branch, as last read or `seen`; forgotten when a push may have changed it. */
export async function currentPolicy(
  tools: Tools,
  watched: Watched,
  seen: Overview["policies"] = null,
): Promise<PolicyInForce> {
  const { id } = watched.repository;
  return tools.github.lookups.remember(
    `policy:${id}`,
    [`policy:${id}`, `policy-of:${watched.repository.ownerId}`],
    async () => {
      const now = tools.clock.now();
      const policy = await policyAt(tools, watched, watched.repository.defaultBranch, now, seen);
      await recordScope(tools, watched, policy);
      await recordMoves(tools, watched, policy);
      return policy;
    },
  );
}

/** The change id: the same whether a webhook, the sweep or a backfill found it. */
export function changeId(repositoryId: number, update: RefUpdate, occurrence: number): string {
  return sha256(`${repositoryId}\n${update.ref}\n${update.before}\n${update.after}\n${occurrence}`);
}

/** Records every update of the branch since the last one followed, oldest first; says whether there were any. */
export async function followBranch(tools: Tools, watched: Watched, ref: string): Promise<boolean> {
  const role = await roleOf(tools, watched, ref);
  const isNews = role === PRODUCTION ? false : await followToItsEnd(tools, watched, ref);
  if (role === null || (await isMadeByQueue(tools, watched, ref))) return isNews;
  return (await follow(tools, watched, ref, role)) || isNews;
}

/**
 * Records what happened to a branch while it was still one of production, where it is so no more: GitHub may list that late. It is
 * looked at for as long as GitHub may take, and then never again.
 */
async function followToItsEnd(tools: Tools, watched: Watched, ref: string): Promise<boolean> {
  const { repository } = watched;
  const branch = branchOf(ref);
  const place = (await tools.ledger.state("branch", `${repository.id}:${ref}`))?.body;
  if (branch === null || place === undefined || place.left?.isFollowed === true) return false;
  if (policyOrDefault(await currentPolicy(tools, watched)).outOfScope !== undefined) return false;
  const main = refOf(repository.defaultBranch);
  // What took it out of production may be an update of the default branch that is not recorded yet.
  if (place.left === undefined && ref !== main) await followBranch(tools, watched, main);
  const at = place.left?.at ?? (await lastInProduction(tools, watched, branch, place.at));
  const isNews = await follow(tools, watched, ref, PRODUCTION, { at, isFollowed: false });
  const now = tools.clock.now();
  const isFollowed = now - at >= SETTLING;
  if (place.left === undefined || isFollowed) {
    const reached = (await tools.ledger.state("branch", `${repository.id}:${ref}`))?.body ?? place;
    const entry = placeEntry(watched, { ...reached, left: { at, isFollowed } }, PRODUCTION);
    await tools.ledger.record({ entries: [entry] }, now, watched.fence);
  }
  return isNews;
}

/** Records the news of one branch in one role; `left`: only those up to that moment. */
async function follow(
  tools: Tools,
  watched: Watched,
  ref: string,
  role: Role,
  left: BranchRecord["left"] | null = null,
): Promise<boolean> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const subject = `${watched.repository.id}:${ref}`;
  const state = await tools.ledger.state(role.place, subject);
  const known = state === undefined ? null : state.body;
  const listed = await tools.github.readRefUpdates(octokit, watched.repository, ref, {
    since: known?.activityId ?? null,
    from: known?.at ?? watched.since,
  });
  const isOurs = ({ at }: { readonly at: number }): boolean => left === null || at <= left.at;
  const listing = { ...listed, updates: listed.updates.filter(isOurs) };
  const last =
    known ??
    (await recordBaseline(
      tools,
      watched,
      ref,
      role === PRODUCTION
        ? await sinceProduction(tools, watched, ref, listing)
        : { ...listing, earlier: null },
      role,
    ));
  const fresh = listing.updates.filter(
    (update) => update.activityId !== last.activityId && update.at >= last.at,
  );
  const begun = listing.updates.findIndex(({ activityId }) => activityId === last.activityId);
  const news =
    known === null && begun >= 0
      ? listing.updates.slice(begun + 1)
      : known === null
        ? fresh.filter((update) => update.at > last.at)
        : fresh;
  await noticeMissing(tools, watched, last, news, listing, role);
  // An update of the default branch may have changed the policy, and with it what is watched.
  if (news.length > 0 && branchOf(ref) === watched.repository.defaultBranch)
    tools.github.lookups.forget([`policy:${watched.repository.id}`]);
  for (let next = 0; next < news.length; next += READ_AT_ONCE) {
    const following = news.slice(next, next + READ_AT_ONCE);
    const pulls = await queuedIn(tools, watched, following);
    const ahead = await readAhead(tools, watched, { ref, updates: following, pulls });
    for (const update of following) {
      const tasks = update === news.at(-1) ? headTasks(tools, watched, role, update.after) : [];
      await recordUpdate(ahead, watched, update, last.origin, { role, tasks, left });
    }
  }
  const end = news.at(-1);
  const now = { ...last, at: end?.at ?? last.at, head: end?.after ?? last.head };
  const heard = await recordUnlisted(tools, watched, now, role, isOurs);
  return news.length + heard > 0;
}

/** Returns the pull requests of merge groups that these updates landed, as they were judged. */
async function queuedIn(
  tools: Tools,
  { repository }: Watched,
  updates: readonly RefUpdate[],
): Promise<readonly number[]> {
  const numbers = new Set<number>();
  for (const { kind, after } of updates) {
    const group =
      kind === "queue" ? await tools.ledger.state("gate", `${repository.id}@${after}`) : undefined;
    for (const { number } of group?.body.pulls ?? []) numbers.add(number);
  }
  return [...numbers];
}

/** Returns the task that judges the pull requests from an integration branch again: what landed on it is known now. */
function headTasks(tools: Tools, { repository }: Watched, role: Role, sha: Sha): readonly Task[] {
  if (role !== INTEGRATION || sha === NO_COMMIT) return [];
  return [{ kind: "head", repositoryId: repository.id, sha, dueAt: tools.clock.now() }];
}

/** GitHub keeps the updates of a branch for a year (ms). */
export const HISTORY_KEPT = 365 * DAY;

/** Each update begins where the one before ended; where it does not, the list lags, or it has forgotten what was between. */
async function noticeMissing(
  tools: Tools,
  watched: Watched,
  last: BranchRecord,
  news: readonly RefUpdate[],
  listing: { readonly reachedSince: boolean; readonly truncated: boolean },
  role: Role,
): Promise<void> {
  const [first] = news;
  if (first === undefined || first.before === last.head) return;
  const now = tools.clock.now();
  if (first.activityId !== null && now - first.at < SETTLING) {
    throw new Trouble("github-answer", `GitHub's activity list of ${last.ref} lacks an update yet.`, {
      waitMs: ASK_AGAIN,
    });
  }
  const isForgotten = last.activityId === null ? now - last.at > HISTORY_KEPT : !listing.reachedSince;
  // A landing that was not seen covers nothing: that is no gap in what is known of production.
  if ((!isForgotten && !listing.truncated) || role === INTEGRATION) return;
  const { repository } = watched;
  await tools.ledger.record(
    {
      entries: [
        gapEntry(
          {
            id: gapId(repository.id, "history-expired", last.at, last.ref),
            cause: "history-expired",
            scope: `${repository.owner}/${repository.name} ${last.ref}`,
            from: last.at,
            to: first.at,
            because: "GitHub's activity list of the branch does not go back to the last update recorded",
            backfilled: false,
          },
          repository,
        ),
      ],
      actions: [],
    },
    now,
    watched.fence,
  );
}

/**
 * Where a branch stood when observation began: what is recorded follows from there. Updates in the very second of the
 * installation were made before it, as far as anyone can tell.
 */
async function recordBaseline(
  tools: Tools,
  watched: Watched,
  ref: string,
  listing: {
    readonly updates: readonly RefUpdate[];
    readonly before: RefUpdate | null;
    readonly earlier: RefUpdate | null;
  },
  role: Role,
): Promise<BranchRecord> {
  const { earlier } = listing;
  const last = earlier ?? listing.updates.findLast((update) => update.at <= watched.since) ?? listing.before;
  // Where nothing older is listed, the branch stood where its first update began.
  const head = last?.after ?? listing.updates[0]?.before ?? NO_COMMIT;
  const activityId = last?.activityId ?? null;
  const at = Math.max(watched.since, earlier?.at ?? 0);
  const body: BranchRecord = { ref, head, activityId, at, origin: { head, activityId, at } };
  await tools.ledger.record(
    { entries: [placeEntry(watched, body, role)], tasks: headTasks(tools, watched, role, head) },
    tools.clock.now(),
    watched.fence,
  );
  return body;
}

function placeEntry(watched: Watched, body: BranchRecord, { place }: Role): Entry {
  const { id: repositoryId, ownerId: organizationId } = watched.repository;
  return {
    kind: place,
    subject: `${repositoryId}:${body.ref}`,
    repositoryId,
    organizationId,
    at: body.at,
    body,
  };
}

/** When a push was seen that the list does not show yet: ask again soon, and after ten minutes take the webhook's word. How many were recorded so. */
async function recordUnlisted(
  tools: Tools,
  watched: Watched,
  place: BranchRecord,
  role: Role,
  isOurs: (told: { readonly at: number }) => boolean,
): Promise<number> {
  const { ref, origin } = place;
  const told = await observationsOf(tools, watched.repository.id, ref, place.at);
  const seen = told.filter((each) => each.kind === "pushed" && isOurs(each));
  const now = tools.clock.now();
  let recorded = 0;
  for (const each of seen) {
    if (each.kind !== "pushed" || each.at <= origin.at) continue;
    const update: RefUpdate = {
      activityId: null,
      ref,
      before: each.before,
      after: each.after,
      kind:
        each.before === NO_COMMIT
          ? "branch-created"
          : each.after === NO_COMMIT
            ? "branch-deleted"
            : each.forced
              ? "force-push"
              : "push",
      actor: each.actor,
      at: each.at,
      basis: "observed",
    };
    const id = changeId(watched.repository.id, update, 1);
    if ((await tools.ledger.state(role.update, id)) !== undefined) continue;
    if (now - each.at < SETTLING) {
      throw new Trouble(
        "github-answer",
        `GitHub's activity list of ${ref} does not show the push to ${each.after} yet.`,
        { waitMs: ASK_AGAIN },
      );
    }
    await recordUpdate(tools, watched, update, origin, { role });
    recorded += 1;
  }
  // What was recorded once may have been done again: then the branch is not yet shown where it was last moved to.
  const moved = tools.github.behind(place.head, tools.github.movesIn(seen));
  if (recorded === 0 && moved !== null && now - moved.at < SETTLING)
    throw new Trouble(
      "github-answer",
      `GitHub's activity list of ${ref} does not show the push to ${moved.after} yet.`,
      { waitMs: ASK_AGAIN },
    );
  return recorded;
}

/**
 * Records one update, judged as of when it happened. `origin` null: it lies in a past that is filled in; then the place up to which the
 * branch was followed stays, and nothing is said on GitHub. `again`: it is recorded, and GitHub did not show all of it then; these pull
 * requests are known to have landed by it. Nothing is recorded where it still does not show all, or shows not even these.
 */
export async function recordUpdate(
  tools: Tools,
  watched: Watched,
  update: RefUpdate,
  origin: BranchRecord["origin"] | null,
  {
    role = PRODUCTION,
    tasks = [],
    again = null,
    left = null,
  }: {
    readonly role?: Role;
    readonly tasks?: readonly Task[];
    /** When the branch ceased to be one of production; it is kept with its place. */
    readonly left?: BranchRecord["left"] | null;
    readonly again?: readonly number[] | null;
  } = {},
): Promise<void> {
  const { repository } = watched;
  const now = tools.clock.now();
  const { ref, after: head, activityId, at } = update;
  // Only the list moves the place: what it does not show yet may come before what a webhook told.
  const places =
    again !== null || activityId === null || origin === null
      ? []
      : [
          placeEntry(
            watched,
            { ref, head, activityId, at, origin, ...(left === null ? {} : { left }) },
            role,
          ),
        ];
  const { occurrence, known } = await occurrenceOf(tools, watched, update, role);
  if (
    again === null &&
    known !== null &&
    (known.change.update.activityId !== null || update.activityId === null)
  ) {
    await tools.ledger.record({ entries: places, tasks }, now, watched.fence);
    return;
  }
  const untold: string[] = [];
  /** What GitHub tells, or `otherwise` and the reason. */
  const orElse = async <Told>(
    ask: () => Promise<Told>,
    otherwise: (because: string) => Told,
  ): Promise<Told> => {
    const told = await orUntold(tools, watched, update, ask);
    if (!isNotTold(told)) return told;
    untold.push(told.untold);
    return otherwise(told.untold);
  };
  const found = await orElse(
    () => policyBefore(tools, watched, update),
    (because): PolicyInForce => ({ state: "unreadable", because }),
  );
  const mended = isMerge(update)
    ? await orElse(
        () => policyIfMended(tools, watched, update, found),
        () => null,
      )
    : null;
  const policy = mended?.policy ?? found;
  // What was read within minutes of happening was seen happening, whether a webhook or the list told first.
  const basis = now - update.at <= SETTLING ? "observed" : "read-later";
  const seen = { ...update, basis } as const;
  const gathered = await orElse(
    async () => {
      if (role === PRODUCTION && isMerge(update)) await followIntegration(tools, watched);
      return gatherChange(tools, watched, seen, occurrence, policy, mended, again ?? []);
    },
    () =>
      unreadChange(watched, seen, {
        id: changeId(repository.id, update, occurrence),
        occurrence,
        late: now - update.at >= SETTLING,
      }),
  );
  if (again !== null && !isNews(gathered, again)) return;
  untold.push(...gathered.pullRequests.flatMap(({ unread }) => unread?.because ?? []));
  const looked = await withEmergencies(tools, watched, gathered, policy, orElse);
  // Whatever was not told is looked at again.
  const change =
    untold.length === 0 || isUnshown(looked)
      ? looked
      : { ...looked, awaited: [{ what: "all that came with this update", since: update.at }] };
  const emergencies = await emergenciesOfAll(tools, watched, change.pullRequests);
  const assessment = assess(
    { moment: "landed", change, emergencies },
    { policy, appId: tools.appId, at: update.at, since: sinceOf(watched, policy) },
  );
  const to: Addressee = { repository, installationId: watched.installationId, appId: tools.appId };
  const ends =
    role === PRODUCTION && origin === null
      ? []
      : await orElse(
          () => endWaitingChecks(tools, watched, change.pullRequests, assessment.verdict, to),
          () => [],
        );
  if (role === INTEGRATION) {
    const landing = decideLanding({ change, assessment, policy, detectedAt: now });
    const decided = together(landing, { entries: places, actions: ends, tasks });
    await tools.ledger.record(decided, now, watched.fence);
    return;
  }
  const { verdict } = assessment;
  const spans = await spansAt(tools, watched, { at: update.at, where: update.ref, verdict });
  const seed = seedOfChange({ change, assessment, policy, spans });
  const standing = await standingOf(tools, watched, policyOrDefault(policy), ownKey(seed), change.id);
  const decision = decideChange({
    change,
    assessment,
    policy,
    to,
    detectedAt: now,
    spans,
    standing,
    emergencies,
  });
  const use = decideUse({
    assessment,
    emergencies,
    use: { at: update.at, subject: change.id, shipped: update.after },
    policy,
    to,
    now,
  });
  const gap = await gapOfUpdate(tools, watched, change, untold, now);
  await tools.ledger.record(
    {
      entries: [...decision.entries, ...use.entries, ...gap, ...places],
      actions: origin === null ? [] : [...decision.actions, ...use.actions, ...ends],
      tasks: [
        ...tasks,
        ...decision.tasks,
        ...use.tasks,
        ...(await tasksOfLanding(tools, watched, seed?.cause.shared)),
      ],
    },
    now,
    watched.fence,
  );
}

/** What people said in an approving review, or pushed, may not have been looked at before it landed. */
async function withEmergencies(
  tools: Tools,
  watched: Watched,
  change: Change,
  policy: PolicyInForce,
  orElse: (ask: () => Promise<PullRequest>, otherwise: () => PullRequest) => Promise<PullRequest>,
): Promise<Change> {
  const pullRequests: PullRequest[] = [];
  for (const pull of change.pullRequests) {
    const awaited = [{ what: `what was said on #${pull.number}`, since: change.update.at }];
    const looked = async (): Promise<PullRequest> => {
      if (pull.unread === undefined) await keepUp(tools, watched, pull, policy);
      return pull;
    };
    pullRequests.push(
      await orElse(looked, () => ({ ...pull, awaited: [...(pull.awaited ?? []), ...awaited] })),
    );
  }
  return { ...change, pullRequests };
}

/** Records anew each update of the last month of which GitHub did not show all. */
export async function completeUnshown(tools: Tools, watched: Watched): Promise<void> {
  const { id: repositoryId } = watched.repository;
  const from = tools.clock.now() - LOOKED_AT_AGAIN;
  const unshown: RefUpdate[] = [];
  for await (const { body } of tools.ledger.states("change", { repositoryId, from, order: "at" }))
    if (isUnshown(body.change)) unshown.push(body.change.update);
  for (const update of unshown) {
    const place = await tools.ledger.state("branch", `${repositoryId}:${update.ref}`);
    await recordUpdate(tools, watched, update, place?.body.origin ?? null, { again: [] });
  }
}

/** Returns whether what is shown now of a recorded update is more than was: all of it, or each pull request known to have landed. */
function isNews(change: Change, known: readonly number[]): boolean {
  if (!isUnshown(change)) return true;
  return known.length > 0 && known.every((each) => change.pullRequests.some(({ number }) => number === each));
}

/** Returns whether GitHub did not show all of what an update brought. */
export function isUnshown({ awaited, pullRequests }: Change): boolean {
  return (
    awaited !== undefined ||
    pullRequests.some((pull) => pull.awaited !== undefined || pull.unread !== undefined)
  );
}

/** A listing with the last update from before the branch was one of production, where it became one later. */
async function sinceProduction<Listing extends { readonly updates: readonly RefUpdate[] }>(
  tools: Tools,
  watched: Watched,
  ref: string,
  listing: Listing,
): Promise<Listing & { readonly earlier: RefUpdate | null }> {
  const branch = branchOf(ref);
  const { repository } = watched;
  const main = `refs/heads/${repository.defaultBranch}`;
  if (branch === null || ref === main || listing.updates.length === 0) return { ...listing, earlier: null };
  const wasProduction = await productionThen(tools, watched);
  let earlier: RefUpdate | null = null;
  for (const update of listing.updates) {
    if (await wasProduction(branch, update.at)) break;
    earlier = update;
  }
  return { ...listing, earlier };
}

/** A branch is judged by the policy it had before; a new one by the default branch's, not by one it may bring itself. */
function policyBefore(
  tools: Tools,
  watched: Watched,
  { ref, before, after, at }: RefUpdate,
): Promise<PolicyInForce> {
  if (before !== NO_COMMIT) return policyAt(tools, watched, before, at);
  return branchOf(ref) === watched.repository.defaultBranch
    ? policyAt(tools, watched, after, at)
    : currentPolicy(tools, watched);
}

/** Which time this very update happens, and what is recorded of it: a webhook's word is the same update once it is listed. */
async function occurrenceOf(
  tools: Tools,
  watched: Watched,
  update: RefUpdate,
  role: Role,
): Promise<{ readonly occurrence: number; readonly known: Pick<ChangeRecord, "change"> | null }> {
  for (let occurrence = 1; ; occurrence += 1) {
    const entry = await tools.ledger.state(role.update, changeId(watched.repository.id, update, occurrence));
    if (entry === undefined) return { occurrence, known: null };
    const known = entry.body;
    const { activityId } = known.change.update;
    if (activityId === update.activityId || activityId === null || update.activityId === null)
      return { occurrence, known };
  }
}

/** What happened before `since` in the policy, or before we were installed, is historic. */
export function sinceOf(watched: Watched, policy: PolicyInForce): number {
  const { since } = policyOrDefault(policy);
  const begun = since === null ? watched.since : Date.parse(`${since}T00:00:00Z`);
  return Math.max(begun, watched.scopedFrom ?? begun);
}

async function gatherChange(
  tools: Tools,
  watched: Watched,
  update: RefUpdate,
  occurrence: number,
  policy: PolicyInForce,
  mended: Mended | null,
  landed: readonly number[],
): Promise<Change> {
  const { repository } = watched;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const read = await tools.github.readChange(octokit, repository, update);
  const isFresh = tools.clock.now() - update.at < SETTLING;
  if (isMerge(update) && isFresh && read.pulls.length === 0)
    throw notYet(tools, update, `which pull request ${update.after} merged`);
  const [pending] = read.pending;
  if (isFresh && pending !== undefined) throw notYet(tools, update, `that #${pending} is merged`);
  const onCommit = { sha: update.after, shown: read.checks, until: update.at };
  const untoldChecks =
    update.kind === "queue" && isFresh ? await unshownChecksOf(tools, watched, onCommit, policy) : [];
  const { exemptions } = policyOrDefault(policy);
  const untold = [...untoldChecks, ...(isFresh ? notShownYet(policyOrDefault(policy), exemptions) : [])];
  if (untold.length > 0) throw notYet(tools, update, untold.map(({ what }) => what).join(", "));
  const pullRequests: PullRequest[] = [];
  const shipped: ShippedContent[] = [];
  const gathered: PullRequest[] = [];
  for (const number of new Set([...read.pulls, ...landed])) {
    const as = { policy, before: update.before, mended };
    const told = await orUntold(tools, watched, update, () => gatherPull(tools, watched, number, as));
    if (isNotTold(told)) {
      const because = { because: told.untold, since: update.at };
      const pull = await unreadPull(tools, watched, number, because, update);
      if (pull !== null) gathered.push(pull);
      continue;
    }
    const { pull, lookAt } = told;
    if (isFresh && lookAt !== null) throw notYet(tools, update, `all that webhooks told of #${number}`);
    if (pull.merged !== null) gathered.push(pull);
    else if (isFresh) throw notYet(tools, update, `that #${number} is merged`);
  }
  const awaited = isMerge(update) ? uncovered(read.commits, gathered, update) : [];
  if (isFresh && awaited.length > 0) throw notYet(tools, update, awaited.map(({ what }) => what).join(", "));
  // Which of several it was cannot be told of one that nobody can read.
  pullRequests.push(...gathered.filter(({ unread }) => unread !== undefined));
  const whole = gathered.filter(({ unread }) => unread === undefined);
  for (const pull of landedOfItsOwn(whole, update, read.named)) {
    pullRequests.push({
      ...pull,
      checks: await checksAt(tools, watched, pull.head.sha, pull.checks, update.at),
    });
    if (isMerge(update))
      shipped.push(await tools.github.proveShipped(octokit, repository, update, pull, tools.github.lookups));
  }
  const approved = await approvedElsewhere(tools, watched, update);
  return {
    id: changeId(repository.id, update, occurrence),
    repository,
    update,
    occurrence,
    tree: read.tree,
    commitCount: read.commitCount,
    pullRequests,
    shipped,
    ...(read.cut.length === 0 ? {} : { cut: read.cut }),
    ...(awaited.length === 0 || pullRequests.length === 0 ? {} : { awaited }),
    ...(read.mayPointElsewhere ? { external: await externalOf(tools, watched, update) } : {}),
    ...(approved.length === 0 ? {} : { approvedElsewhere: approved }),
    alreadyLanded: update.kind === "branch-created" ? await hasLanded(tools, watched, update) : null,
    checks: await checksAt(tools, watched, update.after, read.checks, update.at),
    late: tools.clock.now() - update.at >= SETTLING,
  };
}

/** An update that GitHub does not show all of yet is asked for again, ever later. */
function notYet(tools: Tools, { at }: RefUpdate, what: string): Trouble {
  const waitMs = Math.max(FIRST_LOOK, tools.clock.now() - at);
  return new Trouble("github-answer", `GitHub does not show yet ${what}.`, { waitMs });
}

/** The commits of a merge that belong to none of the pull requests found: another one landed with them. */
function uncovered(
  commits: Awaited<ReturnType<Tools["github"]["readChange"]>>["commits"],
  pulls: readonly PullRequest[],
  { at: since }: RefUpdate,
): NonNullable<Change["awaited"]> {
  const covered = new Set(
    pulls.flatMap((pull) => [pull.merged?.commit, ...pull.commits.map(({ sha }) => sha)]),
  );
  return commits
    .filter(({ sha, tied }) => !tied && !covered.has(sha))
    .map(({ sha }) => ({ what: `the pull request that brought ${sha.slice(0, 7)}`, since }));
}

/** What an update newly points at without holding it, by GitHub's comparison of its ends. */
async function externalOf(
  tools: Tools,
  { repository, installationId }: Watched,
  { before, after }: RefUpdate,
): Promise<NonNullable<Change["external"]>> {
  const octokit = await tools.github.octokits.installation(installationId);
  const { lookups } = tools.github;
  const compared = await tools.github.compareFiles(octokit, repository, before, after, lookups);
  if (compared === null) return { list: [], complete: false };
  const { list, complete } = externalIn(compared.files);
  return { list, complete: complete && !compared.truncated };
}

/**
 * The pull requests that an update landed, without those that landed because another one shows all their commits: that one was merged, and
 * its approvals are for all it shows. `named`: the one that GitHub's own merge names.
 */
function landedOfItsOwn(
  pulls: readonly PullRequest[],
  update: RefUpdate,
  named: number | null,
): readonly PullRequest[] {
  if (update.kind !== "pull-request") return pulls;
  return pulls
    .filter(
      ({ head }) =>
        !pulls.some(
          (other) => other.head.sha !== head.sha && other.commits.some((commit) => commit.sha === head.sha),
        ),
    )
    .filter((pull, _, own) => theOneMerged(own, pull.head.sha, update, named).includes(pull));
}

/**
 * Of the pull requests with one head, those that may be the one that was merged: GitHub shows all as merged. Their content and base are
 * the same, so whoever merges and writes another number gains an approval that was given for just this. If nothing tells, all of them.
 */
function theOneMerged(
  pulls: readonly PullRequest[],
  head: Sha,
  { after, actor }: RefUpdate,
  named: number | null,
): readonly PullRequest[] {
  const same = pulls.filter((pull) => pull.head.sha === head);
  if (same.length === 1) return same;
  const byMerge = same.filter(
    ({ merged }) => merged?.commit === after && (actor === null || merged.by?.id === actor.id),
  );
  const left = byMerge.length === 0 ? same : byMerge;
  const byName = left.filter(({ number }) => number === named);
  return byName.length === 0 ? left : byName;
}

function isMerge(update: RefUpdate): boolean {
  return update.kind === "pull-request" || update.kind === "queue";
}

/** Whether a new branch begins at a commit that has landed already: on a branch watched before, or on the default branch. */
async function hasLanded(tools: Tools, watched: Watched, update: RefUpdate): Promise<boolean | null> {
  const { repository } = watched;
  const landed = await landedChanges(tools, repository.id);
  if (landed.some(({ ref, after }) => ref !== update.ref && after === update.after)) return true;
  for await (const entry of tools.ledger.states("branch", { repositoryId: repository.id })) {
    const { ref, origin } = entry.body;
    if (ref !== update.ref && origin.head === update.after) return true;
  }
  if (branchOf(update.ref) === repository.defaultBranch) return false;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const compared = await tools.github.compareCommits(
    octokit,
    repository,
    repository.defaultBranch,
    update.after,
    tools.github.lookups,
  );
  return compared === null ? null : compared.status === "behind" || compared.status === "identical";
}
