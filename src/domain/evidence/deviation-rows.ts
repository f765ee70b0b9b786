/** The rows of deviations.csv: what an auditor calls exceptions noted, how far they reach, and how they stand. */

import type { ControlName } from "../result.ts";
import { deviationSubjects } from "./change-rows.ts";
import { isWithin, joinSorted, pairLine, statesOf, type EvidenceSource, type Stated } from "./population.ts";
import { time } from "../wording.ts";
import { column, groupsText, listText, personText, table, logColumns } from "./table.ts";

/** How often a control failed, of how many times it was tested. */
interface Extent {
  readonly control: ControlName;
  failed: number;
  tested: number;
}

interface DeviationRow extends Stated<"deviation"> {
  readonly extent: Extent | null;
}

/** What an auditor calls exceptions noted: of the period, or about a change or deployment of the period. */
export const DEVIATIONS = table<DeviationRow>({
  path: "deviations.csv",
  description:
    "Every deviation that happened in the period or lists a change or deployment of the period: what an auditor calls an exception noted.",
  columns: [
    column("deviation_id", "text", "Identity of the deviation.", ({ body }) => body.id),
    column("repository_id", "integer", "GitHub's id of the repository.", ({ body }) => body.repository.id),
    column(
      "repository",
      "text",
      "Owner and name of the repository.",
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
    ),
    column(
      "subject_kind",
      "text",
      "change, deployment, or control (about a control as such).",
      ({ body }) => body.subjectKind,
    ),
    column("subjects", "list", "The change_ids or deployment_ids it lists.", ({ body }) =>
      listText(body.subjects),
    ),
    column(
      "pull_request",
      "integer",
      "Number of the pull request, where there is one.",
      ({ body }) => body.pull,
    ),
    column("controls", "list", "The controls that failed.", ({ body }) => listText(body.controls)),
    column("cause", "text", "The code of the cause.", ({ body }) => body.cause),
    column(
      "shared_cause",
      "text",
      "Where several have one cause: what was so meanwhile. Empty: it stands alone.",
      ({ body }) => body.sharedCause,
    ),
    column(
      "type",
      "text",
      "design (the control as set up could not have held it) or operating (it was set up, and not followed).",
      ({ body }) => body.type,
    ),
    column("type_reason", "text", "Why it is of that type.", ({ body }) => body.typeReason),
    column("typed_by", "text", "Who typed it, login#id; empty: by rule.", ({ body }) =>
      body.typedBy === null ? null : personText(body.typedBy),
    ),
    column(
      "severity",
      "text",
      "observation (noted, no exception), low, medium, high or critical.",
      ({ body }) => body.severity,
    ),
    column(
      "status",
      "text",
      "open, in-remediation, done, effective, closed or not-an-exception, when this was generated.",
      ({ body }) => body.status,
    ),
    column(
      "status_reason",
      "text",
      "The step that led there: command, who (the App, or login#id), words.",
      ({ body: { moved } }) =>
        groupsText([[moved.command, moved.by === null ? "the App" : personText(moved.by), moved.text]]),
    ),
    column("status_since", "time", "When that step was taken.", ({ body }) => body.moved.at),
    column(
      "explanation",
      "text",
      "Why the gate was passed by, in the words of those who may write there; it excuses nothing.",
      ({ body }) =>
        (body.explained ?? []).length === 0
          ? null
          : groupsText((body.explained ?? []).map(({ text }) => [text])),
    ),
    column("explained_by", "text", "Who said so and when: login#id and time.", ({ body }) =>
      (body.explained ?? []).length === 0
        ? null
        : groupsText(
            (body.explained ?? []).map(({ by, at }) => [by === null ? "" : personText(by), time(at)]),
          ),
    ),
    column("source", "text", "app (found by this tool) or auditor.", ({ body }) => body.source),
    column("entered_by", "text", "Who entered it, where it was not found by this tool.", ({ body }) =>
      body.enteredBy === null ? null : personText(body.enteredBy),
    ),
    column("reference", "text", "Where a report says it.", ({ body }) => body.reference),
    column("title", "text", "One line.", ({ body }) => body.title),
    column("description", "text", "What happened.", ({ body }) => body.description),
    column("happened_at", "time", "When it happened.", ({ body }) => body.happenedAt),
    column("detected_at", "time", "When it was found.", ({ body }) => body.detectedAt),
    column("detection_lag_seconds", "integer", "Whole seconds from one to the other.", ({ body }) =>
      Math.max(0, Math.floor((body.detectedAt - body.happenedAt) / 1000)),
    ),
    column(
      "exposed_from",
      "time",
      "From when production was exposed to it.",
      ({ body }) => body.exposure.from,
    ),
    column(
      "exposed_until",
      "time",
      "Until when; empty: it still is. The same as exposed_from: never.",
      ({ body }) => body.exposure.to,
    ),
    column(
      "extent_control",
      "text",
      "The control of its controls that failed most in the period; empty: none of them was tested in it.",
      ({ extent }) => extent?.control ?? null,
    ),
    column(
      "extent_failed",
      "integer",
      "How often that control failed in the period.",
      ({ extent }) => extent?.failed ?? null,
    ),
    column(
      "extent_tested",
      "integer",
      "Out of how many changes and deployments on which it passed or failed.",
      ({ extent }) => extent?.tested ?? null,
    ),
    column("actors", "list", "Who caused it, login#id.", ({ body }) => listText(body.actors.map(personText))),
    ...logColumns<DeviationRow>((row) => row.entry),
  ],
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

/** One count for each control: memory does not grow with the period. */
async function extentsIn(source: EvidenceSource): Promise<ReadonlyMap<ControlName, Extent>> {
  const extents = new Map<ControlName, Extent>();
  for (const kind of ["change", "deployment"] as const)
    for await (const { body } of statesOf(source, kind))
      for (const { control, outcome } of body.assessment.results) {
        if (outcome !== "pass" && outcome !== "fail") continue;
        const extent = extents.get(control) ?? { control, failed: 0, tested: 0 };
        extent.tested += 1;
        if (outcome === "fail") extent.failed += 1;
        extents.set(control, extent);
      }
  return extents;
}

/** The deviations of the period, and those that list a change or deployment of it. */
export async function* deviationsOf(source: EvidenceSource): AsyncIterable<Stated<"deviation">> {
  const named = joinSorted(source.sorted(deviationsNaming(source)));
  try {
    for await (const stated of statesOf(source, "deviation", "ever")) {
      const concerned = (await named.valuesOf(stated.body.id)).length > 0;
      if (concerned || isWithin(source.period, stated.body.happenedAt)) yield stated;
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
