import { describe, expect, test } from "vitest";

import { baselineOf, diagnose, type ProtectionRemark } from "../../src/domain/protection/diagnosis.ts";
import { HIDDEN } from "../../src/domain/protection/settings.ts";
import type { Guard, Protection, SeenEnvironment } from "../../src/domain/protection/snapshot.ts";
import { APP_ID, repository, START } from "../support/facts.ts";

const GUARD: Guard = {
  source: "ruleset:1",
  pullRequest: { approvals: 0, dismissStale: false, codeOwners: false, lastPush: false },
  checks: [{ name: "countersign", app: APP_ID }],
  forbidsForcePush: true,
  forbidsDeletion: true,
  mergeQueue: false,
  bypassers: [],
};

const ENVIRONMENT: SeenEnvironment = {
  id: 7,
  name: "production",
  reviewers: ["user:5002"],
  preventsSelfReview: true,
  adminsBypass: false,
  branches: "any",
  waitMinutes: 0,
  apps: [],
  updatedAt: START,
};

function protection(
  guard: Partial<Guard> = {},
  environment: Partial<SeenEnvironment> = {},
  rest: Partial<Protection> = {},
): Protection {
  return {
    readAt: START,
    visibility: "private",
    archived: false,
    rulesets: [],
    branches: [{ ref: "refs/heads/main", guards: [{ ...GUARD, ...guard }], unobservable: null }],
    environments: [{ ...ENVIRONMENT, ...environment }],
    ...rest,
  };
}

/** The remarks of a kind, each as its place and its words. */
function remarks(kind: ProtectionRemark["kind"], read: Protection): readonly string[] {
  return diagnose({ repository, protection: read }, APP_ID)
    .remarks.filter((each) => each.kind === kind)
    .map(({ where, what, remedy }) => `${where}: ${what} -> ${remedy}`);
}

const REVIEW = { approvals: 0, dismissStale: false, codeOwners: false, lastPush: false };

describe("of a repository is said", () => {
  test("nothing, where all is required and nobody may bypass", () => {
    const read = protection();
    expect(remarks("not-prevented", read)).toEqual([]);
    expect(remarks("only-seen", read)).toEqual([]);
    expect(remarks("not-seen", read)).toEqual([]);
  });

  test.each<[words: string, read: Protection]>([
    ["branch main: the check is not required: any change can be merged", protection({ checks: [] })],
    [
      "branch main: the check is required from any source: whoever may write can post one of that name",
      protection({ checks: [{ name: "countersign", app: null }] }),
    ],
    [
      "branch main: no pull request is required: whoever may write can push",
      protection({ pullRequest: null }),
    ],
    [
      "branch main: forced pushes are allowed: history can be rewritten",
      protection({ forbidsForcePush: false }),
    ],
    ["branch main: the branch may be deleted", protection({ forbidsDeletion: false })],
    [
      "branch main: some may merge past the check -> empty the bypass list",
      protection({ bypassers: [{ kind: "role", id: 5, mode: "always" }] }),
    ],
    [
      "environment production: administrators may skip the environment's rules -> turn off",
      protection({}, { adminsBypass: true }),
    ],
    [
      "environment production: whoever deploys may approve it -> turn on",
      protection({}, { preventsSelfReview: false }),
    ],
  ])("what is not prevented: %s", (words, read) => {
    expect(remarks("not-prevented", read)).toEqual([expect.stringContaining(words)]);
  });

  test("which environments hold nothing back, without calling that a weakness", () => {
    const read = protection({}, { reviewers: [], apps: [], adminsBypass: true, preventsSelfReview: false });
    expect(remarks("only-seen", read)).toEqual([
      expect.stringContaining("environment production: the environment has no reviewers and no gate"),
    ]);
    expect(remarks("not-prevented", read)).toEqual([]);
  });

  test.each<[words: string, read: Protection]>([
    [
      "GitHub shows who may bypass a ruleset only to callers who may edit it, and this App never asks for that -> look at the bypass list yourself",
      protection({ bypassers: { unobservable: HIDDEN } }),
    ],
    [
      "the plan of this organisation does not have them for this repository -> a plan with this feature",
      protection(
        {},
        {},
        {
          branches: [
            {
              ref: "refs/heads/main",
              guards: [],
              unobservable: "rulesets: the plan of this organisation does not have them for this repository",
            },
          ],
        },
      ),
    ],
    [
      "environments: environments: the App's permissions do not show them -> accept the App's permissions",
      protection(
        {},
        {},
        {
          environments: { unobservable: "environments: the App's permissions do not show them" },
        },
      ),
    ],
    ["-> nothing: GitHub has no way to show it", protection({}, { adminsBypass: null })],
  ])("what cannot be seen, why, and what mends it: %s", (words, read) => {
    expect(remarks("not-seen", read)).toEqual([expect.stringContaining(words)]);
  });

  test.each<[words: string, read: Protection]>([
    [
      "branch main: GitHub itself requires 2 approvals, also of an authorised emergency -> leave it to the check",
      protection({ pullRequest: { ...REVIEW, approvals: 2 } }),
    ],
    [
      "branch main: GitHub itself requires a code owner's review, also of an authorised emergency",
      protection({ pullRequest: { ...REVIEW, codeOwners: true } }),
    ],
    [
      "branch main: GitHub itself requires someone else to approve the last push",
      protection({ pullRequest: { ...REVIEW, lastPush: true } }),
    ],
    [
      "branch main: GitHub itself requires other checks (build): while they fail, an authorised emergency waits too -> name them under `checks`",
      protection({ checks: [...GUARD.checks, { name: "build", app: null }] }),
    ],
    [
      "branch main: everything goes through the merge queue, also an authorised emergency",
      protection({ mergeQueue: true }),
    ],
    [
      "environment production: deployments wait for security-gate -> know who can answer there",
      protection({}, { reviewers: [], apps: ["security-gate"] }),
    ],
    [
      "environment production: deployments wait 30 minutes, also in an emergency",
      protection({}, { reviewers: [], waitMinutes: 30 }),
    ],
    [
      "environment production: only protected branches may be deployed there: a hotfix from another one is refused",
      protection({}, { reviewers: [], branches: "protected" }),
    ],
    [
      "environment production: deployments wait for the one reviewer there is -> make sure that a reviewer can be reached",
      protection(),
    ],
  ])("what would hold back an authorised emergency: %s", (words, read) => {
    expect(remarks("holds-back-emergency", read)).toContainEqual(expect.stringContaining(words));
  });
});

test("the baseline counts what is not prevented, once for each weakness, and nothing else", () => {
  const open = protection({ checks: [] }, { reviewers: [], apps: [] });
  const readings = [1, 2, 3].map((id) => {
    return { repository: { ...repository, id, name: `r${id}` }, protection: id === 3 ? protection() : open };
  });
  expect(baselineOf(9, readings, APP_ID, START)).toMatchObject({
    repositories: 3,
    weaknesses: [
      {
        weakness: "the check is not required: any change can be merged",
        repositories: 2,
        names: [`${repository.owner}/r1`, `${repository.owner}/r2`],
      },
    ],
  });
});
