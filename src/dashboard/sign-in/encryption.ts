/** Values that leave this process and come back: nobody else can read them, make them, or use one for another purpose. */

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const [NONCE, TAG] = [12, 16];

/** Encrypts and signs values with one secret. */
export class Encryption {
  readonly #key: Buffer;
  readonly #signingKey: Buffer;

  constructor(secret: string) {
    this.#key = derived(secret, "encrypt");
    this.#signingKey = derived(secret, "sign");
  }

  /** Returns a text that only {@link decrypt} reads, with the same purpose. */
  encrypt(value: string, purpose: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(purpose));
    const parts = [nonce, cipher.update(value, "utf8"), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(parts).toString("base64url");
  }

  /** Returns what was encrypted; null: with another secret, for another purpose, or not at all. */
  decrypt(encrypted: string, purpose: string): string | null {
    const bytes = Buffer.from(encrypted, "base64url");
    if (bytes.length < NONCE + TAG) return null;
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG));
    try {
      const text = decipher.update(bytes.subarray(NONCE, -TAG), undefined, "utf8");
      return text + decipher.final("utf8");
    } catch {
      return null;
    }
  }

  /** Returns the signature of a value for a purpose: nobody else can make it. */
  sign(value: string, purpose: string): string {
    return createHmac("sha256", this.#signingKey).update(`${purpose}\n${value}`).digest("base64url");
  }
}

function derived(secret: string, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `countersign pages: ${use}`, 32));
}
