/** `countersign sample`: readable pages of chosen changes or deployments, from nothing but the package. No settings, database or network. */

import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";

import {
  POPULATIONS,
  readStrata,
  seedProblem,
  STRATUM_COLUMNS,
  type PopulationName,
  type StratumColumn,
} from "../../domain/evidence/sample/choice.ts";
import { readIds, type NamedIds } from "../../domain/evidence/sample/ids.ts";
import type { Sample } from "../../domain/evidence/sample/sample.ts";
import { sampleNotes, verifiedWords } from "../../domain/evidence/sample/words.ts";
import { messageOf } from "../../domain/evidence/verify/read.ts";
import { conclusionOf, isWhole } from "../../domain/evidence/verify/report.ts";
import type { Verification } from "../../domain/evidence/verify/verify.ts";
import { notAPackage } from "../../package/not-a-package.ts";
import { drawSample, type DrawnSample } from "../../package/sample/draw.ts";
import { INDEX_FILE } from "../../package/sample/pages.ts";
import { verifyPath } from "../../package/verify.ts";
import { UsageError, type Answer } from "../terminal/answer.ts";
import { publicKeyFrom } from "../verify.ts";

/** Holds the options of `sample`. */
export interface SampleOptions {
  readonly size?: number;
  readonly seed?: string;
  readonly ids?: string;
  readonly out: string;
  readonly of: string;
  readonly stratify?: string;
  readonly publicKey?: string;
}

interface Progress {
  readonly onRead?: (file: string, bytes: number) => void;
  readonly onPage?: (pages: number) => void;
}

/** Verifies the package at a path, chooses, and writes the pages. A package with defects is refused. */
export async function sample(path: string, options: SampleOptions, progress: Progress = {}): Promise<Answer> {
  const of = populationOf(options.of);
  const stratify = strataOf(options);
  const named = await namedIn(options);
  const seed = named === null ? seedOf(options) : null;
  const slip = await notAPackage(path);
  if (slip !== null) throw new UsageError(slip);
  await refuseInside(path, options.out);
  if (named !== null && named.problems.length > 0) return listed(named.problems);
  const pem = options.publicKey === undefined ? undefined : await publicKeyFrom(options.publicKey);
  const { onRead, onPage } = progress;
  const verification = await verifyPath(path, {
    ...(onRead === undefined ? {} : { onRead }),
    ...(pem === undefined ? {} : { publicKeyPem: pem }),
  });
  if (!isWhole(verification)) return refused(path, verification);
  const drawn = await drawSample(path, {
    of,
    how: seed === null ? { ids: named?.ids ?? [] } : { ...seed, stratify },
    out: options.out,
    verification,
    ...(onPage === undefined ? {} : { onPage }),
  });
  return drawn.folder === null ? listed(missingIn(drawn.sample, named)) : answerOf(drawn, named);
}

function populationOf(text: string): PopulationName {
  const known = Object.keys(POPULATIONS) as PopulationName[];
  const found = known.find((each) => each === text);
  if (found === undefined) throw new UsageError(`--of is ${text}: write ${known.join(" or ")}.`);
  return found;
}

function strataOf({ stratify, ids }: SampleOptions): readonly StratumColumn[] {
  if (stratify === undefined) return [];
  if (ids !== undefined) throw new UsageError("--stratify belongs to --size and --seed: ids need no strata.");
  const { strata, unknown } = readStrata(stratify);
  if (unknown !== null)
    throw new UsageError(
      `--stratify names ${JSON.stringify(unknown)}: write ${STRATUM_COLUMNS.join(", ")}, or both with a comma between.`,
    );
  return strata;
}

function seedOf({ size, seed }: SampleOptions): { readonly size: number; readonly seed: string } {
  if (size === undefined || seed === undefined)
    throw new UsageError("Give --size and --seed, or --ids with a file of ids.");
  const problem = seedProblem(seed);
  if (problem !== null) throw new UsageError(`The seed cannot be used: ${problem}.`);
  return { size, seed };
}

