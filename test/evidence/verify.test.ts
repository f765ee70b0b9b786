/** Law 8: changing any one byte of a package makes `verify` name a defect; an untouched package has none. */

import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { p256 } from "@noble/curves/nist.js";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import { bundleOf, fingerprintOf, pemOf, sealOf, signingKeyOf } from "../../src/domain/evidence/seal.ts";
import { CHECKS, DEFECTS, type CheckId, type DefectCode } from "../../src/domain/evidence/verify/checks.ts";
import type { Verification } from "../../src/domain/evidence/verify/verify.ts";
import { verify } from "../../src/cli/verify.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { VERSION } from "../../src/package/version.ts";
import { zipOf } from "../../src/package/zip.ts";
import { rounds, sample } from "../support/effort.ts";
import { exportTo, KEY, ledgerWith, smallLog } from "./fixture.ts";

let folder: string;
let close: () => Promise<void>;
let pristine: string;
let names: readonly string[];
const kept = new Map<string, Buffer>();

beforeAll(async () => {
  const made = await ledgerWith(smallLog());
  ({ folder, close } = made);
  pristine = join(folder, "package");
  await exportTo(made.ledger, pristine, { zip: true });
  const entries = await readdir(pristine, { recursive: true, withFileTypes: true });
  names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(pristine.length + 1))
    .toSorted();
  for (const name of names) kept.set(name, await readFile(join(pristine, name)));
});

afterAll(() => close());

type Damage = "flip" | "insert" | "delete" | "truncate";

function damaged(bytes: Buffer, damage: Damage, where: number, bit: number): Buffer {
  const place = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
  switch (damage) {
    case "flip": {
      const copy = Buffer.from(bytes);
      copy[place] = (copy[place] ?? 0) ^ (1 << bit);
      return copy;
    }
    case "insert":
      return Buffer.concat([bytes.subarray(0, place), Buffer.from([bit * 31]), bytes.subarray(place)]);
    case "delete":
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
    case "truncate":
      return bytes.subarray(0, place);
  }
}

const Damages = fc.record({
  damage: fc.constantFrom<Damage>("flip", "insert", "delete", "truncate"),
  where: fc.double({ min: 0, max: 0.999999, noNaN: true }),
  bit: fc.integer({ min: 0, max: 7 }),
});

test("any byte changed anywhere in the folder is a defect of that file", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), Damages, async (name, { damage, where, bit }) => {
      const bytes = kept.get(name) ?? Buffer.alloc(0);
      await writeFile(join(pristine, name), damaged(bytes, damage, where, bit));
      try {
        const { defects } = await verifyPath(pristine);
        expect(defects.map((defect) => defect.file)).toContain(name);
      } finally {
        await writeFile(join(pristine, name), bytes);
      }
    }),
    { numRuns: rounds(12, 100) },
  );
  expect((await verifyPath(pristine)).defects).toEqual([]);
});

test("any byte changed anywhere in the zip is a defect of the zip or of a file in it", async () => {
  const zip = await readFile(`${pristine}.zip`);
  const copy = join(folder, "copy.zip");
  const allowed = new Set([basename(copy), ...names]);
  await fc.assert(
    fc.asyncProperty(Damages, async ({ damage, where, bit }) => {
      await writeFile(copy, damaged(zip, damage, where, bit));
      const { defects } = await verifyPath(copy);
      expect(defects.length).toBeGreaterThan(0);
      expect(defects.some((defect) => allowed.has(defect.file))).toBe(true);
    }),
    { numRuns: rounds(12, 100) },
  );
});

test("the bytes of the zip's tail (central directory and end) matter", async () => {
  const zip = await readFile(`${pristine}.zip`);
  const copy = join(folder, "tail.zip");
  // Every byte of the end record, and every seventh of the directory's last entries; in the usual run some of them.
  const end = zip.length - 22;
  const all = [
    ...Array.from({ length: 33 }, (_, n) => end - 228 + 7 * n),
    ...Array.from({ length: 22 }, (_, n) => end + n),
  ];
  for (const place of sample(all, 15)) {
    const bytes = Buffer.from(zip);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    await writeFile(copy, bytes);
    expect((await verifyPath(copy)).defects.length, `byte ${place}`).toBeGreaterThan(0);
  }
});

