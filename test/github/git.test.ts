import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseDifferences } from "./differences.ts";
import { GitRepository, type FileChanges } from "./git.ts";
import { sample } from "../support/effort.ts";

const ANN = { name: "Änn", email: "ann@example.com", at: 1_783_328_400_000 };

describe("a git repository", () => {
  let folder: string;
  let git: GitRepository;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "git-test-"));
    git = GitRepository.create(join(folder, "a.git"), "main", null);
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function commit(files: FileChanges, ...parents: string[]): string {
    const tree = git.change(parents[0] ?? null, files);
    return git.createCommit({ tree, parents, author: ANN, committer: ANN, message: "a commit" });
  }

  test("what is written here git itself finds sound, and reads as it was meant", () => {
    const first = commit({ "b/c.txt": "1\n", "b.txt": "x", "b-": "y", ü: "z" });
    const second = commit(
      { "b/c.txt": null, "run.sh": { mode: "755" }, "b/d.txt": { from: "b.txt" }, lib: { submodule: first } },
      first,
    );
    git.setRef("refs/heads/main", second);
    expect(git.run(["fsck", "--strict", "--full"])).toBe("");
    expect(git.run(["ls-tree", "-r", "main"]).split("\n").sort().join("\n")).toMatchInlineSnapshot(`
      "
      100644 blob c1b0730e0133447badcfd47fd144e254807b06e1	b/d.txt
      100644 blob e25f1814e51579d5f55c0f1fe0135ddb28a47f4a	b-
      100644 blob fa7af8bf5fdd704f73beb3adc5612682a98e1af5	"\\303\\274"
      100755 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391	run.sh
      160000 commit 1b5ef22f552f9f995652b05d6eb89a56ac362856	lib"
    `);
    expect(git.run(["log", "-1", "--format=%an %ae %at", "main"])).toBe("Änn ann@example.com 1783328400\n");
    expect(git.text(second, "b/d.txt")).toBe("x");
    expect(git.text(second, "b/c.txt")).toBeNull();
  });

  test("ancestors, merge bases and ranges are those git names, also after criss-cross merges", () => {
    const root = commit({ a: "1" });
    const left = commit({ b: "1" }, root);
    const right = commit({ c: "1" }, root);
    const cross = commit({}, left, right);
    const other = commit({}, right, left);
    const tip = commit({ d: "1" }, cross);
    for (const [name, sha] of Object.entries({ tip, other })) git.setRef(`refs/heads/${name}`, sha);
    expect(git.mergeBases(tip, other).sort()).toEqual(
      git.run(["merge-base", "--all", tip, other]).trim().split("\n").sort(),
    );
    for (const [base, head] of [
      [other, tip],
      [root, other],
      [left, tip],
      [tip, root],
    ] as const)
      expect(git.commitsBetween(base, head).sort()).toEqual(
        git
          .run(["rev-list", head, `^${base}`])
          .split("\n")
          .filter(Boolean)
          .sort(),
      );
    expect(git.commitsBetween(root, tip).at(-1)).toBe(tip);
    expect(git.isAncestor(left, other)).toBe(true);
    expect(git.isAncestor(tip, other)).toBe(false);
    expect(git.resolve("tip~2")).toBe(left);
    expect(git.resolve("tip^^2")).toBe(right);
    expect(git.resolve(tip.slice(0, 8))).toBe(tip);
    expect(git.resolve("nothing")).toBeNull();
  });

  test("merge bases and ranges of random histories are those git names", { tags: ["long"] }, () => {
    let state = 7;
    const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
    const all = [commit({ a: "0" }), commit({ b: "0" })];
    for (let n = 2; n < 40; n++) {
      const parents = [all[random(n)]!, all[Math.max(0, n - 1 - random(4))]!];
      all.push(commit({ [`f${n}`]: "1" }, ...new Set(random(3) === 0 ? parents : parents.slice(0, 1))));
    }
    const printed = (...args: string[]): string[] => {
      try {
        return git.run(args).split("\n").filter(Boolean).sort();
      } catch {
        return [];
      }
    };
    for (let n = 0; n < 25; n++) {
      const [one, other] = [all[20 + random(20)]!, all[random(40)]!];
      expect(git.mergeBases(one, other).sort()).toEqual(printed("merge-base", "--all", one, other));
      expect(git.commitsBetween(other, one).sort()).toEqual(printed("rev-list", one, `^${other}`));
    }
  });

  test("merges and picks are git's own, and conflicts are named", () => {
    const text = (first: string, last: string): string => `${first}\n2\n3\n4\n5\n6\n7\n8\n${last}\n`;
    const root = commit({ a: text("1", "9") });
    const ours = commit({ a: text("one", "9") }, root);
    const theirs = commit({ a: text("1", "nine") }, root);
    const clash = commit({ a: text("eins", "9") }, root);
    const merged = git.merge(ours, theirs);
    expect(merged.conflicts).toEqual([]);
    expect(git.text(merged.tree, "a")).toBe(text("one", "nine"));
    expect(git.merge(ours, clash).conflicts).toEqual(["a"]);
    expect(git.pick(theirs, ours)).toBe(merged.tree);
    expect(git.pick(clash, ours)).toBeNull();
  });

  test(
    "merges and differences that need no asking of git are those git would have answered",
    { tags: ["long"] },
    () => {
      const root = commit({ a: "1\n", "b/c": "1\n", "b/d": "1\n" });
      const variants: FileChanges[] = [
        { a: "2\n" },
        { "b/c": "2\n", "b/e": "new" },
        { "b/f/g": "deep\nlines\n", empty: "" },
        { "b/d": null },
        { "b/d": { from: "a" } },
        { z: { mode: "755", text: "#!\n" }, bytes: { base64: "AAEC" } },
        { "a/b": "a folder where a file is", a: null },
        { new: "1\n" },
        { "new/x": "1\n" },
        { a: { mode: "755" } },
      ];
      const tips = variants.map((files) => commit(files, root));
      for (const tip of tips) {
        const raw = git.run(["diff-tree", "-r", "-M", "--raw", "--numstat", "-p", "--no-abbrev", root, tip]);
        expect(git.differences(root, tip)).toEqual(parseDifferences(raw));
      }
      const pairs = tips.flatMap((one) => tips.map((other) => ({ one, other })));
      for (const { one, other } of sample(pairs, 40)) {
        let told: string;
        try {
          told = git.run(["merge-tree", "--write-tree", one, other]).trim();
        } catch {
          told = "conflict";
        }
        const merged = git.merge(one, other);
        expect(merged.conflicts.length > 0 ? "conflict" : merged.tree).toBe(told);
      }
    },
  );

  test("differences name old paths, and a patch id survives another base", () => {
    const long = Array.from({ length: 40 }, (_, n) => `line ${n}`).join("\n");
    const root = commit({ "old name": long, gone: "1\n", mode: "x" });
    const moved = commit(
      { "neu/ü": { from: "old name" }, gone: null, fresh: "1\n2\n", mode: { mode: "755" } },
      root,
    );
    expect(
      git
        .differences(root, moved)
        .map(({ path, oldPath, status, additions, deletions }) => [
          status,
          oldPath,
          path,
          additions,
          deletions,
        ]),
    ).toMatchInlineSnapshot(`
      [
        [
          "renamed",
          "gone",
          "fresh",
          1,
          0,
        ],
        [
          "modified",
          null,
          "mode",
          0,
          0,
        ],
        [
          "renamed",
          "old name",
          "neu/ü",
          0,
          0,
        ],
      ]
    `);
    const otherBase = commit({ unrelated: "1" }, root);
    const again = commit(
      { "neu/ü": { from: "old name" }, gone: null, fresh: "1\n2\n", mode: { mode: "755" } },
      otherBase,
    );
    expect(git.patchId(otherBase, again)).toBe(git.patchId(root, moved));
    expect(git.patchId(root, moved)).not.toBe(git.patchId(root, otherBase));
  });

  test("a fork shares its parent's objects but not its branches", () => {
    const root = commit({ a: "1" });
    const fork = GitRepository.create(join(folder, "fork.git"), "main", git);
    expect(fork.commitOf(root).sha).toBe(root);
    fork.setRef("refs/heads/topic", root);
    expect(git.branch("topic")).toBeNull();
  });

  test("branches that git cannot hold side by side are refused, and a deleted name is free again", () => {
    const root = commit({ a: "1" });
    git.setRef("refs/heads/a", root);
    expect(() => git.setRef("refs/heads/a/b", root)).toThrow(/cannot lock ref/);
    git.deleteRef("refs/heads/a");
    git.setRef("refs/heads/a/b", root);
    git.deleteRef("refs/heads/a/b");
    git.setRef("refs/heads/a", root);
    expect(git.run(["rev-parse", "refs/heads/a"]).trim()).toBe(root);
  });

  test("another repository's history can be taken over, packed or not", () => {
    const work = join(folder, "work");
    const run = (...args: string[]): string =>
      execFileSync("git", [
        "-C",
        work,
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        ...args,
      ]).toString();
    execFileSync("git", ["init", "-q", "-b", "trunk", work]);
    run("commit", "-q", "--allow-empty", "-m", "one");
    run("commit", "-q", "--allow-empty", "-m", "two");
    run("gc", "-q");
    const head = run("rev-parse", "HEAD").trim();
    expect([...git.importFrom(work)]).toEqual([["trunk", head]]);
    expect(git.firstParents(head)).toHaveLength(2);
    expect(git.commitOf(head).message).toBe("two");
  });
});
