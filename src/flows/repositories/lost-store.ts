/** A store that is empty though the App has a past: it may be the wrong one, and whatever is begun on it would hide that. */

import { ExternalError } from "../../domain/values/external-error.ts";
import type { Tools } from "../context/tools.ts";

/** What to do where it is meant so. */
const MEANT = "or start once with `serve --new-store`";

/** Returns why nothing may be begun on this store; null: it may. Asks GitHub only where the store is empty. */
export async function lostStore(
  tools: Pick<Tools, "ledger" | "github" | "clock" | "polls">,
): Promise<string | null> {
  const { ledger, github, clock, polls } = tools;
  // Where the App polls, answers of the webhook's address show nothing of it.
  if (polls === true) return null;
  const { size } = await ledger.head();
  if (size > 0 || (await ledger.queue.list({ limit: 1 })).length > 0) return null;
  try {
    const app = await github.octokits.app();
    if (!(await github.hasServedBefore(app, clock.now()))) return null;
    return `The evidence log is empty, but GitHub's log of deliveries shows that some were taken before: check DATABASE_URL or COUNTERSIGN_DATA_DIR, ${MEANT}.`;
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return `The evidence log is empty, and GitHub cannot be asked whether the App has a past (${error.message}): it is asked again, ${MEANT}.`;
  }
}
