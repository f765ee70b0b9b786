/** Which reviews count: entitled, for this content, not withdrawn, by someone who did not make alone what it covers, one per person. */

import type { AskState } from "./ask.ts";
import { asked, asksOf, stateOf } from "./asks.ts";
import type { Actor, Authority, Instant, PullRequest, Push, Review, SameContent, Sha } from "./change.ts";
import { NO_COMMIT } from "./change.ts";
import {
  contributorsOf,
  coverage,
  isMaker,
  makersOf,
  mergesToProve,
  stayedOut,
  type Certainty,
  type Makers,
} from "./contribution.ts";
import { carriedBy, openMerges } from "./landed-before.ts";
import { authorityOf, entitled } from "./entitled.ts";
import { whyNobody } from "./nobody.ts";
import { asOnePerson, mayBeSomeoneElse, personBehind } from "./identity.ts";
import type { Policy } from "./policy/policy.ts";
import type { Requirement } from "./policy/requirement.ts";
import type { JudgedApproval } from "./result.ts";
import { approvalReason, sources, type ApprovalCode } from "./wording.ts";

/** What the approvals of a pull request come to at one moment. */
export interface ApprovalJudgement {
  readonly approvals: readonly JudgedApproval[];
  /** Everything asked for; a requirement has as many people as count for the commit that has fewest. */
  readonly asks: readonly AskState[];
  /** People whose open "changes requested" holds the change back. */
  readonly vetoes: readonly Actor[];
  /** Why something could not be found out; empty when all is known. */
  readonly unknowns: readonly string[];
  /** What landed approved on integration branches, and what did not; empty where nothing did. */
  readonly landed: readonly string[];
  /** Those of them that leave it open however many approvals count. */
  readonly doubts: readonly string[];
}

/**
 * The next pair of commits whose content must be compared before {@link judgeApprovals} can tell, or null when nothing is missing.
 * Asked for one at a time, the present head first, because one proven difference settles a review. `ofMerges`: also whether
 * each merge of the base adds nothing, where it matters who made the rest alone.
 */
export function nextProof(
  pull: PullRequest,
  ofMerges = false,
): { readonly from: Sha; readonly to: Sha } | null {
  const at = pull.merged?.at ?? Infinity;
  const approvals = newestDecisive(pull.reviews, at).filter(
    (review) =>
      review.state !== "changes-requested" && !isDismissed(review, at) && review.author?.type === "User",
  );
  const isOpen = ({ from, to }: { from: Sha; to: Sha }): boolean =>
    from !== to && !pull.sameContent.some((proof) => proof.from === from && proof.to === to);
  for (const review of approvals) {
    const from = review.commit;
    if (from === null || contentOf(review, pull) === "earlier") continue;
    const to = versionsAfter(review, pull).find((version) => isOpen({ from, to: version }));
    if (to !== undefined) return { from, to };
  }
  const reviewers = approvals.flatMap((review) => (review.author === null ? [] : [review.author.id]));
  const hands = ofMerges ? contributorsOf(pull).map(({ actor }) => actor.id) : [];
  return [...mergesToProve(pull, [...reviewers, ...hands]), ...openMerges(pull)].find(isOpen) ?? null;
}

/** Several controls and the texts ask for the same judgement: facts and policies never change, so the last one is kept. */
const judgements = new WeakMap<
  PullRequest,
  { readonly policy: Policy; readonly at: Instant; readonly judgement: ApprovalJudgement }
>();

