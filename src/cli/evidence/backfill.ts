/** `countersign backfill`: fills the log for a past period from GitHub's own lists. */

import { openLedger } from "../../ledger/open.ts";
import { backfillDeployments } from "../../flows/completeness/backfill-deployments.ts";
import { backfillRepository } from "../../flows/completeness/backfill.ts";
import { time } from "../../domain/texts/wording.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { counter, cutShort, type PastTools, onInstalled, type InstalledOptions } from "./past-tools.ts";

/** Fills the log and counts what was missing. Started again, it continues. Exit code 1 where a list was cut short. */
export async function backfill(
  terminal: Terminal,
  options: InstalledOptions,
  how: PastTools,
): Promise<Answer> {
  return onInstalled(terminal, options, { ...how, open: openLedger }, async (repositories, span) => {
    const done = [];
    for (const repo of repositories) {
      const { info: repository } = repo;
      const filled = await backfillRepository(repo, span, counter(terminal, repository));
      const deployed = await backfillDeployments(repo, span, filled.refs);
      done.push({
        repository: `${repository.owner}/${repository.name}`,
        ...filled,
        deployments: deployed.recorded,
        cut: cutShort(repository, deployed),
      });
    }
    const lines = done.flatMap(({ repository, updates, known, truncated, deployments, cut }) => [
      `${repository}: ${updates} updates of production branches, ${updates - known} of them new to the log${truncated ? "; GitHub's list was cut short, so more may be missing" : ""}; ${deployments} deployments new to the log.`,
      ...cut,
    ]);
    const until = Math.min(span.to, ...done.map((each) => each.until));
    const left =
      until < span.to
        ? [
            `Changes since ${time(until)} are left to the running App: GitHub's lists may not show all of them yet.`,
          ]
        : [];
    return {
      code: done.some(({ truncated, cut }) => truncated || cut.length > 0) ? 1 : 0,
      lines: [
        ...lines,
        ...left,
        "Past team members cannot be read afterwards: they are marked read-later. To prove the log complete: countersign reconcile.",
      ],
      data: { repositories: done },
    };
  });
}
