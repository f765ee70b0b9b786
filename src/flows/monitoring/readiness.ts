/** Reads everything readiness is judged on from the evidence log, at one moment. GitHub is not asked. */

import type { Instant } from "../../domain/time/instant.ts";
import { MonthlyTally } from "../../domain/monitoring/monthly.ts";
import { reviewedMonths } from "../../domain/deviation/operating.ts";
import type { Bodies, EntryKind } from "../../domain/records/entry.ts";
import { currentPolicies, organizationsOwn } from "../../domain/policy/current.ts";
import {
  periodAt,
  readinessOf,
  type AuditReadiness,
  type ReadinessFacts,
} from "../../domain/evidence/readiness.ts";
import type { Assessment } from "../../domain/values/result.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";
import { reviewsNow } from "./monthly-reviews.ts";
import { recordedPolicies } from "../policy/in-force.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import type { Span } from "../../domain/time/span.ts";

/** Judges the readiness of an organisation on a span, by what is on record now. */
export async function readiness(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  span: Span,
  at: Instant,
): Promise<AuditReadiness> {
  return readinessOf(await readinessFacts(ledger, organizationId, span, at));
}

async function readinessFacts(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  { from, to }: Span,
  at: Instant,
): Promise<ReadinessFacts> {
  const span = { from, to };
  const bodies = async <K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> => {
    const found: Bodies[K][] = [];
    for await (const { body } of ledger.states(kind, { organizationId })) found.push(body);
    return found;
  };
  const tally = new MonthlyTally();
  const unverifiable: string[] = [];
  const count = (what: string, assessment: Assessment): void => {
    tally.subject(assessment);
    if (assessment.verdict === "historic") return;
    for (const { control, outcome, reasons } of assessment.results)
      if (outcome === "unverifiable") unverifiable.push(`${what}: ${control}: ${reasons[0] ?? "unknown"}`);
  };
  for await (const { body } of ledger.states("change", { organizationId, ...span, order: "at" })) {
    const { change, assessment } = body;
    const pull = change.pullRequests[0];
    const name = pull === undefined ? ` ${change.update.after.slice(0, 7)}` : `#${pull.number}`;
    count(`${change.repository.owner}/${change.repository.name}${name}`, assessment);
  }
  for await (const { body } of ledger.states("deployment", { organizationId, ...span, order: "at" })) {
    const { deployment, assessment } = body;
    const { owner, name } = deployment.repository;
    count(`${owner}/${name} deployment ${deployment.number}`, assessment);
  }
  const deviations = await bodies("deviation");
  for (const deviation of deviations) tally.deviation(deviation, span);
  const recorded = await recordedPolicies({ ledger }, organizationId);
  const policy = organizationsOwn(recorded)?.body ?? null;
  const states = await bodies("control-state");
  const { reviews, figures } = await reviewsNow(ledger, organizationId, at);
  return {
    at,
    ...span,
    policy,
    policies: currentPolicies(recorded).map(({ body }) => body),
    tally,
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
