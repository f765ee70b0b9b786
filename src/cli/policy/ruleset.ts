/** `countersign ruleset`: the GitHub ruleset that goes with the policy, for the REST API or for Terraform. */

import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { LEFT_OFF, rulesetFor } from "../../domain/protection/ruleset.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";
import { policyFrom, policyOf } from "../input/policy-files.ts";
import { terraformOf } from "./terraform.ts";

/** What `ruleset` is asked for. */
export interface RulesetOptions {
  readonly policy: readonly string[];
  readonly branch: readonly string[];
  readonly appId: number;
  /** For this repository alone; absent: for the organisation. */
  readonly repository?: string;
  readonly terraform?: boolean;
}

/** Makes the ruleset; what is left off and why is said on the side. Throws Misuse where no branch is left to name. */
export async function makeRuleset(terminal: Terminal, options: RulesetOptions): Promise<Answer> {
  const policy = policyOrDefault((await policyFrom(options.policy, terminal)) ?? policyOf(null, null));
  const { appId, repository } = options;
  const { ruleset, unsaid } = rulesetFor(policy, {
    appId,
    branches: options.branch,
    scope: repository === undefined ? "organization" : "repository",
  });
  if (unsaid.length > 0) {
    throw new Misuse(
      `GitHub's patterns cannot say ${unsaid.join(", ")}: name the branches with --branch, one by one.`,
    );
  }
  if (options.terraform === true) {
    const terraform = terraformOf(ruleset, appId, repository ?? null);
    return { code: 0, lines: [terraform], data: { terraform } };
  }
  const post = repository === undefined ? "/orgs/ORG/rulesets" : `/repos/OWNER/${repository}/rulesets`;
  terminal.say(`For POST ${post}, for example: countersign ruleset | gh api ${post} --input -`);
  terminal.say("Nobody may bypass it. Left off, because the check does it better or it would be in the way:");
  for (const { setting, because } of LEFT_OFF) terminal.say(`- ${setting}: ${because}`);
  return { code: 0, lines: [JSON.stringify(ruleset, null, 2)], data: ruleset };
}