test("where nothing can be sorted on disk, that is said, and not that the package is unsound", async () => {
  vi.stubEnv("TMPDIR", join(folder, "nowhere"));
  try {
    await expect(verifyPath(pristine)).rejects.toMatchObject({ code: "not-writable" });
  } finally {
    vi.unstubAllEnvs();
  }
});

/** A copy that someone worked on. */
async function copyAfter(work: (place: string) => Promise<void>): Promise<string> {
  const place = join(folder, "changed");
  await rm(place, { recursive: true, force: true });
  await cp(pristine, place, { recursive: true });
  await work(place);
  return place;
}

async function changed(work: (place: string) => Promise<void>): Promise<readonly string[]> {
  return (await verifyPath(await copyAfter(work))).defects.map((defect) => defect.file);
}

function outcome({ checks }: Verification, id: CheckId): Verification["checks"][number] | undefined {
  return checks.find((check) => check.id === id);
}

/** A copy whose files were edited and sealed again. */
async function resealed(edit: (files: Map<string, string>) => void, secret = KEY): Promise<string> {
  const place = join(folder, "resealed");
  await rm(place, { recursive: true, force: true });
  await cp(pristine, place, { recursive: true });
  const texts = new Map([...kept].map(([name, bytes]) => [name, bytes.toString("utf8")]));
  edit(texts);
  const manifest = JSON.parse(texts.get("manifest.json") ?? "") as {
    files: { path: string; sha256: string; bytes: number; rows: number | null }[];
  };
  for (const file of manifest.files) {
    const text = texts.get(file.path) ?? "";
    file.sha256 = sha256(text);
    file.bytes = Buffer.byteLength(text);
  }
  texts.set("manifest.json", `${canonical(manifest)}\n`);
  const listed = [...texts.keys()]
    .filter((name) => !["SHA256SUMS", "manifest.dsse.json", "manifest.sigstore.json"].includes(name))
    .toSorted();
  texts.set("SHA256SUMS", listed.map((name) => `${sha256(texts.get(name) ?? "")}  ${name}\n`).join(""));
  const subjects = [...listed, "SHA256SUMS"]
    .toSorted()
    .map((name) => ({ name, sha256: sha256(texts.get(name) ?? "") }));
  const { files: _files, ...predicate } = manifest;
  const seal = sealOf(subjects, predicate, secret);
  texts.set("manifest.dsse.json", seal);
  texts.set("manifest.sigstore.json", bundleOf(seal, fingerprintOf(secret.spki)));
  for (const [name, text] of texts) await writeFile(join(place, name), text);
  return place;
}

/** The file with other text. */
function edited(path: string, edit: (text: string) => string): (files: Map<string, string>) => void {
  return (files) => files.set(path, edit(files.get(path) ?? ""));
}

