/** Every `do` of the scenario format with its keys; the docstrings are the reference page. */

import { z } from "zod";
import {
  BranchSchema,
  StoryCommitSchema,
  DurationSchema,
  FilesSchema,
  MomentSchema,
  NameSchema,
  StoryPermissionSchema,
  PullSchema,
  StepNameSchema,
  byKind,
} from "./words.ts";

/** The keys every step may have, besides its own. */
const COMMON_KEYS = {
  by: NameSchema.optional().describe("who does it: a name of `people`"),
  repository: z.string().min(1).optional().describe("a repository of acme; default: web"),
  after: DurationSchema.optional().describe("how long after the step before"),
  at: MomentSchema.optional().describe("when; never before the step before"),
  bypass: z.literal(true).optional().describe("grants and uses a right to bypass"),
  refused: z
    .union([z.literal(true), z.string().min(1)])
    .optional()
    .describe("GitHub refuses it: true, or a part of what it answers"),
  as: StepNameSchema.optional().describe("names what the step made, for later steps and the column `step`"),
} as const;

const text = z.string().min(1);
const names = z.array(NameSchema).min(1);
const method = z.enum(["merge", "squash", "rebase"]);
const pull = { pull: PullSchema };
const times = z
  .int()
  .min(1)
  .optional()
  .describe("so many entries at once, numbered but the last; only the last is told by a webhook");
const branchOrPull = { branch: BranchSchema.optional(), pull: PullSchema.optional() };
const push = {
  ...branchOrPull,
  files: FilesSchema.optional(),
  message: z.string().optional(),
  author: NameSchema.optional(),
  "co-authors": names.optional(),
  to: StoryCommitSchema.optional(),
  via: z.enum(["git", "web", "api", "deploy-key", "token"]).optional(),
  signed: z.boolean().optional(),
  email: text.optional().describe("the address it is committed with, if none of the person's own"),
  merges: z
    .array(StoryCommitSchema)
    .min(1)
    .optional()
    .describe("it merges these too: one makes a merge, several an octopus"),
  many: z
    .strictObject({ commits: z.int().min(1), files: z.int().min(1), under: text })
    .optional()
    .describe("so many commits that add so many files below a folder, in place of one"),
};
const branches = {
  branch: BranchSchema,
  from: StoryCommitSchema.optional(),
  files: FilesSchema.optional(),
  to: z.string().min(1).optional(),
};
const tag = { tag: text, commit: StoryCommitSchema };
const person = { person: NameSchema };
const protection = {
  branch: z.string().min(1).optional().describe("the branch or pattern it guards; default: main"),
  enforcement: z.enum(["active", "disabled", "evaluate"]).optional(),
  approvals: z.int().min(0).optional(),
  checks: z.array(z.strictObject({ name: text, app: text.optional() })).optional(),
  bypass: z
    .union([z.literal(true), z.array(text)])
    .optional()
    .describe("who may bypass it"),
  delete: z.boolean().optional(),
};
const repositoryStep = {
  to: text.optional(),
  visibility: z.enum(["public", "private", "internal"]).optional(),
};
const deviation = z.union([z.int().min(1), z.string().min(1)]);
const pullOrDeviation = { pull: PullSchema.optional(), deviation: deviation.optional() };
const rawPolicy = z.union([z.record(z.string(), z.unknown()), z.string()]);

/** Given at the terminal: for a pull request, or for one commit in one environment. */
const EMERGENCY_KEYS: z.ZodRawShape = {
  pull: PullSchema.optional(),
  environment: text.optional().describe("default: production"),
  commit: text.optional(),
  reason: z.string().optional().describe("or the note of a review"),
};

/** The ways in which GitHub's answers go wrong. */
const FAILURES = [
  "server-error",
  "html",
  "cut-json",
  "cut-short",
  "refused",
  "unauthorized",
  "not-found",
  "rate-limit",
  "secondary-limit",
  "too-quickly",
  "allow-list",
  "suspended",
  "went-wrong",
  "resource-limits",
  "missing-node",
  "insufficient-scopes",
  "too-many-nodes",
] as const;

/** The kinds of answer that can be older than the state. */
const lagKind = z.enum([
  "pulls",
  "reviews",
  "commits",
  "commit-pulls",
  "queue",
  "team-members",
  "collaborators",
  "contents",
  "check-runs",
  "activity",
]);

