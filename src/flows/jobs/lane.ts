/** One lane's work: its deliveries understood in order, each subject assessed once, its actions carried out. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import { isTaskEvent, readTask, type Task } from "../../domain/records/task.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { SignalSubject } from "../../github/webhooks/subject.ts";
import type { StoredAction } from "../../ledger/queue/actions.ts";
import type { Delivery } from "../../ledger/queue/deliveries.ts";
import type { End, Failure } from "../../ledger/queue/ends.ts";
import { answerCommand } from "../commands/answer-command.ts";
import { answerGate, answerWaitingGates } from "../deployments/answer-gate.ts";
import { assessDeployment } from "../deployments/from-github.ts";
import { isOutdated, sendNews } from "./notifications.ts";
import { followBranch } from "../changes/follow-branch.ts";
import { assessRun } from "../deployments/from-workflow-run.ts";
import { assessTag } from "../deployments/from-tag.ts";
import { assessGroup, assessPull } from "../changes/assess-pull-request.ts";
import { COMMENT_COMMANDS } from "./command-tables.ts";
import { readControlState, readDeployedTo, readOrganization } from "../monitoring/protection.ts";
import { flagEmergency } from "../commands/emergency-button.ts";
import { openPullsAt } from "../facts/pull-request.ts";
import { importanceOfActing, importanceOfSubject, isUrgent } from "./priorities.ts";
import type { UnderstoodDelivery } from "./intake.ts";
import { keepIssue } from "../deviations/keep-deviations.ts";
import { followMerge } from "../changes/merged.ts";
import type { Tools } from "../context/tools.ts";
import type { Lease } from "../../ledger/queue/lanes.ts";
import { recordLifecycle } from "../repositories/repositories.ts";
import { recordPosted } from "../monitoring/log-heads.ts";
import { runTask } from "./tasks.ts";
import { census, rejudgeOpen } from "./sweep.ts";
import { DAY, MINUTE } from "../../domain/time/durations.ts";

/** Holds a lane's lease while it is worked on; `now` is the clock leases run by. */
export interface WorkLease extends Lease {
  readonly now: () => number;
  /** Whether the worker wants to stop: what is under way is ended, and nothing more is begun. */
  readonly isStopping?: () => boolean;
}

/** Understands one delivery; `serve` hands in Probot's way. */
export type Receive = (delivery: Delivery, lease: WorkLease) => Promise<UnderstoodDelivery>;

const AT_ONCE = 100;
const ACTIONS_AT_ONCE = 500;
/** After so many failed attempts at something that trying again does not fix, it is put aside, listed and never forgotten. */
const MOST_ATTEMPTS = 8;
/** Before so many attempts nothing is given up for its age: while no App ran, nothing was tried. */
const FEWEST_ATTEMPTS = 3;
/** What GitHub does not know may only be not known yet; after so long (ms) it is taken to be gone. */
const SETTLED = 10 * MINUTE;
/** A lane with ever more work is given back after so many rounds, so that other lanes have their turn. */
const MOST_ROUNDS = 10;
/** Answers that nobody understands, and questions that GitHub cannot answer. */
const PUZZLES: ReadonlySet<string> = new Set(["github-answer", "github-unanswered"]);
/** Such a thing is asked for again for so long (ms). */
const LONGEST_PUZZLE = DAY;

/**
 * Does all due work of one lane. It answers what ended last, to be written down as the lane is given back. Whatever ended before
 * something else was sent is written down by then.
 */
export async function workLane(tools: Tools, lease: WorkLease, receive: Receive): Promise<readonly End[]> {
  const { queue } = tools.ledger;
  let ends: readonly End[] = [];
  for (let round = 0; round < MOST_ROUNDS && !isStopping(lease); round += 1) {
    await writeDown(tools, lease, ends);
    const due = await queue.deliveries(lease.lane, tools.clock.now(), AT_ONCE);
    ends = due.length === 0 ? [] : await workDeliveries(tools, lease, due, receive);
    const asked = await queue.actions(lease.lane, tools.clock.now(), ACTIONS_AT_ONCE);
    ends = await actInTurn(tools, lease, asked, ends);
    // What was stored meanwhile makes the lane due again when it is given back.
    if (due.length < AT_ONCE && asked.length < ACTIONS_AT_ONCE) break;
  }
  return ends;
}

