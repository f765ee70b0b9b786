/** The seal of a package: in-toto statement in a DSSE envelope, ECDSA P-256 by RFC 6979; and reading it back. */

import { p256 } from "@noble/curves/nist.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import { canonical, sha256 } from "../values/digest.ts";

/** The payload type of an in-toto statement in a DSSE envelope. */
const PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** The kind of statement a package's seal is. */
const PREDICATE_TYPE = "https://countersign.dev/evidence-package/v1";

/** Describes a P-256 key pair: the private scalar, and the public key's SubjectPublicKeyInfo in DER. */
export interface SigningKey {
  readonly secret: Uint8Array;
  readonly spki: Uint8Array;
}

/** Describes one sealed file. */
export interface SealedFile {
  readonly name: string;
  readonly sha256: string;
}

// SubjectPublicKeyInfo of an uncompressed P-256 point, up to the point itself.
const SPKI_HEAD = hexToBytes("3059301306072a8648ce3d020106082a8648ce3d030107034200");

/** Returns a key pair from its private scalar (32 bytes). Throws on a scalar out of range. */
export function signingKeyOf(secret: Uint8Array): SigningKey {
  const point = p256.getPublicKey(secret, false);
  const spki = new Uint8Array(SPKI_HEAD.length + point.length);
  spki.set(SPKI_HEAD);
  spki.set(point, SPKI_HEAD.length);
  return { secret, spki };
}

/** Returns the fingerprint of a public key, which is also its key id: SHA-256 of its SPKI DER, in hex. */
export function fingerprintOf(spki: Uint8Array): string {
  return sha256(spki);
}

/** Returns a fingerprint as someone wrote it down, in its one spelling. Null: it is none. */
export function fingerprintFrom(text: string): string | null {
  const digits = text.replaceAll(/[\s:-]/gu, "").toLowerCase();
  return /^[0-9a-f]{64}$/u.test(digits) ? digits : null;
}

/** Returns the one PEM spelling of a public key: 64 characters a line, line feeds, one at the end. */
export function pemOf(spki: Uint8Array): string {
  const lines = base64Of(spki).match(/.{1,64}/gu) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

/** Returns the public key in a PEM text, however it is wrapped; null when it holds no P-256 public key. */
export function spkiOfPem(pem: string): Uint8Array | null {
  const body = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]{1,400})-----END PUBLIC KEY-----/u.exec(pem)?.[1];
  const spki = body === undefined ? null : bytesOfBase64(body.replaceAll(/\s/gu, ""));
  if (spki === null || spki.length !== SPKI_HEAD.length + 65) return null;
  return bytesToHex(spki.subarray(0, SPKI_HEAD.length)) === bytesToHex(SPKI_HEAD) ? spki : null;
}

