/** What was deployed from another production branch is owed to the default branch, within the time the policy gives. */

import type { Repo } from "../context/repo.ts";
import type { Deployment } from "../../domain/deployment/deployment.ts";
import { refOf } from "../../domain/policy/scope.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ComparedFile, ComparedFiles } from "../../github/commits/compare.ts";
import { followBranch } from "../changes/follow-branch.ts";
import { landedChanges } from "../records/landed-changes.ts";

/** So many updates of the default branch are searched for one that introduces the same. */
const MOST_UPDATES = 100;

/**
 * Returns whether what was deployed came to the default branch by `dueAt`. It may be there itself, merged or squashed, or as
 * the same patch of another change. Unknown where GitHub does not show enough. Throws {@link ExternalError}.
 */
export async function mergeBackState(
  repo: Repo,
  deployment: Deployment,
  dueAt: Instant,
): Promise<"merged" | "absent" | "unknown"> {
  const { info: repository } = repo;
  const { sha, previous } = deployment;
  const main = refOf(repository.defaultBranch);
  // What was merged meanwhile may not be recorded yet, if the App was down when it was due.
  if (repo.past === undefined && repo.now() > dueAt) await followBranch(repo, main);
  const all = (await landedChanges(repo.tools, repository.id)).filter(({ ref }) => ref === main);
  // Where the branch was when it was due, however late that is looked at.
  const head = all.find(({ at }) => at > dueAt)?.before ?? repository.defaultBranch;
  const onDefault = await repo.github.isOnBranch(head, sha);
  if (onDefault === true) return "merged";
  const landed = all.filter(({ at }) => at >= (previous?.at ?? 0) && at <= dueAt);
  const deployed = previous === null ? null : await repo.github.compareFiles(previous.sha, sha);
  let isKnown = onDefault !== null && landed.length <= MOST_UPDATES;
  for (const { id, before, after } of landed.slice(-MOST_UPDATES)) {
    const change = await repo.latest("change", id);
    const pulls = change?.change.pullRequests ?? [];
    if (pulls.some(({ commits }) => commits.some((each) => each.sha === sha))) return "merged";
    const isSame = makesSameChanges(deployed, await repo.github.compareFiles(before, after));
    if (isSame === true) return "merged";
    if (isSame === null) isKnown = false;
  }
  return isKnown ? "absent" : "unknown";
}

/** Returns whether one comparison makes all changes of another; null where GitHub does not show enough of them. */
export function makesSameChanges(wanted: ComparedFiles | null, landed: ComparedFiles | null): boolean | null {
  if (wanted === null || landed === null) return null;
  // Of what has no files nothing can be found again, and one that is listed in part may lack what the other has.
  if (wanted.truncated || wanted.files.length === 0) return null;
  const found = wanted.files.map((file) => isSameFile(file, landed));
  if (found.includes(false)) return false;
  return found.includes(null) ? null : true;
}

function isSameFile(wanted: ComparedFile, landed: ComparedFiles): boolean | null {
  const file = landed.files.find(({ path }) => path === wanted.path);
  if (file === undefined) return landed.truncated ? null : false;
  if (file.status === wanted.status && file.blob === wanted.blob) return true;
  // GitHub shows no text of what is binary or too large: the same lines may be in it.
  if (file.patch === null || wanted.patch === null) return null;
  return bare(file.patch) === bare(wanted.patch);
}

/** A patch without the places it applies at. */
function bare(patch: string): string {
  return patch.replaceAll(/^@@ .*$/gmu, "@@");
}
