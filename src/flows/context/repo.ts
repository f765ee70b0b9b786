/** A repository in hand: what a job works with, made once for it. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type {
  Addressee,
  Bodies,
  Decision,
  Entry,
  EntryKind,
  LoggedEntry,
} from "../../domain/records/entry.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { GitHub } from "../../github/api/requests.ts";
import type { Witnesses } from "../../github/freshness/freshness.ts";
import type { Lease } from "../../ledger/queue/lanes.ts";
import type { NewestEntry } from "../../ledger/ledger.ts";
import type { StateFilter } from "../../ledger/states.ts";
import type { Whose } from "../../ledger/log.ts";
import { observationsOf } from "./observations.ts";
import type { Tools } from "./tools.ts";
import { repositoryGitHub, type RepositoryGitHub } from "./repository-github.ts";

/** A repository under watch, and how we see it. */
interface Context {
  readonly info: Repository;
  /** The installation through which it is seen. */
  readonly installationId: number;
  /** What happened before is historic. */
  readonly since: Instant;
  /** When it came back into scope, if it ever was out of it: what happened before is historic under any policy. */
  readonly scopedFrom?: Instant;
  /** Whether it came from another owner. */
  readonly movedIn?: true;
  /** Its name and topics when it was first met, where they were others. */
  readonly metAs?: { readonly name: string; readonly topics: readonly string[] };
  /** The lane this work is done under: whoever loses it must not write. */
  readonly lease: Lease | undefined;
}

/** An entry of the repository's own, which need not name it. */
type OwnEntry<K extends EntryKind = EntryKind> = {
  readonly [Kind in K]: Omit<Entry<Kind>, "repositoryId" | "organizationId">;
}[K];

/** What a repository's work records, together or not at all. */
type Recording = Partial<Omit<Decision, "entries">> & {
  readonly entries?: readonly (Entry | OwnEntry)[];
  /** Nothing is recorded where one of these is no longer the newest of its subject. */
  readonly decidedOn?: readonly NewestEntry[];
};

/** Holds the repository a job is about, with everything the job is done with. */
export interface Repo extends Context, Omit<Tools, "github"> {
  /** GitHub as it is asked about this repository. */
  readonly github: RepositoryGitHub;
  /** The App's own tools, for what concerns more than this repository. */
  readonly tools: Tools;
  /** Returns the App's time. */
  now(): Instant;
  /** Returns the newest body of one subject; undefined: there is none. Throws {@link ExternalError}. */
  latest<K extends EntryKind>(kind: K, subject: string): Promise<Bodies[K] | undefined>;
  /** Returns the newest entry of each of the repository's subjects of a kind. Throws {@link ExternalError}. */
  states<K extends EntryKind>(
    kind: K,
    filter?: Omit<StateFilter, keyof Whose>,
  ): AsyncIterable<LoggedEntry<K>>;
  /** Returns what webhooks reported since `from`, oldest first: of a pull request, a ref, the checks of a commit. Throws {@link ExternalError}. */
  observed(about: string, from?: Instant): Promise<readonly Observation[]>;
  /** Returns what GitHub's answers about the repository are held against. */
  witnesses(): Witnesses;
  /** Records under the job's lease, at `at` or now; adds the repository and its owner to entries without. Throws {@link ExternalError}. */
  commit(recording: Recording, at?: Instant): Promise<void>;
  /** Returns the same repository, asked about through another client. */
  through(client: GitHub): Repo;
  /** Returns it with other tools, or as it is called elsewhere. */
  with(other: { readonly tools?: Tools; readonly info?: Repository }): Repo;
}

/** Makes the repository of a job. */
export function repoOf(tools: Tools, context: Context, client?: GitHub): Repo {
  const { info, installationId, lease } = context;
  const { github, clock, ledger } = tools;
  const ask = async (): Promise<GitHub> => client ?? github.octokits.installation(installationId);
  return {
    ...tools,
    ...context,
    tools,
    github: repositoryGitHub(github, ask, info),
    now: () => clock.now(),
    latest: async (kind, subject) => (await ledger.state(kind, subject))?.body,
    states: (kind, filter) => ledger.states(kind, { ...filter, repositoryId: info.id }),
    observed: (about, from) => observationsOf(tools, info.id, about, from),
    witnesses() {
      const from = clock.now() - DAY;
      let owner: Promise<readonly Observation[]> | null = null;
      return {
        ofRef: (ref) => observationsOf(tools, info.id, ref, from),
        ofOwner: () => (owner ??= observationsOf(tools, 0, `owner/${info.ownerId}`, from)),
      };
    },
    async commit({ entries = [], ...rest }, at = clock.now()) {
      const owner = { repositoryId: info.id, organizationId: info.ownerId };
      const whole = entries.map((each): Entry => ({ ...owner, ...each }));
      await ledger.record({ ...rest, entries: whole }, at, lease);
    },
    through: (other) => repoOf(tools, context, other),
    with: (other) => repoOf(other.tools ?? tools, { ...context, info: other.info ?? info }, client),
  };
}

/** Returns the repository as the flows work with it. Null: it was never met, or is no longer visible to the App. */
export async function watchedRepository(
  tools: Tools,
  repositoryId: number,
  lease: Lease | undefined,
): Promise<Repo | null> {
  const record = (await tools.ledger.state("repository", String(repositoryId)))?.body;
  if (record === undefined || record.removedAt !== null) return null;
  return repoOf(tools, {
    info: record.repository,
    installationId: record.installationId,
    since: record.installedFrom,
    ...(record.scopedFrom === undefined ? {} : { scopedFrom: record.scopedFrom }),
    ...(record.movedInAt === undefined ? {} : { movedIn: true as const }),
    ...(record.metAs === undefined ? {} : { metAs: record.metAs }),
    lease,
  });
}

/** Returns where the App's actions about a repository go. */
export function addressee({ info: repository, installationId, appId }: Repo): Addressee {
  return { repository, installationId, appId };
}
