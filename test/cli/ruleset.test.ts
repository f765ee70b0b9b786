import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";

import type { Ruleset } from "../../src/domain/protection/ruleset.ts";
import { LEFT_OFF } from "../../src/domain/protection/ruleset.ts";
import { trial } from "../github/stage.ts";
import { run } from "./run.ts";
import { folderOfSuite } from "../support/folders.ts";

const folder = folderOfSuite("ruleset");

function policy(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function rulesetOf(...args: readonly string[]): Promise<Ruleset> {
  const { code, printed, said } = await run(["ruleset", "--app-id", "4711", "--json", ...args]);
  expect(code, said).toBe(0);
  return JSON.parse(printed) as Ruleset;
}

/** GitHub's own description of its API; only this file of the package is read, the rest is very large. */
function requestSchemas(): (path: string, body: unknown) => readonly string[] {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/package.json");
  const api = JSON.parse(
    readFileSync(file.replace(/package\.json$/u, "generated/api.github.com.json"), "utf8"),
  ) as {
    readonly paths: Readonly<
      Record<
        string,
        {
          readonly post: {
            readonly requestBody: {
              readonly content: { readonly "application/json": { readonly schema: object } };
            };
          };
        }
      >
    >;
    readonly components: object;
  };
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  return (path, body) => {
    const schema = api.paths[path]?.post.requestBody.content["application/json"].schema;
    const validate = ajv.compile({ ...schema, components: api.components });
    return validate(body)
      ? []
      : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  };
}

describe("ruleset", () => {
  const problemsOf = requestSchemas();

  test("is what GitHub's endpoint for organisations accepts", async () => {
    const ruleset = await rulesetOf();
    expect(problemsOf("/orgs/{org}/rulesets", ruleset)).toEqual([]);
    expect(problemsOf("/orgs/{org}/rulesets", { ...ruleset, enforcement: "yes" })).not.toEqual([]);
  });

  test("with --repository is what GitHub's endpoint for repositories accepts", async () => {
    const ruleset = await rulesetOf("--repository", "web");
    expect(problemsOf("/repos/{owner}/{repo}/rulesets", ruleset)).toEqual([]);
    expect(ruleset.conditions.repository_name).toBeUndefined();
    expect(
      problemsOf("/repos/{owner}/{repo}/rulesets", { ...ruleset, rules: [{ type: "none" }] }),
    ).not.toEqual([]);
  });

  test("requires a pull request and our check, pinned to the App, and lets nobody past", async () => {
    const ruleset = await rulesetOf();
    expect(ruleset.bypass_actors).toEqual([]);
    expect(ruleset.rules.map(({ type }) => type)).toEqual([
      "deletion",
      "non_fast_forward",
      "pull_request",
      "required_status_checks",
    ]);
    expect(ruleset.rules[3]?.parameters?.["required_status_checks"]).toEqual([
      { context: "countersign", integration_id: 4711 },
    ]);
  });

  test("is the ruleset that stories begin with", async () => {
    const { double } = await trial();
    const repository = double.world.repository("acme", "web")?.repository;
    const theirs = repository?.rulesets[0];
    const ours = await rulesetOf("--repository", "web", "--app-id", "77");
    expect({
      name: theirs?.name,
      target: theirs?.target,
      enforcement: theirs?.enforcement,
      bypass_actors: theirs?.bypassActors,
      conditions: { ref_name: theirs?.conditions },
      rules: theirs?.rules,
    }).toEqual(ours);
    await double.close();
  });

  test("names the branches of the policy: the organisation's alone, or a repository's added to the default branch", async () => {
    const organization = policy("org.yml", 'production: { branches: [main, "release/**"] }\n');
    const empty = policy("empty.yml", "");
    expect((await rulesetOf("--policy", organization)).conditions.ref_name.include).toEqual([
      "refs/heads/main",
      "refs/heads/release/**/*",
    ]);
    expect((await rulesetOf("--policy", empty)).conditions.ref_name.include).toEqual(["~DEFAULT_BRANCH"]);
  });

  test.each([
    [["--branch", "main"], ["refs/heads/main"]],
    [
      ["--branch", "release/{1,2}/*"],
      ["refs/heads/release/1/*", "refs/heads/release/2/*"],
    ],
    [["--branch", "**"], ["~ALL"]],
    [
      ["--branch", "main", "--branch", "v?"],
      ["refs/heads/main", "refs/heads/v?"],
    ],
  ])("says %j as GitHub's patterns do", async (args, include) => {
    expect((await rulesetOf(...args)).conditions.ref_name.include).toEqual(include);
  });

  test("refuses what GitHub's patterns cannot say, rather than leave a branch unguarded", async () => {
    const { code, said } = await run(["ruleset", "--app-id", "1", "--branch", "v{1..9}"]);
    expect(code).toBe(2);
    expect(said).toContain("GitHub's patterns cannot express v{1..9}");
  });

  test("says on stderr what is left off and why", async () => {
    const { printed, said } = await run(["ruleset"], { APP_ID: "4711" });
    expect(JSON.parse(printed)).toEqual(await rulesetOf());
    expect([...said.matchAll(/^- ([a-z_]+ = \w+): \S/gmu)].map(([, setting]) => setting)).toEqual([
      "required_approving_review_count = 0",
      "dismiss_stale_reviews_on_push = false",
      "require_last_push_approval = false",
      "require_code_owner_review = false",
      "required_review_thread_resolution = false",
      "strict_required_status_checks_policy = false",
      "do_not_enforce_on_create = true",
    ]);
    expect(said).toContain("Nobody may bypass it.");
  });

  test("leaves off what it says it leaves off", async () => {
    const values = Object.assign(
      {},
      ...(await rulesetOf()).rules.map(({ parameters }) => parameters),
    ) as Record<string, unknown>;
    for (const { setting } of LEFT_OFF) {
      const [name = "", value] = setting.split(" = ");
      expect([name, JSON.stringify(values[name])]).toEqual([name, value]);
    }
  });

  test("asks which App where nothing says it", async () => {
    const { code, said } = await run(["ruleset"]);
    expect(code).toBe(2);
    expect(said).toContain("--app-id");
  });

  test("as Terraform is the same with its reasons, for an organisation and for a repository", async () => {
    const { printed } = await run(["ruleset", "--terraform", "--app-id", "4711"]);
    await expect(`${printed}\n`).toMatchFileSnapshot("../golden/terminal/organization-ruleset.tf");
    const one = await run([
      "ruleset",
      "--terraform",
      "--app-id",
      "4711",
      "--repository",
      "web",
      "--branch",
      "main",
    ]);
    await expect(`${one.printed}\n`).toMatchFileSnapshot("../golden/terminal/repository-ruleset.tf");
    expect(one.printed).toMatch(/resource "github_repository_ruleset"/u);
  });

  test("as Terraform keeps a name with a template's beginning from becoming one", async () => {
    const { printed } = await run(["ruleset", "--terraform", "--app-id", "1", "--branch", 'a${b}"']);
    expect(printed).not.toContain('"refs/heads/a${b}');
  });
});
