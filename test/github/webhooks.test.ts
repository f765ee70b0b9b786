import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { STEP_NAMES } from "./act.ts";
import { checkWebhook } from "./conformance/webhook.ts";
import { associatedPulls } from "./rest/associated.ts";
import { trial, type Trial } from "./stage.ts";

const CheckSchema = z.object({ head_sha: z.string(), pull_requests: z.array(z.unknown()) });

const PEOPLE = {
  ann: { permission: "admin" as const, teams: ["core"] },
  bob: { permission: "write" as const },
  cat: { permission: "read" as const },
  ci: { app: "ci" },
  dep: { app: "dependabot" },
};

/** A life that plays every step once, in an order GitHub allows. */
const TOUR: readonly Record<string, unknown>[] = [
  { do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "src/a.ts": "1" }, labels: ["bug"] },
  { do: "label", by: "bob", pull: 1, label: "big" },
  { do: "unlabel", by: "bob", pull: 1, label: "bug" },
  { do: "draft", by: "ann", pull: 1 },
  { do: "ready", by: "ann", pull: 1 },
  { do: "review", by: "bob", pull: 1, state: "changes-requested", body: "no" },
  { do: "edit-review", by: "bob", pull: 1, body: "not yet" },
  { do: "dismiss-review", by: "ann", pull: 1, of: "bob" },
  { do: "comment", by: "cat", pull: 1, text: "a word", as: "word" },
  { do: "edit-comment", by: "cat", of: "word", text: "two words" },
  { do: "delete-comment", by: "cat", of: "word" },
  { do: "command", by: "bob", pull: 1, text: "/countersign help" },
  { do: "edit-pull-request", by: "ann", pull: 1, title: "Another title", body: "and why" },
  { do: "assign", by: "ann", pull: 1, person: "bob" },
  { do: "unassign", by: "ann", pull: 1, person: "bob" },
  { do: "open-issue", by: "ann", title: "A question", text: "why?" },
  { do: "edit-issue", by: "ann", deviation: 1001, text: "why not?" },
  { do: "push", by: "ann", branch: "one", files: { "src/a.ts": "2", "src/b.ts": { from: "README.md" } } },
  { do: "force-push", by: "ann", branch: "one", message: "Say it better" },
  { do: "apply-suggestion", by: "ann", pull: 1, from: "bob", files: { "src/a.ts": "3" } },
  { do: "create-branch", by: "bob", branch: "release/1.0" },
  { do: "retarget", by: "ann", pull: 1, base: "release/1.0" },
  { do: "retarget", by: "ann", pull: 1, base: "main" },
  { do: "push", by: "bob", branch: "main", files: { "src/c.ts": "1" }, via: "web", bypass: true },
  { do: "push", by: "bob", branch: "main", files: { "src/d.ts": "1" }, via: "deploy-key", bypass: true },
  { do: "update-branch", by: "bob", pull: 1 },
  { do: "close", by: "ann", pull: 1 },
  { do: "reopen", by: "ann", pull: 1 },
  { do: "set-check", pull: 1, name: "build", app: "ci", conclusion: "failure" },
  { do: "set-check", pull: 1, name: "countersign", app: "countersign", conclusion: "success" },
  { do: "press", by: "bob", pull: 1, button: "recheck" },
  { do: "rerun", by: "bob", pull: 1 },
  { do: "merge", by: "bob", pull: 1, method: "squash", as: "landed" },
  { do: "revert", by: "bob", pull: 1, opens: 2 },
  { do: "cherry-pick", by: "bob", commit: "landed", branch: "release/1.0" },
  { do: "open-pull-request", by: "dep", pull: 3, branch: "bump", files: { "package-lock.json": "{}" } },
  { do: "merge-locally-and-push", by: "ann", pulls: [2, 3], bypass: true },
  { do: "open-pull-request", by: "cat", pull: 4, branch: "four", files: { "src/e.ts": "1" }, fork: true },
  { do: "enable-auto-merge", by: "ann", pull: 4, method: "rebase" },
  { do: "set-check", pull: 4, name: "countersign", app: "countersign", conclusion: "success" },
  { do: "open-pull-request", by: "ann", pull: 5, branch: "five", files: { "src/f.ts": "1" } },
  { do: "set-check", pull: 5, name: "countersign", app: "countersign", conclusion: "success" },
  { do: "enqueue", by: "ann", pull: 5 },
  { do: "dequeue", by: "ann", pull: 5 },
  { do: "enqueue", by: "ann", pull: 5, as: "group" },
  { do: "set-check", commit: "group", name: "countersign", app: "countersign", conclusion: "success" },
  { do: "deploy", by: "bob", as: "by-api" },
  { do: "deployment-status", by: "bob", deployment: "by-api", state: "failure" },
  { do: "deploy", by: "bob", via: "workflow", as: "by-workflow" },
  { do: "rerun", by: "bob", deployment: "by-workflow" },
  { do: "set-environment", by: "ann", environment: "guarded", reviewers: ["ann"] },
  { do: "deploy", by: "bob", via: "workflow", environment: "guarded", as: "waits" },
  { do: "review-deployment", by: "ann", deployment: "waits" },
  { do: "request-gate", by: "bob" },
  { do: "run-workflow", by: "bob", name: "nightly" },
  { do: "create-tag", by: "bob", tag: "v1", commit: "main~1" },
  { do: "move-tag", by: "bob", tag: "v1", commit: "main" },
  { do: "publish-release", by: "bob", tag: "v1" },
  { do: "rename-branch", by: "bob", branch: "release/1.0", to: "release/1.1" },
  { do: "set-default-branch", by: "ann", branch: "release/1.1" },
  { do: "set-default-branch", by: "ann", branch: "main" },
  { do: "delete-branch", by: "bob", branch: "release/1.1" },
  { do: "edit-policy", by: "ann", in: "organisation", policy: { mode: "enforce" } },
  { do: "edit-ruleset", by: "ann", approvals: 1, bypass: ["bob", "core", "ci"] },
  { do: "edit-ruleset", by: "ann", branch: "hotfix", checks: [{ name: "build", app: "ci" }] },
  { do: "edit-ruleset", by: "ann", branch: "hotfix", delete: true },
  { do: "set-protection", by: "ann", branch: "main", approvals: 1, checks: [{ name: "build" }] },
  { do: "set-protection", by: "ann", branch: "main", approvals: 2 },
  { do: "set-protection", by: "ann", branch: "main", delete: true },
  { do: "set-environment", by: "ann", environment: "production", reviewers: ["bob", "core"] },
  { do: "set-deploy-key", by: "ann", write: false },
  { do: "set-deploy-key", by: "ann", delete: true },
  { do: "add-to-team", by: "ann", person: "bob", team: "core" },
  { do: "remove-from-team", by: "ann", person: "bob", team: "core" },
  { do: "set-permission", by: "ann", person: "cat", permission: "write" },
  { do: "set-permission", by: "ann", person: "cat", permission: "maintain" },
  { do: "set-permission", by: "ann", person: "cat", permission: "none" },
  { do: "set-team-permission", by: "ann", team: "core", permission: "write" },
  { do: "set-team-permission", by: "ann", team: "core", permission: "read" },
  { do: "set-team-permission", by: "ann", team: "core", permission: "none" },
  { do: "add-to-team", by: "ann", person: "bob", team: "gone" },
  { do: "delete-team", by: "ann", team: "gone" },
  { do: "rename-user", person: "cat", to: "cath" },
  { do: "replace-team", by: "ann", team: "core", person: "bob" },
  { do: "delete-user", person: "cat" },
  { do: "create-repository", by: "ann", repository: "api" },
  { do: "rename-repository", by: "ann", repository: "api", to: "core-api" },
  { do: "archive-repository", by: "ann", repository: "core-api" },
  { do: "create-repository", by: "ann", repository: "site" },
  { do: "set-topics", by: "ann", repository: "site", topics: ["one"] },
  { do: "publish-repository", by: "ann", repository: "site" },
  { do: "transfer-repository", by: "ann", repository: "site", to: "other" },
  { do: "create-repository", by: "ann", repository: "old" },
  { do: "delete-repository", by: "ann", repository: "old" },
  { do: "remove-repository", by: "ann", repository: "core-api" },
  { do: "add-repository", by: "ann", repository: "core-api" },
  { do: "set-app-permissions", by: "ann", permissions: { deployments: "none" } },
  { do: "set-webhook", url: "http://127.0.0.1:9/elsewhere" },
  { do: "suspend", by: "ann" },
  { do: "unsuspend", by: "ann" },
  { do: "uninstall", by: "ann" },
  { do: "install", by: "ann" },
];