/** Judges every review given up to `at` (inclusive). Pure: looks at nothing but its arguments. */
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
  const asks = asksOf(given, policy, at);
  const leaves = asked(asks);
  const inTime = pull.reviews.filter((review) => review.submittedAt <= at);
  const newest = newestDecisive(inTime, at);
  const judged = newest
    .filter((review) => review.state === "approved" || review.state === "unknown")
    .map((review) => judge(review, pull, policy, leaves, makers, at));
  const late = newestDecisive(pull.reviews, Infinity)
    .filter((review) => review.submittedAt > at && review.state === "approved")
    .map((review) => refused(review, "after-merge"));
  const replaced = inTime
    .filter((review) => review.state === "approved" && !newest.includes(review))
    .filter((review) => newest.find((other) => samePerson(other, review))?.state === "changes-requested")
    .map((review) => refused(review, "superseded"));

  const carried = carriedBy(given, policy, at);
  const carriedLeaves = new Set(asked(asks.filter(({ by }) => carried.asks(by))));

  const all = makers.map((_, commit) => commit);
  const notCarried = all.filter((commit) => !carried.commits.has(makers[commit]?.sha ?? ""));
  const reached = (requirement: Requirement): { have: number; couldHave: number; nobody: string | null } => {
    const index = leaves.indexOf(requirement);
    const open = carriedLeaves.has(requirement) ? notCarried : all;
    const enough = all.length > 0 && open.length === 0 ? requirement.required : 0;
    /** How many count for the commit that has fewest of them. */
    const count = (
      pool: readonly Covering[],
      isCovered: (certainty: Certainty | undefined) => boolean,
    ): number => {
      const some = pool.filter(
        ({ covers, leastCovered }) =>
          !isCovered(leastCovered) && !open.every((commit) => isCovered(covers[commit])),
      );
      if (some.length === 0) return pool.length;
      const perCommit = open.map((commit) => some.filter(({ covers }) => isCovered(covers[commit])).length);
      return pool.length - some.length + Math.min(...perCommit);
    };
    const have = count(
      judged.filter((each) => each.sure && each.entitled[index] === "yes"),
      (certainty) => certainty === "yes",
    );
    const possible = judged.filter((each) => each.possible && each.entitled[index] !== "no");
    const couldHave = count(possible, (certainty) => certainty !== "no");
    const holders = pull.holders?.find(({ source }) => source === sources(requirement.from));
    const approved = new Set(possible.map((each) => each.judged.actorId));
    const others = othersIn(sources(requirement.from), given, pull, approved, (actor) =>
      coverageBy(actor, pull, policy, makers),
    );
    const left = others.filter(({ covers }) => covers.some((certainty) => certainty !== "no"));
    const atBest = count([...possible, ...left], (certainty) => certainty !== "no");
    const isStuck =
      holders?.complete === true && makers.length > 0 && Math.max(atBest, enough) < requirement.required;
    return {
      have: Math.max(have, enough),
      couldHave: Math.max(couldHave, enough),
      nobody: isStuck
        ? whyNobody(
            requirement.from,
            holders,
            others.filter((each) => !left.includes(each)).map(({ login }) => login),
            left.map(({ login }) => login),
          )
        : null,
    };
  };
  const open = newest.filter((review) => mayVeto(review, pull, at));
  const vetoOf = (review: Review): Certainty => vetoCertainty(review, pull, leaves, at);
  const isAsked = leaves.some((each) => each.required > 0);
  const doubts = [
    ...(pull.commitsComplete || !isAsked ? [] : ["GitHub would not list all commits of this pull request"]),
    ...open
      .filter((review) => vetoOf(review) === "unknown")
      .map((review) => approvalReason("unknown-veto", review.author?.login ?? "ghost")),
  ];
  return {
    approvals: [...judged.map((each) => each.judged), ...replaced, ...late].map((each) =>
      byAccount(each, given, policy),
    ),
    asks: asks.map((ask) => stateOf(ask, reached)),
    vetoes: open
      .filter((review) => vetoOf(review) === "yes")
      .flatMap((review) => (review.author === null ? [] : [review.author])),
    unknowns: [
      ...doubts,
      ...asks.flatMap(({ unknown }) => unknown),
      ...leaves.flatMap(({ unknown }) => unknown ?? []),
      ...judged.flatMap((each) => each.unknown),
    ],
    landed: carried.reasons,
    doubts,
  };
}