/** An entry of a kind that no version records, soundly linked. */
function withOddEntry(files: Map<string, string>): void {
  const lines = (files.get("log/cited.jsonl") ?? "").trimEnd().split("\n");
  const { hash: _, previousHash, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  const odd = { ...rest, kind: "odd" };
  const hash = sha256(`${String(previousHash)}\n${canonical(odd)}`);
  const first = canonical({ ...odd, previousHash, hash });
  files.set("log/cited.jsonl", [first, ...lines.slice(1), ""].join("\n"));
}

const BETWEEN_CELLS = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/u;

/** Leaves one column out of a table and its schema. */
function withoutColumn(files: Map<string, string>, path: string, name: string): void {
  const rows = (files.get(path) ?? "").split("\r\n").map((row) => row.split(BETWEEN_CELLS));
  const place = (rows[0] ?? []).indexOf(name);
  files.set(path, rows.map((cells) => cells.filter((_, index) => index !== place).join(",")).join("\r\n"));
  const schemaPath = `schemas/${path}.schema.json`;
  const schema = JSON.parse(files.get(schemaPath) ?? "") as {
    required: string[];
    properties: Record<string, unknown>;
  };
  schema.required = schema.required.filter((each) => each !== name);
  delete schema.properties[name];
  files.set(schemaPath, `${canonical(schema)}\n`);
}

describe("a folder that someone rearranged", () => {
  test("names a file that is missing", async () => {
    const aside = join(folder, "aside");
    for (const name of names) {
      await rename(join(pristine, name), aside);
      try {
        const { defects } = await verifyPath(pristine);
        expect(defects.map((defect) => defect.file)).toContain(name);
      } finally {
        await rename(aside, join(pristine, name));
      }
    }
  });

  test("names a file, a dotfile, a folder and a link that should not be there", async () => {
    expect(await changed((place) => writeFile(join(place, "more.csv"), ""))).toEqual(["more.csv"]);
    expect(await changed((place) => writeFile(join(place, "log/.hidden"), ""))).toEqual(["log/.hidden"]);
    expect(await changed((place) => mkdir(join(place, "empty")).then(() => undefined))).toEqual(["empty"]);
    expect(await changed((place) => symlink("/etc/hostname", join(place, "link")))).toEqual(["link"]);
  });

  test("is not compared with its log", async () => {
    const bytes = kept.get("changes.csv") ?? Buffer.alloc(0);
    await writeFile(join(pristine, "changes.csv"), damaged(bytes, "flip", 0.5, 0));
    try {
      expect(outcome(await verifyPath(pristine), "log")).toMatchObject({
        state: "not-checked",
        because: "files are missing or were changed",
      });
    } finally {
      await writeFile(join(pristine, "changes.csv"), bytes);
    }
  });

  test("names a file that became a link to its own content", async () => {
    const files = await changed(async (place) => {
      await rename(join(place, "scope.csv"), join(folder, "elsewhere.csv"));
      await symlink(join(folder, "elsewhere.csv"), join(place, "scope.csv"));
    });
    expect(files).toContain("scope.csv");
  });

  test("names an emptied file", async () => {
    expect(await changed((place) => truncate(join(place, "changes.csv")))).toContain("changes.csv");
  });
});

describe("a package that was signed again", () => {
  test("with the same content has no defect", async () => {
    expect((await verifyPath(await resealed(() => {}))).defects).toEqual([]);
  });

  test("with one verdict turned is found out by its own counts", async () => {
    const place = await resealed((files) =>
      files.set("changes.csv", (files.get("changes.csv") ?? "").replace("non-compliant", "compliant")),
    );
    expect((await verifyPath(place)).defects).toMatchObject([
      { file: "summary.json", code: "counts-disagree", problem: "does not give the counts of the tables" },
      {
        file: "changes.csv",
        code: "cell-not-as-logged",
        problem: expect.stringMatching(/: verdict is not/u),
      },
      { file: "START-HERE.html", code: "text-not-as-logged" },
    ]);
  });

  test("with a cell turned that no count knows is found out by the log", async () => {
    const place = await resealed((files) =>
      files.set(
        "changes.csv",
        (files.get("changes.csv") ?? "").replace("acme/web/pull/2", "acme/web/pull/9"),
      ),
    );
    const found = await verifyPath(place);
    expect(found.checks.filter(({ state }) => state === "failed").map(({ id }) => id)).toEqual(["log"]);
    expect(found.defects.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "changes.csv cell-not-as-logged",
    ]);
  });

  test("with a row more, and with one less, names the row", async () => {
    const rows = (kept.get("scope.csv")?.toString("utf8") ?? "").split("\r\n");
    const [header = "", first = "", ...others] = rows;
    const more = [header, first.replace(/^\d+/u, "1"), first, ...others].join("\r\n");
    const less = [header, ...others].join("\r\n");
    for (const [text, code] of [
      [more, "row-not-logged"],
      [less, "row-left-out"],
    ] as const) {
      const { defects } = await verifyPath(await resealed((files) => files.set("scope.csv", text)));
      expect(defects.map((defect) => `${defect.file} ${defect.code}`)).toContain(`scope.csv ${code}`);
    }
  });

  test("by another version is not made again, and that is said", async () => {
    const place = await resealed((files) => {
      files.set("manifest.json", (files.get("manifest.json") ?? "").replace(`"${VERSION}"`, '"9.9.9"'));
    });
    const found = await verifyPath(place);
    expect(found.defects).toEqual([]);
    expect(outcome(found, "log")).toMatchObject({
      state: "not-checked",
      because: expect.stringContaining("made by version 9.9.9"),
    });
  });

  describe("by another version with other columns", () => {
    const named = edited("manifest.json", (text) => text.replace(`"${VERSION}"`, '"9.9.9"'));

    test("is held to the schemas it carries, and that is said", async () => {
      const found = await verifyPath(
        await resealed((files) => {
          named(files);
          withoutColumn(files, "scope.csv", "visibility");
        }),
      );
      expect(found.defects).toEqual([]);
      expect(outcome(found, "form")).toMatchObject({
        state: "not-checked",
        because:
          "the package was made by version 9.9.9: scope.csv can only be held to the schema in the package",
      });
      expect(outcome(found, "counts")).toMatchObject({ state: "passed" });
    });

    test("is counted again as far as its columns go", async () => {
      const found = await verifyPath(
        await resealed((files) => {
          named(files);
          withoutColumn(files, "changes.csv", "verdict");
        }),
      );
      expect(found.defects).toEqual([]);
      expect(outcome(found, "counts")).toMatchObject({
        state: "not-checked",
        because: "the package was made by version 9.9.9, whose tables or summary have another form",
      });
    });

    test.each<[string, (files: Map<string, string>) => void, string]>([
      [
        "has other columns than its schema",
        edited("scope.csv", (text) => text.replace("visibility,", "")),
        "scope.csv form-wrong",
      ],
      [
        "has cells of another type than its schema names",
        (files) => {
          withoutColumn(files, "scope.csv", "visibility");
          edited("scope.csv", (text) => text.replaceAll(",yes,", ",perhaps,"))(files);
        },
        "scope.csv form-wrong",
      ],
      [
        "has its rows in another order",
        (files) => {
          withoutColumn(files, "changes.csv", "mode");
          edited("changes.csv", (text) => {
            const [header = "", first = "", second = "", ...others] = text.split("\r\n");
            return [header, second, first, ...others].join("\r\n");
          })(files);
        },
        "changes.csv form-wrong",
      ],
      [
        "has a schema that is none",
        (files) => {
          withoutColumn(files, "scope.csv", "visibility");
          files.set("schemas/scope.csv.schema.json", "{}\n");
        },
        "scope.csv form-wrong",
      ],
      [
        "has other counts than its rows, though it lacks a column that is not counted",
        (files) => {
          withoutColumn(files, "changes.csv", "before_sha");
          edited("deviations.csv", (text) => text.replace("operating", "design"))(files);
        },
        "summary.json counts-disagree",
      ],
    ])("is no sound package where it %s", async (_, edit, defect) => {
      const { defects } = await verifyPath(
        await resealed((files) => {
          named(files);
          edit(files);
        }),
      );
      expect(defects.map(({ file, code }) => `${file} ${code}`)).toContain(defect);
    });

    test("is no sound package where it names this version", async () => {
      const { defects } = await verifyPath(
        await resealed((files) => withoutColumn(files, "scope.csv", "visibility")),
      );
      expect(defects.map(({ file, code }) => `${file} ${code}`)).toEqual(
        expect.arrayContaining(["scope.csv form-wrong", "schemas/scope.csv.schema.json text-not-as-logged"]),
      );
    });
  });

  test("with a log that this version would not record is not compared, and is no whole package", async () => {
    const found = await verifyPath(await resealed(withOddEntry));
    expect(outcome(found, "log")).toMatchObject({ state: "failed" });
    expect(found.defects.map(({ code }) => code)).toContain("log-not-readable");
  });

  test("with one log entry turned is found out by its hash", async () => {
    const place = await resealed((files) =>
      files.set("log/entries.jsonl", (files.get("log/entries.jsonl") ?? "").replace('"eve"', '"bob"')),
    );
    const { defects } = await verifyPath(place);
    expect(defects.map((defect) => defect.file)).toContain("log/entries.jsonl");
  });

  test("by another key is sound in itself, and is not the key one was given", async () => {
    const other = signingKeyOf(new Uint8Array(32).with(31, 9));
    const place = await resealed((files) => {
      for (const [name, text] of files)
        files.set(name, text.replaceAll(fingerprintOf(KEY.spki), fingerprintOf(other.spki)));
      files.set("public-key.pem", pemOf(other.spki));
    }, other);
    expect((await verifyPath(place)).defects).toEqual([]);
    const { defects } = await verifyPath(place, { publicKeyPem: pemOf(KEY.spki) });
    expect(defects.map((defect) => defect.file)).toEqual(["public-key.pem"]);
  });
});

