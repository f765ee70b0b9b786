/** Signing keys as people keep them: PEM in, and what the seal needs out. */

import { createPrivateKey } from "node:crypto";

import { signingKeyOf, type SigningKey } from "../domain/evidence/seal.ts";

/**
 * Returns the key pair of a PEM text (PKCS #8 or SEC1, unencrypted, ECDSA P-256).
 * Throws TypeError with a sentence for a person, which never holds a part of the key.
 */
export function readSigningKey(pem: string): SigningKey {
  const jwk = jwkOf(pem);
  if (jwk?.kty !== "EC" || jwk.crv !== "P-256" || jwk.d === undefined)
    throw new TypeError(
      "The signing key is not an ECDSA P-256 private key in PEM form (PKCS #8 or SEC1, unencrypted).",
    );
  return signingKeyOf(new Uint8Array(Buffer.from(jwk.d, "base64url")));
}

function jwkOf(
  pem: string,
): { kty?: string | undefined; crv?: string | undefined; d?: string | undefined } | null {
  try {
    return createPrivateKey({ key: pem, format: "pem" }).export({ format: "jwk" });
  } catch {
    // OpenSSL's message is of no use to a person, and may quote the file.
    return null;
  }
}
