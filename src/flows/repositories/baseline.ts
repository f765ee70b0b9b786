/** How everything was protected when an installation began to be watched: one record, not a heap of deviations. */

import type { Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { baselineOf, type ProtectionState } from "../../domain/protection/diagnosis.ts";
import type { Task } from "../../domain/records/task.ts";
import type { Tools } from "../context/tools.ts";
import { protectionOf } from "../records/protection.ts";
import { MINUTE } from "../../domain/time/durations.ts";

/** So long (ms) after the first reading it is written: by then all of them have been read, or it waits as long again. */
const ALL_READ = 10 * MINUTE;

/** Returns the task that writes an installation's baseline; one however many of its repositories are first read. */
export function baselineTask(
  organizationId: number,
  installationId: number,
  now: Instant,
  attempt = 1,
): Task<"baseline"> {
  const round = `installation:${installationId}`;
  return { kind: "baseline", organizationId, installationId, attempt, round, dueAt: now + ALL_READ };
}

/** Attempts before those repositories that could not be read are left out. */
const MOST_ATTEMPTS = 12;

/** Writes the baseline once every repository of the installation has been read. */
export async function recordBaselineReport(
  tools: Tools,
  { organizationId, installationId, attempt }: Task<"baseline">,
  lease: Repo["lease"],
): Promise<void> {
  if ((await tools.ledger.state("baseline", String(installationId))) !== undefined) return;
  const readings: ProtectionState[] = [];
  let unread = 0;
  for await (const { body: record } of tools.ledger.states("repository", { organizationId })) {
    if (record.removedAt !== null || record.installationId !== installationId) continue;
    const protection = await protectionOf(tools.ledger, record.repository.id);
    if (protection === null) unread += 1;
    else readings.push({ repository: record.repository, protection });
  }
  const at = tools.clock.now();
  if (unread > 0 && attempt < MOST_ATTEMPTS) {
    const again = baselineTask(organizationId, installationId, at, attempt + 1);
    await tools.ledger.record({ tasks: [again] }, at, lease);
    return;
  }
  const entry: Entry = {
    kind: "baseline",
    subject: String(installationId),
    repositoryId: 0,
    organizationId,
    at,
    body: baselineOf(installationId, readings, tools.appId, at),
  };
  await tools.ledger.record({ entries: [entry] }, at, lease);
}
