/**
 * Questions to answer before the approvals of a pull request can be judged; those that depend on no other answer are
 * sent together.
 */

import { type PullRequest } from "../change/pull-request.ts";
import {
  contributorsOf,
  coverage,
  isMaker,
  makersOf,
  mergesToProve,
  type Makers,
} from "./contribution/contributors.ts";
import { hasStayed, touchedBy } from "./contribution/dropped-commits.ts";
import { unprovenMerges } from "./inherited-approvals.ts";
import { followPushes, knownCommits, pushesUpToMerge } from "./contribution/pushes.ts";
import { contentOf, isDismissed, newestDecisive, versionsAfter } from "./reviewed-content.ts";
import { type Sha } from "../change/sha.ts";
import { WEB_FLOW_ID } from "../change/people.ts";
import { type Review } from "../change/review.ts";

/** Describes one question to GitHub. Each is sent once: its answer, also that there is none, becomes a fact. */
export type Question =
  /** Whether commits change the base as `from` does: one after the other, until one does not. */
  | { readonly ask: "same"; readonly from: Sha; readonly to: readonly Sha[] }
  /** The commits that were in it at a head that was replaced. */
  | { readonly ask: "earlier"; readonly head: Sha }
  /** Who else may be behind a push, by a deploy key. */
  | { readonly ask: "keys" }
  /** What someone who approved was seen to push elsewhere, before it came here. */
  | { readonly ask: "elsewhere"; readonly person: number }
  /** Which pull requests were merged into its branch. */
  | { readonly ask: "merged-into" }
  /** The files it changes. */
  | { readonly ask: "files" }
  /** The files one of its commits touches. */
  | { readonly ask: "touched"; readonly commit: Sha };

/** Describes whose part in a pull request matters, beside that of those who approved it. */
export interface QuestionScope {
  /** Everyone's: it matters who made the rest alone. */
  readonly ofAll?: boolean;
  /** These people's: they could still approve. */
  readonly ofPeople?: readonly number[];
  /** Whether someone's approval may be one of those required; absent: anyone's. What others pushed elsewhere changes nothing. */
  readonly mayCount?: (person: number) => boolean;
  /** Whether no more commits are compared: what is not proven the same counts as different. Who made it still matters. */
  readonly isCompared?: boolean;
}

/** Returns the questions that can be sent next, together; none when nothing is missing. */
export function nextQuestions(
  pull: PullRequest,
  { ofAll = false, ofPeople = [], mayCount = () => true, isCompared = false }: QuestionScope = {},
): readonly Question[] {
  const approvals = openApprovals(pull);
  const reviewers = approvals.flatMap(({ author }) => (author === null ? [] : [author.id]));
  const hands = ofAll ? contributorsOf(pull).map(({ actor }) => actor.id) : ofPeople;
  const merges = [...mergesToProve(pull, [...reviewers, ...hands]), ...unprovenMerges(pull)];
  const first: readonly Question[] = [
    ...(isCompared ? [] : approvals.flatMap((review) => aboutContent(pull, review))),
    // One answer serves all pull requests of a repository: requested early, it is cached when the first approval comes.
    ...(pull.keyHolders === undefined && isPushedByPerson(pull) ? [{ ask: "keys" } as const] : []),
    ...(isCompared ? [] : aboutPairs(pull, merges)),
  ];
  if (first.length > 0) return first;
  const lasting = approvals.filter((review) => contentOf(review, pull) !== "earlier");
  const approvers = lasting.flatMap(({ author }) => (author === null ? [] : [author.id]));
  const unread = approvers.length > 0 ? unreadHead(pull) : undefined;
  if (unread !== undefined) return [{ ask: "earlier", head: unread }];
  if (approvers.length > 0 && pull.mergedInto === undefined && mayHoldMerged(pull))
    return [{ ask: "merged-into" }];
  const updates = isCompared ? [] : aboutPairs(pull, updatesToProve(pull, [...approvers, ...hands]));
  if (updates.length > 0) return updates;
  const person = approvers.find((id) => mayCount(id) && mayHavePushedElsewhere(pull, id));
  if (person !== undefined) return [{ ask: "elsewhere", person }];
  for (const reviewer of isCompared ? [] : [...approvers, ...ofPeople]) {
    const questions = aboutOwnPart(pull, reviewer, approvers.length > 1);
    if (questions.length > 0) return questions;
  }
  return [];
}

