/**
 * Keys of an organisation's file only: repositories in scope, people with several accounts, wording, calendar,
 * notifications, monitoring.
 */

import { z } from "zod";
import { DEFAULT_CALENDAR, isTimezone, WEEKDAYS, type Calendar } from "../../time/calendar.ts";
import type { Instant } from "../../time/instant.ts";
import { CONTROL_NAMES, type ControlName } from "../../values/result.ts";
import { DaySchema } from "./day.ts";
import { canonical, sha256 } from "../../values/digest.ts";
import { isGlob, matchesAny, type GlobUse } from "../../patterns/glob.ts";
import { GlobSchema } from "../../patterns/pattern.ts";
import type { Infer } from "../../values/schema.ts";

const Login = z.string().min(1);

/** Lists the kinds of message that may be sent outside GitHub. */
export const NOTIFICATION_KINDS = [
  "emergency-waiting",
  "deviation-opened",
  "review-due",
  "review-overdue",
  "deviation-closed",
  "weekly-digest",
  "log-disagrees",
] as const;

/** Names a kind of message that may be sent outside GitHub. */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** Describes one line on some repositories, as written. */
export const RepositoriesSchema = z
  .strictObject({
    name: GlobSchema.optional().describe("repositories by name or glob"),
    topic: z
      .string()
      .min(1)
      .optional()
      .describe("repositories by a topic; whoever administers a repository sets its topics"),
    scope: z.enum(["in", "out"]).optional().describe("out: nothing in them reaches production; default: in"),
    reason: z.string().min(1).optional().describe("why they are out of scope"),
    owner: Login.optional().describe("who is responsible for it"),
    mode: z
      .enum(["observe", "enforce"])
      .optional()
      .describe("replaces the organisation's mode, from `since` on"),
    since: DaySchema.optional().describe("when this mode starts and changes are assessed"),
    service: z
      .string()
      .min(1)
      .optional()
      .describe("the service they belong to, in your own words; for the evidence package"),
    criticality: z
      .string()
      .min(1)
      .optional()
      .describe("how critical they are, in your own words; for the evidence package"),
  })
  .refine(({ name, topic }) => name !== undefined || topic !== undefined, {
    message: "say which: name or topic",
  })
  .refine(({ scope, reason, owner }) => scope !== "out" || (reason !== undefined && owner !== undefined), {
    message: "what is out of scope needs a reason and an owner",
  });

/** Describes {@link RepositoriesEntry}. */
export const RepositoriesEntrySchema = z.object({
  name: z.string().nullable(),
  topic: z.string().nullable(),
  scope: z.enum(["in", "out"]).nullable(),
  reason: z.string().nullable(),
  owner: z.string().nullable(),
  mode: z.enum(["observe", "enforce"]).nullable(),
  since: z.string().nullable(),
  service: z.string().exactOptional(),
  criticality: z.string().exactOptional(),
});

/** Describes one line on some repositories, as kept. */
export type RepositoriesEntry = Infer<typeof RepositoriesEntrySchema>;

/** Describes a person with several accounts. */
export const IdentitySchema = z.strictObject({
  person: z.string().min(1).describe("this person's name in check runs"),
  logins: z.array(Login).min(2).describe("every account of this person"),
});

/** Describes the company's own number and wording for a control, and who owns it. */
export const ControlsSchema = z.partialRecord(
  z.enum(CONTROL_NAMES),
  z.strictObject({
    id: z.string().min(1).optional().describe("the control's number in the company's own list"),
    text: z.string().min(1).optional().describe("its wording there"),
    owner: Login.optional().describe("who is responsible for it"),
  }),
);

/** Describes {@link ControlWords}. */
export const ControlWordsSchema = z.object({
  id: z.string().optional(),
  text: z.string().optional(),
  owner: z.string().optional(),
});

/** Holds the company's own words on one control. */
export type ControlWords = Infer<typeof ControlWordsSchema>;

const Variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/u, "the name of an environment variable that holds it, such as SLACK_URL");

/** Describes where messages outside GitHub go, as written. */
export const NotificationSchema = z
  .strictObject({
    "url-secret": Variable.describe("the environment variable that holds the address"),
    format: z
      .enum(["slack", "json"])
      .optional()
      .describe("slack: for Slack's incoming webhooks; json: signed; default: json"),
    "signing-secret": Variable.optional().describe(
      "the environment variable that holds the secret json is signed with",
    ),
    on: z.array(z.enum(NOTIFICATION_KINDS)).min(1).describe("the events to send a message about"),
    "per-day": z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe("the maximum for a day; the rest is one message; default: 20"),
  })
  .refine((each) => each.format === "slack" || each["signing-secret"] !== undefined, {
    message: "format json needs a signing-secret",
  });

/** Describes {@link NotificationReceiver}. */
export const NotificationReceiverSchema = z.object({
  urlSecret: z.string(),
  format: z.enum(["slack", "json"]),
  signingSecret: z.string().nullable(),
  on: z.array(z.enum(NOTIFICATION_KINDS)),
  perDay: z.int(),
});

/** Describes where messages outside GitHub go; secrets are names of environment variables. */
export type NotificationReceiver = Infer<typeof NotificationReceiverSchema>;

/** Describes {@link Receiver}. */
export const ReceiverSchema = NotificationReceiverSchema.omit({ on: true }).extend({ timezone: z.string() });