test("the other spelling of a valid signature is a defect", async () => {
  const seal = JSON.parse((kept.get("manifest.dsse.json") ?? "").toString()) as {
    payload: string;
    payloadType: string;
    signatures: { keyid: string; sig: string }[];
  };
  const first = seal.signatures[0];
  if (first === undefined) throw new Error("a seal is signed");
  const signature = p256.Signature.fromBytes(Buffer.from(first.sig, "base64"), "der");
  const high = new p256.Signature(signature.r, p256.Point.Fn.ORDER - signature.s);
  const sig = Buffer.from(high.toBytes("der")).toString("base64");
  await writeFile(
    join(pristine, "manifest.dsse.json"),
    `${canonical({ ...seal, signatures: [{ ...first, sig }] })}\n`,
  );
  try {
    expect((await verifyPath(pristine)).defects.map((defect) => defect.file)).toEqual(["manifest.dsse.json"]);
  } finally {
    await writeFile(join(pristine, "manifest.dsse.json"), kept.get("manifest.dsse.json") ?? "");
  }
});

describe("what is no package", () => {
  test("is refused by name, whatever it is", async () => {
    const nothing = join(folder, "nothing");
    expect((await verifyPath(nothing)).defects[0]?.problem).toMatch(/^cannot be read/u);
    await mkdir(nothing);
    expect((await verifyPath(nothing)).defects.map((defect) => defect.file)).toContain("manifest.dsse.json");
    await writeFile(join(folder, "text.zip"), "no zip");
    expect((await verifyPath(join(folder, "text.zip"))).defects[0]?.problem).toMatch(
      /^is no sound zip file/u,
    );
  });

  test("a zip with a path that leaves it is refused", async () => {
    const good = await buffer(
      zipOf([
        { path: "aa/scope.csv", bytes: 1, open: () => Promise.resolve(Readable.from([Buffer.from("x")])) },
      ]),
    );
    const bad = Buffer.from(good.toString("latin1").replaceAll("aa/scope.csv", "../scope.csv"), "latin1");
    await writeFile(join(folder, "bad.zip"), bad);
    const { defects } = await verifyPath(join(folder, "bad.zip"));
    expect(defects[0]?.problem).toMatch(/\.\.\/scope\.csv/u);
  });
});

