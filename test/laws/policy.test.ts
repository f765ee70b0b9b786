import * as fc from "fast-check";
import { stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { isNoLonger } from "../../src/domain/time/calendar.ts";
import { globProblem, matchesAny } from "../../src/domain/patterns/glob.ts";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { isProductionBranch, isProductionEnvironment } from "../../src/domain/policy/scope.ts";
import { defaultPolicy, policyInForce, type PolicyInForce } from "../../src/domain/policy/tighten.ts";
import type { PolicySource } from "../../src/domain/policy/record.ts";
import { rounds } from "../support/effort.ts";
import { repository, sha } from "../support/facts.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/u);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 3 });
const optional = { requiredKeys: [] };
const from = fc
  .record(
    {
      permission: fc.constantFrom("read", "triage", "write", "maintain", "admin"),
      users: names,
      teams: fc.array(
        fc.tuple(name, name).map((parts) => parts.join("/")),
        { minLength: 1, maxLength: 2 },
      ),
      organizations: names,
      codeowners: fc.constant(true),
    },
    optional,
  )
  .filter((each) => Object.keys(each).length > 0);
const leaf = fc.record({ required: fc.integer({ min: 0, max: 20 }), from }, optional);
/** Requirements or conditions below others, two deep. */
function nested(inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const several = fc.array(inner, { minLength: 1, maxLength: 2 });
  return fc.oneof(inner, fc.record({ "all-of": several }), fc.record({ "any-of": several }));
}
const tree = nested(nested(leaf));
const approval = fc
  .tuple(tree, fc.record({ independence: fc.constantFrom("every-commit", "strict") }, optional))
  .map(([asked, more]) => ({ ...(asked as object), ...more }));
const pattern = fc.constantFrom<string | { matches: string }>("src/**", "**/*.md", { matches: "^db/" });
const condition = fc.oneof(
  fc.record({ paths: fc.array(pattern, { minLength: 1, maxLength: 2 }), draft: fc.boolean() }),
  fc.record({ "only-paths": fc.array(pattern, { minLength: 1, maxLength: 2 }) }),
  fc.record({ author: fc.record({ users: names }), labels: names }),
  fc.record({ size: fc.record({ lines: fc.constantFrom("> 5", "<= 100") }) }),
);
const when = nested(fc.oneof(condition, fc.record({ not: nested(condition) })));
const rules = fc.uniqueArray(fc.record({ name, when, approval: tree }), {
  minLength: 1,
  maxLength: 3,
  selector: (rule) => rule.name,
});
const check = fc.oneof(name, fc.record({ name, app: name }, { requiredKeys: ["name"] }));
const glob = fc.constantFrom("main", "release/**", "v*", "rel-{a,b}", "hot(fix)", "**");
const globs = fc.uniqueArray(glob, { minLength: 1, maxLength: 3 });
const people = fc
  .record({ permission: fc.constantFrom("write", "admin"), users: names, organizations: names }, optional)
  .filter((each) => Object.keys(each).length > 0);
const term = fc.constantFrom("30 minutes", "4 hours", "2 business days", "5 days");
const emergency = fc.record(
  {
    authorisers: people,
    reviewers: people,
    waives: fc.uniqueArray(fc.constantFrom("independently-approved", "checks-passed", "record-linked")),
    "valid-for": term,
    "review-within": term,
    "block-next-while-overdue": fc.boolean(),
  },
  optional,
);
const shared = {
  mode: fc.constantFrom("observe", "enforce"),
  production: fc.record({ branches: globs, environments: globs, integration: globs, tags: globs }, optional),
  record: fc.record(
    {
      pattern: fc.constantFrom("[A-Z]+-\\d+", "^CHG\\d+"),
      in: fc.uniqueArray(fc.constantFrom("title", "body", "branch"), { minLength: 1 }),
    },
    { requiredKeys: ["pattern"] },
  ),
  description: fc.record({ sections: names }),
  emergency,
  freeze: fc.constantFrom(
    [{ from: "2026-12-20", to: "2027-01-03", except: "emergency" }],
    [{ from: "2026-12-20", to: "2026-12-21" }],
  ),
  approval,
  rules,
  checks: fc.record({ required: fc.array(check, { minLength: 1, maxLength: 3 }) }),
  deviations: fc.record({ assignees: names, labels: names }, optional),
};
const file = fc.record(shared, optional);
const day = fc.constantFrom("2026-10-01", "2027-06-30");
/** What only an organisation's file says, and what gives leave. */
const whole = fc.record(
  {
    ...shared,
    "standard-changes": fc.uniqueArray(
      fc.oneof(
        fc.record({
          name,
          by: fc.array(
            fc.oneof(fc.record({ app: name }), fc.record({ user: name }), fc.record({ id: fc.nat() })),
            {
              minLength: 1,
              maxLength: 2,
            },
          ),
          paths: fc.array(pattern, { minLength: 1, maxLength: 2 }),
          "approved-by": name,
          expires: day,
        }),
        fc.record({
          name,
          by: fc.constant([{ app: "acme-release" }]),
          paths: fc.array(pattern, { minLength: 1, maxLength: 2 }),
          "direct-push": fc.constant([{ paths: ["CHANGELOG.md"], lines: [".*"] }]),
          "approved-by": name,
          expires: day,
        }),
      ),
      { minLength: 1, maxLength: 2, selector: (change) => change.name },
    ),
    exemptions: fc.array(
      fc.record({
        repository: glob,
        controls: fc.constant(["checks-passed"]),
        reason: name,
        "approved-by": name,
        expires: day,
      }),
      { minLength: 1, maxLength: 2 },
    ),
    identities: fc.constantFrom([{ person: "Ann", logins: ["ann", "ann-acme"] }]),
    unverifiable: fc.record({ "accepted-by": people }),
    controls: fc.constantFrom({ "checks-passed": { id: "CM-03", text: "Tested", owner: "carol" } }),
    notifications: fc.constantFrom([{ "url-secret": "HOOK", format: "slack", on: ["review-due"] }]),
    calendar: fc.record(
      {
        timezone: fc.constantFrom("UTC", "Europe/Berlin"),
        weekend: fc.constantFrom(["sat", "sun"], ["fri"]),
        holidays: fc.uniqueArray(day, { minLength: 1 }),
      },
      optional,
    ),
    monitoring: fc.record({ owner: name }),
    retention: fc.record({ years: fc.integer({ min: 1, max: 10 }) }),
    periods: fc.constantFrom([{ name: "2026-Q4", from: "2026-10-01", to: "2027-01-01" }]),
    since: day,
    repositories: fc.constantFrom(
      [{ name: "sandbox-*", scope: "out", reason: "none", owner: "carol" }],
      [{ topic: "payments", mode: "enforce", since: "2026-10-01" }],
    ),
  },
  optional,
);

function source(text: string | null, repository = "acme/.github"): PolicySource {
  const path = ".github/countersign.yml";
  if (text === null) return { state: "absent" };
  return { state: "found", repository, path, commit: sha("c"), blob: sha(text), text };
}

function known(policy: PolicyInForce) {
  if (policy.state !== "known") throw new Error(JSON.stringify(policy));
  return policy.record.effective;
}

describe("reading any text", () => {
  const hard = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(..."-?:,[]{}#&*!|>'\"%@` \n\tab0~.<".split("")), maxLength: 200 }),
    fc.json(),
    fc.anything().map((value) => {
      try {
        return stringify(value) ?? "";
      } catch {
        return "";
      }
    }),
  );
  test("never throws, and what cannot be understood is a list of problems with their places", () => {
    fc.assert(
      fc.property(hard, (text) => {
        const parsed = parsePolicy(text);
        if (parsed.ok) return;
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of parsed.problems) {
          expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
          expect(message).not.toBe("");
        }
      }),
      { numRuns: rounds(50, 250) },
    );
  });
  test("nor does folding it into the policy in force", () => {
    fc.assert(
      fc.property(hard, hard, (org, repo) => {
        expect(["known", "broken"]).toContain(policyInForce(source(org), source(repo, "acme/web")).state);
      }),
      { numRuns: rounds(40, 200) },
    );
  });
  test.each([
    ["a flow nested twenty thousand deep", "[".repeat(20_000)],
    ["a map nested a thousand deep", Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["an alias to itself", "mode: &a [*a]"],
    ["an alias nobody defined", "mode: *nobody"],
    [
      "a billion laughs",
      [
        "a: &a [x,x,x,x,x,x,x,x,x]",
        ..."bcdefgh"
          .split("")
          .map((key, i) => `${key}: &${key} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`),
      ].join("\n"),
    ],
    ["a megabyte", "a".repeat(1_000_000)],
    ["two documents", "mode: observe\n---\nmode: enforce"],
    ["the same key twice", "mode: enforce\nmode: observe"],
    ["a merge key", "approval:\n  <<: { required: 0 }"],
    ["a prototype", "__proto__: { mode: enforce }"],
    ["half a character", 'checks: { required: ["\\ud800"] }'],
    ["a tag", 'mode: !!js/function "x"'],
    ["a day that does not exist", "since: 2026-02-31"],
    ["a period that ends before it begins", "periods: [{ name: a, from: 2026-02-01, to: 2026-01-01 }]"],
    ["too many approvals", "approval: { required: 1e400 }"],
    ["nobody to approve", "approval: { from: {} }"],
    ["a requirement of two kinds", "approval: { required: 1, all-of: [{ required: 1 }] }"],
    ["requirements eleven deep", `approval: ${"{ all-of: [".repeat(11)}{ required: 1 }${"] }".repeat(11)}`],
    ["a condition that says nothing", "rules: [{ name: a, when: {}, approval: {} }]"],
    ["two rules of one name", `rules: [${"{ name: a, when: { draft: true }, approval: {} },".repeat(2)}]`],
    ["a broken expression", 'rules: [{ name: a, when: { paths: [{ matches: "(" }] }, approval: {} }]'],
    ["a negated path", 'rules: [{ name: a, when: { paths: ["!src/**"] }, approval: {} }]'],
    ["a size that compares nothing", 'rules: [{ name: a, when: { size: { lines: "many" } }, approval: {} }]'],
  ])("%s is refused, quickly", (_, text) => {
    const parsed = parsePolicy(text);
    expect(parsed.ok).toBe(false);
  });
  test("what is parsed, printed and parsed again is the same", () => {
    fc.assert(
      fc.property(whole, (it) => {
        const first = parsePolicy(stringify(it));
        if (!first.ok) throw new Error(JSON.stringify(first.problems));
        const again = parsePolicy(stringify(first.file));
        expect(again.ok && again.file).toEqual(first.file);
        const effective = known(policyInForce(source(stringify(it)), source(null)));
        expect(known(policyInForce(source(stringify(first.file)), source(null)))).toEqual(effective);
      }),
      { numRuns: rounds(20, 250) },
    );
  });
});