/** Holds every `do` with the keys it has on top of {@link COMMON_KEYS}. */
export const STEP_KEYS: Readonly<Record<string, z.ZodRawShape>> = {
  "open-pull-request": {
    pull: PullSchema.optional(),
    branch: BranchSchema.optional(),
    base: BranchSchema.optional(),
    files: FilesSchema.optional(),
    title: text.optional(),
    body: z.string().optional(),
    labels: z.array(text).optional(),
    draft: z.boolean().optional(),
    message: z.string().optional(),
    "co-authors": names.optional(),
    fork: z.union([z.boolean(), text]).optional(),
    "requested-by": NameSchema.optional(),
  },
  "edit-pull-request": {
    ...pull,
    title: text.optional(),
    body: z.string().optional().describe("the new description"),
    times,
  },
  push,
  "force-push": push,
  review: {
    ...pull,
    state: z.enum(["approved", "changes-requested", "commented"]),
    body: z.string().optional(),
    times,
  },
  "edit-review": { ...pull, body: z.string() },
  "dismiss-review": { ...pull, of: text.describe("whose review, or the name its step gave") },
  comment: { pull: PullSchema.optional(), deviation: deviation.optional(), text },
  "edit-comment": { of: StepNameSchema, text },
  "delete-comment": { of: StepNameSchema },
  command: {
    pull: PullSchema.optional(),
    deviation: deviation.optional(),
    deployment: StepNameSchema.optional(),
    text,
  },
  press: { ...pull, button: z.enum(["emergency", "recheck"]) },
  assign: { ...pull, ...person },
  unassign: { ...pull, ...person },
  label: { ...pull, label: text },
  unlabel: { ...pull, label: text },
  retarget: { ...pull, base: BranchSchema },
  ready: pull,
  draft: pull,
  close: pullOrDeviation,
  reopen: pullOrDeviation,
  "open-issue": { title: text, text: z.string().describe("its body, as written") },
  "edit-issue": { deviation, text: z.string().describe("what its body becomes") },
  "update-branch": {
    ...pull,
    method: z.enum(["merge", "rebase"]).optional(),
    files: FilesSchema.optional().describe("a conflict solved so"),
  },
  "apply-suggestion": { ...pull, from: NameSchema, files: FilesSchema },
  merge: { ...pull, method: method.optional() },
  "merge-locally-and-push": {
    pulls: z.array(PullSchema).min(1),
    branch: BranchSchema.optional(),
    files: FilesSchema.optional(),
  },
  enqueue: {
    ...pull,
    group: z
      .int()
      .min(1)
      .optional()
      .describe("where this turns the queue on: so many are merged together, in one push; default: 1"),
  },
  dequeue: pull,
  "enable-auto-merge": { ...pull, method: method.optional() },
  revert: { ...pull, opens: PullSchema.optional() },
  "cherry-pick": { commit: StoryCommitSchema, branch: BranchSchema },
  "create-branch": branches,
  "delete-branch": branches,
  "rename-branch": branches,
  "set-default-branch": branches,
  "create-tag": tag,
  "move-tag": tag,
  "publish-release": { tag: text },
  "set-check": {
    commit: StoryCommitSchema.optional(),
    pull: PullSchema.optional(),
    name: text,
    app: text.optional(),
    conclusion: text,
    via: z.literal("status").optional().describe("a commit status, set by whoever does it, not a check run"),
    workflow: text
      .optional()
      .describe("the workflow whose job it is, by its name; default: one that every check shares"),
    event: text.optional().describe("what began that workflow; default: pull_request"),
    leg: text.optional().describe("one of several jobs of one name in it"),
    times: times.describe("so many statuses of numbered names at once; only the last is told by a webhook"),
  },
  deploy: {
    environment: text.optional(),
    commit: StoryCommitSchema.optional(),
    via: z.enum(["api", "workflow", "outside"]).optional(),
    event: text.optional(),
    state: text.optional(),
    "links-to": StepNameSchema.optional().describe(
      "made by the API, its statuses link to that deployment's job",
    ),
  },
  "deployment-status": { deployment: StepNameSchema, state: text, environment: text.optional() },
  "review-deployment": {
    deployment: StepNameSchema.describe("a job that waits; with bypass: an administrator lets it pass"),
    state: z.enum(["approved", "rejected"]).optional(),
    comment: z.string().optional(),
  },
  "request-gate": { environment: text.optional(), commit: StoryCommitSchema.optional() },
  "report-deployment": {
    environment: text.optional(),
    commit: StoryCommitSchema.optional(),
    source: text.optional().describe("the pipeline: pipeline or second-pipeline; default: pipeline"),
    id: text.optional().describe("what the pipeline calls it; default: the step's name"),
    artifact: text.optional().describe("what was deployed, as the pipeline names it"),
    secret: text.optional().describe("what it is signed with, if not the right secret"),
    delayed: DurationSchema.optional().describe("how long ago it was signed"),
  },
  rerun: { pull: PullSchema.optional(), deployment: StepNameSchema.optional() },
  "run-workflow": {
    name: text,
    environment: text.optional(),
    commit: StoryCommitSchema.optional(),
    calls: text.optional().describe("a workflow elsewhere that it calls: owner/name/path@ref"),
  },
  "edit-policy": {
    in: z.enum(["organisation", "repository"]).optional(),
    policy: rawPolicy.optional(),
    text: z.string().optional(),
    pull: PullSchema.optional(),
  },
  "edit-ruleset": {
    ...protection,
    in: z
      .enum(["organisation", "repository"])
      .optional()
      .describe("whose ruleset; default: the repository's"),
    exclude: z.array(text).optional().describe("branches it leaves out"),
  },
  "set-protection": protection,
  "set-deploy-key": {
    write: z.boolean().optional().describe("whether it may push; default: it may"),
    delete: z.boolean().optional().describe("takes away what they added"),
  },
  "set-environment": {
    environment: text,
    reviewers: z.array(text).optional(),
    "prevent-self-review": z.boolean().optional(),
    "admins-bypass": z.boolean().optional(),
    delete: z.boolean().optional(),
  },
  "add-to-team": { ...person, team: text },
  "remove-from-team": { ...person, team: text },
  "set-permission": { ...person, permission: StoryPermissionSchema },
  "set-team-permission": {
    team: text,
    permission: StoryPermissionSchema.describe(
      "what the team may do in the repository; none: it is taken from it",
    ),
  },
  "delete-team": { team: text },
  "rename-user": { ...person, to: text.describe("the new login; the old one is free") },
  "replace-team": { team: text, ...person },
  "delete-user": person,
  uninstall: {},
  install: {},
  suspend: {},
  unsuspend: {},
  "set-app-permissions": { permissions: z.record(z.string(), z.enum(["none", "read", "write"])).optional() },
  "set-webhook": {
    url: text.optional().describe("where GitHub sends the App's webhooks from now on"),
    secret: text.optional().describe("what it signs them with"),
  },
  "skew-clock": { ahead: DurationSchema.describe("how far the server's clock is ahead of GitHub's") },
  "add-repository": repositoryStep,
  "remove-repository": repositoryStep,
  "create-repository": repositoryStep,
  "rename-repository": repositoryStep,
  "transfer-repository": repositoryStep,
  "archive-repository": repositoryStep,
  "set-topics": { topics: z.array(text).describe("all the topics the repository has from now on") },
  "publish-repository": repositoryStep,
  "delete-repository": repositoryStep,
  "receiver-fails": {
    status: z
      .int()
      .min(400)
      .max(599)
      .optional()
      .describe("what receivers of notifications answer; default: 503"),
  },
  outage: {},
  recover: {},
  "duplicate-webhooks": {},
  "reorder-webhooks": {},
  "github-fails": {
    kind: z.enum(FAILURES).optional().describe("how; default: server-error"),
    match: text
      .optional()
      .describe("only requests whose `METHOD /path` has this in it (a regular expression)"),
    query: text.optional().describe("only GraphQL queries that have this in their text or variables"),
    over: z.int().min(0).optional().describe("only GraphQL queries that ask for longer pages"),
    pull: PullSchema.optional().describe("only what is asked about that pull request"),
    field: text.optional().describe("GraphQL: only this field, as `Type.field`"),
    via: z.enum(["rest", "graphql"]).optional().describe("only one of the two interfaces"),
    count: z.int().min(1).optional().describe("so many requests; default: all until `recover`"),
    for: DurationSchema.optional().describe("how long; default: until `recover`"),
    status: z.int().min(200).max(599).optional().describe("the answer's status, if not the usual one"),
    "retry-after": z
      .union([z.int().min(0), z.literal("none")])
      .optional()
      .describe("seconds a limited client is told to wait, or that it is not told; default: 1"),
    words: z.literal("old").optional().describe("a limit in GitHub's former words"),
    items: z.int().min(0).optional().describe("cut-short: how many entries of a list are left"),
  },
  "github-says": {
    key: text.describe("the key that gets an unknown value; `event`: the name of a webhook too"),
    was: text.optional().describe("only where it would be this; default: any"),
    says: text.describe("the word instead"),
    for: DurationSchema.optional().describe("how long; default: until `recover`"),
  },
  lag: {
    of: z.union([lagKind, z.array(lagKind).min(1)]).describe("the kinds of answer that are old"),
    writes: z.int().min(1).optional().describe("as before so many writes; default: as they are now"),
    each: z
      .literal(true)
      .optional()
      .describe(
        "every write from now on is unseen for so long, or in so many answers, counted from the write",
      ),
    for: DurationSchema.optional().describe("how long; default: until `recover`"),
    answers: z.int().min(1).optional().describe("so many answers are old"),
    every: z.int().min(2).optional().describe("only every nth answer is old: replicas that disagree"),
    pull: PullSchema.optional().describe("what is told of that pull request alone"),
  },
  kill: {},
  restart: {},
  "tamper-log": { kind: text.optional().describe("an entry of this kind; default: change") },
  "rewrite-log": {},
  wait: { for: DurationSchema.optional(), until: MomentSchema.optional() },
  sweep: {},
  "monthly-review": { control: text, month: text, comment: z.string().optional() },
  "declare-emergency": EMERGENCY_KEYS,
  "authorise-emergency": EMERGENCY_KEYS,
  "withdraw-emergency": EMERGENCY_KEYS,
  "approve-emergency": EMERGENCY_KEYS,
  "reject-emergency": EMERGENCY_KEYS,
  "add-deviation": {
    pull: PullSchema.optional(),
    step: StepNameSchema.optional(),
    control: text.optional(),
    type: z.enum(["design", "operating"]).optional(),
    severity: text.optional(),
    title: text.optional(),
    description: text.optional(),
    reference: text.optional().describe("where the report says it"),
  },
  "close-period": {
    period: text,
    incomplete: text.optional().describe("why it is closed though it is not proven complete"),
    addendum: text.optional().describe("why the closed period gets an addendum"),
  },
};