async function writeDown(tools: Tools, lease: WorkLease, ends: readonly End[]): Promise<void> {
  await tools.ledger.queue.end(lease.owner, lease.lane, ends, lease.now());
}

/**
 * GitHub lets only so much through: what an emergency waits for comes first, and a command that arrives meanwhile is not kept waiting.
 * Answers what ended and is not written down yet, beginning with `before`.
 */
async function actInTurn(
  tools: Tools,
  lease: WorkLease,
  asked: readonly StoredAction[],
  before: readonly End[],
): Promise<readonly End[]> {
  let ends = before;
  let acted = 0;
  for (const action of [...asked.filter(isUrgent), ...asked.filter((each) => !isUrgent(each))]) {
    if (isStopping(lease)) break;
    if (acted > 0) {
      await writeDown(tools, lease, ends);
      ends = [];
      if (await tools.ledger.queue.commandWaits(lease.lane, tools.clock.now())) break;
    }
    const end = await tools.github.ranked(importanceOfActing(action), () => act(tools, lease, action));
    ends = [...ends, end];
    acted += 1;
  }
  return ends;
}

function isStopping(lease: WorkLease): boolean {
  return lease.isStopping?.() ?? false;
}

interface Job {
  readonly subject: Work;
  readonly deliveries: Set<string>;
  request: string | null;
}

type Work = SignalSubject | { readonly type: "task"; readonly task: Task };

/** Everything about one subject in these deliveries is done once; deliveries whose subjects all went well are done. Answers how they ended. */
async function workDeliveries(
  tools: Tools,
  lease: WorkLease,
  due: readonly Delivery[],
  receive: Receive,
): Promise<readonly End[]> {
  const jobs = new Map<string, Job>();
  const notes = new Map<string, string>();
  const failed = new Map<string, unknown>();
  /** Not done because the worker stops; they wait as they are. */
  const left = new Set<string>();
  for (const delivery of due) {
    if (isStopping(lease)) {
      left.add(delivery.id);
      continue;
    }
    try {
      const { note, subjects, request } = await understand(delivery, lease, receive);
      notes.set(delivery.id, note);
      for (const subject of subjects) {
        const key = JSON.stringify(subject);
        const job = jobs.get(key) ?? { subject, deliveries: new Set(), request: null };
        job.deliveries.add(delivery.id);
        if (note === "handled as recheck" || note === "handled as button") job.request = delivery.id;
        job.request = request ?? job.request;
        jobs.set(key, job);
      }
    } catch (error) {
      failed.set(delivery.id, error);
    }
  }
  for (const job of [...jobs.values()].toSorted(
    (a, b) =>
      ORDER.indexOf(a.subject.type) - ORDER.indexOf(b.subject.type) ||
      writtenAt(a.subject) - writtenAt(b.subject),
  )) {
    if (isStopping(lease)) {
      for (const id of job.deliveries) left.add(id);
      continue;
    }
    try {
      await tools.github.ranked(importanceOfSubject(job.subject), () => assessJob(tools, lease, job));
    } catch (error) {
      if (error instanceof ExternalError && error.code === "lease-lost") throw error;
      for (const id of job.deliveries) if (!failed.has(id)) failed.set(id, error);
    }
  }
  return due
    .filter(({ id }) => !left.has(id))
    .map((delivery): End => {
      const { id, arrival } = delivery;
      if (failed.has(id)) return { of: "delivery", arrival, ...putOff(tools, delivery, failed.get(id)) };
      return { of: "delivery", arrival, as: "done", note: notes.get(id) ?? "" };
    });
}

/** Comments are answered in the order they were written, however their deliveries came; of everything else any order will do. */
function writtenAt(subject: Work): number {
  return subject.type === "comment" ? subject.comment.createdAt : 0;
}