describe("a misspelt key", () => {
  const keys: readonly (readonly [string, (key: string) => string])[] = [
    ["mode", (key) => `${key}: x`],
    ["production", (key) => `${key}: x`],
    ["branches", (key) => `production:\n  ${key}: [main]`],
    ["environments", (key) => `production:\n  ${key}: [main]`],
    ["approval", (key) => `${key}: { required: 2 }`],
    ["required", (key) => `approval:\n  ${key}: 2`],
    ["independence", (key) => `approval:\n  ${key}: strict`],
    ["permission", (key) => `approval:\n  from:\n    ${key}: write`],
    ["organizations", (key) => `approval:\n  from:\n    ${key}: [acme]`],
    ["assignees", (key) => `deviations:\n  ${key}: [carol]`],
  ];
  test("is always an error that names the line and the nearest word", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.nat(),
        fc.constantFrom("drop", "double", "case"),
        ([key, write], n, how) => {
          const at = 1 + (n % (key.length - 1));
          const wrong =
            how === "drop"
              ? key.slice(0, at) + key.slice(at + 1)
              : how === "double"
                ? key.slice(0, at) + key.slice(at - 1)
                : key.slice(0, at) + key.slice(at).toUpperCase();
          const text = `# a comment\n${write(wrong)}\n`;
          const parsed = parsePolicy(text);
          const said = parsed.ok ? [] : parsed.problems;
          const line = text.split("\n").findIndex((each) => each.trim().startsWith(`${wrong}:`)) + 1;
          expect(said.map((each) => each.line)).toContain(line);
          expect(said.map((each) => each.message).join("\n")).toContain(
            `unknown key "${wrong}"; did you mean "${key}"?`,
          );
        },
      ),
      { numRuns: rounds(30, 150) },
    );
  });
  test.each([
    [
      "a: 1\nrules:\n  - name: x\n    when:\n      pathss: [a]\n    approval: {}",
      5,
      '"pathss"; did you mean "paths"?',
    ],
    [
      "rules:\n  - name: x\n    when: { not: { lables: [a] } }\n    approval: {}",
      3,
      'did you mean "labels"?',
    ],
    ["approval:\n  all-of:\n    - required: 1\n    - any-off: []", 4, 'did you mean "any-of"?'],
    [
      "rules:\n  - name: x\n    when: { paths: [{ match: a }] }\n    approval: {}",
      3,
      'did you mean "matches"?',
    ],
    [
      "rules:\n  - name: x\n    when: { paths: [{ matches: ( }] }\n    approval: {}",
      3,
      "not a regular expression",
    ],
  ])("inside rules and nested requirements too: %j", (text, line, message) => {
    const parsed = parsePolicy(text);
    const said = parsed.ok ? [] : parsed.problems.filter((each) => each.line === line);
    expect(said.map((each) => each.message).join("\n")).toContain(message);
  });
  test("a misspelt value names the nearest one", () => {
    const parsed = parsePolicy("mode: enforced");
    expect(parsed.ok ? [] : parsed.problems.map((each) => each.message)).toEqual([
      'mode: must be one of observe, enforce; did you mean "enforce"?',
    ]);
  });
});

