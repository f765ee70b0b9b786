/** Completeness: list a period's updates of every production branch anew, and count them against the log. */

import type { Repo } from "../context/repo.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import { branchesInScope } from "../../domain/evidence/tables/in-scope.ts";
import { taskId, type Task } from "../../domain/records/task.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { followBranch } from "../changes/follow-branch.ts";
import { countBranch } from "./count-branch.ts";
import type { Span } from "../../domain/time/span.ts";
import { isForAll, isLasting, isOpenChore, notesOf, type ChoreNote } from "../repositories/own-checks.ts";
import type { Tools } from "../context/tools.ts";
import { recordedFrom } from "../repositories/repositories.ts";
import { verifySources } from "../facts/cited-sources.ts";
import { productionRefs } from "../policy/production-branches.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";

/**
 * Queues the reconciliation of every repository of an organisation, each in its own lane; answers the tasks' ids. `onlyUncounted`: of
 * those only in which a branch could not be counted, and still was not.
 */
export async function askToReconcile(
  tools: Tools,
  organizationId: number,
  span: Span,
  round: string,
  { onlyUncounted = false }: { readonly onlyUncounted?: boolean } = {},
): Promise<readonly string[]> {
  const dueAt = tools.clock.now();
  const tasks: Task[] = [];
  for await (const entry of tools.ledger.states("repository", { organizationId, order: "subject" })) {
    if (entry.body.removedAt !== null) continue;
    if (onlyUncounted && !(await hasUncounted(tools, entry.body))) continue;
    tasks.push({ kind: "reconcile", repositoryId: Number(entry.subject), span, small: false, round, dueAt });
  }
  await tools.ledger.record({ tasks }, dueAt);
  return tasks.map(taskId);
}

/** The chore that counts a branch. */
function listingsOf(ref: string): string {
  return `the listings of ${ref}`;
}

async function hasUncounted(
  tools: Tools,
  { repository, productionRefs: refs }: RepositoryRecord,
): Promise<boolean> {
  for (const ref of refs) if (await isOpenChore(tools, repository, listingsOf(ref))) return true;
  return false;
}

/** Returns what the branches of an organisation came to when they were reconciled for exactly this span. */
export async function reconciled(
  tools: Tools,
  organizationId: number,
  { from, to }: Span,
): Promise<readonly CompletenessRecord[]> {
  const found: CompletenessRecord[] = [];
  for await (const entry of tools.ledger.states("completeness", { organizationId, order: "subject" })) {
    const record = entry.body;
    if (record.from === from && record.to === to) found.push(record);
  }
  return found;
}

/** Describes what the branches of one repository came to. */
export interface BranchCount {
  readonly counted: readonly CompletenessRecord[];
  /** Those of which GitHub does not answer the listings, and why: nothing is known of them. */
  readonly uncounted: readonly UncountedBranch[];
}

/** Describes a branch of which GitHub does not answer the listings. */
export interface UncountedBranch {
  readonly repository: Repo["info"];
  readonly ref: string;
  readonly error: ExternalError;
}

/** `onlyWrong`: an hour that agrees adds no line, for the month's count covers it. `onlyUnproven`: what is proven is not counted again. */
interface Which {
  readonly onlyWrong?: boolean;
  readonly onlyUnproven?: boolean;
}

/** Reconciles every production branch of one repository, each for itself, and records what each came to. Throws {@link ExternalError}. */
export async function reconcileRepository(
  repo: Repo,
  span: Span,
  { onlyWrong = false, onlyUnproven = false }: Which = {},
): Promise<BranchCount> {
  if (span.to <= (await recordedFrom(repo))) return { counted: [], uncounted: [] };
  const proven: CompletenessRecord[] = [];
  const followed = new Set(await productionRefs(repo));
  const wanted = new Map([...followed].map((ref) => [ref, span]));
  // What has left the scope since belongs to the span as long as it was in it.
  for (const [ref, end] of await branchesOf(repo, span))
    if (!followed.has(ref)) wanted.set(ref, { from: span.from, to: Math.min(span.to, end) });
  const refs: string[] = [];
  for (const [ref, own] of wanted) {
    const known = onlyUnproven ? await provenFor(repo, ref, own) : null;
    if (known === null) refs.push(ref);
    else proven.push(known);
  }
  // Of one hour nothing is recorded that the month's count does not repeat.
  const note = onlyWrong ? unnoted : notesOf(repo);
  const { counted, uncounted } = await countEach(repo, refs, note, async (ref) => {
    if (followed.has(ref)) await followBranch(repo, ref);
    const body = await countBranch(repo, ref, wanted.get(ref) ?? span);
    if (!body.complete)
      repo.log.warn(
        { repository: repo.info.id, differences: body.differences.length },
        "A branch could not be proven complete",
      );
    if (!onlyWrong || !body.complete) await keep(repo, body);
    return body;
  });
  if (!onlyWrong) await verifySources(repo, span);
  return { counted: [...proven, ...counted], uncounted };
}

/** The branches that were in scope at any moment of a span, by every version of the repository on record. */
async function branchesOf(repo: Repo, span: Span): Promise<ReturnType<typeof branchesInScope>> {
  const subjects = [String(repo.info.id)];
  return branchesInScope(await repo.ledger.history({ kinds: ["repository"], subjects }), span);
}

function unnoted(): Promise<void> {
  return Promise.resolve();
}

/** Counts and records some branches of one repository without following them further: for a past that was filled in. */
export function countPast(repo: Repo, refs: readonly string[], span: Span): Promise<BranchCount> {
  return countEach(repo, refs, notesOf(repo), async (ref) => {
    const body = await countBranch(repo, ref, span);
    await keep(repo, body);
    return body;
  });
}

/** Counts branches one by one. One that cannot be counted is noted until it can, and the others go on. */
async function countEach(
  repo: Repo,
  refs: readonly string[],
  note: ChoreNote,
  count: (ref: string) => Promise<CompletenessRecord>,
): Promise<BranchCount> {
  const counted: CompletenessRecord[] = [];
  const uncounted: UncountedBranch[] = [];
  for (const ref of refs) {
    const what = listingsOf(ref);
    try {
      counted.push(await count(ref));
      await note(what, null);
    } catch (error) {
      if (!(error instanceof ExternalError) || isForAll(error)) throw error;
      uncounted.push({ repository: repo.info, ref, error });
      if (isLasting(error)) await note(what, error.message);
    }
  }
  return { counted, uncounted };
}

/** Returns what a branch came to when it was counted for just this span after its end and proven complete; null: it was not. */
async function provenFor(repo: Repo, ref: string, { from, to }: Span): Promise<CompletenessRecord | null> {
  const { info: repository } = repo;
  const known = await repo.latest("completeness", `${repository.id}:${ref}:${from}:${to}`);
  return known?.complete === true && known.checkedAt >= to ? known : null;
}

/** Records what a count came to. */
async function keep(repo: Repo, body: CompletenessRecord): Promise<void> {
  const { repository, ref, from, to } = body;
  const subject = `${repository.id}:${ref}:${from}:${to}`;
  await repo.commit({ entries: [{ kind: "completeness", subject, at: from, body }] });
}
