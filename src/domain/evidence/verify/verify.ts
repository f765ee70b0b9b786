/** Checks a package over whatever it is read from: what passed, what failed, and what could not be checked. */

import { LOG_FILES } from "./package-log.ts";
import { compareCopies } from "./compare-copies.ts";
import { compareWithLog, type RowMaker } from "./compare-with-log.ts";
import { bundleOf, fingerprintOf, isObject, parsed, pemOf, spelled, spkiOfPem, type Seal } from "../seal.ts";
import type { ClosingDocument } from "../closing.ts";
import type { SharedContent } from "../copies/first-page.ts";
import { openPoints } from "../completeness.ts";
import { ObservedSchema, periodIn, type Manifest } from "../package.ts";
import { readObserved } from "../start-here.ts";
import { StoreError } from "../../texts/sort.ts";
import type { Forms } from "./forms.ts";
import {
  checkIds,
  DEFECTS,
  outcomesOf,
  type CheckId,
  type CheckOutcome,
  type CodeOf,
  type Defect,
  type DefectCode,
  type Say,
} from "./checks.ts";
import {
  BUNDLE_FILE,
  COMPLETENESS_FILE,
  hashers,
  isPathInPackage,
  isSound,
  KEY_FILE,
  MANIFEST_FILE,
  messageOf,
  readPackage,
  SEAL_FILE,
  SUMS_FILE,
  type PackageRead,
  type PackageReader,
} from "./read.ts";

/**
 * Describes what was found. `fingerprint`: of the key in the package, null when it holds none; `files`: how many sealed files
 * were read; `about`: null where the manifest cannot be read.
 */
export interface Verification {
  readonly checks: readonly CheckOutcome[];
  readonly defects: readonly Defect[];
  /** Why a check broke off, which is no fault of the package: a full disk, or a bug here. Null: each ended. */
  readonly brokeOff: string | null;
  readonly fingerprint: string | null;
  readonly files: number;
  /** SHA-256 of the signature's file, by which closings name a package; null where there is none. */
  readonly seal: string | null;
  /** What the manifest has about closings; null: nothing that can be read. */
  readonly closing: ClosingDocument | null;
  readonly about: PackageFacts | null;
}

/** Describes a package in the words of its manifest. */
export interface PackageFacts {
  readonly packageId: string;
  readonly organization: string;
  readonly period: { readonly name: string; readonly from: string; readonly to: string };
  readonly generatedAt: string;
  readonly version: string;
  readonly populations: Manifest["populations"];
}

/** What a check may read beside the package. `defects`: what was found until now. */
interface Options {
  readonly maker: RowMaker;
  readonly publicKeyPem?: string;
  readonly defects: readonly Defect[];
  /** What the log gives for the report, for the check after it. */
  readonly logged: { report: SharedContent | null };
}

/** Names every defect it finds; answers why it could not be made wholly, null where it could. */
type Check<Id extends CheckId> = (
  found: PackageRead,
  say: Say<CodeOf<Id>>,
  options: Options,
) => string | null | Promise<string | null>;

const RUN: { readonly [Id in CheckId]: Check<Id> } = {
  signature: checkSeal,
  signer: checkSigner,
  files: checkFiles,
  additions: checkAdditions,
  lists: checkLists,
  form: checkForm,
  counts: checkCounts,
  log: checkLog,
  copies: checkCopies,
};

/** Checks a package. With `publicKeyPem`, also that this key made it; without, nothing is reported about who signed. Never throws. */
export async function verifyPackage(
  reader: PackageReader,
  options: Omit<Options, "defects" | "logged">,
): Promise<Verification> {
  const found = await readPackage(reader, options.maker.version);
  const defects: Defect[] = [];
  const say = (file: string, code: DefectCode, problem: string): void => {
    if (!defects.some((defect) => defect.file === file && defect.problem === problem))
      defects.push({ file, code, problem });
  };
  for (const { file, code, problem } of found.defects) say(file, code, problem);
  const notChecked = new Map<CheckId, string | null>();
  const logged = { report: null };
  let brokeOff: string | null = null;
  for (const id of checkIds())
    try {
      notChecked.set(id, await RUN[id](found, say, { ...options, defects, logged }));
    } catch (error) {
      brokeOff ??= failureOf(error);
      notChecked.set(id, `it broke off: ${failureOf(error)}`);
    }
  return {
    checks: outcomesOf(defects, (id) => notChecked.get(id) ?? null),
    defects,
    brokeOff,
    fingerprint: fingerprintIn(found),
    files: found.files.size,
    seal: found.sealDigest,
    closing: found.manifest?.closing ?? null,
    about: aboutOf(found.manifest),
  };
}

