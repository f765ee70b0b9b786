/** The bodies of the log's entries: what is kept of each subject, with everything its verdict rests on. */

import { z } from "zod";
import {
  PermissionSchema,
  PullRequestSchema,
  ChangeSchema,
  ReviewSchema,
  RepositorySchema,
  ActorSchema,
  ShaSchema,
  InstantSchema,
} from "./change.ts";
import { DeploymentSchema } from "./deployment.ts";
import { EmergencyFactsSchema } from "./emergency/facts.ts";
import { PolicyNamesSchema } from "./policy/names.ts";
import { PolicySchema } from "./policy/policy.ts";
import { AssessmentSchema, ControlNameSchema } from "./result.ts";
import type { Infer } from "./schema.ts";

const PolicySourceSchema = z.discriminatedUnion("state", [
  z.object({
    state: z.literal("found"),
    repository: z.string(),
    path: z.string(),
    commit: ShaSchema,
    blob: ShaSchema,
    text: z.string(),
  }),
  z.object({
    state: z.literal("absent"),
  }),
  z.object({
    state: z.literal("unreadable"),
    because: z.string(),
  }),
]);

/** A policy file as it was read, or why it was not. `unreadable` is never "no file". */
export type PolicySource = Infer<typeof PolicySourceSchema>;

/** Describes {@link PolicyRecord}. */
export const PolicyRecordSchema = z.object({
  /** SHA-256 of the canonical form of `effective` and the blobs it came from. */
  digest: z.string(),
  organization: PolicySourceSchema,
  repository: PolicySourceSchema,
  effective: PolicySchema,
});

/** Entry `policy`, subject = digest: one version of a policy in force, with the files it came from. */
export type PolicyRecord = Infer<typeof PolicyRecordSchema>;

/** Describes {@link RepositoryRecord}. */
export const RepositoryRecordSchema = z.object({
  repository: RepositorySchema,
  installationId: z.int(),
  installedFrom: InstantSchema,
  removedAt: InstantSchema.nullable(),
  inScope: z.boolean(),
  /** Why it is out of scope and who answers for that; empty: it is in scope. */
  reason: z.string(),
  /** When it came back into scope, if it ever was out of it. */
  scopedFrom: InstantSchema.exactOptional(),
  /** Full ref names of the production branches as last read, e.g. `refs/heads/main`. */
  productionRefs: z.array(z.string()),
  archived: z.boolean(),
  /** The branches that were the default one before, and until when as far as anyone saw, oldest first; left out: none. */
  formerDefaults: z.array(z.object({ branch: z.string(), until: InstantSchema })).exactOptional(),
  /** Its name and topics when it was first met, where they were others; left out: as now. */
  metAs: z.object({ name: z.string(), topics: z.array(z.string()) }).exactOptional(),
  /** Who made it, where a webhook told; left out: that is not known. */
  madeBy: ActorSchema.exactOptional(),
  /** Since when it has this owner, where it came from another one; left out: it was made here, as far as known. */
  movedInAt: InstantSchema.exactOptional(),
  /** Since when its changes were filled in from GitHub's lists, though nobody watched yet; left out: never. */
  backfilledFrom: InstantSchema.exactOptional(),
});

/** Entry `repository`, subject = repository id: a repository the App is installed on, and whether it is in scope. */
export type RepositoryRecord = Infer<typeof RepositoryRecordSchema>;

const ReviewersSchema = z.object({
  users: z.array(z.string()),
  teams: z.array(z.string()),
});

/** People by login and teams by slug. */
export type Reviewers = Infer<typeof ReviewersSchema>;

const CheckRunTextSchema = z.object({
  headSha: ShaSchema,
  status: z.enum(["in_progress", "completed"]),
  conclusion: z.enum(["success", "failure", "action_required"]).nullable(),
  title: z.string(),
  summary: z.string(),
  text: z.string(),
  /** Notes on lines of files of the commit; at most 50. Absent: none. */
  annotations: z
    .array(
      z.object({
        path: z.string(),
        line: z.int(),
        column: z.int(),
        message: z.string(),
      }),
    )
    .exactOptional(),
});

/** The check run as sent: every word people read, made by the domain and kept. */
export type CheckRunText = Infer<typeof CheckRunTextSchema>;

