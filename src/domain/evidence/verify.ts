/** Checks a package over whatever it is read from: every defect named with its file, nothing believed, nothing thrown. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

import { LOG_FILES, type Kept } from "./again.ts";
import { compareWithLog, type Maker } from "./compare.ts";
import { contentCheckOf } from "./contents.ts";
import { provenSpans, type BranchCompleteness } from "./completeness.ts";
import { CompletenessSchema, ManifestSchema, type Manifest } from "./package.ts";
import type { Span } from "../span.ts";
import {
  fingerprintOf,
  isObject,
  parsed,
  pemOf,
  readSeal,
  spelled,
  spkiOfPem,
  type Seal,
  type Subject,
} from "./seal.ts";
import { Tally, type SummaryDocument } from "./summary.ts";

/** What can be wrong with a package. */
export const DEFECTS = {
  "cell-not-as-logged": "A row differs from the one its log entries give.",
  "counts-disagree": "Counts do not agree with the tables they are of.",
  "form-wrong":
    "A file does not have its form: its columns, its canonical JSON, its hashes and links, its row's place.",
  "key-unknown": "The key is malformed, not the one the seal names, or not the one you gave.",
  "list-disagrees": "SHA256SUMS, manifest.json and the seal do not list the same.",
  "log-not-readable": "An entry of the log is none that the version which made the package records.",
  missing: "A file that the seal names is not there.",
  "not-as-sealed": "A file's digest is not the sealed one.",
  "row-left-out": "A table lacks a row that its log gives.",
  "row-not-logged": "A table has a row that its log does not give.",
  "seal-broken": "The seal is malformed, or not signed by the key in the package.",
  stranger: "Something is there that the seal does not name, or names in a way no package does.",
  "text-not-as-logged": "A document or page is not what the log gives.",
  unreadable: "A file, or the zip, cannot be read or is no sound one.",
} as const;

/** The code of a defect. */
export type DefectCode = keyof typeof DEFECTS;

/** Something that should not be so, and the file it is about (a path in the package, or the zip itself). */
export interface Defect {
  readonly file: string;
  readonly code: DefectCode;
  readonly problem: string;
}

/** Something that lies in the package. `other`: a link, a device, anything that is neither file nor folder. */
export interface Member {
  readonly path: string;
  readonly kind: "file" | "folder" | "other";
}

/** What a package is read from. */
export interface PackageReader {
  /** Everything that is there; and what is wrong with the container itself. */
  members(): Promise<{ readonly members: readonly Member[]; readonly defects: readonly Defect[] }>;
  /** The bytes of a member of kind file, in pieces; throws what the file system throws. */
  open(path: string): AsyncIterable<Uint8Array>;
  /** The same lines by code unit, each once; on disk. A line holds no line feed. */
  sorted(lines: AsyncIterable<string>): AsyncIterable<string>;
  /** Keeps lines on disk, to be read as often as wanted. */
  kept: Kept;
}

/** What a check found. `fingerprint`: of the key in the package, null when it holds none; `files`: how many sealed files were read. */
export interface Verification {
  readonly defects: readonly Defect[];
  readonly fingerprint: string | null;
  readonly files: number;
  /** `yes`: every table, document and word was made again from the log inside; else why not. */
  readonly compared:
    | "yes"
    | "the log could not be read"
    | "files are not as sealed"
    | `made by version ${string}`;
}

const SEAL = "manifest.dsse.json";
const SUMS = "SHA256SUMS";
const KEY = "public-key.pem";
const COMPLETENESS = "completeness.json";
const SAFE_PATH = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/u;

interface FileRead {
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number | null;
  readonly problems: readonly string[];
  readonly text: string | null;
}