/** Seals files under a predicate: the envelope's canonical JSON with a line feed. The same arguments give the same bytes. */
export function sealOf(subjects: readonly SealedFile[], predicate: unknown, key: SigningKey): string {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects.map((file) => ({ name: file.name, digest: { sha256: file.sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate,
  };
  const payload = utf8ToBytes(canonical(statement));
  const signature = p256.sign(paeOf(PAYLOAD_TYPE, payload), key.secret, {
    lowS: true,
    prehash: true,
    format: "der",
  });
  return `${canonical({
    payload: base64Of(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: fingerprintOf(key.spki), sig: base64Of(signature) }],
  })}\n`;
}

/** The media type of a Sigstore bundle in the version made here. */
const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Returns a seal as a Sigstore bundle. It holds nothing that the seal and the key id do not. */
export function bundleOf(seal: string, keyId: string): string {
  const material = canonical({ publicKey: { hint: keyId } });
  return `{"dsseEnvelope":${seal.trimEnd()},"mediaType":"${BUNDLE_TYPE}","verificationMaterial":${material}}\n`;
}

/** Describes the content of a seal whose form is sound; `signedBy`: the key that made it. */
export interface Seal {
  readonly keyId: string;
  readonly subjects: readonly SealedFile[];
  readonly predicate: Readonly<Record<string, unknown>>;
  /** Whether this public key (SPKI DER) signed it, in the one spelling of the signature (low S, strict DER). */
  signedBy(spki: Uint8Array): boolean;
}

/** Reads an envelope; answers the seal, or what is wrong with its form. Never throws. */
export function readSeal(text: string): Seal | { readonly problem: string } {
  const envelope = parsed(text);
  if (!isObject(envelope)) return { problem: "is not JSON" };
  const { payload, payloadType, signatures } = envelope;
  const first: unknown = Array.isArray(signatures) && signatures.length === 1 ? signatures[0] : null;
  if (typeof payload !== "string" || payloadType !== PAYLOAD_TYPE || !isObject(first))
    return { problem: "is not a DSSE envelope of one signed in-toto statement" };
  const { keyid, sig } = first;
  if (typeof keyid !== "string" || typeof sig !== "string") return { problem: "has no key id or signature" };
  const bytes = bytesOfBase64(payload);
  const signature = bytesOfBase64(sig);
  if (bytes === null || signature === null)
    return { problem: "has a payload or signature that is not canonical base64" };
  const again = spelled({
    payload: base64Of(bytes),
    payloadType,
    signatures: [{ keyid, sig: base64Of(signature) }],
  });
  if (again === null || `${again}\n` !== text) return { problem: "is not in its one canonical spelling" };
  const statement = statementOf(bytes);
  if ("problem" in statement) return statement;
  return {
    ...statement,
    keyId: keyid,
    signedBy(spki) {
      try {
        return p256.verify(signature, paeOf(PAYLOAD_TYPE, bytes), spki.subarray(SPKI_HEAD.length), {
          lowS: true,
          prehash: true,
          format: "der",
        });
      } catch {
        // A signature or point that is no encoding of one was made by no key.
        return false;
      }
    },
  };
}

function statementOf(bytes: Uint8Array): Pick<Seal, "subjects" | "predicate"> | { readonly problem: string } {
  const text = new TextDecoder().decode(bytes);
  const statement = parsed(text);
  if (
    !isObject(statement) ||
    statement["_type"] !== "https://in-toto.io/Statement/v1" ||
    statement["predicateType"] !== PREDICATE_TYPE
  )
    return { problem: "does not hold an in-toto statement about an evidence package" };
  const { subject, predicate } = statement;
  if (!Array.isArray(subject) || !isObject(predicate))
    return { problem: "holds a statement without subjects or predicate" };
  const subjects = (subject as readonly unknown[]).map((each) => {
    const digest = isObject(each) && isObject(each["digest"]) ? each["digest"]["sha256"] : null;
    const name = isObject(each) ? each["name"] : null;
    return typeof name === "string" && typeof digest === "string" ? { name, sha256: digest } : null;
  });
  if (subjects.includes(null)) return { problem: "holds a subject without name or SHA-256" };
  if (spelled(statement) !== text) return { problem: "holds a statement that is not canonical JSON" };
  return { subjects: subjects.filter((each) => each !== null), predicate };
}

/** DSSE's pre-authentication encoding: what is signed. */
function paeOf(type: string, payload: Uint8Array): Uint8Array {
  const head = utf8ToBytes(`DSSEv1 ${utf8ToBytes(type).length} ${type} ${payload.length} `);
  const all = new Uint8Array(head.length + payload.length);
  all.set(head);
  all.set(payload, head.length);
  return all;
}

/** Returns JSON as a value; undefined when it is none, or nested too deep. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the canonical JSON of a value; null where it has none (lone surrogates, numbers out of range). */
export function spelled(value: unknown): string | null {
  try {
    return canonical(value);
  } catch {
    return null;
  }
}

/** Returns whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8_192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  return btoa(text);
}

function bytesOfBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return base64Of(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}
