/** Webhooks about pull requests, their reviews, checks, comments and merge groups. */

import type { z } from "zod";
import { type Review } from "../../domain/change/review.ts";
import { pullsInExternalId } from "../../domain/decisions/decision.ts";
import { EMERGENCY_BUTTON } from "./check-run-buttons.ts";
import { handler } from "./handler.ts";
import {
  CheckRunEvent,
  CheckSuiteEvent,
  MergeGroupEvent,
  PullRequestEvent,
  ReviewEvent,
  StatusEvent,
} from "../queries/shapes.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type {
  DeliveryMetadata,
  WebhookHandler,
  WebhookHandlers,
  Observed,
  SignalSubject,
} from "./subject.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";

/** Returns the ref under which an observed push of a pull request's head is kept. A fork's branches must not be taken for ours. */
export function headRef(pull: {
  readonly number: number;
  readonly headRef: string;
  readonly fromFork: boolean;
}): string {
  return pull.fromFork ? `refs/pull/${pull.number}/head` : `refs/heads/${pull.headRef}`;
}

function thePull(event: z.infer<typeof PullRequestEvent>): SignalSubject {
  return { type: "pull", repositoryId: event.repository.id, number: event.pull_request.number };
}

type Change = Omit<Extract<Observation, { kind: "pull-changed" }>, "kind" | "pull" | "at">;

/** Returns what one event changed, kept until GitHub's answers show it. */
function changeOf(
  event: z.infer<typeof PullRequestEvent>,
  arrival: DeliveryMetadata,
  change: Change,
): readonly Observed[] {
  if (Object.keys(change).length === 0) return [];
  const { number, updated_at } = event.pull_request;
  const at = updated_at ?? arrival.receivedAt;
  const observation: Observation = { kind: "pull-changed", pull: number, at, ...change };
  return [{ subject: `changed:${number}:${arrival.delivery}`, observation, at }];
}

function changed(as: string, changeIn: (event: z.infer<typeof PullRequestEvent>) => Change): WebhookHandler {
  return handler(as, PullRequestEvent, (event, arrival) => ({
    subjects: [thePull(event)],
    observations: changeOf(event, arrival, changeIn(event)),
  }));
}

/** Takes the opener of a pull request from a fork for the pusher of its first commits: we receive no pushes to a fork. */
const opened = handler("pull-request-opened", PullRequestEvent, (event, arrival) => {
  const { repository, pull_request: pull, sender } = event;
  const subjects = [thePull(event)];
  const { sha: after } = pull.head;
  if (pull.head.repo?.id === repository.id || after === undefined) return { subjects };
  const ref = headRef({ number: pull.number, headRef: pull.head.ref, fromFork: true });
  const at = pull.created_at ?? arrival.receivedAt;
  const observed: Observed = {
    subject: `opened:${pull.number}`,
    observation: { kind: "pushed", ref, before: NO_COMMIT, after, actor: sender, forced: false, at },
    at,
  };
  return { subjects, observations: [observed] };
});

const synchronize = handler("pull-request-pushed", PullRequestEvent, (event, arrival) => {
  const { repository, pull_request: pull, before, after, sender } = event;
  const subjects = [thePull(event)];
  if (before === undefined || after === undefined) return { subjects };
  const ref = headRef({
    number: pull.number,
    headRef: pull.head.ref,
    fromFork: pull.head.repo?.id !== repository.id,
  });
  const at = pull.updated_at ?? arrival.receivedAt;
  const observed: Observed = {
    subject: `push:${ref}:${before}:${after}:${arrival.delivery}`,
    // The push webhook and the timeline show whether it was forced, not this one.
    observation: { kind: "pushed", ref, before, after, actor: sender, forced: false, at },
    at,
  };
  return { subjects, observations: [observed] };
});