/** What a package is made of is checked before anything is made of it: whatever is thrown then is of this program or this computer. */
function failureOf(error: unknown): string {
  if (error instanceof StoreError) return `rows could not be sorted: ${error.message}`;
  const isOfSystem = error instanceof Error && "syscall" in error;
  return isOfSystem
    ? messageOf(error)
    : `this is a bug in Countersign, please report it: ${messageOf(error)}`;
}

function aboutOf(manifest: Manifest | null): PackageFacts | null {
  if (manifest === null) return null;
  const {
    package_id: packageId,
    organization,
    period,
    generated_at: generatedAt,
    generator,
    populations,
  } = manifest;
  return {
    packageId,
    organization: organization.login,
    period,
    generatedAt,
    version: generator.version,
    populations,
  };
}

/** Returns what was found, with the signer compared with a fingerprint that was got elsewhere. */
export function compareSigner(found: Verification, fingerprint: string): Verification {
  const { checks, defects } = found;
  const isOpen = checks.some((check) => check.state === "not-checked" && check.because === NO_SIGNER);
  if (!isOpen) return found;
  const isSame = found.fingerprint === fingerprint;
  const defect: Defect = { file: KEY_FILE, code: "signer-differs", problem: otherSigner(fingerprint) };
  return {
    ...found,
    defects: isSame ? defects : [...defects, defect],
    checks: checks.map(({ id, sentence, ...outcome }) =>
      id === "signer" ? { id, sentence, state: isSame ? "passed" : "failed" } : { id, sentence, ...outcome },
    ),
  };
}

const NO_SIGNER = "nothing was given to compare it with";

function otherSigner(fingerprint: string): string {
  return `is not the key you gave, whose fingerprint is ${fingerprint}`;
}

/** Answers for what holds no package that could be opened. */
export function unopened(file: string, problem: string): Verification {
  const defects: readonly Defect[] = [{ file, code: "unreadable", problem }];
  return {
    checks: outcomesOf(defects, () => "the package cannot be read"),
    defects,
    brokeOff: null,
    fingerprint: null,
    files: 0,
    seal: null,
    closing: null,
    about: null,
  };
}

const NO_SEAL = `${SEAL_FILE} cannot be read`;
const NO_MANIFEST = `${MANIFEST_FILE} cannot be read`;

function checkSeal(found: PackageRead, say: Say<CodeOf<"signature">>): string | null {
  const { seal, keyText, manifest } = found;
  const spki = keyText === null ? null : spkiOfPem(keyText);
  const fingerprint = spki === null ? null : fingerprintOf(spki);
  if (keyText !== null && (spki === null || pemOf(spki) !== keyText))
    say(KEY_FILE, "key-unknown", "is not a P-256 public key in its one spelling");
  if (seal === null) return NO_SEAL;
  if ("problem" in seal) {
    say(SEAL_FILE, "seal-broken", seal.problem);
    return null;
  }
  if (fingerprint !== null && seal.keyId !== fingerprint)
    say(KEY_FILE, "key-unknown", "is not the key the seal names");
  if (spki === null || !seal.signedBy(spki))
    say(SEAL_FILE, "seal-broken", `was not signed by the key in ${KEY_FILE}, or was changed`);
  else checkBundle(found, seal, say);
  if (manifest !== null && manifest.signing.key_id !== fingerprint)
    say(MANIFEST_FILE, "key-unknown", `names another key than ${KEY_FILE}`);
  return null;
}

/** INVARIANT: nothing signs the bundle itself, so that a single byte of it beside the seal's own would be anyone's. */
function checkBundle(
  { sealText, bundle }: PackageRead,
  { keyId }: Seal,
  say: Say<CodeOf<"signature">>,
): void {
  // What is missing or cannot be read was named when it was.
  if (bundle !== null && bundle.text !== bundleOf(sealText ?? "", keyId))
    say(BUNDLE_FILE, "bundle-differs", `is not ${SEAL_FILE} as a Sigstore bundle`);
}

