/**
 * Judges which reviews count: entitled, for this content, not withdrawn, by someone who did not make alone what it
 * covers, one per person.
 */

import type { ApprovalRequirement, RequirementState } from "./requirement-state.ts";
import { leafRequirements, requirementsOf, stateOfRequirement, type ReachedBy } from "./requirements.ts";
import type { PullRequest } from "../change/pull-request.ts";
import {
  coverage,
  doubtAbout,
  isMaker,
  makersOf,
  stayedOut,
  unseenAmong,
  type Makers,
} from "./contribution/contributors.ts";
import { truncationReasons } from "../records/truncation.ts";
import { inheritedApprovals } from "./inherited-approvals.ts";
import { contentOf, isDismissed, newestDecisive, samePerson } from "./reviewed-content.ts";
import { authorityOf, entitlementOf, entitledBy, type Rights } from "./entitlement.ts";
import { whyNoApproverLeft } from "./no-approver-left.ts";
import { asOnePerson, mayBeSomeoneElse, personBehind } from "../policy/identity.ts";
import type { Policy } from "../policy/file/policy.ts";
import { leafRequirementsIn, type Requirement } from "../policy/file/requirement.ts";
import type { JudgedApproval } from "../values/result.ts";
import { rightsAtApproval, type RightsAtApproval } from "./rights-when-given.ts";
import { approversText } from "../policy/approvers-text.ts";
import type { Instant } from "../time/instant.ts";
import type { Actor, Authority } from "../change/people.ts";
import type { Review } from "../change/review.ts";
import { approvalReason, isUnseenThen, type ApprovalCode, type ApprovalDetail } from "./wording.ts";
import { type Certainty, type Coverage } from "../values/certainty.ts";

/** Names what makes a fact known that could not be found out. `none`: nothing that is done on the pull request. */
export type Remedy =
  | "push-again"
  | "new-pull-request"
  | "re-run"
  | "approve-again"
  | "name-by-login"
  | "none";

/** Describes one fact that could not be found out, and what would make it known. */
interface Unknown {
  readonly reason: string;
  readonly remedy: Remedy;
}

/** Describes what the approvals of a pull request come to at one moment. */
export interface ApprovalJudgement {
  readonly approvals: readonly JudgedApproval[];
  /** Everything required; a requirement has as many people as count for the commit that has fewest. */
  readonly requirements: readonly RequirementState[];
  /** People whose open request for changes blocks the change. */
  readonly vetoes: readonly Actor[];
  /** What could not be found out; empty when all is known. */
  readonly unknowns: readonly Unknown[];
  /** Which landings on integration branches were approved, and which were not; empty where nothing landed. */
  readonly landed: readonly string[];
  /** Those of them that block approval however many approvals count. */
  readonly doubts: readonly string[];
}

const MORE_MAKERS =
  "To find out who made its commits takes more requests to GitHub than are sent for one pull request";

/** Several controls and the texts need the same judgement. Facts and policies never change, so the last one is kept. */
const judgements = new WeakMap<
  PullRequest,
  { readonly policy: Policy; readonly at: Instant; readonly judgement: ApprovalJudgement }
>();

/** Judges every review given up to `at` (inclusive). Pure: reads nothing but its arguments. */
export function judgeApprovals(pull: PullRequest, policy: Policy, at: Instant): ApprovalJudgement {
  const known = judgements.get(pull);
  if (known !== undefined && known.policy === policy && known.at === at) return known.judgement;
  const judgement = judgeNow(pull, policy, at);
  judgements.set(pull, { policy, at, judgement });
  return judgement;
}

