/** `countersign reconcile`: independent listings of a period compared, with every difference named. */

import type { CompletenessRecord } from "../../domain/records/monitoring.ts";
import { isLasting } from "../../flows/repositories/own-checks.ts";
import { reconcileRepository, type UncountedBranch } from "../../flows/completeness/reconcile.ts";
import { openExistingLedger } from "../../ledger/open.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { type PastTools, onInstalled, type InstalledOptions } from "./past-tools.ts";

/** Compares the listings, records each branch's result and names the differences. Exit code 0: every branch is proven complete; 3: GitHub did not answer about one. */
export async function reconcile(
  terminal: Terminal,
  options: InstalledOptions,
  how: PastTools,
): Promise<Answer> {
  return onInstalled(terminal, options, { ...how, open: openExistingLedger }, async (repositories, span) => {
    const found: CompletenessRecord[] = [];
    const missing: UncountedBranch[] = [];
    for (const repo of repositories) {
      const { counted, uncounted } = await reconcileRepository(repo, span);
      found.push(...counted);
      missing.push(...uncounted);
    }
    const complete = found.every((each) => each.complete) && missing.length === 0;
    const lines = [...found.flatMap(countLines), ...missing.map(missingLine)];
    const mayPass = missing.some(({ error }) => !isLasting(error));
    return {
      code: mayPass ? 3 : complete && found.length > 0 ? 0 : 1,
      lines: lines.length === 0 ? ["No production branch was observed in that period."] : lines,
      data: { complete, branches: found, uncounted: missing.map(missingData) },
    };
  });
}

/** Prints in a line why a branch could not be counted. */
export function missingLine({ repository, ref, error }: UncountedBranch): string {
  return `${repository.owner}/${repository.name} ${ref}: NOT counted. ${error.message}`;
}

/** Returns the same as data. */
export function missingData({ repository, ref, error }: UncountedBranch): Readonly<Record<string, string>> {
  return { repository: `${repository.owner}/${repository.name}`, ref, because: error.message };
}

/** Prints one branch's result. */
export function countLines(body: CompletenessRecord): readonly string[] {
  const { repository, ref, matched, differences, complete } = body;
  const counts = body.listings.map(({ source, count }) => `${source} ${count}`).join(", ");
  const because = [
    ...(body.contiguous ? [] : ["the chain of updates has a gap"]),
    ...(body.truncated ? ["a list was cut short, or GitHub no longer has its beginning"] : []),
    ...(differences.some(({ explanation }) => explanation === null) ? ["differences are unexplained"] : []),
  ];
  return [
    `${repository.owner}/${repository.name} ${ref}: ${complete ? "complete" : `NOT complete (${because.join("; ")})`}. ${matched} updates matched; ${counts}.`,
    ...differences.map(
      ({ what, sha, onlyIn, explanation }) =>
        `  ${what} ${sha.slice(0, 10)}, only in ${onlyIn}: ${explanation ?? "UNEXPLAINED"}`,
    ),
  ];
}
