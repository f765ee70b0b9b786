/** The package as exported: reviewed as text, the same bytes for the same inputs, never half there. */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import { CsvRows } from "../../src/domain/evidence/tables/read-csv.ts";
import { isObject } from "../../src/domain/evidence/seal.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { exportTo, ledgerWith, smallLog } from "./fixture.ts";

const GOLDEN = join(import.meta.dirname, "../golden/package");

let ledger: Ledger;
let folder: string;
let close: () => Promise<void>;
let one: string;

beforeAll(async () => {
  ({ ledger, folder, close } = await ledgerWith(smallLog()));
  one = join(folder, "one");
  await exportTo(ledger, one, { zip: true });
});

afterAll(() => close());

async function filesOf(place: string): Promise<readonly string[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(place.length + 1))
    .toSorted();
}

function rowsOf(csv: string): readonly Readonly<Record<string, string>>[] {
  const [header = [], ...rows] = new CsvRows().push(csv);
  return rows.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ""])));
}

async function table(path: string): Promise<readonly Readonly<Record<string, string>>[]> {
  return rowsOf(await readFile(join(one, path), "utf8"));
}

describe("the package of a small log", () => {
  test("is what was reviewed, file by file (UPDATE_GOLDEN=1 writes it anew)", async () => {
    const names = await filesOf(one);
    if (process.env["UPDATE_GOLDEN"] === "1") {
      await rm(GOLDEN, { recursive: true, force: true });
      for (const name of names) {
        await mkdir(join(GOLDEN, name, ".."), { recursive: true });
        await writeFile(join(GOLDEN, name), await readFile(join(one, name)));
      }
    }
    expect(await filesOf(GOLDEN)).toEqual(names);
    for (const name of names) {
      const [made, reviewed] = [await readFile(join(one, name)), await readFile(join(GOLDEN, name))];
      if (!/\.(?:xlsx|pdf)$/u.test(name)) expect(made.toString(), name).toBe(reviewed.toString());
      else expect(made.equals(reviewed), name).toBe(true);
    }
  });

  test("has the same bytes when made again, folder and zip, also under another time zone", async () => {
    const zone = process.env["TZ"];
    process.env["TZ"] = "Asia/Kathmandu";
    try {
      await exportTo(ledger, join(folder, "two"), { zip: true });
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
    for (const name of await filesOf(one))
      expect(await readFile(join(folder, "two", name)), name).toEqual(await readFile(join(one, name)));
    expect(await readFile(`${join(folder, "two")}.zip`)).toEqual(await readFile(`${one}.zip`));
  });

  test("holds every change of the half-open period once, of this organisation only", async () => {
    const numbers = (await table("ref-updates.csv")).map((row) => row["activity_id"]);
    expect((await table("changes.csv")).length).toBe(6);
    expect(numbers).toEqual(["9001", "9002", "9003", "9004", "9005", "9006"]);
  });

  test("names for each change its first deployment and its deviations", async () => {
    const rows = new Map((await table("changes.csv")).map((row) => [row["activity_id"], row]));
    expect(rows.get("9002")?.["first_production_deployment_at"]).toBe("2026-07-20T10:00:00Z");
    expect(rows.get("9005")?.["first_production_deployment_at"]).toBe("2026-09-02T11:00:00Z");
    expect(rows.get("9006")?.["first_production_deployment_id"]).toBe("");
    const [deviation] = await table("deviations.csv");
    expect(rows.get("9004")?.["deviation_id"]).toBe(deviation?.["deviation_id"]);
  });

  test("says first what the policy does not ask for, and which months nobody signed off", async () => {
    const manifest = JSON.parse(await readFile(join(one, "manifest.json"), "utf8")) as {
      known_limitations: readonly string[];
    };
    expect(manifest.known_limitations[0]).toContain("The policy does not require approved-by-owners");
    expect(manifest.known_limitations.join()).not.toContain("No control was signed off");
    const asked = new Map(
      (await table("controls.csv")).map((row) => [row["control"], row["asked_by_policies"]]),
    );
    expect(asked.get("checks-passed")).toBe("0");
    expect(asked.get("independently-approved")).toBe("1");
  });

  test("keeps formulas and scripts of titles harmless", async () => {
    const row = (await table("changes.csv")).find((each) => each["pull_request"] === "2");
    expect(row?.["pull_request_title"]).toMatch(/^'=HYPERLINK/u);
    const page = await readFile(join(one, "START-HERE.html"), "utf8");
    expect(page).not.toContain("<b>GitHub's</b>");
    expect(page).toContain("&lt;b&gt;GitHub&#39;s&lt;/b&gt;");
    expect(page).not.toMatch(/<script|src=|@import|url\(/u);
  });

  test("says how a browser checks it, for whoever has no terminal", async () => {
    const page = (await readFile(join(one, "START-HERE.html"), "utf8")).replaceAll(/\s+/gu, " ");
    expect(page).toContain("open <code>verify.html</code> of the release of countersign");
    expect(page).toContain("Take it from the release, never from a package");
  });

  test("has rows and documents that its own schemas accept", async () => {
    const ajv = new Ajv2020({ strict: false });
    const schemaOf = async (path: string): Promise<Record<string, unknown>> => {
      const value: unknown = JSON.parse(
        await readFile(join(one, "schemas", `${path.replaceAll("/", "-")}.schema.json`), "utf8"),
      );
      if (!isObject(value)) throw new Error("a schema is an object");
      return value;
    };
    for (const { path } of TABLE_FORMS) {
      const check = ajv.compile(await schemaOf(path));
      for (const row of await table(path)) expect(check(row) || check.errors, path).toBe(true);
    }
    for (const path of ["manifest.json", "summary.json", "completeness.json", "log/head.json"]) {
      const check = ajv.compile(await schemaOf(path));
      const value: unknown = JSON.parse(await readFile(join(one, path), "utf8"));
      expect(check(value) || check.errors, path).toBe(true);
    }
  });

  test("verifies without a defect, as folder and as zip", async () => {
    expect((await verifyPath(one)).defects).toEqual([]);
    expect((await verifyPath(`${one}.zip`)).defects).toEqual([]);
  });
});

test("an export that fails half-way leaves nothing behind", async () => {
  const broken: Parameters<typeof exportTo>[0] = {
    states: (kind, filter) => ledger.states(kind, filter),
    log: () => {
      throw new Error("the disk is gone");
    },
    history: (about) => ledger.history(about),
    head: () => ledger.head(),
    presence: () => ledger.presence(),
    asOf: (size) => ledger.asOf(size),
  };
  await expect(exportTo(broken, join(folder, "half"))).rejects.toThrow("the disk is gone");
  expect((await readdir(folder)).filter((name) => name.includes("half"))).toEqual([]);
});

test("an export never writes over a package that is there", async () => {
  await expect(exportTo(ledger, one)).rejects.toThrow("is there already");
});

test("a period in which nothing happened is exported and verified like any other", async () => {
  const empty = await ledgerWith([]);
  try {
    const place = join(empty.folder, "empty");
    const exported = await exportTo(empty.ledger, place, { zip: true });
    expect(exported.populations).toEqual({ changes: 0, deployments: 0, ref_updates: 0 });
    expect((await verifyPath(place)).defects).toEqual([]);
    expect((await verifyPath(`${place}.zip`)).defects).toEqual([]);
  } finally {
    await empty.close();
  }
});
