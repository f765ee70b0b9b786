/** `countersign verify`: checks an evidence package with nothing but the package itself. No settings, database or network. */

import { readFile, stat } from "node:fs/promises";
import { verifyPath } from "../package/verify.ts";
import { VERSION } from "../package/version.ts";
import type { Answer } from "./answer.ts";
import { Misuse } from "./answer.ts";

/** Checks the package at a path, a folder or a zip; `publicKey`: a PEM file of the signer's key, from elsewhere. */
export async function verify(path: string, publicKey: string | undefined): Promise<Answer> {
  if ((await stat(path).catch(() => null)) === null) {
    throw new Misuse(`There is no package at ${path}: give a folder or a zip.`);
  }
  const pem = publicKey === undefined ? undefined : await keyFrom(publicKey);
  const found = await verifyPath(path, pem === undefined ? {} : { publicKeyPem: pem });
  const whole = found.defects.length === 0;
  const lines = [
    ...found.defects.map((defect) => `${defect.file}: ${defect.problem}`),
    whole
      ? `The package is whole: ${found.files} files are as they were when it was sealed${found.compared === "yes" ? ", and their rows and pages are what the log inside gives" : ""}.`
      : `${found.defects.length} ${found.defects.length === 1 ? "defect" : "defects"} found: do not rely on this package.`,
    ...(found.compared.startsWith("made by")
      ? [
          `Its rows and pages were not compared with the log inside: it was ${found.compared}, and this is version ${VERSION}. Verify it with that version.`,
        ]
      : []),
    ...(found.fingerprint === null
      ? []
      : [`Signed with the key whose fingerprint (SHA-256) is ${found.fingerprint}`]),
    ...(pem === undefined && whole
      ? [
          "This proves nothing about who signed: compare the fingerprint with one you got elsewhere, or give --public-key.",
        ]
      : []),
  ];
  return { code: whole ? 0 : 1, lines, data: { ok: whole, ...found } };
}

async function keyFrom(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new Misuse(`The public key ${file} cannot be read: give the path of a PEM file.`);
  }
}
