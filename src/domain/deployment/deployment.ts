/** Facts about deployments to production environments. */

import { z } from "zod";
import { RepositorySchema } from "../change/repository.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema, type Instant } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { ActorSchema } from "../change/people.ts";

const DeploymentStatusSchema = z.object({
  id: z.int(),
  state: z.enum(["pending", "queued", "in_progress", "success", "failure", "error", "inactive"]),
  environment: z.string(),
  creator: ActorSchema.nullable(),
  at: InstantSchema,
});

/** Describes one state a deployment reported. */
export type DeploymentStatus = Infer<typeof DeploymentStatusSchema>;

const DeploymentKindSchema = z.enum([
  "first",
  "forward",
  "rollback",
  "redeploy",
  "hotfix",
  "unmerged",
  "unknown",
]);

/** Names how this deployment relates to the one before it in the same environment. */
export type DeploymentKind = Infer<typeof DeploymentKindSchema>;

const DeploymentOriginSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("github"),
    number: z.int(),
  }),
  z.object({
    kind: z.literal("tag"),
    tag: z.string(),
    object: ShaSchema,
  }),
  z.object({
    kind: z.literal("workflow"),
    run: z.int(),
    attempt: z.int(),
  }),
  z.object({
    kind: z.literal("report"),
    source: z.string(),
    report: z.string(),
    artifact: z
      .string()
      .nullable()
      .describe(
        "What was deployed as the pipeline names it, such as an image's digest; not compared with anything",
      ),
  }),
]);

/**
 * Names how we know of a deployment. A tag or a named workflow is one by the policy; a report is signed by a pipeline
 * outside GitHub.
 */
export type DeploymentOrigin = Infer<typeof DeploymentOriginSchema>;

const RunApprovalSchema = z.object({
  user: ActorSchema.nullable(),
  state: z.string(),
  environments: z.array(z.string()),
  comment: z.string(),
  attempt: z
    .int()
    .nullable()
    .exactOptional()
    .describe(
      "The attempt of the run it was given for: GitHub lists neither that nor a time. Null: cannot be told, the webhook that says so was lost; absent: recorded before attempts were told apart",
    ),
});

/** Describes one answer to a job that waited for its environment's reviewers. */
export type RunApproval = Infer<typeof RunApprovalSchema>;

const DeploymentRunSchema = z.object({
  id: z.int(),
  attempt: z.int().describe("The attempt whose job deployed"),
  event: z.string(),
  path: z.string().describe("The workflow's file, e.g. `.github/workflows/deploy.yml`."),
  actor: ActorSchema.nullable().describe("Who began the first attempt, and who began this one"),
  triggeringActor: ActorSchema.nullable(),
  createdAt: InstantSchema,
  startedAt: InstantSchema.describe("When this attempt began"),
  approvals: z.array(RunApprovalSchema).nullable().describe("Null: GitHub would not say"),
  called: z.array(
    z
      .object({
        path: z.string(),
        sha: z.string().nullable(),
      })
      .describe("Workflows of elsewhere that it called: path and commit"),
  ),
});

/** Describes the workflow run that made a deployment, as GitHub reported it. */
export type DeploymentRun = Infer<typeof DeploymentRunSchema>;

const EnvironmentRulesSchema = z.object({
  name: z.string(),
  reviewers: z.int().describe("How many people and teams are asked"),
  preventSelfReview: z.boolean(),
  adminsBypass: z.boolean().nullable().describe("Null: GitHub did not say"),
  gated: z
    .boolean()
    .nullable()
    .describe("Whether our own App is asked before a job goes on; null: GitHub would not say"),
  changedAt: InstantSchema,
});

/** Describes the rules of an environment, as they were set when we read them. */
export type EnvironmentRules = Infer<typeof EnvironmentRulesSchema>;

const GateAnswerSchema = z.enum(["waiting", "approved", "rejected", "asked-before", "never-asked"]);

/** Describes our own answer to a deployment gate. `asked-before`: GitHub never sent us this one, but earlier ones there. */
export type GateAnswer = Infer<typeof GateAnswerSchema>;

const DeployedChangeSchema = z.object({
  id: z.string(),
  verdict: z.string(),
  landedAt: InstantSchema,
  pulls: z.array(z.int()).describe("The pull requests it landed; none: it was pushed"),
  sha: ShaSchema.describe("The commit it introduced to the branch last"),
  makers: z.array(z.int()).describe("GitHub's ids of the people who shaped it"),
});

/** Returns when a deployment began. A job that waited for its environment's rules deployed nothing before it went on. */
export function beganAt({ statuses, createdAt }: Pick<Deployment, "statuses" | "createdAt">): Instant {
  return statuses.find(({ state }) => state === "in_progress")?.at ?? createdAt;
}

/** Describes one change a deployment added to its environment. */
export type DeployedChange = Infer<typeof DeployedChangeSchema>;

