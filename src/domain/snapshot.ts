/** Stored facts of one subject, as the evidence log keeps them, and the judgement on them: the same facts give the same results. */

import { z } from "zod";
import { PERMISSIONS } from "./change.ts";
import { assess } from "./controls/assess.ts";
import type { Subject } from "./controls/control.ts";
import { EMERGENCY_STATES } from "./emergency/exception.ts";
import type { PolicyInForce } from "./policy/tighten.ts";
import { CONTROL_NAMES, type Assessment } from "./result.ts";

/** Objects are loose: what a newer version gathered beside is kept, and judged by who knows it. */
const Text = z.string();
const Sha = z.string().describe("a full git object id");
const Instant = z.int().describe("milliseconds since 1970-01-01T00:00:00Z");
const Basis = z.enum(["observed", "read-later"]);
const Actor = z.looseObject({
  id: z.int(),
  login: Text,
  type: z.enum(["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"]),
});
const MaybeActor = Actor.nullable();

const Repository = z.looseObject({
  id: z.int(),
  owner: Text,
  ownerId: z.int(),
  name: Text,
  visibility: z.enum(["public", "private", "internal"]),
  defaultBranch: Text,
});

const Check = z.looseObject({
  name: Text,
  app: z.looseObject({ id: z.int(), slug: Text }).nullable(),
  conclusion: Text.nullable(),
  completedAt: Instant.nullable(),
});

const Pull = z.looseObject({
  repository: Repository,
  number: z.int(),
  title: Text,
  url: Text,
  author: MaybeActor,
  requestedBy: z
    .array(Actor)
    .optional()
    .describe("of a pull request that a bot opened: everyone ever assigned to it"),
  createdAt: Instant,
  state: z.enum(["open", "closed", "merged"]),
  draft: z.boolean(),
  base: z.looseObject({ ref: Text, sha: Sha }),
  head: z.looseObject({ ref: Text, sha: Sha, tree: Sha.nullable() }),
  retargetedAt: Instant.nullable(),
  labels: z.array(Text),
  body: z
    .looseObject({ text: Text.nullable(), basis: Basis })
    .optional()
    .describe("the description, as of the merge once merged; absent where no policy asks for it"),
  accepted: z
    .looseObject({
      by: Actor,
      reason: Text,
      at: Instant,
      head: Sha,
      controls: z.array(Text),
      commentId: z.int(),
    })
    .optional()
    .describe("who accepted that something could not be verified, of which head"),
  landedBefore: z
    .array(
      z.looseObject({
        changeId: Text,
        ref: Text,
        before: Sha,
        after: Sha,
        at: Instant,
        kind: z.enum(["pull-request", "queue", "push", "force-push", "branch-created", "branch-deleted"]),
        verdict: Text,
        waived: z.array(Text),
        pulls: z.array(z.int()),
        approvers: z.array(Actor),
        asked: Text,
        basis: Basis,
      }),
    )
    .optional()
    .describe("the recorded landings of its commits on integration branches"),
  commits: z.array(
    z.looseObject({
      sha: Sha,
      tree: Sha,
      parents: z.array(Sha),
      authors: z.array(MaybeActor),
      committer: MaybeActor,
    }),
  ),
  commitsComplete: z.boolean(),
  pushes: z.array(
    z.looseObject({
      before: Sha,
      after: Sha,
      actor: MaybeActor,
      at: Instant,
      forced: z.boolean(),
      basis: Basis,
    }),
  ),
  reviews: z.array(
    z.looseObject({
      id: z.int(),
      author: MaybeActor,
      state: z.enum(["approved", "changes-requested", "commented", "unknown"]),
      submittedAt: Instant,
      commit: Sha.nullable(),
      basis: Basis,
      dismissed: z.looseObject({ at: Instant, by: MaybeActor }).nullable(),
    }),
  ),
  checks: z.array(Check),
  authorities: z.array(
    z.looseObject({
      actor: Actor,
      permission: z.enum([...PERMISSIONS, "unknown"]),
      teams: z.array(Text),
      organizations: z.array(Text),
      unread: z.array(Text),
      doubted: z.array(Text).optional(),
      asked: z.array(Text).optional(),
      at: Instant,
      basis: Basis,
    }),
  ),
  holders: z
    .array(
      z.looseObject({
        source: Text,
        people: z.array(Actor),
        unable: z.array(
          z.looseObject({ name: Text, because: z.enum(["no-account", "no-team", "no-access"]) }),
        ),
        complete: z.boolean(),
      }),
    )
    .optional()
    .describe("whom each source names of which approvals were missing before the merge"),
  sameContent: z.array(
    z.looseObject({ from: Sha, to: Sha, proof: z.enum(["tree", "patch", "different", "unknown"]) }),
  ),
  merged: z.looseObject({ at: Instant, by: MaybeActor, commit: Sha.nullable() }).nullable(),
});

