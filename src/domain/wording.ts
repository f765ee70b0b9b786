/** Every sentence people read on GitHub, on pages and in the terminal. */

import { Temporal } from "temporal-polyfill";
import type { Instant } from "./change.ts";
import type { AskState, TreeState } from "./ask.ts";
import { namedBy, type Requirement, type Source } from "./policy/requirement.ts";
import type { ControlName, JudgedApproval, Verdict } from "./result.ts";
import { truncate } from "./text.ts";

/** Why an approval counts or does not. */
export type ApprovalCode =
  | "counts"
  | "covers-some"
  | "replaced-work"
  | "beside-unseen"
  | "own-work"
  | "requested"
  | "earlier-version"
  | "no-authority"
  | "entitled-later"
  | "bot"
  | "ghost"
  | "dismissed"
  | "superseded"
  | "retargeted"
  | "after-merge"
  | "unknown-commit"
  | "unproven-content"
  | "unknown-authority"
  | "unknown-when-given"
  | "unknown-address"
  | "unknown-maker"
  | "unknown-person"
  | "unknown-state"
  | "unknown-veto";

/** What the sentence on an approval may name. */
export interface ApprovalDetail {
  /** Of so many commits it covers so many. */
  readonly covered?: number;
  readonly of?: number;
  readonly address?: string;
  /** What entitled its giver only after it was given. */
  readonly gained?: readonly string[];
  /** Why it cannot be told whether it covers the others. */
  readonly doubt?: {
    readonly why: "nobody-seen" | "relayed" | "by-key" | "unproven";
    readonly pushers: readonly { readonly login: string }[];
  };
}

/** One sentence on one approval. */
export function approvalReason(code: ApprovalCode, login: string, detail: ApprovalDetail = {}): string {
  const who = oneLine(login);
  switch (code) {
    case "counts":
      return `${who} approved this content`;
    case "covers-some":
      return `${who} approved this content; it counts for the ${detail.covered ?? 0} of ${detail.of ?? 0} commits ${who} did not make alone`;
    case "replaced-work":
      return `${who} approved this content; it does not count for what ${who} pushed before other commits took its place`;
    case "beside-unseen":
      return `${who} approved this content; nobody saw who made some of it, and not everyone who approved can have`;
    case "own-work":
      return `${who} made what the approval would cover; nobody approves their own work`;
    case "requested":
      return `${who} asked a bot for this work; whoever asks for a change does not approve it`;
    case "earlier-version":
      return `${who} approved an earlier version; the content changed afterwards`;
    case "no-authority":
      return `${who} is not among the people whose approval the policy asks for`;
    case "entitled-later":
      return `${who} approved before ${gainedIn(detail)}: ${who} must approve again`;
    case "bot":
      return `${who} is a bot or app; only people approve`;
    case "ghost":
      return `the account that approved no longer exists; whose approval it was cannot be told`;
    case "dismissed":
      return `the approval by ${who} was dismissed`;
    case "superseded":
      return `${who} took the approval back by asking for changes afterwards`;
    case "retargeted":
      return `${who} approved before the base branch was changed`;
    case "after-merge":
      return `${who} approved after the merge`;
    case "unknown-commit":
      return `which version ${who} approved cannot be told: its webhook was missed and GitHub moved the review since`;
    case "unproven-content":
      return `${who} approved another commit, and GitHub would not tell whether its content is the same`;
    case "unknown-authority":
      return `whether ${who} may approve cannot be told: GitHub would not say what rights ${who} has`;
    case "unknown-when-given":
      return `whether ${who} was already entitled when approving was not observed: ${who} must approve again`;
    case "unknown-address":
      return `whether ${who} is the owner cannot be told: CODEOWNERS names ${oneLine(detail.address ?? "")}, and GitHub tells nobody whose address that is`;
    case "unknown-person":
      return `who ${who} is cannot be told: the policy ties that login to a person, and another account has it now`;
    case "unknown-maker":
      return `whether ${who} made this content alone cannot be told: ${doubtIn(detail)}`;
    case "unknown-state":
      return `what ${who} said in a review that was dismissed cannot be told: its webhook was missed`;
    case "unknown-veto":
      return `whether ${who} holds this back cannot be told: either the review or the rights of ${who} could not be read`;
  }
}

/** Whether nobody saw that the giver of an approval was entitled to any of what it served when giving it. */
export function isUnseenThen(served: NonNullable<JudgedApproval["served"]>): boolean {
  return served.length > 0 && served.every(({ whenGiven }) => whenGiven === "read-later");
}

