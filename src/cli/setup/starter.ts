/** A first policy from a few answers, and the files that go with it. */

import { stringify } from "yaml";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { rulesetFor } from "../../domain/protection/ruleset.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import { policyFromFiles, problemLine } from "../input/policy-files.ts";
import { terraformOf } from "../policy/terraform.ts";
import { UsageError } from "../terminal/answer.ts";

/** Describes what the policy is made of. An empty answer leaves the default. */
export interface StarterAnswers {
  /** Teams (`acme/core`), or one permission (`write`, `maintain`, `admin`). */
  readonly approvers: readonly string[];
  readonly approvals: string;
  readonly branches: readonly string[];
  readonly environments: readonly string[];
  /** The pattern of a change ticket. */
  readonly ticket: string;
  /** Teams that authorise emergencies. */
  readonly onCall: readonly string[];
  /** The repository in which deviations are opened. */
  readonly deviations: string;
  /** Who signs the monthly review off, and is assigned deviations. */
  readonly owner: string;
}

/** Describes a question, with the answer it fills in. */
export interface StarterQuestion {
  readonly key: keyof StarterAnswers;
  readonly question: string;
  readonly fallback: string;
}

/** Holds the questions, in order. */
export const STARTER_QUESTIONS: readonly StarterQuestion[] = [
  {
    key: "approvers",
    question: "Who approves changes? Teams (acme/core), or write, maintain or admin",
    fallback: "write",
  },
  { key: "approvals", question: "How many approvals?", fallback: "1" },
  { key: "branches", question: "Production branches? Empty: each repository's default branch", fallback: "" },
  { key: "environments", question: "Production environments? Empty: production and prod", fallback: "" },
  {
    key: "ticket",
    question: "Pattern of a change ticket, such as [A-Z]+-\\d+? Empty: none needed",
    fallback: "",
  },
  { key: "onCall", question: "Teams on call, who authorise emergencies? Empty: none", fallback: "" },
  {
    key: "deviations",
    question: "Private repository for deviations, such as acme/change-control? Empty: none",
    fallback: "",
  },
  {
    key: "owner",
    question: "Login of who watches: deviations and the monthly review? Empty: nobody",
    fallback: "",
  },
];

/** Reads an answer of a question; lists are separated by commas, and names may begin with @. */
export function withAnswer(answers: StarterAnswers, key: keyof StarterAnswers, text: string): StarterAnswers {
  if (key === "ticket") return { ...answers, ticket: text.trim() };
  const list = text.split(",").map((each) => each.trim().replace(/^@/u, ""));
  return {
    ...answers,
    [key]: Array.isArray(answers[key]) ? list.filter((each) => each !== "") : list.join(","),
  };
}

/** Holds no answer at all. */
export const NO_ANSWERS: StarterAnswers = {
  approvers: [],
  approvals: "",
  branches: [],
  environments: [],
  ticket: "",
  onCall: [],
  deviations: "",
  owner: "",
};

const PERMISSION = /^(?:write|maintain|admin)$/u;