const ORDER: readonly Work["type"][] = [
  "lifecycle",
  "installation",
  // What people decided comes before what it may concern.
  "comment",
  "issue",
  "flag",
  "branch",
  "merged",
  "merge-group",
  "deployed-to",
  "deployment",
  "tag",
  "run",
  "gate",
  "pull",
  "commit",
  "protection",
  "repository",
  "organization",
  "task",
];

async function understand(
  delivery: Delivery,
  lease: WorkLease,
  receive: Receive,
): Promise<{ note: string; subjects: readonly Work[]; request: string | null }> {
  if (!isTaskEvent(delivery.event)) return { ...(await receive(delivery, lease)), request: null };
  const fields: unknown = JSON.parse(new TextDecoder().decode(delivery.body));
  const task = readTask(delivery.event, delivery.receivedAt, fields);
  const note = `handled as ${delivery.event}`;
  if (task.kind !== "pull") return { note, subjects: [{ type: "task", task }], request: null };
  // Whatever else is reported of the same pull request, it is judged once.
  const { repositoryId, number, request } = task;
  return { note, subjects: [{ type: "pull", repositoryId, number }], request };
}

async function assessJob(tools: Tools, lease: WorkLease, { subject, request }: Job): Promise<void> {
  switch (subject.type) {
    case "lifecycle":
      return recordLifecycle(tools, subject);
    case "installation":
      return census(tools, `${lease.owner}:${tools.clock.now()}`);
    case "organization":
      return rejudgeOrganization(tools, subject.organizationId);
    case "task":
      return runTask(tools, subject.task, lease);
    case "protection": {
      if (subject.repositoryId === null) return readOrganization(tools, subject);
      const repo = await watchedRepository(tools, subject.repositoryId, lease);
      return repo === null ? undefined : readControlState(repo, subject, subject.part);
    }
    default: {
      const repo = await watchedRepository(tools, subject.repositoryId, lease);
      if (repo === null) return;
      await assessSubject(repo, subject, request);
      if (MAY_CHANGE_GATES.has(subject.type)) await answerWaitingGates(repo);
    }
  }
}

/** What may change the answer to a job that waits for our gate. */
const MAY_CHANGE_GATES: ReadonlySet<Work["type"]> = new Set([
  "branch",
  "merged",
  "commit",
  "comment",
  "repository",
]);

type InRepository = Extract<
  SignalSubject,
  {
    readonly type:
      | "pull"
      | "comment"
      | "issue"
      | "flag"
      | "branch"
      | "merged"
      | "commit"
      | "merge-group"
      | "deployed-to"
      | "deployment"
      | "tag"
      | "run"
      | "gate"
      | "repository";
  }
>;

async function assessSubject(repo: Repo, subject: InRepository, request: string | null): Promise<void> {
  switch (subject.type) {
    case "pull":
      return assessPull(repo, subject.number, request);
    case "comment":
      return answerCommand(repo, COMMENT_COMMANDS, subject);
    case "issue":
      return keepIssue(repo, subject);
    case "flag":
      return flagEmergency(repo, subject);
    case "branch":
      await followBranch(repo, subject.ref);
      return;
    case "merged":
      return followMerge(repo, subject);
    case "deployed-to":
      return readDeployedTo(repo, subject.environment);
    case "deployment":
      return assessDeployment(repo, subject.number);
    case "tag":
      return assessTag(repo, subject.tag);
    case "run":
      return assessRun(repo, subject.run);
    case "gate":
      return answerGate(repo, subject);
    case "merge-group":
      return assessGroup(repo, subject, request);
    case "repository":
      return rejudgeOpen(repo);
    case "commit":
      return assessCommit(repo, subject.sha, request);
  }
}

/** Checks on a commit changed: the merge group it is the head of, or the open pull requests with this head. */
async function assessCommit(repo: Repo, sha: string, request: string | null): Promise<void> {
  const group = await repo.ledger.state("gate", `${repo.info.id}@${sha}`);
  if (group !== undefined) {
    const baseRef = group.body.pulls[0]?.base.ref ?? "";
    return assessGroup(repo, { headSha: sha, headRef: "", baseRef: `refs/heads/${baseRef}` }, request);
  }
  for (const number of await openPullsAt(repo, sha)) {
    await assessPull(repo, number, request);
  }
}

