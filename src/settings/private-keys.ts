/** Private keys as people paste them into an environment file. */

import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Restores a PEM text from an environment file. Its line breaks may be literal or blanks, and it may be quoted or in base64. */
export function pemAsGiven(given: string): string {
  const text = given
    .trim()
    .replace(/^(["'])(.*)\1$/s, "$2")
    .replaceAll(/(?:\\+r)?\\+n/gu, "\n");
  const decoded = Buffer.from(text, "base64").toString("utf8");
  const pem = !text.includes("-----BEGIN") && decoded.includes("-----BEGIN") ? decoded : text;
  const [, label, body = ""] = /-----BEGIN ([A-Z ]+)-----([\s\S]*?)-----END \1-----/u.exec(pem) ?? [];
  // What is encrypted has lines of its own at its head.
  if (label === undefined || body.includes(":")) return pem;
  const lines = body.replaceAll(/\s+/gu, "").match(/.{1,64}/gu) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** Says what a text is that is no private key, and what to do; null: it says nothing of itself. */
function otherThanKey(pem: string): string | null {
  if (pem.startsWith("SHA256:")) return "is the fingerprint of a key: give the file that GitHub downloaded";
  if (/-----BEGIN [A-Z ]*-----\s*$/u.test(pem) || (pem.includes("-----BEGIN") && !pem.includes("-----END")))
    return "ends too early: write it on one line with \\n for the line breaks, or in double quotes";
  if (/ENCRYPTED/u.test(pem)) return "is encrypted: give it without a passphrase (openssl rsa -in FILE)";
  if (/PUBLIC KEY-----|CERTIFICATE-----/u.test(pem)) return "is public: give the private key";
  return null;
}

/** Returns why a text is no private key of a GitHub App, completing a sentence; null: it is one. */
export function appKeyProblem(pem: string): string | null {
  const type = privateKeyOf(pem)?.asymmetricKeyType;
  if (type === "rsa") return null;
  const cure = "generate one on the App's page under Private keys and give the whole file";
  if (type === undefined) return otherThanKey(pem) ?? `is no RSA private key in PEM: ${cure}`;
  return `is no RSA private key but one of type ${type}, as COUNTERSIGN_SIGNING_KEY is: ${cure}`;
}

/** Returns why a text is no key that can sign packages, completing a sentence; null: it is one. */
export function signingKeyProblem(pem: string): string | null {
  const key = privateKeyOf(pem);
  if (key?.asymmetricKeyDetails?.namedCurve === "prime256v1") return null;
  const cure = "make one with openssl ecparam -name prime256v1 -genkey -noout";
  return (key === null ? otherThanKey(pem) : null) ?? `is no ECDSA P-256 private key in PEM: ${cure}`;
}

function privateKeyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}