/** Describes where a message goes, and how many may go there on one day of the policy's calendar. */
export type Receiver = Infer<typeof ReceiverSchema>;

/** Describes `calendar:` as it is written. */
export const CalendarFileSchema = z.strictObject({
  timezone: z
    .string()
    .refine(isTimezone, { message: "not a time zone; they are written as Europe/Berlin" })
    .optional()
    .describe("the time zone of days; default: UTC"),
  weekend: z.array(z.enum(WEEKDAYS)).max(6).optional().describe("weekly days off; default: sat, sun"),
  holidays: z.array(DaySchema).optional().describe("other days off; default: none"),
});

/** Describes `monitoring:` as it is written. */
export const MonitoringSchema = z.strictObject({
  owner: Login.optional().describe("the owner of controls without an owner of their own"),
  every: z.literal("month").optional().describe("how often controls are reviewed; default: month"),
});

/** Describes `retention:` as it is written. */
export const RetentionSchema = z.strictObject({
  years: z.int().min(1).max(100).describe("for how many years to keep the evidence"),
});

/** Returns a line as it is kept. */
export function repositoriesOf(written: Infer<typeof RepositoriesSchema>): RepositoriesEntry {
  const {
    name = null,
    topic = null,
    scope = null,
    reason = null,
    owner = null,
    mode = null,
    since = null,
    service,
    criticality,
  } = written;
  return {
    name,
    topic,
    scope,
    reason,
    owner,
    mode,
    since,
    ...(service === undefined ? {} : { service }),
    ...(criticality === undefined ? {} : { criticality }),
  };
}

/** Returns a line as it is kept. */
export function notificationOf(written: Infer<typeof NotificationSchema>): NotificationReceiver {
  return {
    urlSecret: written["url-secret"],
    format: written.format ?? "json",
    signingSecret: written["signing-secret"] ?? null,
    on: written.on,
    perDay: written["per-day"] ?? 20,
  };
}

/** Holds which repositories a line meant when first read, word for word, and all known then, by id. */
export interface PinnedLine {
  readonly entry: string;
  readonly meant: readonly number[];
  readonly known: readonly number[];
}

/** Describes what decides which lines apply to a repository, and the moment they are read for. */
export interface About {
  readonly name: string;
  readonly topics: readonly string[];
  readonly at: Instant;
  /** Absent where nobody looked up which repositories the lines meant: then names and topics decide. */
  readonly id?: number;
  readonly pins?: readonly PinnedLine[];
  /** Whether it came from another owner. */
  readonly movedIn?: boolean;
  /** Its name and topics when it was first met; absent: as now. */
  readonly metAs?: { readonly name: string; readonly topics: readonly string[] };
}

/** Returns what identifies a line: the same words are the same line. */
export function lineId(line: RepositoriesEntry): string {
  return sha256(canonical(line)).slice(0, 16);
}

/** Returns whether the name and topics of a repository fit a line; where it sets both, both must. */
export function fitsLine(line: RepositoriesEntry, { name, topics }: Pick<About, "name" | "topics">): boolean {
  // A line that lets out of something is no wider than it reads.
  const use: GlobUse = line.scope === "out" || line.mode === "observe" ? "lets" : "asks";
  return (
    (line.name === null || matchesAny([line.name], name, use)) &&
    (line.topic === null || topics.includes(line.topic.toLowerCase()))
  );
}

/**
 * Returns the lines that bind a repository: the one it was meant by, and the one it matches now. It matches by its name
 * and topics; null represents no line. Who can rename, move or label a repository must gain nothing by it, so of two
 * the stricter applies.
 */
export function linesFor(
  lines: readonly RepositoriesEntry[],
  about: About,
): readonly (RepositoriesEntry | null)[] {
  const now = lines.find((line) => fitsLine(line, about)) ?? null;
  if (about.id === undefined) return [now];
  const own = lines.find((line) => means(line, about)) ?? null;
  // What was given to a repository by its single name follows it to a name that no line is about.
  if (own === now || (now === null && own !== null && isOfOne(own))) return [own];
  return [own, now];
}

function isOfOne({ name, topic }: RepositoriesEntry): boolean {
  return name !== null && topic === null && !isGlob(name);
}

/** Whether a line was meant for a repository: it was there and fitted, or it was made since under a glob. */
function means(line: RepositoriesEntry, about: About): boolean {
  const { id = 0, pins = [], movedIn = false, metAs = about } = about;
  const pin = pins.find(({ entry }) => entry === lineId(line));
  if (pin === undefined) return fitsLine(line, about);
  if (pin.known.includes(id) || pin.meant.includes(id)) return pin.meant.includes(id);
  return !isOfOne(line) && !movedIn && fitsLine(line, metAs);
}

/** Returns the calendar with its defaults. */
export function calendarOf(written: Infer<typeof CalendarFileSchema> | undefined): Calendar {
  return { ...DEFAULT_CALENDAR, ...definedOf(written) };
}

/** Returns the company's words on its controls. */
export function controlsOf(
  written: Infer<typeof ControlsSchema> | undefined,
): Readonly<Partial<Record<ControlName, ControlWords>>> {
  return Object.fromEntries(Object.entries(written ?? {}).filter(([, words]) => words !== undefined));
}

function definedOf(written: Infer<typeof CalendarFileSchema> | undefined): Partial<Calendar> {
  return Object.fromEntries(Object.entries(written ?? {}).filter(([, value]) => value !== undefined));
}
