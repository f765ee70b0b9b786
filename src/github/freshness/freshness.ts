/**
 * Freshness: what signed webhooks reported is laid over GitHub's answers, and what cannot be laid over is named. INVARIANT:
 * nothing else decides whether an answer is old. Only what cannot be undone proves that one is.
 */

import { nextRetry, SETTLING } from "../../domain/change/settling.ts";
import { type Check, type NotShown } from "../../domain/change/review.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { listing, type Listing } from "../api/partial-list.ts";
import type { Lookups } from "../api/lookups.ts";
import { merged } from "./observed-pushes.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { PERMISSIONS, type Permission } from "../../domain/change/people.ts";

/** Holds the observations with which GitHub's answers are compared. */
export interface Witnesses {
  /** Returns the observations of a ref in the last day. */
  readonly ofRef: (ref: string) => Promise<readonly Observation[]>;
  /** Returns the observations of the owner's people and policy in the last day. */
  readonly ofOwner: () => Promise<readonly Observation[]>;
}

type ObservationOf<Kind extends Observation["kind"]> = Extract<Observation, { readonly kind: Kind }>;
type Moved = Pick<ObservationOf<"pushed">, "before" | "after" | "at">;

/**
 * Returns where a ref was last observed to be moved to, where an answer shows an older commit. Null where the answer proves
 * not to be old.
 */
export function behind(shown: Sha, moves: readonly Moved[]): Moved | null {
  const last = newest(moves);
  if (last === null || last.after === NO_COMMIT || last.after === shown) return null;
  // A commit that no webhook reported is newer than the reported ones, not older.
  return moves.some(({ before, after }) => before === shown || after === shown) ? last : null;
}

/** Returns whether the last movement observed of a ref was its deletion. */
export function isReportedGone(moves: readonly Moved[]): boolean {
  return newest(moves)?.after === NO_COMMIT;
}

/** The last of several movements, also of those in one second; null where these form a circle. */
function newest(moves: readonly Moved[]): Moved | null {
  const at = Math.max(...moves.map((each) => each.at));
  const latest = moves.filter((each) => each.at === at);
  return latest.findLast(({ after }) => latest.every(({ before }) => before !== after)) ?? null;
}

/** Returns the movements of a ref among observations, each once. */
export function movesIn(observations: readonly Observation[]): readonly Moved[] {
  const pushes = observations.flatMap((each) =>
    each.kind === "pushed" ? [{ ...each, basis: "observed" as const }] : [],
  );
  return merged(pushes);
}

/** Describes a pull request's answer, as far as webhooks report the same. */
export interface ShownPull {
  readonly state: "OPEN" | "CLOSED" | "MERGED";
  readonly title: string;
  readonly body: string;
  readonly isDraft: boolean;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly baseRefName: string;
  readonly headRefOid: Sha;
  readonly labels: Listing<{ readonly name: string }>;
}

/** Describes what webhooks reported of an open pull request beside its answer. `base`, `head`: where they were moved to meanwhile. */
export interface ObservedPull {
  readonly title: string;
  readonly isDraft: boolean;
  readonly labels: Listing<{ readonly name: string }>;
  readonly base: { readonly ref: string; readonly at: Instant } | null;
  readonly head: Moved | null;
  /** The answer shows it open, and it is not any more. */
  readonly isOver: NotShown | null;
  /** Its description was changed, and the answer is from before. Its present text is not kept anywhere. */
  readonly reworded: NotShown | null;
}

/**
 * Lays what webhooks reported over an answer. An answer that shows a later change than the reported one is newer; for what
 * goes back and forth within one second the webhook counts for ten minutes.
 */
