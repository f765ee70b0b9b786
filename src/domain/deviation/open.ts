/** Deviations opened, and what they list: one for each cause. */

import type { Repository } from "../change/repository.ts";
import { sha256 } from "../values/digest.ts";
import type {
  DeviationRecord,
  ListedSubject,
  DeviationTransition,
  Person,
  Severity,
} from "../records/deviation.ts";
import type { ControlName, Result } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import { DEVIATION_EVENTS, type DeviationEvent } from "./deviation.ts";
import { destination } from "../values/transitions.ts";
import type { Instant } from "../time/instant.ts";
import type { Actor } from "../change/people.ts";

/** The most changes one deviation lists; further ones begin another part of the same cause. */
const MOST_LISTED = 200;

/** Describes a span under which what goes wrong has one cause: a coverage gap, or a control that was weakened. */
export interface SharedCause {
  readonly kind: "coverage-gap" | "weakening";
  readonly id: string;
  readonly from: Instant;
  /** Null: it lasts. */
  readonly to: Instant | null;
  /** Completes "while ...": `the ruleset of main was disabled`. */
  readonly because: string;
  /** The controls whose failing it explains; null: any, as long as they fail for the same reason. */
  readonly controls: readonly ControlName[] | null;
}

/** Describes the cause of a deviation, as far as others may share it. */
export interface Cause {
  readonly key: string;
  /** The span it shares with others; null: it stands alone. */
  readonly shared: SharedCause | null;
}

/** Describes the facts with which a deviation is opened, or a change is listed under an existing one. */
export interface DeviationSeed {
  readonly cause: Cause;
  readonly subjectKind: DeviationRecord["subjectKind"];
  readonly repository: Repository;
  /** Null where it is about a control as such. */
  readonly listed: ListedSubject | null;
  /** What is listed from the beginning, where a person entered it whole. */
  readonly also?: readonly ListedSubject[];
  readonly controls: readonly ControlName[];
  /** A fixed code, as in results. */
  readonly causeCode: string;
  readonly type: DeviationRecord["type"];
  readonly typeReason: string;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
  readonly happenedAt: Instant;
  readonly actors: readonly Person[];
  readonly exposure?: DeviationRecord["exposure"];
  /** Where an auditor or someone else entered it. */
  readonly entered?: {
    readonly by: Person;
    readonly source: "auditor" | "app";
    readonly reference: string | null;
  };
}

/**
 * Returns the cause of a deviating change or deployment. It is a span it shares (a weakening before a gap, the earliest first),
 * else itself.
 */
export function causeOf(facts: {
  readonly subjectKind: "change" | "deployment";
  readonly id: string;
  readonly repositoryId: number;
  readonly results: readonly Pick<Result, "control" | "cause">[];
  readonly at: Instant;
  readonly spans: readonly SharedCause[];
}): Cause {
  const { results, at } = facts;
  const failed = results.map(({ control }) => control);
  const shared = facts.spans
    .filter(({ from, to }) => from <= at && (to === null || at < to))
    .filter(({ controls }) => controls === null || failed.some((control) => controls.includes(control)))
    .toSorted(
      (a, b) =>
        Number(a.kind === "coverage-gap") - Number(b.kind === "coverage-gap") ||
        a.from - b.from ||
        (a.id < b.id ? -1 : 1),
    )[0];
  if (shared === undefined) return { key: `${facts.subjectKind}:${facts.id}`, shared: null };
  if (shared.kind === "weakening") return { key: weakeningKey(shared.id), shared };
  // Within a gap only what failed for the same reason has one cause.
  const reasons = results.map(({ control, cause }) => `${control}=${cause}`).toSorted();
  return { key: `gap:${shared.id}:${facts.repositoryId}:${facts.subjectKind}:${reasons.join(",")}`, shared };
}

/** Returns the key of the deviation of a weakened control; the changes made during it are listed under it. */
export function weakeningKey(id: string): string {
  return `control:${id}`;
}

/** Returns the id of the deviation of a cause. `part` counts on where one cause has more changes than one deviation lists. */
export function deviationIdOf(key: string, part = 1): string {
  return `DEV-${sha256(part === 1 ? key : `${key}#${part}`).slice(0, 12)}`;
}

