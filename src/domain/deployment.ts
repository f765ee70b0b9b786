/** Facts about deployments to production environments. */

import type { Actor, Instant, Repository, Sha } from "./change.ts";

/** One state a deployment reported. */
export interface DeploymentStatus {
  readonly id: number;
  readonly state: "pending" | "queued" | "in_progress" | "success" | "failure" | "error" | "inactive";
  readonly environment: string;
  readonly creator: Actor | null;
  readonly at: Instant;
}

/** How this deployment stands to the one before it in the same environment. */
export type DeploymentKind =
  "first" | "forward" | "rollback" | "redeploy" | "hotfix" | "unmerged" | "unknown";

/** How we know of a deployment. A tag or a named workflow is one by the policy; a report is signed by a pipeline outside GitHub. */
export type DeploymentOrigin =
  | { readonly kind: "github"; readonly number: number }
  /** `object`: what the tag names, which for an annotated tag is not the commit. */
  | { readonly kind: "tag"; readonly tag: string; readonly object: Sha }
  | { readonly kind: "workflow"; readonly run: number; readonly attempt: number }
  | {
      readonly kind: "report";
      readonly source: string;
      readonly report: string;
      /** What was deployed as the pipeline names it, such as an image's digest; not compared with anything. */
      readonly artifact: string | null;
    };

/** One answer to a job that waited for its environment's reviewers. */
export interface RunApproval {
  readonly user: Actor | null;
  readonly state: string;
  readonly environments: readonly string[];
  readonly comment: string;
}

/** The workflow run that made a deployment, as GitHub told of it. */
export interface DeploymentRun {
  readonly id: number;
  readonly attempt: number;
  readonly event: string;
  /** The workflow's file, e.g. `.github/workflows/deploy.yml`. */
  readonly path: string;
  /** Who began the first attempt, and who began this one. */
  readonly actor: Actor | null;
  readonly triggeringActor: Actor | null;
  readonly createdAt: Instant;
  /** When this attempt began. */
  readonly startedAt: Instant;
  /** Null: GitHub would not say. */
  readonly approvals: readonly RunApproval[] | null;
  /** Workflows of elsewhere that it called: path and commit. */
  readonly called: readonly { readonly path: string; readonly sha: string | null }[];
}

/** What guards an environment, as it was set when we looked. */
export interface EnvironmentRules {
  readonly name: string;
  /** How many people and teams are asked. */
  readonly reviewers: number;
  readonly preventSelfReview: boolean;
  /** Null: GitHub did not say. */
  readonly adminsBypass: boolean | null;
  /** Whether our own App is asked before a job goes on; null: GitHub would not say. */
  readonly gated: boolean | null;
  readonly changedAt: Instant;
}

/** Our own answer to a deployment that GitHub asked us about; `asked-before`: never about this one, but about earlier ones there. */
export type GateAnswer = "waiting" | "approved" | "rejected" | "asked-before" | "never-asked";

/** One change a deployment brought to its environment. */
export interface Carried {
  readonly id: string;
  readonly verdict: string;
  readonly landedAt: Instant;
  /** The pull requests it landed; none: it was pushed. */
  readonly pulls: readonly number[];
  /** The commit it brought to the branch last. */
  readonly sha: Sha;
  /** GitHub's ids of the people who shaped it. */
  readonly makers: readonly number[];
}

/** Everything known of one deployment; gathered whole before it is judged. */
export interface Deployment {
  /** Hash of repository id, deployment id and environment; of a tag, run or report, of what tells it from others. */
  readonly id: string;
  readonly repository: Repository;
  readonly origin: DeploymentOrigin;
  /** GitHub's id of the deployment; null where GitHub has none. */
  readonly number: number | null;
  readonly environment: string;
  readonly originalEnvironment: string | null;
  readonly sha: Sha;
  readonly ref: string;
  readonly creator: Actor | null;
  readonly createdAt: Instant;
  readonly statuses: readonly DeploymentStatus[];
  /** When it first succeeded. */
  readonly succeededAt: Instant;
  readonly previous: { readonly id: string; readonly sha: Sha; readonly at: Instant } | null;
  readonly kind: DeploymentKind;
  /** Whether the deployed commit is on a production branch; null when GitHub would not say. */
  readonly onProductionBranch: boolean | null;
  /** When the deployed commit came to a production branch; null: it was there before observation began, or is on none. */
  readonly landedAt: Instant | null;
  /** The run that made it; null: none did, or GitHub would not say. */
  readonly run: DeploymentRun | null;
  /** The rules of the environment its job named; null: no job, no such environment, or GitHub would not say. */
  readonly rules: EnvironmentRules | null;
  readonly gate: GateAnswer;
  /** The changes it brought to the environment since the deployment before. */
  readonly carried: readonly Carried[];
  /** Commits it brought that belong to no known change; null when GitHub would not list them. */
  readonly unaccounted: readonly Sha[] | null;
  /** For a rollback or redeploy: whether this commit had succeeded in this environment before. */
  readonly succeededBefore: boolean;
  /** The verdict on what the newest earlier success of this commit brought here; null: none is recorded. */
  readonly verdictBefore: string | null;
  /** For a hotfix, where the policy asks for it: until when it must be on the default branch, and whether it got there. */
  readonly mergeBack: { readonly dueAt: Instant; readonly state: "due" | "merged" | "missed" } | null;
  readonly late: boolean;
}
