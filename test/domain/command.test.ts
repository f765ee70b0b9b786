import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isForUs, parseComment } from "../../src/domain/emergency/command.ts";

const NAMES = ["help", "emergency", "authorise", "authorize", "withdraw", "explain-bypass"];

describe("a command", () => {
  test.each([
    ["/countersign emergency the database is down", "emergency", "the database is down"],
    ["/Countersign AUTHORISE", "authorise", ""],
    ["/countersign   withdraw  \r\nwe found another way", "withdraw", ""],
    ["/countersign explain-bypass\tGitHub was down", "explain-bypass", "GitHub was down"],
  ])("is read from the first line: %j", (text, name, rest) => {
    expect(parseComment(text, NAMES)).toEqual({ kind: "command", name, rest });
  });

  test.each([
    "> /countersign authorise",
    "    /countersign authorise",
    "`/countersign authorise`",
    "```\n/countersign authorise\n```",
    "<!-- -->/countersign authorise",
    "\n/countersign authorise",
    "please /countersign authorise",
    "/authorise",
    "countersign authorise",
    "",
  ])("is never read from %j", (text) => {
    expect(parseComment(text, NAMES)).toEqual({ kind: "none" });
    expect(isForUs(text)).toBe(false);
  });

  test.each([
    ["/countersign emergancy fire", "emergency"],
    ["/countersing authorise", "authorise"],
    ["/countersign authorisé", "authorise"],
    ["/countersign explain_bypass", "explain-bypass"],
    ["/countersign", "help"],
    ["/countersign dance", null],
  ])("that is nearly right names the nearest, and is not obeyed: %j", (text, nearest) => {
    expect(parseComment(text, NAMES)).toMatchObject({ kind: "near-miss", nearest });
  });

  test("is none that is not listed, whatever is written", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.boolean(), (text, ours) => {
        const read = parseComment(`${ours ? "/countersign " : ""}${text}`, NAMES);
        if (read.kind === "command") expect(NAMES).toContain(read.name);
        expect(isForUs(text) || parseComment(text, NAMES).kind === "none").toBe(true);
      }),
    );
  });
});
