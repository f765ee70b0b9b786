/** Judges one update of a followed branch as of when it happened, and records it. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Change, RefUpdate } from "../../domain/change/change.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { decideLanding } from "../../domain/decisions/decision.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import { type Action, type Decision, type Entry, type Addressee } from "../../domain/records/entry.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import type { Assessment } from "../../domain/values/result.ts";
import type { Task } from "../../domain/records/task.ts";
import { policyBefore, sinceOf } from "../policy/current-policy.ts";
import { emergenciesOfAll, advanceEmergencies } from "../emergencies/emergencies.ts";
import { endWaitingChecks } from "./ended-checks.ts";
import { decideJudgedChange } from "../records/judged.ts";
import { endedPullTasks } from "../records/merge-backs.ts";
import { INTEGRATION, PRODUCTION, type Role } from "./followed-branch.ts";
import { gatherChange, isPullRequestMerge } from "../facts/branch-update.ts";
import { type RepairPolicy, policyAfterRepair } from "../policy/repair.ts";
import { gapOfUpdate, type Questions, unreadChange } from "../facts/unanswered.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";

/** Returns the change id: the same whether a webhook, the sweep or a backfill found it. */
export function changeId(repositoryId: number, update: RefUpdate, occurrence: number): string {
  return sha256(`${repositoryId}\n${update.ref}\n${update.before}\n${update.after}\n${occurrence}`);
}

/** Holds what is known of an update before it is judged. */
export interface KnownUpdate {
  readonly role: Role;
  /** Which time this very update happens. */
  readonly occurrence: number;
  /** Whether what landed on the integration branches could be read. */
  readonly isRead: boolean;
  /** It lies in a past that is filled in: nothing is written about it on GitHub. */
  readonly isPast: boolean;
  /** It is recorded, and these pull requests are known to have landed by it; null: it is not recorded. */
  readonly again: readonly number[] | null;
  /** What is recorded with it. */
  readonly entries: readonly Entry[];
  readonly tasks: readonly Task[];
}

/** Judges an update and records the decision; nothing, where it is judged again and no more of it is shown. Throws {@link ExternalError}. */
export async function judgeUpdate(
  repo: Repo,
  update: RefUpdate,
  questions: Questions,
  known: KnownUpdate,
): Promise<void> {
  const { role, occurrence, isRead, isPast, again, entries, tasks } = known;
  const now = repo.now();
  const { policy, repair } = await policyOfUpdate(repo, update, questions);
  // What was read within minutes of happening was seen happening, whether a webhook or the list showed it first.
  const basis = now - update.at <= SETTLING ? "observed" : "read-later";
  const seen = { ...update, basis } as const;
  const late = now - update.at >= SETTLING;
  const id = changeId(repo.info.id, update, occurrence);
  const unread = (): Change => unreadChange(repo, seen, { id, occurrence, late });
  const read = (): Promise<Change> =>
    gatherChange(repo, seen, { id, occurrence, policy, repair, landed: again ?? [] });
  const gathered = isRead ? await questions.ask(read, unread) : unread();
  if (again !== null && !isNews(gathered, again)) return;
  questions.unanswered.push(...gathered.pullRequests.flatMap(({ unread: why }) => why?.because ?? []));
  const withCommands = await withEmergencies(repo, gathered, policy, questions);
  // Whatever was not answered is read again.
  const change =
    questions.unanswered.length === 0 || isUnshown(withCommands)
      ? withCommands
      : { ...withCommands, awaited: [{ what: "all that came with this update", since: update.at }] };
  const emergencies = await emergenciesOfAll(repo, change.pullRequests);
  const assessment = assess(
    { moment: "landed", change, emergencies },
    { policy, appId: repo.appId, at: update.at, since: sinceOf(repo, policy) },
  );
  const { info: repository, installationId, appId } = repo;
  const to: Addressee = { repository, installationId, appId };
  const decided =
    role === INTEGRATION
      ? decideLanding({ change, assessment, policy, detectedAt: now })
      : await decideUpdate(repo, { change, assessment, policy, emergencies, questions });
  const result = { verdict: assessment.verdict, deviation: deviationIn(decided) };
  const endWaiting = (): Promise<readonly Action[]> =>
    endWaitingChecks(repo, change.pullRequests, result, to);
  const ends = role === PRODUCTION && isPast ? [] : await questions.ask(endWaiting, () => []);
  const ended = await Promise.all(change.pullRequests.map(({ number }) => endedPullTasks(repo, number)));
  const followed = mergeDecisions({ tasks: [...tasks, ...ended.flat()] }, decided, {
    entries,
    actions: ends,
  });
  await repo.commit(isPast ? { ...followed, actions: [] } : followed);
}

