/** The bodies of the log's entries about coverage gaps, completeness, monthly reviews, closed periods, and the log's own heads. */

import { z } from "zod";
import { ControlNameSchema } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { RepositorySchema } from "../change/repository.ts";
/** Describes {@link CoverageGapRecord}. */
export const CoverageGapRecordSchema = z.object({
  id: z.string(),
  cause: z.enum([
    "uninstalled",
    "suspended",
    "repository-removed",
    "permission-missing",
    "webhooks-lost",
    "github-unreachable",
    "app-down",
    "history-expired",
    "unobservable",
  ]),
  scope: z.string(),
  from: InstantSchema,
  to: InstantSchema.nullable(),
  because: z.string(),
  backfilled: z.boolean(),
});

/** Describes entry `coverage-gap`, subject = gap id: a time in which we could not see, and why. */
export type CoverageGapRecord = Infer<typeof CoverageGapRecordSchema>;

/** How one listing was read. */
const ListingReadSchema = z.object({
  /** By the App's clock. */
  began: InstantSchema,
  ended: InstantSchema,
  /** Null: it was read from the log, which has none. */
  pages: z.int().nullable(),
  /** What the digest covers: of an open span also what came after it. */
  rows: z.int(),
  /** There was more than was read, or GitHub would not list it. */
  cut: z.boolean(),
});

const ReadAsSchema = z.object({
  /** GitHub's ids of the App and its installation, with the rights of its token; null: read with a token of no App. */
  app: z.object({ id: z.int(), installation: z.int(), rights: z.record(z.string(), z.string()) }).nullable(),
  /** The version of Countersign that read. */
  version: z.string(),
});

/** Describes {@link CompletenessRecord}. */
export const CompletenessRecordSchema = z.object({
  repository: RepositorySchema,
  ref: z.string(),
  from: InstantSchema,
  to: InstantSchema,
  /** What each listing counted. */
  listings: z.array(
    z.object({
      source: z.enum(["activity", "ledger", "git-first-parent", "merged-pull-requests", "deliveries"]),
      count: z.int(),
      query: z.string(),
      sha256: z.string(),
      /** Null: version 1 did not note it. */
      read: ListingReadSchema.nullable(),
    }),
  ),
  /** As whom GitHub was asked; null: version 1 did not note it. */
  readAs: ReadAsSchema.nullable(),
  matched: z.int(),
  /** Every difference, explained by a named cause or not. */
  differences: z.array(
    z.object({
      what: z.string(),
      sha: ShaSchema,
      onlyIn: z.string(),
      explanation: z.string().nullable(),
    }),
  ),
  /** True when each update begins where the one before ended, from start to end. */
  contiguous: z.boolean(),
  truncated: z.boolean(),
  complete: z.boolean(),
  /** Updates with no pull request behind them (direct and forced pushes, branch creations). */
  withoutPullRequest: z.int(),
  checkedAt: InstantSchema,
});

/**
 * Describes entry `completeness`, subject = `repositoryId:ref:from:to`: one branch's independent listings counted
 * against each other.
 */
export type CompletenessRecord = Infer<typeof CompletenessRecordSchema>;

/** Raises a check of version 1, of which nobody noted how its listings were read. */
export function keepUnnotedReading(
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const listings = body["listings"] as readonly Readonly<Record<string, unknown>>[];
  return { ...body, listings: listings.map((each) => ({ ...each, read: null })), readAs: null };
}

const MonthlyFiguresSchema = z.object({
  population: z.int(),
  passed: z.int(),
  failed: z.int(),
  waived: z.int(),
  unverifiable: z.int(),
  deviations: z.int(),
  /** Deviations of this control, of any month, that were not settled when this was counted. */
  openRemediations: z.int(),
  clean: z.boolean(),
});

/**
 * Describes what a control came to in a month. Of `population`, the subjects it applied to; `clean`: none of them
 * failed, and no deviation of it happened in the month.
 */
export type MonthlyFigures = Infer<typeof MonthlyFiguresSchema>;

const SignedOffSchema = z.object({
  by: z.object({
    id: z.int().nullable(),
    login: z.string(),
  }),
  at: InstantSchema,
  comment: z.string(),
  via: z.enum(["comment", "terminal", "page"]),
  /** What the signer saw. */
  figures: MonthlyFiguresSchema,
  /** What contradicts the signer, such as a deviation of the month that they caused; null: nothing known. */
  remark: z.string().nullable(),
});

