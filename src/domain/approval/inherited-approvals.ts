/** Inherited approvals: what landed approved on an integration branch needs no second approval on its way to production. */

import type { LandedBefore, PullRequest } from "../change/pull-request.ts";
import { canonical, sha256 } from "../values/digest.ts";
import { matchesAny } from "../patterns/glob.ts";
import { requiresCodeOwners, type Policy } from "../policy/file/policy.ts";
import { branchOf } from "../policy/scope.ts";
import { listed, oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";
import type { Commit } from "../change/commit.ts";

/** Without one of these controls, the required people did not approve what landed. */
const NEVER_WAIVED = [
  "independently-approved",
  "approved-by-owners",
  "merged-by-pull-request",
  "gate-respected",
  "content-as-reviewed",
];

/** Describes how far landings on integration branches cover a pull request. */
export interface InheritedApprovals {
  /** The commits that no longer need an approval. */
  readonly commits: ReadonlySet<Sha>;
  /** Whether the rule of this name (null: what is always required) required of each landing what it requires here. */
  readonly requires: (rule: string | null) => boolean;
  /** The landings that cover some of them, and how many each. */
  readonly by: readonly { readonly landing: LandedBefore; readonly commits: number }[];
  /** Sentences: what landed approved, and why the rest did not; empty where nothing landed before. */
  readonly reasons: readonly string[];
}

/**
 * Returns the digest of everything that decides whose approval these pull requests require. Another digest means other
 * requirements.
 */
export function requirementsDigest(policy: Policy, pulls: readonly PullRequest[]): string {
  const { approvals, rules, independence, identities, standardChanges } = policy;
  const owners = requiresCodeOwners(policy) ? pulls.map(ownersOf) : [];
  return sha256(
    canonical([approvals, rules, independence, identities, standardChanges, [...new Set(owners)].toSorted()]),
  );
}

function ownersOf({ owners }: PullRequest): string {
  return owners?.state === "found" ? owners.text : (owners?.state ?? "unread");
}

/**
 * Returns the commits that landings recorded up to `at` cover. A landing covers what it introduced: the commits that
 * its `after` has and its `before` has not. INVARIANT: a commit without a recorded landing that counts is not covered.
 */
export function inheritedApprovals(pull: PullRequest, policy: Policy, at: Instant): InheritedApprovals {
  const landings = (pull.landedBefore ?? []).filter(
    (each) => each.at <= at && matchesAny(policy.production.integration, branchOf(each.ref) ?? "", "lets"),
  );
  if (landings.length === 0) return { commits: new Set(), by: [], requires: () => false, reasons: [] };
  const digest = requirementsDigest(policy, [pull]);
  const parents = parentsOf(pull);
  const commits = new Set<Sha>();
  const against = new Map<Sha, string>();
  const by: { readonly landing: LandedBefore; readonly commits: number }[] = [];
  for (const landing of landings) {
    const introduced = introducedBy(landing, parents);
    const why = whyNot(landing, digest);
    if (why === null && introduced.length > 0) by.push({ landing, commits: introduced.length });
    for (const sha of introduced) {
      if (why === null) commits.add(sha);
      // Where a branch was created from another one, that other one's reason is the better one.
      else if (landing.kind !== "branch-created" || !against.has(sha)) against.set(sha, why);
    }
  }
  const clean = pull.commits.filter((commit) => !commits.has(commit.sha) && isCleanMerge(pull, commit));
  const landed = commits.size;
  for (const { sha } of clean) commits.add(sha);
  const rest = pull.commits.filter(({ sha }) => !commits.has(sha));
  const counting = by.map(({ landing }) => landing);
  return {
    commits,
    by,
    requires: (rule) =>
      rule === null ||
      policy.rules.filter(({ name }) => name === rule).every(({ when }) => appliesToEachPart(when)),
    reasons: [
      ...(landed === 0 ? [] : [landedReason(landed, counting)]),
      ...rest
        .slice(0, MOST_NAMED)
        .map(({ sha }) => `commit ${sha.slice(0, 7)} ${against.get(sha) ?? "was not seen to land there"}`),
      ...(rest.length > MOST_NAMED
        ? [`${rest.length - MOST_NAMED} more commits did not land approved either`]
        : []),
    ],
  };
}

const MOST_NAMED = 5;
const MOST_PULLS_NAMED = 10;

/**
 * Lists merges that no landing covers, as (first parent, merge). What they add must be known before they can count as
 * git's own.
 */
export function unprovenMerges(pull: PullRequest): readonly { readonly from: Sha; readonly to: Sha }[] {
  const landings = pull.landedBefore ?? [];
  if (landings.length === 0) return [];
  const parents = parentsOf(pull);
  const introduced = new Set(
    landings
      .filter(({ verdict }) => verdict !== "non-compliant")
      .flatMap((each) => introducedBy(each, parents)),
  );
  return pull.commits.flatMap(({ sha, parents: [first, second, ...more] }) =>
    first === undefined || second === undefined || more.length > 0 || introduced.has(sha)
      ? []
      : [{ from: first, to: sha }],
  );
}

/** A merge of the base that is git's own. The same tree as before is none: it may have thrown away what it merged. */
function isCleanMerge(pull: PullRequest, { sha, parents }: Commit): boolean {
  const [first, second, ...more] = parents;
  if (second === undefined || more.length > 0) return false;
  const proofs = pull.sameContent.filter(({ from, to }) => from === first && to === sha);
  return proofs.length > 0 && proofs.every(({ proof }) => proof === "patch");
}

function parentsOf(pull: PullRequest): ReadonlyMap<Sha, readonly Sha[]> {
  return new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
}

function introducedBy(
  { before, after }: LandedBefore,
  parents: ReadonlyMap<Sha, readonly Sha[]>,
): readonly Sha[] {
  const already = new Set(reach(before, parents));
  return reach(after, parents).filter((sha) => !already.has(sha));
}

/** The commits of the pull request that are reachable from a commit, itself included. */
function reach(tip: Sha, parents: ReadonlyMap<Sha, readonly Sha[]>): readonly Sha[] {
  const seen = new Set<Sha>();
  const open = [tip];
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    const next = parents.get(sha);
    if (next === undefined || seen.has(sha)) continue;
    seen.add(sha);
    open.push(...next);
  }
  return [...seen];
}

