import { describe, expect, test } from "vitest";
import type { CheckRunPayload } from "../../src/domain/decisions/decision.ts";
import type { IssuePayload } from "../../src/domain/deviation/issue.ts";
import { carryOut } from "../../src/github/actions/carry-out.ts";
import { fitToLimit, type Doable } from "../../src/github/actions/written.ts";
import { octokitOver, scripted, type Given, type Seen } from "./scripted.ts";

const SHA = "a".repeat(40);
const storedAt = Date.parse("2026-07-06T09:00:00Z");
const repository = { id: 5, owner: "acme", name: "web" };

const saying: CheckRunPayload = {
  repository,
  appId: 7,
  checkName: "countersign",
  text: {
    headSha: SHA,
    status: "in_progress",
    conclusion: null,
    title: "Waiting for 1 approval",
    summary: "s",
    text: "",
  },
  request: null,
};

const check = (previous: unknown): Doable => {
  return { kind: "check-run", key: "k", payload: saying, storedAt, previous };
};

const issue: Doable = {
  kind: "open-issue",
  key: "k",
  payload: {
    repository,
    appId: 7,
    title: "t",
    body: "b\n\n<!-- m:1 -->\n",
    labels: ["change-control"],
    assignees: ["carol"],
    marker: "m:1",
    since: Date.parse("2026-07-06T09:00:00Z"),
    state: "open",
    say: null,
    request: null,
  } satisfies IssuePayload,
  storedAt,
  previous: undefined,
};

async function doing(action: Doable, script: (seen: Seen) => Given) {
  const { fetch, seen } = scripted(script);
  const outcome = await carryOut(octokitOver(fetch), action);
  return { outcome, seen, calls: seen.map(({ method, path }) => `${method} ${path}`) };
}

const made = { id: 31, html_url: "https://github.test/31" };
const opened = { ...made, number: 9 };

/** GitHub's answer about the repository itself, else this to a question and the issue made to anything else. */
function repositoryOr(seen: Seen, asked: Given): Given {
  if (seen.path === "/repos/acme/web") return { body: { private: true, visibility: "private" } };
  return seen.method === "GET" ? asked : { status: 201, body: opened };
}

describe("a check run", () => {
  test("is changed in one request where its number is known", async () => {
    const { outcome, calls, seen } = await doing(check({ id: 30 }), () => ({ body: made }));
    expect(calls).toEqual(["PATCH /repos/acme/web/check-runs/30"]);
    expect(seen[0]?.body).toMatchObject({
      status: "in_progress",
      actions: [{ identifier: "emergency" }, { identifier: "recheck" }],
      output: { title: "Waiting for 1 approval", summary: "s" },
    });
    expect(outcome).toEqual({ id: 31, url: "https://github.test/31" });
  });

  test("that nobody ever tried to make is made in one request", async () => {
    const { calls } = await doing({ ...check(undefined), isUntried: true }, () => ({
      status: 201,
      body: made,
    }));
    expect(calls).toEqual(["POST /repos/acme/web/check-runs"]);
  });

  test("made by an attempt that was never marked is found again, not made twice", async () => {
    const runs = [
      { id: 40, name: "countersign", app: { id: 8 } },
      { id: 29, name: "countersign", app: { id: 7 } },
    ];
    const { calls } = await doing(check(undefined), (seen) =>
      seen.method === "GET" ? { body: { check_runs: runs } } : { body: made },
    );
    expect(calls).toEqual([
      `GET /repos/acme/web/commits/${SHA}/check-runs`,
      "PATCH /repos/acme/web/check-runs/29",
    ]);
  });

  test("is made where there is none, or where it is gone", async () => {
    const fresh = await doing(check(undefined), (seen) =>
      seen.method === "GET" ? { body: { check_runs: [] } } : { status: 201, body: made },
    );
    expect(fresh.calls.at(-1)).toBe("POST /repos/acme/web/check-runs");
    expect(fresh.seen.at(-1)?.body).toMatchObject({ name: "countersign", head_sha: SHA });
    const gone = await doing(check({ id: 30 }), (seen) =>
      seen.method === "PATCH" ? { status: 404, body: { message: "Not Found" } } : { status: 201, body: made },
    );
    expect(gone.calls.at(-1)).toBe("POST /repos/acme/web/check-runs");
  });

  test("says so where its text is too long for GitHub, and stays whole characters", () => {
    expect(fitToLimit("short")).toBe("short");
    const long = fitToLimit("ü€😀".repeat(20_000));
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(65_535);
    expect(long).toContain("The rest is left out");
    expect(long).not.toContain("\u{FFFD}");
  });
});

