/** What comes out of the translation of a policy-bot file asks what the file asked: both are judged side by side. */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";

import { asksOutcome, judgeApprovals } from "../../src/domain/approval.ts";
import type { Actor } from "../../src/domain/change.ts";
import { parsePolicy } from "../../src/domain/policy/parse.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import {
  readBotFile,
  type ApprovalNode,
  type BotFile,
  type BotPredicates,
  type BotRule,
} from "../../src/domain/policy-bot/file.ts";
import { translateBotFile } from "../../src/domain/policy-bot/translate.ts";
import { ann, bob, carol, dan, sha, START, Story } from "../support/facts.ts";

const RULES = ["one", "two", "three", "four"] as const;
const LABELS = ["x", "y"] as const;
const REVIEWERS = [bob, carol, dan] as const;

const rule = fc.record({
  if: fc.option(
    fc.oneof<fc.Arbitrary<BotPredicates>[]>(
      fc.constantFrom(...LABELS).map((label) => ({ has_labels: [label] })),
      fc.constantFrom("^a/", "^b/").map((path) => ({ changed_files: { paths: [path] } })),
      fc.constantFrom("^a/", "^b/").map((path) => ({ only_changed_files: { paths: [path] } })),
      fc.constantFrom("^a/", "^b/").map((path) => ({ no_changed_files: { paths: [path] } })),
      fc.constant({ changed_files: { paths: ["^a/"], ignore: ["2"] } }),
      fc.boolean().map((only) => ({ author_is_only_contributor: only })),
    ),
    { nil: undefined },
  ),
  count: fc.nat(2),
  users: fc.uniqueArray(fc.constantFrom("bob", "carol", "dan"), { minLength: 1 }),
});

const node: fc.Arbitrary<ApprovalNode> = fc.letrec<{ node: ApprovalNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<ApprovalNode>(...RULES),
    fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
    fc.array(tie("node"), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
  ),
})).node;

const file: fc.Arbitrary<BotFile> = fc
  .tuple(fc.array(node, { minLength: 1, maxLength: 3 }), fc.array(rule, { minLength: 4, maxLength: 4 }))
  .map(([approval, rules]) => ({
    policy: { approval },
    approval_rules: rules.map(({ if: condition, count, users }, index): BotRule => ({
      name: RULES[index] ?? "",
      ...(condition === undefined ? {} : { if: condition }),
      requires: { count, users },
    })),
  }));

const PATHS = ["a/1", "a/2", "b/1", "c/1"] as const;
const pull = fc.record({
  labels: fc.uniqueArray(fc.constantFrom(...LABELS)),
  paths: fc.uniqueArray(fc.constantFrom(...PATHS), { minLength: 1 }),
  approvers: fc.uniqueArray(fc.constantFrom<Actor>(...REVIEWERS)),
});
type Pull = typeof pull extends fc.Arbitrary<infer Value> ? Value : never;

/** The other app's own reading of a rule's condition, written from its documentation; its author made all commits. */
function applies({ if: condition = {} }: BotRule, { labels, paths }: Pull): boolean {
  const some = (files: NonNullable<typeof condition.changed_files>): boolean =>
    paths
      .filter((path) => !(files.ignore ?? []).some((each) => new RegExp(each, "u").test(path)))
      .some((path) => files.paths.some((each) => new RegExp(each, "u").test(path)));
  return [
    condition.has_labels?.every((label) => labels.includes(label as (typeof LABELS)[number])),
    condition.changed_files === undefined ? undefined : some(condition.changed_files),
    condition.no_changed_files === undefined ? undefined : !some(condition.no_changed_files),
    condition.only_changed_files === undefined
      ? undefined
      : paths.every((path) =>
          condition.only_changed_files?.paths.some((each) => new RegExp(each, "u").test(path)),
        ),
    condition.author_is_only_contributor,
  ].every((holds) => holds !== false);
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

/** Its verdict: everything skipped is an error there, which merges nothing. */
function approvedThere(given: BotFile, at: Pull): State {
  const rules = new Map((given.approval_rules ?? []).map((each) => [each.name, each]));
  return stateOf({ and: given.policy?.approval ?? [] }, (name) => {
    const found = rules.get(name);
    if (found === undefined || !applies(found, at)) return "skipped";
    const { count = 0, users = [] } = found.requires ?? {};
    return at.approvers.filter(({ login }) => users.includes(login)).length >= count ? "approved" : "pending";
  });
}

function approvedHere(given: BotFile, { labels, paths, approvers }: Pull): boolean {
  const text = stringify(translateBotFile(given).policy, { aliasDuplicateObjects: false });
  expect(parsePolicy(text)).toMatchObject({ ok: true });
  const blob = sha("file");
  const policy = policyInForce(
    { state: "found", repository: "acme/.github", path: "p.yml", commit: blob, blob, text },
    { state: "absent" },
  );
  if (policy.state !== "known") throw new Error(JSON.stringify(policy));
  const story = new Story(ann).push(ann, "first").with({
    labels,
    files: {
      list: paths.map((path) => ({ path, oldPath: null, status: "modified" as const })),
      complete: true,
    },
  });
  for (const approver of approvers) story.review(approver);
  return asksOutcome(judgeApprovals(story.facts(), policy.record.effective, START + 1e9)) === "met";
}

function isExact({ approval_rules: rules = [] }: BotFile): boolean {
  return rules.every(
    ({ if: condition }) =>
      condition?.author_is_only_contributor === undefined && condition?.changed_files?.ignore === undefined,
  );
}

test("a translated policy never lets through what the file held back", () => {
  fc.assert(
    fc.property(file, pull, (given, at) => {
      if (approvedHere(given, at)) expect(approvedThere(given, at)).toBe("approved");
    }),
    { numRuns: 500 },
  );
});

test("what can be said exactly lets through the same", () => {
  fc.assert(
    fc.property(file, pull, (given, at) => {
      fc.pre(isExact(given) && approvedThere(given, at) !== "skipped");
      expect(approvedHere(given, at)).toBe(approvedThere(given, at) === "approved");
    }),
    { numRuns: 500 },
  );
});

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
    { numRuns: 500 },
  );
});
