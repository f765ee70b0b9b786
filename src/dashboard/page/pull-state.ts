/** How a pull request is, as far as the log shows, and whether what its check asked for may still hold. */

import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Names how a pull request is; `at`: when it was closed. `outdated`: its emergency is another than its check shows. */
export type PullState =
  | { readonly is: "landed" | "open" | "outdated" }
  | { readonly is: "closed"; readonly at: Instant };

/** Returns how a pull request is. `around`: what is on record of it, oldest first. */
export function pullStateOf(
  gate: LoggedEntry<"gate">,
  landed: readonly LoggedEntry<"change">[],
  around: readonly LoggedEntry[],
): PullState {
  if (landed.length > 0) return { is: "landed" };
  const later = around.filter(({ seq }) => seq > gate.seq);
  const reported = later.flatMap(({ body }) =>
    "kind" in body && body.kind === "pull-changed" && body.state !== undefined ? [body] : [],
  );
  const last = reported.at(-1);
  if (last?.state === "closed") return { is: "closed", at: last.at };
  const shown = new Map((gate.body.emergencies ?? []).map(({ record }) => [record.id, record.status]));
  const isOther = later.some(
    (entry) => entry.kind === "emergency" && shown.get(entry.body.id) !== entry.body.status,
  );
  return { is: isOther ? "outdated" : "open" };
}
