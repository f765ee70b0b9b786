/** What pages read: the log, cut to what a viewer may see. Pages are handed nothing else of it. */

import type { ListedKind } from "../../domain/lists/listed.ts";
import { observedTimeOf, type ObservedTime } from "../../domain/monitoring/observed-time.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { HistoryAsked } from "../../ledger/history.ts";
import type { ListFilter, Lists, MonthCount } from "../../ledger/lists.ts";
import type { Access } from "./access.ts";

/** Names the parts of the ledger that pages read. */
export type ReadLedger = Pick<
  Ledger,
  "history" | "lists" | "named" | "newestOf" | "presence" | "state" | "states"
>;

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

  /** Reads every entry of some subjects, oldest first. */
  async history<K extends EntryKind>(about: HistoryAsked<K>): Promise<readonly LoggedEntry<K>[]> {
    return (await this.#ledger.history(about)).filter((entry) => this.#isShown(entry));
  }

  /** Reads the newest entry of each of some subjects. */
  async newestOf<K extends EntryKind>(
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
    const { lastBeat, lastSweeps } = await this.#ledger.presence();
    const known = await this.#bodies("repository");
    const sweeps = known.flatMap(({ repository }) => lastSweeps.get(repository.id) ?? []);
    return { app: lastBeat, sweeps: sweeps.toSorted((a, b) => a - b) };
  }

  /** Returns what was observed of the organisation until now, while the App serves this page. */
  async observedTime(now: Instant): Promise<ObservedTime> {
    const { lastSweeps } = await this.#ledger.presence();
    return observedTimeOf({
      at: now,
      presence: { lastBeat: now, lastSweeps },
      repositories: await this.#bodies("repository"),
      gaps: await this.#bodies("coverage-gap"),
      completeness: await this.#bodies("completeness"),
    });
  }

  /** Returns the company's own numbers of controls, by the policy recorded last. */
  async companyIds(): Promise<ReadonlyMap<string, string>> {
    const named = await this.#ledger.named(["policy"], this.#access.organization.id);
    const last = named.findLast(({ subject }) => /^[0-9a-f]{64}$/u.test(subject));
    const policy = last === undefined ? undefined : await this.entry("policy", last.subject);
    const words = Object.entries(policy?.body.effective.controls ?? {});
    return new Map(words.flatMap(([control, { id }]) => (id === undefined ? [] : [[control, id]])));
  }

  async #bodies<K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> {
    const found: Bodies[K][] = [];
    for await (const { body } of this.entries(kind)) found.push(body);
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
