import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PushedCommit, PushedContent, PushedFile } from "../../src/domain/change/change.ts";
import { entryId } from "../../src/domain/policy/entry-provenance.ts";
import type { StandardChange } from "../../src/domain/policy/file/waivers-and-freezes.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import { ann, change, judged, person, policy, sha, START } from "../support/facts.ts";
import { rounds } from "../support/effort.ts";

const release = person(70, "acme-release[bot]", "Bot");
const actions = person(41_898_282, "github-actions[bot]", "Bot");
const other = person(72, "other[bot]", "Bot");

const ENTRY = {
  name: "release commits",
  by: [{ app: "acme-release" }],
  paths: ["package.json", "CHANGELOG.md"],
  directPush: [
    { paths: ["package.json"], lines: ['"version": "[0-9.]+",'] },
    { paths: ["CHANGELOG.md"], lines: ["- [a-z ]*"] },
  ],
  approvedBy: "carol",
  expires: "2030-01-01",
} as const satisfies StandardChange;

function under(entry: StandardChange): Policy {
  const brought = {
    entry: entryId(entry),
    state: "approved",
    because: "approved by carol",
    url: null,
    approver: null,
    at: START,
  } as const;
  const accounts = [release, other, actions].map((account) => ({ name: account.login, account }));
  return policy({ standardChanges: [entry], names: { accounts, brought: [brought] } });
}

/** What the entry allows to be done to each file, said once more without its patterns. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  "package.json": ['"version": "1.2.3",', '"version": "2.0.",'],
  "CHANGELOG.md": ["- a feature", "- "],
};
const BAD = ['"version": "1.2.3", "x": 1,', "x", "", ' "version": "1",', "- A", '- a"version": "1",', "-"];

const line = (path: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...(GOOD[path] ?? ["- a feature"])) },
    { weight: 1, arbitrary: fc.constantFrom(...BAD) },
  );
const path = often("package.json", "CHANGELOG.md", "CHANGELOG.md", "src/backdoor.ts", "a/package.json");

/** A file with what makes it one the entry allows, and what does not, most often the former. */
const file: fc.Arbitrary<PushedFile> = path.chain((name) =>
  fc
    .record({
      removed: fc.array(line(name), { maxLength: 2 }),
      added: fc.array(line(name), { minLength: 1, maxLength: 3 }),
      status: often("modified", "renamed", "removed", "added", "copied"),
      mode: often("kept", "executable", "link", "unread"),
      shown: often("whole", "none", "cut", "bytes"),
      ends: often("", "\r"),
    })
    .map(({ removed, added, status, mode, shown, ends }): PushedFile => {
      const lines = [...removed.map((text) => `-${text}`), ...added.map((text) => `+${text}${ends}`)];
      const left = shown === "cut" ? lines.slice(1) : lines;
      const patch = ["@@ -1,2 +1,2 @@", ...left, ...(shown === "bytes" ? ["+\uFFFD"] : [])].join("\n");
      const before = status === "added" ? null : 0o100644;
      const after = mode === "executable" ? 0o100755 : mode === "link" ? 0o120000 : 0o100644;
      return {
        path: name,
        oldPath: status === "renamed" ? "old" : null,
        status,
        additions: added.length + (shown === "bytes" ? 1 : 0),
        deletions: removed.length,
        patch: shown === "none" ? null : patch,
        modes: mode === "unread" ? null : { before, after },
      };
    }),
);

function often(usual: string, ...rare: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  );
}

const pushes = fc.record({
  commits: fc.array(fc.array(file, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  by: fc.oneof(
    { weight: 8, arbitrary: fc.constant(release) },
    { weight: 1, arbitrary: fc.constantFrom(ann, actions, other, { ...release, type: "User" as const }) },
  ),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("push" as const) },
    { weight: 1, arbitrary: fc.constantFrom("force-push" as const, "branch-created" as const) },
  ),
  line: often("whole", "merge", "elsewhere", "cut", "long"),
  holdsKey: fc.oneof(
    { weight: 8, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constantFrom<PushedContent["holdsKey"]>(true, null, "unnamed") },
  ),
});

type Pushed = typeof pushes extends fc.Arbitrary<infer Value> ? Value : never;

function contentOf({ commits, line: how, holdsKey }: Pushed): PushedContent {
  const all = how === "long" ? Array.from({ length: 10 }, () => commits[0] ?? []) : commits;
  const list = all.map((files, index): PushedCommit => {
    const parent = index === all.length - 1 ? (how === "elsewhere" ? "other" : "base") : `c${index + 1}`;
    const parents = how === "merge" && index === 0 ? [parent, "work"] : [parent];
    return { sha: sha(`c${index}`), parents: parents.map(sha), files };
  });
  return { commits: list, complete: how === "whole", holdsKey };
}

/** Whether a push keeps within the entry, told from how it was made. */
function isWithin({ commits, by, kind, line: how, holdsKey }: Pushed): boolean {
  const isOwn = by === release && kind === "push" && how === "whole" && holdsKey === false;
  return isOwn && commits.flat().every(isAllowed);
}

function isAllowed(each: PushedFile): boolean {
  const good = GOOD[each.path];
  const isPlain = each.modes?.after === 0o100644;
  const isKept = each.status === "modified" || each.status === "added";
  const told = each.patch?.split("\n").slice(1) ?? [];
  const isWhole = told.length === each.additions + each.deletions && each.patch?.includes("\uFFFD") === false;
  return (
    good !== undefined &&
    isPlain &&
    isKept &&
    isWhole &&
    told.every((text) => good.includes(text.slice(1).replace(/\r$/u, "")))
  );
}