describe("a repository's file", () => {
  const branches = ["main", "release/1", "v1", "rel-a", "hot(fix)", "feature"];
  test("never loosens what the organisation's file says", () => {
    fc.assert(
      fc.property(file, file, (org, repo) => {
        const alone = known(policyInForce(source(stringify(org)), source(null)));
        const both = policyInForce(source(stringify(org)), source(stringify(repo), "acme/web"));
        if (both.state !== "known") return;
        const { effective } = both.record;
        if (alone.mode === "enforce") expect(effective.mode).toBe("enforce");
        if (alone.independence === "strict") expect(effective.independence).toBe("strict");
        for (const each of alone.rules) expect(effective.rules).toContainEqual(each);
        for (const each of alone.checks) expect(effective.checks).toContainEqual(each);
        if (org.approval !== undefined)
          for (const each of alone.approvals) expect(effective.approvals).toContainEqual(each);
        for (const each of alone.records) expect(effective.records).toContainEqual(each);
        for (const each of alone.freezes) expect(effective.freezes).toContainEqual(each);
        expect(effective.sections).toEqual(expect.arrayContaining([...alone.sections]));
        if (org.emergency?.waives !== undefined)
          expect(alone.emergency.waives).toEqual(expect.arrayContaining([...effective.emergency.waives]));
        if (org.emergency?.["valid-for"] !== undefined)
          expect(isNoLonger(effective.emergency.validFor, alone.emergency.validFor)).toBe(true);
        if (alone.emergency.blockNextWhileOverdue)
          expect(effective.emergency.blockNextWhileOverdue).toBe(true);
        if (org.production?.branches !== undefined)
          for (const branch of branches)
            if (isProductionBranch(alone, repository, branch))
              expect(isProductionBranch(effective, repository, branch)).toBe(true);
        if (org.production?.environments !== undefined)
          expect(effective.production.environments).toEqual(
            expect.arrayContaining([...alone.production.environments]),
          );
      }),
      { numRuns: rounds(10, 100) },
    );
  });
  test("never loosens the defaults where the organisation has no file", () => {
    fc.assert(
      fc.property(file, (repo) => {
        const policy = policyInForce(source(null), source(stringify(repo), "acme/web"));
        fc.pre(policy.state === "known");
        const effective = known(policy);
        expect(effective.approvals).toEqual(expect.arrayContaining([...defaultPolicy().approvals]));
        expect(isProductionBranch(effective, repository, "main")).toBe(true);
        expect(isProductionEnvironment(effective, "Production")).toBe(true);
      }),
      { numRuns: rounds(10, 100) },
    );
  });
  test("that tries to is an error where it does", () => {
    const policy = policyInForce(source("mode: enforce"), source("# ours\nmode: observe", "acme/web"));
    expect(policy).toMatchObject({
      state: "broken",
      problems: [{ file: "acme/web/.github/countersign.yml", line: 2 }],
    });
  });
  test.each(["labels: [a]", "title: { matches: a }", "draft: true", "author: { users: [a] }", "head: [a]"])(
    "lets nobody out of a rule by what its author can set: not: { %s }",
    (condition) => {
      for (const under of [`not: { ${condition} }`, `any-of: [{ not: { all-of: [{ ${condition} }] } }]`]) {
        const text = `rules:\n  - name: ours\n    when: { ${under} }\n    approval: {}`;
        expect(policyInForce(source(null), source(text, "acme/web"))).toMatchObject({
          state: "broken",
          problems: [{ line: 3 }],
        });
        expect(policyInForce(source(text), source(null)).state).toBe("known");
      }
    },
  );
  test("that calls a rule as the organisation calls one is an error", () => {
    const rule = "rules: [{ name: ours, when: { draft: false }, approval: {} }]";
    expect(policyInForce(source(rule), source(rule, "acme/web"))).toMatchObject({ state: "broken" });
  });
  test("an unreadable file is never no file", () => {
    const unreadable = { state: "unreadable", because: "502" } as const;
    expect(policyInForce(unreadable, source(null)).state).toBe("unreadable");
    expect(policyInForce(source(null), unreadable).state).toBe("unreadable");
  });
});

