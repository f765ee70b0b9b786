/** Evaluates a rule's `when` for a pull request. What cannot be found out is unknown, never "does not hold". */

import type { PullRequest } from "../change/pull-request.ts";
import { newestRuns, runsOf } from "../change/checks.ts";
import { contributorsOf, makersOf, type Contributor } from "./contribution/contributors.ts";
import { truncationReasons } from "../records/truncation.ts";
import { authorityOf, isOneOf } from "./entitlement.ts";
import type { Who } from "../policy/file/selectors.ts";
import { Paths } from "../change/paths.ts";
import type { GlobUse } from "../patterns/glob.ts";
import { fits, found, type Pattern } from "../patterns/pattern.ts";
import type { When } from "../policy/file/when.ts";
import type { Instant } from "../time/instant.ts";
import type { Actor } from "../change/people.ts";
import type { Check, Truncation } from "../change/review.ts";
import { type Certainty } from "../values/certainty.ts";

/** Describes whether conditions hold and, where that is unknown, why. */
export interface ConditionResult {
  readonly holds: Certainty;
  readonly unknown: readonly string[];
}

const YES: ConditionResult = { holds: "yes", unknown: [] };
const NO: ConditionResult = { holds: "no", unknown: [] };

/**
 * Judges conditions as of `at`: all that are written together must hold. `letsOut`: they are under `not`, so that
 * holding lets out of the rule. Names in commits can be forged: in either case they can only make the rule apply.
 */
export function evaluateWhen(when: When, pull: PullRequest, at: Instant, letsOut = false): ConditionResult {
  const { author } = pull;
  const use = letsOut ? "lets" : "asks";
  const each: (ConditionResult | null)[] = [
    given(when.paths, (paths) => somePath(paths, pull, use)),
    given(when["only-paths"], (paths) => onlyPaths(paths, pull, use)),
    given(when.author, (who) => (author === null ? unknown(DELETED) : isWho(who, author, pull))),
    given(when.contributors, (who) => anyOf([...contributorsAre(who, pull, letsOut), unseen(pull, NO)])),
    given(when["only-contributors"], (who) =>
      allOf([...contributorsAre(who, pull, !letsOut), unseen(pull, YES)]),
    ),
    given(when.base, (patterns) => said(fits(patterns, pull.base.ref, use))),
    given(when.head, (patterns) => said(fits(patterns, pull.head.ref, use))),
    given(when.labels, (labels) => allOf(labels.map((label) => labelHolds(label, pull)))),
    given(when.title, (title) => titleAtMerge(pull) ?? said(found(title.matches, pull.title) !== null)),
    given(when["from-fork"], (wanted) =>
      pull.head.fork === undefined
        ? unknown("it was not read whether its branch is in a fork")
        : said(pull.head.fork === wanted),
    ),
    given(when.size, (size) => sizeHolds(size, pull)),
    given(
      when.checks,
      (checks) => cutOff(pull, "checks") ?? allOf(checks.map((check) => checkHolds(check, pull.checks, at))),
    ),
    given(when.draft, (draft) => said(pull.draft === draft)),
    given(when.repository, (globs) => said(fits(globs, pull.repository.name, use))),
    given(when.signatures, (which) => (which === "valid" ? signed(pull) : not(signed(pull)))),
    given(when["any-of"], (conditions) =>
      anyOf(conditions.map((one) => evaluateWhen(one, pull, at, letsOut))),
    ),
    given(when["all-of"], (conditions) =>
      allOf(conditions.map((one) => evaluateWhen(one, pull, at, letsOut))),
    ),
    given(when.not, (condition) => not(evaluateWhen(condition, pull, at, !letsOut))),
  ];
  return allOf(each.filter((held) => held !== null));
}

const DELETED = "the account of its author no longer exists";

function given<Value>(
  value: Value | undefined,
  judge: (value: Value) => ConditionResult,
): ConditionResult | null {
  return value === undefined ? null : judge(value);
}

function said(holds: boolean): ConditionResult {
  return holds ? YES : NO;
}

function unknown(because: string): ConditionResult {
  return { holds: "unknown", unknown: [because] };
}

function allOf(each: readonly ConditionResult[]): ConditionResult {
  if (each.some(({ holds }) => holds === "no")) return NO;
  return open(each) ?? YES;
}

function anyOf(each: readonly ConditionResult[]): ConditionResult {
  if (each.some(({ holds }) => holds === "yes")) return YES;
  return open(each) ?? NO;
}

function open(each: readonly ConditionResult[]): ConditionResult | null {
  const because = each.flatMap((held) => held.unknown);
  return because.length === 0 ? null : { holds: "unknown", unknown: [...new Set(because)] };
}

function not(held: ConditionResult): ConditionResult {
  if (held.holds === "unknown") return held;
  return held.holds === "yes" ? NO : YES;
}

/** A renamed file is at both its old and its new path. Computed once for all rules. */
function pathsOf({ files }: PullRequest): Paths {
  if (files === undefined) return NO_PATHS;
  const known = pathsByFiles.get(files);
  if (known !== undefined) return known;
  const made = new Paths(
    files.list.flatMap(({ path, oldPath, status }) =>
      status === "renamed" && oldPath !== null ? [oldPath, path] : [path],
    ),
  );
  pathsByFiles.set(files, made);
  return made;
}