/** Describes {@link MonthlyReviewRecord}. */
export const MonthlyReviewRecordSchema = z.object({
  control: ControlNameSchema,
  /** YYYY-MM, UTC. */
  month: z.string(),
  /** The login the policy named when it was requested; null: nobody, and it was signed off unrequested. */
  owner: z.string().nullable(),
  /** The account that login meant when it was first requested; null: nobody had it, or it was not found out. */
  ownerId: z.int().nullable(),
  askedAt: InstantSchema,
  dueAt: InstantSchema,
  /** As counted when it was requested, or last signed off. */
  figures: MonthlyFiguresSchema,
  /** `owner/name` of the repository its issue is in; null: it was not requested on GitHub. */
  issueIn: z.string().nullable(),
  signedOff: SignedOffSchema.nullable(),
  /** Sign-offs of what the month was thought to be before it was found to be otherwise, oldest first. */
  earlier: z.array(SignedOffSchema),
});

/**
 * Describes entry `monthly-review`, subject = `ORGANISATION/CONTROL:YYYY-MM`: a control's month, and its sign-off by
 * the control's owner.
 */
export type MonthlyReviewRecord = Infer<typeof MonthlyReviewRecordSchema>;

/** Raises a monthly review of version 1. Whose id the owner was nobody noted, and the figures were those that were signed. */
export function keepWhatWasSigned(
  body: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { signedOff, figures } = body;
  const signed =
    typeof signedOff === "object" && signedOff !== null ? { ...signedOff, figures, remark: null } : null;
  return { ...body, ownerId: null, signedOff: signed, earlier: [] };
}

const SpanSchema = z.object({ from: InstantSchema, to: InstantSchema });

const HandedOverSchema = z.object({
  /** What the package was made by: `period close`, or `period addendum`. */
  as: z.enum(["close", "addendum"]),
  at: InstantSchema,
  /** As given at the terminal, where nobody proves who they are. */
  by: z.string(),
  /** SHA-256 of its manifest.dsse.json, in hex. */
  seal: z.string(),
  /** SHA-256 of the public key's SubjectPublicKeyInfo in DER. */
  keyId: z.string(),
  generatedAt: InstantSchema,
  /** The version of Countersign that made it. */
  version: z.string(),
  /** The head of the log it was made from. */
  log: z.object({ size: z.int(), hash: z.string() }),
  /** What was observed then, which the log does not hold; `gaps`: those of them that are not on record. */
  observed: z.object({
    since: InstantSchema.nullable(),
    until: InstantSchema,
    unseen: z.array(SpanSchema),
    gaps: z.array(CoverageGapRecordSchema),
  }),
  /** Of a closing: why it came before the period was complete; null: it was. Of an addendum: why it was made. */
  reason: z.string().nullable(),
});

/** Describes one package that was handed over. */
export type HandedOver = Infer<typeof HandedOverSchema>;

/** Describes {@link PeriodCloseRecord}. */
export const PeriodCloseRecordSchema = z.object({
  period: z.object({ name: z.string(), from: InstantSchema, to: InstantSchema }),
  /** The closing first, then its addenda in their order. */
  handedOver: z.array(HandedOverSchema).min(1),
});

/** Describes entry `period-close`, subject = `ORGANISATION:NAME`: a closed period with every package of it that was handed over. */
export type PeriodCloseRecord = Infer<typeof PeriodCloseRecordSchema>;

/** Describes entry `package-download`, subject = `ORGANISATION:SEAL:ID`: a package, or a sample of it, was sent to someone. */
export const PackageDownloadRecordSchema = z.object({
  /** The name of the closed period. */
  period: z.string(),
  /** SHA-256 of the package's manifest.dsse.json, in hex. */
  seal: z.string(),
  /** Who signed in; null: whoever used the App's machine, where nobody signs in. */
  by: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("github"), id: z.int(), login: z.string() }),
      z.object({
        kind: z.literal("oidc"),
        issuer: z.string(),
        subject: z.string(),
        email: z.string().nullable(),
      }),
    ])
    .nullable(),
  /** When it began to be sent. */
  at: InstantSchema,
  /** A sample that was drawn from the package, and how; absent: the package itself was sent. */
  sample: z
    .object({
      of: z.enum(["changes", "deployments"]),
      size: z.int(),
      seed: z.string(),
      stratify: z.array(z.string()),
      /** `csv`: which were chosen; `pages`: a page of each. */
      as: z.enum(["csv", "pages"]),
    })
    .optional(),
});

