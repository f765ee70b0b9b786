/** Rows of changes and deployments. */

import type { Actor } from "../../../domain/change/people.ts";
import { contributorsOf } from "../../../domain/approval/contribution/contributors.ts";
import type { Result } from "../../../domain/values/result.ts";
import type { DoubleState } from "../harness/double.ts";
import type { Row } from "../format/expectations.ts";
import type { RowSet } from "../format/match.ts";
import type { StorySnapshot } from "./snapshot.ts";

/** Returns each recorded change with its verdict. */
export async function changeRows(snapshot: StorySnapshot): Promise<RowSet> {
  const state = await snapshot.state();
  const records = await snapshot.bodies("change");
  const rows = records.map((record): Row => {
    const { change, assessment } = record;
    const pulls = change.pullRequests.map((pull) => pull.number);
    const contributors = change.pullRequests.flatMap((pull) =>
      contributorsOf(pull).map(({ actor }) => actor),
    );
    return {
      repository: change.repository.name,
      pull: pulls.length === 1 ? pulls[0] : undefined,
      pulls,
      step: snapshot.stepsOfChange(record),
      branch: change.update.ref.replace(/^refs\/heads\//u, ""),
      update: change.update.kind,
      class: record.class,
      verdict: assessment.verdict,
      fails: controls(assessment.results, "fail"),
      waived: controls(assessment.results, "waived"),
      unverifiable: controls(assessment.results, "unverifiable"),
      approvers: names(
        state,
        assessment.approvals.filter((each) => each.counts).map((each) => each.actorId),
      ),
      contributors: names(
        state,
        contributors.map((actor) => actor.id),
      ),
      "merged-by": name(state, change.update.actor),
      coverage: change.shipped.length === 1 ? change.shipped[0]?.coverage : undefined,
      late: change.late,
      says: assessment.results.flatMap((each) => each.reasons),
    };
  });
  const columns = [
    "pull",
    "pulls",
    "step",
    "branch",
    "update",
    "class",
    "verdict",
    "fails",
    "waived",
    "unverifiable",
    "approvers",
    "contributors",
    "merged-by",
    "coverage",
    "late",
    "says",
  ];
  return { columns, rows };
}

/** Returns each recorded deployment with its verdict and changes. */
export async function deploymentRows(snapshot: StorySnapshot): Promise<RowSet> {
  const [state, changes, records] = [
    await snapshot.state(),
    await snapshot.bodies("change"),
    await snapshot.bodies("deployment"),
  ];
  const rows = records.map(({ deployment, assessment }): Row => {
    const repository = state.repositories.find((each) => each.id === deployment.repository.id);
    return {
      repository: deployment.repository.name,
      step: snapshot.stepsOfDeployment(deployment),
      environment: deployment.environment,
      commit: [deployment.sha, ...snapshot.namesOfCommit(repository, deployment.sha)],
      kind: deployment.kind,
      verdict: assessment.verdict,
      fails: controls(assessment.results, "fail"),
      unverifiable: controls(assessment.results, "unverifiable"),
      origin: deployment.origin.kind,
      says: assessment.results.flatMap((each) => each.reasons),
      changes: deployment.carried.map(({ id }) =>
        snapshot.namesOfChange(changes.find((each) => each.change.id === id)),
      ),
    };
  });
  return {
    columns: [
      "step",
      "environment",
      "commit",
      "kind",
      "verdict",
      "fails",
      "unverifiable",
      "changes",
      "origin",
      "says",
    ],
    rows,
  };
}

function controls(results: readonly Result[], outcome: Result["outcome"]): readonly string[] {
  return results.filter((each) => each.outcome === outcome).map((each) => each.control);
}

function names(state: DoubleState, ids: readonly (number | null)[]): readonly string[] {
  return [...new Set(ids)].map((id) => (id === null ? "unknown" : (state.names.get(id) ?? String(id))));
}

function name(state: DoubleState, actor: Actor | null): string | undefined {
  return actor === null ? undefined : (state.names.get(actor.id) ?? actor.login);
}
