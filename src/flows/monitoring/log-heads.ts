/** The heads of the evidence log on GitHub: posted where its operator cannot change them unseen, and compared with the log. */

import {
  compareHeads,
  headIn,
  isAsPosted,
  headsMarker,
  headNews,
  headToPost,
  headsPlace,
  quarterOf,
  type PostHeadPayload,
  type ShownComment,
} from "../../domain/monitoring/log-heads.ts";
import { notify } from "../../domain/messages/notification.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { headSubject, type HeadCheckRecord, type LogHeadRecord } from "../../domain/records/monitoring.ts";
import type { Task } from "../../domain/records/task.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";
import type { StoredAction } from "../../ledger/queue/actions.ts";
import type { PostedHead } from "../../github/actions/written.ts";
import type { Repo } from "../context/repo.ts";
import type { Tools } from "../context/tools.ts";
import { organizationPolicy } from "../policy/in-force.ts";

/** Describes an organisation whose heads are posted, and through which installation. */
export interface HeadsOwner {
  readonly id: number;
  readonly login: string;
  readonly installationId: number;
}

/** Holds what reading the heads on GitHub needs. */
export interface HeadTools {
  readonly appId: number;
  readonly clock: Tools["clock"];
  readonly ledger: Pick<LedgerReader, "states" | "head" | "hashesAt">;
  readonly github: Pick<Tools["github"], "octokits" | "listHeadComments" | "listHeadIssues">;
}

/** Queues the day's head of each organisation. */
export async function askForHeads(tools: Tools, dueAt: Instant): Promise<void> {
  const round = `day:${new Date(dueAt).toISOString().slice(0, 10)}`;
  const tasks = (await headsOwners(tools.ledger)).map(({ id }): Task => {
    return { kind: "post-head", organizationId: id, why: "daily", round, dueAt };
  });
  await tools.ledger.record({ tasks }, tools.clock.now());
}

/** Returns the task that posts the head which a package was made of, once for each package. `seal`: the package's. */
export function packageHead(
  organizationId: number,
  why: "export" | "close",
  seal: string,
  dueAt: Instant,
): Task<"post-head"> {
  return { kind: "post-head", organizationId, why, round: `${why}:${seal}`, dueAt };
}

/** Returns the organisations whose repositories the App can see. */
export async function headsOwners(ledger: Pick<LedgerReader, "states">): Promise<readonly HeadsOwner[]> {
  const found = new Map<number, HeadsOwner>();
  for await (const { body } of ledger.states("repository", { everyOrganization: true, order: "subject" })) {
    const { repository, removedAt, installationId } = body;
    if (removedAt === null)
      found.set(repository.ownerId, { id: repository.ownerId, login: repository.owner, installationId });
  }
  return [...found.values()];
}

/** Returns the heads that are on record of an organisation, by number. */
export async function knownHeads(
  ledger: Pick<LedgerReader, "states">,
  organizationId: number,
): Promise<readonly LogHeadRecord[]> {
  const found: LogHeadRecord[] = [];
  for await (const { body } of ledger.states("log-head", { organizationId })) found.push(body);
  return found;
}

/** Compares the heads and posts one more. Asked for twice in one round, it is posted once. */
export async function postLogHead(
  tools: Tools,
  { organizationId, why, round }: Task<"post-head">,
  lease: Repo["lease"],
): Promise<void> {
  const { ledger, clock, appId } = tools;
  const organization = (await headsOwners(ledger)).find(({ id }) => id === organizationId);
  if (organization === undefined) return;
  if ((await knownHeads(ledger, organizationId)).some((each) => each.round === round)) return;
  const compared = await compareShownHeads(tools, organization, "newest");
  if (compared === null) return;
  await recordCheck(tools, organization, compared.check, lease);
  if (compared.check.because !== null) return;
  const numbered = [...compared.known, ...compared.shown].toSorted((a, b) => a.number - b.number);
  const last = numbered.at(-1);
  const askedAt = clock.now();
  const { installationId } = organization;
  const wanted = {
    ...(await ledger.head()),
    number: (last?.number ?? 0) + 1,
    why,
    round,
    askedAt,
    before: last === undefined ? null : { number: last.number, size: last.size, hash: last.hash },
    repository: compared.check.repository,
    issue: compared.known.findLast((each) => isOnIssue(each, compared, askedAt))?.posted?.issue ?? null,
    findings: compared.check.findings,
  };
  const { record, action } = headToPost(wanted, { organization, installationId, appId });
  await ledger.record({ entries: [headEntry(organizationId, record)], actions: [action] }, askedAt, lease);
}

