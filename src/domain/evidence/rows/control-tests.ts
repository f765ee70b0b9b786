/** The rows of deployments.csv, control-tests.csv and deviations.csv. */

import { canonical } from "../../values/digest.ts";
import type { Repository } from "../../change/repository.ts";
import { deploymentPlace } from "../../deployment/deployment.ts";
import type { DeploymentRecord } from "../../records/deployment.ts";
import type { Result } from "../../values/result.ts";
import { withoutDeviation } from "../../deviation/deviation.ts";
import { controlsWith, deviationSubjects } from "./changes.ts";
import { factsRead } from "./facts-read.ts";
import { goneSources, sourceGoneColumn, type GoneRow } from "./source-gone.ts";
import { joinSorted, pairLine, statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "../tables/table.ts";

interface DeploymentRow extends Stated<"deployment">, GoneRow {
  readonly deviations: readonly string[];
}

/** Lists the population of deployments: every successful deployment to a production environment in the period. */
export const DEPLOYMENTS = table<DeploymentRow>({
  path: "deployments.csv",
  description:
    "Population of deployments: every successful deployment to a production environment in the period, compliant or not.",
  columns: {
    deployment_id: column.digest(
      ({ body }) => body.deployment.id,
      "Identity: hash of repository id, GitHub's deployment id and environment.",
    ),
    repository_id: column.integer(
      ({ body }) => body.deployment.repository.id,
      "GitHub's id of the repository.",
    ),
    repository: column.text(
      ({ body }) => `${body.deployment.repository.owner}/${body.deployment.repository.name}`,
      "Owner and name of the repository.",
    ),
    github_deployment_id: column.integer(
      ({ body }) => body.deployment.number,
      "GitHub's own id of the deployment.",
    ),
    environment: column.text(({ body }) => body.deployment.environment, "The environment it succeeded in."),
    original_environment: column.text(
      ({ body }) => body.deployment.originalEnvironment,
      "The environment it was created for, where GitHub shows it; a status may have moved it.",
    ),
    origin: column.text(
      ({ body }) => body.deployment.origin.kind,
      "How it is known: github (a deployment on GitHub), tag, workflow (a run of a named workflow) or report (by a pipeline outside GitHub).",
    ),
    source: column.text(({ body }) => {
      const { origin } = body.deployment;
      return origin.kind === "report" ? `${origin.source}/${origin.report}` : null;
    }, "The pipeline that reported it, and its own name for it: source/id."),
    artifact: column.text(
      ({ body }) => (body.deployment.origin.kind === "report" ? body.deployment.origin.artifact : null),
      "What was deployed as the pipeline names it, such as an image's digest; not compared with the commit.",
    ),
    sha: column.digest(({ body }) => body.deployment.sha, "The commit deployed."),
    ref: column.text(({ body }) => body.deployment.ref, "The ref named when it was created."),
    creator: column.text(
      ({ body }) => personText(body.deployment.creator),
      "Who or what created it, login#id.",
    ),
    created_at: column.time(({ body }) => body.deployment.createdAt, "When it was created."),
    workflow_run_id: column.integer(
      ({ body }) => body.deployment.run?.id ?? null,
      "GitHub's id of the run whose job made it.",
    ),
    run_attempt: column.integer(
      ({ body }) => body.deployment.run?.attempt ?? null,
      "Which attempt of that run.",
    ),
    run_event: column.text(
      ({ body }) => body.deployment.run?.event ?? null,
      "What began the run, as GitHub names it: push, workflow_dispatch, schedule and others.",
    ),
    run_workflow: column.text(({ body }) => body.deployment.run?.path ?? null, "The workflow's file."),
    run_actor: column.text(
      ({ body }) => personText(body.deployment.run?.actor ?? null),
      "Who began the run, login#id.",
    ),
    run_triggering_actor: column.text(
      ({ body }) => personText(body.deployment.run?.triggeringActor ?? null),
      "Who began this attempt of it, login#id.",
    ),
    called_workflows: column.list(
      ({ body }) =>
        groupsText((body.deployment.run?.called ?? []).map((each) => [each.path, each.sha ?? ""])),
      "Workflows of elsewhere that it called: path;commit. Their content is not judged here.",
    ),
    environment_reviewers: column.integer(
      ({ body }) => body.deployment.rules?.reviewers ?? null,
      "How many people and teams the environment requires to approve a job; empty: no job, or GitHub would not say.",
    ),
    prevents_self_review: column.yesNo(
      ({ body }) => body.deployment.rules?.preventSelfReview ?? null,
      "Whether the environment keeps whoever began a run from approving it.",
    ),
    admins_may_bypass: column.yesNo(
      ({ body }) => body.deployment.rules?.adminsBypass ?? null,
      "Whether administrators may let a job pass the environment's rules.",
    ),
    environment_approvals: column.list(
      ({ body }) =>
        groupsText(
          (body.deployment.run?.approvals ?? []).map((each) => [
            personText(each.user),
            each.state,
            each.environments.join("+"),
          ]),
        ),
      "Who answered the waiting job: login#id;state;environments.",
    ),
    environment_bypassed: column.yesNo(
      ({ body }) =>
        body.deployment.run === null ? null : ruleCause(body, "environment-bypassed", "gate-bypassed"),
      "yes: the job went on without the reviewers or the gate that guard the environment; empty: no job made it.",
    ),
    self_approved: column.yesNo(
      ({ body }) => (body.deployment.run === null ? null : ruleCause(body, "self-approved")),
      "yes: only who began it, or alone made it, approved the job; empty: no job made it.",
    ),
    gate_answer: column.text(
      ({ body }) => body.deployment.gate,
      "What our deployment gate had answered: approved, waiting, rejected, asked-before (only about earlier ones) or never-asked.",
    ),
    statuses: column.list(
      ({ body }) =>
        groupsText(
          body.deployment.statuses.map((each) => [
            each.state,
            timeText(each.at),
            each.environment,
            personText(each.creator),
          ]),
        ),
      "Every status reported: state;time;environment;login#id.",
    ),
    succeeded_at: column.time(
      ({ body }) => body.deployment.succeededAt,
      "When it first succeeded; periods are cut by this.",
    ),
    previous_deployment_id: column.digest(
      ({ body }) => body.deployment.previous?.id ?? null,
      "The successful deployment before it in the same environment; empty: it is the first known.",
    ),
    previous_sha: column.digest(
      ({ body }) => body.deployment.previous?.sha ?? null,
      "The commit of that deployment.",
    ),
    kind: column.text(
      ({ body }) => body.deployment.kind,
      "first (the baseline), forward, rollback, redeploy, hotfix, unmerged or unknown.",
    ),
    on_production_branch: column.yesNo(
      ({ body }) => body.deployment.onProductionBranch,
      "Whether the commit is on a production branch; empty if GitHub would not say.",
    ),
    landed_at: column.time(
      ({ body }) => body.deployment.landedAt,
      "When its commit came to a production branch; empty: before observation began, or to none.",
    ),
    change_count: column.integer(
      ({ body }) => body.deployment.carried.length,
      "How many changes it deployed to the environment.",
    ),
    refused_change_count: column.integer(
      ({ body }) => body.deployment.carried.filter(({ verdict }) => verdict === "non-compliant").length,
      "How many of them were non-compliant; what was unverifiable is not counted here.",
    ),
    changes: column.list(
      ({ body }) => groupsText(body.deployment.carried.map((each) => [each.id, each.verdict])),
      "These changes: change_id;verdict when it was deployed.",
    ),
    unaccounted_known: column.yesNo(
      ({ body }) => body.deployment.unaccounted !== null,
      "no: GitHub did not list the commits it deployed.",
    ),
    unaccounted_commits: column.list(
      ({ body }) => listText(body.deployment.unaccounted ?? []),
      "Commits it deployed that belong to no known change.",
    ),
    succeeded_before: column.yesNo(
      ({ body }) => body.deployment.succeededBefore,
      "Whether this commit had succeeded in this environment before.",
    ),
    merge_back: column.text(
      ({ body }) => body.deployment.mergeBack?.state ?? null,
      "For a hotfix, where the policy requires it: due, merged or missed.",
    ),
    merge_back_due: column.time(
      ({ body }) => body.deployment.mergeBack?.dueAt ?? null,
      "Until when it was to be on the default branch.",
    ),
    verdict_before: column.text(
      ({ body }) => body.deployment.verdictBefore,
      "The verdict on what the newest earlier success of this commit deployed there; empty: none is recorded.",
    ),
    mode: column.text(({ body }) => body.mode, "observe or enforce."),
    verdict: column.text(
      ({ body }) => body.assessment.verdict,
      "Its own verdict, as in changes.csv; what it carries has verdicts of its own.",
    ),
    failed_controls: column.list(
      ({ body }) => controlsWith(body.assessment, "fail"),
      "Controls with outcome fail.",
    ),
    unverifiable_controls: column.list(
      ({ body }) => controlsWith(body.assessment, "unverifiable"),
      "Controls that could not be tested; never a pass.",
    ),
    waived_controls: column.list(({ body }) => controlsWith(body.assessment, "waived"), "Controls waived."),
    deviation_id: column.list(
      (row) => listText(row.deviations),
      "Deviations that list this deployment, a change it carries, or, where it goes back to what was non-compliant before, what it repeats.",
      "more",
    ),
    without_deviation_because: column.text(
      (row) => withoutDeviation(row.body, row.deviations),
      "Why a deployment that is non-compliant has no deviation; empty: it has one, or needs none.",
      "beyond",
    ),
    late: column.yesNo(
      ({ body }) => body.deployment.late,
      "yes: found by a sweep or backfill, not when it happened.",
    ),
    policy_digest: column.digest(
      ({ body }) => body.assessment.policyDigest,
      "The policy it was judged by: policies/DIGEST.json.",
    ),
    source_gone: sourceGoneColumn(),
    ...logColumns<DeploymentRow>((row) => row.entry),
  },
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
  yield* ownOrDeployed(source);
  // What goes back to a commit that was non-compliant repeats what was deployed there before.
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
async function* ownOrDeployed(source: EvidenceSource): AsyncIterable<string> {
  const known = joinSorted(source.sorted(deviationSubjects(source)));
  const asked = source.sorted(
    (async function* () {
      for await (const { body } of statesOf(source, "deployment", "ever")) {
        const { id, carried: deployed } = body.deployment;
        yield pairLine(id, id);
        for (const change of deployed) if (change.verdict === "non-compliant") yield pairLine(change.id, id);
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
  const known = joinSorted(source.sorted(ownOrDeployed(source)));
  try {
    for await (const { entry, body } of statesOf(source, "deployment", "ever"))
      for (const [deviation = ""] of await known.valuesOf(entry.subject))
        yield pairLine(deploymentPlace(body.deployment), deviation);
  } finally {
    await known.close();
  }
}

/** Pairs of place and deployment that repeats what was refused there before. */
async function* repeatedPlaces(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "deployment"))
    if (body.assessment.results.some(({ cause }) => cause === "refused-before"))
      yield pairLine(deploymentPlace(body.deployment), body.deployment.id);
}

/** Whether the deployment was found to have bypassed its environment's rules in one of these ways. */
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

/** Lists one row for each control tested on each subject. */
export const CONTROL_TESTS = table<ControlTestRow>({
  path: "control-tests.csv",
  description:
    "One row for each control on each change and deployment of the period: what was read, what came of it, and why. Rows that pass and rows that fail have the same form.",
  columns: {
    test_id: column.text(testId, "subject_kind:subject_id:control."),
    subject_kind: column.text((row) => row.subjectKind, "change or deployment."),
    subject_id: column.digest((row) => row.stated.entry.subject, "change_id or deployment_id."),
    repository: column.text(
      (row) => `${repositoryOf(row).owner}/${repositoryOf(row).name}`,
      "Owner and name of the repository.",
    ),
    pull_request: column.list(
      (row) => listText([...new Set(pullsOf(row))].map(String)),
      "Pull requests that the change landed; of a deployment, those of the changes it carried.",
    ),
    control: column.text((row) => row.result.control, "The control, as in controls.csv."),
    outcome: column.text((row) => row.result.outcome, "pass, fail, waived, not-applicable or unverifiable."),
    cause: column.text((row) => row.result.cause, "A fixed code for why."),
    reasons: column.list(
      (row) => groupsText(row.result.reasons.map((reason) => [reason])),
      "The same in sentences, most important first, separated by ` | `.",
    ),
    facts_read: column.list(
      (row) => groupsText(factsRead(row.result, row.stated.body).map((item) => [item])),
      "What was read, in words, separated by ` | `: approvals with login#id, commit, time and the requirement they count for, or why they do not count; runs of required checks; then the inputs by name. Empty: the control does not apply.",
    ),
    inputs: column.json(
      (row) => canonical(row.result.inputs),
      "The names and values read, as canonical JSON; nothing else influenced the outcome.",
    ),
    occurred_at: column.time(
      (row) => row.stated.entry.at,
      "When the change or deployment happened: the moment it is judged as of.",
    ),
    historic: column.yesNo(
      (row) => row.stated.body.assessment.verdict === "historic",
      "yes: it happened before monitoring was agreed (its verdict is historic), and no figure of a control counts it.",
    ),
    evaluated_at: column.time((row) => row.stated.entry.recordedAt, "When this outcome was recorded."),
    policy_digest: column.digest(
      (row) => row.stated.body.assessment.policyDigest,
      "The policy it was tested against: policies/DIGEST.json.",
    ),
    ...logColumns<ControlTestRow>((row) => row.stated.entry),
  },
  async *rows(source) {
    for (const subjectKind of ["change", "deployment"] as const)
      for await (const stated of statesOf(source, subjectKind))
        for (const result of byControl(stated.body.assessment.results)) yield { subjectKind, stated, result };
  },
});

function repositoryOf({ stated: { body } }: ControlTestRow): Repository {
  return "change" in body ? body.change.repository : body.deployment.repository;
}

function pullsOf({ stated: { body } }: ControlTestRow): readonly number[] {
  return "change" in body
    ? body.change.pullRequests.map(({ number }) => number)
    : body.deployment.carried.flatMap(({ pulls }) => pulls);
}

function testId(row: ControlTestRow): string {
  return `${row.subjectKind}:${row.stated.entry.subject}:${row.result.control}`;
}

function byControl(results: readonly Result[]): readonly Result[] {
  return results.toSorted((a, b) => (a.control < b.control ? -1 : 1));
}
