import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";
import extractDepcruiseConfig from "dependency-cruiser/config-utl/extract-depcruise-config";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url).pathname;
const config = await extractDepcruiseConfig(join(ROOT, ".dependency-cruiser.mjs"));

type Tree = Readonly<Record<string, string>>;

/** One file for each room, each keeping to its walls. */
const CLEAN: Tree = {
  "package.json": JSON.stringify({
    dependencies: { zod: "*", kysely: "*", hono: "*", probot: "*", yazl: "*", pg: "*", commander: "*" },
    devDependencies: { vitest: "*" },
  }),
  "src/domain/change.ts": 'import { z } from "zod";\nexport const Change = z;\n',
  "src/github/facts.ts": 'import { Change } from "../domain/change.ts";\nexport const facts = Change;\n',
  "src/ledger/ledger.ts":
    'import { Kysely } from "kysely";\nimport type { Change } from "../domain/change.ts";\nexport type Ledger = [typeof Change, Kysely];\n',
  "src/pages/table.ts": 'import { Change } from "../domain/change.ts";\nexport const table = Change;\n',
  "src/package/read.ts": 'import { table } from "../pages/table.ts";\nexport const read = table;\n',
  "src/flows/ports.ts": 'import type { Ledger } from "../ledger/ledger.ts";\nexport type Tools = Ledger;\n',
  "src/dashboard/pages.ts":
    'import type { Ledger } from "../ledger/ledger.ts";\nimport { table } from "../pages/table.ts";\nexport type Page = [Ledger, typeof table];\n',
  "src/settings.ts": 'import { z } from "zod";\nexport const settings = z;\n',
  "src/server.ts":
    'import type { Page } from "./dashboard/pages.ts";\nimport { settings } from "./settings.ts";\nexport type Server = [Page, typeof settings];\n',
  "src/main.ts":
    'import { facts } from "./github/facts.ts";\nimport type { Server } from "./server.ts";\nexport const main = facts as unknown as Server;\n',
  "src/cli/terminal/answer.ts":
    'import { Change } from "../../domain/change.ts";\nexport const answer = Change;\n',
  "src/cli/serve.ts": 'import { main } from "../main.ts";\nexport const serve = main;\n',
  "src/cli/verify.ts":
    'import { read } from "../package/read.ts";\nimport { answer } from "./terminal/answer.ts";\nexport const verify = [read, answer];\n',
  "src/cli/evidence/sample.ts": 'import { verify } from "../verify.ts";\nexport const sample = verify;\n',
  "src/package/zip.ts": 'import { Change } from "../domain/change.ts";\nexport const zip = Change;\n',
  "src/verify-page/main.ts": 'import { zip } from "../package/zip.ts";\nexport const page = zip;\n',
  "src/cli/main.ts":
    'import type { Tools } from "../flows/ports.ts";\nimport { settings } from "../settings.ts";\nimport { verify } from "./verify.ts";\nexport type All = [Tools, typeof settings, typeof verify];\n',
  "test/change.test.ts": 'import { Change } from "../src/domain/change.ts";\nChange.toString();\n',
};

const FOLDERS = "no-folder-cycles";

const PACKAGES = ["zod", "kysely", "hono", "probot", "yazl", "pg", "commander", "vitest"];

