/** Writes a package as a folder, and as a zip of it: into a temporary name first, so that there is never half a package. */

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

import { sortedLines } from "../domain/texts/sort.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import { csvText } from "./csv.ts";
import { linesOnDisk, textOf } from "./disk.ts";
import { zipOf } from "./zip/writer.ts";

/** Describes one file as written. */
export interface Written {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Data rows of a table; null for other files. */
  readonly rows: number | null;
}

/** Describes a package being written. */
export interface PackageWriter {
  /** Writes a file from its text or bytes. */
  text(path: string, content: string | AsyncIterable<string | Uint8Array>): Promise<Written>;
  /** Reads the text of a file that was written. */
  read(path: string): AsyncIterable<string>;
  /** Writes a CSV file from its header and rows. */
  table(path: string, columns: readonly string[], rows: AsyncIterable<readonly string[]>): Promise<Written>;
  /** Sorts lines on disk; see {@link sortedLines}. */
  sorted(lines: AsyncIterable<string>): AsyncIterable<string>;
  /** Puts the package where it belongs and answers the paths of folder and zip (null if none was asked for). */
  finish(): Promise<{ readonly folder: string; readonly zip: string | null }>;
  /** Removes everything written so far. */
  abandon(): Promise<void>;
  /** Removes the package where {@link finish} put it. */
  withdraw(): Promise<void>;
}

/**
 * Begins a package at `folder` (and, with `zip`, also `folder`.zip). Neither may be there already.
 * Throws {@link ExternalError} `not-writable`, with what to do about it.
 */
export async function openPackage(
  folder: string,
  options: { readonly zip?: boolean; readonly onRow?: (file: string, rows: number) => void } = {},
): Promise<PackageWriter> {
  const target = resolve(folder);
  const zipPath = options.zip === true ? `${target}.zip` : null;
  for (const path of zipPath === null ? [target] : [target, zipPath]) await refuseExisting(path);
  const work = await begin(target);
  const content = join(work, "package");
  await mkdir(content);
  const written: Written[] = [];
  let rowsWritten = 0;

  const text = async (
    path: string,
    chunks: string | AsyncIterable<string | Uint8Array>,
  ): Promise<Written> => {
    const hash = createHash("sha256");
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    await mkdir(dirname(join(content, path)), { recursive: true });
    const source = Readable.from(typeof chunks === "string" ? [chunks] : chunks);
    await pipeline(source, measure, createWriteStream(join(content, path), { flags: "wx" }));
    const file = { path, sha256: hash.digest("hex"), bytes, rows: null };
    written.push(file);
    return file;
  };

  return {
    text,
    read: (path) => textOf(join(content, path)),
    async table(path, columns, rows) {
      rowsWritten = 0;
      const counted = (async function* () {
        for await (const row of rows) {
          rowsWritten += 1;
          options.onRow?.(path, rowsWritten);
          yield row;
        }
      })();
      const file = await text(path, csvText(columns, counted));
      return { ...file, rows: rowsWritten };
    },
    sorted: (lines) => sortedLines(lines, linesOnDisk(work)),
    async finish() {
      if (zipPath !== null) {
        const members = written.map(({ path, bytes }) => ({
          path,
          bytes,
          open: () => Promise.resolve(createReadStream(join(content, path))),
        }));
        await pipeline(zipOf(members), createWriteStream(join(work, "zip")));
      }
      await refuseExisting(target);
      await rename(content, target);
      if (zipPath !== null) await rename(join(work, "zip"), zipPath);
      await rm(work, { recursive: true, force: true });
      return { folder: target, zip: zipPath };
    },
    abandon: () => rm(work, { recursive: true, force: true }),
    async withdraw() {
      await rm(target, { recursive: true, force: true });
      if (zipPath !== null) await rm(zipPath, { force: true });
    },
  };
}

async function begin(target: string): Promise<string> {
  try {
    await mkdir(dirname(target), { recursive: true });
    return await mkdtemp(join(dirname(target), `.${basename(target)}.partial-`));
  } catch (error) {
    throw new ExternalError(
      "not-writable",
      `Cannot write to ${dirname(target)}: choose another folder, or make it writable.`,
      { cause: error },
    );
  }
}

async function refuseExisting(path: string): Promise<void> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (there)
    throw new ExternalError(
      "not-writable",
      `${path} is there already: remove it, or choose another place. Nothing is written over.`,
    );
}
