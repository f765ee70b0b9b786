/** The filters of a list, as the address of its page has them: read, refused with a sentence, and written again. */

import { z } from "zod";

import { CONTROL_NAMES } from "../../domain/values/result.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { ListOrder, ListPlace } from "../../ledger/list-filter.ts";
import { PageProblem } from "../page/page.ts";

/** Lists the verdicts that something that happened has. */
export const LISTED_VERDICTS = [
  "compliant",
  "emergency",
  "exempted",
  "non-compliant",
  "unverifiable",
  "historic",
] as const;

/** What is longer is no name, and no words of a title. */
const LONGEST = 200;

/** A database would refuse these, and no name or title that is shown has them. */
const text = z
  .string()
  .max(LONGEST, `is longer than ${LONGEST} characters`)
  .regex(/^\P{Cc}*$/u, "has characters that nobody sees")
  .refine((given) => given.isWellFormed(), "has halves of characters");

const day = z.string().refine((given) => dayOf(given) !== null, "is no day: write it as 2026-07-31");

const QuerySchema = z.object({
  repository: text.optional(),
  place: text.optional(),
  verdict: z.enum(LISTED_VERDICTS, "is no verdict").optional(),
  control: z.enum(CONTROL_NAMES, "is no control").optional(),
  person: text.optional(),
  from: day.optional(),
  to: day.optional(),
  words: text.optional(),
  order: z.enum(["newest", "oldest"], "must be newest or oldest").optional(),
  after: z
    .string()
    .max(LONGEST * 2)
    .regex(/^\d{1,15}~[^\p{Cc}]+$/u, "is no place in a list")
    .optional(),
  before: z
    .string()
    .max(LONGEST * 2)
    .regex(/^\d{1,15}~[^\p{Cc}]+$/u, "is no place in a list")
    .optional(),
});

/** Holds the filters of a list as they stand in an address; what is empty is left out. */
export type ListQuery = z.infer<typeof QuerySchema>;

const NAMES = Object.keys(QuerySchema.shape);

/** Reads the filters. Throws {@link PageProblem} where one is no filter. */
export function listQuery(query: URLSearchParams): ListQuery {
  const given: Record<string, string> = {};
  for (const name of NAMES) {
    const values = query.getAll(name);
    if (values.length > 1) throw new PageProblem(400, `The filter ${name} is given ${values.length} times.`);
    const value = values[0]?.trim() ?? "";
    if (value !== "") given[name] = value;
  }
  const read = QuerySchema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new PageProblem(400, `The filter ${String(issue?.path[0])} ${issue?.message ?? "cannot be read"}.`);
}

/** Returns the span that the two days name, the second included. */
export function filteredSpan({ from, to }: ListQuery): { readonly from?: Instant; readonly to?: Instant } {
  const begin = from === undefined ? null : dayOf(from);
  const end = to === undefined ? null : dayOf(to);
  return { ...(begin === null ? {} : { from: begin }), ...(end === null ? {} : { to: end + DAY }) };
}

/** Returns where a page goes on from, and in which direction. */
export function cursorOf({ order = "newest", after, before }: ListQuery): {
  readonly order: ListOrder;
  readonly place: ListPlace | undefined;
  readonly isBackwards: boolean;
} {
  const isBackwards = before !== undefined && after === undefined;
  const [at = "", ...rest] = (after ?? before ?? "").split("~");
  return {
    order,
    place: at === "" ? undefined : { at: Number(at), subject: rest.join("~") },
    isBackwards,
  };
}

/** Returns a place as an address has it. */
export function placeText({ at, subject }: ListPlace): string {
  return `${at}~${subject}`;
}

function dayOf(given: string): Instant | null {
  const at = /^\d{4}-\d{2}-\d{2}$/u.test(given) ? Date.parse(`${given}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== given ? null : at;
}
