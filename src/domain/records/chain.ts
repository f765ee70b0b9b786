/** The hash link of the evidence log: the ledger makes it, and whoever checks a package makes it again. */

import { canonical, sha256 } from "../values/digest.ts";
import type { Instant } from "../time/instant.ts";

/** What the first entry names as the hash before it. */
export const FIRST_LINK = "0".repeat(64);

/** What a link covers: an entry with its number and time, whatever its kind. */
export interface Unlinked {
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly repositoryId: number;
  readonly organizationId: number;
  readonly at: Instant;
  readonly recordedAt: Instant;
  /** The version of its body; absent: 1, of which lines say nothing. */
  readonly version?: number;
  readonly body: unknown;
}

/**
 * The hash that links an entry to the one before it: SHA-256, in hex, of `previousHash`, a line feed and the canonical JSON
 * of the entry without its two hashes. `canonicalBody` is the canonical text of `body`, where it is at hand.
 */
export function linkHash(
  previousHash: string,
  entry: Unlinked,
  canonicalBody: string = canonical(entry.body),
): string {
  // The members in the order RFC 8785 asks for, around a body that is canonical already.
  const head = canonical({ at: entry.at }).slice(0, -1);
  const tail = canonical({
    kind: entry.kind,
    organizationId: entry.organizationId,
    recordedAt: entry.recordedAt,
    repositoryId: entry.repositoryId,
    seq: entry.seq,
    subject: entry.subject,
    ...(entry.version === undefined || entry.version === 1 ? {} : { version: entry.version }),
  }).slice(1);
  return sha256(`${previousHash}\n${head},"body":${canonicalBody},${tail}`);
}