/** Whether a head is on an issue that GitHub shows, of the quarter of a moment. */
function isOnIssue(
  { posted, repository, askedAt }: LogHeadRecord,
  compared: HeadComparison,
  at: Instant,
): boolean {
  return (
    posted !== null &&
    repository === compared.check.repository &&
    compared.readable.has(headsPlace(repository, posted.issue)) &&
    quarterOf(askedAt).name === quarterOf(at).name
  );
}

/** Compares every head that GitHub shows of an organisation with the log, and records what was found. */
export async function recordComparison(
  tools: Tools,
  { organizationId }: Pick<Task<"compare-heads">, "organizationId">,
  lease: Repo["lease"],
): Promise<void> {
  const organization = (await headsOwners(tools.ledger)).find(({ id }) => id === organizationId);
  const compared = organization === undefined ? null : await compareShownHeads(tools, organization, "all");
  if (organization !== undefined && compared !== null)
    await recordCheck(tools, organization, compared.check, lease);
}

async function recordCheck(
  { ledger, log, clock }: Tools,
  { id, login }: HeadsOwner,
  check: HeadCheckRecord,
  lease: Repo["lease"],
): Promise<void> {
  for (const { says, code } of check.findings)
    log.error(
      { organization: login, code },
      `The evidence log and its heads on GitHub do not agree. ${says}`,
    );
  const place = { subject: String(id), repositoryId: 0, organizationId: id, at: check.at };
  const news = headNews(id, check, await lastCheck(ledger, id));
  const policy = (await organizationPolicy({ ledger }, id))?.effective ?? null;
  const actions = news === null || policy === null ? [] : notify(policy, "log-disagrees", news);
  const entries = [{ kind: "head-check" as const, ...place, body: check }];
  await ledger.record({ entries, actions }, clock.now(), lease);
}

/** Records what became of a head that was to be posted. */
export async function recordPosted(
  { ledger, clock }: Tools,
  { organizationId, payload }: Pick<StoredAction, "organizationId" | "payload">,
  outcome: PostedHead,
): Promise<void> {
  const { number } = payload as PostHeadPayload;
  const known = await ledger.state("log-head", headSubject(organizationId, number));
  if (known === undefined) return;
  await ledger.record({ entries: [headEntry(organizationId, { ...known.body, ...outcome })] }, clock.now());
}

function headEntry(organizationId: number, body: LogHeadRecord): Entry<"log-head"> {
  const subject = headSubject(organizationId, body.number);
  return { kind: "log-head", subject, repositoryId: 0, organizationId, at: body.askedAt, body };
}

/** Holds what was found when the heads on GitHub were read. */
export interface HeadComparison {
  readonly check: HeadCheckRecord;
  readonly known: readonly LogHeadRecord[];
  /** The heads that GitHub shows as they were posted. */
  readonly shown: readonly { readonly number: number; readonly size: number; readonly hash: string }[];
  /** The issues that GitHub showed. */
  readonly readable: ReadonlySet<string>;
}

/**
 * Reads the heads on GitHub and compares them with the log. `newest`: those of the newest issue alone, which one request reads. Null: the
 * policy names no repository for deviations, and none was ever posted. Throws {@link ExternalError}.
 */
