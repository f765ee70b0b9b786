import { expect, test } from "vitest";
import type { Repository } from "../../src/domain/change/repository.ts";
import { readFiles } from "../../src/github/commits/changed-files.ts";
import { Lookups } from "../../src/github/api/lookups.ts";
import { compareTrees } from "../../src/github/commits/trees.ts";
import { octokitOver, scripted, type Given, type Seen } from "./scripted.ts";

const repository: Repository = {
  id: 1,
  owner: "acme",
  ownerId: 2,
  name: "web",
  visibility: "private",
  defaultBranch: "main",
};
const [base, fork, head] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];
const lookups = (): Lookups => new Lookups({ now: () => 0 });

interface TreeFile {
  readonly path: string;
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
}

function blob(path: string, content: string, mode = "100644"): TreeFile {
  return { path, mode, type: "blob", sha: content.repeat(40) };
}

/** A comparison that forked at `fork`, and the trees at `fork` and `head`. */
function trees(before: readonly TreeFile[], after: readonly TreeFile[], truncated = false) {
  return (seen: Seen): Given => {
    if (seen.path.includes("/compare/")) return { body: { merge_base_commit: { sha: fork } } };
    if (seen.path.endsWith(`/git/trees/${fork}`)) return { body: { truncated: false, tree: before } };
    if (seen.path.endsWith(`/git/trees/${head}`)) return { body: { truncated, tree: after } };
    return { body: Array.from({ length: 100 }, (_, at) => ({ filename: `f${at}`, status: "added" })) };
  };
}

test("two trees differ in what was added, removed, changed, moved, made executable, or points to another module", async () => {
  const folder = { path: "src", mode: "040000", type: "tree", sha: "d".repeat(40) };
  const before = [folder, blob("a", "1"), blob("b", "1"), blob("c", "1"), blob("d", "1"), blob("e", "1")];
  const after = [
    blob("a", "1"),
    blob("b", "2"),
    blob("moved", "1"),
    blob("d", "1", "100755"),
    { ...blob("e", "3", "160000"), type: "commit" },
  ];
  const { fetch, seen } = scripted(trees(before, after));
  const known = lookups();
  const told = await compareTrees({ github: octokitOver(fetch), repository, lookups: known }, base, head);
  expect(told?.truncated).toBe(false);
  expect(told?.files.map(({ path, status }) => `${path} ${status}`)).toEqual([
    "b modified",
    "c removed",
    "d changed to 100755",
    "e changed to 160000",
    "moved added",
  ]);
  await compareTrees({ github: octokitOver(fetch), repository, lookups: known }, base, head);
  expect(seen).toHaveLength(3);
});

test("a tree that GitHub would not list whole leaves the files incomplete, and so does one it does not know", async () => {
  const many = { repository, number: 1, size: { additions: 0, deletions: 0, files: 3500 } };
  const pull = { ...many, head: { ref: "f", sha: head, tree: null } };
  const cut = scripted(trees([], [blob("a", "1")], true));
  expect((await readFiles(octokitOver(cut.fetch), pull, base, lookups())).complete).toBe(false);
  const unknown = scripted((seen) =>
    seen.path.includes("/git/trees/") ? { status: 404, body: { message: "Not Found" } } : trees([], [])(seen),
  );
  expect((await readFiles(octokitOver(unknown.fetch), pull, base, lookups())).complete).toBe(false);
});
