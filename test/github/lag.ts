/** Answers that are older than the state: what was so before is kept, and rules say which answers still show it. */

import { z } from "zod";
import type { Instant } from "./model.ts";

/** The kinds of answer that can lag, each for itself. */
export const LAG_KINDS = [
  /** Pull requests themselves: title, state, ends, labels, whether merged, timeline. */
  "pulls",
  /** Their reviews. */
  "reviews",
  /** Their lists of commits and of changed files. */
  "commits",
  /** To which pull requests a commit belongs. */
  "commit-pulls",
  /** Entries of merge queues. */
  "queue",
  /** Who is in a team, and in the organization. */
  "team-members",
  /** Who may do what in a repository. */
  "collaborators",
  /** Where branches and tags are, and so what their files hold. */
  "contents",
  /** Check runs, check suites and commit statuses. */
  "check-runs",
  /** The list of updates of branches. */
  "activity",
] as const;

/** A kind of answer that can lag. */
export type LagKind = (typeof LAG_KINDS)[number];

/** The kinds kept for each pull request, so that one of them can lag alone. */
const BY_PULL: readonly LagKind[] = ["pulls", "reviews", "commits", "commit-pulls", "queue"];

const KindSchema = z.enum(LAG_KINDS);

/** What `{ do: lag }` takes. */
export const LagSchema = z.strictObject({
  do: z.literal("lag"),
  of: z.union([KindSchema, z.array(KindSchema).min(1)]),
  /** The answer before so many writes. Default: the answer of now. */
  writes: z.number().int().min(1).optional(),
  /** Every write from now on is unseen for so long, or for so many answers, counted from the write. */
  each: z.boolean().optional(),
  /** Seconds of the double's clock; default: until `recover`. */
  for: z.number().optional(),
  /** So many old answers. */
  answers: z.number().int().min(1).optional(),
  /** Only every nth answer is old, and the others are not: two replicas that disagree. */
  every: z.number().int().min(1).optional(),
  /** Only of this pull request; `of` is then of a kind that belongs to one. */
  pull: z.number().int().optional(),
  /** Only of this repository, by name; with `pull`, default: web. */
  repository: z.string().optional(),
});

/** One thing to be behind with. */
export type LagWish = z.infer<typeof LagSchema>;

/** A rule by which answers are old, and how much of it is used up. */
export interface LagRule {
  readonly kind: LagKind;
  readonly shows:
    | { readonly mode: "frozen"; readonly since: number }
    | { readonly mode: "before"; readonly writes: number }
    | {
        readonly mode: "each";
        readonly since: number;
        readonly forMs: number | null;
        readonly answers: number | null;
      };
  readonly until: Instant | null;
  remaining: number;
  readonly every: number;
  seen: number;
  readonly concerns: (repositoryId: number | null, pull: number | null) => boolean;
}

/** Why a wish cannot be played; null where it can. */
export function lagProblem(wish: LagWish): string | null {
  const kinds = [wish.of].flat();
  const other = kinds.find((kind) => !BY_PULL.includes(kind));
  if (wish.pull !== undefined && other !== undefined) return `\`${other}\` does not belong to a pull request`;
  if (wish.each === true && wish.writes !== undefined) return "`each` and `writes` exclude one another";
  if (wish.each === true && wish.for === undefined && wish.answers === undefined)
    return "with `each`, say for how long or for how many answers a write is unseen";
  return null;
}

/** The rules of a wish. `now` and `written`: the time, and how many writes there were. */
export function lagRules(
  wish: LagWish,
  now: Instant,
  written: number,
  repositoryId: number | null,
): LagRule[] {
  const forMs = wish.for === undefined ? null : wish.for * 1000;
  const answers = wish.answers ?? null;
  const each = wish.each === true;
  return [wish.of].flat().map((kind) => ({
    kind,
    shows: each
      ? { mode: "each", since: written, forMs, answers }
      : wish.writes === undefined
        ? { mode: "frozen", since: written }
        : { mode: "before", writes: wish.writes },
    until: each || forMs === null ? null : now + forMs,
    remaining: each ? Number.POSITIVE_INFINITY : (answers ?? Number.POSITIVE_INFINITY),
    every: wish.every ?? 1,
    seen: 0,
    concerns: (id, pull) =>
      (repositoryId === null || id === repositoryId) && (wish.pull === undefined || pull === wish.pull),
  }));
}

