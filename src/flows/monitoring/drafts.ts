/** Reads what a draft rests on from the evidence log, which must be whole. */

import { draftBridge } from "../../domain/drafts/bridge.ts";
import type { Draft, DraftKind, Records } from "../../domain/drafts/draft.ts";
import { draftNote } from "../../domain/drafts/note.ts";
import type { CountedPeriod } from "../../domain/drafts/population.ts";
import { draftProcedures } from "../../domain/drafts/procedures.ts";
import { draftQuestions } from "../../domain/drafts/questions.ts";
import { draftResponse } from "../../domain/drafts/response.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import { writersOf } from "../../domain/deviation/response.ts";
import { REPEATED_CAUSES } from "../../domain/controls/deployments/deployment-approved.ts";
import { short } from "../../domain/texts/wording.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";
import { reviewedMonths } from "../../domain/deviation/operating.ts";
import { reviewsNow } from "./monthly-reviews.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import { DAY } from "../../domain/time/durations.ts";

/** Describes what is drafted. `period`: needed for `bridge` and `note`; `id`: for `response`. */
export interface DraftRequest {
  readonly kind: DraftKind;
  readonly organization: { readonly id: number; readonly login: string };
  readonly at: Instant;
  readonly id?: string | undefined;
  readonly period?: { readonly name: string; readonly from: Instant; readonly to: Instant } | undefined;
}

type Log = Pick<LedgerReader, "log" | "named" | "presence" | "state" | "states" | "verifyLog">;

/** Kept whole: there are few of each, however many changes there were. */
const KINDS: readonly EntryKind[] = [
  "repository",
  "policy",
  "deviation",
  "remediation",
  "coverage-gap",
  "exposure",
  "control-state",
  "completeness",
  "monthly-review",
];

/** Drafts one text, or lists what it lacks; nothing is drafted from a log that is not whole. */
export async function draft(ledger: Log, request: DraftRequest): Promise<Draft> {
  const check = await ledger.verifyLog();
  if (!check.ok) return { ok: false, missing: [`a whole evidence log: ${check.problem}`] };
  const { kind, at, organization } = request;
  const named = await ledger.named(KINDS, organization.id);
  const { reviews, figures } = await reviewsNow(ledger, organization.id, at);
  const records: Records = {
    organization: organization.login,
    at,
    entries: await entriesOf(ledger, organization.id),
    observedTime: await readObservedTime(ledger, organization.id, at),
    months: reviewedMonths(reviews, figures),
    writers: await writersIn(ledger, organization.id),
    named,
  };
  switch (kind) {
    case "procedures":
      return draftProcedures(records);
    case "questions":
      return draftQuestions(records);
    case "response":
      return draftResponse(records, request.id ?? "");
    case "note":
    case "bridge": {
      if (request.period === undefined) return { ok: false, missing: ["a period (`--period`)"] };
      const listed = new Set(
        records.entries.filter((entry) => entry.kind === "deviation").flatMap(({ body }) => body.subjects),
      );
      const unlisted: string[] = [];
      const period = await counted(ledger, organization.id, request.period, listed, unlisted);
      // A letter speaks of whole days: today is not over.
      const today = at - (at % DAY);
      const since = { name: `since ${period.name}`, from: period.to, to: Math.max(period.to, today) };
      const made =
        kind === "note"
          ? draftNote(records, period)
          : draftBridge(records, period, await counted(ledger, organization.id, since, listed, unlisted));
      if (unlisted.length === 0) return made;
      return { ok: false, missing: [...unlisted, ...(made.ok ? [] : made.missing)] };
    }
  }
}

async function writersIn(ledger: Log, organizationId: number): Promise<Records["writers"]> {
  const steps: LoggedEntry<"remediation">[] = [];
  for await (const entry of ledger.log({ organizationId, kinds: ["remediation"] })) steps.push(entry);
  const bySubject = Map.groupBy(steps, ({ subject }) => subject);
  return new Map([...bySubject].map(([id, all]) => [id, writersOf(all.map(({ body }) => body))] as const));
}

async function entriesOf(ledger: Log, organizationId: number): Promise<readonly LoggedEntry[]> {
  const entries: LoggedEntry[] = [];
  for (const kind of KINDS)
    for await (const entry of ledger.states(kind, { organizationId })) entries.push(entry);
  const cited = entries
    .filter((entry) => entry.kind === "deviation")
    .flatMap(({ body: { subjectKind, subjects } }) => {
      return subjectKind === "change" || subjectKind === "deployment"
        ? subjects.map((subject) => [subjectKind, subject] as const)
        : [];
    });
  for (const [kind, subject] of cited) {
    const entry = await ledger.state(kind, subject);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** Counts a span, and notes what was non-compliant and should be listed by a deviation and is not. */
async function counted(
  ledger: Log,
  organizationId: number,
  span: { readonly name: string; readonly from: Instant; readonly to: Instant },
  listed: ReadonlySet<string>,
  unlisted: string[],
): Promise<CountedPeriod> {
  const counts = { change: 0, deployment: 0 };
  for (const kind of ["change", "deployment"] as const)
    for await (const { body, subject } of ledger.states(kind, {
      organizationId,
      from: span.from,
      to: span.to,
      order: "at",
    })) {
      counts[kind] += 1;
      const { assessment, mode } = body;
      const isOwn = assessment.results.some(
        ({ outcome, cause }) => outcome === "fail" && !REPEATED_CAUSES.has(cause),
      );
      if (assessment.verdict === "non-compliant" && mode === "enforce" && isOwn && !listed.has(subject))
        unlisted.push(`a deviation that lists the ${kind} ${short(subject)}, which was non-compliant`);
    }
  return { ...span, changes: counts.change, deployments: counts.deployment };
}