/** Returns why an approval counts or does not, and whether its giver was seen to be entitled when giving it. */
export function approvalWords(judged: JudgedApproval): string {
  return [judged.reason, ...unseenNotes(judged)].join("; ");
}

/** Returns a sentence where nobody saw that the giver of an approval was entitled when giving it. */
export function unseenNotes({ login, served = [] }: JudgedApproval): readonly string[] {
  return isUnseenThen(served) ? [`whether ${oneLine(login)} was already entitled then was not observed`] : [];
}

/** "joining acme/dba", "getting write permission". */
function gainedIn({ gained = [] }: ApprovalDetail): string {
  const ways = gained.map((each) =>
    each.endsWith(" permission") ? `getting ${each}` : `joining ${oneLine(each)}`,
  );
  return ways.length === 0 ? "being entitled" : listed(ways, "or");
}

function doubtIn(detail: ApprovalDetail): string {
  const { why = "nobody-seen", pushers = [] } = detail.doubt ?? {};
  const who = listed(pushers.map(({ login }) => oneLine(login)));
  switch (why) {
    case "nobody-seen":
      return `nobody saw who pushed ${someOf(detail)}`;
    case "relayed":
      return `${who} pushed ${someOf(detail)} after a person had pushed there, or after a push that nobody saw, and may have pushed what another made`;
    case "by-key":
      return `${someOf(detail)} came by a push that looks like one of ${who}, and anybody who holds the deploy key added under that account pushes so`;
    case "unproven":
      return `GitHub would not tell whether ${someOf(detail)} add anything`;
  }
}

function someOf({ covered = 0, of = 0 }: ApprovalDetail): string {
  return covered === 0 ? "the commits" : `${of - covered} of ${of} commits`;
}

/** "1 approval from acme/dba (ann, bob), asked by “...”": what is missing of one ask; `naming` adds who could give it, `without` leaves out who cannot. */
export function missingOf(
  { ask, state }: AskState,
  naming: (requirement: Requirement) => readonly string[] = () => [],
  without: ReadonlySet<string> = new Set(),
): string {
  return `${missingIn(state, naming, without)}${ask.by === null ? "" : `, asked by “${oneLine(ask.by)}”`}`;
}

function missingIn(
  state: TreeState,
  naming: (requirement: Requirement) => readonly string[],
  without: ReadonlySet<string>,
): string {
  if ("all-of" in state)
    return listed(state["all-of"].filter(({ met }) => !met).map((each) => missingIn(each, naming, without)));
  if ("any-of" in state) {
    // What nobody is left to give is no way out.
    const open = state["any-of"].filter(({ stuck }) => !stuck);
    const each = (open.length === 0 ? state["any-of"] : open).map((inner) =>
      missingIn(inner, naming, without),
    );
    return each.length === 1 ? (each[0] ?? "") : `either ${listed(each, "or")}`;
  }
  const { requirement, have } = state;
  const missing = Math.max(requirement.required - have, 1);
  const from = sources(withoutUsers(requirement.from, without));
  const names = some(naming(requirement), NAMES_SHOWN);
  const who = names === "" || names === from ? "" : ` (${names})`;
  const files = requirement.files === undefined ? "" : ` for ${some(requirement.files.map(oneLine), 2)}`;
  return `${missing} ${missing === 1 ? "approval" : "approvals"} from ${from}${who}${files}`;
}

function withoutUsers(source: Source, without: ReadonlySet<string>): Source {
  const others = (logins: readonly string[] = []): readonly string[] =>
    logins.filter((login) => !without.has(login.toLowerCase()));
  const { users, owners, ...rest } = source;
  const left: Source = {
    ...rest,
    ...(others(users).length === 0 ? {} : { users: [...others(users)] }),
    ...(owners === undefined ? {} : { owners: { ...owners, users: others(owners.users) } }),
  };
  return sources(left) === "" ? source : left;
}

/** So many names are shown of any list of people. */
export const NAMES_SHOWN = 6;

/** Who may approve, in words. */
export function sources(source: Source): string {
  const from = namedBy(source);
  const parts = [
    ...(from.teams ?? []),
    ...(from.users ?? []),
    ...(from.organizations ?? []).map((organization) => `members of ${organization}`),
    ...(source.owners?.emails ?? []),
    ...(from.codeowners === true ? ["the code owners"] : []),
    ...(from.permission === undefined ? [] : [`anyone with ${from.permission} permission`]),
  ];
  return listed(parts.map(oneLine), "or");
}

