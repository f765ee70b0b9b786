/** Rows of deviations, remediations and their issues. */

import type { Row } from "../format/expectations.ts";
import type { RowSet } from "../format/match.ts";
import type { StorySnapshot } from "./snapshot.ts";

/** Returns each deviation with what it is about. */
export async function deviationRows(snapshot: StorySnapshot): Promise<RowSet> {
  const changes = await snapshot.bodies("change");
  const deployments = await snapshot.bodies("deployment");
  const records = await snapshot.bodies("deviation");
  const rows = records.map((record): Row => {
    const about = record.subjects.flatMap((id) => changes.filter((each) => each.change.id === id));
    const deployed = deployments.filter((each) => record.subjects.includes(each.deployment.id));
    return {
      // One cause may reach several repositories; under which of them it was opened depends on which was read first.
      repository: [
        ...new Set([record, ...about.map(({ change }) => change)].map(({ repository }) => repository.name)),
      ],
      pull: record.pull ?? undefined,
      step: [
        ...about.flatMap((each) => snapshot.stepsOfChange(each)),
        ...deployed.flatMap((each) => snapshot.stepsOfDeployment(each.deployment)),
      ],
      control: record.controls,
      type: record.type,
      status: record.status,
      source: record.source,
      severity: record.severity,
      changes: about.map((each) => snapshot.namesOfChange(each)),
      says: [record.title, record.typeReason, record.moved.text],
    };
  });
  return {
    columns: ["pull", "step", "control", "type", "status", "source", "severity", "changes", "says"],
    rows,
  };
}

/** Returns each remediation, with the pull request and steps of its deviation. */
export async function remediationRows(snapshot: StorySnapshot): Promise<RowSet> {
  const deviations = (await deviationRows(snapshot)).rows;
  const order = (await snapshot.bodies("deviation")).map(({ id }) => id);
  const records = await snapshot.bodies("remediation");
  const rows = records.map((record): Row => {
    const about = deviations[order.indexOf(record.deviation)];
    return {
      repository: record.repository.name,
      pull: about?.["pull"],
      step: about?.["step"],
      status: record.status,
      owner: record.owner?.login,
      due: record.due ?? undefined,
      targets: record.targets.map(({ due }) => due),
      "root-cause": record.rootCause?.category,
      missed: record.reviews.filter(({ at }) => at === null).map(({ due }) => due),
      reviewed: record.reviews.filter(({ at }) => at !== null).length,
    };
  });
  const columns = ["pull", "step", "status", "owner", "due", "targets", "root-cause", "missed", "reviewed"];
  return { columns, rows };
}

/** Returns each issue on GitHub, with its deviation's pull request and steps. */
export async function issueRows(snapshot: StorySnapshot): Promise<RowSet> {
  const state = await snapshot.state();
  const deviations = (await deviationRows(snapshot)).rows;
  const records = await snapshot.bodies("deviation");
  const rows = state.repositories.flatMap((repository) =>
    repository.issues.map((issue): Row => {
      const index = records.findIndex((record) => issue.body.includes(record.id));
      return {
        repository: repository.name,
        about: index < 0 ? undefined : "deviation",
        pull: deviations[index]?.["pull"],
        step: deviations[index]?.["step"],
        state: issue.state,
        says: `${issue.title}\n${issue.body}`,
        assignees: issue.assignees.map((id) => state.names.get(id) ?? String(id)),
      };
    }),
  );
  return { columns: ["about", "pull", "step", "state", "says", "assignees"], rows, anywhere: true };
}