/** Why what landed so is not covered by it, as the end of a sentence about a commit; null: it is covered. */
function whyNot({ ref, kind, verdict, waived, pulls, asked }: LandedBefore, now: string): string | null {
  const branch = oneLine(branchOf(ref) ?? ref);
  if (kind === "branch-created") return `was on ${branch} when that was made`;
  if (kind !== "pull-request" && kind !== "queue") return `was pushed straight to ${branch}`;
  const by = byPulls(pulls);
  if (verdict !== "compliant" && verdict !== "exempted") return `landed on ${branch} ${by}, ${verdict}`;
  const lacked = NEVER_WAIVED.filter((control) => waived.includes(control));
  if (lacked.length > 0) return `landed on ${branch} ${by}, exempted from ${listed(lacked)}`;
  if (asked !== now) return `landed on ${branch} ${by}, when other approvals were required than now`;
  return null;
}

function landedReason(commits: number, landings: readonly LandedBefore[]): string {
  const branches = [...new Set(landings.map(({ ref }) => oneLine(branchOf(ref) ?? ref)))];
  const by = byPulls([...new Set(landings.flatMap((each) => each.pulls))]);
  const what = commits === 1 ? "1 commit" : `${commits} commits`;
  return `${what} landed approved on ${listed(branches)} ${by}`;
}

function byPulls(pulls: readonly number[]): string {
  if (pulls.length === 0) return "by an unknown pull request";
  if (pulls.length > MOST_PULLS_NAMED) return `by ${pulls.length} pull requests`;
  return `by pull request${pulls.length === 1 ? "" : "s"} ${listed(pulls.map(String))}`;
}

/**
 * Whether a rule that applies to a release also applied to the one of its parts for which it does: a rule about paths
 * does, one about size, base or title need not, and neither need two conditions that different parts fulfil.
 */
function appliesToEachPart(when: Policy["rules"][number]["when"]): boolean {
  const keys = Object.entries(when).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  if (keys.length === 0) return true;
  if (keys.length > 1) return false;
  if (keys[0] === "paths" || keys[0] === "repository") return true;
  const inner = Object.entries(when.not ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  return inner.length === 1 && inner[0] === "only-paths";
}
