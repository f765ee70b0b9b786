/** The rows of deployments.csv, control-tests.csv and deviations.csv. */

import { canonical } from "../digest.ts";
import type { DeploymentRecord } from "../record.ts";
import type { Result } from "../result.ts";
import { controlsWith, deviationSubjects, withoutDeviation } from "./change-rows.ts";
import { goneSources, sourceGoneColumn, type GoneRow } from "./gone-rows.ts";
import { joinSorted, pairLine, statesOf, type EvidenceSource, type Stated } from "./population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "./table.ts";

interface DeploymentRow extends Stated<"deployment">, GoneRow {
  readonly deviations: readonly string[];
}

/** The population of deployments: every successful deployment to a production environment in the period. */
export const DEPLOYMENTS = table<DeploymentRow>({
  path: "deployments.csv",
  description:
    "Population of deployments: every successful deployment to a production environment in the period, compliant or not.",
  columns: [
    column(
      "deployment_id",
      "digest",
      "Identity: hash of repository id, GitHub's deployment id and environment.",
      ({ body }) => body.deployment.id,
    ),
    column(
      "repository_id",
      "integer",
      "GitHub's id of the repository.",
      ({ body }) => body.deployment.repository.id,
    ),
    column(
      "repository",
      "text",
      "Owner and name of the repository.",
      ({ body }) => `${body.deployment.repository.owner}/${body.deployment.repository.name}`,
    ),
    column(
      "github_deployment_id",
      "integer",
      "GitHub's own id of the deployment.",
      ({ body }) => body.deployment.number,
    ),
    column(
      "environment",
      "text",
      "The environment it succeeded in.",
      ({ body }) => body.deployment.environment,
    ),
    column(
      "original_environment",
      "text",
      "The environment it was created for, where GitHub tells; a status may have moved it.",
      ({ body }) => body.deployment.originalEnvironment,
    ),
    column(
      "origin",
      "text",
      "How it is known: github (a deployment on GitHub), tag, workflow (a run of a named workflow) or report (by a pipeline outside GitHub).",
      ({ body }) => body.deployment.origin.kind,
    ),
    column(
      "source",
      "text",
      "The pipeline that reported it, and its own name for it: source/id.",
      ({ body }) => {
        const { origin } = body.deployment;
        return origin.kind === "report" ? `${origin.source}/${origin.report}` : null;
      },
    ),
    column(
      "artifact",
      "text",
      "What was deployed as the pipeline names it, such as an image's digest; not compared with the commit.",
      ({ body }) => (body.deployment.origin.kind === "report" ? body.deployment.origin.artifact : null),
    ),
    column("sha", "digest", "The commit deployed.", ({ body }) => body.deployment.sha),
    column("ref", "text", "The ref named when it was created.", ({ body }) => body.deployment.ref),
    column("creator", "text", "Who or what created it, login#id.", ({ body }) =>
      personText(body.deployment.creator),
    ),
    column("created_at", "time", "When it was created.", ({ body }) => body.deployment.createdAt),
    column(
      "workflow_run_id",
      "integer",
      "GitHub's id of the run whose job made it.",
      ({ body }) => body.deployment.run?.id ?? null,
    ),
    column(
      "run_attempt",
      "integer",
      "Which attempt of that run.",
      ({ body }) => body.deployment.run?.attempt ?? null,
    ),
    column(
      "run_event",
      "text",
      "What began the run, as GitHub names it: push, workflow_dispatch, schedule and others.",
      ({ body }) => body.deployment.run?.event ?? null,
    ),
    column("run_workflow", "text", "The workflow's file.", ({ body }) => body.deployment.run?.path ?? null),
    column("run_actor", "text", "Who began the run, login#id.", ({ body }) =>
      personText(body.deployment.run?.actor ?? null),
    ),
    column("run_triggering_actor", "text", "Who began this attempt of it, login#id.", ({ body }) =>
      personText(body.deployment.run?.triggeringActor ?? null),
    ),
    column(
      "called_workflows",
      "list",
      "Workflows of elsewhere that it called: path;commit. Their content is not judged here.",
      ({ body }) =>
        groupsText((body.deployment.run?.called ?? []).map((each) => [each.path, each.sha ?? ""])),
    ),
    column(
      "environment_reviewers",
      "integer",
      "How many people and teams the environment asks to approve a job; empty: no job, or GitHub would not say.",
      ({ body }) => body.deployment.rules?.reviewers ?? null,
    ),
    column(
      "prevents_self_review",
      "yes-no",
      "Whether the environment keeps whoever began a run from approving it.",
      ({ body }) => body.deployment.rules?.preventSelfReview ?? null,
    ),
    column(
      "admins_may_bypass",
      "yes-no",
      "Whether administrators may let a job pass the environment's rules.",
      ({ body }) => body.deployment.rules?.adminsBypass ?? null,
    ),
    column(
      "environment_approvals",
      "list",
      "Who answered the waiting job: login#id;state;environments.",
      ({ body }) =>
        groupsText(
          (body.deployment.run?.approvals ?? []).map((each) => [
            personText(each.user),
            each.state,
            each.environments.join("+"),
          ]),
        ),
    ),
    column(
      "environment_bypassed",
      "yes-no",
      "yes: the job went on without the reviewers or the gate that guard the environment; empty: no job made it.",
      ({ body }) =>
        body.deployment.run === null ? null : ruleCause(body, "environment-bypassed", "gate-bypassed"),
    ),
    column(
      "self_approved",
      "yes-no",
      "yes: only who began it, or alone made it, approved the job; empty: no job made it.",
      ({ body }) => (body.deployment.run === null ? null : ruleCause(body, "self-approved")),
    ),
    column(
      "gate_answer",
      "text",
      "What our deployment gate had answered: approved, waiting, rejected, asked-before (only about earlier ones) or never-asked.",
      ({ body }) => body.deployment.gate,
    ),
    column("statuses", "list", "Every status reported: state;time;environment;login#id.", ({ body }) =>
      groupsText(
        body.deployment.statuses.map((each) => [
          each.state,
          timeText(each.at),
          each.environment,
          personText(each.creator),
        ]),
      ),
    ),
    column(
      "succeeded_at",
      "time",
      "When it first succeeded; periods are cut by this.",
      ({ body }) => body.deployment.succeededAt,
    ),
    column(
      "previous_deployment_id",
      "digest",
      "The successful deployment before it in the same environment; empty: it is the first known.",
      ({ body }) => body.deployment.previous?.id ?? null,
    ),
    column(
      "previous_sha",
      "digest",
      "The commit of that deployment.",
      ({ body }) => body.deployment.previous?.sha ?? null,
    ),
    column(
      "kind",
      "text",
      "first (the baseline), forward, rollback, redeploy, hotfix, unmerged or unknown.",
      ({ body }) => body.deployment.kind,
    ),
    column(
      "on_production_branch",
      "yes-no",
      "Whether the commit is on a production branch; empty if GitHub would not say.",
      ({ body }) => body.deployment.onProductionBranch,
    ),
    column(
      "landed_at",
      "time",
      "When its commit came to a production branch; empty: before observation began, or to none.",
      ({ body }) => body.deployment.landedAt,
    ),
    column(
      "change_count",
      "integer",
      "How many changes it brought to the environment.",
      ({ body }) => body.deployment.carried.length,
    ),
    column(
      "refused_change_count",
      "integer",
      "How many of them were non-compliant; what was unverifiable is not counted here.",
      ({ body }) => body.deployment.carried.filter(({ verdict }) => verdict === "non-compliant").length,
    ),
    column("changes", "list", "These changes: change_id;verdict when it was deployed.", ({ body }) =>
      groupsText(body.deployment.carried.map((each) => [each.id, each.verdict])),
    ),
    column(
      "unaccounted_known",
      "yes-no",
      "no: GitHub would not list the commits it brought.",
      ({ body }) => body.deployment.unaccounted !== null,
    ),
    column("unaccounted_commits", "list", "Commits it brought that belong to no known change.", ({ body }) =>
      listText(body.deployment.unaccounted ?? []),
    ),
    column(
      "succeeded_before",
      "yes-no",
      "Whether this commit had succeeded in this environment before.",
      ({ body }) => body.deployment.succeededBefore,
    ),
    column(
      "merge_back",
      "text",
      "For a hotfix, where the policy asks for it: due, merged or missed.",
      ({ body }) => body.deployment.mergeBack?.state ?? null,
    ),
    column(
      "merge_back_due",
      "time",
      "Until when it was to be on the default branch.",
      ({ body }) => body.deployment.mergeBack?.dueAt ?? null,
    ),
    column(
      "verdict_before",
      "text",
      "The verdict on what the newest earlier success of this commit brought there; empty: none is recorded.",
      ({ body }) => body.deployment.verdictBefore,
    ),
    column("mode", "text", "observe or enforce.", ({ body }) => body.mode),
    column(
      "verdict",
      "text",
      "Its own verdict, as in changes.csv; what it carries has verdicts of its own.",
      ({ body }) => body.assessment.verdict,
    ),
    column("failed_controls", "list", "Controls with outcome fail.", ({ body }) =>
      controlsWith(body.assessment, "fail"),
    ),
    column("unverifiable_controls", "list", "Controls that could not be tested; never a pass.", ({ body }) =>
      controlsWith(body.assessment, "unverifiable"),
    ),
    column("waived_controls", "list", "Controls waived.", ({ body }) =>
      controlsWith(body.assessment, "waived"),
    ),
    column(
      "deviation_id",
      "list",
      "Deviations that list this deployment, a change it carries, or, where it goes back to what was not compliant before, what it repeats.",
      (row) => listText(row.deviations),
      "more",
    ),
    column(
      "without_deviation_because",
      "text",
      "Why a deployment that is not compliant has no deviation; empty: it has one, or needs none.",
      (row) => withoutDeviation(row.body, row.deviations),
      "beyond",
    ),
    column(
      "late",
      "yes-no",
      "yes: found by a sweep or backfill, not when it happened.",
      ({ body }) => body.deployment.late,
    ),
    column(
      "policy_digest",
      "digest",
      "The policy it was judged by: policies/DIGEST.json.",
      ({ body }) => body.assessment.policyDigest,
    ),
    sourceGoneColumn(),
    ...logColumns<DeploymentRow>((row) => row.entry),
  ],
  async *rows(source) {
    const deviations = joinSorted(source.sorted(deploymentDeviations(source)));
    const gone = joinSorted(source.sorted(goneSources(source)));
    try {
      for await (const stated of statesOf(source, "deployment"))
        yield {
          ...stated,
          deviations: (await deviations.valuesOf(stated.entry.subject)).map(([id = ""]) => id),
          gone: await gone.valuesOf(stated.entry.subject),
        };
    } finally {
      await deviations.close();
      await gone.close();
    }
  },
});