/**
 * Questions whether an approval is for the present content; the present head comes first, because one proven difference
 * settles it.
 */
function aboutContent(pull: PullRequest, review: Review): readonly Question[] {
  const from = review.commit;
  if (from === null || contentOf(review, pull) === "earlier") return [];
  const to = versionsAfter(review, pull).filter((version) => isOpen(pull, from, version));
  return to.length === 0 ? [] : [{ ask: "same", from, to }];
}

/** Questions whether pairs of commits change the base alike, each pair once. */
function aboutPairs(
  pull: PullRequest,
  pairs: readonly { readonly from: Sha; readonly to: Sha }[],
): readonly Question[] {
  const open = pairs.filter(({ from, to }) => isOpen(pull, from, to));
  const once = new Map(open.map((pair) => [`${pair.from}...${pair.to}`, pair]));
  return [...once.values()].map(({ from, to }) => ({ ask: "same", from, to: [to] }));
}

/** The reviews that may count: approvals of people that nobody withdrew. */
function openApprovals(pull: PullRequest): readonly Review[] {
  const at = pull.merged?.at ?? Infinity;
  return newestDecisive(pull.reviews, at).filter(
    (review) =>
      review.state !== "changes-requested" && !isDismissed(review, at) && review.author?.type === "User",
  );
}

/** Whether someone's push of what counts vouches for its maker, unless a key made it look theirs. */
function isPushedByPerson(pull: PullRequest): boolean {
  return makersOf(pull).some(
    ({ addsNothing, pushers }) => !addsNothing && pushers.some(({ type }) => type === "User"),
  );
}

/**
 * A head that other commits replaced, and whose own commits were not requested: whom those name may have made what is
 * there now.
 */
function unreadHead(pull: PullRequest): Sha | undefined {
  const read = new Set((pull.earlier ?? []).map(({ head }) => head));
  const { heads } = followPushes(pull);
  return makersOf(pull).find(({ sha, addsNothing }) => !addsNothing && heads.has(sha) && !read.has(sha))?.sha;
}

/**
 * Whether something in it may have been merged into its branch: a merge's SHA or committer shows so, or who pushed it
 * is none of its authors.
 */
function mayHoldMerged(pull: PullRequest): boolean {
  const real = new Map(
    makersOf(pull).flatMap((each) => (each.addsNothing ? [] : [[each.sha, each] as const])),
  );
  return knownCommits(pull).some(({ sha, parents, committer }) => {
    const makers = real.get(sha);
    if (makers === undefined) return false;
    const { authors, pushers } = makers;
    const isOwn = pushers.every(({ id }) => authors.some((author) => author.id === id));
    return parents.length > 1 || committer?.id === WEB_FLOW_ID || !isOwn;
  });
}

/** Whether it still matters what someone pushed elsewhere: of something here they are not known as a maker. */
function mayHavePushedElsewhere(pull: PullRequest, reviewer: number): boolean {
  const answer = pull.elsewhere?.find(({ actor }) => actor.id === reviewer);
  if (answer !== undefined && knownCommits(pull).every(({ sha }) => answer.among.includes(sha))) return false;
  return makersOf(pull).some((each) => !each.addsNothing && !isMaker(each, reviewer));
}

function isOpen(pull: PullRequest, from: Sha, to: Sha): boolean {
  return from !== to && !pull.sameContent.some((proof) => proof.from === from && proof.to === to);
}

/**
 * Returns the pushes that may have made nothing, where they introduced what one of these people seems to have made, or
 * a bot's branch.
 */
