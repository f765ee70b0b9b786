/** The key that signs packages: as given, or made at its first use. */

import { generateKeyPairSync, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

import { ExternalError } from "../domain/values/external-error.ts";
import { storeError } from "../ledger/database/failure.ts";
import type { Settings } from "../settings.ts";
import { signingKeyProblem } from "./private-keys.ts";
import { systemErrorCode } from "./system-error.ts";

/**
 * Returns the key that signs packages, PEM (PKCS #8). It is as given or from the data folder, where the first call creates it.
 * The file is `signing-key.pem` or the one the settings name, mode 0600; of two processes at once, one creates it and both use
 * it. Throws {@link ExternalError}.
 */
export function signingKeyPem({
  signingKey,
  signingKeyFile,
  store,
}: Pick<Settings, "signingKey" | "signingKeyFile" | "store">): string {
  if (signingKey !== null) return signingKey;
  if (signingKeyFile === undefined && "databaseUrl" in store)
    throw new ExternalError("settings-wrong", "With DATABASE_URL, COUNTERSIGN_SIGNING_KEY must be set.");
  const file = signingKeyFile ?? join("dataDir" in store ? store.dataDir : "", "signing-key.pem");
  const folder = dirname(file);
  try {
    const pem = readIfThere(file) ?? makeKey(folder, file);
    const problem = signingKeyProblem(pem);
    if (problem !== null) throw new ExternalError("settings-wrong", `The signing key in ${file} ${problem}.`);
    return pem;
  } catch (error) {
    throw storeError(error, folder);
  }
}

function makeKey(dataDir: string, file: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  mkdirSync(dataDir, { recursive: true });
  const draft = join(dataDir, `.signing-key-${randomUUID()}`);
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    // Unlike a rename, a link never replaces what another process made first.
    linkSync(draft, file);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(file, "utf8");
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
}