/** Lists the steps of the App itself, or of the world around it; every other one is acted on GitHub. */
export const HARNESS_STEPS: readonly string[] = [
  "receiver-fails",
  "outage",
  "recover",
  "duplicate-webhooks",
  "reorder-webhooks",
  "github-fails",
  "github-says",
  "lag",
  "kill",
  "restart",
  "tamper-log",
  "rewrite-log",
  "skew-clock",
  "wait",
  "sweep",
  "monthly-review",
  "add-deviation",
  "declare-emergency",
  "authorise-emergency",
  "withdraw-emergency",
  "approve-emergency",
  "reject-emergency",
  "close-period",
];

/** Describes one thing someone does in a story; the keys of each kind are those of {@link STEP_KEYS}, already checked. */
export interface DoStep {
  readonly do: string;
  readonly by?: string | undefined;
  readonly repository?: string | undefined;
  readonly after?: string | undefined;
  readonly at?: string | undefined;
  readonly bypass?: unknown;
  readonly refused?: true | string | undefined;
  readonly as?: string | undefined;
  readonly [key: string]: unknown;
}

/** Defines the schema of one kind of step, or null when the format has no such step. */
export const stepSchema = byKind((kind) => {
  const keys = Object.hasOwn(STEP_KEYS, kind) ? STEP_KEYS[kind] : undefined;
  return keys === undefined ? null : z.strictObject({ do: z.literal(kind), ...COMMON_KEYS, ...keys });
});