/** Describes {@link GateRecord}. */
export const GateRecordSchema = z.object({
  /** One pull request, or all those of a merge group. */
  pulls: z.array(PullRequestSchema),
  assessment: AssessmentSchema,
  check: CheckRunTextSchema,
  /** Whom we asked for a review of it; absent: nobody yet. They are asked once. */
  reviewersAsked: ReviewersSchema.exactOptional(),
  /** Those of its pull requests when it was judged; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/** Entry `gate`, subject = `repositoryId#number` or, for a merge group, `repositoryId@sha`: what was last said, and why. */
export type GateRecord = Infer<typeof GateRecordSchema>;

/** Describes {@link BranchRecord}. */
export const BranchRecordSchema = z.object({
  ref: z.string(),
  /** The commit the branch pointed to after the last update followed; forty zeros when it was deleted. */
  head: ShaSchema,
  /** GitHub's activity id of that update; null when only a webhook told, or nothing was followed yet. */
  activityId: z.int().nullable(),
  at: InstantSchema,
  /** Where following it began: the branch's head and last activity when observation began. */
  origin: z.object({
    head: ShaSchema,
    activityId: z.int().nullable(),
    at: InstantSchema,
  }),
  /** The last moment at which it was one of production, and whether its updates are followed up to there; left out: it still is one. */
  left: z.object({ at: InstantSchema, isFollowed: z.boolean() }).exactOptional(),
});

/** Entry `branch`, subject = `repositoryId:ref`: how far a production branch's (entry `integration-branch`: an integration branch's) chain of updates has been followed. */
export type BranchRecord = Infer<typeof BranchRecordSchema>;

/** Describes {@link ChangeRecord}. */
export const ChangeRecordSchema = z.object({
  change: ChangeSchema,
  class: z.enum(["standard", "normal", "emergency"]),
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** Those of its pull requests, as known when it was last judged; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/** Entry `change`, subject = change id: one update of a production branch, judged as of when it happened. */
export type ChangeRecord = Infer<typeof ChangeRecordSchema>;

/** Describes {@link OwnersRecord}. */
export const OwnersRecordSchema = z.object({
  path: z.string(),
  accounts: PolicyNamesSchema.shape.accounts,
  teams: PolicyNamesSchema.shape.teams.unwrap(),
});

/** Entry `code-owners`, subject = `repositoryId:digest of the file`: whom the owners asked so far meant when they were first asked. */
export type OwnersRecord = Infer<typeof OwnersRecordSchema>;

/** Describes {@link LandingRecord}. */
export const LandingRecordSchema = z.object({
  change: ChangeSchema,
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** The digest of what was asked of it; empty where no policy was known. */
  asked: z.string(),
});

/** Entry `landing`, subject = change id: one update of an integration branch, judged like one of production; no part of any population. */
export type LandingRecord = Infer<typeof LandingRecordSchema>;

/** Describes {@link DeploymentRecord}. */
export const DeploymentRecordSchema = z.object({
  deployment: DeploymentSchema,
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** Those declared for it without a pull request; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/** Entry `deployment`, subject = deployment id. */
export type DeploymentRecord = Infer<typeof DeploymentRecordSchema>;

/** Describes {@link TagsRecord}. */
export const TagsRecordSchema = z.object({
  tags: z.record(z.string(), ShaSchema),
  at: InstantSchema,
});

/** Entry `tags`, subject = repository id: the tags there were when tags began to count as deployments, and the commits they stood for. */
export type TagsRecord = Infer<typeof TagsRecordSchema>;

/** Describes {@link DeploymentGateRecord}. */
export const DeploymentGateRecordSchema = z.object({
  repository: RepositorySchema,
  /** GitHub's ids of the deployment and of the run that waits. */
  number: z.int(),
  run: z.int(),
  environment: z.string(),
  sha: ShaSchema,
  ref: z.string(),
  requestedAt: InstantSchema,
  /** Until when it waits for what may still become compliant. */
  deadline: InstantSchema,
  /** `approved` and `rejected` are final: GitHub takes no second answer. */
  answer: z.enum(["waiting", "approved", "rejected"]),
  /** What people read on the run's page. */
  comment: z.string(),
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
});

/** Entry `deployment-gate`, subject = `repositoryId#deployment:environment`: what GitHub asked our deployment gate, and what it answered last. */
export type DeploymentGateRecord = Infer<typeof DeploymentGateRecordSchema>;

/** Describes {@link Person}. */
const PersonSchema = z.object({
  id: z.int().nullable(),
  login: z.string(),
});

/** Someone who did or owns something; compared by `id`, and by login only where a terminal named somebody (`id` null). */
export type Person = Infer<typeof PersonSchema>;

const MovedSchema = z.object({
  command: z.string(),
  /** Null: the App itself. */
  by: PersonSchema.nullable(),
  role: z.enum(["owner", "causer", "other", "auditor", "app"]),
  via: z.enum(["app", "comment", "terminal"]),
  at: InstantSchema,
  text: z.string(),
});

/** The step that led to a state: which command, whose, in which part, by which way, and its words. */
export type Moved = Infer<typeof MovedSchema>;

const ListedSubjectSchema = z.object({
  /** The change id or deployment id. */
  subject: z.string(),
  pull: z.int().nullable(),
  /** One line. */
  title: z.string(),
  /** What happened, in a sentence or two. */
  what: z.string(),
  at: InstantSchema,
  controls: z.array(ControlNameSchema),
  actors: z.array(PersonSchema),
});

/** One change or deployment that a deviation lists. */
export type ListedSubject = Infer<typeof ListedSubjectSchema>;

const DeviationStatusSchema = z.enum([
  "open",
  "in-remediation",
  "done",
  "effective",
  "closed",
  "not-an-exception",
]);

/** The states a deviation goes through. */
export type DeviationStatus = Infer<typeof DeviationStatusSchema>;

const SeveritySchema = z.enum(["observation", "low", "medium", "high", "critical"]);

/** How much a deviation weighs; `observation`: noted, and no exception. */
export type Severity = Infer<typeof SeveritySchema>;

const SaidSchema = z.object({
  text: z.string(),
  by: PersonSchema.nullable(),
  at: InstantSchema,
});

/** Something said or given in a remediation, by whom and when. */
export type Said = Infer<typeof SaidSchema>;

/** Describes {@link DeviationRecord}. */
export const DeviationRecordSchema = z.object({
  id: z.string(),
  /** What its id is made of: the one change or deployment, or the cause that several share. */
  key: z.string(),
  /** `control`: it is about a control as such, such as a weakened setting or what an auditor reports. */
  subjectKind: z.enum(["change", "deployment", "control"]),
  repository: RepositorySchema,
  /** The change ids or deployment ids it lists; none for a control as such. */
  subjects: z.array(z.string()),
  listed: z.array(ListedSubjectSchema),
  /** The pull request, where it lists exactly one change that has one. */
  pull: z.int().nullable(),
  controls: z.array(ControlNameSchema),
  cause: z.string(),
  /** Where several have one cause: what completes "while ...", such as `the App was not running`. */
  sharedCause: z.string().nullable(),
  type: z.enum(["design", "operating"]),
  typeReason: z.string(),
  /** Who typed it; null: by rule. */
  typedBy: PersonSchema.nullable(),
  severity: SeveritySchema,
  status: DeviationStatusSchema,
  source: z.enum(["app", "auditor"]),
  title: z.string(),
  description: z.string(),
  happenedAt: InstantSchema,
  detectedAt: InstantSchema,
  /** From when until when production was exposed to it; `to` null: it still is. */
  exposure: z.object({
    from: InstantSchema,
    to: InstantSchema.nullable(),
  }),
  /** Who caused it. */
  actors: z.array(PersonSchema),
  /** Who entered it, where the App did not find it. */
  enteredBy: PersonSchema.nullable(),
  /** Where an auditor's report says it, such as a page. */
  reference: z.string().nullable(),
  /** Its issue on GitHub: asked for, waiting for a day with room, or none, and why. `day`: the UTC day it was asked for. */
  issue: z.object({
    state: z.enum(["none", "waiting", "asked"]),
    because: z.string(),
    /** `owner/name` where it goes. */
    repository: z.string().nullable(),
    day: z.string().nullable(),
  }),
  /** Why the gate was passed by, in the words of people who may write there, oldest first; it excuses nothing. Absent: nobody said. */
  explained: z.array(SaidSchema).exactOptional(),
  moved: MovedSchema,
});

/** Entry `deviation`, subject = deviation id: one cause for which changes, deployments or a control are not compliant. */
export type DeviationRecord = Infer<typeof DeviationRecordSchema>;

const RootCauseSchema = z.enum(["process", "resource", "awareness", "tooling", "ownership"]);

/** Why something could happen at all. */
export type RootCause = Infer<typeof RootCauseSchema>;

const RemediationReviewSchema = z.object({
  /** The day (YYYY-MM-DD) it was due by. */
  due: z.string(),
  cadence: z.enum(["weekly", "monthly"]),
  at: InstantSchema.nullable(),
  by: PersonSchema.nullable(),
  note: z.string(),
});

/** One review of a remediation that was due. `at` null: it was missed. */
export type RemediationReview = Infer<typeof RemediationReviewSchema>;

const RemediationStatusSchema = z.enum(["planned", "active", "blocked", "done", "effective"]);

/** The states a remediation goes through. */
export type RemediationStatus = Infer<typeof RemediationStatusSchema>;

/** Describes {@link RemediationRecord}. */
export const RemediationRecordSchema = z.object({
  deviation: z.string(),
  repository: RepositorySchema,
  /** What is answered, in the deviation's words. */
  finding: z.string(),
  rootCause: z
    .object({
      category: RootCauseSchema,
      text: z.string(),
    })
    .nullable(),
  /** The answers to "why?", one below the other. */
  whys: z.array(SaidSchema),
  action: z.string().nullable(),
  /** What keeps it from happening again; `suggested`: follows from the category, nobody has written another. */
  measure: z
    .object({
      text: z.string(),
      suggested: z.boolean(),
    })
    .nullable(),
  owner: PersonSchema.nullable(),
  /** Everyone who ever owned it: none of them says that it is effective. */
  owners: z.array(PersonSchema),
  /** The target date, YYYY-MM-DD. */
  due: z.string().nullable(),
  /** Every target date there was, oldest first. */
  targets: z.array(
    z.object({
      due: z.string(),
      by: PersonSchema.nullable(),
      at: InstantSchema,
    }),
  ),
  method: z.string().nullable(),
  evidence: z.array(SaidSchema),
  /** Where else the same was looked for, and what was found. */
  elsewhere: SaidSchema.nullable(),
  /** Which customers and contracts it concerns, in the organisation's words. */
  customers: SaidSchema.nullable(),
  /** What the auditor said they expect, oldest first. */
  expectations: z.array(SaidSchema),
  raci: z.object({
    accountable: z.array(PersonSchema),
    consulted: z.array(PersonSchema),
    informed: z.array(PersonSchema),
  }),
  /** Each 1 to 5; null: nobody has said. */
  priority: z
    .object({
      impact: z.int(),
      effort: z.int(),
      risk: z.int(),
    })
    .nullable(),
  status: RemediationStatusSchema,
  /** What held it up, oldest first; `until` null: it still does. */
  blockers: z.array(z.object({ ...SaidSchema.shape, until: InstantSchema.nullable() })),
  reviews: z.array(RemediationReviewSchema),
  /** When it began; reviews are counted from here. Null while planned. */
  startedAt: InstantSchema.nullable(),
  done: SaidSchema.nullable(),
  effective: SaidSchema.nullable(),
  moved: MovedSchema,
});

/** Entry `remediation`, subject = deviation id: what answers a deviation. Every step is an entry of its own. */
export type RemediationRecord = Infer<typeof RemediationRecordSchema>;

/** Describes {@link CoverageGapRecord}. */
export const CoverageGapRecordSchema = z.object({
  id: z.string(),
  cause: z.enum([
    "uninstalled",
    "suspended",
    "repository-removed",
    "permission-missing",
    "webhooks-lost",
    "github-unreachable",
    "app-down",
    "history-expired",
    "unobservable",
  ]),
  scope: z.string(),
  from: InstantSchema,
  to: InstantSchema.nullable(),
  because: z.string(),
  backfilled: z.boolean(),
});

/** Entry `coverage-gap`, subject = gap id: a span in which we could not see, and why. */
export type CoverageGapRecord = Infer<typeof CoverageGapRecordSchema>;

/** Describes {@link CompletenessRecord}. */
export const CompletenessRecordSchema = z.object({
  repository: RepositorySchema,
  ref: z.string(),
  from: InstantSchema,
  to: InstantSchema,
  /** What each listing counted. */
  listings: z.array(
    z.object({
      source: z.enum(["activity", "ledger", "git-first-parent", "merged-pull-requests", "deliveries"]),
      count: z.int(),
      query: z.string(),
      sha256: z.string(),
    }),
  ),
  matched: z.int(),
  /** Every difference, explained by a named cause or not. */
  differences: z.array(
    z.object({
      what: z.string(),
      sha: ShaSchema,
      onlyIn: z.string(),
      explanation: z.string().nullable(),
    }),
  ),
  /** True when each update begins where the one before ended, from start to end. */
  contiguous: z.boolean(),
  truncated: z.boolean(),
  complete: z.boolean(),
  /** Updates with no pull request behind them (direct and forced pushes, branch creations). */
  withoutPullRequest: z.int(),
  checkedAt: InstantSchema,
});

/** Entry `completeness`, subject = `repositoryId:ref:from:to`: one branch's independent listings counted against each other. */
export type CompletenessRecord = Infer<typeof CompletenessRecordSchema>;

/** Describes {@link CommandRecord}. */
export const CommandRecordSchema = z.object({
  commentId: z.int(),
  /** Of the pull request or issue it was given on. */
  number: z.int(),
  /** The deviation whose issue it was given on, or null. */
  deviation: z.string().nullable(),
  by: ActorSchema,
  /** GitHub's time of the comment. */
  at: InstantSchema,
  /** The first line, as written. */
  text: z.string(),
  /** The command, or null where none was understood. */
  name: z.string().nullable(),
  outcome: z.enum(["done", "refused", "not-understood"]),
  reply: z.string(),
});

/** Entry `command`, subject = `repositoryId/commentId`: a command given in a comment, and how it was answered. */
export type CommandRecord = Infer<typeof CommandRecordSchema>;

const MonthlyFiguresSchema = z.object({
  population: z.int(),
  passed: z.int(),
  failed: z.int(),
  waived: z.int(),
  unverifiable: z.int(),
  deviations: z.int(),
  /** Deviations of this control, of any month, that were not settled when this was counted. */
  openRemediations: z.int(),
  clean: z.boolean(),
});

/** What a control came to in a month. Of `population`, the subjects it applied to; `clean`: none of them failed, and no deviation of it happened in the month. */
export type MonthlyFigures = Infer<typeof MonthlyFiguresSchema>;

const SignedOffSchema = z.object({
  by: z.object({
    id: z.int().nullable(),
    login: z.string(),
  }),
  at: InstantSchema,
  comment: z.string(),
  via: z.enum(["comment", "terminal"]),
  /** What the signer saw. */
  figures: MonthlyFiguresSchema,
  /** What speaks against the signer's word, such as a deviation of the month that they caused; null: nothing known. */
  remark: z.string().nullable(),
});

/** Describes {@link MonthlyReviewRecord}. */
export const MonthlyReviewRecordSchema = z.object({
  control: ControlNameSchema,
  /** YYYY-MM, UTC. */
  month: z.string(),
  /** The login the policy named when it was asked for; null: nobody, and it was signed off unasked. */
  owner: z.string().nullable(),
  /** The account that login meant when it was first asked; null: nobody was called so, or it was not found out. */
  ownerId: z.int().nullable(),
  askedAt: InstantSchema,
  dueAt: InstantSchema,
  /** As counted when it was asked for, or last signed off. */
  figures: MonthlyFiguresSchema,
  /** `owner/name` of the repository its issue is in; null: it was not asked for on GitHub. */
  issueIn: z.string().nullable(),
  signedOff: SignedOffSchema.nullable(),
  /** Sign-offs of what the month was thought to be before it was found to be otherwise, oldest first. */
  earlier: z.array(SignedOffSchema),
});

/** Entry `monthly-review`, subject = `ORGANISATION/CONTROL:YYYY-MM`: a control's month, and its sign-off by the control's owner. */
export type MonthlyReviewRecord = Infer<typeof MonthlyReviewRecordSchema>;

/** Describes {@link WebhookRecord}. */
export const WebhookRecordSchema = z.object({
  url: z.string(),
});

/** Describes {@link Observation}. */
export const ObservationSchema = z.discriminatedUnion("kind", [
  z.object({
    /** Subject `review:ID`: a review as it was given, with the commit GitHub named then. */
    kind: z.literal("review-given"),
    pull: z.int(),
    review: ReviewSchema.omit({ basis: true, dismissed: true }),
  }),
  z.object({
    /** Subject `dismissal:ID`. */
    kind: z.literal("review-dismissed"),
    pull: z.int(),
    reviewId: z.int(),
    by: ActorSchema.nullable(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `push:REF:BEFORE:AFTER:DELIVERY`: who was seen to move a branch. */
    kind: z.literal("pushed"),
    ref: z.string(),
    before: ShaSchema,
    after: ShaSchema,
    actor: ActorSchema.nullable(),
    forced: z.boolean(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `tag:BEFORE:AFTER:DELIVERY`: who was seen to make, move or delete a tag. `commit`: what it stands for since, if it was told. */
    kind: z.literal("tagged"),
    ref: z.string(),
    before: ShaSchema,
    after: ShaSchema,
    commit: ShaSchema.nullable(),
    actor: ActorSchema.nullable(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `key:ID:DELIVERY`, of the repository's keys: a deploy key with write access was added, or deleted at `goneAt`. */
    kind: z.literal("key-told"),
    key: z.int(),
    /** Who added it, as GitHub wrote it then. */
    login: z.string().nullable(),
    /** Who was seen to add it. */
    by: ActorSchema.nullable(),
    from: InstantSchema,
    goneAt: InstantSchema.nullable(),
  }),
  z.object({
    /** Subject `retarget:PULL:DELIVERY`. */
    kind: z.literal("retargeted"),
    pull: z.int(),
    from: z.string(),
    to: z.string(),
    by: ActorSchema.nullable(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `answered:RUN:DELIVERY`: a reviewer of environments answered the jobs of one attempt that waited. */
    kind: z.literal("job-answered"),
    run: z.int(),
    attempt: z.int(),
    environments: z.array(z.string()),
    state: z.string(),
    by: ActorSchema.nullable(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `changed:PULL:DELIVERY`: what an event of a pull request changed, and nothing else of it. */
    kind: z.literal("pull-changed"),
    pull: z.int(),
    at: InstantSchema,
    label: z.object({ name: z.string(), is: z.boolean() }).exactOptional(),
    draft: z.boolean().exactOptional(),
    title: z.string().exactOptional(),
    state: z.enum(["open", "closed"]).exactOptional(),
  }),
  z.object({
    /** Subject `check:NAME:SUITE:DELIVERY`, of a commit's checks: how a check or status that a policy asks for ended. */
    kind: z.literal("check-told"),
    sha: ShaSchema,
    name: z.string(),
    /** Of a check run: the suite it belongs to. Null: it is a commit status. */
    suite: z.int().nullable(),
    /** When it ended; of a status, when it was set. */
    at: InstantSchema,
  }),
  z.object({
    /** Subject `right:OF:PERSON:DELIVERY`, of the owner: someone lost a right, or has it back. `of`: a team (`org/slug`), an organisation, or a repository by id. */
    kind: z.literal("right-lost"),
    ownerId: z.int(),
    of: z.string(),
    /** Null: everyone who had it. */
    personId: z.int().nullable(),
    /** What is left in a repository; absent: nothing. */
    permission: PermissionSchema.exactOptional(),
    /** The team (`org/slug`) through which it was held in a repository: who is in it may hold it otherwise too. Absent: by themselves. */
    through: z.string().exactOptional(),
    /** Of a team: its id, and whether it is in another one, whose rights its members have too. */
    team: z.object({ id: z.int(), isNested: z.boolean() }).exactOptional(),
    isBack: z.boolean(),
    /** GitHub's id of the delivery that told it; absent in older records. */
    delivery: z.string().exactOptional(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `late:DELIVERY`, of the owner: the first attempt to tell it failed at `at`. What it tells was so by then. */
    kind: z.literal("told-late"),
    ownerId: z.int(),
    delivery: z.string(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `policy:BEFORE:AFTER:DELIVERY`, of the owner: the default branch of its policy's repository moved. */
    kind: z.literal("policy-pushed"),
    ownerId: z.int(),
    before: ShaSchema,
    after: ShaSchema,
    at: InstantSchema,
  }),
  z.object({
    /** Subject `reworded:PULL:DELIVERY`: the description was changed. */
    kind: z.literal("reworded"),
    pull: z.int(),
    /** What it said before, kept only where that was what was merged. */
    from: z.string().nullable(),
    afterMerge: z.boolean(),
    by: ActorSchema.nullable(),
    at: InstantSchema,
  }),
]);

/** Entry `observation`: what only a webhook could know, kept when it came. Subject: see each kind. */
export type Observation = Infer<typeof ObservationSchema>;

/** Raises a monthly review of version 1: whose id the owner was nobody noted, and the figures were those that were signed. */
export function keepWhatWasSigned(
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { signedOff, figures } = body;
  const signed =
    typeof signedOff === "object" && signedOff !== null ? { ...signedOff, figures, remark: null } : null;
  return { ...body, ownerId: null, signedOff: signed, earlier: [] };
}