function checkSigner(
  found: PackageRead,
  say: Say<CodeOf<"signer">>,
  { publicKeyPem }: Options,
): string | null {
  if (publicKeyPem === undefined) return NO_SIGNER;
  const wanted = spkiOfPem(publicKeyPem);
  if (wanted === null)
    say(
      KEY_FILE,
      "signer-differs",
      "cannot be compared: the key you gave is not a P-256 public key in PEM form",
    );
  else if (fingerprintOf(wanted) !== fingerprintIn(found))
    say(KEY_FILE, "signer-differs", otherSigner(fingerprintOf(wanted)));
  return null;
}

function fingerprintIn({ keyText }: PackageRead): string | null {
  const spki = keyText === null ? null : spkiOfPem(keyText);
  return spki === null ? null : fingerprintOf(spki);
}

/** What could not be read was named when it was. */
function checkFiles(
  { seal, subjects, files, manifest }: PackageRead,
  say: Say<CodeOf<"files">>,
): string | null {
  for (const { name, sha256 } of subjects) {
    const file = files.get(name);
    if (file !== undefined && file.sha256 !== sha256)
      say(name, "not-as-sealed", "was changed: its SHA-256 is not the sealed one");
  }
  if (!isSound(seal)) return NO_SEAL;
  if (manifest === null) return null;
  for (const { path, schema } of manifest.files)
    if (files.has(path) && schema !== null && !files.has(schema))
      say(path, "missing", "has no schema in the package");
  for (const digest of manifest.policy_digests)
    if (!files.has(`policies/${digest}.json`))
      say("policies/index.csv", "missing", `lacks the policy ${digest}, by which subjects were judged`);
  return null;
}

function checkAdditions(
  { seal, members, subjects, unseen }: PackageRead,
  say: Say<CodeOf<"additions">>,
): string | null {
  for (const { name } of subjects)
    if (!isPathInPackage(name))
      say(
        SEAL_FILE,
        "stranger",
        `names ${JSON.stringify(name.slice(0, 200))}, which is no path inside a package`,
      );
  const files = new Set([SEAL_FILE, BUNDLE_FILE, SUMS_FILE, ...subjects.map((subject) => subject.name)]);
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
  if (!isSound(seal)) return NO_SEAL;
  return unseen === null ? null : `no other file was found, but ${unseen}`;
}

function checkLists(
  { seal, sums, subjects, files, manifest }: PackageRead,
  say: Say<CodeOf<"lists">>,
): string | null {
  const names = subjects.map(({ name }) => name);
  const once = new Set<string>();
  for (const name of names) {
    if (once.has(name)) say(SEAL_FILE, "list-disagrees", `names ${name} twice`);
    once.add(name);
  }
  if (!isSound(seal)) return NO_SEAL;
  if (names.some((name, index) => index > 0 && !((names[index - 1] ?? "") < name)))
    say(SEAL_FILE, "list-disagrees", "does not name its files in order");
  const sealed = subjects
    .filter(({ name }) => name !== SUMS_FILE)
    .map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  if (sums !== null && sealed.join("") !== sums.text)
    say(SUMS_FILE, "list-disagrees", "does not list the files the seal names");
  if (manifest === null) return NO_MANIFEST;
  const { files: listed, ...predicate } = manifest;
  if (spelled(predicate) !== spelled(seal.predicate))
    say(MANIFEST_FILE, "list-disagrees", "does not say what the seal says");
  const others = names.filter((name) => name !== MANIFEST_FILE && name !== SUMS_FILE);
  if (listed.map(({ path }) => path).join("\n") !== others.join("\n"))
    say(MANIFEST_FILE, "list-disagrees", "does not list the files the seal names");
  for (const { path, sha256, bytes, rows } of listed) {
    const file = files.get(path);
    if (file === undefined) continue;
    if (file.sha256 !== sha256 || file.bytes !== bytes || file.rows !== rows)
      say(path, "list-disagrees", "is not as manifest.json describes it");
  }
  return null;
}

