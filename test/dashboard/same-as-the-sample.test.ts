/** The law of the pages of one change or deployment: made of the log itself, they say what the pages of a package say. */

import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import { entriesAbout } from "../../src/dashboard/page/item.ts";
import { CountedAnswers } from "../../src/start/counted-answers.ts";
import { OrganizationRecords } from "../../src/dashboard/page/organization.ts";
import { VisibleRecords } from "../../src/dashboard/page/records.ts";
import { changePage } from "../../src/domain/evidence/sample/change-page.ts";
import { POPULATIONS, type PopulationName } from "../../src/domain/evidence/sample/choice.ts";
import { deploymentPage } from "../../src/domain/evidence/sample/deployment-page.ts";
import { logPage, notCounted } from "../../src/domain/evidence/sample/log-source.ts";
import { materialOf, type Material, type MaterialRow } from "../../src/domain/evidence/sample/material.ts";
import type { SamplePage } from "../../src/domain/evidence/sample/page.ts";
import { packageSource, type SampleSource } from "../../src/domain/evidence/sample/rows.ts";
import { OF_LOG, OF_PACKAGE, type SourceWords } from "../../src/domain/evidence/sample/source-words.ts";
import type { EntryKind } from "../../src/domain/records/entry.ts";
import { readObservedTime } from "../../src/flows/records/observation-coverage.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { exportTo } from "../evidence/fixture.ts";
import { sample } from "../support/effort.ts";
import { openHarness } from "../support/harness.ts";
import { story, storyNames } from "../support/scenarios.ts";

/** Stories in which a page has every section: each kind of emergency, deviation, deployment, exemption and policy. */
const TOLD = [
  "b27-queue-group",
  "b46-rollback-to-refused",
  "b63-evidence-decays",
  "deployment-of-deviation",
  "deviation-design-closed",
  "deviation-life",
  "deviation-one-cause",
  "deviation-under-disabled-rule",
  "emergency-deployment-gate",
  "emergency-in-a-group",
  "emergency-whole-life",
  "exemption-deployment",
  "github-hides-one",
  "standard-change",
];

/** Those of them that `npm test` plays. */
const IN_EACH_RUN = ["deviation-life", "emergency-deployment-gate"];

/** The kinds of entries without which some page is another. */
const NEEDED = new Set<EntryKind>();

const CONTEXT = { web: "https://github.com", companyIds: new Map<string, string>() };
const EVER = { name: "ever", from: Date.parse("2020-01-01"), to: Date.parse("2040-01-01") };

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "countersign-pages-"));
});
afterAll(() => rm(place, { recursive: true, force: true }));

function packageAt(folder: string): SampleSource {
  return packageSource({
    async *text(path) {
      const file = join(folder, path);
      if (existsSync(file)) for await (const piece of createReadStream(file, "utf8")) yield String(piece);
    },
    async *sorted(lines) {
      const all: string[] = [];
      for await (const line of lines) all.push(line);
      yield* all.toSorted();
    },
  });
}

/** What a page is made of, as it would be without a package: no numbers of rows, no files, nothing counted over a period. */
function withoutPackage({ rows, entries, ...material }: Material): Material {
  const plain = (row: MaterialRow): MaterialRow => {
    const uncounted = notCounted(row.path, (name) => row.cells[name] ?? "");
    const cells = Object.entries(row.cells).filter(([name]) => !uncounted.includes(name));
    return { ...row, number: null, cells: Object.fromEntries(cells) };
  };
  return {
    ...material,
    rows: new Map([...rows].map(([path, all]) => [path, all.map(plain)])),
    entries: entries.map((entry) => ({ ...entry, file: null })),
  };
}

function pageOf(material: Material, of: PopulationName, words: SourceWords): SamplePage {
  const row = material.rows.get(POPULATIONS[of].path)?.[0];
  if (row === undefined) throw new Error(`no row of ${of}`);
  return (of === "changes" ? changePage : deploymentPage)(material, row, { ...CONTEXT, words });
}

