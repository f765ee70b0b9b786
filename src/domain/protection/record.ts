/** The bodies of the log's entries about protection: settings over time, exposures, and how it was at first. */

import { z } from "zod";
import { RepositorySchema } from "../change/repository.ts";
import { SettingValueSchema, SettingNameSchema, PlaceSchema } from "./settings.ts";
import { ProtectionSchema } from "./snapshot.ts";
import { WeakerSchema, WeakeningCauseSchema } from "./weakening.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ActorSchema } from "../change/people.ts";

/** Describes {@link ControlStateRecord}. */
export const ControlStateRecordSchema = z.object({
  repository: RepositorySchema,
  place: PlaceSchema,
  setting: SettingNameSchema,
  /** Null: it cannot be observed, or the place is gone. */
  value: SettingValueSchema.nullable(),
  because: z.string().nullable(),
  /** Since when it is known to be so: GitHub's time where it keeps one, else when we received or read it. */
  from: InstantSchema,
  /** The reading before, at which it was otherwise; null: this is the first reading. */
  notBefore: InstantSchema.nullable(),
  /** `observed`: reported when it happened. `read-later`: found at a later reading. */
  basis: z.enum(["observed", "read-later"]),
  /** Who was reported to have changed it. */
  by: ActorSchema.nullable(),
  /** The branch, ruleset or environment is no longer there. */
  gone: z.boolean(),
});

/**
 * Describes entry `control-state`, subject `repositoryId:place:setting`: one setting and since when it is so. Earlier
 * values are earlier entries.
 */
export type ControlStateRecord = Infer<typeof ControlStateRecordSchema>;

const ReadingRecordSchema = z.object({
  kind: z.literal("reading"),
  readAt: InstantSchema,
  /** When all of it was last read: in between, what GitHub reports as unchanged is not read again. */
  wholeAt: InstantSchema,
  /** When the people were last read; absent: with the whole. */
  peopleAt: InstantSchema.exactOptional(),
  /** SHA-256 of the canonical form of what was read. */
  digest: z.string(),
});

/** Describes subject `repositoryId:read`: that everything was read again and is as in the entry before it. */
export type ReadingRecord = Infer<typeof ReadingRecordSchema>;

const SnapshotRecordSchema = z.object({ kind: z.literal("snapshot"), protection: ProtectionSchema });

/** Describes {@link ProtectionRecord}. */
export const ProtectionRecordSchema = z.discriminatedUnion("kind", [
  SnapshotRecordSchema,
  ReadingRecordSchema,
]);

/** Raises version 1, in which the two had nothing to distinguish them. */
export function raiseReadings(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return "digest" in body ? { kind: "reading", ...body } : { kind: "snapshot", protection: body };
}

const WeakerSpellSchema = z.object({
  ...WeakerSchema.shape,
  until: InstantSchema.nullable(),
});

/** Describes one setting that is weaker than it was, until it is restored. */
export type WeakerSpell = Infer<typeof WeakerSpellSchema>;

/** Describes {@link ExposureRecord}. */
export const ExposureRecordSchema = z.object({
  id: z.string(),
  /** The same for every repository that one change exposed. */
  causeId: z.string(),
  repository: RepositorySchema,
  cause: WeakeningCauseSchema,
  items: z.array(WeakerSpellSchema),
  from: InstantSchema,
  /** The last reading at which it still held; changes since then may have profited. */
  notBefore: InstantSchema,
  to: InstantSchema.nullable(),
  basis: z.enum(["observed", "read-later"]),
  by: ActorSchema.nullable(),
});

/** Describes entry `exposure`, subject = its id: a time in which a repository was protected less than before. */
export type ExposureRecord = Infer<typeof ExposureRecordSchema>;

/** Describes {@link BaselineRecord}. */
export const BaselineRecordSchema = z.object({
  installationId: z.int(),
  at: InstantSchema,
  repositories: z.int(),
  /** How many repositories have each weakness, with a few of their names. */
  weaknesses: z.array(
    z.object({
      weakness: z.string(),
      repositories: z.int(),
      names: z.array(z.string()),
      remedy: z.string(),
    }),
  ),
});

/**
 * Describes entry `baseline`, subject = installation id: what was weak when observation began. One for each
 * installation, never a deviation.
 */
export type BaselineRecord = Infer<typeof BaselineRecordSchema>;