/** Describes a sample that someone was sent. */
export type SentSample = NonNullable<Infer<typeof PackageDownloadRecordSchema>["sample"]>;

/** Returns the subject of a closed period. One log holds several organisations, and each has a quarter of that name. */
export function periodSubject(organizationId: number, name: string): string {
  return `${organizationId}:${name}`;
}

const HeadSchema = z.object({
  /** Heads of an organisation are numbered from 1 on; a hole in the numbers shows that one was deleted. */
  number: z.int(),
  /** So many entries the log held. */
  size: z.int(),
  /** The hash of the last of them, in hex. */
  hash: z.string(),
});

/** Describes a head of the log as it is posted. */
export type Head = Infer<typeof HeadSchema>;

/** Describes {@link LogHeadRecord}. */
export const LogHeadRecordSchema = HeadSchema.extend({
  why: z.enum(["daily", "export", "close"]),
  /** Names what asked for it, such as a day: one head is posted for it. */
  round: z.string(),
  /** When it was asked for, by the App's clock. */
  askedAt: InstantSchema,
  /** The head before it; null: it is the first. */
  before: HeadSchema.nullable(),
  /** `owner/name` of the repository it is posted in. */
  repository: z.string(),
  /** SHA-256 of the comment's text, in hex. */
  textSha256: z.string(),
  /** The comment as GitHub showed it when it was made; null: it was not posted, or not yet. */
  posted: z
    .object({
      issue: z.int(),
      comment: z.int(),
      url: z.string(),
      /** GitHub's time. */
      createdAt: InstantSchema,
      by: z.object({ id: z.int(), login: z.string() }),
    })
    .nullable(),
  /** Why it was not posted; null: it was, or will be. */
  refused: z.string().nullable(),
});

/** Describes entry `log-head`, subject = `ORGANISATION:NUMBER` (eight digits): a head of the log, and the comment that shows it. */
export type LogHeadRecord = Infer<typeof LogHeadRecordSchema>;

const HeadFindingSchema = z.object({
  /**
   * `contradicts`: the log has another hash at this size, or fewer entries. `not-in-log`: the log does not know that it was posted.
   * `edited`, `missing`: what GitHub shows of the comment. `dated-otherwise`: the log has another date of it.
   */
  code: z.enum(["contradicts", "not-in-log", "edited", "missing", "dated-otherwise"]),
  number: z.int(),
  size: z.int(),
  hash: z.string(),
  /** `owner/name#12`: the issue it is or was on; null: it was not posted. */
  place: z.string().nullable(),
  /** The comment's id on GitHub, where there is or was one. */
  comment: z.int().nullable(),
  url: z.string().nullable(),
  /** What was found, in a sentence. */
  says: z.string(),
});

/** Describes a head on which GitHub and the log do not agree. */
export type HeadFinding = Infer<typeof HeadFindingSchema>;

/** Describes {@link HeadCheckRecord}. */
export const HeadCheckRecordSchema = z.object({
  /** When GitHub was last asked. */
  at: InstantSchema,
  /** `owner/name` of the repository that was read. */
  repository: z.string(),
  /** So many heads GitHub showed. */
  shown: z.int(),
  /** Each issue (`owner/name#12`) with when it was last asked for. */
  read: z.array(z.object({ place: z.string(), at: InstantSchema })),
  /** Why they could not be compared; null: they were. */
  because: z.string().nullable(),
  findings: z.array(HeadFindingSchema),
});

/** Describes entry `head-check`, subject = id of the organisation: the heads on GitHub, as last compared with the log. */
export type HeadCheckRecord = Infer<typeof HeadCheckRecordSchema>;

/** Returns the subject of a head. Subjects sort as the numbers do. */
export function headSubject(organizationId: number, number: number): string {
  return `${organizationId}:${String(number).padStart(8, "0")}`;
}