/** Writes the policy file. */
export function starterPolicy(answers: StarterAnswers): string {
  const { approvers, approvals, branches, environments, ticket, onCall, deviations, owner } = answers;
  const permission = approvers.find((each) => PERMISSION.test(each));
  const teams = approvers.filter((each) => !PERMISSION.test(each));
  const production = {
    ...(branches.length === 0 ? {} : { branches }),
    ...(environments.length === 0 ? {} : { environments }),
  };
  const sections: readonly (readonly [string, object])[] = [
    ["Report what would be blocked, and block nothing. Later: enforce.", { mode: "observe" }],
    ["What reaches production.", Object.keys(production).length === 0 ? {} : { production }],
    [
      "Each commit needs the approval of someone who did not make it alone.",
      {
        approval: {
          required: /^\d+$/u.test(approvals) ? Number(approvals) : approvals === "" ? 1 : approvals,
          from: {
            ...(teams.length === 0 ? {} : { teams }),
            ...(permission === undefined && teams.length > 0 ? {} : { permission: permission ?? "write" }),
          },
        },
      },
    ],
    ["Every change names its ticket.", ticket === "" ? {} : { record: { pattern: ticket } }],
    [
      "Who lets a change through in an emergency. It must be reviewed afterwards.",
      onCall.length === 0 ? {} : { emergency: { authorisers: { teams: onCall } } },
    ],
    [
      "Where changes that bypassed the policy are followed up, once it enforces.",
      deviations === ""
        ? {}
        : { deviations: { repository: deviations, ...(owner === "" ? {} : { assignees: [owner] }) } },
    ],
    ["Who signs the monthly review off.", owner === "" ? {} : { monitoring: { owner, every: "month" } }],
  ];
  return sections
    .filter(([, section]) => Object.keys(section).length > 0)
    .map(([comment, section]) => `# ${comment}\n${stringify(section)}`)
    .join("\n");
}

/** Lists what the policy's own checks find wrong. */
export function problemsOf(answers: StarterAnswers): readonly string[] {
  const parsed = parsePolicy(starterPolicy(answers));
  return parsed.ok ? [] : parsed.problems.map((problem) => problemLine({ ...problem, file: POLICY_FILE }));
}

const POLICY_FILE = "countersign.yml";

/** Names the files that go with a first policy. */
export const STARTER_FILES: readonly string[] = [
  POLICY_FILE,
  "ruleset.json",
  "ruleset.tf",
  "pull-request.md",
];

/** Makes the files, by name. Throws UsageError where GitHub's patterns cannot express a branch. */
export function starterFiles(
  answers: StarterAnswers,
  { appId, organization }: { readonly appId: number; readonly organization: string },
): ReadonlyMap<string, string> {
  const policy = starterPolicy(answers);
  const inForce = policyOrDefault(policyFromFiles({ file: POLICY_FILE, text: policy }, null));
  const { ruleset, inexpressible } = rulesetFor(inForce, { appId, branches: [], scope: "organization" });
  if (inexpressible.length > 0)
    throw new UsageError(
      `GitHub's rulesets cannot express the branch ${inexpressible.join(", ")}: write each branch by itself, separated by commas.`,
    );
  return new Map([
    [POLICY_FILE, policy],
    ["ruleset.json", `${JSON.stringify(ruleset, null, 2)}\n`],
    ["ruleset.tf", `${terraformOf(ruleset, appId, null)}\n`],
    ["pull-request.md", pullRequestText(answers, organization)],
  ]);
}

function pullRequestText(answers: StarterAnswers, organization: string): string {
  const { approvers, approvals, branches, ticket, onCall, deviations, owner } = answers;
  const who = approvers.length === 0 ? "write" : approvers.join(", ");
  const by = PERMISSION.test(who) ? `someone with ${who} permission` : who;
  const given = (text: string | readonly string[], sentence: string): readonly string[] =>
    text.length === 0 ? [] : [`- ${sentence}`];
  return [
    "# Add the change approval policy",
    "",
    `Adds \`.github/${POLICY_FILE}\` to \`${organization}/.github\`. It applies to every repository of ${organization}.`,
    "",
    `- Changes of ${branches.length === 0 ? "each default branch" : branches.join(", ")} need ${approvals === "" || approvals === "1" ? "1 approval" : `${approvals} approvals`} from ${by}, for exactly the content that is merged.`,
    ...given(ticket, `Each change names a ticket that matches \`${ticket}\`.`),
    ...given(
      onCall,
      `In an emergency, ${onCall.join(", ")} may authorise a change, which must be reviewed afterwards.`,
    ),
    ...given(deviations, `Changes that bypass the policy are followed up in ${deviations}.`),
    ...given(owner, `@${owner} watches: deviations and the monthly review.`),
    "",
    "`mode: observe` blocks nothing. The check run `countersign` shows what would be blocked.",
    "",
  ].join("\n");
}