/** Every item of a population, with the page a package has of it and the one that the log gives. */
async function* pages(ledger: Ledger, folder: string, of: PopulationName, now: number) {
  const source = packageAt(folder);
  const organization = { id: await organizationOf(ledger), login: "acme" };
  const records = new VisibleRecords(ledger, { organization, repositories: "all", role: "lead" });
  const counted = new CountedAnswers(ledger);
  const whole = new OrganizationRecords(ledger, counted, organization.id, now);
  const observedTime = await readObservedTime(ledger, organization.id, now);
  const ids: string[] = [];
  for await (const { cell } of source.rows(POPULATIONS[of].path)) ids.push(cell(POPULATIONS[of].id));
  const chosen = ids.map((id, index) => ({ rank: index + 1, digest: "", id, stratum: "all" }));
  for await (const material of materialOf(source, of, chosen)) {
    const { id } = material.item;
    const entries = await entriesAbout({ records, whole }, of, id);
    const item = { of, id, entries, organizationId: organization.id, generatedAt: now, observedTime };
    const page = await logPage(item, { ...CONTEXT, words: OF_LOG });
    // What no page needs is not looked up.
    for (const kind of new Set(entries.map((entry) => entry.kind))) {
      const without = { ...item, entries: entries.filter((entry) => entry.kind !== kind) };
      if (!isDeepStrictEqual(await logPage(without, { ...CONTEXT, words: OF_LOG }), page)) NEEDED.add(kind);
    }
    yield { material, page };
  }
}

async function organizationOf(ledger: Ledger): Promise<number> {
  for await (const { organizationId } of ledger.states("repository", { everyOrganization: true }))
    return organizationId;
  throw new Error("the log has no repository");
}

describe("of a story's log, every page", () => {
  const others = storyNames().filter((name) => !TOLD.includes(name));
  const sections = new Set<string>();

  const says = async (name: string): Promise<void> => {
    const scenario = story(name);
    const harness = await openHarness(scenario, "sqlite");
    try {
      const result = await playScenario(scenario, harness);
      const now = result.steps.at(-1)?.at ?? scenario.start;
      const ledger = await openLedger(harness.where);
      try {
        const organization = { id: await organizationOf(ledger), login: "acme" };
        const folder = join(place, name);
        await exportTo(ledger, folder, { organization, period: EVER, generatedAt: now });
        for (const each of ["changes", "deployments"] as const)
          for await (const { material, page } of pages(ledger, folder, each, now)) {
            expect(page).toEqual(pageOf(withoutPackage(material), each, OF_LOG));
            for (const { id, blocks } of page?.sections ?? []) if (blocks.length > 1) sections.add(id);
            expect(differences(material, each)).toEqual([]);
          }
      } finally {
        await ledger.close();
      }
    } finally {
      await harness.close();
    }
  };
  for (const name of [...TOLD, ...sample(others, 2)])
    test(
      `says what the sample of its package says: ${name}`,
      { tags: IN_EACH_RUN.includes(name) ? [] : ["long"] },
      () => says(name),
    );

  test(
    "has been compared where there was something to say, and is made of nothing that it does not need",
    { tags: ["long"] },
    () => {
      expect([...sections]).toEqual(
        expect.arrayContaining(["emergency", "deviations", "policy", "approvals"]),
      );
      expect([...NEEDED].toSorted()).toEqual([
        "change",
        "control-state",
        "coverage-gap",
        "deployment",
        "deviation",
        "emergency",
        "gate",
        "observation",
        "policy",
        "remediation",
        "retroactive-review",
        "source-gone",
      ]);
    },
  );
});

/** What a page of a package says otherwise than a page of the log, beside the words that name the package. */
function differences(material: Material, of: PopulationName): readonly string[] {
  const own = new Set(textsOf(pageOf(material, of, OF_LOG)));
  const texts = textsOf(pageOf(material, of, OF_PACKAGE)).filter((text) => !own.has(text));
  return texts.filter((text) => !NAMES_THE_PACKAGE.test(text));
}

const NAMES_THE_PACKAGE =
  /when the package was made|\.csv\b|policies\/[0-9a-f]{64}\.json|log\/entries\.jsonl|^The package holds|^Row$|^\d+$|^none was tested in it$|^not known$/u;

function textsOf(page: SamplePage): readonly string[] {
  return page.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => {
      if ("says" in block) return [block.says];
      if ("facts" in block)
        return block.facts.flatMap(({ label, pieces }) => [label, ...pieces.map(({ text }) => text)]);
      const cells = block.rows.flatMap((row) =>
        row.cells.flatMap((pieces) => pieces.map(({ text }) => text)),
      );
      return [block.caption, ...block.head, ...cells];
    }),
  );
}