export function withObservations(
  shown: ShownPull,
  observations: readonly Observation[],
  pushes: readonly Moved[],
  now: Instant,
): ObservedPull {
  const asShown = { title: shown.title, isDraft: shown.isDraft, labels: shown.labels };
  const nothing = { ...asShown, base: null, head: null, isOver: null, reworded: null };
  // What is merged is over: whatever came before is in the answer that shows so.
  if (shown.state === "MERGED") return nothing;
  const isNewer = ({ at }: { readonly at: Instant }): boolean =>
    at > shown.updatedAt || (at === shown.updatedAt && now - at < SETTLING);
  const changes = observations
    .filter((each): each is ObservationOf<"pull-changed"> => each.kind === "pull-changed")
    .filter(isNewer);
  const ended = changes.findLast(({ state }) => state !== undefined);
  if (shown.state === "CLOSED") return nothing;
  const labels = new Set(
    (shown.labels.isWhole ? shown.labels.entries : shown.labels.seen).map(({ name }) => name),
  );
  for (const { label } of changes)
    if (label?.is === true) labels.add(label.name);
    else if (label !== undefined) labels.delete(label.name);
  return {
    title: changes.findLast(({ title }) => title !== undefined)?.title ?? shown.title,
    isDraft: changes.findLast(({ draft }) => draft !== undefined)?.draft ?? shown.isDraft,
    labels: listing(
      [...labels].map((name) => ({ name })),
      shown.labels.isWhole,
    ),
    base: newBase(shown, observations, isNewer),
    head: behind(
      shown.headRefOid,
      pushes.filter(({ at }) => at >= shown.createdAt),
    ),
    isOver: ended?.state === "closed" ? { what: "that this pull request is closed", since: ended.at } : null,
    reworded: newWords(shown, observations),
  };
}

/** Treats an answer of the same second as undecidable: it holds the change, or the next one does. */
function newWords({ updatedAt }: ShownPull, observations: readonly Observation[]): NotShown | null {
  const last = observations.findLast(
    (each): each is ObservationOf<"reworded"> => each.kind === "reworded" && each.at > updatedAt,
  );
  return last === undefined ? null : { what: "the description as it was changed", since: last.at };
}

function newBase(
  { baseRefName }: ShownPull,
  observations: readonly Observation[],
  isNewer: (observed: { readonly at: Instant }) => boolean,
): ObservedPull["base"] {
  const retargets = observations.filter(
    (each): each is ObservationOf<"retargeted"> => each.kind === "retargeted",
  );
  const moves = retargets.map(({ from, to, at }) => ({ before: from, after: to, at }));
  const last = behind(baseRefName, moves);
  return last === null || !isNewer(last) ? null : { ref: last.after, at: last.at };
}

/** Holds the reviews that webhooks reported and a list does not hold. */
export interface UnshownReviews {
  /** They request changes, or approve where the list ends before them: they count as if they were shown. */
  readonly counted: readonly ObservationOf<"review-given">["review"][];
  /** They approve: they count once they are shown. */
  readonly coming: readonly NotShown[];
  /** They approve, and were not shown in ten minutes. */
  readonly dropped: readonly string[];
}

/** Compares a pull request's reviews with those that webhooks reported. `shown`: the ids in the list. */
export function unshownReviews(
  shown: Listing<number | null>,
  observations: readonly Observation[],
  now: Instant,
): UnshownReviews {
  const given = new Set(shown.isWhole ? shown.entries : shown.seen);
  const dismissed = new Set(
    observations.flatMap((each) => (each.kind === "review-dismissed" ? [each.reviewId] : [])),
  );
  const missing = observations
    .flatMap((each) => (each.kind === "review-given" ? [each.review] : []))
    .filter(({ id, author }) => !given.has(id) && !dismissed.has(id) && author?.type === "User");
  // Where the list ends before them it shows no less than there is.
  if (!shown.isWhole) return { counted: missing, coming: [], dropped: [] };
  const approving = missing.filter(({ state }) => state === "approved");
  const names = ({ author }: (typeof missing)[number]): string =>
    `the approval by ${author?.login ?? "someone"}`;
  return {
    counted: missing.filter(({ state }) => state === "changes-requested"),
    coming: approving
      .filter(({ submittedAt }) => now - submittedAt < SETTLING)
      .map((review) => ({ what: names(review), since: review.submittedAt })),
    dropped: approving.filter(({ submittedAt }) => now - submittedAt >= SETTLING).map(names),
  };
}

/**
 * Returns the checks that webhooks reported as ended, and that are shown as they were before, or not at all. A check that is
 * run again goes back and forth: the webhook counts for ten minutes. `isAsked`: whether the policy requires a check of this
 * name.
 */
export function unshownChecks(
  shown: readonly Check[],
  observations: readonly Observation[],
  isAsked: (name: string) => boolean,
  now: Instant,
): readonly NotShown[] {
  return observations
    .filter((each): each is ObservationOf<"check-told"> => each.kind === "check-told")
    .filter(({ name, at }) => now - at < SETTLING && isAsked(name))
    .filter((observed) => !shown.some((check) => isSince(observed, check)))
    .map(({ name, at }) => ({ what: `how ${name} ended`, since: at }));
}

