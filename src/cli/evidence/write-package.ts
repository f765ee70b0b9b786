/** Writes an evidence package from a ledger, for `export`, `demo`, stories and test histories. */

import { exportEvidence } from "../../flows/monitoring/export-evidence.ts";
import type { Exported, ExportRequest } from "../../flows/monitoring/export-evidence.ts";
import type { Period } from "../../domain/evidence/tables/population.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openPackage } from "../../package/folder.ts";
import { COPIES } from "../../package/copies.ts";
import { MAKER } from "../../package/maker.ts";
import { readSigningKey } from "../../package/keys.ts";

/** Describes the package to write. `signingKey`: an ECDSA P-256 private key, PEM. */
export interface PackageRequest {
  readonly organization: string;
  readonly period: Period;
  readonly out: string;
  readonly zip: boolean;
  readonly signingKey: string;
  readonly apiUrl: string;
  readonly generatedAt: Instant;
  /** Gets the name of the table that is written, and how many rows it has so far. */
  readonly onRow?: (file: string, rows: number) => void;
}

/** Writes the package of a period; the folder must be new. Throws {@link ExternalError}. */
export async function writePackage(ledger: Ledger, request: PackageRequest): Promise<Exported> {
  const parts = await packageParts(ledger, request);
  return ledger.snapshot((moment) => exportEvidence({ ...parts, ledger: moment, period: request.period }));
}

/** Returns what a package is made of beside the log and its period, and begins it. Throws {@link ExternalError}. */
export async function packageParts(
  ledger: Ledger,
  request: Omit<PackageRequest, "period">,
): Promise<Omit<ExportRequest, "ledger" | "period">> {
  return {
    organization: await organizationOf(ledger, request.organization),
    generatedAt: request.generatedAt,
    signingKey: readSigningKey(request.signingKey),
    writer: await openPackage(request.out, request),
    tool: { name: MAKER.name, version: MAKER.version, apiUrl: request.apiUrl, facts: [] },
    maker: { ...MAKER, copies: COPIES },
  };
}

/** Finds an organisation by its repositories in the ledger. */
export async function organizationOf(
  ledger: Ledger,
  login: string,
): Promise<{ readonly id: number; readonly login: string }> {
  const known = new Set<string>();
  for await (const entry of ledger.states("repository", { everyOrganization: true })) {
    const { repository } = entry.body;
    if (repository.owner.toLowerCase() === login.toLowerCase()) {
      return { id: repository.ownerId, login: repository.owner };
    }
    known.add(repository.owner);
  }
  const others = known.size === 0 ? "It has no organisation yet." : `It has ${[...known].join(", ")}.`;
  throw new ExternalError("settings-wrong", `The evidence log has no repository of ${login}. ${others}`);
}
