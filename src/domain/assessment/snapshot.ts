/** Stored facts of one subject, as the evidence log keeps them, and their assessment: the same facts give the same results. */

import { z } from "zod";
import { ChangeSchema } from "../change/change.ts";
import { assess } from "./assess.ts";
import type { Subject } from "../records/subject.ts";
import { DeploymentSchema } from "../deployment/deployment.ts";
import { EmergencyFactsSchema } from "../records/emergency-facts.ts";
import { PolicyInForceSchema, type PolicyInForce } from "../policy/tighten.ts";
import type { Assessment } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { CheckSchema } from "../change/review.ts";
import { PullRequestSchema } from "../change/pull-request.ts";

const Emergencies = z
  .array(EmergencyFactsSchema)
  .exactOptional()
  .describe("the emergencies of its pull requests, or of its deployment, as they were known then");

const COMMON = {
  policy: PolicyInForceSchema.describe(
    "the policy in force, as an entry `policy` of the log has it, or why there was none",
  ),
  appId: z.int().min(1).describe("the id of the App whose checks named `countersign` are the gate's"),
  at: InstantSchema.describe(
    "the moment judged, in milliseconds since 1970; for what happened, when it happened",
  ),
  since: InstantSchema.describe("what happened before is historic; in milliseconds since 1970"),
} as const;

/**
 * Describes facts as a file: all that one assessment reads. Unknown members are ignored. The descriptions are published
 * as docs/facts.schema.json.
 */
export const SnapshotSchema = z
  .discriminatedUnion("moment", [
    z.strictObject({
      moment: z.literal("gate").describe("an open pull request, before it merges"),
      subject: z.strictObject({ pull: PullRequestSchema, emergencies: Emergencies }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("group").describe("a group of a merge queue, before it merges"),
      subject: z.strictObject({
        pulls: z.array(PullRequestSchema),
        sha: ShaSchema,
        checks: z.array(CheckSchema),
        emergencies: Emergencies,
      }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("landed").describe("one update of a production branch"),
      subject: z.strictObject({ change: ChangeSchema, emergencies: Emergencies }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("deployed").describe("one deployment that succeeded"),
      subject: z.strictObject({ deployment: DeploymentSchema, emergencies: Emergencies }),
      ...COMMON,
    }),
  ])
  .describe("Stored facts of one subject: what `countersign assess --facts` judges");

/** Holds facts of one subject with the circumstances it is judged in. */
export type Snapshot = Infer<typeof SnapshotSchema>;

/** Reads facts from a text, or returns every problem in it. */
export function readSnapshot(
  text: string,
):
  | { readonly ok: true; readonly snapshot: Snapshot }
  | { readonly ok: false; readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problems: [`it is no JSON: ${(error as Error).message}`] };
  }
  const parsed = SnapshotSchema.safeParse(value);
  if (parsed.success) return { ok: true, snapshot: parsed.data };
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `}${issue.message}`,
  );
  return { ok: false, problems };
}

/** What a snapshot is about, as the judgement takes it. */
function subjectOf(snapshot: Snapshot): Subject {
  switch (snapshot.moment) {
    case "gate":
      return { moment: "gate", ...snapshot.subject };
    case "group":
      return { moment: "group", ...snapshot.subject };
    case "landed":
      return { moment: "landed", ...snapshot.subject };
    case "deployed":
      return { moment: "deployed", ...snapshot.subject };
  }
}

/** Judges stored facts, under the policy recorded with them or under another. */
export function assessSnapshot(snapshot: Snapshot, policy: PolicyInForce = snapshot.policy): Assessment {
  const { appId, at, since } = snapshot;
  return assess(subjectOf(snapshot), { policy, appId, at, since });
}