function judgeNow(given: PullRequest, policy: Policy, at: Instant): ApprovalJudgement {
  const pull = asOnePerson(given, policy);
  const makers = makersOf(pull);
  const requirements = requirementsOf(given, policy, at);
  const flat = leafRequirements(requirements);
  const inTime = pull.reviews.filter((review) => review.submittedAt <= at);
  const newest = newestDecisive(pull.reviews, at);
  const judged = newest
    .filter((review) => review.state === "approved" || review.state === "unknown")
    .map((review) => judge(review, pull, policy, flat, makers, at));
  const late = newestDecisive(pull.reviews, Infinity)
    .filter((review) => review.submittedAt > at && review.state === "approved")
    .map((review) => refused(review, "after-merge"));
  const replaced = inTime
    .filter((review) => review.state === "approved" && !newest.includes(review))
    .filter((review) => newest.find((other) => samePerson(other, review))?.state === "changes-requested")
    .map((review) => refused(review, "superseded"));

  const inherited = inheritedApprovals(given, policy, at);
  const spared = policy.independence === "strict" ? unseenAmong(makers) : 1;
  const reached = (requirement: Requirement): ReachedBy =>
    reachedBy(requirement, { given, pull, policy, makers, flat, requirements, judged, inherited, spared });
  const isRequired = flat.some((each) => each.required > 0);
  // Who approved, requested changes or moved the base beyond the end of a list is not known.
  const beyond = [
    ...truncationReasons(pull.cut, ["reviews", "events"]),
    ...(pull.moreMakers === true && isRequired ? [MORE_MAKERS] : []),
  ];
  const open = newest.filter((review) => mayVeto(review, pull, at));
  const vetoOf = (review: Review): Certainty => vetoCertainty(review, pull, flat, at);
  const unread = [
    ...(pull.commitsComplete || !isRequired ? [] : ["GitHub did not list all commits of this pull request"]),
    ...open
      .filter((review) => vetoOf(review) === "unknown")
      .map((review) => approvalReason("unknown-veto", review.author?.login ?? "ghost")),
  ];
  const doubts = [...beyond, ...unread];
  // Of several who may each be the unseen person, all but so many are not.
  const besideUnseen = judged.filter((each) => each.sure && each.judged.code === "unknown-maker");
  const settled = besideUnseen.length > spared ? besideUnseen : [];
  return {
    approvals: [
      ...judged
        .map((each) => (settled.includes(each) ? { ...each, judged: notAlone(each.judged) } : each))
        .map((each) => servedBy(each, requirements, flat)),
      ...replaced,
      ...late,
    ].map((each) => byAccount(each, given, policy)),
    requirements: requirements.map((each) => stateOfRequirement(each, reached)),
    vetoes: open
      .filter((review) => vetoOf(review) === "yes")
      .flatMap((review) => (review.author === null ? [] : [review.author])),
    unknowns: [
      ...beyond.map((reason): Unknown => ({ reason, remedy: "new-pull-request" })),
      ...[
        ...unread,
        ...requirements.flatMap(({ unknown }) => unknown),
        ...flat.flatMap(({ unknown }) => unknown ?? []),
      ].map((reason): Unknown => ({ reason, remedy: "re-run" })),
      ...judged.flatMap((each) => each.unknown),
    ],
    landed: inherited.reasons,
    doubts,
  };
}

/** What the people of one requirement are counted by. `given`: the pull request before accounts became people. */
interface Counting {
  readonly given: PullRequest;
  readonly pull: PullRequest;
  readonly policy: Policy;
  readonly makers: readonly Makers[];
  readonly flat: readonly Requirement[];
  readonly requirements: readonly ApprovalRequirement[];
  readonly judged: readonly Judged[];
  readonly inherited: ReturnType<typeof inheritedApprovals>;
  readonly spared: number;
}

/** Counts the people who count, and who could, for the commit that has fewest of them. */
function reachedBy(
  requirement: Requirement,
  { given, pull, policy, makers, flat, requirements, judged, inherited, spared }: Counting,
): ReachedBy {
  const index = flat.indexOf(requirement);
  const all = makers.map((_, commit) => commit);
  const isInherited = leafRequirements(requirements.filter(({ by }) => inherited.requires(by))).includes(
    requirement,
  );
  const open = isInherited ? all.filter((commit) => !inherited.commits.has(makers[commit]?.sha ?? "")) : all;
  const enough = all.length > 0 && open.length === 0 ? requirement.required : 0;
  const fewest = (
    pool: readonly Covering[],
    count: (coverages: readonly Coverage[]) => number = couldBeCounted,
  ): number =>
    open.length === 0
      ? pool.length
      : Math.min(...open.map((commit) => count(pool.map(({ covers }) => covers[commit] ?? "yes"))));
  const have = fewest(
    judged.filter((each) => each.sure && each.entitled[index] === "yes"),
    (coverages) => certainlyCounted(coverages, spared),
  );
  const possible = judged.filter((each) => each.possible && each.entitled[index] !== "no");
  const hasUnseenReviews = pull.cut?.includes("reviews") === true;
  const couldHave = hasUnseenReviews ? requirement.required : fewest(possible);
  const holders = pull.holders?.find(({ source }) => source === approversText(requirement.from));
  const approved = new Set(possible.map((each) => each.judged.actorId));
  const others = othersIn(approversText(requirement.from), given, pull, approved, (actor) =>
    coverageBy(actor, pull, policy, makers),
  );
  const left = others.filter(({ covers }) => covers.some((certainty) => certainty !== "no"));
  const atBest = fewest([...possible, ...left]);
  const isStuck =
    !hasUnseenReviews &&
    holders?.complete === true &&
    makers.length > 0 &&
    Math.max(atBest, enough) < requirement.required;
  return {
    have: Math.max(have, enough),
    couldHave: Math.max(couldHave, enough),
    nobody: isStuck
      ? whyNoApproverLeft(
          requirement.from,
          holders,
          others.filter((each) => !left.includes(each)).map(({ login }) => login),
          left.map(({ login }) => login),
        )
      : null,
  };
}