/** Pairs of deployment and deviation: its own, those of what it carries, and those of what it repeats. */
async function* deploymentDeviations(source: EvidenceSource): AsyncIterable<string> {
  yield* ownOrCarried(source);
  // What goes back to a commit that was not compliant repeats what was deployed there before.
  const known = joinSorted(source.sorted(placesWithDeviation(source)));
  try {
    let place = "";
    let deviations: readonly (readonly string[])[] = [];
    for await (const line of source.sorted(repeatedPlaces(source))) {
      const [at = "", deployment = ""] = line.split("\t");
      if (at !== place) deviations = await known.valuesOf(at);
      place = at;
      for (const [deviation = ""] of deviations) yield pairLine(deployment, deviation);
    }
  } finally {
    await known.close();
  }
}

/** Pairs of deployment and deviation: its own, and those of the refused changes it carries. */
async function* ownOrCarried(source: EvidenceSource): AsyncIterable<string> {
  const known = joinSorted(source.sorted(deviationSubjects(source)));
  const asked = source.sorted(
    (async function* () {
      for await (const { body } of statesOf(source, "deployment", "ever")) {
        const { id, carried } = body.deployment;
        yield pairLine(id, id);
        for (const change of carried) if (change.verdict === "non-compliant") yield pairLine(change.id, id);
      }
    })(),
  );
  try {
    let subject = "";
    let deviations: readonly (readonly string[])[] = [];
    for await (const line of asked) {
      const [of = "", deployment = ""] = line.split("\t");
      if (of !== subject) deviations = await known.valuesOf(of);
      subject = of;
      for (const [deviation = ""] of deviations) yield pairLine(deployment, deviation);
    }
  } finally {
    await known.close();
  }
}

