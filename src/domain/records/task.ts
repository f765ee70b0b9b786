/** Tasks: follow-up work that is stored in the transaction of the decision it follows from, and run later in a lane of its own. */

import { z } from "zod";
import { ActorSchema } from "../change/people.ts";
import { canonical, sha256 } from "../values/digest.ts";
import { ReceiverSchema } from "../policy/file/organisation.ts";
import { ReportSchema } from "../deployment/report.ts";
import type { Instant } from "../time/instant.ts";

const Id = z.int();
const At = z.int();
const Round = z.string().min(1);
const SpanSchema = z.strictObject({ from: At, to: At });

/**
 * What each kind of task holds besides `kind` and `dueAt`. A task with a `round` is done once for good in that round,
 * whenever it is due; any other is done again when it is queued again.
 */
const FIELDS = {
  /** List installations and repositories, and assess each repository again. */
  census: z.strictObject({ round: Round }),
  /** Request redelivery from GitHub of what did not arrive; `span`: when we rejected it ourselves. */
  redeliver: z.strictObject({ round: Round, span: SpanSchema.optional() }),
  /** Read from GitHub's log the webhooks that are not stored yet; `untilStored`: back to the first page stored whole. */
  poll: z.strictObject({ untilStored: z.boolean() }),
  /** Count the last hour of every repository in which something was pushed. */
  "count-hour": z.strictObject({ round: Round }),
  /** Count every month and period that has ended and was not counted yet. */
  "count-ended": z.strictObject({ round: Round }),
  /** Request the reviews of the month that ended from the owners of controls, before they are due. */
  monthly: z.strictObject({ round: Round }),
  /** Send the digest of the week that ended to whoever the policy names. */
  weekly: z.strictObject({ round: Round }),
  /** Have each organisation's head of the log posted. */
  heads: z.strictObject({ round: Round }),
  /** Compare an organisation's heads of the log on GitHub with the log, and post the present one. */
  "post-head": z.strictObject({
    organizationId: Id,
    why: z.enum(["daily", "export", "close"]),
    round: Round,
  }),
  /** Compare all heads of the log that GitHub shows of an organisation with the log. */
  "compare-heads": z.strictObject({ organizationId: Id, round: Round }),
  /** Assess everything in one repository again. */
  sweep: z.strictObject({ repositoryId: Id, round: Round }),
  /** Count a span's updates of one repository anew; `small`: record only what is wrong. */
  reconcile: z.strictObject({ repositoryId: Id, span: SpanSchema, small: z.boolean(), round: Round }),
  /**
   * Judge one pull request again; `request`: the delivery or comment for which the check is written again even if it
   * shows the same.
   */
  pull: z.strictObject({ repositoryId: Id, number: Id, request: z.string().nullable() }),
  /** Judge the open pull requests that have this commit as their head. */
  head: z.strictObject({ repositoryId: Id, sha: z.string() }),
  /** Judge a merge group whose pull requests GitHub did not show; `since`: when it was reported. */
  "merge-group": z.strictObject({
    repositoryId: Id,
    headSha: z.string(),
    headRef: z.string(),
    baseRef: z.string(),
    since: At,
  }),
  /** Judge the open pull requests of one repository again. */
  rejudge: z.strictObject({ repositoryId: Id }),
  /** Advance a repository's emergencies and reviews that are due. */
  due: z.strictObject({ repositoryId: Id }),
  /** List what deviates in a span under the cause that was found since. */
  group: z.strictObject({ repositoryId: Id, span: SpanSchema }),
  /** Read one repository's protection; `told`: who changed a ruleset of the organisation, and when. */
  protection: z.strictObject({
    repositoryId: Id,
    told: z.strictObject({ at: At, by: ActorSchema.nullable() }).nullable(),
  }),
  /** Update the deviation of one cause. */
  exposures: z.strictObject({ organizationId: Id, causeId: z.string() }),
  /** Record how everything was protected when an installation began to be watched. */
  baseline: z.strictObject({ organizationId: Id, installationId: Id, attempt: z.int(), round: Round }),
  /** Check whether one deployment was merged as it is owed: a hotfix, or what was deployed before its merge. */
  "merge-back": z.strictObject({ repositoryId: Id, deploymentId: z.string() }),
  /** Answer the jobs of one repository that wait for the deployment gate. */
  gates: z.strictObject({ repositoryId: Id }),
  /** Report what of a month's reviews is overdue; `repositoryId`: the repository the policy is read through. */
  "overdue-monthly": z.strictObject({ organizationId: Id, repositoryId: Id, month: z.string() }),
  /** Report in one line what a day's limit of notifications suppressed; `day`: YYYY-MM-DD in the receiver's time zone. */
  summarise: z.strictObject({ organizationId: Id, receiver: ReceiverSchema, day: z.string() }),
  /** Judge a deployment that a pipeline outside GitHub reported. */
  report: z.strictObject({ repositoryId: Id, source: z.string(), report: ReportSchema, receivedAt: At }),
} as const;

