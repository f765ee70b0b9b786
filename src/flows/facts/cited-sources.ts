/** Whether GitHub still shows what the verdicts of a span cite, checked whenever that span is counted whole. */

import type { Repo } from "../context/repo.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Entry, LoggedEntry } from "../../domain/records/entry.ts";
import { commitOf, goneOfChange, goneOfDeployment, sourceGone } from "../../domain/evidence/source-gone.ts";
import { ExternalError, type ExternalErrorCode } from "../../domain/values/external-error.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { type SourceGoneRecord } from "../../domain/records/source-gone.ts";

/** What GitHub does not show of one source is no evidence about the others, nor about that one. */
const UNANSWERED: ReadonlySet<ExternalErrorCode> = new Set([
  "github-refused",
  "github-unanswered",
  "github-answer",
]);

/** So many changes are checked together. */
const AT_ONCE = 50;

/** Records what is gone, and what is back. What GitHub refuses to show us is not taken to be gone. Throws {@link ExternalError}. */
export async function verifySources(
  repo: Repo,
  span: { readonly from: Instant; readonly to: Instant },
): Promise<void> {
  try {
    const filter = { repositoryId: repo.info.id, ...span, order: "at" } as const;
    let some: LoggedEntry<"change">[] = [];
    for await (const entry of repo.ledger.states("change", filter)) {
      some.push(entry);
      if (some.length < AT_ONCE) continue;
      await verifyChanges(repo, some);
      some = [];
    }
    await verifyChanges(repo, some);
    const deployed: LoggedEntry<"deployment">[] = [];
    for await (const entry of repo.ledger.states("deployment", filter)) deployed.push(entry);
    await verifyDeployments(repo, deployed);
  } catch (error) {
    if (!(error instanceof ExternalError) || !UNANSWERED.has(error.code)) throw error;
    repo.log.warn({ repository: repo.info.id }, "GitHub refused to show what verdicts cite");
  }
}

async function verifyChanges(repo: Repo, changes: readonly LoggedEntry<"change">[]): Promise<void> {
  if (changes.length === 0) return;
  const records = changes.map(({ body }) => body);
  const pulls = new Set(records.flatMap(({ change }) => change.pullRequests.map(({ number }) => number)));
  const commits = new Set(records.map(commitOf).filter((sha): sha is Sha => sha !== null));
  const shown = await repo.github.stillThere([...pulls], [...commits]);
  await record(
    repo,
    changes.map((entry) => {
      const { id } = entry.body.change;
      return { entry, of: "change", id, gone: goneOfChange(entry.body, shown) };
    }),
  );
}

async function verifyDeployments(repo: Repo, deployed: readonly LoggedEntry<"deployment">[]): Promise<void> {
  const records = deployed.map(({ body }) => body.deployment);
  if (records.length === 0) return;
  const since = Math.min(...records.map(({ createdAt }) => createdAt));
  const listed = await repo.github.listDeployments(since);
  const runs = new Set<number>();
  for (const id of new Set(records.flatMap(({ run }) => (run === null ? [] : [run.id]))))
    if ((await repo.github.run(id)) !== null) runs.add(id);
  // A list that was cut short is no evidence about what is not on it.
  const shown = listed.truncated
    ? records.flatMap(({ number }) => number ?? [])
    : listed.listed.map(({ number }) => number);
  const numbers = new Set(shown);
  await record(
    repo,
    deployed.map((entry) => {
      const { id } = entry.body.deployment;
      return { entry, of: "deployment", id, gone: goneOfDeployment(entry.body, numbers, runs) };
    }),
  );
}

interface Verified extends Pick<SourceGoneRecord, "of" | "id"> {
  readonly entry: LoggedEntry;
  readonly gone: readonly string[];
}

async function record(repo: Repo, verified: readonly Verified[]): Promise<void> {
  const now = repo.now();
  const entries: Entry[] = [];
  for (const { entry, of, id, gone } of verified) {
    const known = await repo.latest("source-gone", id);
    const body = sourceGone(known ?? null, { of, id }, gone, now);
    const { repositoryId, organizationId, at } = entry;
    if (body !== null)
      entries.push({ kind: "source-gone", subject: id, repositoryId, organizationId, at, body });
  }
  if (entries.length > 0) await repo.commit({ entries });
}