const BeforeMergeSchema = z.object({
  pull: z.int().describe("The pull request whose head was deployed"),
  base: z
    .string()
    .exactOptional()
    .describe("The branch it was to be merged into; absent: recorded before this was kept"),
  commits: z.array(ShaSchema).describe("Its commits then"),
  approval: z
    .enum(["approved", "refused", "unknown"])
    .describe("Whether it could have been merged when the deployment began"),
  because: z.string(),
  dueAt: InstantSchema.describe("Until when it was to be merged as deployed"),
  state: z
    .enum(["due", "merged", "missed", "other", "closed", "unknown"])
    .describe(
      "`other`: it was merged as something else, or into another branch. `closed`: without a merge. `unknown`: whether as deployed cannot be told.",
    ),
});

/** Describes a pull request whose head was deployed before it was merged, where the policy allows that. */
export type BeforeMerge = Infer<typeof BeforeMergeSchema>;

const MergeBackSchema = z.object({
  dueAt: InstantSchema,
  state: z
    .enum(["due", "merged", "missed", "unknown"])
    .describe("`unknown`: GitHub does not show whether it got there"),
});

/** Describes what is owed to the default branch for a hotfix that was deployed from another. */
export type MergeBack = Infer<typeof MergeBackSchema>;

/** Returns whether a merge is still to be looked at. It is not due yet, or what was merged is not known. */
export function isOwed({ state }: BeforeMerge | MergeBack): boolean {
  return state === "due" || state === "unknown";
}

/** Describes {@link Deployment}. */
export const DeploymentSchema = z.object({
  id: z
    .string()
    .describe(
      "Hash of repository id, deployment id and environment; of a tag, run or report, of what tells it from others",
    ),
  repository: RepositorySchema,
  origin: DeploymentOriginSchema,
  number: z.int().nullable().describe("GitHub's id of the deployment; null where GitHub has none"),
  environment: z.string(),
  originalEnvironment: z.string().nullable(),
  sha: ShaSchema,
  ref: z.string(),
  creator: ActorSchema.nullable(),
  createdAt: InstantSchema,
  statuses: z.array(DeploymentStatusSchema),
  succeededAt: InstantSchema.describe("When it first succeeded"),
  previous: z
    .object({
      id: z.string(),
      sha: ShaSchema,
      at: InstantSchema,
    })
    .nullable(),
  kind: DeploymentKindSchema,
  onProductionBranch: z
    .boolean()
    .nullable()
    .describe("Whether the deployed commit is on a production branch; null when GitHub would not say"),
  landedAt: InstantSchema.nullable().describe(
    "When the deployed commit came to a production branch; null: it was there before observation began, or is on none",
  ),
  run: DeploymentRunSchema.nullable().describe(
    "The run that made it; null: none did, or GitHub would not say",
  ),
  rules: EnvironmentRulesSchema.nullable().describe(
    "The rules of the environment its job named; null: no job, no such environment, or GitHub would not say",
  ),
  gate: GateAnswerSchema,
  carried: z
    .array(DeployedChangeSchema)
    .describe("The changes it added to the environment since the deployment before"),
  ancestor: z
    .object({ id: z.string(), sha: ShaSchema })
    .exactOptional()
    .describe(
      "For a rollback to a commit that was never deployed here by itself: the newest deployment of an older commit, since which what it carries is counted; absent: none is known",
    ),
  unaccounted: z
    .array(ShaSchema)
    .nullable()
    .describe("Commits it added that belong to no known change; null when GitHub would not list them"),
  succeededBefore: z
    .boolean()
    .describe("For a rollback or redeploy: whether this commit had succeeded in this environment before"),
  verdictBefore: z
    .string()
    .nullable()
    .describe(
      "The verdict on what the newest earlier success of this commit added here; null: none is recorded",
    ),
  mergeBack: MergeBackSchema.nullable().describe(
    "For a hotfix, where the policy requires it: until when it must be on the default branch, and whether it got there",
  ),
  mayOnlyUseSecrets: z
    .literal(true)
    .exactOptional()
    .describe(
      "Whether it may have deployed nothing: its environment is only for its secrets, and GitHub does not show the run any more that it names. Absent: it deployed",
    ),
  beforeMerge: BeforeMergeSchema.exactOptional().describe(
    "Where the policy allows deployments before a merge: the pull request with this head; absent: none, or not allowed",
  ),
  late: z.boolean(),
});

/** Holds everything known of one deployment; gathered whole before it is judged. */
export type Deployment = Infer<typeof DeploymentSchema>;

/** Returns the place of a deployment: its commit in an environment of its repository. */
export function deploymentPlace({
  repository,
  environment,
  sha,
}: Pick<Deployment, "repository" | "environment" | "sha">): string {
  return `${repository.id} ${sha} ${JSON.stringify(environment.toLowerCase())}`;
}