/** Lists the kinds of task. */
export type TaskKind = keyof typeof FIELDS;

/** Describes a task of one kind, or of any. */
export type Task<K extends TaskKind = TaskKind> = {
  [Kind in K]: { readonly kind: Kind; readonly dueAt: Instant } & Readonly<z.infer<(typeof FIELDS)[Kind]>>;
}[K];

const PREFIX = "countersign.";

/** Returns the event name a task is queued under. */
export function taskEvent(kind: TaskKind): string {
  return `${PREFIX}${kind}`;
}

/** Returns whether an event of the queue is a task of our own. */
export function isTaskEvent(event: string): boolean {
  return event.startsWith(PREFIX);
}

/** Returns the fields of a queued task, as JSON is made of it: everything but its kind and time. */
export function taskFields({
  kind: _kind,
  dueAt: _dueAt,
  ...fields
}: Task): Readonly<Record<string, unknown>> {
  return fields;
}

/** The values of fields that tasks stored by earlier versions lack. */
const LACKED: Readonly<Partial<Record<TaskKind, Readonly<Record<string, unknown>>>>> = {
  // It only names the lane, and what is stored has its lane.
  "overdue-monthly": { organizationId: 0 },
};

/** Reads a queued task back, by whichever version it was stored. Throws where its kind or its fields are unknown to this version. */
export function readTask(event: string, dueAt: Instant, fields: unknown): Task {
  const kind = event.slice(PREFIX.length);
  if (!isTaskKind(kind))
    throw new Error(
      `This version knows no task ${kind}. It stays listed; the daily sweep looks at everything again.`,
    );
  const read = FIELDS[kind].safeParse({ ...LACKED[kind], ...Object(fields) });
  if (!read.success)
    throw new Error(
      `The task ${kind} was stored by another version. It stays listed; the daily sweep looks at everything again.`,
    );
  // The fields were read by the schema of this very kind.
  return { kind, dueAt, ...read.data } as Task;
}

function isTaskKind(kind: string): kind is TaskKind {
  return Object.hasOwn(FIELDS, kind);
}

/** Returns the task's identity: the same task twice is one. */
export function taskId(task: Task): string {
  const { kind, dueAt } = task;
  // One at most is kept: what a later one reads, an earlier one need not.
  if (kind === "poll") return taskEvent(kind);
  const when = isOnce(task) ? "" : `${dueAt}:`;
  return `${taskEvent(kind)}:${when}${sha256(canonical(taskFields(task))).slice(0, 24)}`;
}

/** Returns whether a task is done once for good, whenever it is due. */
export function isOnce(task: Task): boolean {
  return "round" in task;
}

/** Returns the lane a task is run in: its repository's, its organisation's, or the App's own. */
export function taskLane(task: Task): string {
  // What it reads must not wait for a census.
  if (task.kind === "poll") return "polling";
  if (task.kind === "summarise") return `notifications:${task.organizationId}`;
  // What concerns a whole organisation is in its lane, also where one repository is named to read its policy through.
  if ("organizationId" in task) return organizationLane(task.organizationId);
  return "repositoryId" in task ? `repository:${task.repositoryId}` : "app";
}

/** Returns the lane of what concerns a whole organisation. */
export function organizationLane(organizationId: number): string {
  return `organization:${organizationId}`;
}
