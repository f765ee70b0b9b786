/** The scenario format as a whole: a story as data, and its published JSON Schema. */

import { z } from "zod";
import type { Instant } from "../../../domain/time/instant.ts";
import type { Expectation, ExpectStep } from "./expectations.ts";
import { COLUMNS, expectStepSchema, FinalSchema } from "./expectations.ts";
import type { DoStep } from "./steps.ts";
import { STEP_KEYS, stepSchema } from "./steps.ts";
import { MomentSchema, NameSchema, StoryPermissionSchema } from "./words.ts";

/** A policy file: its keys, or its very text (which may be broken). */
const PolicySchema = z
  .union([z.record(z.string(), z.unknown()), z.string()])
  .describe("a policy file: its keys, or its text as written, also when that is broken");

/** Defines one of the people, bots and apps of a story. */
export const StoryPersonSchema = z.strictObject({
  permission: StoryPermissionSchema.optional().describe(
    "in every repository of acme; default: none of their own",
  ),
  teams: z.array(z.string().min(1)).optional().describe("teams of acme, as `core` or `acme/core`"),
  app: z.string().min(1).optional().describe("this is a GitHub App with that slug"),
  email: z.string().min(1).optional(),
  "same-person-as": NameSchema.optional().describe("a second account of that person"),
});

/** Defines one of acme's repositories. */
export const StoryRepositorySchema = z.strictObject({
  policy: PolicySchema.optional().describe("the repository's own policy file"),
  visibility: z.enum(["public", "private", "internal"]).optional().describe("default: private"),
  topics: z.array(z.string().min(1)).optional(),
});

/** A way to bypass an approval, and what detects it; docs/bypasses.md lists these. */
const BypassSchema = z.strictObject({
  number: z.int().min(1).describe("its number in the catalogue"),
  way: z.string().min(1).describe("how a change gets to production so"),
  seen: z.string().min(1).describe("by what it is seen"),
  outcome: z.string().min(1).describe("what it ends as"),
  limits: z.string().min(1).optional().describe("what stays unseen; left out: nothing we know of"),
});

/** Defines the head of a scenario: everything but the story and the final expectations. */
export const HeadSchema = z.strictObject({
  name: z.string().min(1).describe("one sentence: what the story shows"),
  bypass: BypassSchema.optional().describe("the way round an approval it shows, if it shows one"),
  policy: PolicySchema.optional().describe(
    "the organisation's policy file, there before the story begins; where it names who approved something, it came by a pull request of `.github` that those of them who are among `people` approved; default: none",
  ),
  repositories: z
    .record(z.string().min(1), StoryRepositorySchema.nullable())
    .optional()
    .describe("acme's repositories besides web, and what is special about web"),
  people: z
    .record(NameSchema, StoryPersonSchema.nullable())
    .optional()
    .describe("accounts, by name; ids in this order"),
  start: MomentSchema.optional().describe("the clock at the beginning; default: 2026-07-06T09:00:00Z"),
  polling: z
    .literal(true)
    .optional()
    .describe("GitHub cannot reach the App, which reads webhooks from GitHub's log of deliveries instead"),
  story: z.array(z.unknown()),
  expect: z.unknown().optional(),
});

/** Describes a story, read and checked. */
export interface Scenario {
  readonly name: string;
  /** The file it was read from, for messages. */
  readonly source: string;
  readonly bypass: z.infer<typeof BypassSchema> | null;
  readonly policy: Readonly<Record<string, unknown>> | string | null;
  readonly repositories: Readonly<Record<string, z.infer<typeof StoryRepositorySchema>>>;
  readonly people: Readonly<Record<string, z.infer<typeof StoryPersonSchema>>>;
  readonly start: Instant;
  /** GitHub cannot reach the App, which reads webhooks from GitHub's log. */
  readonly polling: boolean;
  readonly story: readonly StoryStep[];
  readonly expect: readonly FinalExpectation[];
}

/** Describes one step of a story; `line` counts from 1. */
export type StoryStep =
  | { readonly line: number; readonly do: DoStep }
  | { readonly line: number; readonly expect: ExpectStep };

/** Describes the expectations at the end of the story; `line` counts from 1. */
export type FinalExpectation = Expectation & { readonly line: number };

/** Holds when a story begins that gives no start. */
export const DEFAULT_START = "2026-07-06T09:00:00Z";

/** Returns the JSON Schema (2020-12) of the format, as published in `docs/scenario.schema.json`. */
export function scenarioJsonSchema(): unknown {
  const steps = Object.keys(STEP_KEYS).map((kind) => stepSchema(kind)!);
  const expectations = [...Object.keys(COLUMNS), "complete"].map((kind) => expectStepSchema(kind)!);
  const whole = HeadSchema.extend({
    story: z.array(z.union([...steps, ...expectations])),
    expect: FinalSchema.optional(),
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A Countersign scenario",
    ...z.toJSONSchema(whole, { io: "input", reused: "ref" }),
  };
}