const NO_PATHS = new Paths([]);

/** Facts never change, so what follows from them is computed once. */
const pathsByFiles = new WeakMap<object, Paths>();

function unreadFiles(pull: PullRequest): ConditionResult | null {
  if (pull.files === undefined) return unknown("GitHub did not list the changed files");
  if (pull.files.complete) return null;
  return unknown(`GitHub did not list more than ${pull.files.list.length} of the changed files`);
}

function somePath(patterns: readonly Pattern[], pull: PullRequest, use: GlobUse): ConditionResult {
  const paths = pathsOf(pull);
  const some = patterns.some((pattern) => paths.fitting(pattern, use).includes(1));
  return some ? YES : (unreadFiles(pull) ?? NO);
}

function onlyPaths(patterns: readonly Pattern[], pull: PullRequest, use: GlobUse): ConditionResult {
  const paths = pathsOf(pull);
  const each = patterns.map((pattern) => paths.fitting(pattern, use));
  if (paths.all.some((_, index) => each.every((fit) => fit[index] !== 1))) return NO;
  return unreadFiles(pull) ?? said(paths.all.length > 0);
}

function isWho(who: Who, actor: Actor, pull: PullRequest): ConditionResult {
  const holds = isOneOf(who, actor, authorityOf(pull, actor));
  return holds === "unknown"
    ? unknown(`GitHub did not return the permissions of ${actor.login}`)
    : said(holds === "yes");
}

/** `seen`: without those who are only named in commits. */
function contributorsAre(who: Who, pull: PullRequest, seen: boolean): readonly ConditionResult[] {
  return contributorsOf(pull)
    .filter(({ roles }) => !seen || roles.some((role) => SEEN.includes(role)))
    .map(({ actor }) => isWho(who, actor, pull));
}

/** What GitHub itself recorded; authors and committers are what a commit claims. */
const SEEN: readonly Contributor["roles"][number][] = ["opener", "requester", "pusher"];

/** Contributors nobody can name: they may be anyone. `otherwise` where there are none. */
function unseen(pull: PullRequest, otherwise: ConditionResult): ConditionResult {
  if (!pull.commitsComplete) return unknown("GitHub did not list all commits");
  if (pull.author === null) return unknown(DELETED);
  const makers = makersOf(pull).filter((each) => !each.addsNothing);
  if (makers.some((each) => each.unknown)) return unknown("a commit was made by someone without an account");
  if (makers.some((each) => each.unseen !== null))
    return unknown("who made some of its commits was not observed");
  return otherwise;
}

function labelHolds(label: string, pull: PullRequest): ConditionResult {
  const has = pull.labels.some((each) => each.toLowerCase() === label.toLowerCase());
  return has ? YES : (cutOff(pull, "labels") ?? NO);
}

/** A title may be edited after the merge: what it was then is in a list, unless that ends before it. */
function titleAtMerge(pull: PullRequest): ConditionResult | null {
  return pull.merged === null ? null : cutOff(pull, "events");
}

function cutOff({ cut }: PullRequest, which: Truncation): ConditionResult | null {
  const [because] = truncationReasons(cut, [which]);
  return because === undefined ? null : unknown(because);
}

function sizeHolds(size: NonNullable<When["size"]>, pull: PullRequest): ConditionResult {
  const known = pull.size;
  const counts = {
    additions: known?.additions,
    deletions: known?.deletions,
    lines: known === undefined ? undefined : known.additions + known.deletions,
    files: known?.files,
    commits: pull.commitsComplete ? pull.commits.length : undefined,
  };
  const compared = (["additions", "deletions", "lines", "files", "commits"] as const).map((key) =>
    given(size[key], (wanted) => {
      const count = counts[key];
      return count === undefined ? unknown("GitHub did not return its size") : said(compares(count, wanted));
    }),
  );
  return allOf(compared.filter((held) => held !== null));
}

function compares(count: number, wanted: string): boolean {
  const limit = Number(/\d+/u.exec(wanted)?.[0]);
  switch (/^[<>=]+/u.exec(wanted)?.[0]) {
    case "<":
      return count < limit;
    case "<=":
      return count <= limit;
    case ">":
      return count > limit;
    case ">=":
      return count >= limit;
    default:
      return count === limit;
  }
}

function checkHolds(
  wanted: NonNullable<When["checks"]>[number],
  checks: readonly Check[],
  at: Instant,
): ConditionResult {
  const { name, app, conclusions } =
    typeof wanted === "string" ? { name: wanted, app: undefined, conclusions: undefined } : wanted;
  const newest = newestRuns(runsOf({ name, app }, checks));
  return said(
    newest.length > 0 &&
      newest.every(
        ({ completedAt, conclusion }) =>
          completedAt !== null &&
          completedAt <= at &&
          conclusion !== null &&
          (conclusions ?? ["success"]).includes(conclusion),
      ),
  );
}

function signed(pull: PullRequest): ConditionResult {
  if (pull.commits.some((commit) => commit.signed === false)) return NO;
  const whole = pull.commitsComplete && pull.commits.every((commit) => commit.signed !== undefined);
  return whole ? YES : unknown("GitHub did not return which commits are signed");
}
