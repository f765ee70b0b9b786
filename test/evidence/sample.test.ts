/** Samples of packages: what the pages show, what is refused, and that nobody is needed but the auditor. */

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { contradictions } from "../independent/sample-pages.ts";
import { table, type Row } from "../independent/reading.ts";
import { run, type Ran } from "../cli/run.ts";
import { exportTo, ledgerWith } from "./fixture.ts";
import { sampledStory } from "./sampled-story.ts";

const PACKAGE = join(import.meta.dirname, "../golden/package");
const GOLDEN = join(import.meta.dirname, "../golden/sample");

let place: string;
let evidence: string;
let close: () => Promise<void>;
let changes: readonly Row[];
let nth = 0;

beforeAll(async () => {
  ({ place, evidence, close } = await sampledStory());
  changes = table(await readFile(join(evidence, "changes.csv"), "utf8"));
});
afterAll(() => close());

/** Runs the command into a new folder. */
async function sample(of: string, ...args: readonly string[]): Promise<Ran & { readonly out: string }> {
  nth += 1;
  const out = join(place, `sample-${nth}`);
  return { ...(await run(["sample", of, "--out", out, ...args])), out };
}

async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder)).toSorted();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
}

/** The page of the one change with this verdict. */
async function pageOf(out: string, verdict: string): Promise<string> {
  const id = changes.find((row) => row["verdict"] === verdict)?.["change_id"] ?? "";
  const files = await filesIn(out);
  const [, page = ""] = [...files].find(([name]) => name.includes(id.slice(0, 12))) ?? [];
  return page;
}

async function idsFile(...lines: readonly string[]): Promise<string> {
  nth += 1;
  const path = join(place, `ids-${nth}.txt`);
  await writeFile(path, lines.join("\r\n"));
  return path;
}

test("the sample of a small package is what was reviewed (UPDATE_GOLDEN=1 writes it anew)", async () => {
  const draw = ["--size", "2", "--seed", "fieldwork 7391", "--stratify", "verdict"];
  const { code, said, out } = await sample(PACKAGE, ...draw);
  expect(code, said).toBe(0);
  const files = await filesIn(out);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    await rm(GOLDEN, { recursive: true, force: true });
    await mkdir(GOLDEN, { recursive: true });
    for (const [name, text] of files) await writeFile(join(GOLDEN, name), text);
  }
  expect(files).toEqual(await filesIn(GOLDEN));
});

