import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LAG_KINDS, type LagKind } from "./lag.ts";
import { graphqlApp } from "./graphql/app.ts";
import { restApp } from "./rest/app.ts";
import { signedIn, type Ask } from "./rest/asking.ts";
import { trial, type Trial } from "./stage.ts";

const PEOPLE = {
  ann: { permission: "write" as const },
  bob: { permission: "write" as const, teams: ["core"] },
};
const WEB = "/repos/acme/web";
const START = Date.parse("2026-07-06T09:00:00Z");

describe("answers that lag", () => {
  let stage: Trial;
  let ask: Ask;
  let token: string;

  beforeEach(async () => {
    stage = await trial({ people: PEOPLE, versions: true }, { conformance: true });
    ({ ask, token } = await signedIn(stage, restApp(stage.double.world, { conformance: true })));
    await stage.play({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { a: "1" } });
    await stage.play({ do: "review", by: "bob", pull: 1, state: "approved" });
  });

  afterEach(async () => {
    expect(stage.double.world.breaches).toEqual([]);
    await stage.double.close();
  });

  async function graphql(query: string): Promise<Record<string, unknown>> {
    const answer = await graphqlApp(stage.double.world, { conformance: true }).request(
      "http://github.test/graphql",
      { method: "POST", headers: { authorization: `bearer ${token}` }, body: JSON.stringify({ query }) },
    );
    const { data } = (await answer.json()) as { data: { repository: Record<string, unknown> } };
    return data.repository;
  }

  async function reviewState(): Promise<readonly unknown[]> {
    const rest = (await ask(`GET ${WEB}/pulls/1/reviews`)).at("0", "state");
    const found = await graphql(`
      {
        repository(owner: "acme", name: "web") {
          pullRequest(number: 1) {
            reviews(first: 9) {
              nodes {
                state
              }
            }
          }
        }
      }
    `);
    return [rest, found];
  }

  const shown = (state: string): readonly unknown[] => [
    state,
    { pullRequest: { reviews: { nodes: [{ state }] } } },
  ];

  test("are those from before the step that made them lag, in REST and in GraphQL, for so long", async () => {
    await stage.play({ do: "lag", of: "reviews", for: 300 });
    await stage.play({ do: "dismiss-review", by: "acme-owner", pull: 1, of: "bob" });
    expect(await reviewState()).toEqual(shown("APPROVED"));
    stage.double.setClock(START + 299_000);
    expect(await reviewState()).toEqual(shown("APPROVED"));
    stage.double.setClock(START + 300_000);
    expect(await reviewState()).toEqual(shown("DISMISSED"));
  });

  test("are those from before the last writes, whenever these were", async () => {
    await stage.play({ do: "dismiss-review", by: "acme-owner", pull: 1, of: "bob" });
    await stage.play({ do: "push", by: "ann", branch: "one", files: { a: "2" } });
    await stage.play({ do: "lag", of: "reviews", writes: 1 });
    expect(await reviewState()).toEqual(shown("APPROVED"));
    await stage.play({ do: "recover" });
    await stage.play({ do: "lag", of: "reviews", writes: 2 });
    expect((await ask(`GET ${WEB}/pulls/1/reviews`)).at()).toEqual([]);
  });

  test("are old so many times, or only every other time, as replicas that disagree", async () => {
    await stage.play({ do: "lag", of: "reviews", answers: 2, every: 2 });
    await stage.play({ do: "dismiss-review", by: "acme-owner", pull: 1, of: "bob" });
    const states = [];
    for (let n = 0; n < 6; n += 1) states.push((await ask(`GET ${WEB}/pulls/1/reviews`)).at("0", "state"));
    expect(states).toEqual(["DISMISSED", "APPROVED", "DISMISSED", "APPROVED", "DISMISSED", "DISMISSED"]);
  });

  test("hide each write for so long, or from so many answers", async () => {
    const title = async (): Promise<unknown> => (await ask(`GET ${WEB}/pulls/1`)).at("title");
    const first = await title();
    await stage.play({ do: "lag", of: "pulls", each: true, for: 60 });
    await stage.play({ do: "edit-pull-request", by: "ann", pull: 1, title: "second" });
    stage.double.setClock(START + 30_000);
    await stage.play({ do: "edit-pull-request", by: "ann", pull: 1, title: "third" });
    expect(await title()).toBe(first);
    stage.double.setClock(START + 60_000);
    expect(await title()).toBe("second");
    stage.double.setClock(START + 90_000);
    expect(await title()).toBe("third");
    await stage.play({ do: "recover" });
    await stage.play({ do: "lag", of: "pulls", each: true, answers: 1 });
    await stage.play({ do: "edit-pull-request", by: "ann", pull: 1, title: "fourth" });
    expect([await title(), await title()]).toEqual(["third", "fourth"]);
    await stage.play({ do: "edit-pull-request", by: "ann", pull: 1, title: "fifth" });
    expect([await title(), await title()]).toEqual(["fourth", "fifth"]);
  });

  test("concern one pull request where it is named", async () => {
    await stage.play({ do: "open-pull-request", by: "ann", pull: 2, branch: "two", files: { b: "1" } });
    await stage.play({ do: "lag", of: "pulls", pull: 2 });
    for (const pull of [1, 2]) await stage.play({ do: "close", by: "ann", pull });
    expect((await ask(`GET ${WEB}/pulls/1`)).at("state")).toBe("closed");
    expect((await ask(`GET ${WEB}/pulls/2`)).at("state")).toBe("open");
  });

  test("what did not exist yet is not there, and a wrong wish is said to be one", async () => {
    await stage.play({ do: "lag", of: ["pulls", "commit-pulls"] });
    const { sha } = await stage.play({
      do: "open-pull-request",
      by: "ann",
      branch: "two",
      files: { b: "1" },
    });
    expect((await ask(`GET ${WEB}/pulls/2`)).status).toBe(404);
    expect((await ask(`GET ${WEB}/commits/${String(sha)}/pulls`)).at()).toEqual([]);
    for (const [wish, words] of [
      [{ of: "contents", pull: 1 }, /does not belong to a pull request/],
      [{ of: "pulls", each: true }, /for how long/],
      [{ of: "pulls", each: true, for: 1, writes: 1 }, /exclude/],
      [{ of: "tides" }, /Invalid/],
      [{ of: "pulls", repository: "none" }, /no repository none/],
    ] as const)
      expect(await stage.double.act({ do: "lag", ...wish })).toMatchObject({
        ok: false,
        error: expect.stringMatching(words) as unknown,
      });
  });

  /** For each kind a write, and everything an answer shows that the write changes. */
  const WRITES: Readonly<Record<LagKind, Readonly<Record<string, unknown>>>> = {
    pulls: { do: "retarget", by: "ann", pull: 1, base: "develop" },
    reviews: { do: "review", by: "bob", pull: 1, state: "changes-requested" },
    commits: { do: "push", by: "ann", branch: "one", files: { a: "2" } },
    "commit-pulls": { do: "merge", by: "ann", pull: 1, method: "merge", bypass: true },
    queue: { do: "enqueue", by: "ann", pull: 1, bypass: true },
    "team-members": { do: "remove-from-team", person: "bob", team: "core" },
    collaborators: { do: "set-permission", person: "bob", permission: "read" },
    contents: { do: "push", by: "ann", branch: "one", files: { a: "2" } },
    "check-runs": { do: "set-check", pull: 1, name: "build", conclusion: "success" },
    activity: { do: "push", by: "ann", branch: "one", files: { a: "2" } },
  };

  /** What each kind of answer shows now, by REST and by GraphQL. */
  async function everything(head: string): Promise<Readonly<Record<LagKind, unknown>>> {
    const rest = async (path: string): Promise<unknown> => (await ask(`GET ${path}`)).at();
    const web = await graphql(`{ repository(owner: "acme", name: "web") {
      pullRequest(number: 1) { baseRefName headRefOid state
        reviews(first: 9) { nodes { state } } commits(first: 9) { nodes { commit { oid } } } }
      queue: pullRequest(number: 1) { mergeQueueEntry { position } }
      head: object(oid: "${head}") { ... on Commit { associatedPullRequests(first: 9) { nodes { number } }
        checkSuites(first: 9) { nodes { checkRuns(first: 9) { nodes { name } } } } } }
      file: object(expression: "one:a") { ... on Blob { text } }
      collaborators(first: 20) { edges { permission node { login } } } } }`);
    const pull = web["pullRequest"] as Readonly<Record<string, unknown>>;
    const commit = web["head"] as Readonly<Record<string, unknown>>;
    const { base, state, head: end } = (await rest(`${WEB}/pulls/1`)) as Record<string, { sha?: string }>;
    return {
      pulls: [base, state, end?.sha, pull["baseRefName"], pull["headRefOid"], pull["state"]],
      reviews: [await rest(`${WEB}/pulls/1/reviews`), pull["reviews"]],
      commits: [await rest(`${WEB}/pulls/1/commits`), await rest(`${WEB}/pulls/1/files`), pull["commits"]],
      "commit-pulls": [
        ((await rest(`${WEB}/commits/main/pulls`)) as { number: number }[]).map((one) => one.number),
        commit["associatedPullRequests"],
      ],
      queue: web["queue"],
      "team-members": await rest("/orgs/acme/teams/core/members"),
      collaborators: [await rest(`${WEB}/collaborators/bob/permission`), web["collaborators"]],
      contents: [
        await rest(`${WEB}/contents/a?ref=one`),
        await rest(`${WEB}/git/ref/heads/one`),
        web["file"],
      ],
      "check-runs": [await rest(`${WEB}/commits/${head}/check-runs`), commit["checkSuites"]],
      activity: await rest(`${WEB}/activity`),
    };
  }

  for (const kind of LAG_KINDS)
    test(`of the kind ${kind} are old alone`, async () => {
      await stage.play({ do: "create-branch", branch: "develop" });
      const { sha } = stage.double.world.repositories.get(70001)!.pulls.get(1)!.head;
      const before = await everything(sha);
      await stage.play({ do: "lag", of: kind });
      await stage.play(WRITES[kind]);
      const lagging = await everything(sha);
      await stage.play({ do: "recover" });
      const after = await everything(sha);
      expect(after[kind]).not.toEqual(before[kind]);
      for (const one of LAG_KINDS)
        expect({ [one]: lagging[one] }).toEqual({ [one]: one === kind ? before[one] : after[one] });
    });
});