/** Counts the people who surely cover a commit: as many unseen people as `spared` may have made it. */
function certainlyCounted(coverages: readonly Coverage[], spared: number): number {
  const unseen = coverages.filter((each) => each === "unseen").length;
  return coverages.filter((each) => each === "yes").length + Math.max(0, unseen - spared);
}

function couldBeCounted(coverages: readonly Coverage[]): number {
  return coverages.filter((each) => each !== "no").length;
}

function notAlone(judged: JudgedApproval): JudgedApproval {
  return {
    ...judged,
    counts: true,
    code: "beside-unseen",
    reason: approvalReason("beside-unseen", judged.login),
  };
}

/** Returns whether the requirements are met, can still be met, or cannot be known. */
export function outcomeOfRequirements(
  judgement: ApprovalJudgement,
  requirements: readonly RequirementState[] = judgement.requirements,
): "met" | "short" | "unknown" {
  if (requirements.every(({ outcome }) => outcome === "met"))
    return judgement.doubts.length > 0 ? "unknown" : "met";
  return requirements.some(({ outcome }) => outcome === "short") ? "short" : "unknown";
}

/** Whether a review is, or may have been, a request for changes that nobody cleared. */
function mayVeto(review: Review, pull: PullRequest, at: Instant): boolean {
  if (lifted(review, pull, at) === "yes") return false;
  // Bots and apps are entitled to nothing: their requests for changes block nobody.
  if (review.author !== null && review.author.type !== "User") return false;
  // A deleted account has lost its authority by now; whether it still had it at the merge cannot be known.
  if (review.author === null && pull.merged === null) return false;
  return review.state === "changes-requested" || review.state === "unknown";
}

/**
 * A request for changes is cleared by a dismissal of its giver, or of an administrator; GitHub lets everyone who may
 * write dismiss it.
 */
function lifted(review: Review, pull: PullRequest, at: Instant): Certainty {
  if (review.dismissed === null || !isDismissed(review, at)) return "no";
  const { by } = review.dismissed;
  if (review.state === "approved" || by?.id === review.author?.id) return "yes";
  const permission = by === null ? "unknown" : (authorityOf(pull, by)?.permission ?? "unknown");
  if (permission === "unknown") return "unknown";
  return permission === "admin" ? "yes" : "no";
}

function vetoCertainty(
  review: Review,
  pull: PullRequest,
  flat: readonly Requirement[],
  at: Instant,
): Certainty {
  if (review.author === null || lifted(review, pull, at) === "unknown") return "unknown";
  const authority = authorityOf(pull, review.author);
  const may = flat.map((each) =>
    each.unknown === undefined ? entitlementOf(each.from, authority) : "unknown",
  );
  if (may.includes("yes")) return review.state === "changes-requested" ? "yes" : "unknown";
  return may.includes("unknown") ? "unknown" : "no";
}

/** An approval under the account it was given by, which is named as another account of its person where that decides. */
function byAccount(judged: JudgedApproval, given: PullRequest, policy: Policy): JudgedApproval {
  const author = given.reviews.find(({ id }) => id === judged.reviewId)?.author ?? null;
  if (author === null) return judged;
  const person = judged.code === "own-work" ? personBehind(policy, author) : null;
  const isOwn = person === null || makersOf(given).some((makers) => isMaker(makers, author.id));
  const reason = isOwn
    ? judged.reason
    : approvalReason("own-work", `${author.login}, an account of ${person},`);
  return { ...judged, actorId: author.id, reason };
}

/** Which commits someone's approval covers, or would cover. */
interface Covering {
  /** For each commit, whether its giver did not make it alone. */
  readonly covers: readonly Coverage[];
}

interface Judged extends Covering {
  readonly judged: JudgedApproval;
  /** Current content, known commit and person: counts wherever it covers. */
  readonly sure: boolean;
  /** Would count if what could not be found out were in its favour. */
  readonly possible: boolean;
  /** For each requirement, whether its giver may meet it, and might when giving it. */
  readonly entitled: readonly Certainty[];
  /** What its giver may do, and might when giving it; null: not read. */
  readonly rights: Rights | null;
  readonly whenGiving: RightsAtApproval | null;
  /** What could not be found out about it. */
  readonly unknown: readonly Unknown[];
}

