/** The lengths of time that are the same everywhere, in milliseconds. */

/** Holds a minute. */
export const MINUTE = 60_000;

/** Holds an hour. */
export const HOUR = 60 * MINUTE;

/** Holds 24 hours, whatever the length of a calendar's day. */
export const DAY = 24 * HOUR;
