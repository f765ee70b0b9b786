/** The audit's pages: packages that were handed over, read, drawn from and downloaded, by whom they are for and nobody else. */

import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { unzipSync } from "fflate";
import { beforeEach, expect, onTestFinished, test } from "vitest";

import type { Access, Viewer } from "../../src/dashboard/page/access.ts";
import { readStrata } from "../../src/domain/evidence/sample/choice.ts";
import { completenessDocument, openPoints } from "../../src/domain/evidence/completeness.ts";
import { closePeriod, openPointsOf } from "../../src/flows/monitoring/close-period.ts";
import { readerOf } from "../../src/flows/monitoring/export-evidence.ts";
import { readObservedTime } from "../../src/flows/records/observation-coverage.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openPackage } from "../../src/package/folder.ts";
import { drawSample } from "../../src/package/sample/draw.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { zipOf } from "../../src/package/zip/writer.ts";
import { packagesIn } from "../../src/start/packages.ts";
import {
  GENERATED_AT,
  ledgerWith,
  MAKING,
  ORGANIZATION,
  PERIOD,
  smallLog,
  WEB,
} from "../evidence/fixture.ts";
import { pagesOf, type Ask } from "./browsing.ts";
import { firstInEachRun } from "../support/each-run.ts";

const AUDITOR: Viewer["person"] = {
  kind: "oidc",
  issuer: "https://login.example",
  subject: "a-1",
  email: "a@b.example",
};

let ledger: Ledger;
let shelf: string;
let seal: string;

beforeEach(async () => {
  const opened = await ledgerWith(smallLog());
  ({ ledger } = opened);
  shelf = await mkdtemp(join(tmpdir(), "countersign-audit-"));
  onTestFinished(async () => {
    await opened.close();
    await rm(shelf, { recursive: true, force: true });
  });
  await ledger.beat(GENERATED_AT);
  await writeFile(join(shelf, "notes.txt"), "no package");
  await mkdir(join(shelf, "empty"));
  const writer = await openPackage(join(shelf, "q3"), { zip: true });
  const how = { period: PERIOD, generatedAt: GENERATED_AT, reason: null, by: "carol" };
  const result = await closePeriod({ ...MAKING, ledger, writer, ...how });
  if (result.refused !== null) throw new Error(result.refused.join(" "));
  ({ seal } = result.exported);
});

/** The pages for someone who is this in the organisation. */
function pagesAs(
  role: Access["role"],
  {
    organization = ORGANIZATION,
    folder = shelf,
  }: { organization?: Access["organization"]; folder?: string | null } = {},
): Ask {
  const repositories = role === "member" ? new Set([WEB.id]) : "all";
  const viewer = { name: "someone", person: AUDITOR, sees: [{ organization, repositories, role }] } as const;
  return pagesOf(ledger, { viewer, packages: packagesIn(folder, ledger) }).ask;
}

async function textOf(ask: Ask, path: string, status = 200): Promise<string> {
  const answer = await ask(path);
  const text = await answer.text();
  expect([path, answer.status, text]).toEqual([path, status, text]);
  return text;
}

async function downloads(): Promise<readonly unknown[]> {
  const found = [];
  for await (const { body, organizationId } of ledger.states("package-download", { everyOrganization: true }))
    found.push({ organizationId, ...body });
  return found;
}

firstInEachRun(["auditor", "lead"] as const, (some, options) => {
  test.each(some)(
    "whoever is an %s finds the package, with its digests and how to verify it",
    options,
    async (role) => {
      const ask = pagesAs(role);
      const all = await textOf(ask, "/audit");
      expect(all).toContain(PERIOD.name);
      expect(all).toContain(`href="/audit/${seal}"`);
      expect(all).not.toContain("(not here)");
      const one = await textOf(ask, `/audit/${seal}`);
      expect(one.indexOf("completeness.csv")).toBeLessThan(one.indexOf("changes.csv"));
      expect(one).toContain('<h2 id="preview">completeness.csv</h2>');
      for (const text of [all, one]) {
        expect(text).toContain("countersign verify");
        expect(text).toMatch(/<code>[0-9a-f]{64}<\/code>/u);
      }
      const [header = ""] = (await readFile(join(shelf, "q3", "changes.csv"), "utf8")).split("\r\n");
      const changes = await textOf(ask, `/audit/${seal}?table=changes.csv`);
      for (const column of header.split(",")) expect(changes).toContain(`>${column}</th>`);
      expect(await textOf(ask, `/audit/${seal}?table=../../notes.txt`)).toContain("completeness.csv</h2>");
    },
  );
});