describe("an issue", () => {
  const written = {
    id: 90,
    number: 9,
    html_url: "https://github.test/issues/9",
    body: "b <!-- m:1 -->",
    created_at: "2026-07-06T09:00:01Z",
    user: { type: "Bot" },
    performed_via_github_app: { id: 7 },
  };

  test("opened by an attempt that was never marked is found by its marker", async () => {
    const { outcome, calls } = await doing(issue, (seen) => ({
      body: seen.method === "GET" ? [written] : written,
    }));
    expect(calls).toEqual(["GET /repos/acme/web/issues", "PATCH /repos/acme/web/issues/9"]);
    expect(outcome).toEqual({ id: 90, number: 9, url: "https://github.test/issues/9" });
  });

  test("with our marker but by somebody else is not taken for ours", async () => {
    const forged = [
      { ...written, performed_via_github_app: null, user: { type: "User" } },
      { ...written, performed_via_github_app: { id: 8 } },
      { ...written, user: { type: "User" } },
      { ...written, body: "b <!-- m:2 -->" },
    ];
    const { calls } = await doing(issue, (seen) => repositoryOr(seen, { body: forged }));
    expect(calls.at(-1)).toBe("POST /repos/acme/web/issues");
  });

  test("is not opened where the public could read it", async () => {
    const open = { body: { private: false, visibility: "public" } };
    const { calls, outcome } = await doing(issue, (seen) =>
      seen.path === "/repos/acme/web" ? open : repositoryOr(seen, { body: [] }),
    );
    expect(calls).toEqual(["GET /repos/acme/web/issues", "GET /repos/acme/web"]);
    expect(outcome.id).toBe(0);
  });

  test("that nobody ever tried to open is not looked for, unless what it tells of is older than a lost database could be", async () => {
    const first = await doing({ ...issue, isUntried: true }, (seen) => repositoryOr(seen, { body: [] }));
    expect(first.calls).toEqual(["GET /repos/acme/web", "POST /repos/acme/web/issues"]);
    const payload = { ...(issue.payload as IssuePayload), since: storedAt - 2 * 3_600_000 };
    const late = await doing({ ...issue, payload, isUntried: true }, (seen) =>
      repositoryOr(seen, { body: [] }),
    );
    expect(late.calls[0]).toBe("GET /repos/acme/web/issues");
  });

  test("that should be closed and was never opened stays so", async () => {
    const closed = { ...issue, payload: { ...(issue.payload as IssuePayload), state: "closed" } };
    const { calls } = await doing(closed, () => ({ body: [] }));
    expect(calls).toEqual(["GET /repos/acme/web/issues"]);
  });

  test("once opened is known by its number, and a comment on it is made once", async () => {
    const payload = {
      ...(issue.payload as IssuePayload),
      state: "closed",
      say: "Closed: done.",
      request: "1",
    };
    const closing = { ...issue, kind: "update-issue" as const, payload, previous: { id: 90, number: 9 } };
    const first = await doing(closing, (seen) => (seen.method === "GET" ? { body: [] } : { body: opened }));
    expect(first.calls).toEqual([
      "PATCH /repos/acme/web/issues/9",
      "GET /repos/acme/web/issues/9/comments",
      "POST /repos/acme/web/issues/9/comments",
    ]);
    const said = String(first.seen.at(-1)?.body["body"]);
    const again = await doing(closing, (seen) =>
      seen.method === "GET" ? { body: [{ ...written, body: said }] } : { body: opened },
    );
    expect(again.calls.filter((call) => call.startsWith("POST"))).toEqual([]);
  });

  test("is not lost because of an unknown assignee or label", async () => {
    const { seen, outcome } = await doing(issue, (one) => {
      if (one.method === "GET") return repositoryOr(one, { body: [] });
      return one.body["assignees"] === undefined && one.body["labels"] === undefined
        ? { status: 201, body: opened }
        : { status: 422, body: { message: "Validation Failed" } };
    });
    expect(outcome.id).toBe(31);
    expect(seen.at(-1)?.body["body"]).toContain("Could not be given to carol");
  });
});
