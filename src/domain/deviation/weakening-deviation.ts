/** The deviation that a weakened protection is: one for each cause, however many repositories and settings it touches. */

import type { Instant } from "../time/instant.ts";
import { openDeviation, personOf, weakeningKey, type DeviationSeed } from "./open.ts";
import type { DeviationRecord, ListedSubject } from "../records/deviation.ts";
import type { ControlName, Verdict } from "../values/result.ts";
import { clipped, markdown, oneLine, time, VERDICT_TITLES } from "../texts/wording.ts";
import type { ExposureRecord } from "../protection/record.ts";
import { weakerText } from "../protection/words.ts";

/** Describes a change or deployment that came about while the protection was weaker. */
export interface Meanwhile {
  readonly id: string;
  /** `#12 in acme/web`, or the commit. */
  readonly said: string;
  readonly verdict: Verdict;
  /** The controls it failed, where it deviates itself. */
  readonly failed: readonly ControlName[];
  readonly at: Instant;
}

/** Returns the deviation of one cause, from what it did to each repository. `exposures` has one at least; `previous`: as it was recorded. */
export function weakeningDeviation(
  exposures: readonly ExposureRecord[],
  meanwhile: readonly Meanwhile[],
  previous: DeviationRecord | null,
  at: Instant,
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
  const because = `${what}, ${span}`;
  const id = causeId;
  const controls = controlsOf(exposures);
  const seed: DeviationSeed = {
    cause: {
      key: weakeningKey(causeId),
      shared: { kind: "weakening", id, from, to, because, controls },
    },
    subjectKind: "control",
    repository: first.repository,
    listed: null,
    controls,
    causeCode: "protection-weakened",
    type: "design",
    typeReason: "the setting that should have blocked the change was weaker than before",
    severity: exposures.some(isGrave) ? "high" : "medium",
    title: clipped(`${where}: ${what.slice(0, 1).toLowerCase()}${what.slice(1)}`, 200),
    description: [
      `${markdown(what)}, ${span}. ${whoOf(first)}`,
      "",
      to === null
        ? "**What to do:** an administrator must restore the setting now. The exposure ends when it protects as much as before."
        : "**What to do:** the setting is restored. Review what was merged, pushed or deployed meanwhile, and record why the setting was changed.",
      "",
      "Weaker settings:",
      ...listOf(exposures),
      "",
      meanwhile.length === 0
        ? "Nothing was merged, pushed or deployed meanwhile."
        : `Merged, pushed or deployed meanwhile (${meanwhile.length}):`,
      ...meanwhile.map((each) => `- ${markdown(oneLine(each.said))}, ${time(each.at)}: ${verdictText(each)}`),
    ].join("\n"),
    happenedAt: from,
    actors: exposures.flatMap(({ by }) => (by === null ? [] : [personOf(by)])),
    exposure: { from, to },
  };
  return meanwhile.reduce<DeviationRecord>(
    (deviation, each) => openDeviation(deviation, { ...seed, listed: listedOf(each) }, at),
    openDeviation(previous, seed, at),
  );
}

function listedOf({ id, said, verdict, failed, at }: Meanwhile): ListedSubject {
  const what = `${markdown(oneLine(said))}, ${time(at)}: ${verdictText({ verdict })}`;
  return { subject: id, pull: null, title: oneLine(said), what, at, controls: failed, actors: [] };
}

function verdictText({ verdict }: Pick<Meanwhile, "verdict">): string {
  return VERDICT_TITLES[verdict];
}

const WHAT = {
  ruleset: "The ruleset",
  "classic-protection": "The branch protection of",
  environment: "The environment",
} as const;

function whoOf({ by, basis, notBefore, cause }: ExposureRecord): string {
  if (by !== null) return `${by.login} changed it.`;
  if (basis === "observed") return "GitHub does not show who changed it.";
  return `No webhook reported the change: it was found at a later reading, and was not there yet at ${time(notBefore)}.${
    cause.kind === "environment" ? " GitHub sends no webhook when an environment's settings change." : ""
  }`;
}

const MOST_LISTED = 50;

function listOf(exposures: readonly ExposureRecord[]): readonly string[] {
  const lines = exposures.flatMap(({ repository, items }) =>
    items.map((item) => {
      const end = item.until === null ? "" : `, restored ${time(item.until)}`;
      const about = `${repository.owner}/${repository.name}, ${item.place.kind} ${item.place.name}`;
      return `- ${markdown(oneLine(`${about}: ${weakerText(item)}`))}${end}`;
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
