/** The world as a replica of GitHub shows it: each kind of answer as old as the rules of lag say, everything else as it is. */

import type { GitRepository } from "./git.ts";
import { keyOf, lagProblem, lagRules, Reading, Versions, type LagKind, type LagWish } from "./lag.ts";
import type {
  Account,
  ContentSpan,
  Instant,
  MergeQueue,
  MergeQueueEntry,
  Organization,
  PullRequest,
  Repository,
  Review,
  Role,
  Sha,
  Team,
} from "./model.ts";
import { ROLES } from "./model.ts";
import { commitsTiedTo, tiedPulls } from "./rest/associated.ts";
import { contentSpan } from "./shapes/pulls.ts";
import { World, type Kind } from "./world.ts";

interface Place {
  readonly queue: string;
  readonly position: number;
  readonly entry: MergeQueueEntry;
}

interface Access {
  readonly roles: ReadonlyMap<number, Role>;
  readonly direct: Repository["collaborators"];
}

/** What one object of each kind is kept as. */
interface Kept {
  readonly pulls: Omit<PullRequest, "reviews">;
  readonly reviews: Review[];
  readonly commits: ContentSpan;
  readonly "commit-pulls": ReadonlySet<Sha>;
  readonly queue: Place;
  readonly "team-members": {
    readonly team?: Team["members"];
    readonly organization?: Organization["members"];
  };
  readonly collaborators: Access;
  readonly contents: ReadonlyMap<string, Sha>;
  readonly "check-runs": Pick<Repository, "checkRuns" | "checkSuites" | "statuses">;
  readonly activity: Repository["activities"];
}

/** Begins to keep what everything was before each write. */
export function keepVersions(world: World): void {
  if (world.versions !== null) return;
  world.versions = new Versions();
  recordVersions(world);
}

/** Makes answers old from now on, as wished; answers why that cannot be, or null. */
export function startLag(world: World, wish: LagWish): string | null {
  keepVersions(world);
  const name = wish.repository ?? (wish.pull === undefined ? undefined : "web");
  const repository = [...world.repositories.values()].find((one) => !one.deleted && one.name === name);
  if (name !== undefined && repository === undefined) return `there is no repository ${name}`;
  const problem = lagProblem(wish);
  if (problem === null)
    world.lags.push(...lagRules(wish, world.now(), world.versions?.written ?? 0, repository?.id ?? null));
  return problem;
}

/** Keeps what a write changed, where the world keeps versions. */
export function recordVersions(world: World): void {
  const { versions } = world;
  if (versions === null) return;
  const state = new Map<string, unknown>();
  const put = <K extends LagKind>(
    kind: K,
    repositoryId: number | null,
    key: string | number,
    value: Kept[K],
  ): void => {
    state.set(keyOf({ kind, repositoryId, key: String(key) }), value);
  };
  for (const team of world.teams.values())
    put("team-members", null, `team ${team.id}`, { team: team.members });
  for (const one of world.organizations.values())
    put("team-members", null, `organization ${one.id}`, { organization: one.members });
  for (const repository of world.repositories.values()) {
    const { id } = repository;
    const { checkRuns, checkSuites, statuses, activities } = repository;
    put("check-runs", id, "", { checkRuns, checkSuites, statuses });
    put("activity", id, "", activities);
    put("contents", id, "", world.git(repository).allRefs());
    put("collaborators", id, "", { roles: rolesIn(world, repository), direct: repository.collaborators });
    for (const pull of repository.pulls.values()) {
      const { reviews, ...rest } = pull;
      put("pulls", id, pull.number, rest);
      put("reviews", id, pull.number, reviews);
      put("commits", id, pull.number, contentSpan(world, repository, pull));
      put("commit-pulls", id, pull.number, commitsTiedTo(world, repository, pull));
    }
    for (const queue of repository.queues.values())
      queue.entries.forEach((entry, position) => {
        put("queue", id, entry.pullNumber, { queue: queue.branch, position, entry });
      });
  }
  versions.record(world.now(), state);
}

function rolesIn(world: World, repository: Repository): Map<number, Role> {
  return new Map([...world.accounts.values()].map((one) => [one.id, world.role(one, repository)]));
}

/** The world that one request is answered from. */
export function reading(world: World): World {
  const { versions } = world;
  return versions === null || world.lags.length === 0 ? world : new Replica(world, versions);
}

/** A view of a world for one request. Only to be read. */
class Replica extends World {
  readonly #live: World;
  readonly #reading: Reading;
  readonly #gits = new Map<number, GitRepository>();