/** Returns whether a deviation lists this already, or has room for it. */
export function hasRoomFor(deviation: DeviationRecord | null, subject: string | null): boolean {
  if (deviation === null || subject === null) return true;
  return deviation.subjects.includes(subject) || deviation.subjects.length < MOST_LISTED;
}

/**
 * Opens a deviation, or lists a further change under `previous`, the existing one of the same key and part. What is listed
 * already is updated; a settled deviation that gets a further change is open again.
 */
export function openDeviation(
  previous: DeviationRecord | null,
  seed: DeviationSeed,
  at: Instant,
  part = 1,
): DeviationRecord {
  const moved: DeviationTransition = {
    command: previous === null ? "open" : "list",
    by: seed.entered?.by ?? null,
    role: seed.entered === undefined ? "app" : "auditor",
    via: seed.entered === undefined ? "app" : "terminal",
    at,
    text: oneLine(seed.listed?.title ?? seed.title),
  };
  if (previous === null) return opened(seed, moved, part);
  const { listed: news } = seed;
  const isNew = news !== null && !previous.subjects.includes(news.subject);
  const rest = previous.listed.filter(({ subject }) => subject !== news?.subject);
  const status = isNew ? statusAfter(previous, "list") : previous.status;
  const isReopened = status === "open" && previous.status !== "open";
  const record: DeviationRecord = {
    ...previous,
    status,
    severity: heaviest([previous.severity, seed.severity]),
    exposure: isReopened ? { ...previous.exposure, to: null } : previous.exposure,
    moved: isNew ? moved : previous.moved,
  };
  // What concerns the control itself comes from who watches the control, whichever came first.
  const own: DeviationRecord =
    seed.subjectKind === "control" && news === null && previous.source === "app"
      ? {
          ...record,
          title: seed.title,
          description: seed.description,
          sharedCause: seed.cause.shared?.because ?? record.sharedCause,
          exposure: seed.exposure ?? record.exposure,
          controls: unique([...seed.controls, ...record.controls]),
          actors: uniquePeople([...seed.actors, ...record.actors]),
          ...(previous.typedBy === null ? { type: seed.type, typeReason: seed.typeReason } : {}),
        }
      : record;
  return news === null ? own : withListed(own, [...rest, news]);
}

/** Takes a change off a deviation because it was found to be otherwise; the last one closes it. */
export function withdrawDeviation(
  deviation: DeviationRecord,
  subject: string,
  because: string,
  at: Instant,
): DeviationRecord {
  if (!deviation.subjects.includes(subject)) return deviation;
  const listed = deviation.listed.filter((each) => each.subject !== subject);
  const moved = (command: DeviationEvent): DeviationTransition => ({
    command,
    by: null,
    role: "app",
    via: "app",
    at,
    text: because,
  });
  if (listed.length === 0 && deviation.subjectKind !== "control") {
    // What it listed stays to be read: it shows what was thought to deviate.
    if (deviation.status === "closed") return deviation;
    const status = statusAfter(deviation, "withdraw");
    const exposure = { from: deviation.exposure.from, to: deviation.exposure.from };
    return { ...deviation, status, exposure, moved: moved("withdraw") };
  }
  return withListed({ ...deviation, moved: moved("unlist") }, listed);
}

/** Ends the exposure, because a weakened control is restored. */
export function endExposure(deviation: DeviationRecord, to: Instant, because: string): DeviationRecord {
  if (deviation.exposure.to !== null) return deviation;
  const moved: DeviationTransition = {
    command: "end-exposure",
    by: null,
    role: "app",
    via: "app",
    at: to,
    text: because,
  };
  return { ...deviation, exposure: { ...deviation.exposure, to }, moved };
}

/** Returns a person as records keep them. */
export function personOf({ id, login }: Actor): Person {
  return { id, login };
}

const WEIGHTS: Readonly<Record<ControlName, Severity>> = {
  "independently-approved": "high",
  "approved-by-owners": "medium",
  "checks-passed": "medium",
  "record-linked": "low",
  "change-documented": "low",
  "outside-freeze": "medium",
  "merged-by-pull-request": "high",
  "gate-respected": "medium",
  "content-as-reviewed": "high",
  "emergency-authorised": "high",
  "emergency-reviewed-in-time": "medium",
  "deployment-traceable": "high",
  "deployment-approved": "medium",
};

