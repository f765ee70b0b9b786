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
  try {
    return canonicalize(value);
  } catch {
    // Nearly every text is well-formed, and what is not is refused there.
    return canonicalize(wellFormed(value));
  }
}
