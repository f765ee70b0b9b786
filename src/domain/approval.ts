/** Which reviews count: entitled, for this content, not withdrawn, by someone who did not make alone what it covers, one per person. */

import type { Actor, Authority, Instant, PullRequest, Review, SameContent, Sha } from "./change.ts";
import { NO_COMMIT, PERMISSIONS } from "./change.ts";
import {
  contributorsOf,
  coversCommit,
  isMaker,
  makersOf,
  mergesToProve,
  type Makers,
} from "./contribution.ts";
import type { From, Policy, Requirement } from "./policy/policy.ts";
import type { JudgedApproval } from "./result.ts";
import { approvalReason, type ApprovalCode } from "./wording.ts";

/** What the approvals of a pull request come to at one moment. */
export interface ApprovalJudgement {
  readonly approvals: readonly JudgedApproval[];
  /** Each requirement with how many people count for the commit that has fewest. */
  readonly requirements: readonly RequirementState[];
  /** People whose open "changes requested" holds the change back. */
  readonly vetoes: readonly Actor[];
  /** Why something could not be found out; empty when all is known. */
  readonly unknowns: readonly string[];
}

/** One requirement and how far it is met. */
export interface RequirementState {
  readonly requirement: Requirement;
  readonly have: number;
  /** As `have`, if everything that could not be found out were in favour. */
  readonly couldHave: number;
  readonly met: boolean;
}

/**
 * The next pair of commits whose content must be compared before {@link judgeApprovals} can tell, or null when nothing is missing.
 * Asked for one at a time, the present head first, because one proven difference settles a review.
 */