/** Returns the deviation that a decision opens, or adds a change to. */
function deviationIn({ entries = [] }: Partial<Decision>): DeviationRecord | null {
  return entries.find((entry) => entry.kind === "deviation")?.body ?? null;
}

/** Returns the policy an update is judged by, and the one it repaired, if it did nothing else. */
async function policyOfUpdate(
  repo: Repo,
  update: RefUpdate,
  questions: Questions,
): Promise<{ readonly policy: PolicyInForce; readonly repair: RepairPolicy | null }> {
  const found = await questions.ask(
    () => policyBefore(repo, update),
    (because): PolicyInForce => ({ state: "unreadable", because }),
  );
  if (!isPullRequestMerge(update)) return { policy: found, repair: null };
  const repair = await questions.ask(
    () => policyAfterRepair(repo, update, found),
    () => null,
  );
  return { policy: repair?.policy ?? found, repair };
}

/** Returns the decision on an update of a production branch: the change, the use of an emergency, and what is not known of it. */
async function decideUpdate(
  repo: Repo,
  facts: {
    readonly change: Change;
    readonly assessment: Assessment;
    readonly policy: PolicyInForce;
    readonly emergencies: readonly EmergencyFacts[];
    readonly questions: Questions;
  },
): Promise<Decision> {
  const { questions, ...judged } = facts;
  const decided = await decideJudgedChange(repo, judged);
  const gap = await gapOfUpdate(repo, judged.change, questions.unanswered, repo.now());
  return mergeDecisions(decided, { entries: gap });
}

/** A command in an approving review, or a push, may not have been read before it landed. */
async function withEmergencies(
  repo: Repo,
  change: Change,
  policy: PolicyInForce,
  questions: Questions,
): Promise<Change> {
  const pullRequests: PullRequest[] = [];
  for (const pull of change.pullRequests) {
    const awaited = [{ what: `what was said on #${pull.number}`, since: change.update.at }];
    const withCommands = async (): Promise<PullRequest> => {
      if (pull.unread === undefined) await advanceEmergencies(repo, pull, policy);
      return pull;
    };
    pullRequests.push(
      await questions.ask(withCommands, () => ({ ...pull, awaited: [...(pull.awaited ?? []), ...awaited] })),
    );
  }
  return { ...change, pullRequests };
}

/** Returns whether what is shown now of a recorded update is more than was: all of it, or each pull request known to have landed. */
function isNews(change: Change, known: readonly number[]): boolean {
  if (!isUnshown(change)) return true;
  return known.length > 0 && known.every((each) => change.pullRequests.some(({ number }) => number === each));
}

/** Returns whether GitHub did not show all of what an update introduced. */
export function isUnshown({ awaited, pullRequests }: Change): boolean {
  return (
    awaited !== undefined ||
    pullRequests.some((pull) => pull.awaited !== undefined || pull.unread !== undefined)
  );
}

/** Returns which time this very update happens, and what is recorded of it. A webhook's update is the same one once it is listed. */
export async function occurrenceOf(
  repo: Repo,
  update: RefUpdate,
  role: Role,
): Promise<{ readonly occurrence: number; readonly known: Pick<ChangeRecord, "change"> | null }> {
  for (let occurrence = 1; ; occurrence += 1) {
    const entry = await repo.ledger.state(role.update, changeId(repo.info.id, update, occurrence));
    if (entry === undefined) return { occurrence, known: null };
    const known = entry.body;
    const { activityId } = known.change.update;
    if (activityId === update.activityId || activityId === null || update.activityId === null)
      return { occurrence, known };
  }
}
