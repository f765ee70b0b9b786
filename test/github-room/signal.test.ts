import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { HANDLED, laneOf, SENT_ANYWAY, signal } from "../../src/github/webhooks/signal.ts";
import type { DeliveryMetadata } from "../../src/github/webhooks/subject.ts";
import { rounds } from "../support/effort.ts";

const ARRIVAL: DeliveryMetadata = {
  appId: 7,
  delivery: "d-1",
  receivedAt: Date.parse("2026-07-06T09:00:00Z"),
};

interface Example {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}

const examples = createRequire(import.meta.url)(
  "@octokit/webhooks-examples/api.github.com/index.json",
) as readonly Example[];

const A = "a".repeat(40);
const B = "b".repeat(40);
const ann = { id: 11, login: "ann", type: "User" };
const repository = {
  id: 5,
  name: "web",
  visibility: "internal",
  default_branch: "main",
  pushed_at: 1783328460,
  owner: { id: 2, login: "acme", type: "Organization" },
};
const pull = {
  number: 3,
  updated_at: "2026-07-06T09:01:00Z",
  base: { ref: "main", sha: A, repo: { id: 5 } },
  head: { ref: "feature", sha: B, repo: { id: 5 } },
};

function heard(event: string, payload: Record<string, unknown>, arrival: DeliveryMetadata = ARRIVAL) {
  const answer = signal(event, { repository, sender: ann, installation: { id: 9 }, ...payload }, arrival);
  if (answer.kind !== "parsed") throw new Error(`ignored: ${answer.because}`);
  return answer;
}

function ignored(event: string, payload: unknown): string {
  const answer = signal(event, payload, ARRIVAL);
  if (answer.kind !== "ignored") throw new Error(`heard as ${answer.as}`);
  return answer.because;
}

describe("the table of what GitHub's own examples mean", () => {
  test("every example is handled, or ignored with a reason, as the golden table says", async () => {
    const lines = new Set<string>();
    let count = 0;
    for (const { name, examples: payloads } of examples) {
      for (const payload of payloads) {
        count += 1;
        const answer = signal(name, payload, ARRIVAL);
        const action = typeof payload["action"] === "string" ? `.${payload["action"]}` : "";
        const meaning =
          answer.kind === "parsed"
            ? `handled as ${answer.as} [${[...new Set(answer.subjects.map(({ type }) => type))].join(", ")}]`
            : `ignored because ${answer.because}`;
        lines.add(`${name}${action} -> ${meaning}`);
      }
    }
    expect(count).toBe(329);
    await expect(`${[...lines].sort().join("\n")}\n`).toMatchFileSnapshot("../golden/signals.txt");
  });

  test("app.yml asks for exactly the events that are handled", () => {
    const manifest = parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")) as {
      readonly default_events: readonly string[];
    };
    const asked = Object.keys(HANDLED).filter((event) => !SENT_ANYWAY.includes(event));
    expect([...manifest.default_events].sort()).toEqual(asked.sort());
  });
});

