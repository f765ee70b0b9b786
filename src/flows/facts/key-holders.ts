/** Who added the deploy keys of a repository that may push to it. */

import type { Repo } from "../context/repo.ts";
import { keyHolders, type ObservedKey } from "../../domain/approval/contribution/deploy-keys.ts";
import type { KeyHolder } from "../../domain/change/people.ts";

/** Lists who added deploy keys with write access, and when. `isWhole`: GitHub shows all there are today. Throws {@link ExternalError}. */
export async function readKeyHolders(
  repo: Repo,
): Promise<{ readonly holders: readonly KeyHolder[]; readonly isWhole: boolean }> {
  const listed = await repo.github.deployKeys();
  const holders = keyHolders(listed ?? [], await observedKeys(repo), repo.clock.now());
  return { holders, isWhole: listed !== null };
}

/** The deploy keys that webhooks reported, each with whom it was added by. */
async function observedKeys(repo: Repo): Promise<readonly ObservedKey[]> {
  const found: ObservedKey[] = [];
  for (const each of await repo.observed("keys")) {
    if (each.kind !== "key-told") continue;
    const { key: id, login, by, from: createdAt, goneAt } = each;
    const addedBy = by ?? (login === null ? null : await repo.github.account(login));
    found.push({ id, addedBy, createdAt, goneAt });
  }
  return found;
}
