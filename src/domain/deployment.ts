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

/** Everything known of one deployment; gathered whole before it is judged. */
export interface Deployment {
  /** Hash of repository id, deployment id and environment. */
  readonly id: string;
  readonly repository: Repository;
  /** GitHub's id. */
  readonly number: number;
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
  /** The changes it brought to the environment since the deployment before. */
  readonly carried: readonly { readonly id: string; readonly verdict: string }[];
  /** Commits it brought that belong to no known change; null when GitHub would not list them. */
  readonly unaccounted: readonly Sha[] | null;
  /** For a rollback or redeploy: whether this commit had succeeded in this environment before. */
  readonly succeededBefore: boolean;
  readonly late: boolean;
}