describe("webhooks", () => {
  let stage: Trial;

  beforeEach(async () => {
    stage = await trial({ people: PEOPLE, policy: { mode: "enforce" } });
  });

  afterEach(async () => {
    await stage.double.close();
  });

  test(
    "a life that plays every step sends nothing GitHub's own descriptions refuse",
    { tags: ["long"] },
    async () => {
      for (const step of TOUR) await stage.play(step);
      const problems = stage.arrivals.flatMap((one) => checkWebhook(one.event, one.action, one.payload));
      // The addresses GitHub gives bots (`...dependabot[bot]@users.noreply.github.com`) are none by the letter.
      const real = problems.filter((problem) => !problem.endsWith('/email must match format "email"'));
      expect([...new Set(real)]).toEqual([]);
      expect(STEP_NAMES.filter((name) => !TOUR.some((step) => step["do"] === name))).toEqual([]);
      const events = new Set(stage.arrivals.map((one) => one.event));
      expect([...events].sort()).toMatchInlineSnapshot(`
      [
        "branch_protection_rule",
        "check_run",
        "check_suite",
        "create",
        "delete",
        "deploy_key",
        "deployment",
        "deployment_protection_rule",
        "deployment_review",
        "deployment_status",
        "installation",
        "installation_repositories",
        "issue_comment",
        "issues",
        "member",
        "membership",
        "merge_group",
        "organization",
        "public",
        "pull_request",
        "pull_request_review",
        "push",
        "release",
        "repository",
        "repository_ruleset",
        "team",
        "workflow_run",
      ]
    `);
    },
  );

  test("every delivery is signed over its exact body and carries GitHub's headers", async () => {
    await stage.play({ do: "open-pull-request", by: "ann", branch: "one", files: { a: "ä" } });
    expect(stage.arrivals.length).toBeGreaterThan(2);
    for (const { headers, body } of stage.arrivals) {
      const expected = `sha256=${createHmac("sha256", "secret").update(body).digest("hex")}`;
      expect(headers.get("x-hub-signature-256")).toBe(expected);
      expect(headers.get("x-github-delivery")).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(headers.get("x-github-hook-installation-target-id")).toBe("77");
      expect(headers.get("user-agent")).toMatch(/^GitHub-Hookshot\//);
      expect(headers.get("content-type")).toBe("application/json");
    }
  });

  test("delivery ids depend on the seed alone", async () => {
    const ids = async (seed: number): Promise<(string | null)[]> => {
      const other = await trial({ people: PEOPLE, seed });
      await other.play({ do: "open-pull-request", by: "ann", branch: "one" });
      await other.double.close();
      return other.arrivals.map((one) => one.headers.get("x-github-delivery"));
    };
    expect(await ids(4)).toEqual(await ids(4));
    expect(await ids(4)).not.toEqual(await ids(5));
  });

  test("the pusher is the sender of a push and of what it does to pull requests", async () => {
    await stage.play({ do: "open-pull-request", by: "ann", branch: "one" });
    stage.arrivals.length = 0;
    await stage.play({ do: "push", by: "bob", branch: "one", author: "ann", files: { b: "1" } });
    const sent = stage.arrivals.filter((one) => one.event === "push" || one.event === "pull_request");
    expect(sent.map((one) => [one.event, one.action, senderOf(one.payload)])).toEqual([
      ["push", null, "bob"],
      ["pull_request", "synchronize", "bob"],
    ]);
  });

  test("checks name the pull requests of a branch, and none whose head is in a fork", async () => {
    await stage.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "own", files: { a: "1" } });
    await stage.play({
      do: "open-pull-request",
      by: "cat",
      pull: 2,
      branch: "two",
      files: { b: "1" },
      fork: true,
    });
    stage.arrivals.length = 0;
    for (const pull of [1, 2])
      await stage.play({
        do: "set-check",
        pull,
        name: "countersign",
        app: "countersign",
        conclusion: "failure",
      });
    await stage.play({ do: "press", by: "bob", pull: 2, button: "recheck" });
    await stage.play({ do: "rerun", by: "bob", pull: 2 });
    const web = stage.double.world.repository("acme", "web")!.repository;
    const heads = [1, 2].map((number) => web.pulls.get(number)!.head.sha);
    const told = stage.arrivals.flatMap((one) => {
      const check = CheckSchema.safeParse(one.payload["check_run"] ?? one.payload["check_suite"]);
      return check.success ? [[heads.indexOf(check.data.head_sha) + 1, check.data.pull_requests.length]] : [];
    });
    expect(told.length).toBeGreaterThan(4);
    for (const [pull, named] of told) expect([pull, named]).toEqual([pull, pull === 1 ? 1 : 0]);
    const tied = heads.map((sha) => associatedPulls(stage.double.world, web, sha).map((one) => one.number));
    expect(tied).toEqual([[1], []]);
  });

  test("an App hears nothing of repositories it cannot reach, nor while it is suspended", async () => {
    await stage.play({ do: "remove-repository", by: "ann" });
    stage.arrivals.length = 0;
    await stage.play({ do: "open-pull-request", by: "ann", branch: "one" });
    expect(stage.arrivals).toEqual([]);
    await stage.play({ do: "add-repository", by: "ann" });
    await stage.play({ do: "suspend", by: "ann" });
    stage.arrivals.length = 0;
    await stage.play({ do: "push", by: "ann", branch: "one", files: { b: "1" } });
    expect(stage.arrivals).toEqual([]);
  });

  test("an App hears only the events it subscribed to, and of its own check's buttons without asking", async () => {
    const app = { id: 77, publicKey: "", webhookSecret: "s", webhookUrl: "http://127.0.0.1:1/" };
    const quiet = await trial({ people: PEOPLE, app: { ...app, events: ["push"] } });
    await quiet.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one" });
    await quiet.play({
      do: "set-check",
      pull: 1,
      name: "countersign",
      app: "countersign",
      conclusion: "failure",
    });
    await quiet.play({ do: "rerun", by: "ann", pull: 1 });
    await quiet.double.close();
    const heard = quiet.arrivals.map((one) => `${one.event}.${one.action ?? ""}`);
    expect(new Set(heard)).toEqual(
      new Set([
        "installation.created",
        "push.",
        "check_suite.requested",
        "check_suite.completed",
        "check_run.rerequested",
      ]),
    );
  });

  test("a step nobody built, or with a key it does not have, is an error and never a silent yes", async () => {
    expect(await stage.double.act({ do: "levitate", by: "ann" })).toEqual({
      ok: false,
      error: "unknown act `levitate`",
    });
    expect(await stage.double.act({ do: "close", by: "ann", pull: 1, why: "so" })).toEqual({
      ok: false,
      error: "`close` has no key `why`",
    });
    expect(await stage.double.act({ do: "close", by: "nobody-known", pull: 1 })).toEqual({
      ok: false,
      error: "nobody is called nobody-known",
    });
  });
});

function senderOf(payload: Record<string, unknown>): unknown {
  const { sender } = payload;
  return typeof sender === "object" && sender !== null && "login" in sender ? sender.login : null;
}
