/** Results of a reading of a repository's protection: settings that changed, and exposures that begin or end. */

import type { Repository } from "../change/repository.ts";
import { canonical, sha256 } from "../values/digest.ts";
import type { Entry } from "../records/entry.ts";
import type { ControlStateRecord, ExposureRecord, ReadingRecord, WeakerSpell } from "../protection/record.ts";
import { settingsOf, type Place, type Setting, type SettingName } from "../protection/settings.ts";
import { isReadOf, PEOPLE_SETTINGS, peopleSettings, type SeenPeople } from "../protection/people.ts";
import { isUnobservable, type Protection } from "../protection/snapshot.ts";
import {
  causesOf,
  isWeaker,
  keyOf,
  weakened,
  type Weaker,
  type WeakeningCause,
} from "../protection/weakening.ts";
import { HOUR } from "../time/durations.ts";
import type { Instant } from "../time/instant.ts";
import type { Actor } from "../change/people.ts";

/** Names what is read. That is all of it, or what an event was about, so that nothing else is attributed to that event. */
export type Part = "all" | "environments" | "people";

/** Holds a reading with what was known before it. */
export interface ReadingFacts {
  /** Default: all. What was not read is in `after` as it was in `before`. */
  readonly part?: Part;
  readonly repository: Repository;
  /** Our App's id. */
  readonly appId: number;
  /** When all of it was last read, this time included. */
  readonly wholeAt: Instant;
  /** When the people were read before; null: never. Default: with the reading before. */
  readonly peopleBefore?: Instant | null;
  readonly before: Protection | null;
  readonly after: Protection;
  /** Who may do what; null: not read this time. */
  readonly people: SeenPeople | null;
  /** The newest state of every setting of this repository. */
  readonly known: readonly ControlStateRecord[];
  /** Exposures that have not ended. */
  readonly open: readonly ExposureRecord[];
  /** The webhook that reported a change, when it came, and who did it; null: none did. */
  readonly report: { readonly at: Instant; readonly by: Actor | null } | null;
}

/** How long an unchanged reading is valid before another one is recorded (ms). */
const READING_STANDS = 20 * HOUR;

/** Returns the entries of a reading, and the ids of the causes whose deviations must be assessed again. */
export function decideReading(facts: ReadingFacts): {
  readonly entries: readonly Entry[];
  readonly causes: readonly string[];
} {
  const { part = "all", repository, before, after, appId } = facts;
  const settings = settingsOf(after, appId);
  const states = stateEntries(facts, [
    ...settings,
    ...(facts.people === null ? [] : peopleSettings(facts.people)),
  ]);
  const exposures = exposuresAfter(facts, settings);
  const digest = digestOf(after);
  const isNews = before === null || states.length > 0 || exposures.length > 0 || digestOf(before) !== digest;
  const isDue =
    before === null || isNews || (part === "all" && after.readAt - before.readAt >= READING_STANDS);
  const place = { kind: "protection", ...owned(repository), at: after.readAt } as const;
  const peopleAt = facts.people === null ? facts.peopleBefore : after.readAt;
  const read: ReadingRecord = {
    kind: "reading",
    // What was not read again is only known to have held at the reading before.
    readAt: part === "all" || before === null ? after.readAt : before.readAt,
    wholeAt: facts.wholeAt,
    ...(peopleAt == null ? {} : { peopleAt }),
    digest,
  };
  return {
    entries: [
      ...(isNews
        ? [
            {
              ...place,
              subject: String(repository.id),
              body: { kind: "snapshot" as const, protection: { ...after, readAt: read.readAt } },
            },
          ]
        : []),
      ...(isDue ? [{ ...place, subject: readingSubject(repository.id), body: read }] : []),
      ...states,
      ...exposures.map(exposureEntry),
    ],
    causes: [...new Set(exposures.map(({ causeId }) => causeId))],
  };
}

/** Returns the entry subject for whether and when a repository's protection was last read. */
export function readingSubject(repositoryId: number): string {
  return `${repositoryId}:read`;
}

function digestOf(protection: Protection): string {
  return sha256(canonical({ ...protection, readAt: 0 }));
}

/** Returns the entry subject of a setting. */
export function settingSubject(
  repositoryId: number,
  { place, setting }: Pick<Setting, "place" | "setting">,
): string {
  return `${repositoryId}:${place.kind}:${place.id}:${setting}`;
}

function stateEntries(facts: ReadingFacts, settings: readonly Setting[]): readonly Entry[] {
  const { repository, before, after, report } = facts;
  const known = new Map(facts.known.map((each) => [settingSubject(repository.id, each), each]));
  const now = new Set(settings.map((each) => settingSubject(repository.id, each)));
  const gone = facts.known
    .filter((each) => !each.gone && !now.has(settingSubject(repository.id, each)))
    .filter(({ setting }) => isRead(setting, facts.people))
    .map(({ place, setting }) => {
      const hidden = hiddenIn(after, place.kind);
      return {
        place,
        setting,
        value: null,
        because: hidden ?? "it is no longer there",
        gone: hidden === null,
      };
    });
  return [...settings.map((each) => ({ ...each, gone: false })), ...gone].flatMap((each): Entry[] => {
    const subject = settingSubject(repository.id, each);
    const old = known.get(subject);
    const { place, setting, value, because } = each;
    if (
      old !== undefined &&
      old.gone === each.gone &&
      old.because === because &&
      canonical(old.value) === canonical(value)
    )
      return [];
    const from = before === null ? after.readAt : (report?.at ?? changedAt(facts, each) ?? after.readAt);
    const body: ControlStateRecord = {
      repository,
      place,
      setting,
      value,
      because,
      from,
      notBefore: (PEOPLE_SETTINGS.includes(setting) ? facts.peopleBefore : null) ?? before?.readAt ?? null,
      basis: report === null ? "read-later" : "observed",
      by: before === null ? null : (report?.by ?? null),
      gone: each.gone,
    };
    return [{ kind: "control-state", subject, ...owned(repository), at: from, body }];
  });
}