const Update = z.looseObject({
  id: Text,
  repository: Repository,
  update: z.looseObject({
    activityId: z.int().nullable(),
    ref: Text,
    before: Sha,
    after: Sha,
    kind: z.enum(["pull-request", "queue", "push", "force-push", "branch-created", "branch-deleted"]),
    actor: MaybeActor,
    at: Instant,
    basis: Basis,
  }),
  occurrence: z.int(),
  tree: Sha.nullable(),
  commitCount: z.int().nullable(),
  pullRequests: z.array(Pull),
  shipped: z.array(
    z.looseObject({
      pull: z.int(),
      coverage: z.enum(["identity", "replay", "residual", "unverifiable"]),
      files: z.array(Text),
    }),
  ),
  external: z
    .looseObject({
      list: z.array(
        z.looseObject({ path: Text, kind: z.enum(["submodule", "large-file", "unpinned"]), to: Text }),
      ),
      complete: z.boolean(),
    })
    .optional()
    .describe("submodules, large files, and actions by a name that may move, that it newly points at"),
  approvedElsewhere: z
    .array(
      z.looseObject({
        commit: Sha,
        isWhole: z.boolean(),
        changeId: Text,
        ref: Text,
        pulls: z.array(z.int()),
        approvers: z.array(z.looseObject({ id: z.int().nullable(), login: Text })),
      }),
    )
    .optional()
    .describe("for a push: the approved changes of other branches whose patch it brought once more"),
  alreadyLanded: z.boolean().nullable(),
  checks: z.array(Check),
  late: z.boolean(),
});

const Deployed = z.looseObject({
  id: Text,
  repository: Repository,
  origin: z.looseObject({ kind: z.enum(["github", "tag", "workflow", "report"]) }),
  number: z.int().nullable(),
  environment: Text,
  originalEnvironment: Text.nullable(),
  sha: Sha,
  ref: Text,
  creator: MaybeActor,
  createdAt: Instant,
  statuses: z.array(
    z.looseObject({ id: z.int(), state: Text, environment: Text, creator: MaybeActor, at: Instant }),
  ),
  succeededAt: Instant,
  previous: z.looseObject({ id: Text, sha: Sha, at: Instant }).nullable(),
  kind: z.enum(["first", "forward", "rollback", "redeploy", "hotfix", "unmerged", "unknown"]),
  onProductionBranch: z.boolean().nullable(),
  landedAt: Instant.nullable(),
  run: z
    .looseObject({ id: z.int(), approvals: z.array(z.looseObject({ state: Text })).nullable() })
    .nullable(),
  rules: z.looseObject({ name: Text, reviewers: z.int() }).nullable(),
  gate: z.enum(["waiting", "approved", "rejected", "asked-before", "never-asked"]),
  carried: z.array(
    z.looseObject({
      id: Text,
      verdict: Text,
      landedAt: Instant,
      pulls: z.array(z.int()),
      sha: Sha,
      makers: z.array(z.int()),
    }),
  ),
  unaccounted: z.array(Sha).nullable(),
  succeededBefore: z.boolean(),
  verdictBefore: Text.nullable(),
  mergeBack: z.looseObject({ dueAt: Instant, state: z.enum(["due", "merged", "missed"]) }).nullable(),
  late: z.boolean(),
});

const Source = z.discriminatedUnion("state", [
  z.looseObject({
    state: z.literal("found"),
    repository: Text,
    path: Text,
    commit: Sha,
    blob: Sha,
    text: Text,
  }),
  z.looseObject({ state: z.literal("absent") }),
  z.looseObject({ state: z.literal("unreadable"), because: Text }),
]);

