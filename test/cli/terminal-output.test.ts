import { PassThrough } from "node:stream";
import { WriteStream } from "node:tty";

import { afterEach, describe, expect, test, vi } from "vitest";

import { counter } from "../../src/cli/evidence/past-tools.ts";
import { coloured } from "../../src/cli/terminal/colour.ts";
import { progressOn } from "../../src/cli/terminal/progress.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("colours", () => {
  const screen = Object.assign(new PassThrough(), {
    isTTY: true,
    getColorDepth: () => WriteStream.prototype.getColorDepth(),
  });
  const pipe = new PassThrough();
  const set = (env: Readonly<Record<string, string | undefined>>): void => {
    const none = {
      CI: undefined,
      FORCE_COLOR: undefined,
      NO_COLOR: undefined,
      NODE_DISABLE_COLORS: undefined,
    };
    for (const [name, value] of Object.entries({ ...none, TERM: "xterm-256color", ...env }))
      vi.stubEnv(name, value);
  };

  test("only the word that says how something went is coloured, and only on a screen", () => {
    set({});
    expect(coloured("FAILED       Nothing else is in the package.", screen)).toBe(
      "\u001B[31mFAILED\u001B[39m       Nothing else is in the package.",
    );
    for (const line of [
      "passed  x",
      "ok     store: answers",
      "wrong  settings: none",
      "error: no",
      "not checked  y",
    ])
      expect(coloured(line, screen)).toContain("\u001B[3");
    for (const line of ["okay, then", "a FAILED one", "passedover", "", "FAILEDx"])
      expect(coloured(line, screen)).toBe(line);
    expect(coloured("FAILED  x", pipe)).toBe("FAILED  x");
  });

  test("NO_COLOR and a terminal that cannot are obeyed, and FORCE_COLOR too", () => {
    set({ NO_COLOR: "1" });
    expect(coloured("FAILED  x", screen)).toBe("FAILED  x");
    set({ TERM: "dumb" });
    expect(coloured("FAILED  x", screen)).toBe("FAILED  x");
    set({ FORCE_COLOR: "1" });
    expect(coloured("FAILED  x", pipe)).toContain("\u001B[31m");
  });
});

describe("progress", () => {
  function lines(
    interactive: boolean,
    reports: readonly (readonly [atMs: number, line: string])[],
  ): readonly string[] {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const printed: string[] = [];
    const progress = progressOn({ interactive, printError: (line) => printed.push(line) });
    for (const [at, line] of reports) {
      now.mockReturnValue(at);
      progress(line);
    }
    return printed;
  }
  const REPORTS = [
    [10, "a"],
    [1_100, "b"],
    [1_200, "c"],
    [2_200, "d"],
  ] as const;

  test("a person sees a line a second, from the first second on; a log sees none", () => {
    expect(lines(true, REPORTS)).toEqual(["b", "d"]);
    expect(lines(false, REPORTS)).toEqual([]);
  });

  test("a count that was shown is shown to its end, and short work shows none", () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const printed: string[] = [];
    const terminal = { interactive: true, printError: (line: string) => printed.push(line) };
    const repository = { owner: "acme", name: "web" } as Parameters<typeof counter>[1];
    counter(terminal, repository)(3, 3);
    expect(printed).toEqual([]);
    const count = counter(terminal, repository);
    now.mockReturnValue(1_500);
    count(1, 2);
    count(2, 2);
    expect(printed).toEqual(["acme/web: 1 of 2 updates", "acme/web: 2 of 2 updates"]);
  });
});