/** Checks a package. With `publicKeyPem`, also that this key made it; without, nothing is said about who signed. Never throws. */
export async function verifyPackage(
  reader: PackageReader,
  options: { readonly maker: Maker; readonly publicKeyPem?: string },
): Promise<Verification> {
  const found = await reader.members();
  const defects: Defect[] = [...found.defects];
  const say: Say = (file, code, problem) => {
    if (!defects.some((defect) => defect.file === file && defect.problem === problem))
      defects.push({ file, code, problem });
  };
  const kinds = new Map(found.members.map((member) => [member.path, member.kind]));
  let tally = new Tally();
  const read = async (path: string): Promise<FileRead | null> => {
    const kind = kinds.get(path);
    if (kind !== "file") {
      say(path, "missing", kind === undefined ? "is missing" : "is not a file");
      return null;
    }
    try {
      return await readFile(reader, path, tally);
    } catch (error) {
      say(path, "unreadable", `cannot be read: ${messageOf(error)}`);
      return null;
    }
  };

  const sealed = await read(SEAL);
  const sealText = sealed?.text ?? null;
  if (sealed !== null && sealText === null) say(SEAL, "seal-broken", sealed.problems[0] ?? "is not text");
  const key = await read(KEY);
  const fingerprint = checkKey(key?.text ?? null, options.publicKeyPem, say);
  const seal = sealText === null ? null : checkSeal(sealText, key?.text ?? null, say);
  const sums = await read(SUMS);
  // Without a seal SHA256SUMS still tells which files differ, though anybody could have written it.
  const subjects = seal === null ? subjectsOfSums(sums?.text ?? "") : seal.subjects;

  // Read first: whether a change lies in a span that is proven complete is counted as its row passes.
  const completeness = kinds.has(COMPLETENESS) ? await read(COMPLETENESS) : null;
  const branches = branchesIn(completeness?.text ?? null);
  tally = new Tally(provenBy(branches));

  const files = new Map<string, FileRead>();
  for (const { name, sha256 } of subjects) {
    if (!SAFE_PATH.test(name)) {
      say(SEAL, "stranger", `names ${JSON.stringify(name.slice(0, 200))}, which is no path inside a package`);
      continue;
    }
    if (files.has(name)) say(SEAL, "list-disagrees", `names ${name} twice`);
    const file =
      name === SUMS
        ? sums
        : name === KEY
          ? key
          : name === COMPLETENESS && completeness !== null
            ? completeness
            : await read(name);
    if (file === null) continue;
    files.set(name, file);
    if (file.sha256 === sha256) for (const problem of file.problems) say(name, "form-wrong", problem);
    else say(name, "not-as-sealed", "was changed: its SHA-256 is not the sealed one");
  }
  if (sums !== null && seal !== null) {
    const expected = subjects
      .filter((subject) => subject.name !== SUMS)
      .map((subject) => `${subject.sha256}  ${subject.name}\n`);
    if (expected.join("") !== sums.text)
      say(SUMS, "list-disagrees", "does not list the files the seal names");
  }
  strangers(found.members, subjects, say);
  const manifest = seal === null ? null : checkManifest(seal, files, fingerprint, tally, say);
  for (const branch of branches) {
    const { updates, updates_matched, without_pull_request } = branch;
    const counted = tally.branch(branch.repository_id, branch.branch);
    if (spelled(counted) !== spelled({ updates, updates_matched, without_pull_request }))
      say(
        COMPLETENESS,
        "counts-disagree",
        `does not count the changes of ${branch.repository} ${branch.branch} as changes.csv lists them`,
      );
  }
  const isLogSound = LOG_FILES.every((path) => defects.every(({ file }) => file !== path));
  const sealedAs = { reader, files, summary: tally.summary() };
  const compared = defects.some(({ code }) => NOT_WHOLE.has(code))
    ? "files are not as sealed"
    : manifest === null || !isLogSound
      ? NOT_READ
      : await compare({ ...sealedAs, manifest }, options.maker, say);
  return { defects, fingerprint, files: files.size, compared };
}

const NOT_READ = "the log could not be read";

/** Where files are not those that were sealed, what rows the log would give tells nothing more. */
const NOT_WHOLE: ReadonlySet<DefectCode> = new Set(["missing", "not-as-sealed", "unreadable"]);