const edited = handler("pull-request-edited", PullRequestEvent, (event, arrival) => {
  const { changes, sender: by, pull_request: pull } = event;
  const { number, base, updated_at, merged } = pull;
  const at = updated_at ?? arrival.receivedAt;
  const observations: Observed[] = [];
  const from = changes?.base?.ref.from;
  if (from !== undefined) {
    const subject = `retarget:${number}:${arrival.delivery}`;
    observations.push({
      subject,
      observation: { kind: "retargeted", pull: number, from, to: base.ref, by, at },
      at,
    });
  }
  const before = changes?.body?.from;
  if (before !== undefined) {
    const subject = `reworded:${number}:${arrival.delivery}`;
    const afterMerge = merged === true;
    observations.push({
      subject,
      observation: { kind: "reworded", pull: number, from: afterMerge ? before : null, afterMerge, by, at },
      at,
    });
  }
  if (changes?.title !== undefined && pull.title !== undefined)
    observations.push(...changeOf(event, arrival, { title: pull.title }));
  return { subjects: [thePull(event)], observations };
});

const closed = handler("pull-request-closed", PullRequestEvent, (event, arrival) => {
  const observations = changeOf(event, arrival, { state: "closed" });
  const { number, merged, merge_commit_sha: commit, base } = event.pull_request;
  if (merged !== true) return { subjects: [thePull(event)], observations };
  const { id: repositoryId } = event.repository;
  const ref = `refs/heads/${base.ref}`;
  const subjects: readonly SignalSubject[] =
    commit == null
      ? [thePull(event), { type: "branch", repositoryId, ref }]
      : [{ type: "merged", repositoryId, ref, commit, number }];
  return { subjects, observations };
});

/** Handles `pull_request`. */
export const PULL_REQUEST = {
  opened,
  labeled: changed("pull-request", ({ label }) =>
    label === undefined ? {} : { label: { name: label, is: true } },
  ),
  unlabeled: changed("pull-request", ({ label }) =>
    label === undefined ? {} : { label: { name: label, is: false } },
  ),
  ready_for_review: changed("pull-request", () => ({ draft: false })),
  converted_to_draft: changed("pull-request", () => ({ draft: true })),
  reopened: changed("pull-request", () => ({ state: "open" })),
  synchronize,
  edited,
  closed,
} satisfies WebhookHandlers;

function theReviewed(event: z.infer<typeof ReviewEvent>): SignalSubject {
  return { type: "pull", repositoryId: event.repository.id, number: event.pull_request.number };
}

const STATES: Readonly<Record<string, Review["state"]>> = {
  approved: "approved",
  changes_requested: "changes-requested",
  commented: "commented",
};

const submitted = handler("review-given", ReviewEvent, (event, arrival) => {
  const { review } = event;
  const at = review.submitted_at ?? arrival.receivedAt;
  const state = review.state.toLowerCase();
  const observed: Observed = {
    subject: `review:${review.id}`,
    observation: {
      kind: "review-given",
      pull: event.pull_request.number,
      review: {
        id: review.id,
        author: review.user,
        state: Object.hasOwn(STATES, state) ? STATES[state]! : "unknown",
        submittedAt: at,
        commit: review.commit_id ?? null,
      },
    },
    at,
  };
  return { subjects: [theReviewed(event)], observations: [observed] };
});

const dismissed = handler("review-dismissed", ReviewEvent, (event, arrival) => {
  const { review, pull_request: pull, sender } = event;
  const at = review.updated_at ?? pull.updated_at ?? arrival.receivedAt;
  const observed: Observed = {
    subject: `dismissal:${review.id}`,
    observation: { kind: "review-dismissed", pull: pull.number, reviewId: review.id, by: sender, at },
    at,
  };
  return { subjects: [theReviewed(event)], observations: [observed] };
});

/** Handles `pull_request_review`. */
export const PULL_REQUEST_REVIEW = {
  submitted,
  dismissed,
  // Its `commit_id` may have been moved since it was given, so an edit is no witness of the commit.
  edited: handler("review-edited", ReviewEvent, (event) => ({ subjects: [theReviewed(event)] })),
} satisfies WebhookHandlers;

const OWN_CHECK = "it is our own check run";