/** Pairs of place (repository, environment and commit) and deviation. */
async function* placesWithDeviation(source: EvidenceSource): AsyncIterable<string> {
  const known = joinSorted(source.sorted(ownOrCarried(source)));
  try {
    for await (const { entry, body } of statesOf(source, "deployment", "ever"))
      for (const [deviation = ""] of await known.valuesOf(entry.subject))
        yield pairLine(placeOf(body), deviation);
  } finally {
    await known.close();
  }
}

/** Pairs of place and deployment that repeats what was refused there before. */
async function* repeatedPlaces(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "deployment"))
    if (body.assessment.results.some(({ cause }) => cause === "refused-before"))
      yield pairLine(placeOf(body), body.deployment.id);
}

function placeOf({ deployment: { repository, environment, sha } }: DeploymentRecord): string {
  return `${repository.id} ${sha} ${JSON.stringify(environment.toLowerCase())}`;
}

/** Whether the deployment was found to have gone round its environment's rules in one of these ways. */
function ruleCause({ assessment }: DeploymentRecord, ...causes: readonly string[]): boolean {
  return assessment.results.some(
    ({ control, cause }) => control === "deployment-approved" && causes.includes(cause),
  );
}

interface ControlTestRow {
  readonly subjectKind: "change" | "deployment";
  readonly stated: Stated<"change" | "deployment">;
  readonly result: Result;
}

