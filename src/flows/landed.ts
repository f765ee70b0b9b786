/** Which recorded change landed which commit, kept at hand so that a deployment need not read every change again. */

import type { Instant, Sha } from "../domain/change.ts";
import type { LoggedEntry } from "../domain/entry.ts";
import type { ChangeRecord } from "../domain/record.ts";
import type { Tools } from "./ports.ts";

/** One recorded change, as far as finding it needs. */
export interface Landed {
  readonly id: string;
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly at: Instant;
  readonly seq: number;
}

interface Known {
  seq: number;
  readonly changes: Map<string, Landed>;
}

/** Every recorded change of a repository, oldest first. Only what was recorded since it was last asked is read. */
export async function landedChanges(tools: Tools, repositoryId: number): Promise<readonly Landed[]> {
  const { ledger } = tools;
  const known = await tools.github.lookups.rememberForever(`landed:${repositoryId}`, async () => {
    const { size } = await ledger.head();
    const fresh: Known = { seq: size, changes: new Map() };
    for await (const entry of ledger.states("change", { repositoryId })) note(fresh, entry);
    return fresh;
  });
  const { size } = await ledger.head();
  if (size > known.seq) {
    for await (const entry of ledger.log({ kinds: ["change"], repositoryId, afterSeq: known.seq })) {
      note(known, entry);
    }
    known.seq = Math.max(known.seq, size);
  }
  return [...known.changes.values()].toSorted((a, b) => a.at - b.at || a.seq - b.seq);
}

function note(known: Known, { seq, body }: LoggedEntry): void {
  const { id, update } = (body as ChangeRecord).change;
  const { ref, before, after, at } = update;
  known.changes.set(id, { id, ref, before, after, at, seq: known.changes.get(id)?.seq ?? seq });
}
