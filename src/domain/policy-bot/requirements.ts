/** Requirements of policy-bot's rules, written as ours, with everything that is required otherwise here. */

import type { From } from "../policy/file/selectors.ts";
import type { WrittenRequirement } from "../policy/file/requirement.ts";
import { conditionsOf, eachOf, whoOf, type Bounds } from "./conditions.ts";
import type { BotActors, BotFile, BotMethods, BotOptions, BotRule } from "./file.ts";

/** What of a file requires less here in some case: each is one way in which our judgement lets through what is blocked there. */
type TranslationLoss =
  | "edited"
  | "words"
  | "reviews"
  | "readers"
  | "count"
  | "never"
  | "comments"
  | "bots"
  | "revoked";

/**
 * Describes one thing that is not the same. `stricter`: more is required here. `looser`: in some case less is.
 * `changed`: something else is.
 */
export interface TranslationNote {
  /** The rule, or the part of the file. */
  readonly where: string;
  readonly kind: "stricter" | "looser" | "changed";
  /** Of `looser` ones: in which way. */
  readonly loss?: TranslationLoss;
  readonly message: string;
  /** The nearest form, or what to do. */
  readonly instead: string;
}

/** Describes one of several ways to meet something: that many people of those it names. */
export type Leaf = WrittenRequirement & { readonly required: number; readonly from: From };

/** Describes what one rule requires where it applies. */
export interface TranslatedRequirements {
  /** Null: no approval. Never: nobody can give it, for that reason. */
  readonly approval: Leaf | null | { readonly never: string };
  /** What must hold besides; null: nothing. */
  readonly conditions: Bounds | null;
}

/** Describes what applies to all changes together. */
export interface Manner {
  readonly independence: "every-commit" | "strict";
  readonly "request-reviews"?: { readonly from: "users" | "teams"; readonly count: number };
}

/** Requires an approval by an administrator, where nothing at all gets a change merged there. */
export const ADMIN: Leaf = { required: 1, from: { permission: "admin" } };

/** Translates what a rule requires; what differs is added to `notes`. */
export function askedBy(rule: BotRule, notes: TranslationNote[]): TranslatedRequirements {
  for (const note of optionNotes(rule)) notes.push(note);
  const { count = 0, conditions, ...actors } = rule.requires ?? {};
  const bounds = conditions === undefined ? null : conditionsOf(conditions);
  for (const message of bounds?.notes ?? [])
    notes.push({
      where: rule.name,
      kind: "changed",
      message: `requires.conditions ${message}`,
      instead: "they are taken not to hold wherever that cannot be said",
    });
  return {
    approval: count <= 0 ? null : counted(rule.name, count, actors, notes),
    conditions: bounds,
  };
}

function counted(
  name: string,
  count: number,
  actors: BotActors,
  notes: TranslationNote[],
): TranslatedRequirements["approval"] {
  const { apps, ...from } = whoOf(actors) ?? {};
  if (apps !== undefined) {
    const message = `${apps.join(", ")} may approve there; here no bot or app ever does`;
    notes.push({ where: name, kind: "stricter", message, instead: "only people can approve" });
  }
  if (count > 20) {
    const message = `${count} approvals are more than can be required here`;
    notes.push({ where: name, kind: "looser", loss: "count", message, instead: "20 are required" });
  }
  if (from.permission === "read")
    notes.push({
      where: name,
      kind: "looser",
      loss: "readers",
      message: "only collaborators have permission to read there",
      instead: "in a public repository everyone has",
    });
  if (Object.keys(from).length > 0) return { required: Math.min(count, 20), from };
  return {
    never:
      apps === undefined
        ? "it names nobody, so nobody can ever meet it there"
        : "it names no person, and bots approve nothing here",
  };
}

function optionNotes({ name, options = {}, requires = {} }: BotRule): readonly TranslationNote[] {
  if ((requires.count ?? 0) <= 0) return [];
  const notes: TranslationNote[] = [];
  const more = (message: string, instead: string): void => {
    notes.push({ where: name, kind: "stricter", message, instead });
  };
  const less = (loss: TranslationLoss, message: string, instead: string): void => {
    notes.push({ where: name, kind: "looser", loss, message, instead });
  };
  if (
    options.allow_author === true ||
    options.allow_contributor === true ||
    options.allow_non_author_contributor === true
  )
    more(
      "it lets those who made a change approve it",
      "a commit is never approved by whoever made it alone; see approval.independence",
    );
  if (options.invalidate_on_push !== true)
    more("an approval outlives a push there", "any change of content ends it, unless it is proven the same");
  if (options.ignore_commits_by !== undefined)
    more("commits by some are not looked at there", "every commit is; see standard-changes for bots");
  const { methods = {} } = options;
  if (hasComments(methods))
    more("a comment may approve there", "only a review does; a comment approves nothing");
  if ((methods.body_patterns ?? []).length > 0)
    more("words in a pull request's own text may approve it there", "only a review does");
  if ((methods.github_review_comment_patterns ?? []).length > 0)
    less("words", "an approving review must say certain words there", "every approving review counts here");
  else if (methods.github_review === false)
    less(
      "reviews",
      "GitHub's approving reviews do not count there",
      "they are the only thing that does here",
    );
  if (options.ignore_edited_comments === true)
    less(
      "edited",
      "an approval whose text was edited does not count there",
      "only who gave it, when and for what counts; its text does not",
    );
  return notes;
}

