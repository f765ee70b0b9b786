/** Which rows of a list are wanted, in which order, and from where on. */

import type { Listed, ListedKind } from "../domain/lists/listed.ts";
import type { Instant } from "../domain/time/instant.ts";

/** Selects what a list shows. All that is given must hold; `from` included, `to` excluded. */
export interface ListFilter {
  readonly organizationId: number;
  /** One of these; left out: any. */
  readonly repositoryIds?: readonly number[];
  readonly place?: string;
  /** One of these; left out: any. */
  readonly verdicts?: readonly Listed["verdict"][];
  /** A control that failed, was waived or could not be tested. */
  readonly control?: string;
  /** The login of someone who took part. */
  readonly person?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  /** Words that stand in it as they are, in any case; or the beginning of one of its ids. */
  readonly words?: string;
}

/** Names in which order a list is read. */
export type ListOrder = "newest" | "oldest";

/** Names a place in a list, between what comes before it and after it. */
export interface ListPlace {
  readonly at: Instant;
  readonly subject: string;
}

/** Names a part of a list. */
export interface ListPart {
  readonly order?: ListOrder;
  readonly after?: ListPlace | undefined;
  readonly limit: number;
}

/** Selects rows of days. */
export interface DayQuery {
  readonly kind: ListedKind;
  /** Of these: the organisation, several repositories, the time and the words. */
  readonly filter: ListFilter;
  /** The rest, as marks: of each of these, one must be true. */
  readonly marks: readonly (readonly string[])[];
  /** The marks by which rows are counted; null: they are not, but listed. */
  readonly counted: "verdict" | "control" | "judged" | null;
  readonly order: ListOrder;
  readonly after: ListPlace | undefined;
  /** How many rows are asked for. */
  readonly limit: number;
  /** How many days are read at once at first; undefined: by how many rows are asked for. */
  readonly daysAtFirst: number | undefined;
}
