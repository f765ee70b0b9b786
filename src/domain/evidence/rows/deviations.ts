/** The rows of deviations.csv: what an auditor calls exceptions noted, how far they reach, and how they stand. */

import type { ControlName } from "../../values/result.ts";
import { deviationSubjects } from "./changes.ts";
import {
  isInPeriod,
  joinSorted,
  pairLine,
  statesOf,
  type EvidenceSource,
  type Stated,
} from "../tables/population.ts";
import { time, plainInCell } from "../../texts/wording.ts";
import { CONTROLS } from "../../assessment/assess.ts";
import { column, groupsText, listText, personText, table, logColumns } from "../tables/table.ts";

/** How often a control failed, of how many times it was tested. */
interface Extent {
  readonly control: ControlName;
  failed: number;
  tested: number;
}

interface DeviationRow extends Stated<"deviation"> {
  readonly extent: Extent | null;
}

/** Lists what an auditor calls exceptions noted: of the period, or about a change or deployment of the period. */
export const DEVIATIONS = table<DeviationRow>({
  path: "deviations.csv",
  description:
    "Every deviation that happened in the period or lists a change or deployment of the period: what an auditor calls an exception noted.",
  columns: {
    deviation_id: column.text(({ body }) => body.id, "Identity of the deviation."),
    repository_id: column.integer(({ body }) => body.repository.id, "GitHub's id of the repository."),
    repository: column.text(
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
      "Owner and name of the repository.",
    ),
    subject_kind: column.text(
      ({ body }) => body.subjectKind,
      "change, deployment, or control (about a control as such).",
    ),
    subjects: column.list(
      ({ body }) => listText(body.subjects),
      "The change_ids or deployment_ids it lists.",
    ),
    pull_request: column.integer(({ body }) => body.pull, "Number of the pull request, where there is one."),
    controls: column.list(({ body }) => listText(body.controls), "The controls that failed."),
    criteria: column.list(
      ({ body }) => groupsText(criteriaOf(body.controls).map((each) => [each])),
      "Outside criteria that these controls serve, as in controls.csv, each once, separated by ` | `.",
    ),
    cause: column.text(({ body }) => body.cause, "The code of the cause."),
    shared_cause: column.text(
      ({ body }) => body.sharedCause,
      "Where several have one cause: what was so meanwhile. Empty: it stands alone.",
    ),
    type: column.text(
      ({ body }) => body.type,
      "design (the control as set up could not have held it) or operating (it was set up, and not followed).",
    ),
    type_reason: column.text(({ body }) => body.typeReason, "Why it is of that type."),
    typed_by: column.text(
      ({ body }) => (body.typedBy === null ? null : personText(body.typedBy)),
      "Who typed it, login#id; empty: by rule.",
    ),
    severity: column.text(
      ({ body }) => body.severity,
      "observation (noted, no exception), low, medium, high or critical.",
    ),
    status: column.text(
      ({ body }) => body.status,
      "open, in-remediation, done, effective, closed or not-an-exception, when this was generated.",
    ),
    status_reason: column.text(
      ({ body: { moved } }) =>
        groupsText([[moved.command, moved.by === null ? "the App" : personText(moved.by), moved.text]]),
      "The step that led there: command, who (the App, or login#id), words.",
    ),
    status_since: column.time(({ body }) => body.moved.at, "When that step was taken."),
    explanation: column.text(
      ({ body }) =>
        (body.explained ?? []).length === 0
          ? null
          : groupsText((body.explained ?? []).map(({ text }) => [text])),
      "Why the gate was passed by, in the words of those who may write there; it excuses nothing.",
    ),
    explained_by: column.text(
      ({ body }) =>
        (body.explained ?? []).length === 0
          ? null
          : groupsText(
              (body.explained ?? []).map(({ by, at }) => [by === null ? "" : personText(by), time(at)]),
            ),
      "Who said so and when: login#id and time.",
    ),
    source: column.text(({ body }) => body.source, "app (found by this tool) or auditor."),
    entered_by: column.text(
      ({ body }) => (body.enteredBy === null ? null : personText(body.enteredBy)),
      "Who entered it, where it was not found by this tool.",
    ),
    reference: column.text(({ body }) => body.reference, "Where a report says it."),
    title: column.text(({ body }) => body.title, "One line."),
    description: column.text(
      ({ body }) => plainInCell(body.description),
      "What happened, and what to do about it.",
    ),
    happened_at: column.time(({ body }) => body.happenedAt, "When it happened."),
    detected_at: column.time(({ body }) => body.detectedAt, "When it was found."),
    detection_lag_seconds: column.integer(
      ({ body }) => Math.max(0, Math.floor((body.detectedAt - body.happenedAt) / 1000)),
      "Whole seconds from one to the other.",
    ),
    exposed_from: column.time(({ body }) => body.exposure.from, "From when production was exposed to it."),
    exposed_until: column.time(
      ({ body }) => body.exposure.to,
      "Until when; empty: it still is. The same as exposed_from: never.",
    ),
    extent_control: column.text(
      ({ extent }) => extent?.control ?? null,
      "The control of its controls that failed most in the period; empty: none of them was tested in it.",
    ),
    extent_failed: column.integer(
      ({ extent }) => extent?.failed ?? null,
      "How often that control failed in the period.",
    ),
    extent_tested: column.integer(
      ({ extent }) => extent?.tested ?? null,
      "Out of how many changes and deployments, but for historic ones, on which it passed or failed.",
    ),
    actors: column.list(({ body }) => listText(body.actors.map(personText)), "Who caused it, login#id."),
    ...logColumns<DeviationRow>((row) => row.entry),
  },
  async *rows(source) {
    const extents = await extentsIn(source);
    for await (const stated of deviationsOf(source)) {
      const own = stated.body.controls
        .map((control) => extents.get(control))
        .filter((each) => each !== undefined);
      const most = own.toSorted((a, b) => b.failed - a.failed)[0];
      yield { ...stated, extent: most ?? null };
    }
  },
});

