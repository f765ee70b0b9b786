/** The bodies of the log's entries: what is kept of each subject, with everything its verdict rests on. */

import type { Actor, Change, Instant, PullRequest, Repository, Review, Sha } from "./change.ts";
import type { Deployment } from "./deployment.ts";
import type { EmergencyFacts } from "./emergency/facts.ts";
import type { PolicyNames } from "./policy/names.ts";
import type { Policy } from "./policy/policy.ts";
import type { Assessment, ControlName } from "./result.ts";

/** A policy file as it was read, or why it was not. `unreadable` is never "no file". */
export type PolicySource =
  | {
      readonly state: "found";
      readonly repository: string;
      readonly path: string;
      readonly commit: Sha;
      readonly blob: Sha;
      readonly text: string;
    }
  | { readonly state: "absent" }
  | { readonly state: "unreadable"; readonly because: string };

/** Entry `policy`, subject = digest: one version of a policy in force, with the files it came from. */
export interface PolicyRecord {
  /** SHA-256 of the canonical form of `effective` and the blobs it came from. */
  readonly digest: string;
  readonly organization: PolicySource;
  readonly repository: PolicySource;
  readonly effective: Policy;
}

/** Entry `repository`, subject = repository id: a repository the App is installed on, and whether it is in scope. */
export interface RepositoryRecord {
  readonly repository: Repository;
  readonly installationId: number;
  readonly installedFrom: Instant;
  readonly removedAt: Instant | null;
  readonly inScope: boolean;
  /** Why it is out of scope and who answers for that; empty: it is in scope. */
  readonly reason: string;
  /** When it came back into scope, if it ever was out of it. */
  readonly scopedFrom?: Instant;
  /** Full ref names of the production branches as last read, e.g. `refs/heads/main`. */
  readonly productionRefs: readonly string[];
  readonly archived: boolean;
  /** Since when its changes were filled in from GitHub's lists, though nobody watched yet; left out: never. */
  readonly backfilledFrom?: Instant;
}

/** People by login and teams by slug. */
export interface Reviewers {
  readonly users: readonly string[];
  readonly teams: readonly string[];
}

