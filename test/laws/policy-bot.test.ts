/** What comes out of the translation of a policy-bot file asks what the file asked: both are judged side by side. */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";

import { outcomeOfRequirements, judgeApprovals } from "../../src/domain/approval/approval.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import {
  readBotFile,
  type ApprovalNode,
  type BotActors,
  type BotFile,
  type BotMethods,
  type BotPredicates,
  type BotRule,
} from "../../src/domain/policy-bot/file.ts";
import { translateBotFile, type Translation } from "../../src/domain/policy-bot/translate.ts";
import { rounds } from "../support/effort.ts";
import { ann, bob, carol, dan, person, sha, START, Story } from "../support/facts.ts";
import type { Actor } from "../../src/domain/change/people.ts";

const RULES = ["one", "two", "three", "four"] as const;
const LABELS = ["x", "y"] as const;
const REVIEWERS = ["bob", "carol", "dan", "zoe"] as const;
const BOT = person(16, "ci[bot]", "Bot");
const zoe = person(17, "zoe");
const PEOPLE: Readonly<Record<string, Actor>> = { ann, bob, carol, dan, zoe, "ci[bot]": BOT };
/** Only zoe administers; all others may write. */
const isAdmin = (login: string): boolean => login === "zoe";

const PATHS = ["a/1", "a/2", "b/1", "c/1"] as const;
const files = fc.record({
  paths: fc.uniqueArray(fc.constantFrom("^a/", "^b/", ".*", "^a/1$"), { minLength: 1, maxLength: 2 }),
  ignore: fc.option(fc.uniqueArray(fc.constantFrom("2", "^b/"), { minLength: 1 }), { nil: undefined }),
});
const whom = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.uniqueArray(fc.constantFrom(...REVIEWERS), { minLength: 1 }).map((users) => ({ users })),
  },
  fc.constantFrom<BotActors>(
    { users: ["ci[bot]"] },
    { users: ["bob", "ci[bot]"] },
    { admins: true },
    { permissions: ["write"] },
    {},
  ),
);
const makers = fc
  .uniqueArray(fc.constantFrom("ann", "bob", "ci[bot]"), { minLength: 1 })
  .map((users) => ({ users }));

const CONDITIONS: readonly fc.Arbitrary<BotPredicates>[] = [
  fc.uniqueArray(fc.constantFrom("x", "y")).map((labels): BotPredicates => ({ has_labels: labels })),
  files.map((each) => ({ changed_files: each })),
  files.map((each) => ({ no_changed_files: each })),
  fc.constantFrom("^a/", "^b/", ".*").map((path) => ({ only_changed_files: { paths: [path] } })),
  makers.map((each) => ({ has_author_in: each })),
  makers.map((each) => ({ has_contributor_in: each })),
  makers.map((each) => ({ only_has_contributors_in: each })),
  fc
    .tuple(fc.boolean(), fc.option(fc.constantFrom("ann", "bob", "ci[bot]"), { nil: undefined }))
    .map(([only, author]) => ({
      author_is_only_contributor: only,
      ...(author === undefined ? {} : { has_author_in: { users: [author] } }),
    })),
  fc.constantFrom("^main$", "^rel", ".*").map((pattern) => ({ targets_branch: { pattern } })),
  fc
    .constantFrom("^eve:", ":", "^[^:]+$", "^fix/", "fix", "^fix/a$", "^eve", "^(fix/a|dev)$", "^.*$")
    .map((pattern) => ({ from_branch: { pattern } })),
  fc.constantFrom("> 5", " <  5", "=5").map((total) => ({ modified_lines: { total } })),
  fc.constantFrom({ additions: "> 5", deletions: "> 5" }).map((lines) => ({ modified_lines: lines })),
  fc
    .record({
      matches: fc.option(fc.constantFrom<string[][]>(["^fix"]), { nil: undefined }),
      not_matches: fc.option(fc.constantFrom<string[][]>(["wip"], ["wip", "^fix: b"]), { nil: undefined }),
    })
    .filter((each) => each.matches !== undefined || each.not_matches !== undefined)
    .map((title) => ({ title })),
  fc.constantFrom("build", "scan").map((name) => ({ has_status: { statuses: [name] } })),
  fc.constant({ has_status: { statuses: ["build"], conclusions: ["success", "neutral"] } }),
  fc.constant({ has_successful_status: ["build", "scan"] }),
  fc.constant({ newer: ["file_not_deleted"] }),
];
const condition = fc.oneof(...CONDITIONS);

