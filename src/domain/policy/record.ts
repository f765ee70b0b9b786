/** The body of the log's entries about the policy in force. */

import { z } from "zod";
import { PolicySchema } from "./file/policy.ts";
import type { Infer } from "../values/schema.ts";
import { ShaSchema } from "../change/sha.ts";
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

/** Describes a policy file as it was read, or why it was not. `unreadable` is never "no file". */
export type PolicySource = Infer<typeof PolicySourceSchema>;

/** Describes {@link PolicyRecord}. */
export const PolicyRecordSchema = z.object({
  /** SHA-256 of the canonical form of `effective` and the blobs it came from. */
  digest: z.string(),
  organization: PolicySourceSchema,
  repository: PolicySourceSchema,
  effective: PolicySchema,
});

/** Describes what the digest of a policy covers, in whichever version it was recorded. */
export const DigestedPolicySchema = PolicyRecordSchema.extend({
  effective: z.record(z.string(), z.unknown()),
});

/** Describes a policy of any version, as far as its digest is computed. */
export type DigestedPolicy = Infer<typeof DigestedPolicySchema>;

/** Describes entry `policy`, subject = {@link policySubject}: one version of a policy in force, with the files it came from. */
export type PolicyRecord = Infer<typeof PolicyRecordSchema>;

/**
 * Returns the subject of a policy's entry. Two organisations may have a policy of the same digest, and what its names mean and who
 * approved its entries is of each of them.
 */
export function policySubject(organizationId: number, digest: string): string {
  return `${organizationId}:${digest}`;
}

/** Returns the subjects under which a policy may be on record. Earlier entries have the digest alone. */
export function policySubjects(organizationId: number, digest: string): readonly string[] {
  return [policySubject(organizationId, digest), digest];
}