/** For each rule, files that break it; every other rule must stay silent. */
const BREACHES: Readonly<Record<string, readonly Tree[]>> = {
  "domain-walls": [
    uses("src/domain/bad.ts", "../github/facts.ts", { type: true }),
    uses("src/domain/bad.ts", "../settings.ts"),
  ],
  "domain-packages": [uses("src/domain/bad.ts", "probot"), uses("src/domain/bad.ts", "kysely")],
  "domain-pure": [
    uses("src/domain/bad.ts", "node:fs"),
    uses("src/domain/bad.ts", "node:crypto", { lazy: true }),
  ],
  "github-walls": [
    uses("src/github/bad.ts", "../ledger/ledger.ts"),
    uses("src/github/bad.ts", "../flows/ports.ts"),
  ],
  "github-packages": [uses("src/github/bad.ts", "kysely")],
  "ledger-walls": [
    uses("src/ledger/bad.ts", "../github/facts.ts"),
    uses("src/ledger/bad.ts", "../flows/ports.ts", { lazy: true }),
  ],
  "ledger-packages": [uses("src/ledger/bad.ts", "probot")],
  "package-walls": [
    uses("src/package/bad.ts", "../ledger/ledger.ts"),
    uses("src/package/bad.ts", "../github/facts.ts"),
  ],
  "package-packages": [uses("src/package/bad.ts", "pg")],
  "pages-walls": [
    uses("src/pages/bad.ts", "../ledger/ledger.ts"),
    uses("src/pages/bad.ts", "../dashboard/pages.ts"),
  ],
  "pages-packages": [uses("src/pages/bad.ts", "zod")],
  "notifications-walls": [
    uses("src/notifications/bad.ts", "../ledger/ledger.ts"),
    uses("src/notifications/bad.ts", "../github/facts.ts"),
  ],
  "notifications-packages": [uses("src/notifications/bad.ts", "probot")],
  "flows-walls": [
    uses("src/flows/bad.ts", "../dashboard/pages.ts"),
    uses("src/flows/bad.ts", "../settings.ts"),
  ],
  "flows-packages": [uses("src/flows/bad.ts", "probot")],
  "dashboard-walls": [
    uses("src/dashboard/bad.ts", "../flows/ports.ts"),
    uses("src/dashboard/bad.ts", "../github/facts.ts"),
    uses("src/dashboard/bad.ts", "../package/zip.ts"),
  ],
  "dashboard-packages": [uses("src/dashboard/bad.ts", "kysely")],
  "serve-walls": [uses("src/cli/serve.ts", "../server.ts")],
  "cli-walls": [uses("src/cli/bad.ts", "../dashboard/pages.ts")],
  "verify-stands-alone": [
    {
      "src/cli/verify.ts": 'import { lines } from "./lines.ts";\nexport const verify = lines;\n',
      "src/cli/lines.ts": 'import { settings } from "../settings.ts";\nexport const lines = settings;\n',
    },
    uses("src/cli/evidence/sample.ts", "../../settings.ts"),
  ],
  "verify-needs-nothing": [
    { "src/cli/verify.ts": 'import { Pool } from "pg";\nexport const verify = Pool;\n' },
    {
      "src/package/read.ts": 'import { request } from "node:https";\nexport const read = request;\n',
    },
    uses("src/cli/evidence/sample.ts", "pg"),
  ],
  "verify-page-walls": [uses("src/verify-page/bad.ts", "../flows/ports.ts")],
  "verify-page-packages": [uses("src/verify-page/bad.ts", "kysely")],
  "verify-page-runs-in-a-browser": [
    {
      "src/package/zip.ts": 'import { readFile } from "node:fs/promises";\nexport const zip = readFile;\n',
    },
  ],
  "nobody-imports-the-builders": [
    uses("src/other.ts", "./server.ts"),
    {
      "src/worker.ts": 'import { settings } from "./settings.ts";\nexport const worker = settings;\n',
      ...uses("src/other.ts", "./worker.ts"),
    },
  ],
  "src-without-test": [
    { ...uses("src/other.ts", "../test/double.ts"), "test/double.ts": "export const x = 1;\n" },
  ],
  "src-without-dev-packages": [uses("src/other.ts", "vitest")],
  "no-cycles": [
    {
      "src/domain/a.ts": 'import { b } from "./b.ts";\nexport const a = b;\n',
      "src/domain/b.ts": 'import { a } from "./a.ts";\nexport const b = a;\n',
    },
  ],
  "no-folder-cycles": [
    {
      "src/domain/a/one.ts": 'import { two } from "../b/two.ts";\nexport const one = two;\n',
      "src/domain/b/two.ts": "export const two = 2;\n",
      "src/domain/b/three.ts": 'import { four } from "../a/four.ts";\nexport const three = four;\n',
      "src/domain/a/four.ts": "export const four = 4;\n",
    },
  ],
  "no-orphans": [{ "src/domain/alone.ts": "export const alone = 1;\n" }],
  "no-unresolved": [uses("src/domain/bad.ts", "./nowhere.ts")],
};