/** Whether what is asked holds, can still hold, or cannot be known. */
export function asksOutcome(
  judgement: ApprovalJudgement,
  asks: readonly AskState[] = judgement.asks,
): "met" | "short" | "unknown" {
  if (asks.every(({ outcome }) => outcome === "met")) return judgement.doubts.length > 0 ? "unknown" : "met";
  return asks.some(({ outcome }) => outcome === "short") ? "short" : "unknown";
}

/** Whether a review is, or may have been, a request for changes that nobody lifted. */
function mayVeto(review: Review, pull: PullRequest, at: Instant): boolean {
  if (lifted(review, pull, at) === "yes") return false;
  // Bots and apps are entitled to nothing: what they ask for holds nobody back.
  if (review.author !== null && review.author.type !== "User") return false;
  // A deleted account has lost its authority by now; whether it still had it at the merge nobody can tell.
  if (review.author === null && pull.merged === null) return false;
  return review.state === "changes-requested" || review.state === "unknown";
}

/** A request for changes is lifted by a dismissal of its giver, or of an administrator; GitHub lets everybody who may write dismiss it. */
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
  leaves: readonly Requirement[],
  at: Instant,
): Certainty {
  if (review.author === null || lifted(review, pull, at) === "unknown") return "unknown";
  const authority = authorityOf(pull, review.author);
  const may = leaves.map((each) => (each.unknown === undefined ? entitled(each.from, authority) : "unknown"));
  if (may.includes("yes")) return review.state === "changes-requested" ? "yes" : "unknown";
  return may.includes("unknown") ? "unknown" : "no";
}

/** An approval under the account it was given by, which is named as another of its person's where that decides. */
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

/** Which commits somebody's approval covers, or would cover. */
interface Covering {
  /** For each commit, whether its giver did not make it alone. */
  readonly covers: readonly Certainty[];
  /** The least certain of them. */
  readonly leastCovered: Certainty;
}

interface Judged extends Covering {
  readonly judged: JudgedApproval;
  /** Current content and known commit: counts wherever it covers. */
  readonly sure: boolean;
  /** Would count if what could not be found out were in its favour. */
  readonly possible: boolean;
  /** For each requirement, whether its giver may meet it. */
  readonly entitled: readonly Certainty[];
  /** What could not be found out about it. */
  readonly unknown: readonly string[];
}

function judge(
  review: Review,
  pull: PullRequest,
  policy: Policy,
  leaves: readonly Requirement[],
  makers: readonly Makers[],
  at: Instant,
): Judged {
  const actor = review.author;
  const authority = actor === null ? null : authorityOf(pull, actor);
  const entitlements = leaves.map((each) =>
    each.unknown === undefined ? entitled(each.from, authority) : "unknown",
  );
  const { covers, leastCovered } = covering(coverageBy(actor, pull, policy, makers));
  const answer = (
    code: ApprovalCode,
    state: "sure" | "possible" | "no",
    detail: { covered?: number; of?: number; address?: string } = {},
  ): Judged => ({
    judged: { ...refused(review, code, detail), counts: state === "sure" },
    sure: state === "sure",
    possible: state !== "no",
    entitled: entitlements,
    covers,
    leastCovered,
    unknown: state === "possible" ? [approvalReason(code, review.author?.login ?? "ghost", detail)] : [],
  });
  if (isDismissed(review, at)) return answer("dismissed", "no");
  // Whether a deleted account was somebody entitled when it was merged nobody can tell; before a merge somebody else can approve.
  if (actor === null) return answer("ghost", pull.merged === null ? "no" : "possible");
  if (actor.type !== "User") return answer("bot", "no");
  if (pull.retargetedAt !== null && review.submittedAt <= pull.retargetedAt)
    return answer("retargeted", "no");
  const real = covers.filter((_, index) => makers[index]?.addsNothing !== true);
  if (real.length > 0 && real.every((each) => each === "no"))
    return answer(
      pull.requestedBy?.some(({ id }) => id === actor.id) === true ? "requested" : "own-work",
      "no",
    );
  if (pull.author?.id === actor.id && (makers.length === 0 || policy.independence === "strict"))
    return answer("own-work", "no");
  const content = contentOf(review, pull);
  if (content === "earlier") return answer("earlier-version", "no");
  if (entitlements.length > 0 && entitlements.every((each) => each === "no"))
    return answer("no-authority", "no");
  if (mayBeSomeoneElse(policy, actor)) return answer("unknown-person", "possible");
  if (review.state === "unknown") return answer("unknown-state", "possible");
  if (content === "unknown")
    return answer(review.commit === null ? "unknown-commit" : "unproven-content", "possible");
  if (entitlements.length > 0 && entitlements.every((each) => each !== "yes")) {
    const address = addressAsked(leaves, authority);
    return address === null
      ? answer("unknown-authority", "possible")
      : answer("unknown-address", "possible", { address });
  }
  const covered = real.filter((each) => each === "yes").length;
  const unsure = real.filter((each) => each === "unknown").length;
  const detail = { covered, of: real.length };
  if (unsure > 0 && covered === 0) return answer("unknown-maker", "possible", detail);
  const counted = answer(covered < real.length ? "covers-some" : "counts", "sure", detail);
  return unsure === 0
    ? counted
    : { ...counted, unknown: [approvalReason("unknown-maker", actor.login, detail)] };
}

