/** The law of what webhooks tell: whatever one of them tells that is kept is named so, and what is named so is kept. */

import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";

import { signal } from "../../src/github/webhooks/signal.ts";
import { RETENTION } from "../../src/github/webhooks/kept-observations.ts";

interface Example {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}

const examples = createRequire(import.meta.url)(
  "@octokit/webhooks-examples/api.github.com/index.json",
) as readonly Example[];

const SHA = "a".repeat(40);
const person = { id: 12, login: "bob", type: "User" };
const owner = { id: 2, login: "acme", type: "Organization" };
const repository = { id: 5, name: "web", visibility: "private", default_branch: "main", owner };
const organization = { id: 2, login: "acme" };
const team = { id: 31, slug: "core", parent: null };
const end = (ref: string) => ({ ref, sha: SHA, repo: { id: 5 } });
const pull_request = {
  number: 3,
  created_at: "2026-07-06T09:00:00Z",
  updated_at: "2026-07-06T09:01:00Z",
  title: "new",
  base: end("main"),
  head: { ...end("feature"), repo: { id: 6 } },
};

/** What of each kept webhook is told, where GitHub's own examples are too old or too bare to tell it. */
const OURS: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  check_run: {
    completed: {
      check_run: {
        head_sha: SHA,
        name: "build",
        app: { id: 8 },
        completed_at: "2026-07-06T09:00:00Z",
        check_suite: { id: 4 },
      },
    },
  },
  deploy_key: Object.fromEntries(
    ["created", "deleted"].map((action) => [
      action,
      { key: { id: 1, read_only: false, created_at: "2026-07-06T09:00:00Z", added_by: "bob" } },
    ]),
  ),
  deployment_review: Object.fromEntries(
    ["approved", "rejected"].map((action) => [
      action,
      {
        approver: person,
        workflow_run: { id: 1, run_attempt: 2 },
        workflow_job_runs: [{ environment: "production" }],
        reviewers: [],
      },
    ]),
  ),
  member: {
    added: { member: person, changes: { permission: { to: "write" } } },
    edited: {
      member: person,
      changes: { old_permission: { from: "admin" }, permission: { from: "admin", to: "read" } },
    },
    removed: { member: person },
  },
  membership: { added: { team, member: person }, removed: { team, member: person } },
  organization: {
    member_added: { membership: { user: person } },
    member_removed: { membership: { user: person } },
  },
  pull_request: {
    opened: { pull_request },
    labeled: { pull_request, label: { name: "one" } },
    unlabeled: { pull_request, label: { name: "one" } },
    ready_for_review: { pull_request },
    converted_to_draft: { pull_request },
    reopened: { pull_request },
    synchronize: { pull_request, before: "b".repeat(40), after: SHA },
    edited: { pull_request, changes: { title: { from: "old" } } },
    closed: { pull_request },
  },
  team: {
    deleted: { team },
    edited: {
      team,
      repository: { ...repository, permissions: { pull: true, push: false, admin: false } },
      changes: { repository: { permissions: { from: { pull: true, push: true, admin: false } } } },
    },
    added_to_repository: { team },
    removed_from_repository: { team },
  },
};

const ARRIVAL = { appId: 7, delivery: "d-1", receivedAt: Date.parse("2026-07-06T09:00:00Z") };

/** How much of these payloads is kept. */
function kept(event: string, payloads: readonly object[]): number {
  return payloads.reduce((sum, payload) => {
    const told = signal(event, payload, ARRIVAL);
    return sum + (told.kind === "parsed" ? told.observations.length : 0);
  }, 0);
}

const ROWS = Object.entries(RETENTION).flatMap(([event, actions]) =>
  Object.entries(actions).map(([action, told]) => ({ event, action, told })),
);

describe("what a webhook tells", () => {
  test.each(ROWS)("$event $action: is kept as the table says", ({ event, action, told }) => {
    const theirs = examples
      .filter(({ name }) => name === event)
      .flatMap(({ examples: all }) => all)
      .filter((payload) => action === "" || payload["action"] === action);
    const common = { action, repository, organization, sender: person, installation: { id: 9 } };
    const own = OURS[event]?.[action];
    const payloads = own === undefined ? theirs : [...theirs, { ...common, ...own }];
    if (typeof told === "string") expect(kept(event, payloads)).toBeGreaterThan(0);
    else expect([kept(event, payloads), told.notKept]).toEqual([0, expect.stringMatching(/\w{3}/u)]);
  });
});
