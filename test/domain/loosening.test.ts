import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { PolicyFileSchema } from "../../src/domain/policy/file/policy.ts";
import { policyInForce, type PolicyInForce } from "../../src/domain/policy/tighten.ts";
import type { PolicySource } from "../../src/domain/policy/record.ts";
import { sha } from "../support/facts.ts";

function found(repository: string, text: string): PolicySource {
  const at = sha(text);
  return { state: "found", repository, path: ".github/countersign.yml", commit: at, blob: at, text };
}

function together(org: unknown, repo: unknown): PolicyInForce {
  // A comment and a key before it: the line must be the attempt's own.
  const lines = Object.entries(repo as object).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const text = ["# ours", 'production: { tags: ["v*"] }', ...lines].join("\n");
  const organization: PolicySource =
    org === null ? { state: "absent" } : found("acme/.github", stringify(org));
  return policyInForce(organization, found("acme/web", text));
}

const carol = { users: ["carol"] };
const lockfiles = {
  name: "lockfiles",
  by: [{ app: "dependabot" }],
  paths: ["package-lock.json"],
  "approved-by": "carol",
  expires: "2027-01-01",
};
const rule = { name: "docs", when: { paths: ["docs/**"] }, approval: { required: 1 } };
const alone = { ...carol, "at-most": "2 per quarter", "confirmed-within": "24 hours" };

/** What is said of each key by which a repository could ask for less, the organisation's word, and the repository's. */
const ATTEMPTS: readonly (readonly [string, unknown, unknown])[] = [
  ["mode: the organisation enforces", { mode: "enforce" }, { mode: "observe" }],
  [
    "approval.independence: the organisation requires strict",
    { approval: { independence: "strict" } },
    { approval: { required: 2, independence: "every-commit" } },
  ],
  ["rules.0.name: the organisation has a rule", { rules: [rule] }, { rules: [rule] }],
  [
    "rules.0.when.not.labels: its author could set this",
    {},
    { rules: [{ ...rule, when: { paths: ["a"], not: { labels: ["skip"] } } }] },
  ],
  [
    "rules.0.when.not.checks: its author could set this",
    {},
    { rules: [{ ...rule, when: { paths: ["a"], not: { checks: ["scan"] } } }] },
  ],
  ["standard-changes.0: a repository may only take over", null, { "standard-changes": [lockfiles] }],
  [
    "standard-changes.0: a repository may only take over",
    {},
    {
      "standard-changes": [
        { ...lockfiles, by: [{ app: "acme-release" }], "direct-push": [{ paths: ["a"], lines: ["b"] }] },
      ],
    },
  ],
  [
    "standard-changes.0: a repository may only take over",
    { "standard-changes": [lockfiles] },
    { "standard-changes": [{ ...lockfiles, paths: ["**"] }] },
  ],
  [
    "emergency.authorisers: names people",
    { emergency: { authorisers: carol } },
    { emergency: { authorisers: { users: ["eve"] } } },
  ],
  [
    "emergency.reviewers: names people",
    { emergency: { reviewers: carol } },
    { emergency: { reviewers: { permission: "read" } } },
  ],
  ["emergency.authorisers: names people", null, { emergency: { authorisers: { permission: "write" } } }],
  [
    "emergency.waives: the minimum does not waive checks-passed",
    { emergency: { waives: ["independently-approved"] } },
    { emergency: { waives: ["independently-approved", "checks-passed"] } },
  ],
  [
    "emergency.valid-for: is not surely within the minimum's 4 hours",
    { emergency: { "valid-for": "4 hours" } },
    { emergency: { "valid-for": "5 hours" } },
  ],
  [
    "emergency.review-within: is not surely within",
    { emergency: { "review-within": "2 business days" } },
    { emergency: { "review-within": "3 business days" } },
  ],
  ["emergency.alone: the minimum allows nobody", { emergency: { alone: false } }, { emergency: { alone } }],
  [
    "emergency.alone: allows more",
    { emergency: { alone } },
    { emergency: { alone: { ...alone, "at-most": "3 per quarter" } } },
  ],
  [
    "emergency.block-next-while-overdue: the minimum requires it",
    { emergency: { "block-next-while-overdue": true } },
    { emergency: { "block-next-while-overdue": false } },
  ],
  [
    "unverifiable.accepted-by: names people",
    { unverifiable: { "accepted-by": carol } },
    { unverifiable: { "accepted-by": { permission: "write" } } },
  ],
  ["unverifiable.accepted-by: names people", null, { unverifiable: { "accepted-by": carol } }],
  [
    "deviations.repository: the organisation has said it",
    { deviations: { repository: "acme/control" } },
    { deviations: { repository: "acme/elsewhere" } },
  ],
  [
    "deviations.per-day: the organisation has said it",
    { deviations: { "per-day": 5 } },
    { deviations: { "per-day": 1 } },
  ],
];