/** Those a source names whose approval is not among those given, each person once, with what it would cover. */
function othersIn(
  source: string,
  given: PullRequest,
  pull: PullRequest,
  approved: ReadonlySet<number | null>,
  coverageOf: (actor: Actor) => readonly Certainty[],
): readonly (Covering & { readonly login: string })[] {
  const find = ({ holders = [] }: PullRequest): readonly Actor[] =>
    holders.find((each) => each.source === source)?.people ?? [];
  const persons = find(pull);
  const found = new Map<number, Covering & { readonly login: string }>();
  for (const [index, account] of find(given).entries()) {
    const person = persons[index] ?? account;
    if (approved.has(person.id)) continue;
    // GitHub takes no review from the account that opened it; another account of that person may give one.
    const covers = account.id === given.author?.id ? [] : coverageOf(person);
    if (covers.length > 0 || !found.has(person.id))
      found.set(person.id, { login: account.login, ...covering(covers) });
  }
  return [...found.values()];
}

function covering(covers: readonly Certainty[]): Covering {
  const leastCovered = covers.includes("no") ? "no" : covers.includes("unknown") ? "unknown" : "yes";
  return { covers, leastCovered };
}

/** For each commit, whether someone's approval covers it; under strict independence, the same for all. */
function coverageBy(
  actor: Actor | null,
  pull: PullRequest,
  policy: Policy,
  makers: readonly Makers[],
): readonly Certainty[] {
  if (actor === null) return makers.map(() => "unknown");
  if (policy.independence !== "strict") return makers.map((each) => coverage(each, actor.id));
  const out = stayedOut(pull, makers, actor.id);
  return makers.map(() => out);
}

/** The address by which somebody may be an owner, where nothing else leaves it open; null: there is none. */
function addressAsked(leaves: readonly Requirement[], authority: Authority | null): string | null {
  const addresses = leaves.flatMap(({ from }) => from.owners?.emails ?? []);
  const isOpen = leaves.some(({ from: { owners, ...others } }) => {
    const named = owners === undefined ? others : { ...others, owners: { ...owners, emails: [] } };
    return entitled(named, authority) !== "no";
  });
  return isOpen ? null : (addresses[0] ?? null);
}

