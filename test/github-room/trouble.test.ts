import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { ask, query } from "../../src/github/api/requests.ts";
import { readAccount, readTeamId, readTeamNames } from "../../src/github/people/accounts.ts";
import { organizationMembers, readAuthorities, readCandidates } from "../../src/github/people/permissions.ts";
import { readPeople } from "../../src/github/protection/control-state.ts";
import { Losses } from "../../src/github/freshness/freshness.ts";
import { readRepository } from "../../src/github/listings/lists.ts";
import { staged, type Staged } from "./staged.ts";

const QUERY = `query Q { repository(owner: "acme", name: "web") { nameWithOwner } }`;

describe("what GitHub answers when it does not answer", () => {
  let stage: Staged;

  beforeEach(async () => {
    stage = await staged({ people: { ann: { permission: "write" }, bob: { teams: ["core"] } } });
    await stage.octokits.installation(stage.installationId);
    await ask(stage.github, "GET /repos/{owner}/{repo}", { owner: "acme", repo: "web" }, z.unknown());
  });

  afterEach(async () => {
    await stage.double.close();
  });

  /** How a failure looks to us: code, whether it is tried again, and whether GitHub said how long to wait. */
  async function failureOf(work: Promise<unknown>): Promise<readonly unknown[]> {
    try {
      await work;
    } catch (error) {
      if (error instanceof ExternalError) return [error.code, error.retry, error.waitMs !== null];
      throw error;
    }
    return ["none"];
  }

  const rest = (): Promise<unknown> =>
    ask(stage.github, "GET /repos/{owner}/{repo}", { owner: "acme", repo: "web" }, z.object({ id: z.int() }));
  const graphql = (): Promise<unknown> =>
    query(stage.github, QUERY, {}, z.object({ repository: z.object({ nameWithOwner: z.string() }) }));

  const LIMITED = ["github-limited", true, true];
  const BARRED = ["github-barred", true, false];
  const UNANSWERED = ["github-unanswered", true, false];
  const REFUSED = ["github-refused", false, false];
  const ANSWER = ["github-answer", true, false];
  const UNREACHABLE = ["github-unreachable", true, false];

  const CASES: readonly (readonly [
    Record<string, unknown>,
    readonly unknown[] | null,
    readonly unknown[],
  ])[] = [
    // what goes wrong, what REST is, what GraphQL is
    [{ kind: "server-error" }, UNREACHABLE, UNREACHABLE],
    [{ kind: "html" }, UNREACHABLE, UNREACHABLE],
    [{ kind: "html", status: 200 }, ANSWER, ANSWER],
    [{ kind: "cut-json" }, ANSWER, ANSWER],
    [{ kind: "rate-limit" }, LIMITED, LIMITED],
    [{ kind: "rate-limit", status: 429 }, LIMITED, LIMITED],
    [{ kind: "rate-limit", status: 200 }, null, LIMITED],
    [{ kind: "secondary-limit" }, LIMITED, LIMITED],
    [{ kind: "secondary-limit", status: 429, "retry-after": "none" }, LIMITED, LIMITED],
    [{ kind: "secondary-limit", "retry-after": "none" }, LIMITED, LIMITED],
    [{ kind: "secondary-limit", "retry-after": "none", words: "old" }, LIMITED, LIMITED],
    [{ kind: "secondary-limit", status: 200 }, null, LIMITED],
    [{ kind: "secondary-limit", status: 200, words: "old" }, null, LIMITED],
    [{ kind: "too-quickly" }, LIMITED, LIMITED],
    [{ kind: "allow-list" }, BARRED, BARRED],
    [{ kind: "suspended" }, BARRED, BARRED],
    [{ kind: "went-wrong" }, null, UNANSWERED],
    [{ kind: "resource-limits" }, null, UNANSWERED],
    [{ kind: "too-many-nodes" }, null, ["github-unanswered", false, false]],
    [{ kind: "missing-node" }, null, REFUSED],
    [{ kind: "insufficient-scopes" }, null, REFUSED],
    [{ kind: "not-found" }, REFUSED, REFUSED],
  ];

  test.each(CASES)("%o", async (fault, asRest, asGraphql) => {
    if (asRest !== null) {
      await stage.play({ do: "github-fails", ...fault, via: "rest", count: 1 });
      expect(await failureOf(rest())).toEqual(asRest);
    }
    // A limit that was told holds for what comes after: a world of its own for GraphQL.
    const other = await staged();
    await other.play({ do: "github-fails", ...fault, via: "graphql", count: 1 });
    expect(
      await failureOf(
        query(other.github, QUERY, {}, z.object({ repository: z.object({ nameWithOwner: z.string() }) })),
      ),
    ).toEqual(asGraphql);
    await other.double.close();
  });

  test("a query that GitHub's schema does not know is refused, and not sent again and again", async () => {
    expect(await failureOf(query(stage.github, "query Q { moon }", {}, z.unknown()))).toEqual(REFUSED);
    expect(await failureOf(graphql())).toEqual(["none"]);
  });

  test.each(["allow-list", "suspended", "secondary-limit"])(
    "%s is never taken for nobody, nothing, or a permission we lack",
    async (kind) => {
      const { github, repository, lookups } = stage;
      const pull = { repository, reviews: [] };
      const people = [{ id: 5001, login: "ann", type: "User" as const }];
      const readings: readonly (() => Promise<unknown>)[] = [
        () => readAccount(github, "ann", lookups),
        () => readTeamId(github, "acme/core", lookups),
        () => readTeamNames(github, "acme", lookups),
        () => organizationMembers(github, "acme", lookups),
        () => readCandidates({ github, repository, lookups }, { permission: "write" }),
        () => readCandidates({ github, repository, lookups }, { teams: ["acme/core"] }),
        () =>
          readAuthorities(
            github,
            { pull, mayWrite: new Set() },
            { permission: ["admin"], teams: [], organizations: [], users: [], people },
            lookups,
            new Losses([], lookups),
          ),
        () => readRepository({ github, repository }),
        () => readPeople({ github, repository }, true),
      ];
      await stage.play({ do: "github-fails", kind, "retry-after": 0 });
      for (const read of readings)
        expect(await failureOf(read())).toEqual([
          kind === "secondary-limit" ? "github-limited" : "github-barred",
          true,
          expect.any(Boolean),
        ]);
    },
  );
});
