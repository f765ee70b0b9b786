/** What the App itself cannot see, noticed while it runs: permissions, repositories nobody selected, webhooks, its clock. */

import type { Instant } from "../../domain/time/instant.ts";
import { time } from "../../domain/texts/wording.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import type { Task } from "../../domain/records/task.ts";
import type {
  DeliveryLog,
  FailedDelivery,
  SilentSpell,
} from "../../github/installation/webhook-deliveries.ts";
import type { Installation } from "../../github/listings/lists.ts";
import { choreNoteText } from "./own-checks.ts";
import { gapId } from "../records/coverage-gaps.ts";
import type { Tools } from "../context/tools.ts";
import { HOUR, MINUTE } from "../../domain/time/durations.ts";

/** An organisation the App is installed on. */
interface Owner {
  readonly id: number;
  readonly login: string;
}

/** Records as gaps the permissions an installation does not grant and the repositories it excludes, while it is so. */
export async function noteInstallation(tools: Tools, installation: Installation): Promise<void> {
  const { account, permissions, selection } = installation;
  if (account === null) return;
  const missing = tools.github.missingPermissions(permissions);
  await setGap(tools, account, {
    cause: "permission-missing",
    scope: account.login,
    problem:
      missing.length === 0
        ? null
        : () =>
            `the App's installation lacks ${missing.map(tools.github.withoutIt).join(", ")}; an owner accepts it in the organisation's settings, under GitHub Apps`,
  });
  await setGap(tools, account, {
    cause: "unobservable",
    scope: `${account.login}, repositories that were not selected`,
    problem:
      selection === "all"
        ? null
        : () =>
            "the App is installed on selected repositories: it cannot see which others there are, nor what happens in them",
    from: installation.createdAt,
  });
}

/** GitHub was asked once an hour to send again what failed; what is still missing then (ms) was not repaired by it. */
const REPAIRED_BY = 2 * HOUR;

/**
 * Records as a gap that webhooks do not come. It lasts from the first that failed until one arrived and all failed ones were sent
 * again. While it is open, what was judged before it was known has it for its cause.
 */
export async function noteWebhooks(
  tools: Tools,
  owners: readonly Owner[],
  { failed, spells }: DeliveryLog,
): Promise<void> {
  const now = tools.clock.now();
  for (const owner of owners) {
    const [lost] = (await unexplained(tools, owner, failed))
      .filter(({ at }) => now - at >= REPAIRED_BY || spells.some((spell) => isOutage(spell, at)))
      .toSorted((a, b) => a.at - b.at);
    const until = spells.at(-1)?.until ?? null;
    const isNew = lost === undefined || now - lost.at < REPAIRED_BY;
    const outcome =
      tools.polls === true
        ? "and could not be read from it"
        : isNew
          ? "and GitHub is asked to send them again"
          : "and sending them again did not help: is the address right, does the server answer, and is the webhook secret the same on both sides?";
    await setGap(tools, owner, {
      cause: "webhooks-lost",
      scope: owner.login,
      tasks: (gap) => groupTasks(tools, owner.id, gap),
      problem:
        lost === undefined
          ? null
          : (since) => `GitHub's log shows deliveries since ${time(since)} that did not arrive, ${outcome}`,
      ...(lost === undefined ? {} : { from: lost.at }),
      ...(until === null ? {} : { to: until }),
    });
  }
}

/** Returns the tasks that list what deviated in an open gap under that gap. */
async function groupTasks(
  tools: Tools,
  organizationId: number,
  { from, to }: CoverageGapRecord,
): Promise<readonly Task[]> {
  if (to !== null) return [];
  const dueAt = tools.clock.now();
  const repositories = new Set<number>();
  for await (const { body } of tools.ledger.states("change", { organizationId, from, to: dueAt })) {
    const { change, assessment } = body;
    if (assessment.verdict === "non-compliant") repositories.add(change.repository.id);
  }
  return [...repositories].map((repositoryId) => ({
    kind: "group",
    repositoryId,
    span: { from, to: dueAt },
    dueAt,
  }));
}

/** What fails for less than this (ms) and arrives when it is sent again was a restart, not an outage. */
const SHORTEST = 5 * MINUTE;

function isOutage({ from, last }: SilentSpell, at: Instant): boolean {
  return from <= at && at <= last && last - from >= SHORTEST;
}

/** What failed since the App first looked, but for what a downtime of its own explains, unless sending that again does not help. */
async function unexplained(
  tools: Tools,
  owner: Owner,
  failed: readonly FailedDelivery[],
): Promise<readonly FailedDelivery[]> {
  const began = (await tools.ledger.state("webhook", String(owner.id)))?.at;
  if (failed.length === 0 || began === undefined) return [];
  const downs: { readonly from: Instant; readonly to: Instant }[] = [];
  const gaps = tools.ledger.states("coverage-gap", { repositoryId: 0, organizationId: owner.id });
  for await (const { body } of gaps) {
    const { cause, from, to } = body;
    if (cause === "app-down" && to !== null && tools.clock.now() - to < REPAIRED_BY) downs.push({ from, to });
  }
  return failed.filter(({ at }) => at >= began && !downs.some(({ from, to }) => from <= at && at < to));
}