function criteriaOf(controls: readonly ControlName[]): readonly string[] {
  const own = CONTROLS.filter(({ name }) => controls.includes(name));
  return [...new Set(own.flatMap(({ criteria }) => criteria))].toSorted();
}

/** One count for each control: memory does not grow with the period. */
async function extentsIn(source: EvidenceSource): Promise<ReadonlyMap<ControlName, Extent>> {
  const extents = new Map<ControlName, Extent>();
  for (const kind of ["change", "deployment"] as const)
    for await (const { body } of statesOf(source, kind)) {
      if (body.assessment.verdict === "historic") continue;
      for (const { control, outcome } of body.assessment.results) {
        if (outcome !== "pass" && outcome !== "fail") continue;
        const extent = extents.get(control) ?? { control, failed: 0, tested: 0 };
        extent.tested += 1;
        if (outcome === "fail") extent.failed += 1;
        extents.set(control, extent);
      }
    }
  return extents;
}

/** Yields the deviations of the period, and those that list a change or deployment of it. */
export async function* deviationsOf(source: EvidenceSource): AsyncIterable<Stated<"deviation">> {
  const named = joinSorted(source.sorted(deviationsNaming(source)));
  try {
    for await (const stated of statesOf(source, "deviation", "ever")) {
      const concerned = (await named.valuesOf(stated.body.id)).length > 0;
      if (concerned || isInPeriod(source.period, stated.body.happenedAt)) yield stated;
    }
  } finally {
    await named.close();
  }
}

/** The deviations that list a change or deployment of the period: a merge join of sorted streams. */
async function* deviationsNaming(source: EvidenceSource): AsyncIterable<string> {
  for (const kind of ["change", "deployment"] as const) {
    const pairs = joinSorted(source.sorted(deviationSubjects(source)));
    try {
      for await (const { entry } of statesOf(source, kind))
        for (const [id = ""] of await pairs.valuesOf(entry.subject)) yield pairLine(id, entry.subject);
    } finally {
      await pairs.close();
    }
  }
}