function judge(
  review: Review,
  pull: PullRequest,
  policy: Policy,
  flat: readonly Requirement[],
  makers: readonly Makers[],
  at: Instant,
): Judged {
  const actor = review.author;
  const authority = actor === null ? null : authorityOf(pull, actor);
  const then = authority === null ? null : rightsAtApproval(pull, review, authority);
  const entitledAs = (rights: Rights | null): readonly Certainty[] =>
    flat.map((each) => (each.unknown === undefined ? entitlementOf(each.from, rights) : "unknown"));
  const now = entitledAs(authority);
  const when = entitledAs(then?.rights ?? null);
  const entitlements = now.map((each, index) => both(each, when[index] ?? "unknown"));
  const covers = coverageBy(actor, pull, policy, makers);
  const answer = (
    code: ApprovalCode,
    state: "sure" | "possible" | "no",
    detail: ApprovalDetail = {},
  ): Judged => ({
    judged: { ...refused(review, code, detail), counts: state === "sure" },
    sure: state === "sure",
    possible: state !== "no",
    entitled: entitlements,
    covers,
    rights: authority,
    whenGiving: then,
    unknown: state === "possible" ? [unknownOf(code, review.author?.login ?? "ghost", detail)] : [],
  });
  if (isDismissed(review, at)) return answer("dismissed", "no");
  // Whether a deleted account was entitled at the merge cannot be known; before a merge someone else can approve.
  if (actor === null) return answer("ghost", pull.merged === null ? "no" : "possible");
  if (actor.type !== "User") return answer("bot", "no");
  if (pull.retargetedAt !== null && review.submittedAt <= pull.retargetedAt)
    return answer("retargeted", "no");
  const own = makers
    .map(({ addsNothing }, index) => (addsNothing ? null : index))
    .filter((each) => each !== null);
  const real = own.flatMap((index) => covers[index] ?? []);
  if (real.length > 0 && real.every((each) => each === "no"))
    return answer(
      pull.requestedBy?.some(({ id }) => id === actor.id) === true ? "requested" : "own-work",
      "no",
    );
  if (pull.author?.id === actor.id && (real.length === 0 || policy.independence === "strict"))
    return answer("own-work", "no");
  const content = contentOf(review, pull);
  if (content === "earlier") return answer("earlier-version", "no");
  if (entitlements.length > 0 && entitlements.every((each) => each === "no")) {
    if (now.every((each) => each === "no") || authority === null || then === null)
      return answer("no-authority", "no");
    return answer("entitled-later", "no", { gained: gainedSince(flat, authority, then.rights) });
  }
  if (mayBeSomeoneElse(policy, actor)) return answer("unknown-person", "possible");
  if (review.state === "unknown") return answer("unknown-state", "possible");
  if (content === "unknown")
    return answer(review.commit === null ? "unknown-commit" : "unproven-content", "possible");
  if (entitlements.length > 0 && entitlements.every((each) => each !== "yes")) {
    if (now.includes("yes")) return answer("unknown-when-given", "possible");
    const address = addressRequired(flat, authority);
    return address === null
      ? answer("unknown-authority", "possible")
      : answer("unknown-address", "possible", { address });
  }
  const held = new Set(pull.commits.map(({ sha }) => sha));
  const current = real.filter((_, index) => held.has(makers[own[index] ?? -1]?.sha ?? ""));
  const covered = current.filter((each) => each === "yes").length;
  const unsure = real.filter((each) => each === "unknown" || each === "unseen").length;
  const doubt = doubtAbout(makers, covers);
  const made = own
    .filter((index) => covers[index] === "no")
    .flatMap((index) => makers[index]?.sha ?? [])
    .filter((sha) => held.has(sha));
  const detail = { covered, of: current.length, made, ...(doubt === null ? {} : { doubt }) };
  const unknown = unsure === 0 ? [] : [unknownOf("unknown-maker", actor.login, detail)];
  if (unsure > 0 && !real.includes("yes")) {
    const open = answer("unknown-maker", "possible", detail);
    // One person was not seen: where someone else approves too, not both are that one.
    return { ...open, sure: real.some((each) => each === "unseen") };
  }
  const code = covered < current.length ? "covers-some" : real.includes("no") ? "replaced-work" : "counts";
  return { ...answer(code, "sure", detail), unknown };
}

function unknownOf(code: ApprovalCode, login: string, detail: ApprovalDetail): Unknown {
  return { reason: approvalReason(code, login, detail), remedy: remedyOf(code, detail) };
}