function updatesToProve(
  pull: PullRequest,
  people: readonly number[],
): readonly { readonly from: Sha; readonly to: Sha }[] {
  if (people.length === 0) return [];
  const { commits, heads } = followPushes(pull);
  const real = makersOf(pull).filter(({ addsNothing }) => !addsNothing);
  const isByBot = pull.author !== null && pull.author.type !== "User";
  const pushes = real
    .filter((makers) => people.some((id) => isMaker(makers, id) || coverage(makers, id) !== "yes"))
    .flatMap(({ sha }) => commits.get(sha)?.by ?? heads.get(sha)?.by ?? []);
  const byPeople = isByBot ? pushesUpToMerge(pull).filter(({ actor }) => actor?.type === "User") : [];
  const wasHead = new Set([...commits.keys(), ...heads.keys()]);
  return [...pushes, ...byPeople]
    .filter(({ before }) => wasHead.has(before))
    .map(({ before: from, after: to }) => ({ from, to }));
}

/** What a reviewer's own part in it depends on: what their replaced pushes held, and whether anything of it is left. */
function aboutOwnPart(pull: PullRequest, reviewer: number, isOneOfSeveral: boolean): readonly Question[] {
  const real = makersOf(pull).filter(({ addsNothing }) => !addsNothing);
  const own = real.filter((each) => isMaker(each, reviewer) && coverage(each, reviewer) !== "yes");
  const unseen = real.filter((each) => coverage(each, reviewer) === "unseen");
  const questions = aboutWhatIsLeft(pull, own, real, isOneOfSeveral);
  return questions.length > 0 ? questions : aboutWhatIsLeft(pull, unseen, real, isOneOfSeveral);
}

/**
 * Whether anything is left of some commits. Where one person approved, one commit that is there to stay settles it:
 * someone else must have approved that. Several may each cover what the others made, so that each commit matters.
 */
function aboutWhatIsLeft(
  pull: PullRequest,
  given: readonly Makers[],
  all: readonly Makers[],
  isOneOfSeveral: boolean,
): readonly Question[] {
  if (given.length === 0) return [];
  const read = new Set((pull.earlier ?? []).map(({ head }) => head));
  const { heads } = followPushes(pull);
  const unread = (units: readonly Makers[]): readonly Question[] => {
    const found = units.find(({ sha }) => heads.has(sha) && !read.has(sha));
    return found === undefined ? [] : [{ ask: "earlier", head: found.sha }];
  };
  const questions = unread(given);
  if (questions.length > 0) return questions;
  const merges = new Map(
    knownCommits(pull).flatMap(({ sha, parents }) =>
      parents.length > 1 ? [[sha, parents[0]!] as const] : [],
    ),
  );
  const mayBeRead = (each: Makers): boolean => !merges.has(each.sha) && !heads.has(each.sha);
  const some = given.filter(mayBeRead);
  if (some.length === 0 || (some.length < given.length && !isOneOfSeveral)) return [];
  if (pull.files === undefined) return [{ ask: "files" }];
  let isGone = false;
  for (const { sha } of some) {
    const files = touchedBy(pull, sha);
    if (files === undefined) return [{ ask: "touched", commit: sha }];
    if (!hasStayed(pull, files)) isGone = true;
    else if (!isOneOfSeveral) return [];
  }
  if (!isGone) return [];
  // Only the files of other commits show which files of these commits they moved.
  const open = unread(all);
  if (open.length > 0) return open;
  const proofs = all.flatMap(({ sha: to }) => {
    const from = merges.get(to);
    return from === undefined ? [] : [{ from, to }];
  });
  const pairs = aboutPairs(pull, proofs);
  if (pairs.length > 0) return pairs;
  if (all.some(({ sha }) => heads.has(sha))) return [];
  const other = all.find(({ sha }) => touchedBy(pull, sha) === undefined);
  return other === undefined ? [] : [{ ask: "touched", commit: other.sha }];
}
