/** What policy-bot's rules ask for, said in ours, with everything that is asked otherwise here. */

import type { WrittenRequirement } from "../policy/requirement.ts";
import type { When } from "../policy/when.ts";
import { conditionsOf, whoOf } from "./conditions.ts";
import type { BotActors, BotFile, BotOptions, BotPredicates, BotRule } from "./file.ts";

/** One thing that is not the same. `stricter`: more is asked here. `looser`: in some case less is. `changed`: something else is. */
export interface Note {
  /** The rule, or the part of the file. */
  readonly where: string;
  readonly kind: "stricter" | "looser" | "changed";
  readonly message: string;
  /** The nearest form, or what to do. */
  readonly instead: string;
}

/** What all rules together come to. */
export interface Asked {
  /** By the rule's name; null: it asks nothing. */
  readonly byRule: ReadonlyMap<string, WrittenRequirement | null>;
  readonly checks: readonly string[];
  readonly independence: "every-commit" | "strict";
  readonly requestReviews: {
    readonly "request-reviews"?: { readonly from: "users" | "teams"; readonly count: number };
  };
}

/** Translates what every rule asks; what differs is added to `notes`. */
export function requirementsOf(rules: readonly BotRule[], notes: Note[]): Asked {
  const checks: string[] = [];
  const byRule = new Map(
    rules.map((rule) => {
      for (const note of optionNotes(rule)) notes.push(note);
      return [rule.name, requirementOf(rule, checks, notes)];
    }),
  );
  const open = rules.length > 0 && rules.every((rule) => allowsContributors(rule.options));
  return {
    byRule,
    checks,
    independence: open ? "every-commit" : "strict",
    requestReviews: reviewsAsked(rules, notes),
  };
}

function allowsContributors(options: BotOptions | undefined): boolean {
  return options?.allow_contributor === true;
}

function requirementOf(rule: BotRule, checks: string[], notes: Note[]): WrittenRequirement | null {
  const { count = 0, conditions, ...actors } = rule.requires ?? {};
  const asked = count <= 0 ? null : counted(rule.name, count, actors, notes);
  const more = conditions === undefined ? null : conditional(rule, conditions, checks, notes);
  if (asked === null || more === null) return asked ?? more;
  return { "all-of": [asked, more] };
}

function counted(name: string, count: number, actors: BotActors, notes: Note[]): WrittenRequirement {
  const who = whoOf(actors);
  const { apps, ...from } = who ?? {};
  if (apps !== undefined) {
    const message = `${apps.join(", ")} may approve there; here no bot or app ever does`;
    notes.push({ where: name, kind: "stricter", message, instead: "only people are asked" });
  }
  if (count > 20) {
    const message = `${count} approvals are more than can be asked here`;
    notes.push({ where: name, kind: "looser", message, instead: "20 are asked" });
  }
  const required = Math.min(count, 20);
  if (Object.keys(from).length > 0) return { required, from };
  const message = "it names nobody, so nobody can ever meet it there";
  notes.push({ where: name, kind: "looser", message, instead: "it asks for admins" });
  return { required, from: { permission: "admin" } };
}

/** Conditions that must hold before a rule is met: checks are required of every change; of others an admin answers for. */
function conditional(
  rule: BotRule,
  conditions: BotPredicates,
  checks: string[],
  notes: Note[],
): WrittenRequirement | null {
  const { has_successful_status: successful, has_status: status, ...rest } = conditions;
  const wanted = [...(successful ?? []), ...(status?.statuses ?? [])];
  checks.push(...wanted);
  const say = (kind: Note["kind"], message: string, instead: string): void => {
    notes.push({ where: rule.name, kind, message, instead });
  };
  if (wanted.length > 0 && rule.if !== undefined)
    say(
      "stricter",
      `it requires the checks ${wanted.join(", ")} where it applies`,
      "they are required of every change",
    );
  const conclusions = status?.conclusions?.filter((each) => each !== "success") ?? [];
  if (conclusions.length > 0)
    say("stricter", `it takes ${conclusions.join(", ")} for good enough`, "only success is, here");
  const others = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (others.length === 0) return null;
  const names = others.map(([name]) => name).join(", ");
  say(
    "changed",
    `requires.conditions cannot be said (${names})`,
    "an approval by an admin is asked in their place",
  );
  return { required: 1, from: { permission: "admin" } };
}

