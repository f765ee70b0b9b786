/** Law 8: changing any one byte of a package makes `verify` name a defect; an untouched package has none. */

import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { pemOf } from "../../src/domain/evidence/seal.ts";
import { CHECKS, DEFECTS, type CheckId, type DefectCode } from "../../src/domain/evidence/verify/checks.ts";
import type { Verification } from "../../src/domain/evidence/verify/verify.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { verify } from "../../src/cli/verify.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { zipOf } from "../../src/package/zip/writer.ts";
import { rounds, sample } from "../support/effort.ts";
import {
  byAnotherVersion,
  damagedCopy,
  edited,
  namesIn,
  OTHER_KEY,
  otherSpelling,
  PROVOKING,
  reseal,
  withoutColumn,
  withOddEntry,
  type Texts,
} from "./damages.ts";
import { exportTo, KEY, ledgerWith, smallLog } from "./fixture.ts";

let folder: string;
let ledger: Ledger;
let close: () => Promise<void>;
let pristine: string;
let names: readonly string[];
const kept = new Map<string, Buffer>();

beforeAll(async () => {
  const made = await ledgerWith(smallLog());
  ({ folder, ledger, close } = made);
  pristine = join(folder, "package");
  await exportTo(made.ledger, pristine, { zip: true });
  names = await namesIn(pristine);
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
    { numRuns: rounds(6, 100) },
  );
  expect((await verifyPath(pristine)).defects).toEqual([]);
});

test(
  "any byte changed anywhere in the zip is a defect of the zip or of a file in it",
  { tags: ["long"] },
  async () => {
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
  },
);

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
function copyAfter(work: (place: string) => Promise<unknown>): Promise<string> {
  return damagedCopy(pristine, join(folder, "changed"), work);
}

async function changed(work: (place: string) => Promise<void>): Promise<readonly string[]> {
  return (await verifyPath(await copyAfter(work))).defects.map((defect) => defect.file);
}

function outcome({ checks }: Verification, id: CheckId): Verification["checks"][number] | undefined {
  return checks.find((check) => check.id === id);
}

/** A copy whose files were edited and sealed again. */
function resealed(edit: (texts: Texts) => void, secret = KEY): Promise<string> {
  return damagedCopy(pristine, join(folder, "resealed"), (place) => reseal(place, edit, secret));
}