/** The form of a file that is not the sealed one proves nothing more. */
function checkForm(
  { seal, subjects, files, manifest, forms }: PackageRead,
  say: Say<CodeOf<"form">>,
): string | null {
  for (const { name, sha256 } of subjects) {
    const file = files.get(name);
    if (file?.sha256 !== sha256) continue;
    for (const problem of file.problems) say(name, "form-wrong", problem);
  }
  if (!isSound(seal)) return NO_SEAL;
  if ((files.get(MANIFEST_FILE)?.text ?? null) === null)
    say(MANIFEST_FILE, "form-wrong", "is missing or not text");
  else if (manifest === null)
    say(MANIFEST_FILE, "form-wrong", "is not a manifest of a version this program knows");
  if (!isAsSealed({ subjects, files })) return NOT_AS_SEALED;
  if (manifest === null || forms.foreign.size === 0) return null;
  return `${madeBy(manifest)}: ${[...forms.foreign].join(", ")} can only be held to the schema in the package`;
}

function madeBy({ generator }: Manifest): string {
  return `the package was made by version ${generator.version}`;
}

function isAsSealed({ subjects, files }: Pick<PackageRead, "subjects" | "files">): boolean {
  return subjects.every(({ name, sha256 }) => files.get(name)?.sha256 === sha256);
}

/** What was counted when the package was made must be counted again from its rows. */
function checkCounts(found: PackageRead, say: Say<CodeOf<"counts">>): string | null {
  const { seal, subjects, files, manifest, tally, forms } = found;
  const areCounted = (paths: readonly string[]): boolean =>
    paths.every((path) => files.get(path)?.isCounted !== false);
  if (areCounted(["changes.csv"]))
    for (const problem of completenessProblems(found)) say(COMPLETENESS_FILE, "counts-disagree", problem);
  if (!isSound(seal)) return NO_SEAL;
  if (manifest === null) return NO_MANIFEST;
  const rowsOf = (path: string): number => files.get(path)?.rows ?? 0;
  const { changes, deployments, ref_updates } = manifest.populations;
  if (
    changes !== rowsOf("changes.csv") ||
    deployments !== rowsOf("deployments.csv") ||
    ref_updates !== rowsOf("ref-updates.csv")
  )
    say(MANIFEST_FILE, "counts-disagree", "gives populations that the tables do not have");
  if (changes !== ref_updates)
    say("ref-updates.csv", "counts-disagree", "does not have one row for each change");
  const textOf = (path: string): string | null => files.get(path)?.text ?? null;
  const summary = textOf("summary.json");
  const isOwn = areCounted([...files.keys()]) && hasOwnForm("summary.json", summary, forms);
  if (summary !== null && isOwn && summary !== `${spelled(tally.summary()) ?? ""}\n`)
    say("summary.json", "counts-disagree", "does not give the counts of the tables");
  for (const path of isOwn ? tally.rollUp.disagreeing() : [])
    say(path, "counts-disagree", "does not give the counts of the other tables, period by period");
  const head: unknown = parsed(textOf("log/head.json") ?? "");
  const agrees =
    isObject(head) &&
    head["size"] === manifest.log.size &&
    head["hash"] === manifest.log.hash &&
    head["entries"] === rowsOf("log/entries.jsonl") &&
    head["cited"] === rowsOf("log/cited.jsonl");
  if (!agrees)
    say("log/head.json", "counts-disagree", "does not agree with manifest.json and the log entries");
  if (!isAsSealed({ subjects, files })) return NOT_AS_SEALED;
  const isWhole =
    isOwn && [COMPLETENESS_FILE, "observed.json"].every((path) => hasOwnForm(path, textOf(path), forms));
  return isWhole ? null : `${madeBy(manifest)}, whose tables, summary or completeness have another form`;
}

/** How completeness.json does not agree with the changes of changes.csv, or claims more than it and observed.json show. */
function completenessProblems({ completeness, files, manifest, tally }: PackageRead): readonly string[] {
  if (completeness === null) return [];
  const { branches, complete } = completeness;
  const named = new Set(branches.map((each) => `${each.repository_id} ${each.branch}`));
  const observed = ObservedSchema.safeParse(parsed(files.get("observed.json")?.text ?? "")).data;
  const open =
    manifest === null || observed === undefined
      ? []
      : openPoints(completeness, {
          period: periodIn(manifest),
          generatedAt: Date.parse(manifest.generated_at),
          observedTime: readObserved(observed, []),
        });
  return [
    ...branches
      .filter(({ repository_id, branch, updates, updates_matched, without_pull_request }) => {
        const counts = { updates, updates_matched, without_pull_request };
        return spelled(tally.branch(repository_id, branch)) !== spelled(counts);
      })
      .map(
        ({ repository, branch }) =>
          `does not count the changes of ${repository} ${branch} as changes.csv lists them`,
      ),
    ...tally
      .branches()
      .filter(([repository, branch]) => !named.has(`${repository} ${branch}`))
      .map(
        ([repository, branch]) =>
          `does not name ${branch} of repository ${repository}, on which changes.csv has changes`,
      ),
    ...(complete ? open.map((point) => `calls the period complete, though: ${point}`) : []),
  ];
}

