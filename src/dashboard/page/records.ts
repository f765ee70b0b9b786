/** What pages read: the log, cut to what a viewer may see. Pages are handed nothing else of it. */

import type { ListedKind } from "../../domain/lists/listed.ts";
import type { EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { ListFilter, Lists, MonthCount } from "../../ledger/lists.ts";
import type { Access } from "./access.ts";

/** Names the parts of the ledger that pages read. */
export type ReadLedger = Pick<Ledger, "lists" | "presence" | "state" | "states">;

/** Selects rows of a list within what the viewer may see. */
export type RecordsFilter = Omit<ListFilter, "organizationId">;

/** Reads one organisation's records, within one access. Every method throws ExternalError when the database fails. */
export class VisibleRecords {
  readonly #ledger: ReadLedger;
  readonly #access: Access;

  constructor(ledger: ReadLedger, access: Access) {
    this.#ledger = ledger;
    this.#access = access;
  }

  /** Returns the newest entry of a subject; undefined: there is none, or the viewer may not see it. */
  async entry<K extends EntryKind>(kind: K, subject: string): Promise<LoggedEntry<K> | undefined> {
    const entry = await this.#ledger.state(kind, subject);
    return entry !== undefined && this.#isShown(entry) ? entry : undefined;
  }

  /** Reads the newest entry of every subject of a kind. */
  async *entries<K extends EntryKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
    const organizationId = this.#access.organization.id;
    for await (const entry of this.#ledger.states(kind, { organizationId }))
      if (this.#isShown(entry)) yield entry;
  }

  /** Lists changes or deployments. */
  async page<K extends ListedKind>(
    kind: K,
    filter: RecordsFilter,
    part: Parameters<Lists["page"]>[2],
  ): Promise<readonly LoggedEntry<K>[]> {
    return this.#ledger.lists.page(kind, this.#within(filter), part);
  }

  /** Counts changes or deployments by month and verdict. */
  async months(kind: ListedKind, filter: RecordsFilter): Promise<readonly MonthCount[]> {
    return this.#ledger.lists.months(kind, this.#within(filter));
  }

  #within(filter: RecordsFilter): ListFilter {
    const { organization, repositories } = this.#access;
    const { repositoryIds = null } = filter;
    const organizationId = organization.id;
    if (repositories === "all") return { ...filter, organizationId };
    const within =
      repositoryIds === null ? [...repositories] : repositoryIds.filter((id) => repositories.has(id));
    return { ...filter, organizationId, repositoryIds: within };
  }

  /** What belongs to no repository is the organisation's, and shown to those who may see all of it. */
  #isShown({ organizationId, repositoryId }: Pick<LoggedEntry, "organizationId" | "repositoryId">): boolean {
    const { organization, repositories } = this.#access;
    return organizationId === organization.id && (repositories === "all" || repositories.has(repositoryId));
  }
}
