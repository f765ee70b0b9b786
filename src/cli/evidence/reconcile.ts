/** `countersign reconcile`: independent listings of a period counted against each other, every difference named. */

import type { Instant } from "../../domain/time/instant.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";
import { isLasting } from "../../flows/repositories/own-checks.ts";
import { reconcileRepository, type UncountedBranch } from "../../flows/completeness/reconcile.ts";
import { openLedger } from "../../ledger/open.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { appOctokits, installedOn, spanOf, targetOf, toolsOn, type PastTools } from "./past-tools.ts";
import { settingsFrom } from "../input/settings.ts";

/** What `reconcile` is asked for. */
export interface ReconcileOptions {
  readonly org?: string;
  readonly repo?: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** Counts, records what each branch came to, and names the differences. Exit code 0 where every branch is proven complete, 3 where GitHub could not be asked about one. */
export async function reconcile(
  terminal: Terminal,
  options: ReconcileOptions,
  how: PastTools,
): Promise<Answer> {
  const span = spanOf(options.from, options.to);
  const target = targetOf(options);
  const settings = settingsFrom(terminal);
  const ledger = await openLedger(settings.store);
  try {
    const tools = toolsOn(ledger, settings.appId, appOctokits(settings, how), terminal, how);
    const found: CompletenessRecord[] = [];
    const missing: UncountedBranch[] = [];
    for (const watched of await installedOn(tools, target)) {
      const { counted, uncounted } = await reconcileRepository(tools, watched, span);
      found.push(...counted);
      missing.push(...uncounted);
    }
    const complete = found.every((each) => each.complete) && missing.length === 0;
    const lines = [...found.flatMap(countLines), ...missing.map(missingLine)];
    const mayPass = missing.some(({ trouble }) => !isLasting(trouble));
    return {
      code: mayPass ? 3 : complete && found.length > 0 ? 0 : 1,
      lines: lines.length === 0 ? ["No production branch was watched in that time."] : lines,
      data: { complete, branches: found, uncounted: missing.map(missingData) },
    };
  } finally {
    await ledger.close();
  }
}

/** Says in a line that a branch could not be counted, and why. */
export function missingLine({ repository, ref, trouble }: UncountedBranch): string {
  return `${repository.owner}/${repository.name} ${ref}: NOT counted. ${trouble.message}`;
}

/** Says the same for a machine. */
export function missingData({ repository, ref, trouble }: UncountedBranch): Readonly<Record<string, string>> {
  return { repository: `${repository.owner}/${repository.name}`, ref, because: trouble.message };
}

/** What one branch's count came to, in lines. */
export function countLines(body: CompletenessRecord): readonly string[] {
  const { repository, ref, matched, differences, complete } = body;
  const counts = body.listings.map(({ source, count }) => `${source} ${count}`).join(", ");
  const because = [
    ...(body.contiguous ? [] : ["the chain of updates has a gap"]),
    ...(body.truncated ? ["a list was cut short, or GitHub has forgotten its beginning"] : []),
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