function remedyOf(code: ApprovalCode, { doubt }: ApprovalDetail): Remedy {
  switch (code) {
    case "unknown-maker":
      return doubt?.why === "unproven" ? "re-run" : "push-again";
    case "unproven-content":
    case "unknown-authority":
      return "re-run";
    case "unknown-address":
      return "name-by-login";
    case "unknown-person":
      return "none";
    default:
      return "approve-again";
  }
}

/** What holds at both of two moments. */
function both(a: Certainty, b: Certainty): Certainty {
  if (a === "no" || b === "no") return "no";
  return a === "unknown" || b === "unknown" ? "unknown" : "yes";
}

/** What entitles someone now and did not when they approved. */
function gainedSince(flat: readonly Requirement[], now: Rights, then: Rights): readonly string[] {
  const ways = (rights: Rights): readonly string[] => flat.flatMap(({ from }) => entitledBy(from, rights));
  return [...new Set(ways(now).filter((way) => !ways(then).includes(way)))];
}

/** The requirements an approval that counts served, and what entitled its giver to each. */
function servedBy(
  { judged, entitled: may, rights, whenGiving: then }: Judged,
  requirements: readonly ApprovalRequirement[],
  flat: readonly Requirement[],
): JudgedApproval {
  if (!judged.counts || rights === null || then === null) return judged;
  const served = requirements.flatMap(({ by: rule, tree }) =>
    leafRequirementsIn(tree)
      .filter((leaf) => may[flat.indexOf(leaf)] === "yes")
      .map(({ required, from }) => {
        const [now, when] = [entitledBy(from, rights), entitledBy(from, then.rights)];
        const common = now.filter((way) => when.includes(way));
        return {
          requirement: `${required} from ${approversText(from)}`,
          rule,
          by: common.length > 0 ? common : [...new Set([...when, ...now])],
          whenGiven:
            entitlementOf(from, then.seen) === "yes" ? ("observed" as const) : ("read-later" as const),
        };
      }),
  );
  if (served.length === 0) return judged;
  // Rights that nobody saw at the time of the approval are worth no more than what was read of them later.
  return { ...judged, served, basis: isUnseenThen(served) ? "read-later" : judged.basis };
}

/** The people a source names whose approval is not among those given, each once, with what it would cover. */
function othersIn(
  source: string,
  given: PullRequest,
  pull: PullRequest,
  approved: ReadonlySet<number | null>,
  coverageOf: (actor: Actor) => readonly Coverage[],
): readonly (Covering & { readonly login: string })[] {
  const find = ({ holders = [] }: PullRequest): readonly Actor[] =>
    holders.find((each) => each.source === source)?.people ?? [];
  const persons = find(pull);
  const found = new Map<number, Covering & { readonly login: string }>();
  for (const [index, account] of find(given).entries()) {
    const person = persons[index] ?? account;
    if (approved.has(person.id)) continue;
    // GitHub accepts no review from the account that opened it; another account of that person may give one.
    const covers = account.id === given.author?.id ? [] : coverageOf(person);
    if (covers.length > 0 || !found.has(person.id)) found.set(person.id, { login: account.login, covers });
  }
  return [...found.values()];
}

/** For each commit, whether someone's approval covers it; under strict independence, the same for all. */
function coverageBy(
  actor: Actor | null,
  pull: PullRequest,
  policy: Policy,
  makers: readonly Makers[],
): readonly Coverage[] {
  if (actor === null) return makers.map(() => "unknown");
  if (policy.independence !== "strict") return makers.map((each) => coverage(each, actor.id));
  const out = stayedOut(pull, makers, actor.id);
  return makers.map(() => out);
}

/** The address by which someone may be an owner, where it is open only by that; null: there is none. */
function addressRequired(flat: readonly Requirement[], authority: Authority | null): string | null {
  const addresses = flat.flatMap(({ from }) => from.owners?.emails ?? []);
  const isOpen = flat.some(({ from: { owners, ...others } }) => {
    const named = owners === undefined ? others : { ...others, owners: { ...owners, emails: [] } };
    return entitlementOf(named, authority) !== "no";
  });
  return isOpen ? null : (addresses[0] ?? null);
}

function refused(review: Review, code: ApprovalCode, detail: ApprovalDetail = {}): JudgedApproval {
  const login = review.author?.login ?? "ghost";
  return {
    reviewId: review.id,
    login,
    actorId: review.author?.id ?? null,
    counts: false,
    code,
    reason: approvalReason(code, login, detail),
    basis: review.basis,
  };
}