/** By default a thumb is enough. */
function hasComments({ comments, comment_patterns: patterns = [] }: BotMethods): boolean {
  return comments === undefined || comments.length > 0 || patterns.length > 0;
}

/** Returns what is required of every change beside approvals, by the rules together. */
export function mannerOf(rules: readonly BotRule[], notes: TranslationNote[]): Manner {
  const open = rules.length > 0 && rules.every((rule) => allowsContributors(rule.options));
  return { independence: open ? "every-commit" : "strict", ...reviewsAsked(rules, notes) };
}

function allowsContributors(options: BotOptions | undefined): boolean {
  return options?.allow_contributor === true;
}

function reviewsAsked(rules: readonly BotRule[], notes: TranslationNote[]): Pick<Manner, "request-reviews"> {
  const asking = rules.filter((rule) => rule.options?.request_review?.enabled === true);
  const [first] = asking;
  if (first === undefined) return {};
  const { mode = "random-users", count = 1 } = first.options?.request_review ?? {};
  const differ = asking.length < rules.length || asking.length > 1 || mode === "all-users";
  if (differ) {
    const message = "it asks for reviews where it applies";
    const instead = "reviews are requested for every change, from as many as its first such rule sets";
    notes.push({ where: first.name, kind: "changed", message, instead });
  }
  const from = mode === "teams" ? "teams" : "users";
  return { "request-reviews": { from, count: mode === "all-users" ? 10 : Math.min(Math.max(count, 1), 10) } };
}

/** Returns who may block a change; null: nobody but those whose approval is required anyway. */
export function vetoOf(file: BotFile, notes: TranslationNote[]): Leaf | null {
  const disapproval = file.policy?.disapproval;
  const where = "disapproval";
  const say = (
    kind: TranslationNote["kind"],
    message: string,
    instead: string,
    loss?: TranslationLoss,
  ): void => {
    notes.push({ where, kind, message, instead, ...(loss === undefined ? {} : { loss }) });
  };
  const { count: _, ...actors } = disapproval?.requires ?? {};
  const who = whoOf(actors);
  if (who === null) {
    say(
      "stricter",
      "a request for changes blocks nothing there",
      "one by someone whose approval could count does",
    );
    return null;
  }
  const { disapprove = {}, revoke = {} } = disapproval?.options?.methods ?? {};
  const { apps, ...from } = who;
  if (apps !== undefined)
    say("looser", `${apps.join(", ")} may disapprove there`, "bots and apps block nothing", "bots");
  if (hasComments(disapprove) || (disapprove.body_patterns ?? []).length > 0)
    say(
      "looser",
      `${wordsOf(disapprove)} may disapprove there`,
      "only a review that requests changes blocks, and no comment does",
      "comments",
    );
  if (revoke.github_review === false || (revoke.github_review_comment_patterns ?? []).length > 0)
    say(
      "looser",
      "an approving review by itself does not lift a disapproval there",
      "one by whoever requested changes lifts that",
      "revoked",
    );
  if (Object.keys(from).length === 0) return null;
  say(
    "stricter",
    "any of them clears everyone's disapproval there",
    "only who requested changes clears that, or a dismissal",
  );
  return { required: 0, from };
}

function wordsOf({
  comments = [":-1:", "👎"],
  comment_patterns: patterns = [],
  body_patterns: body = [],
}: BotMethods): string {
  const words = [...comments, ...patterns, ...body].map((each) => `"${each}"`);
  return `a comment (${words.join(", ")})`;
}

/** Lists when a change is refused whatever anyone approves: where any of these holds. */
export function refusals(file: BotFile, notes: TranslationNote[]): readonly Bounds[] {
  const each = eachOf(file.policy?.disapproval?.if ?? {});
  for (const message of each.flatMap((bounds) => bounds.notes))
    notes.push({
      where: "disapproval.if",
      kind: "changed",
      message,
      instead: "it is taken to hold wherever that cannot be said",
    });
  return each;
}