describe("a folder that someone rearranged", () => {
  test("names a file that is missing", { tags: ["long"] }, async () => {
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

  test(
    "names a file, a dotfile, a folder and a link that should not be there",
    { tags: ["long"] },
    async () => {
      expect(await changed((place) => writeFile(join(place, "more.csv"), ""))).toEqual(["more.csv"]);
      expect(await changed((place) => writeFile(join(place, "log/.hidden"), ""))).toEqual(["log/.hidden"]);
      expect(await changed((place) => mkdir(join(place, "empty")).then(() => undefined))).toEqual(["empty"]);
      expect(await changed((place) => symlink("/etc/hostname", join(place, "link")))).toEqual(["link"]);
    },
  );

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
      { file: "ipe.csv", code: "cell-not-as-logged", problem: expect.stringMatching(/: sha256 is not/u) },
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
      "ipe.csv cell-not-as-logged",
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
    const place = await resealed(byAnotherVersion);
    const found = await verifyPath(place);
    expect(found.defects).toEqual([]);
    expect(outcome(found, "log")).toMatchObject({
      state: "not-checked",
      because: expect.stringContaining("made by version 9.9.9"),
    });
  });

  describe("by another version with other columns", () => {
    test("is held to the schemas it carries, and that is said", async () => {
      const found = await verifyPath(
        await resealed((files) => {
          byAnotherVersion(files);
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

    test("is counted again as far as its columns go", { tags: ["long"] }, async () => {
      const found = await verifyPath(
        await resealed((files) => {
          byAnotherVersion(files);
          withoutColumn(files, "changes.csv", "verdict");
        }),
      );
      expect(found.defects).toEqual([]);
      expect(outcome(found, "counts")).toMatchObject({
        state: "not-checked",
        because:
          "the package was made by version 9.9.9, whose tables, summary or completeness have another form",
      });
    });

    test.each(["completeness.json", "observed.json", "summary.json"])(
      "whose %s has another form is not said to count right",
      async (path) => {
        const found = await verifyPath(
          await resealed((files) => {
            byAnotherVersion(files);
            edited(path, (text) => text.replace("{", '{"a":1,'))(files);
            edited(`schemas/${path}.schema.json`, (text) => text.replace("{", '{"$comment":"a",'))(files);
          }),
        );
        expect(found.defects).toEqual([]);
        expect(outcome(found, "counts")).toMatchObject({ state: "not-checked" });
      },
    );

    test.each<[string, (texts: Texts) => void, string]>([
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
          byAnotherVersion(files);
          edit(files);
        }),
      );
      expect(defects.map(({ file, code }) => `${file} ${code}`)).toContain(defect);
    });

    test("is no sound package where it names this version", { tags: ["long"] }, async () => {
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

  test(
    "by another key is sound in itself, and is not the key one was given",
    { tags: ["long"] },
    async () => {
      const place = join(folder, "by-another");
      await exportTo(ledger, place, { signingKey: OTHER_KEY });
      expect((await verifyPath(place)).defects).toEqual([]);
      const { defects } = await verifyPath(place, { publicKeyPem: pemOf(KEY.spki) });
      expect(defects.map((defect) => defect.file)).toEqual(["public-key.pem"]);
    },
  );
});

test("the other spelling of a valid signature is a defect", async () => {
  const seal = (kept.get("manifest.dsse.json") ?? "").toString();
  await writeFile(join(pristine, "manifest.dsse.json"), otherSpelling(seal));
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

/** For each defect, what provokes it. */
const PROVOKE: { readonly [Code in DefectCode]: () => Promise<Verification> } = {
  ...(Object.fromEntries(
    Object.entries(PROVOKING).map(([code, work]) => [code, async () => verifyPath(await copyAfter(work))]),
  ) as { readonly [Code in keyof typeof PROVOKING]: () => Promise<Verification> }),
  "signer-differs": () => verifyPath(pristine, { publicKeyPem: pemOf(OTHER_KEY.spki) }),
  async unreadable() {
    await writeFile(join(folder, "no.zip"), "no zip");
    return verifyPath(join(folder, "no.zip"));
  },
};

describe("every check and every code", () => {
  test.each(Object.entries(PROVOKE))(
    "%s is found, and fails its own check",
    { tags: ["long"] },
    async (code, provoke) => {
      const { checks, defects } = await provoke();
      expect(defects.map((defect) => defect.code)).toContain(code);
      const failed = checks.filter(({ state }) => state === "failed").map(({ id }) => id);
      expect(new Set(failed)).toEqual(new Set(defects.map((defect) => DEFECTS[defect.code].check)));
    },
  );

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
      "copies not-checked",
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
      "not checked  The key in the package is the one you gave. (nothing was given to compare it with)",
      "FAILED       Every file that the signature covers is there, unchanged.",
      "passed       Nothing else is in the package.",
      "FAILED       SHA256SUMS, manifest.json and the signature list the same files.",
      `not checked  ${CHECKS.form} (files are missing or were changed)`,
      `not checked  ${CHECKS.counts} (files are missing or were changed)`,
      `not checked  ${CHECKS.log} (files are missing or were changed)`,
      `not checked  ${CHECKS.copies} (files are missing or were changed)`,
      "",
      "scope.csv: was changed: its SHA-256 is not the sealed one (not-as-sealed)",
      "scope.csv: is not as manifest.json describes it (list-disagrees)",
      "2 defects found: do not rely on this package.",
    ]);
    expect(data).toMatchObject({ ok: false, ...(await verifyPath(place)) });
  });
});
