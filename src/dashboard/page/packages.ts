/** The packages that were handed over, as far as they lie where the App finds them. */

import type { Choice, Draw, PopulationName } from "../../domain/evidence/sample/choice.ts";
import type { Manifest } from "../../domain/evidence/package.ts";
import type { SentSample } from "../../domain/records/monitoring.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { SignedInPerson } from "./access.ts";

/** Names one package that was handed over, by the SHA-256 of its manifest.dsse.json. */
interface HandedOverPackage {
  readonly organizationId: number;
  readonly period: string;
  readonly seal: string;
  /** Drawn from it; absent: the package itself. */
  readonly sample?: SentSample;
}

/** Describes a package that is here. What is read of it has the digests of its seal. */
export interface HeldPackage {
  readonly manifest: Manifest;
  /** Returns the first rows of a table, its header first; null: the file is not what was sealed. */
  readonly firstRows: (path: string, most: number) => Promise<readonly (readonly string[])[] | null>;
  /** Draws from a population; null: its file is not what was sealed. */
  readonly draw: (of: PopulationName, how: Omit<Draw, "digest">) => Promise<Choice | null>;
  /** Yields the bytes of a zip with what `countersign sample` writes. Throws where the package is not whole. */
  readonly samplePages: (of: PopulationName, how: Omit<Draw, "digest">) => AsyncIterable<Uint8Array>;
  /** Yields the bytes of one zip. */
  readonly zip: () => AsyncIterable<Uint8Array>;
}

/** Finds packages for one viewer. */
export interface ViewerPackages extends Pick<Packages, "folder" | "find"> {
  /** Records that the viewer was sent a package of this organisation, or a sample of it. */
  readonly noteDownload: (period: string, seal: string, sample?: SentSample) => Promise<void>;
}

/** Finds packages. Every method throws ExternalError when the database fails. */
export interface Packages {
  /** Where packages are looked for; null: nowhere, since the settings name no folder. */
  readonly folder: string | null;
  /** Returns a package by its seal; null: it is not here. */
  readonly find: (seal: string) => Promise<HeldPackage | null>;
  /** Records that someone was sent a package, or a sample of it. */
  readonly noteDownload: (sent: HandedOverPackage, by: SignedInPerson | null, at: Instant) => Promise<void>;
}