/** Returns whether a check as it is shown is the one reported, or a later one in its place. */
function isSince({ name, suite, at }: ObservationOf<"check-told">, check: Check): boolean {
  if (check.name !== name) return false;
  if (suite === null) return check.app === null && (check.startedAt ?? 0) >= at;
  if (check.app === null || (check.suite !== undefined && check.suite !== suite)) return false;
  return check.completedAt === null ? (check.startedAt ?? 0) > at : check.completedAt >= at;
}

/** Separates the two readings that may lift a reported loss of a right (ms). */
const APART = 30_000;

/** Describes a loss of a right, as a webhook reported it. */
export type RightLoss = ObservationOf<"right-lost">;

/** Teams with rights in a repository; null: it is not known which have. */
export type TeamsWithAccess =
  | readonly { readonly id: number | null; readonly slug: string; readonly role?: Permission | undefined }[]
  | null;

interface Gained {
  readonly of: string;
  readonly through?: string;
  readonly permission: Permission;
}

interface Held {
  readonly of: string;
  readonly personId: number;
  readonly through?: string;
  readonly reading?: string;
}

/** Holds the losses of rights that webhooks reported, and when one of them must be read again. One for each gathering. */
export class Losses {
  readonly #losses: readonly RightLoss[];
  readonly #gains: readonly RightLoss[];
  readonly #lookups: Lookups;
  readonly #teams: TeamsWithAccess;
  #retryAt: Instant | null = null;

  /** `until`: what was lost later is none of its business. `teams`: those with rights in the repository, as far as known. */
  constructor(
    observations: readonly Observation[],
    lookups: Lookups,
    until: Instant = Infinity,
    teams: TeamsWithAccess = null,
  ) {
    const last = new Map<string, RightLoss>();
    for (const each of observations)
      if (each.kind === "right-lost" && each.at <= until)
        last.set(`${each.of}\n${each.personId ?? ""}\n${each.through ?? ""}`, each);
    this.#losses = [...last.values()].filter(({ isBack }) => !isBack);
    this.#gains = [...last.values()].filter(({ isBack }) => isBack);
    this.#lookups = lookups;
    this.#teams = teams;
  }

  /** Returns when to read again, because a reading contradicted what was reported; null: none did. */
  get retryAt(): Instant | null {
    return this.#retryAt;
  }