const SEVERITIES: readonly Severity[] = ["observation", "low", "medium", "high", "critical"];

/** Returns the severity of failing these controls: that of the most severe. `rewritten`: history of production was lost with it. */
export function severityOf(controls: readonly ControlName[], rewritten = false): Severity {
  if (rewritten) return "critical";
  const weights = controls.map((control) => SEVERITIES.indexOf(WEIGHTS[control]));
  return SEVERITIES[Math.max(1, ...weights)] ?? "medium";
}

function heaviest(severities: readonly Severity[]): Severity {
  return SEVERITIES[Math.max(...severities.map((each) => SEVERITIES.indexOf(each)))] ?? "medium";
}

function opened(seed: DeviationSeed, moved: DeviationTransition, part: number): DeviationRecord {
  const record: DeviationRecord = {
    id: deviationIdOf(seed.cause.key, part),
    key: seed.cause.key,
    subjectKind: seed.subjectKind,
    repository: seed.repository,
    subjects: [],
    listed: [],
    pull: null,
    controls: seed.controls,
    cause: seed.causeCode,
    sharedCause: seed.cause.shared?.because ?? null,
    type: seed.type,
    typeReason: seed.typeReason,
    typedBy: null,
    severity: seed.severity,
    status: "open",
    source: seed.entered?.source ?? "app",
    title: seed.title,
    description: seed.description,
    happenedAt: seed.happenedAt,
    detectedAt: moved.at,
    exposure: seed.exposure ?? { from: seed.happenedAt, to: null },
    actors: seed.actors,
    enteredBy: seed.entered?.by ?? null,
    reference: seed.entered?.reference ?? null,
    issue: { state: "none", because: "nothing was asked yet", repository: null, day: null },
    moved,
  };
  const all = [...(seed.listed === null ? [] : [seed.listed]), ...(seed.also ?? [])];
  if (all.length === 0) return record;
  // A person's own words stay as they were entered.
  const { title, description } = record;
  return seed.also === undefined
    ? withListed(record, all)
    : { ...withListed(record, all), title, description };
}

/** Derives what follows from the list alone, so that the order of discovery does not show. */
function withListed(record: DeviationRecord, unordered: readonly ListedSubject[]): DeviationRecord {
  const listed = unordered.toSorted((a, b) => a.at - b.at || (a.subject < b.subject ? -1 : 1));
  const list = { ...record, listed, subjects: listed.map(({ subject }) => subject) };
  const controls = listed.flatMap((each) => each.controls);
  const actors = listed.flatMap((each) => each.actors);
  // What is about a control as such keeps its own words; the changes only come on top.
  if (record.subjectKind === "control")
    return {
      ...list,
      controls: unique([...record.controls, ...controls]),
      actors: uniquePeople([...record.actors, ...actors]),
    };
  const [first] = listed;
  if (first === undefined) return list;
  return {
    ...list,
    pull: listed.length === 1 ? first.pull : null,
    controls: unique(controls),
    actors: uniquePeople(actors),
    happenedAt: first.at,
    exposure: { ...record.exposure, from: first.at },
    ...(listed.length === 1 ? { title: first.title } : groupText(record, listed.length)),
  };
}

function groupText(
  { repository: { owner, name }, subjectKind, sharedCause }: DeviationRecord,
  count: number,
): { readonly description: string; readonly title: string } {
  const what = subjectKind === "deployment" ? "deployments" : "changes";
  const because = sharedCause === null ? "" : `, while ${sharedCause}`;
  const said = `${count} ${what} reached production without meeting the policy`;
  return {
    title: `${owner}/${name}: ${said}${because}`,
    description: `${said}. They have one cause, so they are one deviation.\n\n**What to do:** review now what reached production, and revert what should not be there. Record why it happened.`,
  };
}

function statusAfter({ status }: DeviationRecord, event: DeviationEvent): DeviationRecord["status"] {
  return destination(DEVIATION_EVENTS, status, event) ?? status;
}

function unique<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Set(items)];
}

function uniquePeople(people: readonly Person[]): readonly Person[] {
  const key = ({ id, login }: Person): string => (id === null ? `login ${login.toLowerCase()}` : `id ${id}`);
  return [...new Map(people.map((person) => [key(person), person])).values()];
}
