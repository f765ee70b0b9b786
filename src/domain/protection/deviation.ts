/** The deviation that a weakened protection is: one for each cause, however many repositories and settings it touches. */

import type { Instant } from "../change.ts";
import { sha256 } from "../digest.ts";
import type { DeviationRecord } from "../record.ts";
import type { ControlName } from "../result.ts";
import { clipped, markdown, oneLine, time } from "../wording.ts";
import type { ExposureRecord } from "./record.ts";
import { sayWeaker } from "./words.ts";

/** A change or deployment that came about while the protection was weaker. */
export interface Meanwhile {
  readonly id: string;
  /** `#12 in acme/web`, or the commit. */
  readonly said: string;
  readonly verdict: string;
  readonly at: Instant;
}

/** The id of the deviation of a cause. */
export function weakeningDeviationId(causeId: string): string {
  return `DEV-${sha256(`control:${causeId}`).slice(0, 12)}`;
}

/** The deviation of one cause, from what it did to each repository. `exposures` has one at least. */
export function weakeningDeviation(
  exposures: readonly ExposureRecord[],
  meanwhile: readonly Meanwhile[],
  detectedAt: Instant,
): DeviationRecord {
  const [first] = exposures.toSorted((a, b) => a.repository.id - b.repository.id);
  if (first === undefined) throw new Error("a weakening without an exposure");
  const { cause, causeId } = first;
  const from = Math.min(...exposures.map((each) => each.from));
  const isOver = exposures.every(({ to }) => to !== null);
  const to = isOver ? Math.max(...exposures.map((each) => each.to ?? 0)) : null;
  const names = exposures.map(({ repository }) => `${repository.owner}/${repository.name}`).toSorted();
  const where = names.length === 1 ? (names[0] ?? "") : `${names.length} repositories`;
  const what = `${WHAT[cause.kind]} ${oneLine(cause.name)} ${oneLine(cause.how)}`;
  const span =
    to === null ? `since ${time(from)}, and not restored yet` : `from ${time(from)} to ${time(to)}`;
  return {
    id: weakeningDeviationId(causeId),
    subjectKind: "control",
    repository: first.repository,
    subjects: meanwhile.map(({ id }) => id).toSorted(),
    pull: null,
    controls: controlsOf(exposures),
    cause: "protection-weakened",
    type: "design",
    typeReason: "the setting that should have held the change back was weaker than before",
    severity: exposures.some(isGrave) ? "high" : "medium",
    status: "open",
    source: "app",
    title: clipped(`${what}: ${where} less protected`, 200),
    description: [
      `${markdown(what)}, ${span}.`,
      whoOf(first),
      "What is weaker:",
      ...listOf(exposures),
      meanwhile.length === 0
        ? "Nothing landed or was deployed meanwhile."
        : `Landed or deployed meanwhile (${meanwhile.length}):`,
      ...meanwhile.map(({ said, verdict, at }) => `- ${markdown(oneLine(said))}, ${time(at)}: ${verdict}`),
      to === null
        ? "Restore the setting: the spell ends when it protects as much as before."
        : "The setting is restored.",
    ].join("\n"),
    happenedAt: from,
    detectedAt,
    actors: [...new Set(exposures.flatMap(({ by }) => (by === null ? [] : [by.login])))],
  };
}

const WHAT = {
  ruleset: "The ruleset",
  "classic-protection": "The branch protection of",
  environment: "The environment",
} as const;

function whoOf({ by, basis, notBefore, cause }: ExposureRecord): string {
  if (by !== null) return `${by.login} was seen to do it.`;
  if (basis === "observed") return "GitHub does not say who did it.";
  return `Nobody told us; it was found at a later reading, and was otherwise on ${time(notBefore)}.${
    cause.kind === "environment" ? " GitHub sends no webhook when an environment's settings change." : ""
  }`;
}

const MOST_LISTED = 50;

function listOf(exposures: readonly ExposureRecord[]): readonly string[] {
  const lines = exposures.flatMap(({ repository, items }) =>
    items.map((item) => {
      const end = item.until === null ? "" : ` (restored ${time(item.until)})`;
      const about = `${repository.owner}/${repository.name}, ${item.place.kind} ${item.place.name}`;
      return `- ${markdown(oneLine(`${about}: ${sayWeaker(item)}`))}${end}`;
    }),
  );
  const more = lines.length - MOST_LISTED;
  return more > 0 ? [...lines.slice(0, MOST_LISTED), `- and ${more} more`] : lines;
}

function isGrave({ items }: ExposureRecord): boolean {
  return items.some(({ setting }) =>
    [
      "check-required",
      "pull-request-required",
      "may-bypass-check",
      "force-push-allowed",
      "reviewers",
    ].includes(setting),
  );
}

function controlsOf(exposures: readonly ExposureRecord[]): readonly ControlName[] {
  const kinds = new Set(exposures.flatMap(({ items }) => items.map(({ place }) => place.kind)));
  return [
    ...(kinds.has("branch") ? (["gate-respected"] as const) : []),
    ...(kinds.has("environment") ? (["deployment-approved"] as const) : []),
  ];
}
