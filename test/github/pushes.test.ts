import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { trial, type Trial } from "./stage.ts";
import type { Repository } from "./model.ts";

describe("pushes and rules", () => {
  let stage: Trial;
  let web: Repository;

  beforeEach(async () => {
    stage = await trial({
      policy: { production: { branches: ["main", "release/**"] } },
      people: {
        ann: { permission: "admin", teams: ["core"] },
        bob: { permission: "write" },
        bot: { app: "deployer" },
      },
    });
    web = stage.double.world.repository("acme", "web")!.repository;
  });

  afterEach(async () => {
    await stage.double.close();
  });

  const direct = { do: "push", by: "ann", branch: "main", files: { a: "1" } };
  const types = (ref: string): string[] =>
    web.activities.filter((one) => one.ref === ref).map((one) => one.type);

  test("a direct push, a forced push and a deletion of a guarded branch are refused, admin or not", async () => {
    expect(await stage.refused(direct)).toMatchInlineSnapshot(`
      "GH013: Repository rule violations found for refs/heads/main.
      - Changes must be made through a pull request.
      - Required status check "countersign" is expected."
    `);
    expect(await stage.refused({ do: "force-push", by: "ann", branch: "main" })).toContain(
      "Cannot force-push to this branch",
    );
    await stage.play({ do: "create-branch", by: "bob", branch: "release/1.0" });
    expect(await stage.refused({ do: "delete-branch", by: "ann", branch: "release/1.0" })).toContain(
      "Cannot delete this branch",
    );
    expect(types("refs/heads/main")).toEqual(["branch_creation"]);
  });

  test("only those a ruleset lists may bypass it: people, teams, roles, apps and deploy keys", async () => {
    for (const [listed, step] of [
      ["ann", direct],
      ["core", direct],
      ["admin", direct],
      ["bot", { ...direct, by: "bot" }],
      ["deploy-key", { ...direct, by: "bob", via: "deploy-key" }],
    ] as const) {
      await stage.play({ do: "edit-ruleset", by: "ann", bypass: [] });
      await stage.refused({ ...step, files: { a: `not ${listed}` } });
      await stage.play({ do: "edit-ruleset", by: "ann", bypass: [listed] });
      await stage.play({ ...step, files: { a: listed } });
    }
    await stage.play({ do: "edit-ruleset", by: "ann", bypass: ["organization-admin"] });
    await stage.refused({ ...direct, files: { a: "admin of the repository, not of the organization" } });
  });

  test("every update of a branch is in the activity list, each before the after of the one ahead", async () => {
    await stage.play({ ...direct, bypass: true });
    await stage.play({ do: "force-push", by: "ann", branch: "main", to: "main~1", bypass: true });
    await stage.play({ do: "open-pull-request", by: "bob", pull: 1, branch: "one" });
    await stage.play({
      do: "set-check",
      pull: 1,
      name: "countersign",
      app: "countersign",
      conclusion: "success",
    });
    await stage.play({ do: "merge", by: "bob", pull: 1, method: "squash" });
    const list = web.activities.filter((one) => one.ref === "refs/heads/main");
    expect(list.map((one) => one.type)).toEqual(["branch_creation", "push", "force_push", "pr_merge"]);
    for (const [index, one] of list.entries())
      expect(one.before).toBe(list[index - 1]?.after ?? "0".repeat(40));
    await stage.play({ do: "delete-branch", by: "bob", branch: "one" });
    expect(types("refs/heads/one")).toEqual(["branch_creation", "branch_deletion"]);
  });

  test("a disabled ruleset forbids nothing, a branch outside its patterns is free", async () => {
    await stage.play({ do: "push", by: "bob", branch: "elsewhere", files: { a: "1" } });
    await stage.play({ do: "edit-ruleset", by: "ann", enforcement: "disabled" });
    await stage.play(direct);
  });

  test("classic protection binds administrators only if it says so, but nobody force-pushes", async () => {
    await stage.play({ do: "edit-ruleset", by: "ann", delete: true });
    await stage.play({
      do: "set-protection",
      by: "ann",
      approvals: 1,
      checks: [{ name: "build", app: "ci" }],
    });
    await stage.play(direct);
    expect(await stage.refused({ ...direct, by: "bob" })).toMatch(/^GH006: Protected branch update failed/);
    expect(await stage.refused({ do: "force-push", by: "ann", branch: "main" })).toContain(
      "Cannot force-push",
    );
    await stage.play({ do: "set-protection", by: "ann", bypass: [] });
    expect(await stage.refused({ ...direct, files: { a: "2" } })).toContain(
      "Changes must be made through a pull request.",
    );
    await stage.play({ do: "open-pull-request", by: "bob", pull: 1, branch: "one" });
    const merge = { do: "merge", by: "bob", pull: 1 };
    expect(await stage.refused(merge)).toContain("At least 1 approving review is required");
    await stage.play({ do: "review", by: "ann", pull: 1, state: "approved" });
    expect(await stage.refused(merge)).toContain('Required status check "build" is expected.');
    await stage.play({ do: "set-check", pull: 1, name: "build", app: "ci", conclusion: "neutral" });
    await stage.play(merge);
  });

  test("approvals count once a person and end when they are dismissed or refused anew", async () => {
    await stage.play({ do: "edit-ruleset", by: "ann", approvals: 2, checks: [] });
    await stage.play({ do: "open-pull-request", by: "bot", pull: 1, branch: "one" });
    const merge = { do: "merge", by: "ann", pull: 1 };
    const approve = { do: "review", pull: 1, state: "approved" };
    await stage.play({ ...approve, by: "bob" });
    await stage.play({ ...approve, by: "bob" });
    expect(await stage.refused(merge)).toContain("At least 2 approving reviews are required");
    await stage.play({ ...approve, by: "ann" });
    await stage.play({ do: "dismiss-review", by: "ann", pull: 1, of: "bob" });
    await stage.refused(merge);
    await stage.play({ ...approve, by: "bob", state: "changes-requested" });
    expect(await stage.refused(merge)).toContain("Changes have been requested.");
    await stage.play({ ...approve, by: "bob" });
    await stage.play(merge);
  });

  test("a push that is not a fast-forward needs force, and a tag moves only if it is there", async () => {
    await stage.play({ do: "push", by: "bob", branch: "one", files: { a: "1" } });
    expect(await stage.refused({ do: "push", by: "bob", branch: "one", to: "main" })).toBe(
      "Update is not a fast forward",
    );
    await stage.play({ do: "force-push", by: "bob", branch: "one", to: "main" });
    expect(await stage.refused({ do: "move-tag", by: "bob", tag: "v1", commit: "main" })).toBe(
      "Reference does not exist",
    );
    await stage.play({ do: "create-tag", by: "bob", tag: "v1", commit: "main" });
    expect(await stage.refused({ do: "create-tag", by: "bob", tag: "v1", commit: "main" })).toBe(
      "Reference already exists",
    );
  });

  test("the bypass of one step changes no rule and is gone with the next", async () => {
    await stage.play({ ...direct, bypass: true });
    expect(web.rulesets[0]?.bypassActors).toEqual([]);
    await stage.refused({ ...direct, files: { a: "2" } });
  });
});