export function nextProof(pull: PullRequest): { readonly from: Sha; readonly to: Sha } | null {
  const approvals = newestDecisive(pull.reviews, Infinity).filter(
    (review) => review.state === "approved" && review.dismissed === null && review.author?.type === "User",
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
  return mergesToProve(pull, reviewers).find(isOpen) ?? null;
}

/** Judges every review given up to `at` (inclusive). Pure: looks at nothing but its arguments. */
export function judgeApprovals(pull: PullRequest, policy: Policy, at: Instant): ApprovalJudgement {
  const makers = makersOf(pull);
  const contributors = new Set(contributorsOf(pull).map(({ actor }) => actor.id));
  const inTime = pull.reviews.filter((review) => review.submittedAt <= at);
  const newest = newestDecisive(inTime, at);
  const judged = newest
    .filter((review) => review.state === "approved" || review.state === "unknown")
    .map((review) => judge(review, pull, policy, makers, contributors, at));
  const late = newestDecisive(pull.reviews, Infinity)
    .filter((review) => review.submittedAt > at && review.state === "approved")
    .map((review) => refused(review, "after-merge"));
  const replaced = inTime
    .filter((review) => review.state === "approved" && !newest.includes(review))
    .filter((review) => newest.find((other) => samePerson(other, review))?.state !== "approved")
    .map((review) => refused(review, "superseded"));

  const requirements = policy.approvals.map((requirement, index) => {
    const count = (pool: readonly Judged[]): number => {
      const people = pool.filter((each) => each.entitled[index] !== "no");
      const perCommit = makers.map((each) => people.filter((person) => covers(person, each, policy)).length);
      return perCommit.length === 0 ? people.length : Math.min(...perCommit);
    };
    const have = count(judged.filter((each) => each.sure && each.entitled[index] === "yes"));
    const couldHave = count(judged.filter((each) => each.possible));
    return { requirement, have, couldHave, met: have >= requirement.required };
  });
  const unknowns = [
    ...(pull.commitsComplete ? [] : ["GitHub would not list all commits of this pull request"]),
    ...judged.filter((each) => each.possible && !each.sure).map((each) => each.judged.reason),
  ];
  const vetoes = newest
    .filter((review) => review.state === "changes-requested" && !isDismissed(review, at))
    .flatMap((review) => (review.author === null ? [] : [review.author]))
    .filter((actor) =>
      policy.approvals.some((each) => entitled(each.from, authorityOf(pull, actor)) === "yes"),
    );
  return {
    approvals: [...judged.map((each) => each.judged), ...replaced, ...late],
    requirements,
    vetoes,
    unknowns,
  };
}

/** Whether the requirements of a policy hold, can still hold, or cannot be known. */
export function requirementsOutcome(judgement: ApprovalJudgement): "met" | "short" | "unknown" {
  if (judgement.requirements.every((each) => each.met))
    return judgement.unknowns.length > 0 && hasUnlisted(judgement) ? "unknown" : "met";
  return judgement.requirements.every((each) => each.couldHave >= each.requirement.required)
    ? "unknown"
    : "short";
}

function hasUnlisted(judgement: ApprovalJudgement): boolean {
  return judgement.unknowns.some((each) => each.startsWith("GitHub would not list"));
}

interface Judged {
  readonly judged: JudgedApproval;
  readonly actor: Actor | null;
  /** Counts for certain (current content, known commit). */
  readonly sure: boolean;
  /** Would count if what could not be found out were in its favour. */
  readonly possible: boolean;
  readonly entitled: readonly ("yes" | "no" | "unknown")[];
}

function judge(
  review: Review,
  pull: PullRequest,
  policy: Policy,
  makers: readonly Makers[],
  contributors: ReadonlySet<number>,
  at: Instant,
): Judged {
  const actor = review.author;
  const authority = actor === null ? null : authorityOf(pull, actor);
  const entitlements = policy.approvals.map((each) => entitled(each.from, authority));
  const answer = (
    code: ApprovalCode,
    state: "sure" | "possible" | "no",
    detail: { covered?: number; of?: number } = {},
  ): Judged => ({
    judged: { ...refused(review, code, detail), counts: state === "sure" },
    actor,
    sure: state === "sure",
    possible: state !== "no",
    entitled: entitlements,
  });
  if (actor === null) return answer("ghost", "no");
  if (actor.type !== "User") return answer("bot", "no");
  if (isDismissed(review, at) || review.state === "unknown") return answer("dismissed", "no");
  if (pull.retargetedAt !== null && review.submittedAt <= pull.retargetedAt)
    return answer("retargeted", "no");
  const independent = makers.filter(
    (each) => each.addsNothing || independentOf(actor.id, each, policy, contributors),
  );
  if (makers.length > 0 && independent.length === 0) return answer("own-work", "no");
  if (policy.independence === "strict" && contributors.has(actor.id)) return answer("own-work", "no");
  if (pull.author?.id === actor.id && makers.length === 0) return answer("own-work", "no");
  const content = contentOf(review, pull);
  if (content === "earlier") return answer("earlier-version", "no");
  if (entitlements.length > 0 && entitlements.every((each) => each === "no"))
    return answer("no-authority", "no");
  if (content === "unknown")
    return answer(review.commit === null ? "unknown-commit" : "unproven-content", "possible");
  if (entitlements.length > 0 && entitlements.every((each) => each !== "yes"))
    return answer("unknown-authority", "possible");
  const real = makers.filter((each) => !each.addsNothing);
  const covered = real.filter((each) => independentOf(actor.id, each, policy, contributors)).length;
  return covered < real.length
    ? answer("covers-some", "sure", { covered, of: real.length })
    : answer("counts", "sure");
}

function independentOf(
  id: number,
  makers: Makers,
  policy: Policy,
  contributors: ReadonlySet<number>,
): boolean {
  return policy.independence === "strict"
    ? !contributors.has(id) && !isMaker(makers, id)
    : coversCommit(makers, id);
}

function covers(person: Judged, makers: Makers, policy: Policy): boolean {
  if (person.actor === null) return false;
  return policy.independence === "strict" || coversCommit(makers, person.actor.id);
}

function refused(
  review: Review,
  code: ApprovalCode,
  detail: { covered?: number; of?: number } = {},
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
  return proofs.includes("unknown") ? "unknown" : "same";
}

/**
 * Every version the pull request had after a review was given, the present head first.
 * Commits between count as versions of their own: whether each was ever a head is known only if no webhook was lost.
 */
function versionsAfter(review: Review, pull: PullRequest): readonly Sha[] {
  const pushes = pull.pushes.toSorted((a, b) => a.at - b.at);
  // Times are whole seconds: within the review's own second, the place in the chain of heads tells what came after it.
  const given = pushes.findLastIndex((push) => push.after === review.commit && push.at <= review.submittedAt);
  const later = pushes.filter((push, index) => (given >= 0 ? index > given : push.at > review.submittedAt));
  const heads = later.flatMap((push) => [push.after, push.before]).filter((sha) => sha !== NO_COMMIT);
  const versions = new Set([pull.head.sha, ...heads, ...commitsSince(review.commit, pull)]);
  if (review.commit !== null && review.commit !== pull.head.sha) versions.delete(review.commit);
  return [...versions];
}

/** The first-parent commits from the head down to, and without, a commit of the pull request; empty if it is not on that way. */
function commitsSince(sha: Sha | null, pull: PullRequest): readonly Sha[] {
  const parents = new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
  const way: Sha[] = [];
  for (
    let at: Sha | undefined = pull.head.sha;
    at !== undefined && parents.has(at);
    at = parents.get(at)?.[0]
  ) {
    if (at === sha) return way;
    way.push(at);
  }
  return [];
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

function authorityOf(pull: PullRequest, actor: Actor): Authority | null {
  return pull.authorities.find((authority) => authority.actor.id === actor.id) ?? null;
}

/** Whether someone's authority meets any of the ways `from` names. */
function entitled(from: From, authority: Authority | null): "yes" | "no" | "unknown" {
  if (authority === null) return "unknown";
  const login = authority.actor.login.toLowerCase();
  if (from.users?.some((user) => user.toLowerCase() === login) === true) return "yes";
  if (from.teams?.some((team) => authority.teams.includes(team.toLowerCase())) === true) return "yes";
  if (from.organizations?.some((each) => authority.organizations.includes(each.toLowerCase())) === true)
    return "yes";
  if (from.permission !== undefined) {
    if (authority.permission === "unknown") return "unknown";
    if (PERMISSIONS.indexOf(authority.permission) >= PERMISSIONS.indexOf(from.permission)) return "yes";
  }
  const named = [...(from.teams ?? []), ...(from.organizations ?? [])].map((each) => each.toLowerCase());
  return named.some((each) => authority.unread.includes(each)) ? "unknown" : "no";
}