function isRead(setting: SettingName, people: SeenPeople | null): boolean {
  if (!PEOPLE_SETTINGS.includes(setting)) return true;
  return people !== null && isReadOf(people, setting);
}

/** Why a whole part of the reading could not be observed: what is not shown need not be gone. */
function hiddenIn({ rulesets, environments }: Protection, kind: Place["kind"]): string | null {
  const part = kind === "ruleset" ? rulesets : kind === "environment" ? environments : null;
  return isUnobservable(part) ? part.unobservable : null;
}

/** GitHub's own time of a ruleset's or environment's change, where it lies between the two readings. */
function changedAt({ before, after }: ReadingFacts, { place }: Pick<Setting, "place">): Instant | null {
  const list =
    place.kind === "ruleset" ? after.rulesets : place.kind === "environment" ? after.environments : [];
  const at = Array.isArray(list) ? list.find(({ id }) => String(id) === place.id)?.updatedAt : null;
  return at != null && before !== null && at >= before.readAt && at <= after.readAt ? at : null;
}

function exposuresAfter(facts: ReadingFacts, settings: readonly Setting[]): readonly ExposureRecord[] {
  const { repository, before, after, appId } = facts;
  const continued = facts.open.map((exposure) => restored(exposure, settings, facts));
  if (before === null) return continued.filter((each, index) => each !== facts.open[index]);
  const begun = causesOf(before, after, weakened(before, after, appId)).map(({ cause, weaker }) => {
    const index = continued.findIndex(({ cause: known, to }) => {
      return to === null && known.kind === cause.kind && known.id === cause.id;
    });
    const open = continued[index];
    if (open === undefined) return exposureOf(facts, cause, weaker);
    const more = weaker.filter(
      (each) => !open.items.some((item) => keyOf(item) === keyOf(each) && item.until === null),
    );
    continued.splice(index, 1);
    return { ...open, items: [...open.items, ...more.map((each) => ({ ...each, until: null }))] };
  });
  return [...continued.filter((each) => !facts.open.includes(each)), ...begun].map((each) => ({
    ...each,
    repository,
  }));
}

/** An exposure with the items that are restored ended; the same object where nothing changed. */
function restored(
  exposure: ExposureRecord,
  settings: readonly Setting[],
  { after, report }: ReadingFacts,
): ExposureRecord {
  const at = report?.at ?? after.readAt;
  const items = exposure.items.map((item): WeakerSpell => {
    if (item.until !== null) return item;
    const now = settings.find((each) => keyOf(each) === keyOf(item));
    // A branch that is gone needs no protection; an environment that is gone comes back without any.
    const isGone = now === undefined && item.place.kind === "branch";
    const isBack = now !== undefined && now.value !== null && !isWeaker(item.setting, item.was, now.value);
    return isGone || isBack ? { ...item, until: at } : item;
  });
  if (items.every((item, index) => item === exposure.items[index])) return exposure;
  return { ...exposure, items, to: items.every(({ until }) => until !== null) ? at : null };
}

function exposureOf(
  { repository, before, after, report }: ReadingFacts,
  cause: WeakeningCause,
  weaker: readonly Weaker[],
): ExposureRecord {
  const notBefore = before?.readAt ?? after.readAt;
  const known = cause.at !== null && cause.at >= notBefore && cause.at <= after.readAt ? cause.at : null;
  const from = known ?? report?.at ?? after.readAt;
  const scope = cause.owner === "repository" ? String(repository.id) : `owner ${repository.ownerId}`;
  // What is deleted has no time of its own that every repository would read, but it is deleted only once.
  const moment = cause.owner === "repository" ? String(from) : String(cause.at ?? "deleted");
  const causeId = sha256(`${scope}\n${cause.kind}\n${cause.id}\n${moment}`).slice(0, 12);
  return {
    id: `EXP-${sha256(`${repository.id}\n${causeId}\n${from}`).slice(0, 12)}`,
    causeId,
    repository,
    cause,
    items: weaker.map((each) => ({ ...each, until: null })),
    from,
    notBefore: report === null && known === null ? notBefore : from,
    to: null,
    basis: report === null ? "read-later" : "observed",
    by: report?.by ?? null,
  };
}

function exposureEntry(body: ExposureRecord): Entry {
  return { kind: "exposure", subject: body.id, ...owned(body.repository), at: body.from, body };
}

function owned(repository: Repository): { repositoryId: number; organizationId: number } {
  return { repositoryId: repository.id, organizationId: repository.ownerId };
}