/** One row for each control tested on each subject. */
export const CONTROL_TESTS = table<ControlTestRow>({
  path: "control-tests.csv",
  description:
    "One row for each control on each change and deployment of the period: what was read, what came of it, and why. Rows that pass and rows that fail have the same form.",
  columns: [
    column("test_id", "text", "subject_kind:subject_id:control.", testId),
    column("subject_kind", "text", "change or deployment.", (row) => row.subjectKind),
    column("subject_id", "digest", "change_id or deployment_id.", (row) => row.stated.entry.subject),
    column("control", "text", "The control, as in controls.csv.", (row) => row.result.control),
    column(
      "outcome",
      "text",
      "pass, fail, waived, not-applicable or unverifiable.",
      (row) => row.result.outcome,
    ),
    column("cause", "text", "A fixed code for why.", (row) => row.result.cause),
    column("reasons", "list", "The same in sentences, most important first, separated by ` | `.", (row) =>
      groupsText(row.result.reasons.map((reason) => [reason])),
    ),
    column(
      "inputs",
      "json",
      "The names and values read, as canonical JSON; nothing else influenced the outcome.",
      (row) => canonical(row.result.inputs),
    ),
    column(
      "occurred_at",
      "time",
      "When the change or deployment happened: the moment it is judged as of.",
      (row) => row.stated.entry.at,
    ),
    column("evaluated_at", "time", "When this outcome was recorded.", (row) => row.stated.entry.recordedAt),
    column(
      "policy_digest",
      "digest",
      "The policy it was tested against: policies/DIGEST.json.",
      (row) => row.stated.body.assessment.policyDigest,
    ),
    ...logColumns<ControlTestRow>((row) => row.stated.entry),
  ],
  async *rows(source) {
    for (const subjectKind of ["change", "deployment"] as const)
      for await (const stated of statesOf(source, subjectKind))
        for (const result of byControl(stated.body.assessment.results)) yield { subjectKind, stated, result };
  },
});

function testId(row: ControlTestRow): string {
  return `${row.subjectKind}:${row.stated.entry.subject}:${row.result.control}`;
}

function byControl(results: readonly Result[]): readonly Result[] {
  return results.toSorted((a, b) => (a.control < b.control ? -1 : 1));
}