const OTHER_KEY = pemOf(signingKeyOf(new Uint8Array(32).with(31, 9)).spki);

/** For each defect, what provokes it. */
const PROVOKE: { readonly [Code in DefectCode]: () => Promise<Verification> } = {
  "seal-broken": () => afterWriting("manifest.dsse.json", "{}\n"),
  "bundle-differs": () => afterWriting("manifest.sigstore.json", "{}\n"),
  "key-unknown": () => afterWriting("public-key.pem", OTHER_KEY),
  "signer-differs": () => verifyPath(pristine, { publicKeyPem: OTHER_KEY }),
  missing: async () => verifyPath(await copyAfter((place) => rm(join(place, "scope.csv")))),
  "not-as-sealed": () => afterWriting("scope.csv", "other"),
  async unreadable() {
    await writeFile(join(folder, "no.zip"), "no zip");
    return verifyPath(join(folder, "no.zip"));
  },
  stranger: () => afterWriting("more.csv", ""),
  "list-disagrees": () => afterWriting("SHA256SUMS", ""),
  "form-wrong": () => afterSealing(edited("observed.json", (text) => ` ${text}`)),
  "counts-disagree": () =>
    afterSealing(edited("changes.csv", (text) => text.replace("non-compliant", "compliant"))),
  "cell-not-as-logged": () =>
    afterSealing(edited("changes.csv", (text) => text.replace("acme/web/pull/2", "acme/web/pull/9"))),
  "row-left-out": () => afterSealing(edited("scope.csv", (text) => text.replace(/\r\n[^\r]*/u, ""))),
  "row-not-logged": () =>
    afterSealing(edited("scope.csv", (text) => text.replace(/\r\n\d+([^\r]*)/u, "\r\n1$1$&"))),
  "text-not-as-logged": () => afterSealing(edited("verify.sh", (text) => `${text}\n`)),
  "log-not-readable": () => afterSealing(withOddEntry),
};