const methods = fc.record(
  {
    comments: fc.constantFrom<string[][]>([], ["/ok"]),
    comment_patterns: fc.constantFrom<string[][]>(["^lgtm"]),
    github_review: fc.boolean(),
    github_review_comment_patterns: fc.constantFrom<string[][]>([], ["good"]),
  },
  { requiredKeys: [] },
);

/** Once in so many times something, else nothing. */
function seldom<Value>(value: fc.Arbitrary<Value>, once = 4): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: once - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

const rule = fc.record({
  if: fc.option(
    fc.oneof(
      condition,
      fc.tuple(condition, condition).map(([one, other]) => ({ ...one, ...other })),
    ),
    {
      nil: undefined,
    },
  ),
  options: fc.option(
    fc.record(
      {
        allow_author: fc.boolean(),
        allow_contributor: fc.boolean(),
        allow_non_author_contributor: fc.boolean(),
        ignore_edited_comments: fc.boolean(),
        invalidate_on_push: fc.boolean(),
        methods,
      },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
  count: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(0, 1, 1, 1, 2) },
    { weight: 1, arbitrary: fc.constant(21) },
  ),
  actors: whom,
  conditions: seldom(condition),
});

const node: fc.Arbitrary<ApprovalNode> = fc.letrec<{ node: ApprovalNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<ApprovalNode>(...RULES),
    fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((or) => ({ or })),
    fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((and) => ({ and })),
  ),
})).node;

const disapproval = fc.record(
  {
    if: condition,
    requires: whom,
    options: fc.record({
      methods: fc.record({ disapprove: methods, revoke: methods }, { requiredKeys: [] }),
    }),
  },
  { requiredKeys: [] },
);

const file: fc.Arbitrary<BotFile> = fc
  .tuple(
    fc.array(node, { minLength: 1, maxLength: 3 }),
    fc.array(rule, { minLength: 3, maxLength: 4 }),
    fc.option(disapproval, { nil: undefined }),
  )
  .map(([approval, rules, disapproved]) => ({
    policy: { approval, ...(disapproved === undefined ? {} : { disapproval: disapproved }) },
    approval_rules: rules.map(({ if: when, options, count, actors, conditions }, index): BotRule => ({
      name: RULES[index] ?? "",
      ...(when === undefined ? {} : { if: when }),
      ...(options === undefined ? {} : { options }),
      requires: { count, ...actors, ...(conditions === undefined ? {} : { conditions }) },
    })),
  }));

/** What somebody says on a pull request, in the order it is said. */
const said = fc.record({
  by: fc.constantFrom("ann", ...REVIEWERS, ...REVIEWERS, "ci[bot]"),
  how: fc.constantFrom("comment", "approved", "approved", "approved", "changes-requested", "commented"),
  text: fc.constantFrom("", "", "/ok", "lgtm", ":+1:", ":-1:", "good"),
  edited: fc.boolean(),
});