/** Compares the webhook's address on GitHub with the one first read. Another one is a gap until it is back. */
export async function noteWebhookAddress(tools: Tools, owners: readonly Owner[]): Promise<void> {
  const { url } = await tools.github.readWebhookConfig(await tools.github.octokits.app());
  const at = tools.clock.now();
  for (const owner of owners) {
    const subject = String(owner.id);
    const first = (await tools.ledger.state("webhook", subject))?.body;
    // Where webhooks are read from GitHub's log, any address will do: GitHub logs what it sends, whoever answers.
    const isAnother = first !== undefined && first.url !== url && (tools.polls !== true || url === "");
    if (first === undefined) {
      const entry = { kind: "webhook", subject, repositoryId: 0, organizationId: owner.id, at } as const;
      await tools.ledger.record({ entries: [{ ...entry, body: { url } }] }, at);
    }
    await setGap(tools, owner, {
      cause: "webhooks-lost",
      scope: `${owner.login}, webhook address`,
      problem: isAnother
        ? () =>
            `the App's webhook was pointed from ${first.url} to ${url} on GitHub: what happens is only found by the sweep`
        : null,
    });
  }
}

/** A clock that is further off GitHub's than this (ms) makes deadlines and lateness wrong. */
const MOST_SKEW = MINUTE;

/** Compares our clock with GitHub's. */
export async function noteClock(tools: Tools, owners: readonly Owner[]): Promise<void> {
  const skew = tools.skew();
  const seconds = Math.round(Math.abs(skew ?? 0) / 1000);
  for (const owner of owners)
    await setGap(tools, owner, {
      cause: "unobservable",
      scope: `${owner.login}, clock`,
      problem:
        skew === null || Math.abs(skew) <= MOST_SKEW
          ? null
          : () =>
              `the App's clock is ${seconds} seconds ${skew > 0 ? "behind" : "ahead of"} GitHub's: verdicts use GitHub's times, but what is late or overdue is reckoned by our own. Synchronise the server's clock`,
    });
}

/** Returns how the App's own chores are noted. What it cannot read is a gap of every organisation until it can. */
export function notesOfOwners(
  tools: Tools,
  owners: readonly Owner[],
): (what: string, problem: string | null) => Promise<void> {
  return async (what, problem) => {
    for (const owner of owners)
      await setGap(tools, owner, {
        cause: "unobservable",
        scope: `${owner.login}, ${what}`,
        problem: problem === null ? null : () => choreNoteText(what, problem),
      });
  };
}

interface BlindSpot {
  readonly cause: CoverageGapRecord["cause"];
  /** Names what it is about; one gap is open for each cause and scope. */
  readonly scope: string;
  /** One clause, given since when it is so, or null: nothing is wrong (any more). */
  readonly problem: ((since: Instant) => string) | null;
  readonly from?: Instant;
  /** When it ended, if that is known better than from when it was noticed. */
  readonly to?: Instant;
  /** What follows from the gap as it stands. */
  readonly tasks?: (gap: CoverageGapRecord) => Promise<readonly Task[]>;
}

/** Opens, keeps or closes the one gap of a cause and scope in an organisation, with what follows from it. */
async function setGap(
  tools: Tools,
  owner: Owner,
  { cause, scope, problem, from, to, tasks = () => Promise.resolve([]) }: BlindSpot,
): Promise<void> {
  const at = tools.clock.now();
  let open: CoverageGapRecord | null = null;
  for await (const entry of tools.ledger.states("coverage-gap", {
    repositoryId: 0,
    organizationId: owner.id,
  })) {
    const gap = entry.body;
    if (gap.cause === cause && gap.scope === scope && gap.to === null) open = gap;
  }
  if (open === null && problem === null) return;
  const since = open?.from ?? from ?? at;
  const because = problem?.(since);
  if (open !== null && because === open.because) {
    await tools.ledger.record({ tasks: await tasks(open) }, at);
    return;
  }
  const body: CoverageGapRecord = {
    id: open?.id ?? gapId(0, cause, since, `${owner.id} ${scope}`),
    cause,
    scope,
    from: since,
    to: problem === null ? Math.max(since, to ?? at) : null,
    because: because ?? open?.because ?? "",
    // What happened meanwhile is read from GitHub's lists by the sweep that follows.
    backfilled: problem === null,
  };
  const place = { repositoryId: 0, organizationId: owner.id };
  const entry = { kind: "coverage-gap", subject: body.id, ...place, at: since, body } as const;
  await tools.ledger.record({ entries: [entry], tasks: await tasks(body) }, at);
}