async function afterWriting(path: string, text: string): Promise<Verification> {
  return verifyPath(await copyAfter((place) => writeFile(join(place, path), text)));
}

async function afterSealing(edit: (files: Map<string, string>) => void): Promise<Verification> {
  return verifyPath(await resealed(edit));
}

describe("every check and every code", () => {
  test.each(Object.entries(PROVOKE))("%s is found, and fails its own check", async (code, provoke) => {
    const { checks, defects } = await provoke();
    expect(defects.map((defect) => defect.code)).toContain(code);
    const failed = checks.filter(({ state }) => state === "failed").map(({ id }) => id);
    expect(new Set(failed)).toEqual(new Set(defects.map((defect) => DEFECTS[defect.code].check)));
  });

  test("a sound package passes them all with its key, and all but the signer without", async () => {
    const states = async (options: { publicKeyPem?: string }): Promise<unknown> =>
      Object.fromEntries((await verifyPath(pristine, options)).checks.map(({ id, state }) => [id, state]));
    const all = Object.fromEntries(Object.keys(CHECKS).map((id) => [id, "passed"]));
    expect(await states({ publicKeyPem: pemOf(KEY.spki) })).toEqual(all);
    expect(await states({})).toEqual({ ...all, signer: "not-checked" });
  });

  test("without a seal nothing passes, and each says why", async () => {
    const { checks } = await verifyPath(await copyAfter((place) => rm(join(place, "manifest.dsse.json"))));
    expect(checks.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "signature not-checked",
      "signer not-checked",
      "files failed",
      "additions not-checked",
      "lists not-checked",
      "form not-checked",
      "counts not-checked",
      "log not-checked",
    ]);
    for (const check of checks)
      if (check.state === "not-checked") expect(check.because, check.id).toMatch(/^[a-z].+[a-z]$/u);
  });

  test("the report shows each check with a mark, then each defect with its code; --json gives the same", async () => {
    const place = await copyAfter((copy) => writeFile(join(copy, "scope.csv"), "other"));
    const { code, lines, data } = await verify(place, undefined);
    expect(code).toBe(1);
    expect(lines.slice(0, -1)).toEqual([
      "passed       The signature is well-formed and made by the key in the package.",
      "not checked  The key in the package is the one you gave. (no public key was given)",
      "FAILED       Every file that the signature covers is there, unchanged.",
      "passed       Nothing else is in the package.",
      "FAILED       SHA256SUMS, manifest.json and the signature list the same files.",
      `not checked  ${CHECKS.form} (files are missing or were changed)`,
      `not checked  ${CHECKS.counts} (files are missing or were changed)`,
      `not checked  ${CHECKS.log} (files are missing or were changed)`,
      "",
      "scope.csv: was changed: its SHA-256 is not the sealed one (not-as-sealed)",
      "scope.csv: is not as manifest.json describes it (list-disagrees)",
      "2 defects found: do not rely on this package.",
    ]);
    expect(data).toMatchObject({ ok: false, ...(await verifyPath(place)) });
  });
});
