import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lineFor, parseCodeowners, skippedFor } from "../../src/domain/approval/codeowners-file.ts";
import { readOwnersLine } from "../github/rest/codeowners.ts";
import { rounds } from "../support/effort.ts";

function ownersOf(text: string, path: string): readonly string[] {
  return lineFor(parseCodeowners(text), path)?.owners ?? [];
}

describe("CODEOWNERS, as GitHub's documentation tells it", () => {
  test.each([
    ["every file", "* @a", "deep/in/x.ts", ["@a"]],
    ["the last match, not the first", "* @a\n*.js @b", "src/x.js", ["@b"]],
    ["several owners of one line", "*.go a@example.com @acme/core", "x.go", ["a@example.com", "@acme/core"]],
    ["a folder at the root and all below", "/build/logs/ @a", "build/logs/deep/x", ["@a"]],
    ["a folder at the root, not elsewhere", "/build/logs/ @a", "x/build/logs/y", []],
    ["files of a folder", "docs/* @a", "docs/getting-started.md", ["@a"]],
    ["files of a folder, none deeper", "docs/* @a", "docs/build-app/troubleshooting.md", []],
    ["a folder anywhere", "apps/ @a", "x/apps/y", ["@a"]],
    ["a folder at the root only", "/docs/ @a", "x/docs/y", []],
    ["two stars in front", "**/logs @a", "deeply/nested/logs/x", ["@a"]],
    ["nobody, below somebody", "/apps/ @a\n/apps/github", "apps/github/x", []],
    ["a comment behind the owners", "*.js @a # the web team @b", "x.js", ["@a"]],
    ["a space kept by a backslash", "my\\ file.txt @a", "my file.txt", ["@a"]],
    ["the case of a path", "/Docs/ @a", "docs/x", []],
    ["a dot folder", ".github/ @a", ".github/workflows/x.yml", ["@a"]],
    ["two stars behind", "src/** @a", "src/deep/x", ["@a"]],
    ["one star in a middle", "src/*/x.ts @a", "src/y/x.ts", ["@a"]],
    ["a hash kept by a backslash is no pattern of its own", "\\#x @a", "y", []],
    ["brackets kept by backslashes", "/app/\\[appId\\]/ @a", "app/[appId]/page.tsx", ["@a"]],
    ["brackets kept by backslashes are no range", "/app/\\[appId\\]/ @a", "app/a/page.tsx", []],
    ["a star kept by a backslash", "/\\*.md @a", "*.md", ["@a"]],
    ["a star kept by a backslash is no wildcard", "/\\*.md @a", "x.md", []],
    ["a question mark", "/?.md @a", "x.md", ["@a"]],
    ["a question mark kept by a backslash", "/\\?.md @a", "x.md", []],
    ["round brackets", "/app/(group)/ @a", "app/(group)/x", ["@a"]],
    ["braces are letters", "/{a,b} @a", "a", []],
    ["a hash within a pattern", "a#b @a", "a#b", ["@a"]],
    ["a byte order mark", "\uFEFF* @a", "x", ["@a"]],
  ])("%s", (_, text, path, owners) => {
    expect(ownersOf(text, path)).toEqual(owners);
  });

  test.each(["!x.ts @b", "[a-z].ts @b", "x.ts b", "x.ts @b not-an-owner"])(
    "a line that GitHub leaves out is left out: %s",
    (line) => {
      expect(ownersOf(`* @a\n${line}`, "x.ts")).toEqual(["@a"]);
    },
  );

  test("never throws, and reads Windows line ends", () => {
    expect(ownersOf("* @a\r\n/x @b\r\n", "x")).toEqual(["@b"]);
    for (const text of ["\\", "* ", "/", "** @a", "\u0000 @a", "# only", "a\\"]) {
      expect(() => ownersOf(text, "a/b")).not.toThrow();
    }
  });
});

