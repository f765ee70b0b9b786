/** How everything was protected when an installation began to be watched: one record, not a heap of deviations. */

import type { Entry } from "../domain/entry.ts";
import { baselineOf, type Reading } from "../domain/protection/diagnosis.ts";
import type { Tools, Watched } from "./ports.ts";
import { protectionOf } from "./protection.ts";

/** The task that writes an installation's baseline. Lane `organization:ID`. */
export const BASELINE = "countersign.baseline";

/** So long (ms) after the first reading it is written: by then all of them have been read, or it waits as long again. */
const ALL_READ = 10 * 60_000;

/** Asks for the baseline of the installation a repository was first read through; kept once however often it is asked for. */
export async function askForBaseline(
  tools: Tools,
  { repository, installationId }: Watched,
  attempt = 1,
): Promise<void> {
  const { ownerId } = repository;
  await tools.ledger.queue.enqueue([
    {
      id: `${BASELINE}:${installationId}:${attempt}`,
      lane: `organization:${ownerId}`,
      event: BASELINE,
      dueAt: tools.clock.now() + ALL_READ,
      payload: { repositoryId: repository.id, attempt },
    },
  ]);
}

/** Attempts before those repositories that could not be read are left out. */
const MOST_ATTEMPTS = 12;

/** Writes the baseline once every repository of the installation has been read. */
export async function recordBaselineReport(tools: Tools, watched: Watched, attempt: number): Promise<void> {
  const { installationId, repository } = watched;
  if ((await tools.ledger.state("baseline", String(installationId))) !== undefined) return;
  const organizationId = repository.ownerId;
  const readings: Reading[] = [];
  let unread = 0;
  for await (const { body: record } of tools.ledger.states("repository", { organizationId })) {
    if (record.removedAt !== null || record.installationId !== installationId) continue;
    const protection = await protectionOf(tools.ledger, record.repository.id);
    if (protection === null) unread += 1;
    else readings.push({ repository: record.repository, protection });
  }
  if (unread > 0 && attempt < MOST_ATTEMPTS) return askForBaseline(tools, watched, attempt + 1);
  const at = tools.clock.now();
  const entry: Entry = {
    kind: "baseline",
    subject: String(installationId),
    repositoryId: 0,
    organizationId,
    at,
    body: baselineOf(installationId, readings, tools.appId, at),
  };
  await tools.ledger.record({ entries: [entry], actions: [] }, at, watched.fence);
}
