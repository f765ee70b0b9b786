/** A little of every record of one kind, cached so that one more of them need not read all the others again. */

import type { Whose } from "../../ledger/log.ts";
import type { EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { Lookups } from "../../github/api/lookups.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** Holds what keeping it needs. */
export interface CacheTools {
  readonly ledger: Ledger;
  readonly github: { readonly lookups: Pick<Lookups, "rememberForever"> };
}

interface Kept<Item> {
  /** The log is known up to here. */
  seq: number;
  readonly items: Map<string, Item>;
}

/**
 * Returns what is kept of the newest record of each subject, by subject; without `repositoryId`, of all repositories. Only what was recorded since
 * it was last asked is read. `keep` answers what to keep of a record, null for nothing; `before`: what was kept of the one before it.
 */
export async function cachedRecords<K extends EntryKind, Item>(
  { ledger, github }: CacheTools,
  kind: K,
  repositoryId: number | undefined,
  keep: (entry: LoggedEntry<K>, before: Item | undefined) => Item | null,
): Promise<ReadonlyMap<string, Item>> {
  const note = ({ items }: Kept<Item>, entry: LoggedEntry<K>): void => {
    const item = keep(entry, items.get(entry.subject));
    if (item === null) items.delete(entry.subject);
    else items.set(entry.subject, item);
  };
  const where: Whose = repositoryId === undefined ? { everyOrganization: true } : { repositoryId };
  // INVARIANT: each kind is kept in one way only, so its name shows what is kept.
  const kept = await github.lookups.rememberForever(`at-hand:${kind}:${repositoryId ?? "all"}`, async () => {
    const { size } = await ledger.head();
    const fresh: Kept<Item> = { seq: size, items: new Map() };
    for await (const entry of ledger.states(kind, where)) note(fresh, entry);
    return fresh;
  });
  const { size } = await ledger.head();
  if (size > kept.seq) {
    const since = { kinds: [kind], ...where, afterSeq: kept.seq };
    for await (const entry of ledger.log<K>(since)) note(kept, entry);
    kept.seq = Math.max(kept.seq, size);
  }
  return kept.items;
}
