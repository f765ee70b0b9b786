/** What pages read of the organisation as a whole. Only whoever may see all of it is handed this. */

import type { Period } from "../../domain/evidence/tables/population.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import type { KnownReviews } from "../../domain/deviation/monthly/month-count.ts";
import { maySignOff, signersOf, type OwnersPolicy } from "../../domain/monitoring/sign-off.ts";
import { observedTimeOf, type ObservedTime } from "../../domain/monitoring/observed-time.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { CoverageGapRecord, MonthlyReviewRecord } from "../../domain/records/monitoring.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
import type { SignedInPerson } from "./access.ts";
import type { ReadLedger, ORGANIZATION_KINDS } from "./records.ts";

/** Names a kind of entry of which not each belongs to a repository. */
type OrganizationKind = (typeof ORGANIZATION_KINDS)[number];

/** Answers what takes a reading of every change, and may keep it for a while. */
export interface Counted {
  /** Judges an organisation's readiness for an audit on a span. */
  readonly readiness: (organizationId: number, span: Span, at: Instant) => Promise<AuditReadiness>;
  /** Returns what closing a period now would name as not proven; none: nothing. */
  readonly openPoints: (organizationId: number, period: Period, at: Instant) => Promise<readonly string[]>;
  /** Returns every monthly review, with what its month is known to be now, and the policy that names its owner. */
  readonly monthlyReviews: (organizationId: number, at: Instant) => Promise<OwnedReviews>;
}

/** Holds monthly reviews, and the policy that names their owners now; null: none was read. */
export interface OwnedReviews extends KnownReviews {
  readonly policy: OwnersPolicy | null;
}

/** Returns the monthly reviews that someone may sign off. */
export async function reviewsToSign(
  { monthlyReviews }: Pick<Counted, "monthlyReviews">,
  organizationId: number,
  person: SignedInPerson | null,
  at: Instant,
): Promise<OwnedReviews> {
  const known = await monthlyReviews(organizationId, at);
  return { ...known, reviews: known.reviews.filter((each) => mayBeSignedOffBy(person, each, known)) };
}

/** Returns whether someone who signed in may sign a month off: whoever may by a comment. */
export function mayBeSignedOffBy(
  person: SignedInPerson | null,
  review: MonthlyReviewRecord,
  { policy }: Pick<OwnedReviews, "policy">,
): boolean {
  return person?.kind === "github" && maySignOff(signersOf(review, policy, review.control), person);
}

/** Reads what belongs to one organisation and to no repository of it. Every method throws ExternalError when the database fails. */
export class OrganizationRecords {
  readonly #ledger: ReadLedger;
  readonly #counted: Counted;
  readonly #id: number;
  readonly #now: Instant;

  /** `now`: the moment everything is read for. */
  constructor(ledger: ReadLedger, counted: Counted, id: number, now: Instant) {
    this.#ledger = ledger;
    this.#counted = counted;
    this.#id = id;
    this.#now = now;
  }

  /** Reads the newest entry of every subject of a kind. */
  entries<K extends OrganizationKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
    return this.#ledger.states(kind, { organizationId: this.#id });
  }

  /** Returns the monitoring gaps that concern a repository: its own, and those of the whole organisation. */
  async gapsOf({ id, owner, name }: Repository): Promise<readonly CoverageGapRecord[]> {
    const recorded = new Map<string, number>();
    for await (const { subject, repositoryId } of this.entries("coverage-gap"))
      recorded.set(subject, repositoryId);
    const { gaps } = await this.observedTime();
    // What is not on record follows from when the App was there, or when it last read one repository.
    return gaps.filter((gap) => {
      const of = recorded.get(gap.id);
      return of === undefined ? [owner, `${owner}/${name}`].includes(gap.scope) : of === 0 || of === id;
    });
  }

  /** Reads the newest entry of each of some subjects. */
  async newestOf<K extends OrganizationKind>(
    kind: K,
    subjects: readonly string[],
  ): Promise<readonly LoggedEntry<K>[]> {
    const found = await this.#ledger.newestOf(kind, subjects);
    return found.filter(({ organizationId }) => organizationId === this.#id);
  }

  /** Judges readiness for an audit on a span. */
  readiness(span: Span): Promise<AuditReadiness> {
    return this.#counted.readiness(this.#id, span, this.#now);
  }

  /** Returns what closing a period now would name as not proven. */
  openPoints(period: Period): Promise<readonly string[]> {
    return this.#counted.openPoints(this.#id, period, this.#now);
  }

  /** Returns every monthly review, with what its month is known to be now. */
  monthlyReviews(): Promise<OwnedReviews> {
    return this.#counted.monthlyReviews(this.#id, this.#now);
  }

  /** Returns what was observed until now, while the App serves this page. */
  async observedTime(): Promise<ObservedTime> {
    const { lastSweeps } = await this.#ledger.presence();
    return observedTimeOf({
      at: this.#now,
      presence: { lastBeat: this.#now, lastSweeps },
      repositories: await this.#bodies("repository"),
      gaps: await this.#bodies("coverage-gap"),
      completeness: await this.#bodies("completeness"),
    });
  }

  /** Returns the company's own numbers of controls, by the policy recorded last. */
  async companyIds(): Promise<ReadonlyMap<string, string>> {
    const named = await this.#ledger.named(["policy"], this.#id);
    const last = named.findLast(({ subject }) => /(?:^|:)[0-9a-f]{64}$/u.test(subject));
    const [policy] = last === undefined ? [] : await this.newestOf("policy", [last.subject]);
    const words = Object.entries(policy?.body.effective.controls ?? {});
    return new Map(words.flatMap(([control, { id }]) => (id === undefined ? [] : [[control, id]])));
  }

  async #bodies<K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> {
    const found: Bodies[K][] = [];
    for await (const { body } of this.#ledger.states(kind, { organizationId: this.#id })) found.push(body);
    return found;
  }
}

/** Returns what is known of observation by someone who is not shown it: nothing. */
export function nothingObserved(until: Instant): ObservedTime {
  return { since: null, until, gaps: [], unseen: [] };
}
