/** `countersign verify`: checks an evidence package with nothing but the package itself. No settings, database or network. */

import { readFile } from "node:fs/promises";
import { spkiOfPem } from "../domain/evidence/seal.ts";
import { messageOf } from "../domain/evidence/verify/read.ts";
import { closingLines, conclusionOf, isWhole, SIGNER_UNKNOWN } from "../domain/evidence/verify/report.ts";
import type { Verification } from "../domain/evidence/verify/verify.ts";
import { notAPackage } from "../package/not-a-package.ts";
import { verifyPath } from "../package/verify.ts";
import { UsageError, type Answer } from "./terminal/answer.ts";

/** Checks the package at a path, a folder or a zip. `publicKey`: a PEM file of the signer's key, from elsewhere. */
export async function verify(
  path: string,
  publicKey: string | undefined,
  onRead: (file: string, bytes: number) => void = () => undefined,
): Promise<Answer> {
  const slip = await notAPackage(path);
  if (slip !== null) throw new UsageError(slip);
  const pem = publicKey === undefined ? undefined : await publicKeyFrom(publicKey);
  const found = await verifyPath(path, {
    onRead,
    ...(pem === undefined ? {} : { publicKeyPem: pem }),
  });
  return verificationAnswer(found);
}

/** Returns the answer to what was found. Exit code 2: no defect was found, but a check broke off. */
export function verificationAnswer(found: Verification): Answer {
  const code = found.defects.length > 0 ? 1 : found.brokeOff === null ? 0 : 2;
  return { code, lines: reportOf(found), data: { ok: isWhole(found), ...found } };
}

const MARKS = { passed: "passed     ", failed: "FAILED     ", "not-checked": "not checked" } as const;

/** The checks with their marks, the defects, and what to make of them. */
function reportOf(found: Verification): readonly string[] {
  const { checks, defects, fingerprint } = found;
  const isSignerKnown = checks.some(({ id, state }) => id === "signer" && state === "passed");
  return [
    ...checks.map((check) => {
      const because = check.state === "not-checked" ? ` (${check.because})` : "";
      return `${MARKS[check.state]}  ${check.sentence}${because}`;
    }),
    "",
    ...defects.map(({ file, problem, code }) => `${file}: ${problem} (${code})`),
    conclusionOf(found),
    ...closingLines(found),
    ...(fingerprint === null ? [] : [`Signed with the key whose fingerprint (SHA-256) is ${fingerprint}`]),
    ...(isWhole(found) && !isSignerKnown ? [`${SIGNER_UNKNOWN}, or give --public-key.`] : []),
  ];
}

/** Reads a file with the signer's key. Another file is the caller's mistake and no sign of a forgery. */
export async function publicKeyFrom(file: string): Promise<string> {
  const pem = await readFile(file, "utf8").catch((error: unknown) => {
    throw new UsageError(
      `The public key ${file} cannot be read (${messageOf(error)}): give the path of a PEM file.`,
    );
  });
  if (spkiOfPem(pem) !== null) return pem;
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/u.exec(pem)?.[1] ?? "";
  throw new UsageError(
    `${file} is no public key of a signer: ${otherThanKey(label)}. Give a P-256 public key (PEM).`,
  );
}

function otherThanKey(label: string): string {
  if (label.includes("PRIVATE KEY")) return "it holds a private key, which should not leave its owner";
  if (label.includes("CERTIFICATE")) return "it holds a certificate";
  return label.includes("PUBLIC KEY") ? "it holds a public key of another kind" : "it is not in PEM form";
}