/** Returns whether this version would give a document this form, whatever schema lies beside it. */
function hasOwnForm(path: string, text: string | null, { documents, foreign }: Forms): boolean {
  return !foreign.has(path) || documents.get(path)?.safeParse(parsed(text ?? "")).success === true;
}

const NOT_AS_SEALED = "files are missing or were changed";

/** Where files are not those that were sealed, what rows the log would give proves nothing more. */
const NOT_WHOLE: ReadonlySet<DefectCode> = new Set(["missing", "not-as-sealed", "unreadable"]);

/** Makes everything again from the log, where the version that made the package is this one: another may word it otherwise. */
async function checkLog(
  { reader, files, manifest, seal, tally }: PackageRead,
  say: Say<CodeOf<"log">>,
  { maker, defects, logged }: Options,
): Promise<string | null> {
  if (defects.some(({ code }) => NOT_WHOLE.has(code))) return NOT_AS_SEALED;
  if (!isSound(seal) || manifest === null) return isSound(seal) ? NO_MANIFEST : NO_SEAL;
  if (defects.some(({ file }) => LOG_FILES.some((path) => path === file))) return "the log cannot be read";
  const { version } = manifest.generator;
  if (version !== maker.version)
    return `${madeBy(manifest)}, and this is version ${maker.version}: verify it with that version`;
  // Whatever a log contains that its version does not: it is not the log of a package, and what was not compared is not sound.
  const unreadable = LOG_FILES.map((path) => files.get(path)?.unreadable ?? null).find(
    (each) => each !== null,
  );
  if (unreadable !== undefined) {
    say(LOG_FILES[0], "log-not-readable", `cannot be read as a log: ${unreadable}`);
    return null;
  }
  const sealed = {
    manifest,
    summary: tally.summary(),
    ...tally.shown(),
    read: (path: string) => decoded(reader.open(path)),
    bytes: (path: string, from: number, to: number) => reader.bytes(path, from, to),
    store: reader.store,
    turn: reader.turn ?? (() => Promise.resolve()),
    hasher: hashers(reader),
    digestOf: (path: string) => files.get(path)?.sha256 ?? null,
    text: (path: string) => files.get(path)?.text ?? null,
    paths: [...files.keys()],
  };
  logged.report = await compareWithLog(sealed, maker, say);
  return null;
}

/** Makes the copies again from what lies beside them, where the same libraries would give the same bytes. */
async function checkCopies(
  { reader, files, manifest, seal }: PackageRead,
  say: Say<CodeOf<"copies">>,
  { maker: { copies, version }, defects, logged: { report } }: Options,
): Promise<string | null> {
  if (copies === undefined) return "only countersign verify makes them again";
  if (defects.some(({ code }) => NOT_WHOLE.has(code))) return NOT_AS_SEALED;
  if (!isSound(seal) || manifest === null) return isSound(seal) ? NO_MANIFEST : NO_SEAL;
  if (defects.some(({ code }) => OF_CONTENT.includes(DEFECTS[code].check)))
    return "what they are copies of has defects itself";
  if (manifest.generator.version !== version) return `${madeBy(manifest)}, and this is version ${version}`;
  if (report === null) return "the log was not compared";
  const read = (path: string): AsyncIterable<string> => decoded(reader.open(path));
  const digestOf = (path: string): string | null => files.get(path)?.sha256 ?? null;
  const open = (path: string): AsyncIterable<Uint8Array> => reader.open(path);
  return compareCopies({ manifest, report, read, open, digestOf }, copies, say);
}

/** Checks of the files that the copies are made of. */
const OF_CONTENT: readonly CheckId[] = ["form", "counts", "log"];

async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
  yield decoder.decode();
}
