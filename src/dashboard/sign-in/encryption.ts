/** Values that leave this process and come back: nobody else can read them, make them, or use one for another purpose. */

import { createHmac, hkdfSync } from "node:crypto";

import { compactDecrypt, CompactEncrypt } from "jose";

const [ALGORITHM, CIPHER] = ["dir", "A256GCM"];

/** Encrypts and signs values with one secret. */
export class Encryption {
  readonly #key: Uint8Array;
  readonly #signingKey: Uint8Array;

  constructor(secret: string) {
    this.#key = derived(secret, "encrypt");
    this.#signingKey = derived(secret, "sign");
  }

  /** Returns a text (JWE) that only {@link decrypt} reads, with the same purpose. */
  encrypt(value: string, purpose: string): Promise<string> {
    return new CompactEncrypt(new TextEncoder().encode(value))
      .setProtectedHeader({ alg: ALGORITHM, enc: CIPHER, typ: purpose })
      .encrypt(this.#key);
  }

  /** Returns what was encrypted; null: with another secret, for another purpose, or not at all. */
  async decrypt(encrypted: string, purpose: string): Promise<string | null> {
    const allowed = { keyManagementAlgorithms: [ALGORITHM], contentEncryptionAlgorithms: [CIPHER] };
    const opened = await compactDecrypt(encrypted, this.#key, allowed).catch(() => null);
    return opened?.protectedHeader.typ === purpose ? new TextDecoder().decode(opened.plaintext) : null;
  }

  /** Returns the signature of a value for a purpose: nobody else can make it. */
  sign(value: string, purpose: string): string {
    return createHmac("sha256", this.#signingKey).update(`${purpose}\n${value}`).digest("base64url");
  }
}

function derived(secret: string, use: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", `countersign pages: ${use}`, 32));
}