async function namedIn({ ids, size, seed }: SampleOptions): Promise<NamedIds | null> {
  if (ids === undefined) return null;
  if (size !== undefined || seed !== undefined)
    throw new UsageError("Give --size and --seed, or --ids, not both.");
  const bytes = await readFile(ids).catch((error: unknown) => {
    throw new UsageError(`The file of ids ${ids} cannot be read (${messageOf(error)}).`);
  });
  if (bytes.includes(0)) throw new UsageError(`${ids} is not UTF-8 text: save it as plain text in UTF-8.`);
  const named = readIds(bytes.toString("utf8"));
  if (named.ids.length === 0 && named.problems.length === 0)
    throw new UsageError(`${ids} holds no id: write one id a line.`);
  return named;
}

/** A file more in the package's folder would be a defect of the package. */
async function refuseInside(path: string, out: string): Promise<void> {
  const [folder, target] = [await realpath(path), await existing(resolve(out))];
  if (target === folder || target.startsWith(folder + sep))
    throw new UsageError(`${out} is inside the package: nothing may be added there. Choose another place.`);
}

/** Returns a path whose folders exist in part, with the links among them followed. */
async function existing(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== null || dirname(path) === path) return real ?? path;
  return join(await existing(dirname(path)), basename(path));
}

/** So many defects are shown; `countersign verify` shows all. */
const SHOWN_DEFECTS = 10;

function refused(path: string, verification: Verification): Answer {
  const { defects, checks, brokeOff, fingerprint } = verification;
  if (defects.length === 0) {
    const lines = [conclusionOf(verification), "No sample was drawn."];
    return { code: 2, lines, data: { ok: false, defects, checks, brokeOff, fingerprint } };
  }
  const shown = defects.slice(0, SHOWN_DEFECTS);
  const rest = defects.length - shown.length;
  return {
    code: 1,
    lines: [
      ...shown.map(({ file, problem, code }) => `${file}: ${problem} (${code})`),
      ...(rest === 0 ? [] : [`and ${rest} more: countersign verify ${path} lists all`]),
      "No sample was drawn: this package is not what was signed, or not what its log gives.",
    ],
    data: { ok: false, defects, checks, fingerprint },
  };
}

function listed(problems: readonly string[]): Answer {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return { code: 1, lines: [...problems, `${count}: no sample was drawn.`], data: { ok: false, problems } };
}

function missingIn({ missing, of }: Sample, named: NamedIds | null): readonly string[] {
  return [...missing].map(([id, other]) => {
    const line = named?.lines.get(id);
    const where = other === null ? "" : `; ${POPULATIONS[other].path} has it: give --of ${other}`;
    return `${line === undefined ? "" : `line ${line}: `}${id} is not in ${POPULATIONS[of].path}${where}`;
  });
}

function answerOf({ folder, sample: drawn, pages }: DrawnSample, named: NamedIds | null): Answer {
  const { of, population, strata, how, package: sampled, populationDigest } = drawn;
  const notes = [...sampleNotes(drawn), ...(named?.repeated ?? [])];
  const index = join(folder ?? "", INDEX_FILE);
  const { one } = POPULATIONS[of];
  return {
    code: 0,
    lines: [
      ...notes,
      `Wrote ${pages.length} of ${population} ${population === 1 ? one : of}, one page each. Begin with ${index}`,
      verifiedWords(sampled.checks),
    ],
    data: {
      ok: true,
      folder,
      index,
      of,
      population,
      populationDigest,
      ...("ids" in how ? {} : how),
      strata,
      chosen: pages.map(({ rank, digest, id, stratum, file }) => ({ rank, digest, id, stratum, file })),
      notes,
      checks: sampled.checks,
      fingerprint: sampled.fingerprint,
    },
  };
}
