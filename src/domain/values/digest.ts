/** Canonical JSON and digests: the same value always gives the same bytes. */

import { sha256 as hash } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import canonicalize from "canonicalize";
import { wellFormed } from "./text.ts";

/** Returns the RFC 8785 canonical JSON of a value, its texts made well-formed. Throws on what JSON cannot hold (NaN, undefined). */
export function canonical(value: unknown): string {
  const text = canonicalOf(value);
  if (text === undefined) throw new TypeError("undefined has no canonical form");
  return text;
}

/** Returns the SHA-256 of a text's UTF-8 bytes, or of bytes, in hex. */
export function sha256(content: string | Uint8Array): string {
  return bytesToHex(hash(typeof content === "string" ? utf8ToBytes(content) : content));
}

function canonicalOf(value: unknown): string | undefined {
  // What was parsed from canonical JSON is in its order already, and need not be sorted member by member.
  if (isInOrder(value)) return JSON.stringify(value);
  try {
    return canonicalize(value);
  } catch {
    // Nearly every text is well-formed, and what is not is refused there.
    return canonicalize(wellFormed(value));
  }
}

/** Whether JSON.stringify writes a value as RFC 8785 asks: it writes numbers and texts so, and members in the order they are in. */
function isInOrder(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "boolean" || value === null) return true;
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isInOrder(item)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  let last: string | null = null;
  for (const key of Object.keys(value)) {
    if (last !== null && last > key) return false;
    last = key;
    // A method of that name would be called.
    if (
      key === "toJSON" ||
      !key.isWellFormed() ||
      !isInOrder((value as Readonly<Record<string, unknown>>)[key])
    )
      return false;
  }
  return true;
}
