import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { envFileProblem } from "../../src/cli/input/env-file.ts";
import { writeEnvFile } from "../../src/cli/setup/env-file.ts";
import {
  NO_ANSWERS,
  problemsOf,
  starterFiles,
  starterPolicy,
  withAnswer,
} from "../../src/cli/setup/starter.ts";
import { UsageError } from "../../src/cli/terminal/answer.ts";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { rounds } from "../support/effort.ts";
import { folderOfTest } from "../support/folders.ts";

const NAMES = ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "SLACK_URL", "LOG_LEVEL"] as const;
const NAME = fc.constantFrom(...NAMES);

/** What people have in such a file, one or several lines. */
const LINE = fc.oneof(
  fc.constantFrom("", "# APP_ID=1", "  # a comment", "APP_ID=", "export LOG_LEVEL=debug", "\r"),
  fc
    .tuple(NAME, fc.stringMatching(/^[\w #='/.:-]*$/u), fc.constantFrom("", " # why"))
    .map(([name, value, comment]) => `${name}="${value}"${comment}`),
  fc.tuple(NAME, fc.stringMatching(/^[\w/.:-]*$/u)).map(([name, value]) => ` ${name} =${value}`),
  fc.tuple(NAME, NAME).map(([name, other]) => `${name}="first\n${other}=inside\nlast"`),
  fc.tuple(NAME, NAME).map(([name, other]) => `${name}='first\n${other}=inside\nlast' # why`),
);

const VALUE = fc.oneof(
  fc.stringMatching(/^[\w.:/@+=-]+$/u),
  fc.stringMatching(/^\w[ -~]*\w$/u),
  fc.constant("-----BEGIN RSA PRIVATE KEY-----\nMIIE+a/b=\n-----END RSA PRIVATE KEY-----\n"),
);

describe("writing settings into a file", () => {
  test(
    "sets what is to be set, keeps all else, and hides the file; what cannot be written leaves it as it was",
    { tags: ["long"] },
    () => {
      const folder = folderOfTest("env");
      const file = join(folder, ".env");
      fc.assert(
        fc.property(fc.array(LINE, { maxLength: 6 }), fc.dictionary(NAME, VALUE), (lines, values) => {
          const text = lines.join("\n");
          fc.pre(envFileProblem(text) === null);
          writeFileSync(file, text, { mode: 0o644 });
          const before = parseEnv(text);
          try {
            writeEnvFile(file, values);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
            expect(readFileSync(file, "utf8")).toBe(text);
            return;
          }
          const written = readFileSync(file, "utf8");
          const trimmed = Object.entries(values).map(([name, value]) => [name, value.trim()]);
          expect(parseEnv(written)).toEqual({ ...before, ...Object.fromEntries(trimmed) });
          expect(envFileProblem(written)).toBe(null);
          expect(statSync(file).mode & 0o777).toBe(0o600);
          writeEnvFile(file, values);
          expect(readFileSync(file, "utf8"), "a second time changes nothing").toBe(written);
        }),
        { numRuns: rounds(500, 5_000) },
      );
    },
  );
});

/** What people type: names, lists, nonsense. */
const TYPED = fc.oneof(
  fc.constantFrom(
    "",
    "write",
    "admin",
    "acme/core",
    "@acme/core, acme/dba",
    "main, release/**",
    "2",
    "[A-Z]+-\\d+",
    "@carol",
    "a/b/c",
  ),
  fc.stringMatching(/^[ -~]{0,12}$/u),
);

describe("a first policy", () => {
  test("is either refused with its place, or means what was typed and has its ruleset", () => {
    fc.assert(
      fc.property(
        TYPED,
        TYPED,
        TYPED,
        TYPED,
        TYPED,
        TYPED,
        TYPED,
        (approvers, approvals, branches, ticket, onCall, deviations, owner) => {
          const typed = { approvers, approvals, branches, ticket, onCall, deviations, owner };
          const answers = Object.entries(typed).reduce(
            (all, [key, text]) => withAnswer(all, key as keyof typeof typed, text),
            NO_ANSWERS,
          );
          const problems = problemsOf(answers);
          const parsed = parsePolicy(starterPolicy(answers));
          expect(parsed.ok).toBe(problems.length === 0);
          for (const problem of problems) expect(problem).toMatch(/^countersign\.yml:\d+:\d+: /u);
          if (!parsed.ok) return;
          expect(parsed.file.mode).toBe("observe");
          expect(parsed.file.production?.branches ?? []).toEqual(answers.branches);
          expect(parsed.file.emergency?.authorisers?.teams ?? []).toEqual(answers.onCall);
          expect(parsed.file.monitoring?.owner ?? "").toBe(answers.owner);
          try {
            const files = starterFiles(answers, { appId: 4711, organization: "acme" });
            expect(JSON.parse(files.get("ruleset.json") ?? "")).toMatchObject({
              name: "countersign",
              bypass_actors: [],
            });
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        },
      ),
      { numRuns: rounds(500, 5_000) },
    );
  });
});
