/** The hash link of the evidence log: the ledger computes it, and whoever checks a package computes it again. */

import { canonical, sha256 } from "../values/digest.ts";
import type { Instant } from "../time/instant.ts";

/** Holds what the first entry names as the hash before it. */
export const FIRST_LINK = "0".repeat(64);

/** Describes what a link covers: an entry with its number and time, whatever its kind. */
export interface Unlinked {
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly repositoryId: number;
  readonly organizationId: number;
  readonly at: Instant;
  readonly recordedAt: Instant;
  /** The version of its body; absent: 1, which lines omit. */
  readonly version?: number;
  readonly body: unknown;
}

/**
 * Returns the hash that links an entry to the one before it. It is SHA-256, in hex, of `previousHash`, a line feed and
 * the canonical JSON of the entry without its two hashes. `canonicalBody` is the canonical text of `body`, where it is
 * cached; `digestOf` the SHA-256 of a text, where the machine has its own.
 */
export function linkHash(
  previousHash: string,
  entry: Unlinked,
  canonicalBody: string = canonical(entry.body),
  digestOf: (text: string) => string = sha256,
): string {
  // The members in the order RFC 8785 requires, around a body that is canonical already.
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
  return digestOf(`${previousHash}\n${head},"body":${canonicalBody},${tail}`);
}