firstInEachRun(["folder", "zip"], (some, options) => {
  test.each(some)(
    "the download is the package as it was handed over, from a %s, and is recorded",
    options,
    async (from) => {
      const handed = await readFile(join(shelf, "q3.zip"));
      await (from === "zip" ? rm(join(shelf, "q3"), { recursive: true }) : rm(join(shelf, "q3.zip")));
      const answer = await pagesAs("auditor")(`/audit/${seal}/package.zip`);
      expect(answer.headers.get("content-type")).toBe("application/zip");
      expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="[\w.-]+\.zip"$/u);
      const bytes = Buffer.from(await answer.arrayBuffer());
      expect(bytes.equals(handed)).toBe(true);
      const got = join(shelf, "got.zip");
      await writeFile(got, bytes);
      expect((await verifyPath(got)).defects).toEqual([]);
      expect(await downloads()).toEqual([
        { organizationId: ORGANIZATION.id, period: PERIOD.name, seal, by: AUDITOR, at: GENERATED_AT },
      ]);
    },
  );
});

test("no page of it is there for members, and none leads there", async () => {
  const ask = pagesAs("member");
  expect(await textOf(ask, "/changes")).not.toContain('href="/audit"');
  expect(await textOf(pagesAs("auditor"), "/changes")).toContain('href="/audit"');
  for (const path of [
    "/audit",
    `/audit/${seal}`,
    `/audit/${seal}?table=changes.csv`,
    `/audit/${seal}/package.zip`,
  ])
    expect(await textOf(ask, path, 404)).toContain("There is no page at this address.");
  expect(await downloads()).toEqual([]);
});

test("an auditor of another organisation is shown nothing of it, whatever the address names", async () => {
  const ask = pagesAs("auditor", { organization: { id: 501, login: "globex" } });
  expect(await textOf(ask, "/audit")).not.toContain(seal);
  for (const path of [`/audit/${seal}`, `/audit/${seal}/package.zip`, `/audit/${seal}?size=1&seed=x`])
    expect(await textOf(ask, path, 404)).toContain(
      "No package with this digest was handed over in this organisation",
    );
  await textOf(ask, `/audit/${seal}?org=acme`, 404);
  expect(await downloads()).toEqual([]);
});

test("what is not proven of a period is read without its changes, however many there are", async () => {
  const kinds = new Set<string>();
  const noting: Pick<Ledger, "history" | "log" | "presence" | "states"> = {
    history: (about) => ledger.history(about),
    log: (filter) => ledger.log(filter),
    presence: () => ledger.presence(),
    states: (kind, filter) => {
      kinds.add(kind);
      return ledger.states(kind, filter);
    },
  };
  const asked = { organizationId: ORGANIZATION.id, period: PERIOD, at: GENERATED_AT };
  const found = await openPointsOf(noting, asked);
  expect(kinds).toContain("completeness");
  expect(kinds).not.toContain("change");
  const observedTime = await readObservedTime(ledger, ORGANIZATION.id, GENERATED_AT, true);
  const source = { ...readerOf(ledger), ...asked, observedTime, generatedAt: GENERATED_AT };
  expect(found).toEqual(openPoints(await completenessDocument(source), source));
});

