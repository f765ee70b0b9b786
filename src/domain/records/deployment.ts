/** The bodies of the log's entries about deployments, tags and our deployment gate. */

import { z } from "zod";
import { DeploymentSchema } from "../deployment/deployment.ts";
import { EmergencyFactsSchema } from "./emergency-facts.ts";
import { AssessmentSchema } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { ActorSchema } from "../change/people.ts";
import { RepositorySchema } from "../change/repository.ts";
/** Describes {@link DeploymentRecord}. */
export const DeploymentRecordSchema = z.object({
  deployment: DeploymentSchema,
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** Those declared for it without a pull request; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/** Describes entry `deployment`, subject = deployment id. */
export type DeploymentRecord = Infer<typeof DeploymentRecordSchema>;

/** Describes {@link TagsRecord}. */
export const TagsRecordSchema = z.object({
  tags: z.record(z.string(), ShaSchema),
  at: InstantSchema,
});

/**
 * Describes entry `tags`, subject = repository id. It holds the tags there were when tags began to count as
 * deployments, and the commits they pointed to.
 */
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
  /** Whose deployment it is; absent: it was recorded before this was, null: GitHub names nobody. */
  creator: ActorSchema.nullable().exactOptional(),
  /** Until when it waits for what may still become compliant. */
  deadline: InstantSchema,
  /** `approved` and `rejected` are final: GitHub takes no second answer. */
  answer: z.enum(["waiting", "approved", "rejected"]),
  /** What people read on the run's page. */
  comment: z.string(),
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
});

/**
 * Describes entry `deployment-gate`, subject = `repositoryId#deployment:environment`. It holds what GitHub requested of
 * our deployment gate, and what it answered last.
 */
export type DeploymentGateRecord = Infer<typeof DeploymentGateRecordSchema>;