/** Makes everything again from the log, where the version that made the package is this one: another may word it otherwise. */
async function compare(
  {
    reader,
    files,
    summary,
    manifest,
  }: {
    readonly reader: PackageReader;
    readonly files: ReadonlyMap<string, FileRead>;
    readonly summary: SummaryDocument;
    readonly manifest: Manifest;
  },
  maker: Maker,
  say: Say,
): Promise<Verification["compared"]> {
  const { version } = manifest.generator;
  if (version !== maker.version) return `made by version ${version}`;
  try {
    await compareWithLog(
      {
        manifest,
        summary,
        read: (path) => decoded(reader.open(path)),
        sorted: (lines) => reader.sorted(lines),
        kept: (lines) => reader.kept(lines),
        text: (path) => files.get(path)?.text ?? null,
        paths: [...files.keys()],
      },
      maker,
      say,
    );
    return "yes";
  } catch (error) {
    // Whatever a log says that its version does not: it is not the log of a package, and what was not compared is not sound.
    say(LOG_FILES[0], "log-not-readable", `cannot be read as a log: ${messageOf(error)}`);
    return NOT_READ;
  }
}

async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Say = (file: string, code: DefectCode, problem: string) => void;

/** The branches of completeness.json; none where it is not as its schema says, which is a defect of its own. */
function branchesIn(text: string | null): readonly BranchCompleteness[] {
  const read = CompletenessSchema.safeParse(text === null ? undefined : parsed(text));
  return read.success ? read.data.branches : [];
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

async function readFile(reader: PackageReader, path: string, tally: Tally): Promise<FileRead> {
  const hash = sha256.create();
  const check = contentCheckOf(path, tally);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let bytes = 0;
  let isText = true;
  const feed = (piece?: Uint8Array): void => {
    if (!isText) return;
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
  const { rows, problems } = check.end();
  return {
    sha256: bytesToHex(hash.digest()),
    bytes,
    rows,
    problems: isText ? problems : ["is not UTF-8", ...problems],
    text: isText ? check.text() : null,
  };
}

function checkKey(pem: string | null, given: string | undefined, say: Say): string | null {
  const spki = pem === null ? null : spkiOfPem(pem);
  if (pem !== null && (spki === null || pemOf(spki) !== pem))
    say(KEY, "key-unknown", "is not a P-256 public key in its one spelling");
  const fingerprint = spki === null ? null : fingerprintOf(spki);
  if (given !== undefined) {
    const wanted = spkiOfPem(given);
    if (wanted === null)
      say(KEY, "key-unknown", "cannot be compared: the key you gave is not a P-256 public key in PEM form");
    else if (fingerprintOf(wanted) !== fingerprint)
      say(KEY, "key-unknown", `is not the key you gave, whose fingerprint is ${fingerprintOf(wanted)}`);
  }
  return fingerprint;
}

function checkSeal(text: string, pem: string | null, say: Say): Seal | null {
  const seal = readSeal(text);
  if ("problem" in seal) {
    say(SEAL, "seal-broken", seal.problem);
    return null;
  }
  const spki = pem === null ? null : spkiOfPem(pem);
  if (spki !== null && seal.keyId !== fingerprintOf(spki))
    say(KEY, "key-unknown", "is not the key the seal names");
  if (spki === null || !seal.signedBy(spki))
    say(SEAL, "seal-broken", `was not signed by the key in ${KEY}, or was changed`);
  const names = seal.subjects.map((subject) => subject.name);
  if (names.some((name, index) => index > 0 && !((names[index - 1] ?? "") < name)))
    say(SEAL, "list-disagrees", "does not name its files in order");
  return seal;
}

function subjectsOfSums(text: string): readonly Subject[] {
  return text.split("\n").flatMap((line) => {
    const [, sha256, name] = /^([0-9a-f]{64}) {2}(.+)$/u.exec(line) ?? [];
    return sha256 === undefined || name === undefined ? [] : [{ name, sha256 }];
  });
}

function strangers(members: readonly Member[], subjects: readonly Subject[], say: Say): void {
  const files = new Set([SEAL, SUMS, ...subjects.map((subject) => subject.name)]);
  const folders = new Set(
    [...files].flatMap((path) =>
      path
        .split("/")
        .slice(0, -1)
        .map((_, index, parts) => parts.slice(0, index + 1).join("/")),
    ),
  );
  for (const { path, kind } of members)
    if (kind === "folder" ? !folders.has(path) : !files.has(path))
      say(path, "stranger", "should not be here");
}

function checkManifest(
  seal: Seal,
  files: ReadonlyMap<string, FileRead>,
  fingerprint: string | null,
  tally: Tally,
  say: Say,
): Manifest | null {
  const text = files.get("manifest.json")?.text ?? null;
  if (text === null) {
    say("manifest.json", "form-wrong", "is missing or not text");
    return null;
  }
  const manifest = ManifestSchema.safeParse(parsed(text));
  if (!manifest.success) {
    say("manifest.json", "form-wrong", "is not a manifest of a version this program knows");
    return null;
  }
  const { files: listed, ...predicate } = manifest.data;
  if (spelled(predicate) !== spelled(seal.predicate))
    say("manifest.json", "list-disagrees", "does not say what the seal says");
  if (predicate.signing.key_id !== fingerprint)
    say("manifest.json", "key-unknown", `names another key than ${KEY}`);
  const names = seal.subjects
    .map((subject) => subject.name)
    .filter((name) => name !== "manifest.json" && name !== SUMS);
  if (listed.map((file) => file.path).join("\n") !== names.join("\n"))
    say("manifest.json", "list-disagrees", "does not list the files the seal names");
  for (const file of listed) compareFile(file, files, say);
  checkCounts(manifest.data, files, tally, say);
  return manifest.data;
}

function compareFile(file: Manifest["files"][number], files: ReadonlyMap<string, FileRead>, say: Say): void {
  const read = files.get(file.path);
  if (read === undefined) return;
  const agrees = read.sha256 === file.sha256 && read.bytes === file.bytes && read.rows === file.rows;
  if (!agrees) say(file.path, "list-disagrees", "is not as manifest.json describes it");
  if (file.schema !== null && !files.has(file.schema))
    say(file.path, "missing", "has no schema in the package");
}

/** What was counted when the package was made must be counted again from its rows. */
function checkCounts(manifest: Manifest, files: ReadonlyMap<string, FileRead>, tally: Tally, say: Say): void {
  const rowsOf = (path: string): number => files.get(path)?.rows ?? 0;
  const { changes, deployments, ref_updates } = manifest.populations;
  if (
    changes !== rowsOf("changes.csv") ||
    deployments !== rowsOf("deployments.csv") ||
    ref_updates !== rowsOf("ref-updates.csv")
  )
    say("manifest.json", "counts-disagree", "gives populations that the tables do not have");
  if (changes !== ref_updates)
    say("ref-updates.csv", "counts-disagree", "does not have one row for each change");
  const summary = files.get("summary.json")?.text ?? null;
  if (summary !== null && summary !== `${spelled(tally.summary()) ?? ""}\n`)
    say("summary.json", "counts-disagree", "does not give the counts of the tables");
  for (const digest of manifest.policy_digests)
    if (!files.has(`policies/${digest}.json`))
      say("policies/index.csv", "missing", `lacks the policy ${digest}, by which subjects were judged`);
  const head: unknown = parsed(files.get("log/head.json")?.text ?? "");
  const agrees =
    isObject(head) &&
    head["size"] === manifest.log.size &&
    head["hash"] === manifest.log.hash &&
    head["entries"] === rowsOf("log/entries.jsonl") &&
    head["cited"] === rowsOf("log/cited.jsonl");
  if (!agrees)
    say("log/head.json", "counts-disagree", "does not agree with manifest.json and the log entries");
}