function pullsOfRun(event: z.infer<typeof CheckRunEvent>): readonly SignalSubject[] {
  const repositoryId = event.repository.id;
  const { pull_requests: reported = [], external_id: externalId, head_sha: sha } = event.check_run;
  const own = reported.filter((pull) => pull.base === undefined || pull.base.repo.id === repositoryId);
  // GitHub names no pull request whose head is in a fork; our own check runs carry the numbers of theirs.
  const numbers = new Set([...own.map(({ number }) => number), ...pullsInExternalId(externalId)]);
  if (numbers.size === 0) return [{ type: "commit", repositoryId, sha }];
  return [...numbers].map((number) => ({ type: "pull", repositoryId, number }));
}

const checkAsked = handler("recheck", CheckRunEvent, (event, { appId }) =>
  event.check_run.app?.id === appId
    ? { subjects: pullsOfRun(event) }
    : "the button belongs to another app's check run",
);

const buttonPressed = handler("button", CheckRunEvent, (event, { appId, receivedAt: at }) => {
  if (event.check_run.app?.id !== appId) return "the button belongs to another app's check run";
  const subjects = pullsOfRun(event);
  const { sender: by, repository, requested_action: action } = event;
  if (action?.identifier !== EMERGENCY_BUTTON || by?.type !== "User") return { subjects };
  return {
    subjects: subjects.map((each): SignalSubject =>
      each.type === "pull"
        ? { type: "flag", repositoryId: repository.id, number: each.number, by, at }
        : each,
    ),
  };
});

type ReportedCheck = Extract<Observation, { kind: "check-told" }>;

function reportedCheck(reported: Omit<ReportedCheck, "kind">, { delivery }: DeliveryMetadata): Observed {
  const { name, suite, at } = reported;
  return {
    subject: `check:${name}:${suite ?? ""}:${delivery}`,
    observation: { kind: "check-told", ...reported },
    at,
  };
}

/** Handles `check_run`. */
export const CHECK_RUN = {
  completed: handler("check", CheckRunEvent, (event, arrival) => {
    const { repository, check_run: run } = event;
    if (run.app?.id === arrival.appId) return OWN_CHECK;
    const { head_sha: sha, name, check_suite: suite, completed_at: at } = run;
    const subjects: readonly SignalSubject[] = [{ type: "commit", repositoryId: repository.id, sha }];
    if (suite == null || at == null) return { subjects };
    return { subjects, observations: [reportedCheck({ sha, name, suite: suite.id, at }, arrival)] };
  }),
  rerequested: checkAsked,
  requested_action: buttonPressed,
} satisfies WebhookHandlers;

/** Handles `check_suite`. */
export const CHECK_SUITE = {
  rerequested: handler("recheck", CheckSuiteEvent, ({ repository, check_suite: suite }, { appId }) =>
    suite.app?.id === appId
      ? { subjects: [{ type: "commit", repositoryId: repository.id, sha: suite.head_sha }] }
      : "the button belongs to another app's checks",
  ),
} satisfies WebhookHandlers;

/** Handles `status`. */
export const STATUS = {
  "": handler("status", StatusEvent, ({ repository, sha, context: name, created_at: at }, arrival) => ({
    subjects: [{ type: "commit", repositoryId: repository.id, sha }],
    observations:
      name === undefined || at === undefined ? [] : [reportedCheck({ sha, name, suite: null, at }, arrival)],
  })),
} satisfies WebhookHandlers;

/** Handles `merge_group`. */
export const MERGE_GROUP = {
  checks_requested: handler("merge-group", MergeGroupEvent, ({ repository, merge_group: group }) => ({
    subjects: [
      {
        type: "merge-group",
        repositoryId: repository.id,
        headSha: group.head_sha,
        headRef: group.head_ref,
        baseRef: group.base_ref,
      },
    ],
  })),
  destroyed: handler("merge-group-gone", MergeGroupEvent, ({ repository, merge_group: group }) => ({
    // Of a group that was merged its commit is the branch's; one that was not is known not to be.
    subjects: [
      {
        type: "merged",
        repositoryId: repository.id,
        ref: group.base_ref,
        commit: group.head_sha,
        number: null,
      },
    ],
  })),
} satisfies WebhookHandlers;
