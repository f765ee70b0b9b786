/** When a term is over by a policy's calendar, in its time zone. Nothing here is imported from `src`: the zones are those of Intl. */

import { canonical, list, of } from "./reading.ts";

const DAY = 86_400_000;

const LENGTHS: Readonly<Record<string, number>> = {
  minutes: 60_000,
  hours: 3_600_000,
  days: DAY,
  weeks: 7 * DAY,
};

/** When a term is over: so many hours, or the same time on the so-many-th business day; from midnight where it begins on a day off. */
export function over(from: number, term: unknown, calendar: unknown): number {
  const length = LENGTHS[String(of(term, "unit"))];
  const count = Number(of(term, "count"));
  if (length !== undefined) return from + count * length;
  const zone = String(of(calendar, "timezone"));
  const isOff = (wall: number): boolean => {
    const date = new Date(wall);
    const day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][date.getUTCDay()];
    return (
      list(of(calendar, "weekend")).includes(day) ||
      canonical(of(calendar, "holidays") ?? []).includes(date.toISOString().slice(0, 10))
    );
  };
  const next = (wall: number): number => (isOff(wall + DAY) ? next(wall + DAY) : wall + DAY);
  const begun = wallOf(from, zone);
  let wall = isOff(begun) ? next(begun - (begun % DAY)) : begun;
  for (let passed = 0; passed < count; passed += 1) wall = next(wall);
  return momentOf(wall, zone);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What clocks on the wall show at a moment, as if they showed UTC. */
function wallOf(at: number, zone: string): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  clocks.set(zone, clock);
  const parts = new Map(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (
    ["year", "month", "day", "hour", "minute", "second"] as const
  ).map((type) => parts.get(type) ?? 0);
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % 1000) + 1000) % 1000);
}

/** When clocks on the wall show this: the earlier moment of two, and as if they had not been put forward where they never show it. */
function momentOf(wall: number, zone: string): number {
  const shift = (at: number): number => wallOf(at, zone) - at;
  const [before, after] = [wall - shift(wall - DAY), wall - shift(wall + DAY)];
  const shown = [before, after].filter((at) => wallOf(at, zone) === wall);
  return shown.length === 0 ? before : Math.min(...shown);
}
