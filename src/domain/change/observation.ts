/** Webhook observations: facts that only a webhook contained, kept as it reported them. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "./sha.ts";
import { PermissionSchema, ActorSchema } from "./people.ts";
import { ReviewSchema } from "./review.ts";
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
    /**
     * Subject `tag:BEFORE:AFTER:DELIVERY`: who was seen to make, move or delete a tag. `commit`: what it points to
     * since, if that was reported.
     */
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
    /** Subject `check:NAME:SUITE:DELIVERY`, of a commit's checks: how a check or status that a policy requires ended. */
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
    /** The permission kept in a repository; absent: none. */
    permission: PermissionSchema.exactOptional(),
    /** The team (`org/slug`) through which it was held in a repository: who is in it may hold it otherwise too. Absent: by themselves. */
    through: z.string().exactOptional(),
    /** Of a team: its id, and whether it is in another one, whose rights its members have too. */
    team: z.object({ id: z.int(), isNested: z.boolean() }).exactOptional(),
    isBack: z.boolean(),
    /** GitHub's id of the delivery that reported it; absent in older records. */
    delivery: z.string().exactOptional(),
    at: InstantSchema,
  }),
  z.object({
    /** Subject `late:DELIVERY`, of the owner: the first attempt to deliver it failed at `at`. What it reports was so by then. */
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
    /** The description before, kept only where that was what was merged. */
    from: z.string().nullable(),
    afterMerge: z.boolean(),
    by: ActorSchema.nullable(),
    at: InstantSchema,
  }),
]);

/** Describes entry `observation`: what only a webhook contained, kept when it came. Subject: see each kind. */
export type Observation = Infer<typeof ObservationSchema>;
