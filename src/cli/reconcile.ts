/** `countersign reconcile`: independent listings of a period counted against each other, every difference named. */

import type { Instant } from "../domain/change.ts";
import type { CompletenessRecord } from "../domain/record.ts";
import { reconcileRepository } from "../flows/reconcile.ts";
import { openLedger } from "../ledger/open.ts";
import type { Answer, Terminal } from "./answer.ts";
import { appOctokits, installedOn, spanOf, targetOf, toolsOn, type PastTools } from "./past.ts";
import { settingsFrom } from "./settings-of.ts";

/** What `reconcile` is asked for. */
export interface ReconcileOptions {
  readonly org?: string;
  readonly repo?: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** Counts, records what each branch came to, and names the differences. Exit code 0 where every branch is proven complete. */
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
    for (const watched of await installedOn(tools, target)) {
      found.push(...(await reconcileRepository(tools, watched, span)));
    }
    const complete = found.every((each) => each.complete);
    const lines =
      found.length === 0 ? ["No production branch was watched in that time."] : found.flatMap(countLines);
    return { code: complete && found.length > 0 ? 0 : 1, lines, data: { complete, branches: found } };
  } finally {
    await ledger.close();
  }
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
