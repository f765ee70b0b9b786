/** What pages read of repositories: the log, cut to those that a viewer may see. Pages are handed nothing else of it. */

import type { ListedKind } from "../../domain/lists/listed.ts";
import type { EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { StateFilter } from "../../ledger/states.ts";
import type { HistoryAsked } from "../../ledger/history.ts";
import type { ListFilter } from "../../ledger/list-filter.ts";
import type { Lists, MonthCount } from "../../ledger/lists.ts";
import type { Access } from "./access.ts";

/** Names the parts of the ledger that pages read. */
export type ReadLedger = Pick<
  Ledger,
  "history" | "lists" | "named" | "newestOf" | "presence" | "state" | "states"
>;

/** Lists the kinds of entry that are the organisation's: not each of them belongs to a repository. */
export const ORGANIZATION_KINDS = [
  "baseline",
  "coverage-gap",
  "head-check",
  "log-head",
  "monthly-review",
  "package-download",
  "period-close",
  "policy",
  "webhook",
] as const satisfies readonly EntryKind[];

/** Names a kind of entry that belongs to a repository. */
export type RepositoryKind = Exclude<EntryKind, (typeof ORGANIZATION_KINDS)[number]>;

/** Selects rows of a list within what the viewer may see. */
export type RecordsFilter = Omit<ListFilter, "organizationId">;

/**
 * Reads the records of one organisation's repositories, within one access. What is the organisation's own is read elsewhere.
 * Every method throws ExternalError when the database fails.
 */
export class VisibleRecords {
  readonly #ledger: ReadLedger;
  readonly #access: Access;

  constructor(ledger: ReadLedger, access: Access) {
    this.#ledger = ledger;
    this.#access = access;
  }

  /** Returns the newest entry of a subject; undefined: there is none, or the viewer may not see it. */
  async entry<K extends RepositoryKind>(kind: K, subject: string): Promise<LoggedEntry<K> | undefined> {
    const entry = await this.#ledger.state(kind, subject);
    return entry !== undefined && this.#isShown(entry) ? entry : undefined;
  }

  /** Reads the newest entry of every subject of a kind, or of those in one repository. */
  async *entries<K extends RepositoryKind>(
    kind: K,
    of: Pick<StateFilter, "repositoryId"> = {},
  ): AsyncIterable<LoggedEntry<K>> {
    const organizationId = this.#access.organization.id;
    for await (const entry of this.#ledger.states(kind, { ...of, organizationId }))
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

  /** Counts changes or deployments by the control that did not pass. */
  async controls(kind: ListedKind, filter: RecordsFilter): Promise<ReadonlyMap<string, number>> {
    return this.#ledger.lists.controls(kind, this.#within(filter));
  }

  /** Reads every entry of some subjects, oldest first. */
  async history<K extends RepositoryKind>(about: HistoryAsked<K>): Promise<readonly LoggedEntry<K>[]> {
    return (await this.#ledger.history(about)).filter((entry) => this.#isShown(entry));
  }

  /** Reads the newest entry of each of some subjects. */
  async newestOf<K extends RepositoryKind>(
    kind: K,
    subjects: readonly string[],
  ): Promise<readonly LoggedEntry<K>[]> {
    return (await this.#ledger.newestOf(kind, subjects)).filter((entry) => this.#isShown(entry));
  }

  /** Reads what names one of some changes, deployments, pull requests or places of deployments. */
  async naming<K extends ListedKind>(kind: K, ids: readonly string[]): Promise<readonly LoggedEntry<K>[]> {
    const found = await this.#ledger.lists.naming(kind, this.#access.organization.id, ids);
    return found.filter((entry) => this.#isShown(entry));
  }

  /** Returns when the App last noted that it is there, and when the repositories shown were last swept. */
  async lastSeen(): Promise<{ readonly app: Instant | null; readonly sweeps: readonly Instant[] }> {
    const { lastBeat } = await this.#ledger.presence();
    const sweeps = [...(await this.lastSweeps()).values()];
    return { app: lastBeat, sweeps: sweeps.toSorted((a, b) => a - b) };
  }

  /** Returns when each repository shown was last swept, by its id. */
  async lastSweeps(): Promise<ReadonlyMap<number, Instant>> {
    const { lastSweeps } = await this.#ledger.presence();
    const found = new Map<number, Instant>();
    for await (const { body } of this.entries("repository")) {
      const at = lastSweeps.get(body.repository.id);
      if (at !== undefined) found.set(body.repository.id, at);
    }
    return found;
  }

  /** Reads the monitoring gaps of one repository alone: those of the whole organisation are not among them. */
  async gapsOf(repositoryId: number): Promise<readonly CoverageGapRecord[]> {
    const found: CoverageGapRecord[] = [];
    const organizationId = this.#access.organization.id;
    for await (const entry of this.#ledger.states("coverage-gap", { organizationId, repositoryId }))
      if (this.#isShown(entry)) found.push(entry.body);
    return found;
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
