/** `countersign ruleset`: the GitHub ruleset that goes with the policy, for the REST API or for Terraform. */

import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { LEFT_OFF, rulesetFor } from "../../domain/protection/ruleset.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { policyFrom, policyFromFiles } from "../input/policy-files.ts";
import { terraformOf } from "./terraform.ts";

/** Holds the options of `ruleset`. */
export interface RulesetOptions {
  readonly policy: readonly string[];
  readonly branch: readonly string[];
  readonly appId: number;
  /** For this repository alone; absent: for the organisation. */
  readonly repository?: string;
  readonly terraform?: boolean;
}

/** Prints the ruleset, and on stderr the rules left off with the reasons. Throws UsageError where no branch is named. */
export async function makeRuleset(terminal: Terminal, options: RulesetOptions): Promise<Answer> {
  const policy = policyOrDefault((await policyFrom(options.policy, terminal)) ?? policyFromFiles(null, null));
  const { appId, repository } = options;
  const { ruleset, inexpressible } = rulesetFor(policy, {
    appId,
    branches: options.branch,
    scope: repository === undefined ? "organization" : "repository",
  });
  if (inexpressible.length > 0) {
    throw new UsageError(
      `GitHub's patterns cannot express ${inexpressible.join(", ")}. Name each branch with --branch.`,
    );
  }
  if (options.terraform === true) {
    const terraform = terraformOf(ruleset, appId, repository ?? null);
    return { code: 0, lines: [terraform], data: { terraform } };
  }
  const post = repository === undefined ? "/orgs/ORG/rulesets" : `/repos/OWNER/${repository}/rulesets`;
  terminal.printError(`For POST ${post}, for example: countersign ruleset | gh api ${post} --input -`);
  terminal.printError("Nobody may bypass it. These rules are left off:");
  for (const { setting, because } of LEFT_OFF) terminal.printError(`- ${setting}: ${because}`);
  return { code: 0, lines: [JSON.stringify(ruleset, null, 2)], data: ruleset };
}
