/** How the ledger stands to a deviation before it is opened: what shares its cause, what lists its subject, and the room for its issue. */

import type { Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ExistingRecords } from "../../domain/deviation/decide.ts";
import { issuePlace } from "../../domain/deviation/issue.ts";
import {
  deviationIdOf,
  hasRoomFor,
  type DeviationSeed,
  type SharedCause,
} from "../../domain/deviation/open.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import type { Verdict } from "../../domain/values/result.ts";
import { cachedRecords, type CacheTools } from "./record-cache.ts";
import type { Tools } from "../context/tools.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";

/** Describes what every deviation is known by, cached so that opening one need not read all others again. */
export type KnownDeviation = Pick<
  DeviationRecord,
  | "id"
  | "title"
  | "detectedAt"
  | "key"
  | "repository"
  | "subjects"
  | "status"
  | "severity"
  | "issue"
  | "exposure"
  | "controls"
  | "sharedCause"
>;

/** Holds what is needed where GitHub is not asked. */
export type LedgerTools = Pick<Tools, "ledger" | "clock" | "appId"> & CacheTools;

/** Lists every recorded deviation, in no order. */
export async function knownDeviations(tools: CacheTools): Promise<readonly KnownDeviation[]> {
  return [...(await cachedRecords(tools, "deviation", undefined, keep)).values()];
}

function keep({ body: record }: LoggedEntry<"deviation">): KnownDeviation {
  return {
    id: record.id,
    title: record.title,
    detectedAt: record.detectedAt,
    key: record.key,
    repository: record.repository,
    subjects: record.subjects,
    status: record.status,
    severity: record.severity,
    issue: record.issue,
    exposure: record.exposure,
    controls: record.controls,
    sharedCause: record.sharedCause,
  };
}

/** The unobserved spans within which what goes wrong has one cause, each completing "while ...". */
const GAPS: Readonly<Partial<Record<CoverageGapRecord["cause"], string>>> = {
  uninstalled: "the App was not installed",
  suspended: "the App was suspended",
  "repository-removed": "the App could not see the repository",
  "permission-missing": "the App lacked a permission",
  "webhooks-lost": "the App could not be reached",
  "github-unreachable": "GitHub could not be reached",
  "app-down": "the App was not running",
};

/** Lists what a change or deployment of that moment may share its cause with; nothing where it does not deviate. `where`: the full name of a branch, or an environment in lower case. */
async function spansAt(
  repo: Repo,
  { at, where, verdict }: { readonly at: Instant; readonly where: string; readonly verdict: Verdict },
): Promise<readonly SharedCause[]> {
  const { info: repository } = repo;
  if (verdict !== "non-compliant") return [];
  const spans: SharedCause[] = [];
  for await (const entry of repo.ledger.states("coverage-gap", { organizationId: repository.ownerId })) {
    const { id, cause, from, to } = entry.body;
    const because = GAPS[cause];
    const isHere = entry.repositoryId === 0 || entry.repositoryId === repository.id;
    if (because !== undefined && isHere)
      spans.push({ kind: "coverage-gap", id, from, to, because, controls: null });
  }
  for await (const entry of repo.states("exposure")) {
    const { causeId, cause, items, notBefore, to } = entry.body;
    if (!items.some(({ place }) => place.id === where || place.name.toLowerCase() === where)) continue;
    const because = `${cause.kind} ${cause.name} ${cause.how}`;
    const controls = [cause.kind === "environment" ? "deployment-approved" : "gate-respected"] as const;
    spans.push({ kind: "weakening", id: causeId, from: notBefore, to, because, controls });
  }
  return spans.filter(({ from, to }) => from <= at && (to === null || at < to));
}

/** Returns whether a cause follows from judging a subject; any other, such as a review nobody gave, does not. */
export function isJudged(key: string): boolean {
  return /^(?:change|deployment|gap):/u.test(key);
}

/** Describes what a judged change or deployment may open. It has the cause it may share, its seed, and what is recorded of it. */
export interface DeviationContext {
  readonly spans: readonly SharedCause[];
  readonly seed: DeviationSeed | null;
  readonly records: ExistingRecords;
}