const ORGANISATION_ONLY: Readonly<Record<string, unknown>> = {
  repositories: [{ name: "web", scope: "out", reason: "none", owner: "carol" }],
  exemptions: [
    {
      repository: "web",
      controls: ["checks-passed"],
      reason: "no CI",
      "approved-by": "carol",
      expires: "2027-01-01",
    },
  ],
  identities: [{ person: "Ann", logins: ["ann", "ann-acme"] }],
  access: { leads: { teams: ["acme/leads"] } },
  controls: { "checks-passed": { id: "CM-04" } },
  notifications: [{ "url-secret": "SLACK_URL", format: "slack", on: ["deviation-opened"] }],
  calendar: { timezone: "Europe/Berlin" },
  monitoring: { owner: "carol" },
  retention: { years: 7 },
  periods: [{ name: "Q4", from: "2026-10-01", to: "2027-01-01" }],
  since: "2026-10-01",
};

/** Keys whose two values both hold, or are put together: a repository's own can only add. */
const ONLY_ADDS = ["production", "checks", "record", "description", "freeze"] as const;

describe("a repository's file that asks for less than the organisation's", () => {
  test.each(ATTEMPTS)("%s", (says, org, repo) => {
    const policy = together(org, repo);
    expect(policy.state).toBe("broken");
    if (policy.state !== "broken") return;
    expect(policy.problems).toHaveLength(1);
    expect(policy.problems[0]).toMatchObject({ file: "acme/web/.github/countersign.yml", line: 3 });
    expect(policy.problems[0]?.message).toContain(says);
  });

  test.each([{ not: ["prod-*"] }, { "before-merge": { environments: ["production"], within: "1 day" } }])(
    "production %j belongs in the organisation's file only",
    (production) => {
      const file = stringify({ production });
      for (const org of [null, "mode: enforce", file]) {
        const organization: PolicySource = org === null ? { state: "absent" } : found("acme/.github", org);
        const policy = policyInForce(organization, found("acme/web", file));
        expect(policy.state).toBe("broken");
        if (policy.state !== "broken") return;
        expect(policy.problems[0]?.message).toContain("belongs in the organisation's file only");
      }
    },
  );

  test.each(Object.entries(ORGANISATION_ONLY))("%s belongs in the organisation's file only", (key, value) => {
    for (const org of [null, {}]) {
      const policy = together(org, { [key]: value });
      expect(policy).toMatchObject({
        state: "broken",
        problems: [{ line: 3, message: `${key}: belongs in the organisation's file only` }],
      });
    }
    expect(policyInForce(found("acme/.github", stringify({ [key]: value })), { state: "absent" }).state).toBe(
      "known",
    );
  });

  test("every key of the file is held to the minimum in one of these ways", () => {
    const tried = ATTEMPTS.map(([, , repo]) => Object.keys(repo as object)[0] ?? "");
    const held = new Set([...tried, ...Object.keys(ORGANISATION_ONLY), ...ONLY_ADDS]);
    expect(Object.keys(PolicyFileSchema.shape).filter((key) => !held.has(key))).toEqual([]);
  });

  test("what a repository's file adds holds beside the organisation's", () => {
    const org = {
      production: { branches: ["main"], environments: ["production"] },
      checks: { required: ["build"] },
      record: { pattern: "CHG-\\d+", in: ["title"] },
      description: { sections: ["Reason"] },
      freeze: [{ from: "2026-12-20", to: "2027-01-03" }],
    };
    const repo = {
      checks: { required: ["test"] },
      record: { pattern: "WEB-\\d+", in: ["branch"] },
      description: { sections: ["Rollback"] },
      freeze: [{ from: "2026-11-20", to: "2026-11-30", except: "emergency" }],
    };
    const policy = together(org, repo);
    expect(policy).toMatchObject({ state: "known" });
    if (policy.state !== "known") return;
    const { effective } = policy.record;
    expect(effective.production.branches).toEqual(["main"]);
    expect(effective.production.tags).toEqual(["v*"]);
    expect(effective.checks.map(({ name }) => name)).toEqual(["build", "test"]);
    expect(effective.records.map(({ pattern }) => pattern)).toEqual(["CHG-\\d+", "WEB-\\d+"]);
    expect(effective.sections).toEqual(["Reason", "Rollback"]);
    expect(effective.freezes).toHaveLength(2);
  });
});
