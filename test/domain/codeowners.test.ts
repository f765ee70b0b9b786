import { describe, expect, test } from "vitest";
import { ownersOf, parseCodeowners } from "../../src/domain/codeowners.ts";

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
  ])("%s", (_, text, path, owners) => {
    expect(ownersOf(parseCodeowners(text), path)).toEqual(owners);
  });

  test.each(["!x.ts @b", "[a-z].ts @b", "x.ts b", "x.ts @b not-an-owner"])(
    "a line that GitHub leaves out is left out: %s",
    (line) => {
      expect(ownersOf(parseCodeowners(`* @a\n${line}`), "x.ts")).toEqual(["@a"]);
    },
  );

  test("never throws, and reads Windows line ends", () => {
    expect(ownersOf(parseCodeowners("* @a\r\n/x @b\r\n"), "x")).toEqual(["@b"]);
    for (const text of ["\\", "* ", "/", "** @a", "\u0000 @a", "# only", "a\\"]) {
      expect(() => ownersOf(parseCodeowners(text), "a/b")).not.toThrow();
    }
  });
});
