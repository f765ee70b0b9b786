/** What GitHub did not know yet when it was asked: a replica may be behind, so that is never remembered. */

import { describe, expect, test } from "vitest";

import { readTouched } from "../../src/github/commits/commits.ts";
import { readCommitWork } from "../../src/github/pull-requests/work-elsewhere.ts";
import { readOwners } from "../../src/github/commits/changed-files.ts";
import { Lookups } from "../../src/github/api/lookups.ts";
import { repository } from "../support/facts.ts";
import { octokitOver, scripted, type Given, type Seen } from "./scripted.ts";

const COMMIT = "c".repeat(40);
const HEAD = "d".repeat(40);
const NOT_FOUND: Given = { status: 404, body: { message: "Not Found" } };
const FILE = { filename: "a.ts", status: "added", sha: "b".repeat(40), patch: "@@ -0,0 +1 @@\n+1" };

/** A GitHub that does not know a commit at first, and then does. */
function behindAtFirst(then: (seen: Seen) => Given, before: (seen: Seen) => Given) {
  let isBehind = true;
  const { fetch, seen } = scripted((one) => (isBehind ? before : then)(one));
  return { github: octokitOver(fetch), seen, catchUp: () => (isBehind = false) };
}

const lookups = (): Lookups => new Lookups({ now: () => 0 });

describe("a commit that GitHub knows only later", () => {
  test("has the work it then shows, which is asked for once", async () => {
    const kept = lookups();
    const { github, seen, catchUp } = behindAtFirst(
      () => ({ body: { sha: COMMIT, files: [FILE] } }),
      () => NOT_FOUND,
    );
    expect(await readCommitWork({ github, repository, lookups: kept }, COMMIT)).toEqual([]);
    catchUp();
    expect(await readCommitWork({ github, repository, lookups: kept }, COMMIT)).toMatchObject([
      { path: "a.ts" },
    ]);
    const asked = seen.length;
    await readCommitWork({ github, repository, lookups: kept }, COMMIT);
    expect(seen).toHaveLength(asked);
  });

  test("touches the files it then shows", async () => {
    const kept = lookups();
    const { github, catchUp } = behindAtFirst(
      ({ path }) =>
        path.endsWith("/graphql")
          ? { body: { data: { repository: { object: { file0: { oid: "b".repeat(40) } } } } } }
          : { body: { sha: COMMIT, files: [FILE] } },
      () => NOT_FOUND,
    );
    expect((await readTouched({ github, repository, lookups: kept }, COMMIT, HEAD)).files).toBeNull();
    catchUp();
    expect((await readTouched({ github, repository, lookups: kept }, COMMIT, HEAD)).files).toMatchObject([
      { path: "a.ts" },
    ]);
  });

  test("has the owners it then shows, and is not without any before", async () => {
    const kept = lookups();
    const told = (commit: object | null, first: object | null): Given => ({
      body: { data: { repository: { commit, first, second: null, third: null } } },
    });
    const text = {
      __typename: "Blob",
      oid: "b".repeat(40),
      text: "* @ann\n",
      isTruncated: false,
      byteSize: 7,
    };
    const { github, catchUp } = behindAtFirst(
      ({ path }) => (path.endsWith("/graphql") ? told({ oid: COMMIT }, text) : { body: { errors: [] } }),
      () => told(null, null),
    );
    expect((await readOwners({ github, repository, lookups: kept }, COMMIT)).state).toBe("unreadable");
    catchUp();
    expect(await readOwners({ github, repository, lookups: kept }, COMMIT)).toMatchObject({
      state: "found",
      text: "* @ann\n",
    });
  });

  test("is without owners where it is shown and has none", async () => {
    const { github } = behindAtFirst(
      () => NOT_FOUND,
      () => ({
        body: { data: { repository: { commit: { oid: COMMIT }, first: null, second: null, third: null } } },
      }),
    );
    expect((await readOwners({ github, repository, lookups: lookups() }, COMMIT)).state).toBe("absent");
  });
});
