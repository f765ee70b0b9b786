/** Reads a package whole, each file once, before anything of it is judged: nothing believed, nothing thrown. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import type { Span } from "../../time/span.ts";
import type { LineStore } from "../../texts/sort.ts";
import { provenSpans, type BranchCompleteness, type CompletenessDocument } from "../completeness.ts";
import { contentCheckOf, type ContentFound, type ContentCheck, type Hasher } from "./file-checks.ts";
import { packagedForms, OWN_FORMS, schemaPath, type Forms } from "./forms.ts";
import { CompletenessSchema, ManifestSchema, periodIn, type Manifest } from "../package.ts";
import { parsed, readSeal, type Seal, type SealedFile } from "../seal.ts";
import { Tally } from "../summary.ts";
import type { CodeOf, Defect } from "./checks.ts";

/** Holds the seal. */
export const SEAL_FILE = "manifest.dsse.json";
/** Holds the same seal as a Sigstore bundle. */
export const BUNDLE_FILE = "manifest.sigstore.json";
/** Holds the digests as sha256sum reads them. */
export const SUMS_FILE = "SHA256SUMS";
/** Holds the public key of the seal. */
export const KEY_FILE = "public-key.pem";
/** Holds the list of files with their sizes. */
export const MANIFEST_FILE = "manifest.json";
/** Holds the proof that nothing is missing. */
export const COMPLETENESS_FILE = "completeness.json";

/** Describes something that lies in the package. `other`: a link, a device, anything that is neither file nor folder. */
export interface Member {
  readonly path: string;
  readonly kind: "file" | "folder" | "other";
}

/** Describes what a package is read from. */
export interface PackageReader {
  /** Everything that is there; and what is wrong with the container itself. */
  members(): Promise<{
    readonly members: readonly Member[];
    readonly defects: readonly Defect<"stranger" | "unreadable">[];
    /** What may be there without being seen, where a reader cannot see everything. */
    readonly unseen?: string;
  }>;
  /** The bytes of a member of kind file, in pieces; throws what the file system throws. */
  open(path: string): AsyncIterable<Uint8Array>;
  /** Some of them; throws likewise. */
  bytes(path: string, from: number, to: number): Promise<Uint8Array>;
  /** Where lines are kept that memory should not hold. */
  readonly store: LineStore;
  /** Lets whatever else can go on do so for a while. Absent: the same is found, and takes longer. */
  readonly turn?: () => Promise<unknown>;
  /** Begins a SHA-256 as the machine computes it; absent: in JavaScript. */
  readonly sha256?: () => Hasher;
}

/** Describes the part of a reader that knows where the package lies. */
export type Files = Pick<PackageReader, "members" | "open" | "bytes">;

/** Holds more names than any package has: a folder or zip beyond it is refused instead of read. */
export const MOST_MEMBERS = 20_000;

/** A file as read. `text`: of documents, which are kept whole. */
interface FileRead extends ContentFound {
  readonly sha256: string;
  readonly bytes: number;
  readonly text: string | null;
}

/** Describes a package as read. */
export interface PackageRead {
  readonly reader: PackageReader;
  readonly members: readonly Member[];
  /** What may be there without being seen; null: nothing. */
  readonly unseen: string | null;
  /** Of the container, and of the files that could not be read. */
  readonly defects: readonly Defect<"stranger" | CodeOf<"files">>[];
  /** Null where there is none to read. */
  readonly seal: Seal | { readonly problem: string } | null;
  /** SHA-256 of the seal's file. */
  readonly sealDigest: string | null;
  /** The texts of the seal and of its bundle; null where there is none to read. */
  readonly sealText: string | null;
  readonly bundle: FileRead | null;
  readonly keyText: string | null;
  readonly sums: FileRead | null;
  /** The files that should be there, of the seal or, without one, of SHA256SUMS, though anyone could have written that. */
  readonly subjects: readonly SealedFile[];
  /** Those of them that could be read. */
  readonly files: ReadonlyMap<string, FileRead>;
  /** Null where it does not follow its schema. */
  readonly manifest: Manifest | null;
  /** Null where it does not follow this version's schema. */
  readonly completeness: CompletenessDocument | null;
  /** What the rows of the tables count to. */
  readonly tally: Tally;
  /** What the files were held to. */
  readonly forms: Forms;
}

/** Reads everything that the checks need, as a program of a version. */
export async function readPackage(reader: PackageReader, version: string): Promise<PackageRead> {
  const { members, defects: container, unseen = null } = await reader.members();
  const shelf = new Shelf(reader, members);
  const sealed = await shelf.read(SEAL_FILE);
  const bundle = await shelf.read(BUNDLE_FILE);
  const keyText = (await shelf.read(KEY_FILE))?.text ?? null;
  const sums = await shelf.read(SUMS_FILE);
  const seal = sealed === null ? null : sealIn(sealed);
  const subjects = isSound(seal) ? seal.subjects : subjectsOfSums(sums?.text ?? "");
  const names = subjects.map(({ name }) => name).filter((name) => isPathInPackage(name));
  const manifest = names.includes(MANIFEST_FILE) ? manifestIn(await shelf.read(MANIFEST_FILE)) : null;
  if (manifest !== null && manifest.generator.version !== version) shelf.forms = await formsIn(shelf, names);
  // Read first: whether a change lies in a span that is proven complete is counted as its row passes.
  const completeness = completenessIn(
    shelf.has(COMPLETENESS_FILE) ? await shelf.read(COMPLETENESS_FILE) : null,
  );
  const proven = provenBy(completeness?.branches ?? []);
  shelf.tally = new Tally(manifest === null ? null : periodIn(manifest), proven);
  const files = new Map<string, FileRead>();
  for (const name of names) {
    const file = await shelf.read(name);
    if (file !== null) files.set(name, file);
  }
  return {
    reader,
    members,
    unseen,
    defects: [...container, ...shelf.defects],
    seal,
    sealDigest: sealed?.sha256 ?? null,
    sealText: sealed?.text ?? null,
    bundle,
    keyText,
    sums,
    subjects,
    files,
    manifest,
    completeness,
    tally: shelf.tally,
    forms: shelf.forms,
  };
}