describe("a sample of everything in a week", () => {
  let out: string;

  beforeAll(async () => {
    const drawn = await sample(evidence, "--size", "25", "--seed", "s");
    expect(drawn.code, drawn.said).toBe(0);
    expect(drawn.printed).toContain("The size, 25, is larger than the population: all 4 are in the sample.");
    ({ out } = drawn);
  });

  test("has pages whose every fact is in the tables and the log, and that lack none of theirs", () => {
    expect(contradictions(out, evidence, "changes")).toEqual([]);
  });

  test("would be caught by that reader if a page said otherwise", async () => {
    const lies: readonly (readonly [RegExp, string])[] = [
      [/dan#/gu, "bob#"],
      [/>non-compliant</gu, ">compliant<"],
      [/the shop is down/gu, "nothing happened"],
      [/Stops the leak/gu, "Stops a leak"],
      [/earlier version/gu, "version"],
      [/no-pull-request/gu, "satisfied"],
      [/(<p[^>]*>[0-9a-f]{63})[0-9a-f](?=<\/p>)/gu, "$1g"],
      [/<tr id="entry-\d+">/u, "<tr>"],
    ];
    for (const [index, [was, is]] of lies.entries()) {
      const lied = join(place, `lied-${index}`);
      await cp(out, lied, { recursive: true });
      for (const [name, text] of await filesIn(out)) await writeFile(join(lied, name), text.replace(was, is));
      expect(contradictions(lied, evidence, "changes"), String(was)).not.toEqual([]);
    }
  });

  test("shows what a change says of itself, and where that is not known", async () => {
    expect(await pageOf(out, "emergency")).toContain("<p>&lt;b&gt;Risk&lt;/b&gt;: low</p>");
    expect(await pageOf(out, "unverifiable")).toContain("not known: it was edited after the merge");
    expect(await pageOf(out, "non-compliant")).toContain("The log holds no description");
  });

  test("shows who approved with what authority, and why another approval did not count", async () => {
    const page = await pageOf(out, "compliant");
    expect(page).toContain("acme/core");
    expect(page).toContain("bob approved an earlier version; the content changed afterwards");
    expect(page).toMatch(/<a href="http[^"]*\/pull\/1">/u);
  });

  test("shows an emergency with its reason, authoriser and retroactive review", async () => {
    const page = await pageOf(out, "emergency");
    for (const text of ["the shop is down", "Authorised by", "cat#", "Retroactive review", "read it twice"])
      expect(page).toContain(text);
  });

  test("shows of a direct push its deviation with remediation, and that its authors are not known", async () => {
    const page = await pageOf(out, "non-compliant");
    for (const text of ["DEV-", "nobody was awake", "2026-09-01", "who wrote the commits is not known"])
      expect(page).toContain(text);
  });

  test("shows what could not be tested as such", async () => {
    expect(await pageOf(out, "unverifiable")).toMatch(
      /Controls that could not be tested[\s\S]*?record-linked/u,
    );
  });

  test("has pages without a script or anything from outside, and escapes whatever people wrote", async () => {
    for (const [name, page] of await filesIn(out)) {
      if (name === "selection.csv") continue;
      expect(page, name).toContain("default-src 'none'");
      expect(page, name).not.toMatch(
        /<script|<img|<iframe|<link|<b>|onerror=[^&]*>|src=["']|@import|url\(|javascript:/u,
      );
      const links = [...page.matchAll(/<a (?<rest>[^>]*)>/gu)].map(({ groups }) => groups?.["rest"] ?? "");
      expect(
        links.filter((link) => !/^href="(?:https?:\/\/|#|[\w-]+\.html)/u.test(link)),
        name,
      ).toEqual([]);
    }
  });

  test("leads from page to page and back to the index", async () => {
    const files = await filesIn(out);
    for (const [name, page] of files)
      for (const [, to = "", anchor = ""] of page.matchAll(/<a href="([\w-]*\.html)?(?:#([\w-]+))?"/gu)) {
        const target = to === "" ? page : files.get(to);
        expect(target, `${name} leads to ${to}`).toBeDefined();
        if (anchor !== "") expect(target, `${name} leads to ${to}#${anchor}`).toContain(`id="${anchor}"`);
      }
  });

  test("has the same bytes when drawn again, from the zip, under another time zone and with settings that lead nowhere", async () => {
    const again = join(place, "again");
    const env = { DATABASE_URL: "postgres://127.0.0.1:1/none", TZ: "Asia/Kathmandu", APP_ID: "nobody" };
    const args = ["sample", `${evidence}.zip`, "--size", "25", "--seed", "s", "--out", again];
    expect((await run(args, env)).code).toBe(0);
    expect(await filesIn(again)).toEqual(await filesIn(out));
  });
});

test("deployments are sampled as changes are, with the changes they deployed", async () => {
  const { code, out } = await sample(evidence, "--of", "deployments", "--size", "9", "--seed", "s");
  expect(code).toBe(0);
  expect(contradictions(out, evidence, "deployments")).toEqual([]);
});

describe("a choice by ids", () => {
  test("keeps their order, takes repeated ones once and reports that", { tags: ["long"] }, async () => {
    const [a = "", b = ""] = changes.map((row) => row["change_id"] ?? "");
    const { code, printed, out } = await sample(evidence, "--ids", await idsFile(`\uFEFF${b}`, a, "", b));
    expect(code).toBe(0);
    expect(printed).toContain(`line 4: ${b} is on line 1 already; it is taken once`);
    const selection = table(await readFile(join(out, "selection.csv"), "utf8"));
    expect(selection.map(({ rank, id, digest }) => [rank, id, digest])).toEqual([
      ["1", b, ""],
      ["2", a, ""],
    ]);
  });

  test("of something else is refused with every line that is wrong, and nothing is written", async () => {
    const [deployment] = table(await readFile(join(evidence, "deployments.csv"), "utf8"));
    const id = deployment?.["deployment_id"] ?? "";
    const unknown = await sample(evidence, "--ids", await idsFile("0".repeat(64), id));
    expect(unknown.code).toBe(1);
    expect(unknown.printed.split("\n")).toEqual([
      `line 1: ${"0".repeat(64)} is not in changes.csv`,
      `line 2: ${id} is not in changes.csv; deployments.csv has it: give --of deployments`,
      "2 problems: no sample was drawn.",
    ]);
    const malformed = await sample(evidence, "--ids", await idsFile("change_id", id), "--json");
    expect([malformed.code, JSON.parse(malformed.printed)]).toMatchObject([1, { ok: false }]);
    expect((await readdir(place)).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

test("a package with one byte changed is refused with its defects, and no page is written", async () => {
  const altered = join(place, "altered");
  await cp(evidence, altered, { recursive: true });
  const path = join(altered, "changes.csv");
  await writeFile(path, (await readFile(path, "utf8")).replace("non-compliant", "compliant"));
  const { code, printed, out } = await sample(altered, "--size", "2", "--seed", "s");
  expect(code).toBe(1);
  expect(printed).toContain("changes.csv: was changed: its SHA-256 is not the sealed one (not-as-sealed)");
  await expect(readdir(out)).rejects.toThrow("ENOENT");
});

test("an empty population has an index that reports it", { tags: ["long"] }, async () => {
  const empty = await ledgerWith([]);
  try {
    const package_ = join(empty.folder, "empty");
    await exportTo(empty.ledger, package_);
    const { code, out } = await sample(package_, "--size", "5", "--seed", "s", "--stratify", "verdict");
    expect(code).toBe(0);
    expect(await readFile(join(out, "index.html"), "utf8")).toContain("The population is empty");
  } finally {
    await empty.close();
  }
});

test("strata that give nothing are named", { tags: ["long"] }, async () => {
  const { code, printed, out } = await sample(
    evidence,
    "--size",
    "2",
    "--seed",
    "s",
    "--stratify",
    "repository,verdict",
  );
  expect(code).toBe(0);
  expect(printed).toContain(
    "There are 4 strata and the size is 2: 2 of them give no change: acme/web, non-compliant; acme/web, unverifiable.",
  );
  expect(await readFile(join(out, "index.html"), "utf8")).toContain("acme/web, unverifiable");
});

test.each([
  [["--size", "5"], "Give --size and --seed"],
  [["--seed", "s"], "Give --size and --seed"],
  [[], "Give --size and --seed"],
  [["--size", "0", "--seed", "s"], "not a number above 0"],
  [["--size", "5", "--seed", " s"], "begins or ends with a space"],
  [["--size", "5", "--seed", "s", "--of", "people"], "write changes or deployments"],
  [["--size", "5", "--seed", "s", "--stratify", "author"], 'names "author"'],
  [["--size", "5", "--seed", "s", "--ids", "x"], "not both"],
  [["--ids", "/nowhere/ids.txt"], "cannot be read"],
])("%j is wrong use: %s", async (args, says) => {
  const { code, said } = await sample(evidence, ...args);
  expect(code, said).toBe(2);
  expect(said).toContain(says);
});

test("an output folder that is there, or inside the package, is refused", async () => {
  const there = await run(["sample", evidence, "--size", "1", "--seed", "s", "--out", place]);
  expect([there.code, there.said]).toEqual([2, expect.stringContaining("is there already")]);
  const inside = await run([
    "sample",
    evidence,
    "--size",
    "1",
    "--seed",
    "s",
    "--out",
    join(evidence, "log", "sample"),
  ]);
  expect([inside.code, inside.said]).toEqual([2, expect.stringContaining("is inside the package")]);
  const nothing = await mkdtemp(join(tmpdir(), "countersign-no-package-"));
  const missing = await run(["sample", nothing, "--size", "1", "--seed", "s", "--out", join(place, "none")]);
  expect([missing.code, missing.said]).toEqual([2, expect.stringContaining("is not an evidence package")]);
  await rm(nothing, { recursive: true });
});
