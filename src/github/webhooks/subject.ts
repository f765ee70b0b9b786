/** What a webhook may be about, in our own words. */

import type { Repository } from "../../domain/change/repository.ts";
import type { GivenComment } from "../../domain/emergency/command.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor } from "../../domain/change/people.ts";

/** Names what happened to an installation or a repository as a whole. */
export type LifecycleEvent =
  | "installed"
  | "uninstalled"
  | "suspended"
  | "unsuspended"
  | "permissions-accepted"
  | "account-renamed"
  | "repository-added"
  | "repository-removed"
  | "repository-created"
  | "repository-deleted"
  | "repository-renamed"
  | "repository-transferred"
  | "repository-archived"
  | "repository-unarchived"
  | "repository-published"
  | "repository-made-private"
  | "repository-edited";

/** Describes a subject to assess again because of a delivery. `ref` is a full ref name, `number` GitHub's number or deployment id. */
export type SignalSubject =
  | { readonly type: "pull"; readonly repositoryId: number; readonly number: number }
  /** A branch was updated: its chain of updates is to be caught up. */
  | { readonly type: "branch"; readonly repositoryId: number; readonly ref: string }
  /** A commit landed on a branch: the merge of a pull request, or of a merge group (`number` null). */
  | {
      readonly type: "merged";
      readonly repositoryId: number;
      readonly ref: string;
      readonly commit: Sha;
      readonly number: number | null;
    }
  /** Checks or statuses of a commit changed: the open pull requests with this head. */
  | { readonly type: "commit"; readonly repositoryId: number; readonly sha: Sha }
  | {
      readonly type: "merge-group";
      readonly repositoryId: number;
      readonly headSha: Sha;
      readonly headRef: string;
      readonly baseRef: string;
    }
  | { readonly type: "deployment"; readonly repositoryId: number; readonly number: number }
  /** The emergency button of a pull request's check run was pressed. `at` is when that was received: GitHub sends no time. */
  | {
      readonly type: "flag";
      readonly repositoryId: number;
      readonly number: number;
      readonly by: Actor;
      readonly at: Instant;
    }
  /** A job waits for our gate; `run` is what is answered. */
  | {
      readonly type: "gate";
      readonly repositoryId: number;
      readonly deployment: number;
      readonly environment: string;
      readonly run: number;
    }
  /** A tag was made, moved or deleted; its name without `refs/tags/`. */
  | { readonly type: "tag"; readonly repositoryId: number; readonly tag: string }
  /** A workflow run succeeded. */
  | { readonly type: "run"; readonly repositoryId: number; readonly run: number }
  /** A comment meant for us, on a pull request or on an issue; `deviation` is read from the marker of an issue the App itself wrote. */
  | ({ readonly type: "comment"; readonly repositoryId: number } & Commented)
  /** A ruleset, a branch protection or an environment may be another than it was. `repositoryId` null: in the whole organisation. */
  | {
      readonly type: "protection";
      readonly repositoryId: number | null;
      readonly organizationId: number;
      /** Who changed it, and when, as far as the webhook shows. */
      readonly by: Actor | null;
      readonly at: Instant;
      /** Only who has which right; absent: all of it. */
      readonly part?: "people";
    }
  /** A deployment to this environment began or succeeded. */
  | { readonly type: "deployed-to"; readonly repositoryId: number; readonly environment: string }
  | ({ readonly type: "issue"; readonly repositoryId: number } & IssueTouched)
  /** Everything open in the repository may have another answer now. */
  | { readonly type: "repository"; readonly repositoryId: number }
  /** A team, a member or the organisation's policy changed. */
  | { readonly type: "organization"; readonly organizationId: number }
  | { readonly type: "installation"; readonly installationId: number }
  | {
      readonly type: "lifecycle";
      readonly happened: LifecycleEvent;
      readonly installationId: number | null;
      /** Null: it concerns the whole installation. */
      readonly repositoryId: number | null;
      readonly by: Actor | null;
      /** GitHub's time where the payload has one, else when the delivery was received. */
      readonly at: Instant;
    };

/** Describes a comment and where it was written. */
export interface Commented {
  /** Of the issue or pull request. */
  readonly number: number;
  readonly on: "pull" | "issue";
  /** The deviation whose issue it is, or null. */
  readonly deviation: string | null;
  /** The month (YYYY-MM) whose review it requests, or null. */
  readonly month: string | null;
  readonly comment: GivenComment;
}

/** Describes an issue of a deviation that was closed, opened again or rewritten by anyone. */
export interface IssueTouched {
  readonly number: number;
  /** As its marker names it; the body may have been edited. */
  readonly deviation: string;
  readonly happened: "closed" | "reopened" | "edited";
  readonly by: Actor | null;
  readonly title: string;
  readonly body: string;
  /** Distinguishes this event from the next one. */
  readonly delivery: string;
}

/** Names where a delivery comes from, as far as its payload shows. */
export interface SignalPlace {
  readonly installationId: number | null;
  readonly repository: Repository | null;
  readonly organizationId: number | null;
}

/** Holds an observation as the log keeps it: entry subject, body and time. */
export interface Observed {
  readonly subject: string;
  readonly observation: Observation;
  readonly at: Instant;
}

/** Describes what a delivery means for us, or why it means nothing. `stale` names what {@link Lookups} must forget. */
export type Signal =
  | {
      readonly kind: "parsed";
      readonly as: string;
      readonly where: SignalPlace;
      readonly subjects: readonly SignalSubject[];
      readonly observations: readonly Observed[];
      readonly stale: readonly string[];
    }
  | { readonly kind: "ignored"; readonly because: string };

/** Holds what is known of a delivery beside its payload. */
export interface DeliveryMetadata {
  /** Our App's id: its own check runs are not listened to. */
  readonly appId: number;
  /** GitHub's delivery id; it makes the subjects of observations unique. */
  readonly delivery: string;
  readonly receivedAt: Instant;
}

/** Holds what one handler returns for one payload; `string`: why it is ignored. */
export type ParseResult =
  | string
  | {
      readonly subjects: readonly SignalSubject[];
      readonly observations?: readonly Observed[];
      readonly stale?: readonly string[];
    };

/** Parses one event and action: `as` names what it is parsed as. */
export interface WebhookHandler {
  readonly as: string;
  readonly parse: (payload: unknown, arrival: DeliveryMetadata) => ParseResult;
}

/** Maps each action of one event to its handler; the action of events that have none is the empty text. */
export type WebhookHandlers = Readonly<Record<string, WebhookHandler>>;
