/** The packages that were handed over, in the folder that the settings name: read for the pages, and each download recorded. */

import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import type { HeldPackage, Packages } from "../dashboard/page/packages.ts";
import { ManifestSchema, type Manifest } from "../domain/evidence/package.ts";
import { drawBySeed, POPULATIONS } from "../domain/evidence/sample/choice.ts";
import { rowsIn } from "../domain/evidence/sample/rows.ts";
import { bundleOf, parsed, readSeal } from "../domain/evidence/seal.ts";
import { CsvRows } from "../domain/evidence/tables/read-csv.ts";
import { BUNDLE_FILE, MANIFEST_FILE, SEAL_FILE, type Files } from "../domain/evidence/verify/read.ts";
import { isWhole } from "../domain/evidence/verify/report.ts";
import { sortedLines } from "../domain/texts/sort.ts";
import { sha256 } from "../domain/values/digest.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { linesOnDisk } from "../package/disk.ts";
import { openFiles } from "../package/read-package.ts";
import { drawSample } from "../package/sample/draw.ts";
import { verifyPath } from "../package/verify.ts";
import { zipOf } from "../package/zip/writer.ts";

/** So many files and folders are looked at. */
const MOST_PLACES = 1_000;

/** A seal or manifest longer than this (bytes) is none. */
const LONGEST_DOCUMENT = 16_000_000;

/** Returns the packages in a folder; null: the settings name none. */
export function packagesIn(folder: string | null, ledger: Pick<Ledger, "record">): Packages {
  const shelf = folder === null ? null : new Shelf(folder);
  return {
    folder,
    find: async (seal) => (shelf === null ? null : shelf.find(seal)),
    async noteDownload({ organizationId, period, seal, sample }, by, at) {
      const subject = `${organizationId}:${seal}:${randomUUID()}`;
      const body = { period, seal, by, at, ...(sample && { sample }) };
      const entry = { kind: "package-download", subject, repositoryId: 0, organizationId, at, body } as const;
      await ledger.record({ entries: [entry] }, at);
    },
  };
}

