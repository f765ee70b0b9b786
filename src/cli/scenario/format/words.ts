/** The small words every part of the scenario format is made of: durations, moments, commits, files, names. */

import { z } from "zod";
import type { Instant } from "../../../domain/time/instant.ts";
import { PERMISSIONS } from "../../../domain/change/people.ts";
import { DAY, HOUR, MINUTE } from "../../../domain/time/durations.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE, h: HOUR, d: DAY };

/** Defines a span of time: `30s`, `10m`, `4h`, `3d`. */
export const DurationSchema = z
  .string()
  .regex(/^\d+[smhd]$/u, "a duration is a number and s, m, h or d: 30s, 10m, 4h, 3d")
  .describe("a duration: 30s, 10m, 4h, 3d");

/** Defines a moment: RFC 3339, or a day (its start in UTC). */
export const MomentSchema = z
  .union([
    z.iso.datetime({ offset: true, error: "a moment is written 2026-07-06T09:00:00Z or 2026-07-06 (UTC)" }),
    z.iso.date(),
  ])
  .describe("a moment: 2026-07-06T09:00:00Z, or a day, meaning its start in UTC");

/** Defines the number a pull request was given: 1, 2, ... in the order they are opened. */
export const PullSchema = z.int().min(1).describe("a pull request's number: 1, 2, ... in order of opening");

/** Defines a person's name in the story. */
export const NameSchema = z.string().min(1).describe("a name of `people`");

/** Defines a name given to what a step made. */
export const StepNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]*$/u,
    "a name for a step is letters, digits, dots, dashes and underscores",
  )
  .describe("the name a step gave with `as`");

/** Defines a branch, tag, name of a step or `pull/1`, with `~n` for the nth parent. */
export const StoryCommitSchema = z
  .string()
  .regex(/^[^\s~]+(~\d+)?$/u, "a commit is a branch, tag, name of a step or pull/1, with ~n for an ancestor")
  .describe("a branch, tag, name of a step or pull/1, with ~n");

/** Defines a branch's short name. */
export const BranchSchema = z.string().min(1).describe("a branch's name, without refs/heads/");

/** The new content of a file. */
const FileSchema = z
  .union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.strictObject({ from: z.string().min(1) }).describe("renamed from this path"),
    z.strictObject({ mode: z.enum(["644", "755"]) }).describe("only its mode changes"),
    z.strictObject({ submodule: z.string().regex(/^[0-9a-f]{40}$/u) }).describe("a submodule at this commit"),
  ])
  .describe("the text; null deletes; { from: old/path }, { mode: '755' } or { submodule: SHA }");

/** Files by path. */
export const FilesSchema = z.record(z.string().min(1), FileSchema).describe("files by path");

/** Defines a repository permission. */
export const StoryPermissionSchema = z.enum(PERMISSIONS);

/** Returns the milliseconds of a duration such as `10m`; the text must already have been checked by {@link DurationSchema}. */
export function durationOf(text: string): number {
  return Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? Number.NaN);
}

/** Returns the instant of a moment that {@link MomentSchema} let pass. */
export function momentOf(text: string): Instant {
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
}

/** Returns an instant as people read it in stories: `2026-07-06T09:00:00Z`. */
export function printMoment(at: Instant): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** Makes the schema of each kind once, when it is first used. Zod compiles a schema at its first use. Null: there is no such kind. */
export function byKind(make: (kind: string) => z.ZodObject | null): (kind: string) => z.ZodObject | null {
  const made = new Map<string, z.ZodObject>();
  return (kind) => {
    const schema = made.get(kind) ?? make(kind);
    if (schema !== null) made.set(kind, schema);
    return schema;
  };
}