describe("globs", () => {
  test("know dotfiles, parentheses, pluses and bars as the letters they are", () => {
    expect(matchesAny(["*"], ".hidden", "asks")).toBe(true);
    expect(matchesAny(["app/(group)/**"], "app/(group)/page.tsx", "asks")).toBe(true);
    expect(matchesAny(["a+b"], "a+b", "asks")).toBe(true);
    expect(matchesAny(["a|b"], "a", "asks")).toBe(false);
    expect(matchesAny(["(a+)+"], "aaa", "asks")).toBe(false);
    expect(matchesAny(["rel-{a,b}"], "rel-b", "asks")).toBe(true);
  });
  test("that negate, extend or wander are refused", () => {
    for (const each of ["!main", "+(a)", "@(a|b)", "*a*a*a*a", "a".repeat(501), "**/".repeat(9)])
      expect(globProblem(each)).not.toBeNull();
  });
  test("that are allowed answer at once, whatever the name", () => {
    for (const each of ["*a*a*a", "**/*a*a*/**", "(a+)+$(a+)+$(a+)+$"]) {
      expect(globProblem(each)).toBeNull();
      expect(matchesAny([each], `${"a".repeat(250)}!`, "asks")).toBe(false);
    }
  });
  test("are two things with brackets in them: a set of letters where they ask, a name where they let pass", () => {
    expect(matchesAny(["app/[locale]/*"], "app/[locale]/a", "lets")).toBe(true);
    expect(matchesAny(["app/[locale]/*"], "app/l/a", "lets")).toBe(false);
    expect(matchesAny(["app/[locale]/*"], "app/[locale]/a", "asks")).toBe(true);
    expect(matchesAny(["app/[locale]/*"], "app/l/a", "asks")).toBe(true);
    expect(matchesAny(["app/\\[a\\]/*"], "app/a/a", "asks")).toBe(false);
  });
  test("let no more pass than they ask for, and without wildcards only what they are", () => {
    const part = fc.constantFrom("a", "b", "[ab]", "[a]", "*", "**", "{a,b}", "[!a]", "[a-z]", "a[", "x[y]z");
    const some = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(some, some, (one, of) => {
        if (matchesAny([one], of, "lets")) expect(matchesAny([one], of, "asks")).toBe(true);
        if (!/[*?{]/u.test(one)) expect(matchesAny([one], of, "lets")).toBe(one === of);
      }),
      { numRuns: rounds(1_000, 5000) },
    );
  });
  test.each([
    [" main", "space"],
    ["main ", "space"],
    ["../x", "."],
    ["a/./b", "."],
    ["/docs/**", "slash"],
    ["docs/", "docs/**"],
    ["a//b", "two slashes"],
    ["[a-z", "each [ needs its ]"],
    ["a]", "each [ needs its ]"],
    ["{a,b", "each { needs its }"],
    ["a\\", "backslash"],
    ["pr\u200bod", "U+200B"],
  ])("that match nothing, or not what they seem to, are a problem that says why: %j", (each, because) => {
    expect(globProblem(each)).toContain(because);
  });
  test("that are refused because they match nothing do so", () => {
    const part = fc.constantFrom("a", "b", "..", ".", "", "a ", " a", "*", "**", "[a", "{a", "a\\", "[b]");
    const some = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const path = fc.array(fc.constantFrom("a", "b", "ab", ".a"), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(some, path, (one, parts) => {
        if (one === "" || globProblem(one) === null) return;
        // A wildcard may stand for nothing at all: such a glob reaches something, but not what it says.
        if (one.includes("*")) return;
        // To picomatch each ./ a glob begins with is nothing; it is refused because a path is written in one way.
        if (one.startsWith("./")) return;
        expect(matchesAny([one], parts.join("/"), "lets")).toBe(false);
      }),
      { numRuns: rounds(1_000, 5000) },
    );
  });
});
