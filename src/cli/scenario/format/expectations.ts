/** Every `expect` of the scenario format with its columns; the docstrings are the reference page. */

import { CoverageGapRecordSchema } from "../../../domain/records/monitoring.ts";
import { z } from "zod";
import {
  BranchSchema,
  StoryCommitSchema,
  DurationSchema,
  MomentSchema,
  NameSchema,
  PullSchema,
  StepNameSchema,
  byKind,
} from "./words.ts";

const text = z.string().min(1);
const texts = z.array(z.string()).describe("the whole set, in any order");
const pull = PullSchema.optional();
const step = StepNameSchema.optional();
const says = text.optional().describe("a part of the text, read without regard to case and line breaks");
const verdict = z
  .enum(["compliant", "emergency", "exempted", "non-compliant", "pending", "unverifiable", "historic"])
  .optional();
const of = { pull, step };

/** Lists the columns of each kind of row; every row may also name its `repository`. */
export const COLUMNS: Readonly<Record<string, z.ZodRawShape>> = {
  check: {
    pull,
    commit: StoryCommitSchema.optional(),
    passes: z.boolean().optional(),
    state: z.enum(["none", "waiting", "success", "failure", "action-required"]).optional(),
    says,
  },
  changes: {
    ...of,
    pulls: z.array(PullSchema).optional(),
    branch: BranchSchema.optional(),
    update: z
      .enum(["pull-request", "queue", "push", "force-push", "branch-created", "branch-deleted", "unknown"])
      .optional(),
    class: z.enum(["standard", "normal", "emergency"]).optional(),
    verdict,
    fails: texts.optional(),
    waived: texts.optional(),
    unverifiable: texts.optional(),
    approvers: texts.optional(),
    contributors: texts.optional(),
    "merged-by": NameSchema.optional(),
    coverage: z.enum(["identity", "replay", "residual", "unverifiable"]).optional(),
    late: z.boolean().optional(),
    says,
  },
  deployments: {
    step,
    environment: text.optional(),
    commit: StoryCommitSchema.optional(),
    kind: z.enum(["first", "forward", "rollback", "redeploy", "hotfix", "unmerged"]).optional(),
    verdict,
    fails: texts.optional(),
    unverifiable: texts.optional(),
    changes: z.array(z.union([PullSchema, StepNameSchema])).optional(),
    origin: z.enum(["github", "tag", "workflow", "report"]).optional(),
    says,
  },
  deviations: {
    ...of,
    control: text.optional(),
    type: z.enum(["design", "operating"]).optional(),
    status: z.enum(["open", "in-remediation", "done", "effective", "closed", "not-an-exception"]).optional(),
    source: z.enum(["app", "auditor"]).optional(),
    severity: z.enum(["observation", "low", "medium", "high", "critical"]).optional(),
    says: says.describe("a part of its title, its reason for the type, or what was said last"),
    changes: z.array(z.union([PullSchema, StepNameSchema])).optional(),
  },
  emergencies: {
    ...of,
    environment: z.string().optional().describe("of one without a pull request"),
    status: z.enum(["awaiting-reason", "waiting", "authorised", "used", "withdrawn", "expired"]).optional(),
  },
  "retroactive-reviews": {
    ...of,
    status: z.enum(["due", "approved", "follow-up", "rejected"]).optional(),
    overdue: z.boolean().optional(),
    late: z.boolean().optional(),
  },
  remediations: {
    ...of,
    status: z.enum(["planned", "active", "blocked", "done", "effective"]).optional(),
    owner: NameSchema.optional(),
    due: text.optional().describe("the target date, YYYY-MM-DD"),
    targets: texts.optional().describe("every target date there was"),
    "root-cause": z.enum(["process", "resource", "awareness", "tooling", "ownership"]).optional(),
    missed: texts.optional().describe("the days of the reviews that were missed"),
    reviewed: z.int().min(0).optional().describe("how many reviews were held"),
  },
  monitoring: {
    control: text.optional(),
    month: text.optional(),
    status: z.enum(["due", "signed-off", "late", "missing", "changed"]).optional(),
    clean: z.boolean().optional(),
    by: text.optional(),
    says,
  },
  readiness: {
    go: z.boolean().optional(),
    outlook: z.enum(["clean", "qualified", "adverse", "disclaimer"]).optional(),
    against: texts.optional(),
    "days-left": z.int().min(0).optional(),
    "clean-days": z.int().min(0).optional(),
    deviations: z.int().min(0).optional(),
    recovered: text
      .nullable()
      .optional()
      .describe("the first day all could be shown effective; null: not known"),
    says,
  },
  drafts: {
    kind: z.enum(["response", "bridge", "note", "questions", "procedures"]).optional(),
    made: z.boolean().optional().describe("whether there is a text; false: what is missing is named"),
    says,
  },
  "coverage-gaps": {
    cause: CoverageGapRecordSchema.shape.cause.optional(),
    status: z.enum(["open", "closed"]).optional(),
    says,
  },
  "control-state": {
    setting: text.optional(),
    value: z.union([z.string(), z.number(), z.boolean()]).optional(),
    branch: BranchSchema.optional(),
    environment: text.optional(),
    ruleset: text.optional(),
  },
  log: { intact: z.boolean().optional(), says },
  issues: {
    about: text.optional(),
    ...of,
    state: z.enum(["open", "closed"]).optional(),
    says,
    assignees: texts.optional(),
  },
  reviewers: { pull, asked: texts.optional() },
  comments: { pull, by: text.optional(), says },
  notifications: {
    on: text.optional().describe("the kind of news"),
    to: text.optional().describe("the variable that names the receiver"),
    signed: z.boolean().optional(),
    says,
  },
  gate: { step, answer: z.enum(["waiting", "approved", "rejected"]).optional(), says },
  package: {
    file: text.optional(),
    periods: text
      .optional()
      .describe(
        "the package rolls up these periods, separated by commas; default: it is of the story so far",
      ),
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))).optional(),
    count: z.int().min(0).optional(),
  },
  requests: { "at-most": z.int().min(0), since: StepNameSchema.optional() },
};

