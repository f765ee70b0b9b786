/** What can be done to a package: the copies that every verifier is tried on. */

import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { p256 } from "@noble/curves/nist.js";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";

import { bundleOf, fingerprintOf, pemOf, sealOf, signingKeyOf } from "../../src/domain/evidence/seal.ts";
import type { DefectCode } from "../../src/domain/evidence/verify/checks.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import { VERSION } from "../../src/package/version.ts";
import { KEY } from "./fixture.ts";

/** Holds the texts of a package by their paths, to be edited. */
export type Texts = Map<string, string>;

/** Holds a key that is not the signer's. */
export const OTHER_KEY = signingKeyOf(new Uint8Array(32).with(31, 9));

/** Returns the names of the files in a folder, whole paths below it, sorted. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** Files that hold no text. */
const BYTES = /\.(?:xlsx|pdf)$/u;

/** Edits the texts of a package and signs it again, with whatever its other files hold. */
export async function reseal(place: string, edit: (texts: Texts) => void, secret = KEY): Promise<void> {
  const texts: Texts = new Map();
  const bytes = new Map<string, Buffer>();
  for (const name of await namesIn(place)) {
    const content = await readFile(join(place, name));
    if (BYTES.test(name)) bytes.set(name, content);
    else texts.set(name, content.toString());
  }
  edit(texts);
  const contentOf = (name: string): Buffer => bytes.get(name) ?? Buffer.from(texts.get(name) ?? "");
  const manifest = JSON.parse(texts.get("manifest.json") ?? "") as {
    files: { path: string; sha256: string; bytes: number; rows: number | null }[];
  };
  for (const file of manifest.files) {
    const content = contentOf(file.path);
    file.sha256 = sha256(content);
    file.bytes = content.length;
  }
  texts.set("manifest.json", `${canonical(manifest)}\n`);
  const listed = [...texts.keys(), ...bytes.keys()]
    .filter((name) => !["SHA256SUMS", "manifest.dsse.json", "manifest.sigstore.json"].includes(name))
    .toSorted();
  texts.set("SHA256SUMS", listed.map((name) => `${sha256(contentOf(name))}  ${name}\n`).join(""));
  const subjects = [...listed, "SHA256SUMS"]
    .toSorted()
    .map((name) => ({ name, sha256: sha256(contentOf(name)) }));
  const { files: _files, ...predicate } = manifest;
  const seal = sealOf(subjects, predicate, secret);
  texts.set("manifest.dsse.json", seal);
  texts.set("manifest.sigstore.json", bundleOf(seal, fingerprintOf(secret.spki)));
  for (const [name, text] of texts) await writeFile(join(place, name), text);
}

/** Returns an edit of one file. */
export function edited(path: string, edit: (text: string) => string): (texts: Texts) => void {
  return (texts) => texts.set(path, edit(texts.get(path) ?? ""));
}

