/** What was pushed may be, to the patch, what was approved on another branch: that is shown, and changes nothing. */

import type { Repo } from "../context/repo.ts";
import { type ApprovedElsewhere, type RefUpdate } from "../../domain/change/change.ts";
import type { ChangeRecord, LandingRecord } from "../../domain/records/change.ts";
import { landedChanges } from "../records/landed-changes.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";

/** So many approved changes, the newest, are compared with what was pushed. */
const MOST_APPROVED = 20;

/** Each commit is compared by itself where a push introduced no more than this. */
const MOST_COMMITS = 5;

/** One patch: what `after` changes against where it left `before`. */
interface Patch {
  readonly before: Sha;
  readonly after: Sha;
}

/**
 * Lists approved changes of other branches, recorded before an update, whose patch it introduced again. It is their whole patch,
 * or a commit's own. Asks GitHub nothing but for a push, and nothing where no other branch has approved changes. Throws {@link
 * ExternalError}.
 */
export async function approvedElsewhere(
  repo: Repo,
  update: RefUpdate,
): Promise<readonly ApprovedElsewhere[]> {
  const isPush = update.kind === "push" || update.kind === "force-push";
  if (!isPush || update.before === NO_COMMIT) return [];
  const approved = await approvedBefore(repo, update);
  if (approved.length === 0) return [];
  const found: ApprovedElsewhere[] = [];
  for (const { patch, isWhole } of await patchesOf(repo, update)) {
    for (const { change, assessment } of approved) {
      if (!(await isSame(repo, patch, change.update))) continue;
      const counted = assessment.approvals.filter(({ counts }) => counts);
      found.push({
        commit: patch.after,
        isWhole,
        changeId: change.id,
        ref: change.update.ref,
        pulls: change.pullRequests.map(({ number }) => number),
        approvers: [...new Map(counted.map(({ actorId: id, login }) => [login, { id, login }])).values()],
      });
      break;
    }
    // The whole of it was approved: its parts add nothing.
    if (isWhole && found.length > 0) break;
  }
  return found;
}

/** The newest recorded changes of other branches that people had approved before this update, the newest first. */
async function approvedBefore(
  repo: Repo,
  { ref, at }: RefUpdate,
): Promise<readonly (ChangeRecord | LandingRecord)[]> {
  const kinds = ["change", "landing"] as const;
  const landed = await Promise.all(
    kinds.map(async (kind) => {
      const all = await landedChanges(repo.tools, repo.info.id, kind);
      return all
        .filter((each) => each.isApproved && each.ref !== ref && each.at <= at)
        .slice(-MOST_APPROVED)
        .map((each) => ({ kind, ...each }));
    }),
  );
  const newest = landed
    .flat()
    .toSorted((a, b) => b.at - a.at || b.seq - a.seq)
    .slice(0, MOST_APPROVED);
  const records = await Promise.all(newest.map(({ kind, id }) => repo.ledger.state(kind, id)));
  return records.flatMap((entry) => (entry === undefined ? [] : [entry.body]));
}

/** The patch of a push, and that of each of its commits where they are few and one upon the other. */
async function patchesOf(
  repo: Repo,
  { before, after }: RefUpdate,
): Promise<readonly { readonly patch: Patch; readonly isWhole: boolean }[]> {
  const whole = { patch: { before, after }, isWhole: true };
  const compared = await repo.github.compare(before, after);
  const commits = compared?.commits ?? [];
  if (commits.length < 2 || commits.length > MOST_COMMITS) return [whole];
  const parts = commits.map((sha, index) => ({
    patch: { before: commits[index - 1] ?? before, after: sha },
    isWhole: false,
  }));
  return [whole, ...parts];
}

async function isSame(repo: Repo, one: Patch, other: Patch): Promise<boolean> {
  return repo.github.isSamePatch(one, other);
}