test("a period that is not closed is previewed, saying first that it is not, and what is not proven of it", async () => {
  const ask = pagesAs("auditor");
  const all = await textOf(ask, "/audit");
  expect(all).toContain('href="/audit/preview"');
  const text = (await textOf(ask, "/audit/preview?from=2026-07-01&to=2026-08-31")).replaceAll(/\s+/gu, " ");
  const main = text.slice(text.indexOf("</h1>"));
  expect(main.indexOf("This period is not closed.")).toBeLessThan(main.indexOf("<h2"));
  expect(main.indexOf('id="unproven"')).toBeLessThan(main.indexOf('id="populations"'));
  expect(main).toContain(`<a href="/audit/${seal}">${PERIOD.name}</a>`);
  const later = await textOf(ask, "/audit/preview?from=2026-10-01&to=2026-10-31");
  expect(later).toMatch(/id="unproven"[^]*is not over: it ends on 2026-11-01/u);
  const closed = await textOf(ask, "/audit/preview?from=2026-07-01&to=2026-09-30");
  expect(closed).toContain("This period is closed.");
  // The words of what is not proven are those that closing would give.
  const writer = await openPackage(join(shelf, "again"));
  const period = {
    name: "2026-10-01 to 2026-10-31",
    from: PERIOD.to,
    to: Date.parse("2026-11-01T00:00:00Z"),
  };
  const how = { period, generatedAt: GENERATED_AT, reason: null, by: "carol" };
  const { refused } = await closePeriod({ ...MAKING, ledger, writer, ...how });
  for (const each of refused?.slice(0, -1) ?? [])
    expect(later.replaceAll("&#39;", "'"), each).toContain(each);
  expect(refused?.length).toBeGreaterThan(1);
  await textOf(pagesAs("member"), "/audit/preview", 404);
});

test("what is not here is named as such, with where to ask", async () => {
  const nowhere = pagesAs("auditor", { folder: null });
  for (const path of ["/audit", `/audit/${seal}`])
    expect(await textOf(nowhere, path)).toContain("is given no folder with packages (COUNTERSIGN_PACKAGES)");
  await textOf(nowhere, `/audit/${seal}/package.zip`, 404);
  await rm(join(shelf, "q3.zip"));
  await rename(join(shelf, "q3"), join(shelf, "empty", "q3"));
  const ask = pagesAs("auditor");
  expect(await textOf(ask, "/audit")).toContain("(not here)");
  expect(await textOf(ask, `/audit/${seal}`)).toContain("has no package with this digest");
  await textOf(ask, `/audit/${seal}/package.zip`, 404);
  expect(await downloads()).toEqual([]);
  const gone = pagesAs("auditor", { folder: join(shelf, "nowhere") });
  expect(await textOf(gone, "/audit")).toContain("(not here)");
});

firstInEachRun(["changes", "deployments"] as const, (some, options) => {
  test.each(some)("a sample of %s is the one that `countersign sample` draws", options, async (of) => {
    const how = { size: 3, seed: "fieldwork 7391" };
    const path = join(shelf, "q3.zip");
    const { sample } = await drawSample(path, {
      of,
      how: { ...how, stratify: [] },
      out: join(shelf, "sample"),
      verification: await verifyPath(path),
    });
    const text = await textOf(pagesAs("auditor"), `/audit/${seal}?of=${of}&size=3&seed=fieldwork+7391`);
    const chosen = [...text.matchAll(new RegExp(`href="/${of}/([0-9a-f]{64})"`, "gu"))].map(([, id]) => id);
    expect(chosen).toEqual(sample.chosen.map(({ id }) => id));
    expect(chosen.length).toBeGreaterThan(0);
  });
});

test.each([
  ["changes", "zip"],
  ["deployments", "folder"],
] as const)(
  "the pages of a sample of %s are those that `countersign sample` writes from the %s, and each download is recorded",
  { tags: ["long"] },
  async (of, from) => {
    await (from === "zip" ? rm(join(shelf, "q3"), { recursive: true }) : rm(join(shelf, "q3.zip")));
    const path = join(shelf, from === "zip" ? "q3.zip" : "q3");
    const how = { of, size: 2, seed: "fieldwork 7391", stratify: [] };
    const out = join(shelf, "sample");
    await drawSample(path, { of, how, out, verification: await verifyPath(path) });
    const ask = pagesAs("auditor");
    const text = await textOf(ask, `/audit/${seal}?of=${of}&size=2&seed=fieldwork+7391`);
    const linkTo = (file: string): string =>
      new RegExp(`href="([^"]*${file}[^"]*)"`, "u").exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(await textOf(ask, linkTo("sample.csv"))).toBe(await readFile(join(out, "selection.csv"), "utf8"));
    const answer = await ask(linkTo("sample.zip"));
    expect(answer.headers.get("content-type")).toBe("application/zip");
    const members = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    expect(Object.keys(members).toSorted()).toEqual((await readdir(out)).toSorted());
    expect(Object.keys(members).length).toBeGreaterThan(3);
    for (const [name, bytes] of Object.entries(members))
      expect(Buffer.from(bytes).equals(await readFile(join(out, name))), name).toBe(true);
    const sent = {
      organizationId: ORGANIZATION.id,
      period: PERIOD.name,
      seal,
      by: AUDITOR,
      at: GENERATED_AT,
    };
    expect(await downloads()).toEqual(
      expect.arrayContaining([
        { ...sent, sample: { ...how, as: "csv" } },
        { ...sent, sample: { ...how, as: "pages" } },
      ]),
    );
    expect(await downloads()).toHaveLength(2);
    await textOf(pagesAs("member"), linkTo("sample.zip"), 404);
  },
);

