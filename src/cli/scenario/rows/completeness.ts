/** Compares the App's population with GitHub's own list of ref updates, and reads the App's own proof. */

import type { Instant } from "../../../domain/time/instant.ts";
import type { ChangeRecord } from "../../../domain/records/change.ts";
import type { DoubleState } from "../harness/double.ts";
import { ExternalError } from "../../../domain/values/external-error.ts";
import type { Row } from "../format/expectations.ts";
import { STORY_ORGANIZATION, type RowSet } from "../format/match.ts";
import type { Harness } from "../harness/harness.ts";
import type { CompletenessRecord } from "../../../domain/records/monitoring.ts";
import type { RepositoryRecord } from "../../../domain/records/repository.ts";

/** Returns one row: `is` true when nothing differs; else the differences, in words. */
export async function completeness(
  harness: Harness,
  state: DoubleState,
  from: Instant,
  now: Instant,
): Promise<RowSet> {
  // The period's end is excluded, and the last step may have happened this very second.
  const to = now + 1000;
  try {
    await harness.app.reconcile(STORY_ORGANIZATION, from, to);
  } catch (error) {
    // A listing that failed proves nothing.
    if (!(error instanceof ExternalError)) throw error;
    return { columns: ["is"], rows: [{ is: false, differences: [error.message] }] };
  }
  await harness.app.settle();
  const ledger = await harness.openLedger();
  try {
    const changes: ChangeRecord[] = [];
    for await (const entry of ledger.states("change", { everyOrganization: true })) changes.push(entry.body);
    const left = new Map<string, Instant>();
    for await (const { subject, body } of ledger.states("branch", { everyOrganization: true }))
      if (body.left !== undefined) left.set(subject, body.left.at);
    const repositories: RepositoryRecord[] = [];
    for await (const entry of ledger.states("repository", { everyOrganization: true }))
      repositories.push(entry.body);
    const proofs: CompletenessRecord[] = [];
    for await (const entry of ledger.states("completeness", { everyOrganization: true }))
      proofs.push(entry.body);
    const differences = [
      ...differencesOf(state, repositories, changes, left),
      ...proofs
        .filter((proof) => proof.to === to && !proof.complete)
        .map((proof) => `the App cannot prove ${proof.repository.name} ${proof.ref} complete`),
      ...(proofs.some((proof) => proof.to === to) ? [] : ["the App proved nothing"]),
    ];
    const row: Row = { is: differences.length === 0, ...(differences.length === 0 ? {} : { differences }) };
    return { columns: ["is"], rows: [row] };
  } finally {
    await ledger.close();
  }
}

function differencesOf(
  state: DoubleState,
  repositories: readonly RepositoryRecord[],
  changes: readonly ChangeRecord[],
  left: ReadonlyMap<string, Instant>,
): readonly string[] {
  return state.repositories.flatMap((repository) => {
    const known = repositories.find((each) => each.repository.id === repository.id);
    if (known !== undefined && !known.inScope) return [];
    const refs = new Set([`refs/heads/${repository.defaultBranch}`, ...(known?.productionRefs ?? [])]);
    const own = changes.filter((each) => each.change.repository.id === repository.id);
    for (const each of own) refs.add(each.change.update.ref);
    const listed = repository.activity
      .filter((each) => refs.has(each.ref) && each.at >= (known?.installedFrom ?? 0))
      .filter((each) => each.at <= (left.get(`${repository.id}:${each.ref}`) ?? each.at))
      .map((each) => key(each.ref, each.before, each.after));
    const found = own.map(({ change: { update } }) => key(update.ref, update.before, update.after));
    return [
      ...without(listed, found).map((each) => `${repository.name}: not in the population: ${each}`),
      ...without(found, listed).map(
        (each) => `${repository.name}: in the population, but not on GitHub: ${each}`,
      ),
    ];
  });
}

/** Returns a list without one equal item for each item of another list. */
function without(list: readonly string[], taken: readonly string[]): readonly string[] {
  const rest = [...list];
  for (const one of taken) {
    const index = rest.indexOf(one);
    if (index >= 0) rest.splice(index, 1);
  }
  return rest;
}

function key(ref: string, before: string, after: string): string {
  return `${ref} ${before.slice(0, 10)}..${after.slice(0, 10)}`;
}
