/** When completeness is counted without being asked: hourly in small, and whole when a month or a period has ended. */

import { SETTLING } from "../../domain/change/settling.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Task } from "../../domain/records/task.ts";
import type { Tools } from "../context/tools.ts";
import type { Span } from "../../domain/time/span.ts";
import { askToReconcile } from "./reconcile.ts";
import { DAY, HOUR } from "../../domain/time/durations.ts";

/** How long after its end a period is still counted, where nobody was there to do so on the day (ms). */
const STILL_DUE = 40 * 24 * HOUR;

/** Returns the last whole hour that GitHub's lists have had time to settle after. */
export function lastHour(now: Instant): Span {
  const to = Math.floor((now - SETTLING) / HOUR) * HOUR;
  return { from: to - HOUR, to };
}

/** Lists the month and the calendar quarter that ended last, and of the named periods those that ended lately. */
export function endedSpans(now: Instant, named: readonly Span[]): readonly Span[] {
  const at = new Date(now - SETTLING);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const quarter = month - (month % 3);
  const all = [
    { from: Date.UTC(year, month - 1), to: Date.UTC(year, month) },
    { from: Date.UTC(year, quarter - 3), to: Date.UTC(year, quarter) },
    ...named,
  ].filter(({ to }) => to <= at.getTime() && to > now - STILL_DUE);
  return [...new Map(all.map((span) => [`${span.from}:${span.to}`, span])).values()];
}

/** Counts the last hour of every repository that something was pushed to in it, by GitHub's own word. */
export async function countLastHour(tools: Tools, round: string): Promise<void> {
  const now = tools.clock.now();
  const span = lastHour(now);
  const tasks: Task[] = [];
  for (const installation of await tools.github.listInstallations(await tools.github.octokits.app())) {
    if (installation.suspendedAt !== null) continue;
    const octokit = await tools.github.octokits.installation(installation.id);
    for (const { repository, pushedAt } of await tools.github.listRepositories(octokit)) {
      if (pushedAt !== null && pushedAt < span.from) continue;
      tasks.push({
        kind: "reconcile",
        repositoryId: repository.id,
        span,
        small: true,
        round: `hour:${round}`,
        dueAt: now,
      });
    }
  }
  await tools.ledger.record({ tasks }, now);
}

/**
 * Queues the whole count of what has ended. Asked for every day, it is done once for each repository and span, and again where a branch
 * could not be counted.
 */
export async function countEnded(tools: Tools): Promise<void> {
  const now = tools.clock.now();
  const named = new Map<number, Span[]>();
  for await (const entry of tools.ledger.states("repository", { everyOrganization: true }))
    if (!named.has(entry.organizationId)) named.set(entry.organizationId, []);
  for await (const { organizationId, body } of tools.ledger.states("policy", { everyOrganization: true })) {
    const periods = body.effective.periods.map(({ from, to }) => {
      return { from: Date.parse(from), to: Date.parse(to) };
    });
    named.get(organizationId)?.push(...periods);
  }
  for (const [organizationId, spans] of named) {
    for (const span of endedSpans(now, spans)) {
      const once = `ended:${span.from}:${span.to}`;
      const again = `${once}:${Math.floor(now / DAY)}`;
      await askToReconcile(tools, organizationId, span, once);
      await askToReconcile(tools, organizationId, span, again, { onlyUncounted: true });
    }
  }
}
