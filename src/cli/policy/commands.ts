/** The commands about policy files and the ruleset that goes with them. */

import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../terminal/answer.ts";
import { collect, defineCommand, count, instant, type CommandGroup } from "../terminal/command.ts";

const CHECK = defineCommand({
  name: "check",
  summary: "List every problem of a policy file, with line, column and a suggestion.",
  examples: [
    "policy check",
    "policy check .github/countersign.yml --organization ../.github/.github/countersign.yml",
    "policy check - < .github/countersign.yml",
  ],
  options: (command) =>
    command
      .argument(
        "[file]",
        "the policy file; - for standard input; default: the clone's .github/countersign.yml",
      )
      .option("--organization <file>", "the organisation's file, which this one may only tighten"),
  run: async ({ terminal }, { organization }, [file]) => {
    const { checkPolicy, ownPolicyFile } = await import("./check.ts");
    return checkPolicy(terminal, file ?? ownPolicyFile(), organization);
  },
});

const EXPLAIN = defineCommand({
  name: "explain",
  summary: "List what the policy requires of a change, what it has, and what is missing from whom.",
  examples: ["policy explain acme/web#7", "policy explain --facts facts.json"],
  options: (command) =>
    command
      .argument("[pull]", "OWNER/REPO#N, as recorded in the evidence log, without asking GitHub")
      .option("--facts <file>", "stored facts instead; - for standard input"),
  run: async ({ terminal, store }, { facts }, [pull]) => {
    const { explainFacts, explainPull } = await import("./explain.ts");
    if (pull !== undefined && facts === undefined) return explainPull(await store(), pull);
    if (pull === undefined && facts !== undefined) return explainFacts(terminal, facts);
    throw new UsageError("Name one change: either OWNER/REPO#N or --facts FILE.");
  },
});

const IMPORT = defineCommand({
  name: "import",
  summary:
    "Convert a policy-bot file to a Countersign policy. Differences are listed at the top, with reasons.",
  examples: [
    "policy import .policy.yml > .github/countersign.yml",
    "policy import policy.yml --for organization",
    "policy import .policy.yml --json",
  ],
  options: (command) =>
    command
      .argument("<file>", "the policy-bot file; - for standard input")
      .addOption(
        new Option("--for <file>", "check it as this kind of file; default: repository").choices([
          "organization",
          "repository",
        ]),
      ),
  run: async ({ terminal }, options, [file]) => {
    const { importPolicy } = await import("./import.ts");
    return importPolicy(terminal, file, options.for);
  },
});

const TRY = defineCommand({
  name: "try",
  summary:
    "List which changes of a period a policy would have refused, or passed only by an emergency or exemption.",
  examples: [
    "policy try new.yml --from 2026-07-01 --to 2026-10-01   # from the evidence log",
    "policy try new.yml --from 2026-07-01 --to 2026-10-01 --repo acme/web   # from GitHub, with GITHUB_TOKEN and no log",
    "policy try new.yml --from 2026-07-01 --to 2026-10-01 --repo acme/web --repo acme/api --json",
  ],
  options: (command) =>
    command
      .argument("<file>", "the organisation's file to try; each repository's own file applies on top")
      .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
      .requiredOption("--to <date>", "end, excluded", instant)
      .option("--repo <name>", "only OWNER/NAME; repeat it for several", collect)
      .option("--app-id <n>", "the App's id; default: APP_ID of the environment", count),
  run: async ({ terminal, store, appId, now }, { from, to, repo: repositories = [], ...options }, [file]) => {
    const { readsGitHub, tryOnGitHub } = await import("./try-on-github.ts");
    const of = { file, from, to, repositories };
    if (readsGitHub(terminal, of)) return tryOnGitHub(terminal, of, { now });
    const { tryPolicy } = await import("./try.ts");
    const app = appId(options.appId);
    return tryPolicy(terminal, await store(), app, of);
  },
});

/** Defines `countersign policy`. */
export const POLICY: CommandGroup = {
  name: "policy",
  summary: "Check, explain, convert and try policy files.",
  commands: [CHECK, EXPLAIN, IMPORT, TRY],
};

/** Defines `countersign ruleset`. */
export const RULESET = defineCommand({
  name: "ruleset",
  summary: "Print the one GitHub ruleset that goes with the policy.",
  examples: [
    "ruleset --app-id 4711 --policy .github/countersign.yml | gh api orgs/acme/rulesets --input -",
    "ruleset --app-id 4711 --terraform > countersign.tf",
    'ruleset --app-id 4711 --repository web --branch main --branch "release/**"',
  ],
  options: (command) =>
    command
      .option("--terraform", "print Terraform instead of JSON for GitHub's API")
      .option(
        "--policy <file>",
        "protect this policy's production branches; a second one is the repository's",
        collect,
      )
      .option("--branch <pattern>", "protect these branches instead of the policy's", collect)
      .option("--repository <name>", "for one repository instead of all in the organisation")
      .option("--app-id <n>", "the App whose check is required; default: APP_ID of the environment", count),
  run: async ({ terminal, appId }, { policy = [], branch = [], ...options }) => {
    const { makeRuleset } = await import("./ruleset.ts");
    return makeRuleset(terminal, { ...options, policy, branch, appId: appId(options.appId) });
  },
});