/** "a, b and c". */
export function listed(items: readonly string[], word: "and" | "or" = "and"): string {
  if (items.length <= 1) return items[0] ?? "";
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1) ?? ""}`;
}

/** "one of acme/dba or cat", for what `sources` says; a single person and "anyone with ..." as they are. */
export function oneOf(from: string): string {
  return /^(?:anyone |[\w-]+$)/u.test(from) ? from : `one of ${from}`;
}

/** "a, b, c and 4 more". */
export function some(items: readonly string[], most: number, between = ", "): string {
  return items.length <= most
    ? items.join(between)
    : `${items.slice(0, most).join(between)} and ${items.length - most} more`;
}

/** What a control's name completes: "This change was ...". */
export const CONTROL_TITLES: Readonly<Record<ControlName, string>> = {
  "independently-approved": "independently approved",
  "approved-by-owners": "approved by its code owners",
  "checks-passed": "passed by the required checks",
  "record-linked": "linked to a change record",
  "change-documented": "documented",
  "outside-freeze": "made outside a freeze",
  "merged-by-pull-request": "merged by a pull request",
  "gate-respected": "let through by the gate",
  "content-as-reviewed": "shipped as it was reviewed",
  "emergency-authorised": "an authorised emergency",
  "emergency-reviewed-in-time": "reviewed in time after the emergency",
  "deployment-traceable": "traceable to a production branch",
  "deployment-approved": "made of approved changes",
};

/** The verdicts as people say them. */
export const VERDICT_TITLES: Readonly<Record<Verdict, string>> = {
  compliant: "compliant",
  emergency: "emergency",
  exempted: "exempted",
  "non-compliant": "not compliant",
  pending: "waiting",
  unverifiable: "cannot be verified",
  historic: "before observation began",
};

/** An instant as RFC 3339 in UTC, without milliseconds. */
export function time(instant: Instant): string {
  return new Date(instant).toISOString().replace(".000Z", "Z");
}

/** Returns an instant as the clocks of a time zone show it, with the zone: `2026-07-06 15:03 Europe/Berlin`. Seconds only where there are any. */
export function localTime(instant: Instant, timezone: string): string {
  const shown = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timezone);
  const isWholeMinute = shown.second === 0;
  const clock = shown.toPlainTime().toString({ smallestUnit: isWholeMinute ? "minute" : "second" });
  return `${shown.toPlainDate().toString()} ${clock} ${timezone}`;
}

/** A short form of an object id. */
export function short(sha: string): string {
  return sha.slice(0, 7);
}

/** Text from outside on one line: well-formed, no control or direction-changing characters. For titles, tables and CSV cells. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim();
}

/** The first `most` UTF-16 units of a text and an ellipsis for the rest; never half a character. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${truncate(text, most - 1)}…`;
}

/**
 * A sentence made harmless for Markdown: no links, mentions, references, tables, code, formulas or HTML come out of it, and
 * none of our own hidden markers. At most a few hundred characters are kept.
 */
export function markdown(text: string): string {
  return (
    clipped(oneLine(text), MOST_CHARACTERS)
      .replace(/&/gu, "&amp;")
      .replace(/([\\`*_{}[\]<>#|~!$])/gu, "\\$1")
      // GitHub finds these in the rendered text, where an escaping backslash is gone: only an invisible space breaks them.
      .replace(/@/gu, "@\u200b")
      .replace(/#(?=\d)/gu, "#\u200b")
      .replace(/:\/\//gu, ":\u200b//")
      .replace(/\bwww\./giu, "www\u200b.")
      .replace(/countersign-(?=deviation|comment)/giu, "countersign-\u200b")
  );
}

/**
 * Makes text harmless in a Markdown file that is not shown on GitHub: nothing invisible is put into it, and addresses stay as they
 * can be copied.
 */
export function markdownInFile(text: string): string {
  return clipped(oneLine(text), MOST_CHARACTERS)
    .split(/(https?:\/\/[^\s<>]+)/u)
    .map((part, index) =>
      index % 2 === 1 ? `<${part}>` : part.replace(/&/gu, "&amp;").replace(/([\\`*_{}[\]<>#|~!$])/gu, "\\$1"),
    )
    .join("");
}

const MOST_CHARACTERS = 400;