export async function compareShownHeads(
  tools: HeadTools,
  organization: HeadsOwner,
  which: "newest" | "all",
): Promise<HeadComparison | null> {
  const { ledger, clock } = tools;
  const policy = await organizationPolicy({ ledger }, organization.id);
  const known = await knownHeads(ledger, organization.id);
  const repository = policy?.effective.deviations.repository ?? null;
  const newest = known.findLast((each) => each.posted !== null && each.repository === repository);
  if (repository === null && newest === undefined && known.length === 0) return null;
  const read =
    which === "newest" && newest?.posted != null
      ? await readIssues(tools, organization, [{ repository: newest.repository, issue: newest.posted.issue }])
      : await readAll(tools, organization, repository, known);
  const heads = read.comments.flatMap((comment) => {
    const head = headIn(comment.body, organization.id);
    return head === null ? [] : [{ ...head, isAsPosted: isAsPosted(comment) }];
  });
  const sizes = [...known, ...heads].map(({ size }) => size);
  const at = clock.now();
  // Read after what GitHub shows: a head that was posted meanwhile is of a log that is longer by now.
  const { size } = await ledger.head();
  const isRead = ({ posted, repository: where }: LogHeadRecord): boolean =>
    posted !== null && read.asked.has(headsPlace(where, posted.issue));
  const findings = compareHeads({
    organizationId: organization.id,
    known,
    shown: read.comments,
    isRead,
    isAllRead: read.isAll,
    at,
    size,
    hashAt: await ledger.hashesAt(sizes),
  });
  const before = await lastCheck(ledger, organization.id);
  const isOther = ({ place }: { readonly place: string | null }): boolean =>
    place !== null && !read.asked.has(place);
  const check: HeadCheckRecord = {
    at,
    repository: repository ?? known.at(-1)?.repository ?? "",
    shown: heads.length,
    read: [...(before?.read ?? []).filter(isOther), ...[...read.asked].map((place) => ({ place, at }))],
    because: repository === null ? "the policy names no repository for deviations any more" : read.because,
    // What was found before on issues that were not read this time stays.
    findings: [...(before?.findings ?? []).filter(isOther), ...findings].filter(
      (each, index, all) => all.findIndex(({ says }) => says === each.says) === index,
    ),
  };
  const shown = heads.filter((each) => each.isAsPosted);
  return { check, known, shown, readable: read.readable };
}

/** Returns the last comparison of an organisation's heads that is on record; null: there was none. */
export async function lastCheck(
  ledger: Pick<LedgerReader, "states">,
  organizationId: number,
): Promise<HeadCheckRecord | null> {
  for await (const { body } of ledger.states("head-check", { organizationId })) return body;
  return null;
}

interface ReadHeads {
  readonly comments: readonly ShownComment[];
  /** Every issue that was asked for, and those of them that GitHub showed. */
  readonly asked: ReadonlySet<string>;
  readonly readable: ReadonlySet<string>;
  /** Why nothing could be read; null: it was. */
  readonly because: string | null;
  /** Whether there is no other issue of heads. */
  readonly isAll: boolean;
}

/** Reads every issue of heads: those on record, and those found by their marker. */
async function readAll(
  tools: HeadTools,
  organization: HeadsOwner,
  repository: string | null,
  known: readonly LogHeadRecord[],
): Promise<ReadHeads> {
  const octokit = await tools.github.octokits.installation(organization.installationId);
  const marker = headsMarker(organization.id);
  const listed =
    repository === null ? [] : await tools.github.listHeadIssues(octokit, repository, marker, tools.appId);
  const places = new Map<string, { readonly repository: string; readonly issue: number }>();
  for (const { posted, repository: at } of known)
    if (posted !== null) places.set(headsPlace(at, posted.issue), { repository: at, issue: posted.issue });
  for (const issue of listed ?? [])
    places.set(headsPlace(repository ?? "", issue), { repository: repository ?? "", issue });
  const read = await readIssues(tools, organization, [...places.values()]);
  return {
    ...read,
    because: listed === null ? `GitHub does not show the issues of ${repository ?? ""} to the App` : null,
    isAll: repository !== null && listed !== null && read.readable.size === places.size,
  };
}

async function readIssues(
  { github, appId }: HeadTools,
  { installationId }: HeadsOwner,
  places: readonly { readonly repository: string; readonly issue: number }[],
): Promise<ReadHeads> {
  const octokit = await github.octokits.installation(installationId);
  const comments: ShownComment[] = [];
  const readable = new Set<string>();
  for (const { repository, issue } of places) {
    const shown = await github.listHeadComments(octokit, repository, issue, appId);
    if (shown === null) continue;
    readable.add(headsPlace(repository, issue));
    comments.push(...shown);
  }
  const asked = new Set(places.map(({ repository, issue }) => headsPlace(repository, issue)));
  return { comments, asked, readable, because: null, isAll: false };
}