const pull = fc.record({
  author: fc.constantFrom("ann", "ci[bot]"),
  commits: fc.array(
    fc.record({
      by: fc.constantFrom("ann", "bob", "ci[bot]"),
      pushed: fc.constantFrom("ann", "bob"),
      // How much was said before it was pushed; of the first commit nothing.
      after: fc.constantFrom(0, 0, 1, 2, 4, 9),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  fork: fc.boolean(),
  head: fc.constantFrom("fix/a", "dev", "eve"),
  base: fc.constantFrom("main", "rel-1"),
  title: fc.constantFrom("fix: a", "fix: b", "wip: fix", "add"),
  labels: fc.uniqueArray(fc.constantFrom(...LABELS)),
  paths: fc.uniqueArray(fc.constantFrom(...PATHS), { minLength: 1 }),
  lines: fc.constantFrom([0, 1] as const, [6, 0] as const, [2, 3] as const),
  checks: fc.dictionary(fc.constantFrom("build", "scan"), fc.constantFrom("success", "failure", "neutral")),
  said: fc.array(said, { maxLength: 9, size: "+1" }),
});
type Pull = typeof pull extends fc.Arbitrary<infer Value> ? Value : never;
type Said = Pull["said"][number];

/** How much was said before each commit was pushed, in the order they were; nothing before the first. */
function pushesOf({ commits, said: all }: Pull): readonly number[] {
  const [, ...later] = commits.map(({ after }) => Math.min(after, all.length));
  return [0, ...later.toSorted((a, b) => a - b)];
}

/** What a note admits to be asked less of: `where/loss`. */
type Losses = ReadonlySet<string>;

/** The other app's own reading of conditions, written from its documentation. Null: it has conditions we know only the names of. */
function applies(condition: BotPredicates, at: Pull): boolean | null {
  const fit = (text: string) => (each: string) => new RegExp(each, "u").test(text);
  const some = ({ paths = [], ignore = [] }: NonNullable<BotPredicates["changed_files"]>): boolean =>
    at.paths.filter((path) => !ignore.some(fit(path))).some((path) => paths.some(fit(path)));
  const isOne = (actors: BotActors, login: string): boolean => actors.users?.includes(login) === true;
  const contributors = [at.author, ...at.commits.map(({ by }) => by)];
  const alone = contributors.every((login) => login === at.author);
  const head = at.fork ? `eve:${at.head}` : at.head;
  const [additions, deletions] = at.lines;
  const compares = (text: string | undefined, count: number): boolean => {
    const [, sign, number] = /([<>=])\s*(\d+)/u.exec(text ?? "") ?? [];
    if (sign === undefined) return false;
    return sign === "<"
      ? count < Number(number)
      : sign === ">"
        ? count > Number(number)
        : count === Number(number);
  };
  const ended = (names: readonly string[] = [], good: readonly string[] = ["success"]): boolean =>
    names.every((name) => good.includes(at.checks[name] ?? ""));
  const { title, modified_lines: lines } = condition;
  const each = [
    condition.has_labels?.every((label) => at.labels.some((own) => own === label)),
    condition.changed_files === undefined ? undefined : some(condition.changed_files),
    condition.no_changed_files === undefined ? undefined : !some(condition.no_changed_files),
    condition.only_changed_files === undefined
      ? undefined
      : at.paths.every((path) => condition.only_changed_files?.paths?.some(fit(path))),
    condition.has_author_in === undefined ? undefined : isOne(condition.has_author_in, at.author),
    condition.has_contributor_in === undefined
      ? undefined
      : contributors.some((login) => isOne(condition.has_contributor_in ?? {}, login)),
    condition.only_has_contributors_in === undefined
      ? undefined
      : contributors.every((login) => isOne(condition.only_has_contributors_in ?? {}, login)),
    condition.author_is_only_contributor === undefined
      ? undefined
      : condition.author_is_only_contributor === alone,
    condition.targets_branch === undefined ? undefined : fit(at.base)(condition.targets_branch.pattern ?? ""),
    condition.from_branch === undefined ? undefined : fit(head)(condition.from_branch.pattern ?? ""),
    lines === undefined
      ? undefined
      : compares(lines.additions, additions) ||
        compares(lines.deletions, deletions) ||
        compares(lines.total, additions + deletions),
    title === undefined
      ? undefined
      : title.matches?.some(fit(at.title)) === true ||
        (title.not_matches !== undefined && !title.not_matches.some(fit(at.title))),
    condition.has_status === undefined
      ? undefined
      : ended(condition.has_status.statuses, condition.has_status.conclusions),
    condition.has_successful_status === undefined ? undefined : ended(condition.has_successful_status),
  ].every((holds) => holds !== false);
  return condition.newer !== undefined && each ? null : each;
}

/** Who says something by one of the methods, each with the last time they did. */
function candidates(
  at: Pull,
  method: BotMethods,
  usual: readonly string[],
  state: Said["how"],
  more: { readonly edits: boolean; readonly anyReview: boolean; readonly from?: number },
): ReadonlyMap<string, number> {
  const words = method.comments ?? usual;
  const patterns = method.comment_patterns ?? [];
  const asked = method.github_review_comment_patterns ?? [];
  const last = new Map<string, { readonly index: number; readonly edited: boolean }>();
  for (const [index, { by, how, text, edited }] of at.said.entries()) {
    const speaks = how === "comment" || how === "commented";
    const inWords =
      speaks &&
      (words.some((word) => text.includes(word)) ||
        patterns.some((each) => new RegExp(each, "u").test(text)));
    const reviews =
      more.anyReview ||
      (asked.length > 0 ? asked.some((each) => text.includes(each)) : method.github_review !== false);
    if (inWords || (how === state && reviews)) last.set(by, { index, edited });
  }
  return new Map(
    [...last]
      .filter(([, { index, edited }]) => (more.edits || !edited) && index >= (more.from ?? 0))
      .map(([by, { index }]) => [by, index]),
  );
}

function isAmong(actors: BotActors, login: string): boolean {
  if (actors.users?.includes(login) === true) return true;
  if (login === "ci[bot]") return false;
  return (actors.admins === true && isAdmin(login)) || actors.permissions?.includes("write") === true;
}

function ruleState(rule: BotRule, at: Pull, losses: Losses): readonly State[] {
  const admits = (loss: string): boolean => losses.has(`${rule.name}/${loss}`);
  const holds = applies(rule.if ?? {}, at);
  if (holds === false) return ["skipped"];
  const { count: asked = 0, conditions, ...actors } = rule.requires ?? {};
  const count = admits("count") ? Math.min(asked, 20) : asked;
  const options = rule.options ?? {};
  const given = candidates(at, options.methods ?? {}, [":+1:"], "approved", {
    edits: options.ignore_edited_comments !== true || admits("edited"),
    anyReview: admits("words") || admits("reviews"),
    from: options.invalidate_on_push === true ? (pushesOf(at).at(-1) ?? 0) : 0,
  });
  const makers = at.commits.map(({ by }) => by);
  const barred = new Set<string>([
    ...(options.allow_author === true || options.allow_contributor === true ? [] : [at.author]),
    ...(options.allow_contributor === true || options.allow_non_author_contributor === true
      ? []
      : makers.filter((by) => by !== at.author || options.allow_author !== true)),
  ]);
  const entitled = [...given.keys()].filter((login) => !barred.has(login) && isAmong(actors, login)).length;
  const names =
    Object.keys(actors).length > 0 && !(actors.users?.every((user) => user.endsWith("[bot]")) === true);
  const byAdmin = admits("never") && approvedByAdmin(at);
  const counted = entitled >= count || (!names && byAdmin);
  const met = conditions === undefined ? true : applies(conditions, at);
  const states: readonly State[] =
    counted && (met === true || byAdmin)
      ? ["approved"]
      : counted && met === null
        ? ["approved", "pending"]
        : ["pending"];
  return holds === null ? [...states, "skipped"] : states;
}

function approvedByAdmin(at: Pull): boolean {
  return at.said.some(({ by, how }) => isAdmin(by) && how === "approved");
}

type State = "approved" | "pending" | "skipped";

function stateOf(it: ApprovalNode, of: (name: string) => State): State {
  if (typeof it === "string") return of(it);
  const inner = ("or" in it ? it.or : it.and).map((each) => stateOf(each, of));
  if ("or" in it) {
    if (inner.includes("approved")) return "approved";
    return inner.includes("pending") ? "pending" : "skipped";
  }
  if (inner.includes("pending")) return "pending";
  return inner.includes("approved") ? "approved" : "skipped";
}

function isDisapproved(given: BotFile, at: Pull, losses: Losses): boolean {
  const { if: refused, requires = {}, options } = given.policy?.disapproval ?? {};
  const each = Object.entries(refused ?? {}).map(([name, value]) => applies({ [name]: value }, at));
  if (each.some((holds) => holds !== false) && !(losses.has("disapproval.if/never") && approvedByAdmin(at)))
    return true;
  const { count: _, ...actors } = requires;
  if (Object.keys(actors).length === 0) return false;
  const admits = (loss: string): boolean => losses.has(`disapproval/${loss}`);
  const { disapprove = {}, revoke = {} } = options?.methods ?? {};
  const against = candidates(
    at,
    admits("comments") ? { ...disapprove, comments: [], comment_patterns: [] } : disapprove,
    [":-1:"],
    "changes-requested",
    { edits: true, anyReview: false },
  );
  const lifting = candidates(at, revoke, [":+1:"], "approved", { edits: true, anyReview: admits("revoked") });
  const latest = (all: ReadonlyMap<string, number>): number =>
    Math.max(
      -1,
      ...[...all]
        .filter(([by]) => isAmong(actors, by) && !(admits("bots") && by === "ci[bot]"))
        .map(([, index]) => index),
    );
  return latest(against) > latest(lifting);
}

/** Every state it may end in there; what skips everything is an error, which merges nothing. */
function mayPassThere(given: BotFile, at: Pull, losses: Losses): boolean {
  if (isDisapproved(given, at, losses)) return false;
  const rules = given.approval_rules ?? [];
  const worlds = rules.reduce<readonly ReadonlyMap<string, State>[]>(
    (found, each) =>
      found.flatMap((world) =>
        ruleState(each, at, losses).map((state) => new Map([...world, [each.name, state]])),
      ),
    [new Map()],
  );
  // Where it is not known what a condition says, it must pass however it turns out.
  return worlds.every((world) => {
    const state = stateOf({ and: given.policy?.approval ?? [] }, (name) => {
      const known = world.get(name);
      if (known !== undefined) return known;
      return losses.has(`${name}/never`) && approvedByAdmin(at) ? "approved" : "pending";
    });
    return (
      state === "approved" ||
      (state === "skipped" && losses.has("no rule applies/never") && approvedByAdmin(at))
    );
  });
}

function policyOf(given: Translation): Policy {
  const text = stringify(given.policy, { aliasDuplicateObjects: false });
  expect(parsePolicy(text)).toMatchObject({ ok: true });
  const blob = sha("file");
  const policy = policyInForce(
    { state: "found", repository: "acme/.github", path: "p.yml", commit: blob, blob, text },
    { state: "absent" },
  );
  if (policy.state !== "known") throw new Error(JSON.stringify(policy));
  return policy.record.effective;
}

function passesHere(effective: Policy, at: Pull): boolean {
  const [additions, deletions] = at.lines;
  const story = new Story(PEOPLE[at.author]).with({
    labels: at.labels,
    title: at.title,
    size: { additions, deletions, files: at.paths.length },
    files: {
      list: at.paths.map((path) => ({ path, oldPath: null, status: "modified" as const })),
      complete: true,
    },
  });
  const pushes = pushesOf(at);
  const pushAt = (said: number): void => {
    for (const [index, { by, pushed }] of at.commits.entries())
      if (pushes[index] === said)
        story.push(PEOPLE[pushed] ?? null, `commit ${index}`, {
          authors: [PEOPLE[by] ?? null],
          committer: PEOPLE[by] ?? null,
        });
  };
  pushAt(0);
  for (const [name, conclusion] of Object.entries(at.checks)) story.check(name, conclusion);
  for (const login of Object.keys(PEOPLE))
    if (PEOPLE[login] !== undefined)
      story.rights(PEOPLE[login], {
        permission: isAdmin(login) ? "admin" : login === "ci[bot]" ? "none" : "write",
      });
  for (const [index, { by, how }] of at.said.entries()) {
    if (how === "approved" || how === "changes-requested") story.review(PEOPLE[by] ?? null, how);
    pushAt(index + 1);
  }
  const facts = story.facts();
  const pulled: PullRequest = {
    ...facts,
    head: { ...facts.head, ref: at.head, fork: at.fork },
    base: { ...facts.base, ref: at.base },
  };
  const judged = judgeApprovals(pulled, effective, START + 1e9);
  return (
    outcomeOfRequirements(judged) === "met" &&
    judged.vetoes.length === 0 &&
    effective.checks.every(({ name }) => at.checks[name] === "success")
  );
}

test("what is held there passes here only in a way that a note admits", () => {
  fc.assert(
    fc.property(file, fc.array(pull, { minLength: 6, maxLength: 12, size: "max" }), (given, pulls) => {
      const translated = translateBotFile(given);
      const policy = policyOf(translated);
      const losses = new Set(
        translated.notes.flatMap(({ kind, where, loss }) =>
          kind === "looser" ? [`${where}/${loss ?? ""}`] : [],
        ),
      );
      for (const at of pulls)
        if (passesHere(policy, at)) expect(mayPassThere(given, at, losses), JSON.stringify(at)).toBe(true);
    }),
    { numRuns: rounds(40, 3_000) },
  );
});

test("whoever only pushed a change lets it out of nothing, and brings no rule about less", () => {
  const given: BotFile = {
    policy: { approval: [{ or: ["one", "two"] }, "three"] },
    approval_rules: [
      { name: "one", if: { has_contributor_in: { users: ["bob"] } } },
      { name: "two", requires: { count: 1, users: ["carol"] } },
      {
        name: "three",
        if: { only_has_contributors_in: { users: ["ann"] } },
        requires: { count: 1, users: ["dan"] },
      },
    ],
  };
  const policy = policyOf(translateBotFile(given));
  const at: Pull = {
    author: "ann",
    commits: [{ by: "ann", pushed: "bob", after: 0 }],
    fork: false,
    head: "dev",
    base: "main",
    title: "add",
    labels: [],
    paths: ["a/1"],
    lines: [0, 1],
    checks: {},
    said: [],
  };
  const approved = (...by: readonly ("carol" | "dan")[]): Pull => ({
    ...at,
    said: by.map((each) => ({ by: each, how: "approved", text: "", edited: false })),
  });
  expect(
    [approved(), approved("carol"), approved("dan"), approved("carol", "dan")].map((each) =>
      passesHere(policy, each),
    ),
  ).toEqual([false, false, false, true]);
});

/** Rules and approvals of the plainest kind, which are said exactly. */
const plainFile = file.map(({ policy, approval_rules: rules = [] }): BotFile => ({
  policy: { approval: policy?.approval ?? [] },
  approval_rules: rules.map(({ name, if: when = {}, requires }) => ({
    name,
    if: Object.fromEntries(
      Object.entries({ ...when, changed_files: { paths: when.changed_files?.paths ?? ["^a/"] } }).filter(
        ([key]) =>
          [
            "has_labels",
            "changed_files",
            "only_changed_files",
            "targets_branch",
            "title",
            "modified_lines",
          ].includes(key),
      ),
    ),
    requires: { count: Math.min(requires?.count ?? 0, 2), users: ["bob", "carol"] },
  })),
}));

test("what can be said exactly lets through the same", () => {
  fc.assert(
    fc.property(plainFile, pull, (given, whole) => {
      const reviews = whole.said.filter(({ how }) => how === "approved");
      const at: Pull = {
        ...whole,
        author: "ann",
        commits: [{ by: "ann", pushed: "ann", after: 0 }],
        said: reviews,
      };
      const translated = translateBotFile(given);
      fc.pre(given.approval_rules?.length === RULES.length);
      fc.pre(!translated.notes.some(({ message }) => message.includes("conditions stand below one or")));
      fc.pre(!stateOfAll(given, at).includes("skipped"));
      expect(passesHere(policyOf(translated), at)).toBe(stateOfAll(given, at).includes("approved"));
    }),
    { numRuns: rounds(40, 3_000) },
  );
});

function stateOfAll(given: BotFile, at: Pull): readonly State[] {
  const rules = new Map((given.approval_rules ?? []).map((each) => [each.name, each]));
  return [
    stateOf({ and: given.policy?.approval ?? [] }, (name) => {
      const found = rules.get(name);
      return found === undefined ? "pending" : (ruleState(found, at, new Set())[0] ?? "pending");
    }),
  ];
}

test("any file at all is either translated into a policy without problems, or its problems are listed", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        file.map((each) => stringify(each)),
      ),
      (text) => {
        const read = readBotFile(text);
        if (read.ok) expect(() => translateBotFile(read.file)).not.toThrow();
        else expect(read.problems.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: rounds(40, 3_000) },
  );
});