test("no pages are made of a package that was changed where it lies, and no download is recorded", async () => {
  await rm(join(shelf, "q3.zip"));
  await appendFile(join(shelf, "q3", "deployments.csv"), "forged\r\n");
  const answer = await pagesAs("auditor")(`/audit/${seal}/sample.zip?of=changes&size=1&seed=a`);
  await expect(answer.arrayBuffer()).rejects.toThrow("is not as it was sealed");
  expect(await downloads()).toEqual([]);
});

test.each(["repository", "verdict", "repository,verdict"] as const)(
  "a sample in strata of %s is the one of the command, as rows and as a file",
  { tags: ["long"] },
  async (columns) => {
    const { strata: stratify } = readStrata(columns);
    const path = join(shelf, "q3.zip");
    const { sample } = await drawSample(path, {
      of: "changes",
      how: { size: 4, seed: "7391", stratify },
      out: join(shelf, "sample"),
      verification: await verifyPath(path),
    });
    const query = `of=changes&size=4&seed=7391&stratify=${encodeURIComponent(columns)}`;
    const text = await textOf(pagesAs("auditor"), `/audit/${seal}?${query}`);
    for (const { name, population, chosen } of sample.strata)
      expect(text.replaceAll(/\s*<[^>]*>\s*/gu, "|")).toMatch(
        new RegExp(`\\|${name}\\|+${population}\\|+${chosen}\\|`, "u"),
      );
    const link = /href="([^"]*sample\.csv[^"]*)"/u.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(await textOf(pagesAs("auditor"), link)).toBe(
      await readFile(join(shelf, "sample", "selection.csv"), "utf8"),
    );
    await textOf(pagesAs("member"), link, 404);
  },
);

test.each([
  "size=3&seed=a&stratify=owner",
  "size=3&seed=a&stratify=,",
  "size=0&seed=a",
  "size=201&seed=a",
  "size=1e2&seed=a",
  "size=3&seed=",
  "size=3&seed=+a",
  "size=3&seed=%E2%80%AEa",
])("no sample is drawn by %s", { tags: ["long"] }, async (query) => {
  const answer = await pagesAs("auditor")(`/audit/${seal}?${query}`);
  expect(answer.status).toBe(400);
});

test("a file that was changed where it lies is shown by none of its rows and drawn from by nobody", async () => {
  await rm(join(shelf, "q3.zip"));
  await appendFile(join(shelf, "q3", "changes.csv"), "forged\r\n");
  const ask = pagesAs("auditor");
  for (const query of ["table=changes.csv", "size=3&seed=a"])
    expect(await textOf(ask, `/audit/${seal}?${query}`)).toContain("is not the one that was sealed");
  expect(await textOf(ask, `/audit/${seal}?table=deployments.csv`)).not.toContain(
    "is not the one that was sealed",
  );
  await appendFile(join(shelf, "q3", "manifest.json"), " ");
  expect(await textOf(ask, `/audit/${seal}`)).toContain("has no package with this digest");
});