function uses(
  path: string,
  module: string,
  how: { readonly type?: boolean; readonly lazy?: boolean } = {},
): Tree {
  if (how.lazy === true)
    return { [path]: `export async function load() {\n  return import("${module}");\n}\n` };
  return {
    [path]: `import ${how.type === true ? "type " : ""}* as all from "${module}";\nexport { all };\n`,
  };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function planted(tree: Tree): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-walls-"));
  folders.push(folder);
  const stubs = PACKAGES.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" })],
    [`node_modules/${name}/index.js`, "export const all = 1;\n"],
  ]);
  for (const [path, text] of [...stubs, ...Object.entries(tree)] as [string, string][]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Each breach as rule and file. */
async function breaches(
  folder: string,
  forbidden = config.forbidden ?? [],
  roots = ["src", "test"],
): Promise<readonly { readonly rule: string; readonly file: string }[]> {
  const { options = {} } = config;
  const { enhancedResolveOptions, ...rest } = options;
  const settings: ICruiseOptions = {
    ...(rest as ICruiseOptions),
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden },
    enhancedResolveOptions: enhancedResolveOptions ?? {},
  };
  const { output } = await cruise(roots, settings, enhancedResolveOptions ?? {});
  return (output as ICruiseResult).summary.violations.map((each) => ({
    rule: each.rule.name,
    file: each.to,
  }));
}

async function broken(folder: string): Promise<readonly string[]> {
  return [...new Set((await breaches(folder)).map((each) => each.rule))];
}

/** Files that neither a command nor verify.html reaches. */
async function unused(folder: string): Promise<readonly string[]> {
  const rule = {
    name: "unused",
    severity: "error",
    from: { path: "^src/(cli|verify-page)/main\\.ts$" },
    to: { path: "^src/", pathNot: "^src/(cli|verify-page)/main\\.ts$", reachable: false },
  } as const;
  return (await breaches(folder, [rule], ["src"])).map((each) => each.file);
}

describe("the walls between the rooms", () => {
  it("stand in a tree that keeps to them", async () => {
    expect(await broken(planted(CLEAN))).toEqual([]);
  });

  it.each([
    "src/cli/verify.ts",
    "src/cli/evidence/sample.ts",
    "src/cli/terminal/answer.ts",
    "src/cli/serve.ts",
    "src/main.ts",
  ])("have their doors where the rules look for them: %s", (path) => {
    expect(existsSync(join(ROOT, path))).toBe(true);
  });

  it("are each shown to fail here", () => {
    expect(Object.keys(BREACHES).toSorted()).toEqual(
      (config.forbidden ?? []).map((rule) => rule.name ?? "").toSorted(),
    );
  });

  const cases = Object.entries(BREACHES).flatMap(([rule, trees]) =>
    trees.map((tree, index) => ({ rule, tree, nth: index + 1 })),
  );
  it.each(cases)("name $rule when it is broken ($nth)", async ({ rule, tree }) => {
    const names = await broken(planted({ ...CLEAN, ...tree }));
    // An import that goes up closes a circle of folders, too.
    expect(rule === FOLDERS ? names : names.filter((name) => name !== FOLDERS)).toEqual([rule]);
  });
});

describe("every file of src", () => {
  it("is reached by a command or by verify.html", { tags: ["long"] }, async () => {
    expect(await unused(ROOT)).toEqual([]);
  });

  it("would be named if nothing reached it", async () => {
    const lonely = {
      "src/domain/lonely.ts": 'import { Change } from "./change.ts";\nexport const a = Change;\n',
    };
    expect(await unused(planted({ ...CLEAN, ...lonely }))).toContain("src/domain/lonely.ts");
  });
});