describe("a line that GitHub skips", () => {
  test.each([
    ["/app/[id]/ @b", "app/[id]/x", "with a backslash before each"],
    ["/app/[id]/ @b", "app/i/x", "with a backslash before each"],
    ["/a] @b", "a]", "with a backslash before each"],
    ["!/a @b", "a", "begins with !"],
    ["\\#a @b", "#a", "escaped #"],
    ["/a bob", "a", "“bob” is no owner"],
    ["/a @b docs@", "a", "“docs@” is no owner"],
    ["***/a @b", "x/a", "three stars"],
    ["/a\u00a0@b", "a", "hidden character U+00A0"],
    ["/a\u200b @b", "a", "hidden character U+200B"],
  ])("is said with its reason, and whom it leaves the file to: %s", (line, path, because) => {
    const file = parseCodeowners(`* @a\n${line}\n`);
    expect(lineFor(file, path)?.owners).toEqual(["@a"]);
    expect(skippedFor(file, path)).toMatchObject([{ line: 2, inDoubt: false }]);
    expect(skippedFor(file, path)[0]?.because).toContain(because);
  });

  test("matters only where it would have decided", () => {
    expect(skippedFor(parseCodeowners("/[a] @b\n* @a"), "[a]")).toEqual([]);
    expect(skippedFor(parseCodeowners("* @a\n/[a] @b"), "c")).toEqual([]);
  });

  test("GitHub's word decides: what it cannot read is skipped, and what only we cannot read is in doubt", () => {
    const theirs = parseCodeowners("* @a\n/x @b", [{ line: 2, kind: "Invalid pattern" }]);
    expect(lineFor(theirs, "x")?.line).toBe(1);
    expect(skippedFor(theirs, "x")[0]?.because).toBe("GitHub reports: Invalid pattern");
    const ours = parseCodeowners("* @a\n/x bob", []);
    expect(skippedFor(ours, "x")).toMatchObject([{ line: 2, inDoubt: true }]);
    expect(parseCodeowners("/x bob", [{ line: 1, kind: "Invalid owner" }]).skipped).toMatchObject([
      { inDoubt: false },
    ]);
    const unknown = parseCodeowners("/x @gone @b", [{ line: 1, kind: "Unknown owner" }]);
    expect(lineFor(unknown, "x")?.owners).toEqual(["@gone", "@b"]);
  });
});

const letters = ["a", "b", ".a", "a.ts", "(a)", "{a,b}", "a#b", "a!", "+a", "[a]", "[ab]", "a b", "*", "?"];
const paths = fc
  .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));
const plain = ["a", "b", ".a", "*", "**", "?", "a*", "*.ts", "(a)", "{a,b}", "a#b", "é", "+a", "a.ts"];
const escaped = ["\\[a\\]", "\\[ab\\]", "\\*", "\\?", "a\\ b", "\\a", "\\{a,b\\}"];
const piece = fc.constantFrom(...plain, ...escaped);
const patterns = fc
  .tuple(fc.constantFrom("", "/"), fc.array(piece, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "/"))
  .map(([front, parts, back]) => `${front}${parts.join("/")}${back}`);

interface Case {
  readonly pattern: string;
  readonly all: readonly string[];
}

/** Whether git's own rules for ignored files match each path: apart from what GitHub leaves out, CODEOWNERS follows them. */
describe("beside git itself", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-owners-"));
    execFileSync("git", ["init", "--quiet", folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Which paths of each case its pattern matches. Git is asked once: each case is a folder with rules of its own. */
  function ignored(cases: readonly Case[]): readonly (readonly string[])[] {
    for (const [index, { pattern }] of cases.entries()) {
      mkdirSync(join(folder, String(index)));
      writeFileSync(join(folder, String(index), ".gitignore"), `${pattern}\n`);
    }
    const asked = [
      "-C",
      folder,
      "-c",
      "core.ignoreCase=false",
      "check-ignore",
      "--no-index",
      "-z",
      "--stdin",
    ];
    const input = cases.flatMap(({ all }, index) => all.map((path) => `${index}/${path}\0`)).join("");
    const { stdout } = spawnSync("git", asked, { input, encoding: "utf8", maxBuffer: Infinity });
    const found = cases.map((): string[] => []);
    for (const path of stdout.split("\0").filter((each) => each !== "")) {
      const slash = path.indexOf("/");
      found[Number(path.slice(0, slash))]?.push(path.slice(slash + 1));
    }
    return found;
  }

  test("every pattern matches the same paths", () => {
    const cases = fc.sample(
      fc.record({
        // GitHub itself names this difference: the files of the folder, and nothing deeper.
        pattern: patterns.filter((pattern) => !pattern.endsWith("/*")),
        all: fc.uniqueArray(paths, { minLength: 12, maxLength: 24 }),
      }),
      { numRuns: rounds(250, 4000) },
    );
    const own = cases.map(({ pattern, all }) => {
      const file = parseCodeowners(`${pattern} @a`);
      expect(file.skipped).toEqual([]);
      return { pattern, matches: all.filter((path) => lineFor(file, path) !== undefined) };
    });
    const git = ignored(cases);
    expect(own).toEqual(cases.map(({ pattern }, index) => ({ pattern, matches: git[index] })));
    expect(git.flat().length).toBeGreaterThan(200);
  });
});

const anyLine = fc
  .array(
    fc.constantFrom(
      ...Array.from("a/*?[]\\!#@ .-\t"),
      "**",
      "@a",
      " @a",
      " @acme/core",
      " b@c.example",
      " b",
      "\\ ",
      "\\[",
    ),
    { maxLength: 9 },
  )
  .map((parts) => parts.join(""));

test("of any line, it is said that it is skipped where GitHub finds it wrong, and only there", () => {
  fc.assert(
    fc.property(anyLine, (line) => {
      // What becomes of an escaped tab, nobody says.
      fc.pre(!line.includes("\\\t"));
      const { skipped } = parseCodeowners(line);
      expect(skipped.length > 0).toBe(readOwnersLine(line).fault !== null);
    }),
    { numRuns: rounds(1000, 100_000) },
  );
});
