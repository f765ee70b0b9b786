import { expect, test } from "vitest";
import { externalIdOf, pullsInExternalId } from "../../src/domain/decisions/decision.ts";
import { signal } from "../../src/github/webhooks/signal.ts";

const repository = {
  id: 7,
  name: "web",
  full_name: "acme/web",
  private: true,
  visibility: "private",
  default_branch: "main",
  owner: { id: 9, login: "acme", type: "Organization" },
};
const arrival = { appId: 77, delivery: "d-1", receivedAt: 0 };

/** What a press of our check's button means, where GitHub names no pull request. */
function pressed(externalId: string | null, appId = 77): ReturnType<typeof signal> {
  const sha = "a".repeat(40);
  const sender = { id: 5001, login: "ann", type: "User" };
  const payload = {
    action: "requested_action",
    requested_action: { identifier: "emergency" },
    repository,
    sender,
    check_run: {
      head_sha: sha,
      name: "countersign",
      app: { id: appId },
      external_id: externalId,
      pull_requests: [],
    },
  };
  return signal("check_run", payload, arrival);
}

test("the button of a check names its pull requests by what the check carries, where GitHub names none", () => {
  expect(pressed("pulls:3,12")).toMatchObject({
    kind: "parsed",
    subjects: [
      { type: "flag", number: 3 },
      { type: "flag", number: 12 },
    ],
  });
  expect(pressed("check:7:abc")).toMatchObject({ subjects: [{ type: "commit" }] });
  expect(pressed(null)).toMatchObject({ subjects: [{ type: "commit" }] });
  expect(pressed("pulls:3", 78)).toMatchObject({ kind: "ignored" });
});

test("what a check carries is read back, and nothing else is", () => {
  expect(pullsInExternalId(externalIdOf({ pulls: [1, 20] }))).toEqual([1, 20]);
  expect(externalIdOf({})).toBeNull();
  for (const other of [null, undefined, "", "pulls", "check:1:abc", "pulls:x"])
    expect(pullsInExternalId(other)).toEqual([]);
});
