/** Sentences about approvals: which count, which do not, and what is missing. */

import type { Sha } from "../change/sha.ts";
import type { RequirementState, RequirementTreeState } from "./requirement-state.ts";
import { type Requirement, type Source } from "../policy/file/requirement.ts";
import type { JudgedApproval } from "../values/result.ts";
import { NAMES_SHOWN, listed, short, some, oneLine } from "../texts/wording.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Names why an approval counts or does not. */
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

/** Describes what the sentence on an approval may name. */
export interface ApprovalDetail {
  /** Of so many commits it covers so many. */
  readonly covered?: number;
  readonly of?: number;
  /** The commits its giver made. */
  readonly made?: readonly Sha[];
  readonly address?: string;
  /** What entitled its giver only after it was given. */
  readonly gained?: readonly string[];
  /** Why it is not known whether it covers the others. */
  readonly doubt?: {
    readonly why: "nobody-seen" | "relayed" | "by-key" | "by-unnamed-key" | "unproven";
    readonly pushers: readonly { readonly login: string }[];
  };
}

/** Returns whether an approval counts, in a word of a table. */
export function countsText({ counts, code }: Pick<JudgedApproval, "counts" | "code">): string {
  if (!counts) return "no";
  return code === "covers-some" || code === "replaced-work" ? "in part" : "yes";
}

/** Returns one sentence on one approval. */
export function approvalReason(code: ApprovalCode, login: string, detail: ApprovalDetail = {}): string {
  const who = oneLine(login);
  switch (code) {
    case "counts":
      return `${who} approved this content`;
    case "covers-some":
      return `${who} approved ${detail.covered ?? 0} of ${detail.of ?? 0} commits; ${restOf(who, detail)}`;
    case "replaced-work":
      return `${who} approved this content; someone else must approve what ${who} pushed before other commits replaced it`;
    case "beside-unseen":
      return `${who} approved this content; who made part of it was not observed, but not every approver can have made it`;
    case "own-work":
      return `${who} made these changes; nobody approves their own work`;
    case "requested":
      return `${who} requested this work from a bot; nobody approves what they requested`;
    case "earlier-version":
      return `${who} approved an earlier version; the content changed afterwards`;
    case "no-authority":
      return `${who} is not among the people who can give a required approval`;
    case "entitled-later":
      return `${who} approved before ${gainedIn(detail)}: ${who} must approve again`;
    case "bot":
      return `${who} is a bot or app; only people approve`;
    case "ghost":
      return `the account that approved no longer exists; whose approval it was cannot be verified`;
    case "dismissed":
      return `the approval by ${who} was dismissed`;
    case "superseded":
      return `${who} requested changes after approving`;
    case "retargeted":
      return `${who} approved before the base branch was changed`;
    case "after-merge":
      return `${who} approved after the merge`;
    case "unknown-commit":
      return `${who}'s approval cannot be verified: its webhook was missed, and GitHub has moved the review since`;
    case "unproven-content":
      return `${who} approved another commit, and GitHub did not show whether its content is the same`;
    case "unknown-authority":
      return `${who}'s approval cannot be verified: GitHub did not return the permissions of ${who}`;
    case "unknown-when-given":
      return `${who} must approve again: whether ${who} was already entitled when approving was not observed`;
    case "unknown-address":
      return `${who}'s approval cannot be verified: CODEOWNERS names ${oneLine(detail.address ?? "")}, and GitHub does not show whose address that is`;
    case "unknown-person":
      return `${who}'s approval cannot be verified: the policy ties that login to a person, and another account has it now`;
    case "unknown-maker":
      return `${who}'s approval cannot be verified: ${doubtIn(detail)}`;
    case "unknown-state":
      return `${who}'s dismissed review cannot be verified: its webhook was missed`;
    case "unknown-veto":
      return `${who}'s review cannot be verified: the review or the permissions of ${who} could not be read`;
  }
}

/** Returns whether nobody saw that an approval's giver was then entitled to any of what it served. */
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
      return `who pushed ${someOf(detail)} was not observed`;
    case "relayed":
      return `${who} pushed ${someOf(detail)} after other pushes there, and may have pushed someone else's work`;
    case "by-key":
      return `${someOf(detail)} may have been pushed with the deploy key of ${who}, by anyone who holds that key`;
    case "by-unnamed-key":
      return `${someOf(detail)} may have been pushed with a deploy key, and GitHub does not show who added it: delete that key and add it again, or sign commits`;
    case "unproven":
      return `GitHub did not show whether ${someOf(detail)} add anything`;
  }
}

function someOf({ covered = 0, of = 0 }: ApprovalDetail): string {
  return covered === 0 ? "the commits" : `${of - covered} of ${of} commits`;
}

/**
 * Returns what is missing of one requirement: "1 approval from acme/dba (ann, bob), required by “...”". `naming` adds
 * who could give it, `without` omits who cannot.
 */
export function missingOf(
  { requirement, state }: RequirementState,
  naming: (requirement: Requirement) => readonly string[] = () => [],
  without: ReadonlySet<string> = new Set(),
): string {
  return `${missingIn(state, naming, without)}${requirement.by === null ? "" : `, required by “${oneLine(requirement.by)}”`}`;
}

function missingIn(
  state: RequirementTreeState,
  naming: (requirement: Requirement) => readonly string[],
  without: ReadonlySet<string>,
): string {
  if ("all-of" in state)
    return listed(state["all-of"].filter(({ met }) => !met).map((each) => missingIn(each, naming, without)));
  if ("any-of" in state) {
    // A branch of `any-of` for which no approver is left is no way out.
    const open = state["any-of"].filter(({ stuck }) => !stuck);
    const each = (open.length === 0 ? state["any-of"] : open).map((inner) =>
      missingIn(inner, naming, without),
    );
    return each.length === 1 ? (each[0] ?? "") : `either ${listed(each, "or")}`;
  }
  const { requirement, proven: have } = state;
  const missing = Math.max(requirement.required - have, 1);
  const from = approversText(withoutUsers(requirement.from, without));
  const names = some(naming(requirement), NAMES_SHOWN);
  const who = names === "" || names === from ? "" : ` (${names})`;
  const files = requirement.files === undefined ? "" : filesText(requirement.from, requirement.files);
  return `${missing} ${missing === 1 ? "approval" : "approvals"} from ${from}${who}${files}`;
}

/** Files without an owner of their own are approved by whoever the policy entitles. */
function filesText({ owners }: Source, files: readonly string[]): string {
  return `${owners === undefined ? " for" : ", code owner of"} ${some(files.map(oneLine), 2)}`;
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
  return approversText(left) === "" ? source : left;
}

/** Words what an approval does not cover, of commits that it covers in part. */
function restOf(who: string, { made = [] }: ApprovalDetail): string {
  return made.length === 0
    ? `whether ${who} made the others alone cannot be verified`
    : `someone else must approve ${some(made.map(short), COMMITS_SHOWN)}, which ${who} made`;
}

/** So many commits are named of any list of them. */
const COMMITS_SHOWN = 3;
