/** The lengths of time that are the same everywhere, in milliseconds. */

/** Holds a minute. */
export const MINUTE = 60_000;

/** Holds an hour. */
export const HOUR = 60 * MINUTE;

/** Holds 24 hours, whatever the length of a calendar's day. */
export const DAY = 24 * HOUR;

/** Returns a duration in words, rounded as people do: `3 hours`, `2.5 days`. */
export function durationText(ms: number): string {
  const units = [
    ["day", DAY],
    ["hour", HOUR],
    ["minute", MINUTE],
  ] as const;
  for (const [name, length] of units) {
    if (ms < length) continue;
    const count = Math.round((ms / length) * 10) / 10;
    return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "under a minute";
}