const CONTROLS = ["independently-approved", "merged-by-pull-request", "gate-respected"];

test("the key makes nothing outside its limits compliant, and changes nothing but the controls about pull requests within them", () => {
  const seen = { within: 0, outside: 0 };
  fc.assert(
    fc.property(pushes, (pushed) => {
      const update = { ...change([], { kind: pushed.kind }).update, actor: pushed.by };
      const landed = change([], { alreadyLanded: false, update, pushed: contentOf(pushed) });
      const subject = { moment: "landed", change: landed } as const;
      const { directPush: _, ...without } = ENTRY;
      const before = judged(subject, under(without));
      const after = judged(subject, under(ENTRY));
      expect(before.verdict).toBe("non-compliant");
      if (isWithin(pushed)) {
        seen.within += 1;
        expect(after.verdict).toBe("compliant");
        for (const { control, outcome, reasons } of after.results)
          if (CONTROLS.includes(control)) {
            expect(outcome).toBe("not-applicable");
            expect(reasons.join()).toContain("“release commits”");
          } else expect(outcome).toBe(before.results.find((each) => each.control === control)?.outcome);
      } else {
        seen.outside += 1;
        expect(["non-compliant", "unverifiable"]).toContain(after.verdict);
        for (const { control, outcome } of after.results)
          if (CONTROLS.includes(control)) expect(["fail", "unverifiable"]).toContain(outcome);
      }
    }),
    { numRuns: rounds(800, 2_000) },
  );
  expect(Math.min(seen.within, seen.outside)).toBeGreaterThan(50);
});

/** Verdict on a push of the release app that changes these lines of a file in which a standard change allows any line. */
function verdictOfAnyLine(patch: string, counts: Pick<PushedFile, "additions" | "deletions">): string {
  const anyLine = { ...ENTRY, directPush: [{ paths: ["CHANGELOG.md"], lines: [".*", "(?s).*", "[^x]*"] }] };
  const modes = { before: 0o100644, after: 0o100644 };
  const file = { path: "CHANGELOG.md", oldPath: null, status: "modified", ...counts, patch, modes };
  const commits = [{ sha: sha("merged"), parents: [sha("base")], files: [file] }];
  const update = { ...change([], { kind: "push" }).update, actor: release };
  const landed = change([], { update, pushed: { commits, complete: true, holdsKey: false } });
  return judged({ moment: "landed", change: landed }, under(anyLine)).verdict;
}

const OPEN_END = "\n\\ No newline at end of file";

test("no pattern allows a line that someone else may read as several, wherever the other break is", () => {
  const unicode = ["\u0085", "\u2028", "\u2029"];
  const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCodePoint(code));
  const breaks = [...controls, ...unicode].filter((each) => each !== "\n" && each !== "\t");
  for (const each of breaks)
    for (const sign of ["+", "-"])
      for (const line of [
        `# a${each}open()`,
        `${each}a`,
        `a${each}${each}`,
        `a${each}${OPEN_END}`,
        `a${each}\r`,
      ]) {
        const counts = { additions: sign === "+" ? 1 : 0, deletions: sign === "-" ? 1 : 0 };
        expect([line, verdictOfAnyLine(`@@ -1 +1 @@\n${sign}${line}`, counts)]).toEqual([
          line,
          "non-compliant",
        ]);
      }
});

test("lines that end as Windows ends them are allowed like any others", () => {
  const counts = { additions: 2, deletions: 1 };
  for (const lines of [
    ["-a\r", "+b\r", "+\tc é\r"],
    ["-a\r", "+b\r", `+c${OPEN_END}`],
    [`-a${OPEN_END}`, "+b", "+\tc"],
  ])
    expect(verdictOfAnyLine(["@@ -1 +1,2 @@", ...lines].join("\n"), counts)).toBe("compliant");
});

test("a push whose entry has ended, was not approved, or may mean another account is not let through", () => {
  const files = [
    {
      path: "CHANGELOG.md",
      oldPath: null,
      status: "modified",
      additions: 1,
      deletions: 0,
      patch: "@@ -0,0 +1 @@\n+- a feature",
      modes: { before: 0o100644, after: 0o100644 },
    },
  ];
  const update = { ...change([], { kind: "push" }).update, actor: release };
  const pushed = {
    commits: [{ sha: sha("merged"), parents: [sha("base")], files }],
    complete: true,
    holdsKey: false,
  };
  const landed = change([], { update, pushed });
  const verdict = (by: Policy): string => judged({ moment: "landed", change: landed }, by).verdict;
  const whole = under(ENTRY);
  const names = whole.names ?? { accounts: [], brought: [] };
  const [brought] = names.brought;
  expect(verdict(whole)).toBe("compliant");
  expect(verdict(under({ ...ENTRY, expires: "2026-01-01" }))).toBe("non-compliant");
  const as = (state: "refused" | "unknown"): Policy => ({
    ...whole,
    names: { ...names, brought: brought === undefined ? [] : [{ ...brought, state }] },
  });
  expect(verdict(as("refused"))).toBe("non-compliant");
  expect(verdict(as("unknown"))).toBe("unverifiable");
  const accounts = [{ name: release.login, account: other }];
  expect(verdict({ ...whole, names: { ...names, accounts } })).toBe("unverifiable");
  expect(verdict({ ...whole, checks: [{ name: "build", app: null }] })).toBe("non-compliant");
});