/** Returns whether a seal could be read. */
export function isSound(seal: PackageRead["seal"]): seal is Seal {
  return seal !== null && !("problem" in seal);
}

/** Returns whether a name is a path inside a package. */
export function isPathInPackage(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/u.test(name);
}

/** Returns the message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The files of a package, each read once. */
class Shelf {
  readonly #reader: PackageReader;
  readonly #kinds: ReadonlyMap<string, Member["kind"]>;
  readonly #read = new Map<string, FileRead | null>();
  readonly defects: Defect<"missing" | "unreadable">[] = [];
  /** Counts the rows of every table that is read from now on. */
  tally = new Tally();
  /** What every file that is read from now on is held to. */
  forms = OWN_FORMS;

  constructor(reader: PackageReader, members: readonly Member[]) {
    this.#reader = reader;
    this.#kinds = new Map(members.map(({ path, kind }) => [path, kind]));
  }

  has(path: string): boolean {
    return this.#kinds.has(path);
  }

  async read(path: string): Promise<FileRead | null> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const file = await this.#fresh(path);
    this.#read.set(path, file);
    return file;
  }

  async #fresh(path: string): Promise<FileRead | null> {
    const kind = this.#kinds.get(path);
    if (kind !== "file") {
      const problem = kind === undefined ? "is missing" : "is not a file";
      this.defects.push({ file: path, code: "missing", problem });
      return null;
    }
    try {
      return await readFile(
        this.#reader,
        path,
        contentCheckOf(path, this.forms, this.tally, hashers(this.#reader)),
      );
    } catch (error) {
      this.defects.push({ file: path, code: "unreadable", problem: `cannot be read: ${messageOf(error)}` });
      return null;
    }
  }
}

async function readFile(reader: PackageReader, path: string, check: ContentCheck): Promise<FileRead> {
  const hash = hashers(reader)();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let bytes = 0;
  let isText = true;
  const feed = (piece?: Uint8Array): void => {
    if (!isText || !check.isText) return;
    try {
      check.push(piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true }));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      isText = false;
    }
  };
  for await (const piece of reader.open(path)) {
    hash.update(piece);
    bytes += piece.length;
    feed(piece);
  }
  feed();
  const content = check.end();
  return {
    sha256: hash.digest(),
    bytes,
    ...content,
    problems: isText ? content.problems : ["is not UTF-8", ...content.problems],
    text: isText ? check.text() : null,
  };
}

/** Returns what begins a SHA-256. */
export function hashers({ sha256: own = inJavaScript }: PackageReader): () => Hasher {
  return own;
}

function inJavaScript(): Hasher {
  const hash = sha256.create();
  return {
    update: (piece) => void hash.update(typeof piece === "string" ? utf8ToBytes(piece) : piece),
    digest: () => bytesToHex(hash.digest()),
  };
}

function sealIn({ text, problems }: FileRead): Seal | { readonly problem: string } {
  return text === null ? { problem: problems[0] ?? "is not text" } : readSeal(text);
}

function subjectsOfSums(text: string): readonly SealedFile[] {
  return text.split("\n").flatMap((line) => {
    const [, digest, name] = /^([0-9a-f]{64}) {2}(.+)$/u.exec(line) ?? [];
    return digest === undefined || name === undefined ? [] : [{ name, sha256: digest }];
  });
}

function manifestIn(file: FileRead | null): Manifest | null {
  return ManifestSchema.safeParse(parsed(file?.text ?? "")).data ?? null;
}

/** What the files are held to by the schemas beside them. */
async function formsIn(shelf: Shelf, names: readonly string[]): Promise<Forms> {
  const schemas = new Map<string, string | null>();
  for (const path of names.map(schemaPath).filter((each) => names.includes(each)))
    schemas.set(path, (await shelf.read(path))?.text ?? null);
  return packagedForms(names, (path) => schemas.get(path) ?? null);
}

/** What completeness.json holds; null where it does not follow its schema, which is a defect of its own. */
function completenessIn(file: FileRead | null): CompletenessDocument | null {
  return CompletenessSchema.safeParse(parsed(file?.text ?? "")).data ?? null;
}

function provenBy(
  branches: readonly BranchCompleteness[],
): (repository: string, branch: string, at: string) => boolean {
  const spans = new Map<string, readonly Span[]>(
    branches.map((each) => [`${each.repository_id} ${each.branch}`, provenSpans(each)] as const),
  );
  return (repository, branch, at) => {
    const moment = Date.parse(at);
    return (spans.get(`${repository} ${branch}`) ?? []).some(({ from, to }) => moment >= from && moment < to);
  };
}