  /** The teams (`org/slug`) through which a repository, by its id, is not held any more. */
  teamsOf(repositoryId: number): readonly string[] {
    return this.#losses.flatMap(({ of, through }) =>
      of === String(repositoryId) && through !== undefined ? [through] : [],
    );
  }

  /**
   * Returns the teams (`org/slug`) that a person left, or that were deleted, and that may have given them a right in the
   * repository. `isAll`: it is deleted.
   */
  teamsLeft(
    organization: string,
    personId: number,
  ): readonly { readonly team: string; readonly isAll: boolean }[] {
    const prefix = `${organization.toLowerCase()}/`;
    const given = ({ of, team }: RightLoss): boolean =>
      this.#teams === null ||
      team?.isNested === true ||
      this.#teams.some(
        ({ id, slug }) => (id !== null && id === team?.id) || `${prefix}${slug.toLowerCase()}` === of,
      );
    return this.#losses
      .filter(({ of, personId: who }) => of.startsWith(prefix) && (who === null || who === personId))
      .filter(given)
      .map(({ of: team, personId: who }) => ({ team, isAll: who === null }));
  }

  /**
   * The loss that outweighs a reading which contradicts it, or null. A webhook's word counts for ten minutes, then two readings thirty
   * seconds apart that agree. `of`: a team (`org/slug`), an organisation, or a repository by id; `under`: what the reading is remembered by;
   * `through`: the team of theirs through which it may have been held; `reading`: what is read, where one loss takes several things.
   */
  async holding(
    { of, personId, through, reading = "" }: Held,
    under: readonly string[],
    contradicts: (loss: RightLoss) => Promise<boolean>,
  ): Promise<RightLoss | null> {
    const loss = this.#losses.findLast(
      (each) =>
        each.of === of && each.through === through && (each.personId === null || each.personId === personId),
    );
    if (loss === undefined || !(await contradicts(loss))) return null;
    const now = this.#lookups.now();
    if (now - loss.at < SETTLING) return this.#hold(loss, loss.at + SETTLING);
    const readings = await this.#lookups.rememberForever(
      `loss:${of}:${personId}:${loss.at}:${through ?? ""}:${reading}`,
      () => Promise.resolve<{ first: Instant | null; agreed: boolean }>({ first: null, agreed: false }),
    );
    if (readings.agreed) return null;
    if (readings.first !== null && now - readings.first < APART)
      return this.#hold(loss, readings.first + APART);
    this.#lookups.forget(under);
    if (!(await contradicts(loss))) return null;
    readings.agreed = readings.first !== null;
    readings.first ??= now;
    return readings.agreed ? null : this.#hold(loss, now + APART);
  }

  /**
   * Requests for ten minutes a right that a webhook reported as given back and that is not shown: it counts once it is shown.
   * `under`, `of` and `through` as of {@link Losses.holding}.
   */
  async awaitGain(
    { of, personId, through }: Held,
    under: readonly string[],
    isShown: (gain: RightLoss) => Promise<boolean>,
  ): Promise<void> {
    const now = this.#lookups.now();
    const gain = this.#gains.findLast(
      (each) =>
        each.of === of && each.through === through && (each.personId === null || each.personId === personId),
    );
    const later = gain === undefined ? null : nextRetry([{ what: of, since: gain.at }], now);
    if (gain === undefined || later === null || (await isShown(gain))) return;
    this.#lookups.forget(under);
    this.#retryAt = Math.min(this.#retryAt ?? Infinity, later);
  }

  /**
   * Returns the teams of an organisation, with what they give in the repository, that a person was reported to be in, or that
   * were reported to give more.
   */
  teamsGained(organization: string, repositoryId: number, personId: number): readonly Gained[] {
    const prefix = `${organization.toLowerCase()}/`;
    const joined = this.#gains
      .filter(({ of, personId: who }) => of.startsWith(prefix) && who === personId)
      .map(({ of }) => ({ of, permission: this.#roleOf(prefix, of) }));
    const given = this.#gains
      .filter(({ of, through }) => of === String(repositoryId) && through !== undefined)
      .map(({ of, through, permission }) => ({ of, through: through ?? "", permission }));
    return [...joined, ...given].flatMap(({ permission, ...gained }) =>
      permission === undefined ? [] : [{ ...gained, permission }],
    );
  }

  #roleOf(prefix: string, team: string): Permission | undefined {
    return this.#teams?.find(({ slug }) => `${prefix}${slug.toLowerCase()}` === team)?.role;
  }

  #hold(loss: RightLoss, retryAt: Instant): RightLoss {
    this.#retryAt = Math.min(this.#retryAt ?? Infinity, retryAt);
    return loss;
  }
}

/**
 * Returns when to read again who has which right in a repository; null: nothing reported is missing from the list.
 * `people`: those who may do more than read. What a webhook reported of a team counts as missing for a while, since a
 * team's members are not read.
 */
export function peopleBehind(
  people: readonly { readonly id: number; readonly role: Permission }[],
  observations: readonly Observation[],
  repositoryId: number,
  now: Instant,
): Instant | null {
  const here = observations.filter(
    (each): each is RightLoss => each.kind === "right-lost" && each.of === String(repositoryId),
  );
  const observed = new Map<number, RightLoss>();
  for (const each of here) if (each.personId !== null) observed.set(each.personId, each);
  const ofTeams = here.filter(({ personId, at }) => personId === null && now - at < SETTLING);
  const roles = new Map(people.map(({ id, role }) => [id, role]));
  const notShown = [...observed].filter(([id, { permission = "none", isBack, at }]) => {
    const [shown, wanted] = [rankOf(roles.get(id) ?? "triage"), rankOf(permission)];
    // Below writing nobody is listed, and one word may mean two rights.
    const isShown = isBack ? shown >= wanted : shown <= Math.max(wanted + 1, rankOf("triage"));
    return !isShown && now - at < SETTLING;
  });
  const times = [...notShown.map(([, { at }]) => at), ...ofTeams.map(({ at }) => at)];
  return times.length === 0 ? null : Math.max(...times) + SETTLING;
}

function rankOf(permission: Permission): number {
  return PERMISSIONS.indexOf(permission);
}

/** Returns where the owner's policy was last observed to be pushed to, where an answer shows an older one. Null: it is not old. */
export async function policyBehind(
  shown: Sha | null,
  witnesses: Witnesses | undefined,
): Promise<Moved | null> {
  if (shown === null || witnesses === undefined) return null;
  const observed = await witnesses.ofOwner();
  return behind(
    shown,
    observed.filter((each): each is ObservationOf<"policy-pushed"> => each.kind === "policy-pushed"),
  );
}