/** Adds an entry of a kind that no version records, soundly linked. */
export function withOddEntry(texts: Texts): void {
  const lines = (texts.get("log/cited.jsonl") ?? "").trimEnd().split("\n");
  const { hash: _, previousHash, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  const odd = { ...rest, kind: "odd" };
  const hash = sha256(`${String(previousHash)}\n${canonical(odd)}`);
  const first = canonical({ ...odd, previousHash, hash });
  texts.set("log/cited.jsonl", [first, ...lines.slice(1), ""].join("\n"));
}

const BETWEEN_CELLS = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/u;

/** Leaves one column out of a table and its schema. */
export function withoutColumn(texts: Texts, path: string, name: string): void {
  const rows = (texts.get(path) ?? "").split("\r\n").map((row) => row.split(BETWEEN_CELLS));
  const place = (rows[0] ?? []).indexOf(name);
  texts.set(path, rows.map((cells) => cells.filter((_, index) => index !== place).join(",")).join("\r\n"));
  const schemaPath = `schemas/${path}.schema.json`;
  const schema = JSON.parse(texts.get(schemaPath) ?? "") as {
    required: string[];
    properties: Record<string, unknown>;
  };
  schema.required = schema.required.filter((each) => each !== name);
  delete schema.properties[name];
  texts.set(schemaPath, `${canonical(schema)}\n`);
}

/** Names another version as the one that made the package. */
export const byAnotherVersion = edited("manifest.json", (text) => text.replace(`"${VERSION}"`, '"9.9.9"'));

/** Returns the seal with the other of the two signatures that verify. */
export function otherSpelling(text: string): string {
  const seal = JSON.parse(text) as { signatures: { keyid: string; sig: string }[] };
  const [first] = seal.signatures;
  if (first === undefined) throw new Error("a seal is signed");
  const { r, s } = p256.Signature.fromBytes(Buffer.from(first.sig, "base64"), "der");
  const high = new p256.Signature(r, p256.Point.Fn.ORDER - s);
  const sig = Buffer.from(high.toBytes("der")).toString("base64");
  return `${canonical({ ...seal, signatures: [{ ...first, sig }] })}\n`;
}

/** Changes one cell of the workbook: who merged a change. */
async function withOtherCell(place: string): Promise<void> {
  const path = join(place, "evidence.xlsx");
  const members = unzipSync(await readFile(path));
  for (const [name, bytes] of Object.entries(members))
    if (name.startsWith("xl/worksheets/"))
      members[name] = strToU8(strFromU8(bytes).replace(">eve#103<", ">bob#102<"));
  await writeFile(path, zipSync(members));
}

/** Does something to the package at a place. */
export type Damage = (place: string) => Promise<unknown>;

const writing =
  (path: string, text: string): Damage =>
  (place) =>
    writeFile(join(place, path), text);

const sealing =
  (edit: (texts: Texts) => void, secret = KEY): Damage =>
  (place) =>
    reseal(place, edit, secret);

/** For each defect that a change of the package provokes, the change. */
export const PROVOKING = {
  "seal-broken": writing("manifest.dsse.json", "{}\n"),
  "bundle-differs": writing("manifest.sigstore.json", "{}\n"),
  "key-unknown": writing("public-key.pem", pemOf(OTHER_KEY.spki)),
  missing: (place) => rm(join(place, "scope.csv")),
  "not-as-sealed": writing("scope.csv", "other"),
  stranger: writing("more.csv", ""),
  "list-disagrees": writing("SHA256SUMS", ""),
  "form-wrong": sealing(edited("observed.json", (text) => ` ${text}`)),
  "counts-disagree": sealing(edited("changes.csv", (text) => text.replace("non-compliant", "compliant"))),
  "cell-not-as-logged": sealing(
    edited("changes.csv", (text) => text.replace("acme/web/pull/2", "acme/web/pull/9")),
  ),
  "row-left-out": sealing(edited("scope.csv", (text) => text.replace(/\r\n[^\r]*/u, ""))),
  "row-not-logged": sealing(edited("scope.csv", (text) => text.replace(/\r\n\d+([^\r]*)/u, "\r\n1$1$&"))),
  "text-not-as-logged": sealing(edited("verify.sh", (text) => `${text}\n`)),
  "log-not-readable": sealing(withOddEntry),
  "copy-differs": async (place) => {
    await withOtherCell(place);
    await reseal(place, () => {});
  },
} as const satisfies { readonly [Code in Exclude<DefectCode, "signer-differs" | "unreadable">]: Damage };

/** Signs the package with another key, and names that one. */
const ANOTHER_SIGNER: Damage = sealing((texts) => {
  for (const [name, text] of texts)
    texts.set(name, text.replaceAll(fingerprintOf(KEY.spki), fingerprintOf(OTHER_KEY.spki)));
  texts.set("public-key.pem", pemOf(OTHER_KEY.spki));
}, OTHER_KEY);

/** Holds every damage that the three verifiers are compared on, and copies that have none. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  "no damage": () => Promise.resolve(),
  "no damage, signed again": sealing(() => {}),
  ...PROVOKING,
  "no seal": (place) => rm(join(place, "manifest.dsse.json")),
  "no key": (place) => rm(join(place, "public-key.pem")),
  "no list of digests": (place) => rm(join(place, "SHA256SUMS")),
  "an emptied table": (place) => truncate(join(place, "changes.csv")),
  "a dotfile": writing("log/.hidden", ""),
  "an empty folder": (place) => mkdir(join(place, "empty")),
  "a link": (place) => symlink("scope.csv", join(place, "link")),
  "a link for a file": async (place) => {
    await rename(join(place, "scope.csv"), `${place}-scope.csv`);
    await symlink(`${place}-scope.csv`, join(place, "scope.csv"));
  },
  "a folder for a file": async (place) => {
    await rm(join(place, "scope.csv"));
    await mkdir(join(place, "scope.csv"));
  },
  "the other spelling of the signature": async (place) => {
    const path = join(place, "manifest.dsse.json");
    await writeFile(path, otherSpelling(await readFile(path, "utf8")));
  },
  "another signer": ANOTHER_SIGNER,
  "an entry turned": sealing(edited("log/entries.jsonl", (text) => text.replace('"eve"', '"bob"'))),
  "another version": sealing(byAnotherVersion),
  "another version with other columns": sealing((texts) => {
    byAnotherVersion(texts);
    withoutColumn(texts, "scope.csv", "visibility");
  }),
  "names that do harm": async (place) => {
    await writeFile(join(place, "<img src=x onerror=alert(1)>.csv"), "");
    await writeFile(join(place, "a\u202Evsc.exe"), "");
  },
};

/** Returns an edit of what the manifest, which also says it in words, and a table say of the periods that are rolled up. */
const inRollUp =
  (...edits: readonly (readonly [path: string, from: string | RegExp, to: string])[]): Damage =>
  async (place) =>
    reseal(place, (texts) => {
      for (const [path, from, to] of edits) {
        const text = texts.get(path) ?? "";
        if (text.replace(from, to) === text) throw new Error(`${path} does not hold ${String(from)}`);
        texts.set(path, text.replace(from, to));
      }
    });

/** Holds what can be done to what a package says of the several periods it rolls up, each sealed again by its signer. */
export const ROLLED_UP_DAMAGES: Readonly<Record<string, Damage>> = {
  "a period left out": inRollUp(["periods.csv", /\r\n2026-Q4[^\r]*/u, ""]),
  "a period that begins later": inRollUp(["periods.csv", "2026-Q3,2026-07-01T", "2026-Q3,2026-07-07T"]),
  "a period that is over": inRollUp(
    ["periods.csv", "2027-01-01T00:00:00Z,no,", "2027-01-01T00:00:00Z,yes,"],
    ["manifest.json", '"ended":false', '"ended":true'],
  ),
  "a change moved into the next period": inRollUp(
    ["periods.csv", ",14,7,5,0,0,2,", ",14,6,5,0,0,1,"],
    ["periods.csv", ",,1,1,0,0,0,", ",,2,1,0,0,1,"],
  ),
  "a deviation settled in its period": inRollUp(["periods.csv", ",0,1,0,1,1,0,", ",0,1,1,0,0,0,"]),
  "nothing that differs since the closing": inRollUp(
    ["periods.csv", ",14,,14,", ",0,,0,"],
    [
      "manifest.json",
      '"rows_in_no_addendum":14,"rows_since_closing":14',
      '"rows_in_no_addendum":0,"rows_since_closing":0',
    ],
    [
      "manifest.json",
      "14 rows differ from the package that closed it, and no addendum names them",
      "no row differs from the package that closed it",
    ],
  ),
  "another package that closed it": inRollUp(
    ["periods.csv", /,carol,[0-9a-f]{64}/u, `,carol,${"0".repeat(64)}`],
    ["manifest.json", /"closing_sha256":"[0-9a-f]{64}"/u, `"closing_sha256":"${"0".repeat(64)}"`],
  ),
  "no closing": inRollUp(["manifest.json", /"closing_sha256":"[0-9a-f]{64}"/u, '"closing_sha256":null']),
  "a control that passed in one of them": inRollUp([
    "control-trend.csv",
    /(independently-approved,[^,]*,2026-Q3,[^,]*,[^,]*,[^,]*,)7,5,2,/u,
    "$17,7,0,",
  ]),
  "a period that a control lacks": inRollUp([
    "control-trend.csv",
    /\r\nchecks-passed[^\r]*2026-Q4[^\r]*/u,
    "",
  ]),
  "days that no period covers": inRollUp([
    "manifest.json",
    '"uncovered":[]',
    '"uncovered":[{"changes":0,"deployments":0,"from":"2026-07-01T00:00:00Z","to":"2026-07-02T00:00:00Z"}]',
  ]),
  "not rolled up": inRollUp(["manifest.json", /,"rolls_up":\{.*?\]\}/u, ""]),
  "a first page with another figure": inRollUp(["START-HERE.html", "14 rows differ", "13 rows differ"]),
};

/** Makes a copy of a package and damages it. */
export async function damagedCopy(pristine: string, place: string, damage: Damage): Promise<string> {
  await rm(place, { recursive: true, force: true });
  await cp(pristine, place, { recursive: true });
  await damage(place);
  return place;
}
