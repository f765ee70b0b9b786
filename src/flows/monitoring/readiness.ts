/** Reads everything readiness is judged on from the evidence log, at one moment. GitHub is not asked. */

import type { Instant } from "../../domain/time/instant.ts";
import { judgedIn, type Judged, type JudgedCount } from "../../domain/monitoring/judged.ts";
import { MonthlyTally } from "../../domain/monitoring/monthly.ts";
import { reviewedMonths } from "../../domain/deviation/operating.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import { currentPolicies, organizationsOwn } from "../../domain/policy/current.ts";
import {
  periodAt,
  readinessOf,
  type AuditReadiness,
  type ReadinessFacts,
} from "../../domain/evidence/readiness.ts";
import { CONTROL_TITLES } from "../../domain/texts/wording.ts";
import type { Assessment } from "../../domain/values/result.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";
import { reviewsNow } from "./monthly-reviews.ts";
import { recordedPolicies } from "../policy/in-force.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import type { Span } from "../../domain/time/span.ts";
import { monthsIn, monthSpan } from "../../domain/time/month.ts";

/** Judges the readiness of an organisation on a span, by what is on record now. `judged`: counts what happened. */
export async function readiness(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  span: Span,
  at: Instant,
  judged = judgedIn(ledger, organizationId),
): Promise<AuditReadiness> {
  return readinessOf(await readinessFacts(ledger, organizationId, span, at, judged));
}

async function readinessFacts(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  { from, to }: Span,
  at: Instant,
  judged: Judged,
): Promise<ReadinessFacts> {
  const span = { from, to };
  const bodies = async <K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> => {
    const found: Bodies[K][] = [];
    for await (const { body } of ledger.states(kind, { organizationId })) found.push(body);
    return found;
  };
  const tally = new MonthlyTally();
  const tallies = new Map(monthsIn(span).map((month) => [month, new MonthlyTally()]));
  const unverifiable: string[] = [];
  const note = (what: string, { verdict, results }: Assessment): void => {
    if (verdict === "historic") return;
    for (const { control, outcome, reasons } of results)
      if (outcome === "unverifiable")
        unverifiable.push(`${what}: ${CONTROL_TITLES[control]}: ${reasons[0] ?? "unknown"}`);
  };
  const noteChange = ({ body: { change, assessment } }: LoggedEntry<"change">): void => {
    const pull = change.pullRequests[0];
    const name = pull === undefined ? ` ${change.update.after.slice(0, 7)}` : `#${pull.number}`;
    note(`${change.repository.owner}/${change.repository.name}${name}`, assessment);
  };
  const noteDeployment = ({ body: { deployment, assessment } }: LoggedEntry<"deployment">): void => {
    const { owner, name } = deployment.repository;
    note(`${owner}/${name} deployment ${deployment.number}`, assessment);
  };
  const count = (counts: readonly JudgedCount[]): void => {
    for (const each of counts) {
      tally.judged(each);
      tallies.get(each.month)?.judged(each);
    }
  };
  count(await judged.counts("change", span, noteChange));
  count(await judged.counts("deployment", span, noteDeployment));
  const deviations = await bodies("deviation");
  for (const deviation of deviations) {
    tally.deviation(deviation, span);
    for (const [month, ofMonth] of tallies) ofMonth.deviation(deviation, within(monthSpan(month), span));
  }
  const recorded = await recordedPolicies({ ledger }, organizationId);
  const policy = organizationsOwn(recorded)?.body ?? null;
  const states = await bodies("control-state");
  const { reviews, figures } = await reviewsNow(ledger, organizationId, at, { judged });
  return {
    at,
    ...span,
    policy,
    policies: currentPolicies(recorded).map(({ body }) => body),
    tally,
    tallies,
    unverifiable,
    repositories: await bodies("repository"),
    settings: states
      .filter(({ gone }) => !gone)
      .map(({ repository, place, setting, value, because }) => ({
        repository: `${repository.owner}/${repository.name}`,
        setting: { place, setting, value, because },
      })),
    deviations,
    remediations: await bodies("remediation"),
    months: reviewedMonths(reviews, figures),
    observedTime: await readObservedTime(ledger, organizationId, at),
    completeness: await bodies("completeness"),
    reviews: reviews
      .filter(({ askedAt }) => askedAt >= span.from)
      .map((review) => ({ review, figures: figures(review.month, review.control) })),
    period: periodAt(policy?.effective ?? null, at),
  };
}

function within(part: Span, span: Span): Span {
  return { from: Math.max(part.from, span.from), to: Math.min(part.to, span.to) };
}
