/** Policy on emergencies: who may authorise passing which controls, for how long, and which review is due afterwards. */

import { z } from "zod";
import { TermSchema, isNoLonger, parseTerm, termText, type Term } from "../../time/calendar.ts";
import { ControlNameSchema, CONTROL_NAMES } from "../../values/result.ts";
import { TermTextSchema } from "./day.ts";
import { isWithin, PeopleSchema } from "./people.ts";
import type { Infer } from "../../values/schema.ts";

const QUOTA = /^(\d{1,3}) per (month|quarter|year)$/u;
const OWN = ["emergency-authorised", "emergency-reviewed-in-time"] as const;

const AloneSchema = z.strictObject({
  ...PeopleSchema.shape,
  "at-most": z
    .string()
    .regex(QUOTA, "a quota is written as `2 per quarter`: a number, then per month, per quarter or per year")
    .describe("how many such emergencies an organisation may have"),
  "confirmed-within": TermTextSchema.describe("within which another person must confirm it"),
});

/** Describes `emergency:` as it is written. */
export const EmergencySchema = z.strictObject({
  authorisers: PeopleSchema.optional().describe("who may authorise one; default: permission admin"),
  reviewers: PeopleSchema.optional().describe("who may review it afterwards; default: permission write"),
  waives: z
    .array(z.enum(CONTROL_NAMES).exclude(OWN))
    .optional()
    .describe(
      "the controls it waives; default: the controls on approvals, owners, checks, tickets, the gate and the content",
    ),
  "valid-for": TermTextSchema.optional().describe("how long it is valid once authorised; default: 4 hours"),
  "review-within": TermTextSchema.optional().describe(
    "when the retroactive review is due, from its first use; default: 2 business days",
  ),
  alone: z
    .union([AloneSchema, z.literal(false)])
    .optional()
    .describe("who may authorise their own emergency when nobody else is available; default: nobody"),
  "block-next-while-overdue": z
    .boolean()
    .optional()
    .describe("an overdue review anywhere in the organisation blocks the next emergency; default: false"),
});

/** Describes `emergency:` as it is written. */
export type EmergencyFile = Infer<typeof EmergencySchema>;

/** Describes {@link EmergencyPolicy}. */
export const EmergencyPolicySchema = z.object({
  authorisers: PeopleSchema,
  reviewers: PeopleSchema,
  waives: z.array(ControlNameSchema),
  validFor: TermSchema,
  reviewWithin: TermSchema,
  alone: z
    .object({
      from: PeopleSchema,
      atMost: z.object({
        count: z.int(),
        per: z.enum(["month", "quarter", "year"]),
      }),
      confirmedWithin: TermSchema,
    })
    .nullable(),
  blockNextWhileOverdue: z.boolean(),
});

/** Describes the policy on emergencies in force. */
export type EmergencyPolicy = Infer<typeof EmergencyPolicySchema>;

/** Holds the values that apply where nothing is written. */
export const DEFAULT_EMERGENCY: EmergencyPolicy = {
  authorisers: { permission: "admin" },
  reviewers: { permission: "write" },
  waives: [
    "independently-approved",
    "approved-by-owners",
    "checks-passed",
    "record-linked",
    "gate-respected",
    "content-as-reviewed",
  ],
  validFor: { unit: "hours", count: 4 },
  reviewWithin: { unit: "business-days", count: 2 },
  alone: null,
  blockNextWhileOverdue: false,
};

/** Returns what is written, without defaults. */
export function writtenEmergency(file: EmergencyFile | undefined): Partial<EmergencyPolicy> {
  if (file === undefined) return {};
  const { authorisers, reviewers, waives, alone } = file;
  const validFor = termOf(file["valid-for"]);
  const reviewWithin = termOf(file["review-within"]);
  const blocks = file["block-next-while-overdue"];
  return {
    ...(authorisers === undefined ? {} : { authorisers }),
    ...(reviewers === undefined ? {} : { reviewers }),
    ...(waives === undefined ? {} : { waives: [...new Set(waives)] }),
    ...(validFor === null ? {} : { validFor }),
    ...(reviewWithin === null ? {} : { reviewWithin }),
    ...(alone === undefined ? {} : { alone: alone === false ? null : aloneOf(alone) }),
    ...(blocks === undefined ? {} : { blockNextWhileOverdue: blocks }),
  };
}

/** Returns each key by which a repository's file requires less than the minimum, and why. */
export function emergencyLoosened(
  minimum: Partial<EmergencyPolicy>,
  own: Partial<EmergencyPolicy>,
): readonly { readonly key: string; readonly because: string }[] {
  const problems: { key: string; because: string }[] = [];
  for (const key of ["authorisers", "reviewers"] as const) {
    if (own[key] !== undefined && minimum[key] !== undefined && !isWithin(own[key], minimum[key]))
      problems.push({ key, because: "names people who are not among those the minimum allows" });
  }
  const extra = (own.waives ?? []).filter(
    (control) => minimum.waives !== undefined && !minimum.waives.includes(control),
  );
  if (extra.length > 0)
    problems.push({ key: "waives", because: `the minimum does not waive ${extra.join(", ")}` });
  const terms = [
    ["valid-for", own.validFor, minimum.validFor],
    ["review-within", own.reviewWithin, minimum.reviewWithin],
  ] as const;
  for (const [key, term, most] of terms) {
    if (term !== undefined && most !== undefined && !isNoLonger(term, most))
      problems.push({ key, because: `is not surely within the minimum's ${termText(most)}` });
  }
  if (own.alone != null && minimum.alone !== undefined && !isNarrower(own.alone, minimum.alone))
    problems.push({
      key: "alone",
      because:
        minimum.alone === null
          ? "the minimum allows nobody to act alone"
          : "allows more than the minimum does",
    });
  if (own.blockNextWhileOverdue === false && minimum.blockNextWhileOverdue === true)
    problems.push({ key: "block-next-while-overdue", because: "the minimum requires it" });
  return problems;
}

function isNarrower(own: NonNullable<EmergencyPolicy["alone"]>, minimum: EmergencyPolicy["alone"]): boolean {
  return (
    minimum !== null &&
    isWithin(own.from, minimum.from) &&
    own.atMost.per === minimum.atMost.per &&
    own.atMost.count <= minimum.atMost.count &&
    isNoLonger(own.confirmedWithin, minimum.confirmedWithin)
  );
}

function aloneOf(written: Infer<typeof AloneSchema>): NonNullable<EmergencyPolicy["alone"]> {
  const { "at-most": quota, "confirmed-within": within, ...from } = written;
  const [, count = "0", per = "quarter"] = QUOTA.exec(quota) ?? [];
  return {
    from,
    atMost: { count: Number(count), per: per as "month" | "quarter" | "year" },
    confirmedWithin: termOf(within) ?? { unit: "hours", count: 24 },
  };
}

function termOf(written: string | undefined): Term | null {
  return written === undefined ? null : parseTerm(written);
}