  constructor(live: World, versions: Versions) {
    const { accounts, apps, installations, tokens } = live;
    super(
      {
        start: live.now(),
        folder: live.folder,
        apiUrl: live.apiUrl,
        webUrl: live.webUrl,
        realNow: live.realNow,
      },
      {
        accounts,
        apps,
        installations,
        tokens,
        organizations: new Map(),
        teams: new Map(),
        repositories: new Map(),
      },
    );
    this.#live = live;
    this.#reading = new Reading(versions, live.lags, live.now());
    for (const one of live.organizations.values()) this.organizations.set(one.id, this.#organization(one));
    for (const team of live.teams.values()) this.teams.set(team.id, this.#team(team));
    for (const one of live.repositories.values()) this.repositories.set(one.id, this.#repository(one));
  }

  override now(): Instant {
    return this.#live.now();
  }

  override node(nodeId: string): ReturnType<World["node"]> {
    return this.#live.node(nodeId);
  }

  override identity(kind: Kind): never {
    throw new Error(`an answer makes no ${kind}`);
  }

  override git(repository: Repository): GitRepository {
    const known = this.#gits.get(repository.id);
    if (known !== undefined) return known;
    const live = this.#live.git(this.#live.repositoryById(repository.id));
    const seen = live.withRefs(() => this.#whole("contents", repository.id) ?? live.allRefs());
    this.#gits.set(repository.id, seen);
    return seen;
  }

  override role(account: Account, repository: Repository): Role {
    const old = this.#whole("collaborators", repository.id);
    return old === undefined
      ? this.#live.role(account, this.#live.repositoryById(repository.id))
      : (old.roles.get(account.id) ?? ROLES[0]);
  }

  #organization(live: Organization): Organization {
    const key = `organization ${live.id}`;
    return lazily(live, {
      members: () => this.#whole("team-members", null, key)?.organization ?? live.members,
    });
  }

  #team(live: Team): Team {
    return lazily(live, {
      members: () => this.#whole("team-members", null, `team ${live.id}`)?.team ?? live.members,
    });
  }

  #repository(live: Repository): Repository {
    const { id } = live;
    const checks = (): Kept["check-runs"] => this.#whole("check-runs", id) ?? live;
    return lazily(live, {
      pulls: () => this.#pulls(live),
      queues: () => this.#queues(live),
      checkRuns: () => checks().checkRuns,
      checkSuites: () => checks().checkSuites,
      statuses: () => checks().statuses,
      activities: () => this.#whole("activity", id) ?? live.activities,
      collaborators: () => this.#whole("collaborators", id)?.direct ?? live.collaborators,
      tied: () => (sha: Sha) => this.#tied(live, sha),
    });
  }

  #pulls(live: Repository): Map<number, PullRequest> {
    const shown = [...live.pulls.values()].flatMap((pull) => {
      const old = this.#ofPull("pulls", live.id, pull.number);
      const record = old === null ? pull : old.value;
      return record === null ? [] : [this.#pull(live, pull, record)];
    });
    return new Map(shown.map((pull) => [pull.number, pull]));
  }

  #pull(repository: Repository, live: PullRequest, record: Kept["pulls"]): PullRequest {
    const { number } = live;
    return lazily(
      { ...live, ...record },
      {
        reviews: () => {
          const old = this.#ofPull("reviews", repository.id, number);
          return old === null ? live.reviews : (old.value ?? []);
        },
        listed: () =>
          this.#ofPull("commits", repository.id, number)?.value ?? contentSpan(this.#live, repository, live),
      },
    );
  }

  #tied(live: Repository, sha: Sha): readonly number[] {
    const now = new Set(tiedPulls(this.#live, live, sha));
    return [...live.pulls.keys()].filter((number) => {
      const old = this.#ofPull("commit-pulls", live.id, number);
      return old === null ? now.has(number) : old.value?.has(sha) === true;
    });
  }

  #queues(live: Repository): Map<string, MergeQueue> {
    const places = new Map<number, Place>();
    for (const queue of live.queues.values())
      queue.entries.forEach((entry, position) =>
        places.set(entry.pullNumber, { queue: queue.branch, position, entry }),
      );
    for (const number of live.pulls.keys()) {
      const old = this.#ofPull("queue", live.id, number);
      if (old === null) continue;
      if (old.value === null) places.delete(number);
      else places.set(number, old.value);
    }
    const inOrder = [...places.values()].sort((a, b) => a.position - b.position);
    return new Map(
      [...live.queues].map(([branch, queue]) => [
        branch,
        { ...queue, entries: inOrder.filter((one) => one.queue === branch).map((one) => one.entry) },
      ]),
    );
  }

  /** What an answer shows of something that is always there once it is; undefined where it is as it is. */
  #whole<K extends LagKind>(kind: K, repositoryId: number | null, key = ""): Kept[K] | undefined {
    return this.#shown(kind, repositoryId, key, null)?.value ?? undefined;
  }

  #ofPull<K extends LagKind>(kind: K, repositoryId: number, pull: number): Shown<K> {
    return this.#shown(kind, repositoryId, String(pull), pull);
  }

  #shown<K extends LagKind>(
    kind: K,
    repositoryId: number | null,
    key: string,
    pull: number | null,
  ): Shown<K> {
    // INVARIANT: what is kept under a kind is what recordVersions put there.
    return this.#reading.old({ kind, repositoryId, key, pull }) as Shown<K>;
  }
}

/** What is shown instead of what is, null where it was not there; null as a whole where the answer is not old. */
type Shown<K extends LagKind> = { readonly value: Kept[K] | null } | null;

/** A record some of whose properties are worked out when they are first looked at. */
function lazily<T extends object>(record: T, made: { readonly [K in keyof T]?: () => T[K] }): T {
  const lazy = { ...record };
  for (const [key, make] of Object.entries<(() => unknown) | undefined>(made)) {
    if (make === undefined) continue;
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(lazy, key, { enumerable: true, get: () => (known ??= { value: make() }).value });
  }
  return lazy;
}