const InForce = z
  .discriminatedUnion("state", [
    z.looseObject({
      state: z.literal("known"),
      record: z.looseObject({
        digest: Text,
        organization: Source,
        repository: Source,
        effective: z
          .looseObject({
            mode: z.enum(["observe", "enforce"]),
            production: z.looseObject({
              branches: z.array(Text).nullable(),
              environments: z.array(Text),
            }),
            approvals: z.array(z.looseObject({})),
            independence: z.enum(["every-commit", "strict"]),
            checks: z.array(z.looseObject({ name: Text, app: Text.nullable() })),
            since: Text.nullable(),
          })
          .describe("the two files folded into one, as it was recorded"),
      }),
    }),
    z.looseObject({
      state: z.literal("broken"),
      problems: z.array(z.looseObject({ file: Text, line: z.int(), column: z.int(), message: Text })),
    }),
    z.looseObject({ state: z.literal("unreadable"), because: Text }),
  ])
  .describe("the policy in force, as an entry `policy` of the log has it, or why there was none");

const Deed = z.looseObject({ by: MaybeActor, at: Instant, via: Text });

const Emergencies = z
  .array(
    z.looseObject({
      record: z.looseObject({
        id: Text,
        pull: z.int().nullable(),
        status: z.enum(EMERGENCY_STATES),
        reason: Text.nullable(),
        opened: Deed,
        declared: Deed.nullable(),
        authorised: z
          .looseObject({
            by: Actor,
            at: Instant,
            until: Instant,
            head: Sha.nullable(),
            confirmBy: Instant.nullable(),
          })
          .nullable(),
        confirmed: Deed.nullable(),
        ended: z.looseObject({ at: Instant, because: Text }).nullable(),
        waives: z.array(z.enum(CONTROL_NAMES)),
      }),
      review: z
        .looseObject({
          status: z.enum(["due", "approved", "follow-up", "rejected"]),
          dueAt: Instant,
          decision: z.looseObject({ by: Actor, at: Instant }).nullable(),
          revertBy: Instant.nullable(),
        })
        .nullable(),
      asOf: Instant,
    }),
  )
  .optional()
  .describe("the emergencies of its pull requests, or of its deployment, as they were known then");

const COMMON = {
  policy: InForce,
  appId: z.int().min(1).describe("the id of the App whose checks named `countersign` are the gate's"),
  at: Instant.describe("the moment judged, in milliseconds since 1970; for what happened, when it happened"),
  since: Instant.describe("what happened before is historic; in milliseconds since 1970"),
} as const;

/** Facts as a file: what one judgement looks at, and nothing else. The descriptions are published as docs/facts.schema.json. */
export const SnapshotSchema = z
  .discriminatedUnion("moment", [
    z.strictObject({
      moment: z.literal("gate").describe("an open pull request, before it merges"),
      subject: z.strictObject({ pull: Pull, emergencies: Emergencies }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("group").describe("a group of a merge queue, before it merges"),
      subject: z.strictObject({
        pulls: z.array(Pull),
        sha: Sha,
        checks: z.array(Check),
        emergencies: Emergencies,
      }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("landed").describe("one update of a production branch"),
      subject: z.strictObject({ change: Update, emergencies: Emergencies }),
      ...COMMON,
    }),
    z.strictObject({
      moment: z.literal("deployed").describe("one deployment that succeeded"),
      subject: z.strictObject({ deployment: Deployed, emergencies: Emergencies }),
      ...COMMON,
    }),
  ])
  .describe("Stored facts of one subject: what `countersign assess --facts` judges");

type Facts<Moment extends Subject["moment"]> = {
  readonly moment: Moment;
  readonly subject: Omit<Extract<Subject, { readonly moment: Moment }>, "moment">;
};

/** Facts of one subject with the circumstances it is judged in. */
export type Snapshot = {
  readonly policy: PolicyInForce;
  readonly appId: number;
  readonly at: number;
  readonly since: number;
} & (Facts<"gate"> | Facts<"group"> | Facts<"landed"> | Facts<"deployed">);

/** Facts from a text, or every problem in it. */
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
  // INVARIANT: the schema has every field that the judgement needs, so what it lets through is a Snapshot.
  if (parsed.success) return { ok: true, snapshot: parsed.data as unknown as Snapshot };
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `}${issue.message}`,
  );
  return { ok: false, problems };
}

/** What a snapshot is about, as the judgement takes it. */
export function subjectOf(snapshot: Snapshot): Subject {
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