test.each([
  ["a file with one byte more", (folder: string) => appendFile(join(folder, "deployments.csv"), " ")],
  ["a file that was replaced by one as long", (folder: string) => replaced(join(folder, "deployments.csv"))],
  ["a file that is missing", (folder: string) => rm(join(folder, "deployments.csv"))],
  ["a file that was put there", (folder: string) => writeFile(join(folder, "notes.txt"), "x")],
  [
    "the seal's bundle with another byte",
    (folder: string) => replaced(join(folder, "manifest.sigstore.json")),
  ],
])(
  "a package with %s is not sent whole, from a folder or a zip, and why is logged",
  { tags: ["long"] },
  async (_, damage) => {
    await damage(join(shelf, "q3"));
    const zipped = join(shelf, "damaged.zip");
    const names = (await readdir(join(shelf, "q3"), { recursive: true, withFileTypes: true }))
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name));
    const members = await Promise.all(
      names.map(async (path) => {
        const bytes = await readFile(path);
        const open = (): Promise<Readable> => Promise.resolve(Readable.from([bytes]));
        return { path: relative(join(shelf, "q3"), path), bytes: bytes.length, open };
      }),
    );
    await writeFile(zipped, await buffer(zipOf(members)));
    await rm(join(shelf, "q3.zip"));
    for (const other of [zipped, join(shelf, "q3")]) {
      const logged: unknown[] = [];
      const sees = [{ organization: ORGANIZATION, repositories: "all", role: "auditor" }] as const;
      const pages = pagesOf(ledger, {
        viewer: { name: "someone", person: AUDITOR, sees },
        packages: packagesIn(shelf, ledger),
      });
      const answer = await pages.ask(`/audit/${seal}/package.zip`);
      await expect(answer.arrayBuffer()).rejects.toThrow("is not as it was sealed");
      logged.push(...pages.logged);
      expect(JSON.stringify(logged.map((each) => String((each as { readonly err: unknown }).err)))).toContain(
        "is not as it was sealed",
      );
      await rm(other, { recursive: true });
    }
  },
);

/** Changes the last byte of a file that is none of its line ends. */
async function replaced(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.length - 5;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** Each file of a package that is sent. */
const SENT = ["package.zip", "sample.csv?size=1&seed=a", "sample.zip?size=1&seed=a"];

firstInEachRun(SENT, (some, options) => {
  test.each(some)(
    "another site downloads no %s in an auditor's name, and what is only asked about is not recorded",
    options,
    async (file) => {
      const ask = pagesAs("auditor");
      const path = `/audit/${seal}/${file}`;
      for (const site of ["cross-site", "same-site"]) {
        const answer = await ask(path, { headers: { "sec-fetch-site": site, "sec-fetch-mode": "navigate" } });
        expect([answer.status, answer.headers.get("content-disposition")]).toEqual([403, null]);
      }
      const head = await ask(path, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      expect((await ask(path, { method: "POST" })).status).toBe(405);
      expect(await downloads()).toEqual([]);
      for (const site of ["same-origin", "none"]) {
        const answer = await ask(path, { headers: { "sec-fetch-site": site } });
        await answer.arrayBuffer();
      }
      expect(await downloads()).toHaveLength(2);
    },
  );
});

firstInEachRun(SENT, (some, options) => {
  test.each(some)("what cannot be recorded is not sent: %s", options, async (file) => {
    const packages = {
      ...packagesIn(shelf, ledger),
      noteDownload: () => Promise.reject(new Error("the database is down")),
    };
    const sees = [{ organization: ORGANIZATION, repositories: "all", role: "auditor" }] as const;
    const { ask } = pagesOf(ledger, { viewer: { name: "someone", person: AUDITOR, sees }, packages });
    const answer = await ask(`/audit/${seal}/${file}`);
    await expect(answer.arrayBuffer()).rejects.toThrow("the database is down");
  });
});

test("packages that nobody reads on hold up no page, and only so many are sent at once", async () => {
  const ask = pagesAs("auditor");
  const open = [];
  for (let n = 0; n < 2; n += 1) open.push(await ask(`/audit/${seal}/package.zip`));
  expect((await ask(`/audit/${seal}/package.zip`)).status).toBe(503);
  expect((await ask("/audit")).status).toBe(200);
  for (const { body } of open) await body?.cancel();
  expect((await ask(`/audit/${seal}/package.zip`)).status).toBe(200);
});
