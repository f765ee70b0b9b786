import { describe, expect, test } from "vitest";

import type { RefUpdate } from "../../src/domain/change/change.ts";
import { proveShipped } from "../../src/github/commits/same-content.ts";
import { Lookups } from "../../src/github/api/lookups.ts";
import { ann, change, sha, Story } from "../support/facts.ts";
import { octokitOver, scripted, type Given, type Seen } from "./scripted.ts";

const FORK = sha("fork");

interface File {
  readonly filename: string;
  readonly patch: string;
  readonly status?: string;
}

/** What GitHub says lies between the fork and the head, the branch before and after the merge, and the fork and the branch. */
interface Told {
  readonly reviewed: readonly File[];
  readonly landed: readonly File[];
  readonly meanwhile?: readonly File[];
}

async function shipped(told: Told): ReturnType<typeof proveShipped> {
  const pull = new Story().push(ann, "one").facts();
  const { update } = change([pull]);
  const { fetch } = scripted((seen) => answer(seen, pull.head.sha, update, told));
  const lookups = new Lookups({ now: () => 0 });
  return proveShipped({ github: octokitOver(fetch), repository: pull.repository, lookups }, update, pull);
}

function answer(seen: Seen, head: string, { before, after }: RefUpdate, told: Told): Given {
  if (seen.path.endsWith("/graphql")) {
    const tree = (name: string) => ({
      tree: { oid: sha(name) },
      parents: { totalCount: 1, nodes: [{ oid: before }] },
    });
    return {
      body: { data: { repository: { commit0: tree("reviewed tree"), commit1: tree("landed tree") } } },
    };
  }
  const between = decodeURIComponent(seen.path.split("/compare/")[1] ?? "");
  const files =
    between === `${before}...${head}`
      ? told.reviewed
      : between === `${before}...${after}`
        ? told.landed
        : between === `${FORK}...${before}`
          ? (told.meanwhile ?? [])
          : null;
  if (files === null) throw new Error(`nobody should ask for ${between}`);
  const listed = files.map((file) => ({ status: "modified", sha: sha(file.patch), ...file }));
  const body = { status: "diverged", total_commits: 1, merge_base_commit: { sha: FORK }, commits: [] };
  return { body: { ...body, files: listed } };
}

const REVIEWED = { filename: "a.ts", patch: "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three" };

describe("what landed beside what was reviewed", () => {
  test("is a replay where only the lines' numbers have moved", async () => {
    const landed = [{ filename: "a.ts", patch: "@@ -7,3 +7,3 @@ f()\n one\n-two\n+2\n three" }];
    expect(await shipped({ reviewed: [REVIEWED], landed })).toMatchObject({ coverage: "replay" });
  });

  test("is a replay where the base had changed the lines around the same ones", async () => {
    const landed = [{ filename: "a.ts", patch: "@@ -1,3 +1,3 @@\n ONE\n-two\n+2\n three" }];
    const meanwhile = [{ filename: "a.ts", patch: "@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n three" }];
    expect(await shipped({ reviewed: [REVIEWED], landed, meanwhile })).toMatchObject({ coverage: "replay" });
  });

  test("is a residual, with the files, where nobody else had touched what differs", async () => {
    const landed = [REVIEWED, { filename: "hidden.ts", patch: "@@ -0,0 +1 @@\n+evil", status: "added" }];
    expect(await shipped({ reviewed: [REVIEWED], landed })).toEqual({
      pull: 1,
      coverage: "residual",
      files: ["hidden.ts"],
    });
    const around = [{ filename: "a.ts", patch: "@@ -1,3 +1,3 @@\n ONE\n-two\n+2\n three" }];
    expect(await shipped({ reviewed: [REVIEWED], landed: around })).toMatchObject({
      coverage: "residual",
      files: ["a.ts"],
    });
  });

  test("cannot be told where the base had changed the same file and other lines differ", async () => {
    const landed = [{ filename: "a.ts", patch: "@@ -1,3 +1,3 @@\n one\n-two\n+3\n three" }];
    const meanwhile = [{ filename: "a.ts", patch: "@@ -9 +9 @@\n-nine\n+9" }];
    expect(await shipped({ reviewed: [REVIEWED], landed, meanwhile })).toMatchObject({
      coverage: "unverifiable",
      files: ["a.ts"],
    });
  });
});
