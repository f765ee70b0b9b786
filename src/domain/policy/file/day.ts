/** Days and terms as a policy file writes them. */

import { z } from "zod";
import { parseTerm } from "../../time/calendar.ts";

/** Describes a day of the calendar. */
export const DaySchema = z.iso.date("a date is written YYYY-MM-DD, and must exist");

/** Describes a term, kept as it is written. */
export const TermTextSchema = z.string().refine((text) => parseTerm(text) !== null, {
  message: "a term is written as `30 minutes`, `4 hours`, `3 days`, `1 week` or `2 business days`",
});