const rowCommon = { repository: text.optional().describe("default: web") };

/** Defines the schema of one kind of row in a list, or null when the format has no such list. */
export const rowSchema = byKind((kind) => {
  const columns = Object.hasOwn(COLUMNS, kind) ? COLUMNS[kind] : undefined;
  return columns === undefined ? null : z.strictObject({ ...rowCommon, ...columns });
});

/** Defines the schema of an `expect` in the story, or null when the format knows no such expectation. */
export const expectStepSchema = byKind((kind) => {
  const common = {
    expect: z.literal(kind),
    repository: rowCommon.repository,
    after: DurationSchema.optional(),
    at: MomentSchema.optional(),
  };
  if (kind === "complete") return z.strictObject({ ...common, is: z.boolean().optional() });
  const row = rowSchema(kind);
  if (row === null) return null;
  return z.strictObject({
    ...common,
    ...COLUMNS[kind],
    absent: z.literal(true).optional().describe("there is no such row"),
    ...(kind === "package" ? {} : { rows: z.array(row).optional().describe("several rows at once") }),
    exactly: z.literal(true).optional().describe("with `rows`: there are no others"),
  });
});

/** Describes one expectation as the runner checks it: rows of one kind that must, or must not, be there. */
export interface Expectation {
  readonly kind: string;
  readonly rows: readonly Row[];
  /** No rows but these are there. An empty list without it still means: none. */
  readonly exactly: boolean;
  /** True: none of the rows may exist. */
  readonly absent: boolean;
}

/** Holds some columns of a row and their values. */
export type Row = Readonly<Record<string, unknown>>;

/** Describes an `expect` in the story, with the time it is asked at. */
export interface ExpectStep extends Expectation {
  readonly after?: string | undefined;
  readonly at?: string | undefined;
}

/** Defines the final `expect` of a scenario, lists by kind. Each is a list of rows, one row, or `{ rows, exactly }`. */
export const FinalSchema = z.strictObject({
  ...Object.fromEntries(
    Object.keys(COLUMNS).map((kind) => {
      const row = rowSchema(kind)!;
      return [
        kind,
        z
          .union([z.array(row), z.strictObject({ rows: z.array(row), exactly: z.literal(true).optional() })])
          .optional(),
      ];
    }),
  ),
  complete: z.boolean().optional().describe("the population equals the double's own list of ref updates"),
  exactly: z.literal(true).optional().describe("every list here allows no other rows"),
});