describe("a signal", () => {
  test("is given for any JSON under any event name, without throwing", () => {
    const events = fc.oneof(fc.constantFrom(...Object.keys(HANDLED)), fc.string());
    const part = fc.jsonValue();
    const payload = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          action: fc.oneof(fc.constantFrom(...Object.values(HANDLED).flat(), "constructor"), part),
          repository: fc.oneof(fc.constant(repository), part),
          pull_request: fc.oneof(fc.constant(pull), part),
          changes: part,
          review: part,
          sender: part,
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(events, payload, (event, body) => {
        expect(["parsed", "ignored"]).toContain(signal(event, body, ARRIVAL).kind);
        expect(laneOf(event, body)).toMatch(/^(?:repository:-?\d+|installation:-?\d+|app)$/u);
      }),
      { numRuns: rounds(2_000, 20_000) },
    );
    for (const odd of [undefined, null, 1, "x", [], () => 1])
      expect(signal("push", odd, ARRIVAL)).toBeTruthy();
  });

  test("names what a payload lacks", () => {
    expect(ignored("pull_request", { action: "opened", repository })).toContain(
      "the payload lacks pull_request",
    );
    expect(ignored("pull_request", { repository })).toBe("the payload lacks action");
  });

  test("says where it comes from, also when the repository is only sketched", () => {
    expect(heard("pull_request", { action: "opened", pull_request: pull }).where).toEqual({
      installationId: 9,
      organizationId: 2,
      repository: {
        id: 5,
        owner: "acme",
        ownerId: 2,
        name: "web",
        visibility: "internal",
        defaultBranch: "main",
      },
    });
    expect(laneOf("push", { repository: { id: 5 }, installation: { id: 9 } })).toBe("repository:5");
    expect(laneOf("installation", { installation: { id: 9 } })).toBe("installation:9");
    expect(laneOf("ping", { zen: "x" })).toBe("app");
  });

  test("keeps the commit a review was given on as its webhook names it", () => {
    const review = {
      id: 77,
      user: ann,
      state: "approved",
      commit_id: B,
      submitted_at: "2026-07-06T09:02:00Z",
    };
    const { subjects, observations } = heard("pull_request_review", {
      action: "submitted",
      pull_request: pull,
      review,
    });
    expect(subjects).toEqual([{ type: "pull", repositoryId: 5, number: 3 }]);
    expect(observations).toEqual([
      {
        subject: "review:77",
        at: Date.parse("2026-07-06T09:02:00Z"),
        observation: {
          kind: "review-given",
          pull: 3,
          review: {
            id: 77,
            author: ann,
            state: "approved",
            submittedAt: Date.parse("2026-07-06T09:02:00Z"),
            commit: B,
          },
        },
      },
    ]);
  });

  test("keeps who dismissed a review", () => {
    const review = { id: 77, user: ann, state: "dismissed", updated_at: "2026-07-06T09:03:00Z" };
    const [observed] = heard("pull_request_review", {
      action: "dismissed",
      pull_request: pull,
      review,
      sender: { id: 12, login: "bob", type: "User" },
    }).observations;
    expect(observed?.observation).toMatchObject({ kind: "review-dismissed", reviewId: 77, by: { id: 12 } });
  });

  test("takes an edited review for no witness of its commit", () => {
    const review = { id: 77, user: ann, state: "approved", commit_id: B };
    expect(
      heard("pull_request_review", { action: "edited", pull_request: pull, review }).observations,
    ).toEqual([]);
  });

  test("keeps who was seen to push, from a push and from a synchronize", () => {
    const pushed = heard("push", {
      ref: "refs/heads/feature",
      before: A,
      after: B,
      forced: true,
      commits: [],
    });
    expect(pushed.observations[0]).toEqual({
      subject: `push:refs/heads/feature:${A}:${B}:d-1`,
      at: 1783328460000,
      observation: {
        kind: "pushed",
        ref: "refs/heads/feature",
        before: A,
        after: B,
        actor: ann,
        forced: true,
        at: 1783328460000,
      },
    });
    const synchronized = heard("pull_request", {
      action: "synchronize",
      pull_request: pull,
      before: A,
      after: B,
    });
    expect(synchronized.observations[0]?.observation).toMatchObject({
      ref: "refs/heads/feature",
      actor: ann,
    });
  });

  test("does not take a fork's main for ours", () => {
    const head = { ref: "main", sha: B, repo: { id: 6 } };
    const { observations } = heard("pull_request", {
      action: "synchronize",
      pull_request: { ...pull, head },
      before: A,
      after: B,
    });
    expect(observations[0]?.observation).toMatchObject({ ref: "refs/pull/3/head" });
  });

  test("keeps from where to where a pull request was retargeted", () => {
    const { observations } = heard("pull_request", {
      action: "edited",
      pull_request: pull,
      changes: { base: { ref: { from: "lax" }, sha: { from: A } } },
    });
    expect(observations[0]?.observation).toMatchObject({
      kind: "retargeted",
      from: "lax",
      to: "main",
      by: ann,
    });
  });

  test("looks at the branch too when a pull request was merged", () => {
    const { subjects } = heard("pull_request", {
      action: "closed",
      pull_request: { ...pull, merged: true },
    });
    expect(subjects).toContainEqual({ type: "branch", repositoryId: 5, ref: "refs/heads/main" });
    expect(heard("pull_request", { action: "closed", pull_request: pull }).subjects).toHaveLength(1);
  });

  test("looks at everything open when a push touches the policy file", () => {
    const commits = [{ added: [], modified: ["src/a.ts", ".github/countersign.yml"], removed: [] }];
    const push = { ref: "refs/heads/main", before: A, after: B, commits };
    expect(heard("push", push).subjects.map(({ type }) => type)).toEqual(["branch", "repository"]);
    const other = [{ added: ["docs/countersign.yml"], modified: [], removed: [] }];
    expect(heard("push", { ...push, commits: other }).subjects).toHaveLength(1);
    const dotGithub = { ...repository, name: ".github" };
    expect(heard("push", { ...push, repository: dotGithub }).subjects).toContainEqual({
      type: "organization",
      organizationId: 2,
    });
  });

  test("looks at everything open when the default branch was forced, whatever the commits say", () => {
    const push = { ref: "refs/heads/main", before: A, after: B, forced: true, commits: [] };
    expect(heard("push", push).subjects).toContainEqual({ type: "repository", repositoryId: 5 });
  });

  test("does not listen to our own check run, but to its buttons", () => {
    const run = { head_sha: B, name: "countersign", app: { id: 7 }, pull_requests: [{ number: 3 }] };
    expect(ignored("check_run", { action: "completed", repository, check_run: run })).toContain("our own");
    expect(heard("check_run", { action: "rerequested", check_run: run })).toMatchObject({
      as: "recheck",
      subjects: [{ type: "pull", repositoryId: 5, number: 3 }],
    });
    const forged = { ...run, app: { id: 8 } };
    expect(ignored("check_run", { action: "rerequested", repository, check_run: forged })).toContain(
      "another app",
    );
    expect(heard("check_run", { action: "completed", check_run: forged }).subjects).toEqual([
      { type: "commit", repositoryId: 5, sha: B },
    ]);
  });

  const comment = (
    body: string,
    more: {
      readonly issue?: object;
      readonly comment?: object;
      readonly action?: string;
      readonly changes?: object;
    } = {},
  ) => {
    const user = { id: 9, login: "ann", type: "User" };
    const written = { id: 40, body, user, created_at: AT, updated_at: AT, ...more.comment };
    const issue = { number: 3, pull_request: {}, ...more.issue };
    const { action = "created", changes } = more;
    return signal("issue_comment", { action, repository, issue, comment: written, changes }, ARRIVAL);
  };
  const AT = "2026-07-06T09:00:00Z";

  test("hears what a person writes to us on the first line of a new comment, and nothing else", () => {
    expect(comment("/countersign recheck")).toMatchObject({
      kind: "parsed",
      subjects: [
        { type: "comment", repositoryId: 5, number: 3, on: "pull", comment: { id: 40, edited: false } },
      ],
    });
    expect(comment("/countersign recheck\r\nthank you").kind).toBe("parsed");
    expect(comment("/countersing dance").kind).toBe("parsed");
    expect(comment("please\n/countersign recheck").kind).toBe("ignored");
    expect(comment("> /countersign recheck").kind).toBe("ignored");
    const bot = { user: { id: 9, login: "x[bot]", type: "Bot" } };
    expect(comment("/countersign recheck", { comment: bot }).kind).toBe("ignored");
    const app = { performed_via_github_app: { id: 8 } };
    expect(comment("/countersign recheck", { comment: app }).kind).toBe("ignored");
    // From the pages of this App, with the person's own token; what the App says itself is a bot's.
    const own = { performed_via_github_app: { id: 7 } };
    expect(comment("/countersign recheck", { comment: own }).kind).toBe("parsed");
    expect(comment("/countersign recheck", { comment: { ...own, ...bot } }).kind).toBe("ignored");
  });

  test("hears an edited comment only if it was not meant for us before", () => {
    const edited = (from: string) =>
      comment("/countersign recheck", { action: "edited", changes: { body: { from } } });
    expect(edited("looks fine")).toMatchObject({ subjects: [{ comment: { edited: true } }] });
    expect(edited("/countersign help").kind).toBe("ignored");
  });

  test("takes an issue for a deviation's only if the App itself wrote it", () => {
    const issue = (via: number, type: string) => ({
      pull_request: undefined,
      body: "x\n<!-- countersign-deviation:DEV-1 -->",
      user: { id: 1, login: "someone", type },
      performed_via_github_app: { id: via },
    });
    const deviation = (wrote: object) => {
      const told = comment("/countersign help", { issue: wrote });
      return told.kind === "parsed" ? told.subjects.map((each) => "deviation" in each && each.deviation) : [];
    };
    expect(deviation(issue(7, "Bot"))).toEqual(["DEV-1"]);
    expect(deviation(issue(8, "Bot"))).toEqual([null]);
    expect(deviation(issue(7, "User"))).toEqual([null]);
  });

  test("forgets what was read of a team's members, and of its whole organisation, when they change", () => {
    const { stale, subjects } = heard("membership", {
      action: "removed",
      organization: { id: 2, login: "Acme" },
      team: { slug: "DBA" },
      repository: undefined,
    });
    expect(stale).toEqual(["team:acme/dba", "organization:acme"]);
    expect(subjects).toEqual([{ type: "organization", organizationId: 2 }]);
    expect(heard("member", { action: "added" }).stale).toEqual(["permission:5"]);
  });

  test("keeps that a repository was taken from a team, and given back", () => {
    const told = (action: string): unknown =>
      heard("team", {
        action,
        organization: { id: 2, login: "Acme" },
        team: { slug: "DBA" },
      }).observations?.map(({ observation }) => observation);
    const loss = { kind: "right-lost", ownerId: 2, of: "5", personId: null, through: "acme/dba" };
    expect(told("removed_from_repository")).toMatchObject([{ ...loss, isBack: false }]);
    expect(told("added_to_repository")).toMatchObject([{ ...loss, isBack: true }]);
    expect(told("edited")).toEqual([]);
  });

  test("keeps what is left to a team in a repository when that is lowered, and that it was raised", () => {
    const told = (from: object, permissions: object | undefined): unknown =>
      heard("team", {
        action: "edited",
        organization: { id: 2, login: "Acme" },
        team: { slug: "DBA" },
        repository: { ...repository, permissions },
        changes: { repository: { permissions: { from } } },
      }).observations.map(({ observation }) => observation);
    const loss = { kind: "right-lost", ownerId: 2, of: "5", personId: null, through: "acme/dba" };
    const read = { admin: false, push: false, pull: true };
    const write = { ...read, push: true };
    expect(told(write, read)).toMatchObject([{ ...loss, permission: "read", isBack: false }]);
    expect(told(read, write)).toMatchObject([{ ...loss, permission: "write", isBack: true }]);
    expect(told({ ...write, admin: true }, write)).toMatchObject([{ permission: "write", isBack: false }]);
    // The old word is the same for two rights: what may be less counts as less.
    expect(told(write, write)).toMatchObject([{ permission: "write", isBack: false }]);
    expect(told(write, { ...write, maintain: true })).toMatchObject([{ isBack: true }]);
    const unsaid = told(write, undefined);
    expect(unsaid).toMatchObject([{ ...loss, isBack: false }]);
    expect(unsaid).not.toMatchObject([{ permission: expect.anything() as unknown }]);
  });

  test("keeps whose place in a deleted team is gone, by the team's number", () => {
    const { observations } = heard("membership", {
      action: "removed",
      organization: { id: 2, login: "Acme" },
      member: { id: 12, login: "bob", type: "User" },
      team: { id: 31, name: "DBA", deleted: true },
      repository: undefined,
    });
    expect(observations).toMatchObject([
      { observation: { of: "acme/#31", personId: 12, team: { id: 31, isNested: false }, isBack: false } },
    ]);
  });

  test("takes a person's right for the least that GitHub's older word may stand for", () => {
    const told = (from: string, to: string): unknown =>
      heard("member", {
        action: "edited",
        member: { id: 12, login: "bob", type: "User" },
        changes: { old_permission: { from }, permission: { from, to } },
      }).observations.map(({ observation }) => observation);
    expect(told("write", "write")).toMatchObject([{ permission: "write", isBack: false }]);
    expect(told("admin", "write")).toMatchObject([{ permission: "write", isBack: false }]);
    expect(told("read", "write")).toMatchObject([{ permission: "write", isBack: true }]);
  });

  test("keeps when and by whom the App was suspended", () => {
    const installation = { id: 9, suspended_at: "2026-07-06T10:00:00Z", updated_at: "2026-07-06T10:00:05Z" };
    const { subjects } = heard("installation", { action: "suspend", installation, repository: undefined });
    expect(subjects[0]).toEqual({
      type: "lifecycle",
      happened: "suspended",
      installationId: 9,
      repositoryId: null,
      by: ann,
      at: Date.parse("2026-07-06T10:00:00Z"),
    });
  });

  test("tells each repository that came or went", () => {
    const { subjects } = heard("installation_repositories", {
      action: "added",
      repository: undefined,
      repositories_added: [{ id: 1 }, { id: 2 }],
      repositories_removed: [{ id: 3 }],
    });
    expect(subjects.map((subject) => (subject.type === "lifecycle" ? subject.happened : ""))).toEqual([
      "repository-added",
      "repository-added",
      "repository-removed",
      "",
    ]);
  });
});