/** Returns what a change or deployment may open that was judged under a policy. `seedOf` decides it by the causes there were. */
export async function contextOf(
  repo: Repo,
  policy: Pick<Policy, "deviations">,
  { id, ...judged }: Parameters<typeof spansAt>[1] & { readonly id: string },
  seedOf: (spans: readonly SharedCause[]) => DeviationSeed | null,
): Promise<DeviationContext> {
  const spans = await spansAt(repo, judged);
  const seed = seedOf(spans);
  return { spans, seed, records: await deviationContext(repo, repo.info, policy, ownKey(seed), id) };
}

/** Returns the key of the deviation a seed opens; null where nothing deviates, or where a weakened control's deviation lists it. */
function ownKey(seed: DeviationSeed | null): string | null {
  return seed === null || seed.cause.shared?.kind === "weakening" ? null : seed.cause.key;
}

/** Returns what is recorded of a cause, and of its subject before. `key` null: nothing is opened. */
export async function deviationContext(
  tools: LedgerTools,
  repository: Repo["info"],
  policy: Pick<Policy, "deviations">,
  key: string | null,
  subject: string | null,
): Promise<ExistingRecords> {
  const known = await knownDeviations(tools);
  const { previous, part } = key === null ? { previous: null, part: 1 } : await partOf(tools, key, subject);
  const listing = known.find(
    ({ id, key: cause, subjects, status }) =>
      subject !== null &&
      status !== "closed" &&
      id !== previous?.id &&
      isJudged(cause) &&
      subjects.includes(subject),
  );
  const listedIn = listing === undefined ? null : await deviationOf(tools, listing.id);
  const place = issuePlace(policy, repository).repository;
  const here = known.filter(
    ({ issue }) => place !== null && issue.repository?.toLowerCase() === place.toLowerCase(),
  );
  const today = dayOf(tools.clock.now());
  const asked = here.filter(({ issue }) => issue.day === today).length;
  const isFull = key !== null && asked >= policy.deviations.perDay;
  return {
    previous,
    part,
    remediation: previous === null ? null : await remediationOf(tools, previous.id),
    listedIn,
    listedInRemediation: listedIn === null ? null : await remediationOf(tools, listedIn.id),
    room: policy.deviations.perDay - asked,
    waiting: isFull ? here.filter(({ issue }) => issue.state === "waiting") : [],
  };
}

/** Returns the newest record of a deviation, or null. */
export async function deviationOf(
  { ledger }: Pick<Tools, "ledger">,
  id: string,
): Promise<DeviationRecord | null> {
  const entry = await ledger.state("deviation", id);
  return entry === undefined ? null : entry.body;
}

/** Returns the newest record of the one deviation whose id begins so, or why there is none or several. */
export async function deviationNamed(
  { ledger }: Pick<Tools, "ledger">,
  beginning: string,
): Promise<DeviationRecord | { readonly refused: string }> {
  const found: DeviationRecord[] = [];
  if (beginning !== "")
    for await (const { body } of ledger.states("deviation", {
      everyOrganization: true,
      subjectPrefix: beginning,
    }))
      found.push(body);
  const exact = found.find(({ id }) => id === beginning);
  const [only, other] = found;
  if (exact !== undefined) return exact;
  if (only === undefined) return { refused: `There is no deviation ${oneLine(beginning)}.` };
  if (other === undefined) return only;
  return {
    refused: `Several deviations begin with ${oneLine(beginning)}: ${found.map(({ id }) => id).join(", ")}.`,
  };
}

/** Returns the number of the issue that an action opened last, or null: it is not open yet. */
export async function openedIssue({ queue }: Tools["ledger"], key: string): Promise<number | null> {
  const last = (await queue.completedOf(key)).at(-1)?.outcome as { readonly number?: number } | undefined;
  return last?.number ?? null;
}

/** Returns the newest record of a deviation's remediation, or null. */
export async function remediationOf(
  { ledger }: Pick<Tools, "ledger">,
  id: string,
): Promise<RemediationRecord | null> {
  const entry = await ledger.state("remediation", id);
  return entry === undefined ? null : entry.body;
}

/** The part of a cause that lists the subject or has room for it. */
async function partOf(
  tools: Pick<Tools, "ledger">,
  key: string,
  subject: string | null,
): Promise<{ readonly previous: DeviationRecord | null; readonly part: number }> {
  for (let part = 1; ; part += 1) {
    const previous = await deviationOf(tools, deviationIdOf(key, part));
    if (hasRoomFor(previous, subject)) return { previous, part };
  }
}