function optionNotes({ name, options = {} }: BotRule): readonly Note[] {
  const notes: Note[] = [];
  const say = (kind: Note["kind"], message: string, instead: string): void => {
    notes.push({ where: name, kind, message, instead });
  };
  if (
    options.allow_author === true ||
    options.allow_contributor === true ||
    options.allow_non_author_contributor === true
  )
    say(
      "stricter",
      "it lets those who made a change approve it",
      "a commit is never approved by whoever made it alone; see approval.independence",
    );
  if (options.invalidate_on_push !== true)
    say(
      "stricter",
      "an approval outlives a push there",
      "any change of content ends it, unless it is proven the same",
    );
  if (options.ignore_commits_by !== undefined)
    say(
      "stricter",
      "commits by some are not looked at there",
      "every commit is; see standard-changes for bots",
    );
  const { methods = {} } = options;
  if (methods.comments === undefined || methods.comments.length > 0)
    say("stricter", "a comment may approve there", "only a review does; a comment approves nothing");
  if ((methods.comment_patterns ?? []).length > 0)
    say("stricter", "a comment that fits a pattern may approve there", "only a review does");
  if ((methods.body_patterns ?? []).length > 0)
    say("stricter", "words in a pull request's own text may approve it there", "only a review does");
  if ((methods.github_review_comment_patterns ?? []).length > 0)
    say("looser", "an approving review must say certain words there", "every approving review counts here");
  if (methods.github_review === false)
    say("looser", "GitHub's approving reviews do not count there", "they are the only thing that does here");
  return notes;
}

function reviewsAsked(rules: readonly BotRule[], notes: Note[]): Asked["requestReviews"] {
  const asking = rules.filter((rule) => rule.options?.request_review?.enabled === true);
  const [first] = asking;
  if (first === undefined) return {};
  const { mode = "random-users", count = 1 } = first.options?.request_review ?? {};
  const differ = asking.length < rules.length || asking.length > 1 || mode === "all-users";
  if (differ) {
    const message = "it asks for reviews where it applies";
    const instead = "reviews are asked of every change, of as many as its first such rule says";
    notes.push({ where: first.name, kind: "changed", message, instead });
  }
  const from = mode === "teams" ? "teams" : "users";
  return { "request-reviews": { from, count: mode === "all-users" ? 10 : Math.min(Math.max(count, 1), 10) } };
}

/** Who may hold a change back, and what always does. */
export function vetoOf(
  file: BotFile,
  notes: Note[],
): {
  readonly approval: WrittenRequirement | null;
  readonly rules: readonly {
    readonly name: string;
    readonly when: When;
    readonly approval: WrittenRequirement;
  }[];
} {
  const disapproval = file.policy?.disapproval;
  const where = "disapproval";
  if (disapproval?.requires === undefined)
    notes.push({
      where,
      kind: "stricter",
      message: "a request for changes holds nothing back there",
      instead: "one by somebody whose approval could count does",
    });
  const { count: _, ...actors } = disapproval?.requires ?? {};
  const { apps: __, ...from } = whoOf(actors) ?? {};
  const approval = Object.keys(from).length === 0 ? null : { required: 0, from };
  if (approval !== null)
    notes.push({
      where,
      kind: "stricter",
      message: "anyone of them lifts everybody's disapproval there",
      instead: "only who asked for changes lifts that, or a dismissal",
    });
  if (disapproval?.if === undefined) return { approval, rules: [] };
  const bounds = conditionsOf(disapproval.if);
  notes.push({
    where,
    kind: "changed",
    message: `disapproval.if refuses a change outright${bounds.notes.map((note) => `; ${note}`).join("")}`,
    instead: "an approval by an admin is asked there",
  });
  const stuck: WrittenRequirement = { required: 1, from: { permission: "admin" } };
  // Any of its conditions is enough there.
  const each = Object.entries(disapproval.if).flatMap(([name, value]) =>
    value === undefined ? [] : [conditionsOf({ [name]: value }).atLeast],
  );
  if (each.includes("always"))
    return { approval: approval === null ? stuck : { "all-of": [approval, stuck] }, rules: [] };
  const whens = each.filter((when) => when !== "always");
  const when: When = whens.length === 1 ? (whens[0] ?? {}) : { "any-of": whens };
  return {
    approval,
    rules: whens.length === 0 ? [] : [{ name: "disapproved without exception", when, approval: stuck }],
  };
}