function refused(
  review: Review,
  code: ApprovalCode,
  detail: { covered?: number; of?: number; address?: string } = {},
): JudgedApproval {
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

/** Whether a review is for the content that is there now. A content that went away and came back ended it in between. */
function contentOf(review: Review, pull: PullRequest): "same" | "earlier" | "unknown" {
  if (review.commit === null) return "unknown";
  const from = review.commit;
  const proofs = versionsAfter(review, pull).map((to) =>
    to === from ? "tree" : proofOf(pull.sameContent, from, to),
  );
  if (proofs.includes("different")) return "earlier";
  return proofs.includes("unknown") || !isWholeWay(from, review, pull) ? "unknown" : "same";
}

/**
 * Every version the pull request had after a review was given, the present head first.
 * Commits between count as versions of their own: whether each was ever a head is known only if no webhook was lost.
 */
function versionsAfter(review: Review, pull: PullRequest): readonly Sha[] {
  const heads = pushesAfter(review, pull)
    .flatMap((push) => [push.after, push.before])
    .filter((sha) => sha !== NO_COMMIT);
  const between = review.commit === null ? [] : (commitsSince(review.commit, pull) ?? []);
  const versions = new Set([pull.head.sha, ...heads, ...between]);
  if (review.commit !== null && review.commit !== pull.head.sha) versions.delete(review.commit);
  return [...versions];
}

/** The pushes after a review and up to the merge, oldest first. */
function pushesAfter(review: Review, pull: PullRequest): readonly Push[] {
  const { commit, submittedAt } = review;
  const pushes = pull.pushes.filter((push) => !isAfterMerge(push, pull)).toSorted((a, b) => a.at - b.at);
  // Times are whole seconds: within the review's own second, the place in the chain of heads tells what came after it,
  // and where the same commit came twice in that second, the review is taken to be for the first time.
  const earlier = pushes.findLastIndex((push) => push.after === commit && push.at < submittedAt);
  const given =
    earlier >= 0 ? earlier : pushes.findIndex((push) => push.after === commit && push.at === submittedAt);
  return pushes.filter((push, index) => (given >= 0 ? index > given : push.at > submittedAt));
}

/** A branch lives on after a merge: what is pushed to it then was never part of what was merged. */
function isAfterMerge(push: Push, pull: PullRequest): boolean {
  if (pull.merged === null || push.at < pull.merged.at) return false;
  return push.at > pull.merged.at || push.before === pull.head.sha;
}

/** Whether every version between a review and the head was seen: each push begins where the one before it ended. */
function isWholeWay(from: Sha, review: Review, pull: PullRequest): boolean {
  const way = commitsSince(from, pull) ?? [];
  const follows = (before: Sha, after: Sha): boolean =>
    before === after ||
    // Commits added on top are all compared, each as a version of its own.
    (way.includes(after) && (before === from || way.indexOf(after) < way.indexOf(before)));
  let at = from;
  for (const push of pushesAfter(review, pull)) {
    if (push.after === NO_COMMIT) continue;
    if (push.before !== NO_COMMIT && !follows(at, push.before)) return false;
    if (push.before === NO_COMMIT && push.after !== at) return false;
    at = push.after;
  }
  return follows(at, pull.head.sha);
}

/** The first-parent commits from the head down to, and without, a commit; null if it is not on that way. */
function commitsSince(sha: Sha, pull: PullRequest): readonly Sha[] | null {
  const parents = new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
  const way: Sha[] = [];
  for (
    let at: Sha | undefined = pull.head.sha;
    at !== undefined && !way.includes(at);
    at = parents.get(at)?.[0]
  ) {
    if (at === sha) return way;
    if (!parents.has(at)) return null;
    way.push(at);
  }
  return null;
}

function proofOf(proofs: readonly SameContent[], from: Sha, to: Sha): SameContent["proof"] {
  return proofs.find((proof) => proof.from === from && proof.to === to)?.proof ?? "unknown";
}

function newestDecisive(reviews: readonly Review[], at: Instant): readonly Review[] {
  const decisive = reviews
    .filter((review) => review.state !== "commented" && review.submittedAt <= at)
    .toSorted((a, b) => a.submittedAt - b.submittedAt || a.id - b.id);
  return decisive.filter(
    (review, index) => !decisive.slice(index + 1).some((later) => samePerson(later, review)),
  );
}

function samePerson(a: Review, b: Review): boolean {
  return a.author !== null && b.author !== null ? a.author.id === b.author.id : a === b;
}

function isDismissed(review: Review, at: Instant): boolean {
  return review.dismissed !== null && review.dismissed.at <= at;
}