async function rejudgeOrganization(tools: Tools, organizationId: number): Promise<void> {
  const dueAt = tools.clock.now();
  tools.github.lookups.forget([`policy-of:${organizationId}`]);
  const tasks: Task[] = [];
  for await (const entry of tools.ledger.states("repository", { organizationId, order: "subject" }))
    tasks.push({ kind: "rejudge", repositoryId: Number(entry.subject), dueAt });
  await tools.ledger.record({ tasks }, dueAt);
}

async function act(tools: Tools, lease: WorkLease, action: StoredAction): Promise<End> {
  const { id } = action;
  try {
    const outcome =
      action.kind === "notification"
        ? await sendNews(tools, action)
        : await tools.github.carryOut(await tools.github.octokits.installation(action.installationId), {
            ...action,
            isUntried: lease.untried?.delete(action.key) === true,
          });
    if ("head" in outcome && outcome.head !== undefined) await recordPosted(tools, action, outcome.head);
    return { of: "action", id, as: "done", outcome: { ...outcome, at: tools.clock.now() } };
  } catch (error) {
    if (error instanceof ExternalError && error.code === "lease-lost") throw error;
    const { attempts, storedAt } = action;
    const isOver = isHopeless(error, attempts, tools.clock.now() - storedAt);
    logFailure(tools, error, { action: action.key, attempts: attempts + 1 }, isOver);
    return { of: "action", id, ...failure(tools, error, attempts, isOver) };
  }
}

function putOff(tools: Tools, delivery: Delivery, error: unknown): Failure {
  const { attempts } = delivery;
  const isOver = isHopeless(error, attempts, tools.clock.now() - delivery.receivedAt);
  const about = { delivery: delivery.id, event: delivery.event, attempts: attempts + 1 };
  logFailure(tools, error, about, isOver && !isGone(error));
  return failure(tools, error, attempts, isOver);
}

function failure(tools: Tools, error: unknown, attempts: number, isOver: boolean): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (isOver) return { as: "never", error: message };
  return { as: "later", dueAt: tools.clock.now() + delay(error, attempts), error: message };
}

/** Logs one line for each failure outside; of a failure of our own one line in all, when it is given up on. */
function logFailure(
  tools: Tools,
  error: unknown,
  about: Readonly<Record<string, unknown>>,
  isOver: boolean,
): void {
  const reason = error instanceof Error ? error.message : String(error);
  const line = { ...about, reason, ...(error instanceof ExternalError ? { code: error.code } : {}) };
  tools.log.debug({ ...about, err: error }, "Work failed");
  if (isOver) tools.log.error(line, "Work was given up; it stays listed and can be replayed");
  else if (isGone(error)) tools.log.info(line, "GitHub does not know what this work is about");
  else if (error instanceof ExternalError && !isLag(error))
    tools.log.warn(line, "Work failed and is tried again");
}

function isGone(error: unknown): boolean {
  return error instanceof ExternalError && error.gone;
}

function isLag(error: unknown): boolean {
  return error instanceof ExternalError && error.code === "github-answer" && error.waitMs !== null;
}

function isHopeless(error: unknown, attempts: number, age: number): boolean {
  if (isOutdated(error, age)) return attempts + 1 >= FEWEST_ATTEMPTS;
  if (isGone(error)) return attempts + 1 >= FEWEST_ATTEMPTS && age >= SETTLED;
  if (error instanceof ExternalError && error.retry)
    return PUZZLES.has(error.code) && attempts + 1 >= MOST_ATTEMPTS && age > LONGEST_PUZZLE;
  return attempts + 1 >= MOST_ATTEMPTS;
}

/** Twice as long each time, from one second to ten minutes, or as long as GitHub requires (ms). */
function delay(error: unknown, attempts: number): number {
  const asked = error instanceof ExternalError ? error.waitMs : null;
  return asked ?? Math.min(1_000 * 2 ** attempts, 10 * MINUTE);
}