/** Entry `gate`, subject = `repositoryId#number` or, for a merge group, `repositoryId@sha`: what was last said, and why. */
export interface GateRecord {
  /** One pull request, or all those of a merge group. */
  readonly pulls: readonly PullRequest[];
  readonly assessment: Assessment;
  readonly check: CheckRunText;
  /** Whom we asked for a review of it; absent: nobody yet. They are asked once. */
  readonly reviewersAsked?: Reviewers;
  /** Those of its pull requests when it was judged; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
}

/** The check run as sent: every word people read, made by the domain and kept. */
export interface CheckRunText {
  readonly headSha: Sha;
  readonly status: "in_progress" | "completed";
  readonly conclusion: "success" | "failure" | "action_required" | null;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  /** Notes on lines of files of the commit; at most 50. Absent: none. */
  readonly annotations?: readonly {
    readonly path: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[];
}

/** Entry `branch`, subject = `repositoryId:ref`: how far a production branch's (entry `integration-branch`: an integration branch's) chain of updates has been followed. */
export interface BranchRecord {
  readonly ref: string;
  /** The commit the branch pointed to after the last update followed; forty zeros when it was deleted. */
  readonly head: Sha;
  /** GitHub's activity id of that update; null when only a webhook told, or nothing was followed yet. */
  readonly activityId: number | null;
  readonly at: Instant;
  /** Where following it began: the branch's head and last activity when observation began. */
  readonly origin: { readonly head: Sha; readonly activityId: number | null; readonly at: Instant };
}

/** Entry `change`, subject = change id: one update of a production branch, judged as of when it happened. */
export interface ChangeRecord {
  readonly change: Change;
  readonly class: "standard" | "normal" | "emergency";
  readonly mode: "observe" | "enforce";
  readonly assessment: Assessment;
  /** Those of its pull requests, as known when it was last judged; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
}

/** Entry `code-owners`, subject = `repositoryId:digest of the file`: whom the owners asked so far meant when they were first asked. */
export interface OwnersRecord {
  readonly path: string;
  readonly accounts: PolicyNames["accounts"];
  readonly teams: NonNullable<PolicyNames["teams"]>;
}

/** Entry `landing`, subject = change id: one update of an integration branch, judged like one of production; no part of any population. */
export interface LandingRecord {
  readonly change: Change;
  readonly mode: "observe" | "enforce";
  readonly assessment: Assessment;
  /** The digest of what was asked of it; empty where no policy was known. */
  readonly asked: string;
}

/** Entry `deployment`, subject = deployment id. */
export interface DeploymentRecord {
  readonly deployment: Deployment;
  readonly mode: "observe" | "enforce";
  readonly assessment: Assessment;
  /** Those declared for it without a pull request; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
}

/** Entry `tags`, subject = repository id: the tags there were when tags began to count as deployments, and the commits they stood for. */
export interface TagsRecord {
  readonly tags: Readonly<Record<string, Sha>>;
  readonly at: Instant;
}

/** Entry `deployment-gate`, subject = `repositoryId#deployment:environment`: what GitHub asked our deployment gate, and what it answered last. */
export interface DeploymentGateRecord {
  readonly repository: Repository;
  /** GitHub's ids of the deployment and of the run that waits. */
  readonly number: number;
  readonly run: number;
  readonly environment: string;
  readonly sha: Sha;
  readonly ref: string;
  readonly requestedAt: Instant;
  /** Until when it waits for what may still become compliant. */
  readonly deadline: Instant;
  /** `approved` and `rejected` are final: GitHub takes no second answer. */
  readonly answer: "waiting" | "approved" | "rejected";
  /** What people read on the run's page. */
  readonly comment: string;
  readonly mode: "observe" | "enforce";
  readonly assessment: Assessment;
}

/** Someone who did or owns something; compared by `id`, and by login only where a terminal named somebody (`id` null). */
export interface Person {
  readonly id: number | null;
  readonly login: string;
}

/** The step that led to a state: which command, whose, in which part, by which way, and its words. */
export interface Moved {
  readonly command: string;
  /** Null: the App itself. */
  readonly by: Person | null;
  readonly role: "owner" | "causer" | "other" | "auditor" | "app";
  readonly via: "app" | "comment" | "terminal";
  readonly at: Instant;
  readonly text: string;
}

/** One change or deployment that a deviation lists. */
export interface ListedSubject {
  /** The change id or deployment id. */
  readonly subject: string;
  readonly pull: number | null;
  /** One line. */
  readonly title: string;
  /** What happened, in a sentence or two. */
  readonly what: string;
  readonly at: Instant;
  readonly controls: readonly ControlName[];
  readonly actors: readonly Person[];
}

/** The states a deviation goes through. */
export type DeviationStatus =
  "open" | "in-remediation" | "done" | "effective" | "closed" | "not-an-exception";

/** How much a deviation weighs; `observation`: noted, and no exception. */
export type Severity = "observation" | "low" | "medium" | "high" | "critical";

/** Entry `deviation`, subject = deviation id: one cause for which changes, deployments or a control are not compliant. */
export interface DeviationRecord {
  readonly id: string;
  /** What its id is made of: the one change or deployment, or the cause that several share. */
  readonly key: string;
  /** `control`: it is about a control as such, such as a weakened setting or what an auditor reports. */
  readonly subjectKind: "change" | "deployment" | "control";
  readonly repository: Repository;
  /** The change ids or deployment ids it lists; none for a control as such. */
  readonly subjects: readonly string[];
  readonly listed: readonly ListedSubject[];
  /** The pull request, where it lists exactly one change that has one. */
  readonly pull: number | null;
  readonly controls: readonly ControlName[];
  readonly cause: string;
  /** Where several have one cause: what completes "while ...", such as `the App was not running`. */
  readonly sharedCause: string | null;
  readonly type: "design" | "operating";
  readonly typeReason: string;
  /** Who typed it; null: by rule. */
  readonly typedBy: Person | null;
  readonly severity: Severity;
  readonly status: DeviationStatus;
  readonly source: "app" | "auditor";
  readonly title: string;
  readonly description: string;
  readonly happenedAt: Instant;
  readonly detectedAt: Instant;
  /** From when until when production was exposed to it; `to` null: it still is. */
  readonly exposure: { readonly from: Instant; readonly to: Instant | null };
  /** Who caused it. */
  readonly actors: readonly Person[];
  /** Who entered it, where the App did not find it. */
  readonly enteredBy: Person | null;
  /** Where an auditor's report says it, such as a page. */
  readonly reference: string | null;
  /** Its issue on GitHub: asked for, waiting for a day with room, or none, and why. `day`: the UTC day it was asked for. */
  readonly issue: {
    readonly state: "none" | "waiting" | "asked";
    readonly because: string;
    /** `owner/name` where it goes. */
    readonly repository: string | null;
    readonly day: string | null;
  };
  /** Why the gate was passed by, in the words of people who may write there, oldest first; it excuses nothing. Absent: nobody said. */
  readonly explained?: readonly Said[];
  readonly moved: Moved;
}

/** Why something could happen at all. */
export type RootCause = "process" | "resource" | "awareness" | "tooling" | "ownership";

/** Something said or given in a remediation, by whom and when. */
export interface Said {
  readonly text: string;
  readonly by: Person | null;
  readonly at: Instant;
}

/** One review of a remediation that was due. `at` null: it was missed. */
export interface RemediationReview {
  /** The day (YYYY-MM-DD) it was due by. */
  readonly due: string;
  readonly cadence: "weekly" | "monthly";
  readonly at: Instant | null;
  readonly by: Person | null;
  readonly note: string;
}

/** The states a remediation goes through. */
export type RemediationStatus = "planned" | "active" | "blocked" | "done" | "effective";

/** Entry `remediation`, subject = deviation id: what answers a deviation. Every step is an entry of its own. */
export interface RemediationRecord {
  readonly deviation: string;
  readonly repository: Repository;
  /** What is answered, in the deviation's words. */
  readonly finding: string;
  readonly rootCause: { readonly category: RootCause; readonly text: string } | null;
  /** The answers to "why?", one below the other. */
  readonly whys: readonly Said[];
  readonly action: string | null;
  /** What keeps it from happening again; `suggested`: follows from the category, nobody has written another. */
  readonly measure: { readonly text: string; readonly suggested: boolean } | null;
  readonly owner: Person | null;
  /** Everyone who ever owned it: none of them says that it is effective. */
  readonly owners: readonly Person[];
  /** The target date, YYYY-MM-DD. */
  readonly due: string | null;
  /** Every target date there was, oldest first. */
  readonly targets: readonly { readonly due: string; readonly by: Person | null; readonly at: Instant }[];
  readonly method: string | null;
  readonly evidence: readonly Said[];
  /** Where else the same was looked for, and what was found. */
  readonly elsewhere: Said | null;
  /** Which customers and contracts it concerns, in the organisation's words. */
  readonly customers: Said | null;
  /** What the auditor said they expect, oldest first. */
  readonly expectations: readonly Said[];
  readonly raci: {
    readonly accountable: readonly Person[];
    readonly consulted: readonly Person[];
    readonly informed: readonly Person[];
  };
  /** Each 1 to 5; null: nobody has said. */
  readonly priority: { readonly impact: number; readonly effort: number; readonly risk: number } | null;
  readonly status: RemediationStatus;
  /** What held it up, oldest first; `until` null: it still does. */
  readonly blockers: readonly (Said & { readonly until: Instant | null })[];
  readonly reviews: readonly RemediationReview[];
  /** When it began; reviews are counted from here. Null while planned. */
  readonly startedAt: Instant | null;
  readonly done: Said | null;
  readonly effective: Said | null;
  readonly moved: Moved;
}

/** Entry `coverage-gap`, subject = gap id: a span in which we could not see, and why. */
export interface CoverageGapRecord {
  readonly id: string;
  readonly cause:
    | "uninstalled"
    | "suspended"
    | "repository-removed"
    | "permission-missing"
    | "webhooks-lost"
    | "github-unreachable"
    | "app-down"
    | "history-expired"
    | "unobservable";
  readonly scope: string;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly because: string;
  readonly backfilled: boolean;
}

/** Entry `completeness`, subject = `repositoryId:ref:from:to`: one branch's independent listings counted against each other. */
export interface CompletenessRecord {
  readonly repository: Repository;
  readonly ref: string;
  readonly from: Instant;
  readonly to: Instant;
  /** What each listing counted. */
  readonly listings: readonly {
    readonly source: "activity" | "ledger" | "git-first-parent" | "merged-pull-requests" | "deliveries";
    readonly count: number;
    readonly query: string;
    readonly sha256: string;
  }[];
  readonly matched: number;
  /** Every difference, explained by a named cause or not. */
  readonly differences: readonly {
    readonly what: string;
    readonly sha: Sha;
    readonly onlyIn: string;
    readonly explanation: string | null;
  }[];
  /** True when each update begins where the one before ended, from start to end. */
  readonly contiguous: boolean;
  readonly truncated: boolean;
  readonly complete: boolean;
  /** Updates with no pull request behind them (direct and forced pushes, branch creations). */
  readonly withoutPullRequest: number;
  readonly checkedAt: Instant;
}

/** Entry `command`, subject = `repositoryId/commentId`: a command given in a comment, and how it was answered. */
export interface CommandRecord {
  readonly commentId: number;
  /** Of the pull request or issue it was given on. */
  readonly number: number;
  /** The deviation whose issue it was given on, or null. */
  readonly deviation: string | null;
  readonly by: Actor;
  /** GitHub's time of the comment. */
  readonly at: Instant;
  /** The first line, as written. */
  readonly text: string;
  /** The command, or null where none was understood. */
  readonly name: string | null;
  readonly outcome: "done" | "refused" | "not-understood";
  readonly reply: string;
}

/** What a control came to in a month. Of `population`, the subjects it applied to; `clean`: no deviation of it happened in the month. */
export interface MonthlyFigures {
  readonly population: number;
  readonly passed: number;
  readonly failed: number;
  readonly waived: number;
  readonly unverifiable: number;
  readonly deviations: number;
  /** Deviations of this control, of any month, that were not settled when this was counted. */
  readonly openRemediations: number;
  readonly clean: boolean;
}

/** Entry `monthly-review`, subject = `ORGANISATION/CONTROL:YYYY-MM`: a control's month, and its sign-off by the control's owner. */
export interface MonthlyReviewRecord {
  readonly control: ControlName;
  /** YYYY-MM, UTC. */
  readonly month: string;
  /** The login the policy named when it was asked for; null: nobody, and it was signed off unasked. */
  readonly owner: string | null;
  readonly askedAt: Instant;
  readonly dueAt: Instant;
  /** As counted when it was asked for, or last signed off. */
  readonly figures: MonthlyFigures;
  /** `owner/name` of the repository its issue is in; null: it was not asked for on GitHub. */
  readonly issueIn: string | null;
  readonly signedOff: {
    readonly by: { readonly id: number | null; readonly login: string };
    readonly at: Instant;
    readonly comment: string;
    readonly via: "comment" | "terminal";
  } | null;
}

/** Entry `webhook`, subject = organisation id: where GitHub sent webhooks to when that was first read. */
export interface WebhookRecord {
  readonly url: string;
}

/** Entry `observation`: what only a webhook could know, kept when it came. Subject: see each kind. */
export type Observation =
  | {
      /** Subject `review:ID`: a review as it was given, with the commit GitHub named then. */
      readonly kind: "review-given";
      readonly pull: number;
      readonly review: Omit<Review, "basis" | "dismissed">;
    }
  | {
      /** Subject `dismissal:ID`. */
      readonly kind: "review-dismissed";
      readonly pull: number;
      readonly reviewId: number;
      readonly by: Actor | null;
      readonly at: Instant;
    }
  | {
      /** Subject `push:REF:BEFORE:AFTER:DELIVERY`: who was seen to move a branch. */
      readonly kind: "pushed";
      readonly ref: string;
      readonly before: Sha;
      readonly after: Sha;
      readonly actor: Actor | null;
      readonly forced: boolean;
      readonly at: Instant;
    }
  | {
      /** Subject `tag:BEFORE:AFTER:DELIVERY`: who was seen to make, move or delete a tag. `commit`: what it stands for since, if it was told. */
      readonly kind: "tagged";
      readonly ref: string;
      readonly before: Sha;
      readonly after: Sha;
      readonly commit: Sha | null;
      readonly actor: Actor | null;
      readonly at: Instant;
    }
  | {
      /** Subject `retarget:PULL:DELIVERY`. */
      readonly kind: "retargeted";
      readonly pull: number;
      readonly from: string;
      readonly to: string;
      readonly by: Actor | null;
      readonly at: Instant;
    }
  | {
      /** Subject `reworded:PULL:DELIVERY`: the description was changed. */
      readonly kind: "reworded";
      readonly pull: number;
      /** What it said before, kept only where that was what was merged. */
      readonly from: string | null;
      readonly afterMerge: boolean;
      readonly by: Actor | null;
      readonly at: Instant;
    };