/** What one object was from one write to the next; null while it was not there. */
export interface Version {
  readonly value: unknown;
  readonly print: string;
  /** The number of the write that made it, and when; 0 for what was there when keeping began. */
  readonly write: number;
  readonly at: Instant;
  /** So many answers showed something older. */
  withheld: number;
}

/** The object of a kind that an answer shows: of a repository, one of its pull requests, or by an id of its own. */
export interface Subject {
  readonly kind: LagKind;
  readonly repositoryId: number | null;
  readonly pull: number | null;
  readonly key: string;
}

/** Every version of everything that can lag, kept from one moment on. */
export class Versions {
  /** How many writes there were. */
  written = 0;
  readonly #kept = new Map<string, Version[]>();

  /** Keeps what a write changed. `state`: what there is now, by {@link keyOf}; */
  record(now: Instant, state: ReadonlyMap<string, unknown>): void {
    const isFirst = this.#kept.size === 0;
    let isChanged = false;
    const note = (key: string, value: unknown): void => {
      const print = printOf(value);
      const versions = this.#kept.get(key) ?? [];
      if (versions.length === 0) {
        this.#kept.set(key, versions);
        if (!isFirst) versions.push({ value: null, print: "null", write: 0, at: 0, withheld: 0 });
      }
      if (versions.at(-1)?.print === print) return;
      isChanged ||= !isFirst;
      const write = isFirst ? 0 : this.written + 1;
      versions.push({ value: copyOf(value), print, write, at: now, withheld: 0 });
    };
    for (const [key, value] of state) note(key, value);
    for (const key of this.#kept.keys()) if (!state.has(key)) note(key, null);
    if (isChanged) this.written += 1;
  }

  /** The versions of one object, oldest first. */
  of(key: string): readonly Version[] {
    return this.#kept.get(key) ?? [];
  }
}

/** Under which key a subject's versions are kept. */
export function keyOf({ kind, repositoryId, key }: Omit<Subject, "pull">): string {
  return `${kind} ${repositoryId ?? ""} ${key}`;
}

/** Reads versions for one request: what is old in it is old throughout. */
export class Reading {
  readonly #versions: Versions;
  readonly #rules: readonly LagRule[];
  readonly #now: Instant;
  readonly #turn = new Map<LagRule, boolean>();
  readonly #known = new Map<string, { readonly value: unknown } | null>();

  constructor(versions: Versions, rules: readonly LagRule[], now: Instant) {
    this.#versions = versions;
    this.#rules = rules;
    this.#now = now;
  }

  /** The old value of a subject; null where the answer is not old. */
  old(subject: Subject): { readonly value: unknown } | null {
    const key = keyOf(subject);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#find(subject, this.#versions.of(key));
    this.#known.set(key, found);
    return found;
  }

  #find({ kind, repositoryId, pull }: Subject, versions: readonly Version[]): Version | null {
    for (const rule of this.#rules) {
      if (rule.kind !== kind || !rule.concerns(repositoryId, pull)) continue;
      if (rule.until !== null && this.#now >= rule.until) continue;
      const index = this.#shown(rule, versions);
      const shown = versions[index];
      if (shown === undefined || shown.print === versions.at(-1)?.print) continue;
      if (!this.#isTurnOf(rule)) continue;
      for (const later of versions.slice(index + 1)) later.withheld += 1;
      return shown;
    }
    return null;
  }

  #shown({ shows }: LagRule, versions: readonly Version[]): number {
    switch (shows.mode) {
      case "frozen":
        return versions.findLastIndex(({ write }) => write <= shows.since);
      case "before":
        return Math.max(0, versions.length - 1 - shows.writes);
      case "each":
        return versions.findLastIndex(
          ({ write, at, withheld }) =>
            write <= shows.since ||
            ((shows.forMs === null || this.#now >= at + shows.forMs) &&
              (shows.answers === null || withheld >= shows.answers)),
        );
    }
  }

  /** Whether this request is one that a rule makes old: asked once for each request. */
  #isTurnOf(rule: LagRule): boolean {
    const known = this.#turn.get(rule);
    if (known !== undefined) return known;
    rule.seen += 1;
    const isOld = rule.remaining > 0 && rule.seen % rule.every === 0;
    if (isOld) rule.remaining -= 1;
    this.#turn.set(rule, isOld);
    return isOld;
  }
}

function printOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (one instanceof Map) return [...one];
    return one instanceof Set ? [...one] : one;
  });
}

/** A value that later writes do not change. Texts are shared. */
function copyOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Set) return new Set(value);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf(one)]));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one)]));
}