/** Folders and zips, each with the seal it had when it was last changed. */
class Shelf {
  readonly #folder: string;
  readonly #seals = new Map<string, { readonly changedAt: number; readonly seal: string | null }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async find(seal: string): Promise<HeldPackage | null> {
    const names = (await readdir(this.#folder).catch((): string[] => [])).toSorted().slice(0, MOST_PLACES);
    for (const name of names) {
      const path = join(this.#folder, name);
      if ((await this.#sealOf(path)) !== seal) continue;
      const held = await heldAt(path, seal);
      if (held !== null) return held;
    }
    return null;
  }

  async #sealOf(path: string): Promise<string | null> {
    const there = await stat(path).catch(() => null);
    if (there === null || !(there.isDirectory() || path.endsWith(".zip"))) return null;
    const known = this.#seals.get(path);
    if (known?.changedAt === there.mtimeMs) return known.seal;
    const seal = await withFiles(path, (files) => digestOf(files, SEAL_FILE));
    this.#seals.set(path, { changedAt: there.mtimeMs, seal });
    return seal;
  }
}

/** The package at a path, if its manifest is the sealed one. */
async function heldAt(path: string, seal: string): Promise<HeldPackage | null> {
  const read = await withFiles(path, async (files) => {
    const [sealed, manifest] = [await textOf(files, SEAL_FILE), await textOf(files, MANIFEST_FILE)];
    const found = readSeal(sealed);
    if (sha256(sealed) !== seal || "problem" in found) return null;
    const bundle = sha256(bundleOf(sealed, found.keyId));
    const digests = new Map([
      ...found.subjects.map(({ name, sha256: digest }) => [name, digest] as const),
      [SEAL_FILE, seal],
      [BUNDLE_FILE, bundle],
    ]);
    const parts = ManifestSchema.safeParse(parsed(manifest));
    return parts.success && digests.get(MANIFEST_FILE) === sha256(manifest)
      ? { manifest: parts.data, digests }
      : null;
  });
  if (read === null) return null;
  const { manifest, digests } = read;
  const ifSealed = <Found>(file: string, work: (files: Files) => Promise<Found>): Promise<Found | null> =>
    withFiles(path, async (files) =>
      (await digestOf(files, file)) === digests.get(file) ? work(files) : null,
    );
  return {
    manifest,
    firstRows: (file, most) => ifSealed(file, (files) => firstRows(files, file, most)),
    draw: (of, how) => ifSealed(POPULATIONS[of].path, (files) => drawn(files, manifest, of, how)),
    samplePages: (of, how) => samplePages(path, of, how),
    zip: () => zipAt(path, digests),
  };
}

async function drawn(
  files: Files,
  manifest: Manifest,
  of: Parameters<HeldPackage["draw"]>[0],
  how: Parameters<HeldPackage["draw"]>[1],
): ReturnType<HeldPackage["draw"]> {
  const { path } = POPULATIONS[of];
  const digest = manifest.files.find((file) => file.path === path)?.sha256 ?? "";
  const work = await mkdtemp(join(tmpdir(), "countersign-sample-"));
  try {
    return await drawBySeed(
      of,
      () => rowsIn({ text: (file) => piecesOf(files, file) }, path),
      { ...how, digest },
      (lines) => sortedLines(lines, linesOnDisk(work)),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The folder that `countersign sample` writes, as a zip: every check of the package is made first, as there. */
async function* samplePages(
  path: string,
  of: Parameters<HeldPackage["samplePages"]>[0],
  how: Parameters<HeldPackage["samplePages"]>[1],
): AsyncIterable<Uint8Array> {
  const work = await mkdtemp(join(tmpdir(), "countersign-sample-"));
  try {
    const verification = await verifyPath(path);
    if (!isWhole(verification)) throw notAsSealed(verification.defects[0]?.file ?? "the package");
    const out = join(work, "sample");
    await drawSample(path, { of, how, out, verification });
    const members = [];
    for (const name of await readdir(out)) {
      const { size } = await stat(join(out, name));
      const open = (): Promise<Readable> => Promise.resolve(createReadStream(join(out, name)));
      members.push({ path: name, bytes: size, open });
    }
    yield* zipOf(members) as AsyncIterable<Uint8Array>;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function firstRows(files: Files, file: string, most: number): Promise<readonly (readonly string[])[]> {
  const csv = new CsvRows();
  const rows: (readonly string[])[] = [];
  for await (const piece of piecesOf(files, file))
    for (const row of csv.push(piece)) {
      rows.push(row);
      if (rows.length > most) return rows;
    }
  return rows;
}

/**
 * A zip is sent as it lies there, once all in it was read; a folder as the zip that `--zip` would have made of it, each file read once.
 * What is not as it was sealed ends it.
 */
async function* zipAt(path: string, digests: ReadonlyMap<string, string>): AsyncIterable<Uint8Array> {
  const opened = await openFiles(path);
  if ("problem" in opened) throw new Error(`the package ${opened.problem}`);
  const { files, close } = opened;
  try {
    const names = await sealedNames(files, digests);
    const asSealed = (name: string): AsyncIterable<Uint8Array> =>
      onlyWith(files.open(name), name, digests.get(name));
    if ((await stat(path)).isDirectory()) {
      const open = (name: string) => (): Promise<Readable> => Promise.resolve(Readable.from(asSealed(name)));
      const members = [];
      for (const name of names)
        members.push({ path: name, bytes: (await stat(join(path, name))).size, open: open(name) });
      yield* zipOf(members) as AsyncIterable<Uint8Array>;
      return;
    }
    for (const name of names) for await (const _ of asSealed(name));
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } finally {
    await close();
  }
}

/** Returns the files of a package; throws where one is missing, or lies there and was not sealed. */
async function sealedNames(files: Files, digests: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const { members, defects } = await files.members();
  const found = members.filter(({ kind }) => kind !== "folder").map(({ path }) => path);
  const stranger = members.find(({ path, kind }) => kind !== "folder" && !digests.has(path));
  const missing = [...digests.keys()].find((name) => name !== BUNDLE_FILE && !found.includes(name));
  const wrong = stranger?.path ?? missing ?? defects[0]?.file;
  if (wrong !== undefined) throw notAsSealed(wrong);
  return found;
}

async function* onlyWith(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  digest: string | undefined,
): AsyncIterable<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest("hex") !== digest) throw notAsSealed(name);
}

function notAsSealed(file: string): Error {
  return new Error(`${file} is not as it was sealed: the package was changed where it lies, and is not sent`);
}

async function withFiles<Found>(
  path: string,
  work: (files: Files) => Promise<Found | null>,
): Promise<Found | null> {
  const opened = await openFiles(path);
  if ("problem" in opened) return null;
  try {
    // A zip knows its files only after its list was read.
    await opened.files.members();
    return await work(opened.files);
  } catch {
    // Whatever cannot be read is no package that was handed over.
    return null;
  } finally {
    await opened.close();
  }
}

async function textOf(files: Files, file: string): Promise<string> {
  let text = "";
  for await (const piece of piecesOf(files, file)) {
    text += piece;
    if (text.length > LONGEST_DOCUMENT) throw new Error(`${file} is too long`);
  }
  return text;
}

async function* piecesOf(files: Files, file: string): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const piece of files.open(file)) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

async function digestOf(files: Files, file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of files.open(file)) hash.update(piece);
  return hash.digest("hex");
}
