/** Reading ahead: what the judgement of updates will need is read in batches, and answered from there. */

import { z } from "zod";
import { type RefUpdate } from "../../domain/change/change.ts";
import { canonical } from "../../domain/values/digest.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { pagesOf, place, query, type GitHub } from "../api/requests.ts";
import { connection, NO_CONNECTION, single } from "../api/partial-list.ts";
import { POLICY_PATH } from "./policy-path.ts";
import { batchQuery, CHANGE_QUERY, POLICIES_QUERY, PULL_REQUEST_QUERY, treesQuery } from "./queries.ts";
import { changeVariables } from "./update-variables.ts";
import { InstantShape, ShaShape } from "./shapes.ts";
import { isSpoiled } from "../api/smaller-pages.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type Repository } from "../../domain/change/repository.ts";

/**
 * Bounds the commits read back from an update among many. A merge of one pull request rarely introduces more, and its effect is
 * compared separately.
 */
export const WINDOW = { merge: 20, push: 30 } as const;

/** Bounds the commits read back from one of a few updates: as many as are requested of one alone. */
const WHOLE_WINDOW = { merge: 100, push: 100 } as const;

/**
 * Limits the updates and pull requests in one query, at first, at least and at most. With 250 of each it stays below the 500,000
 * nodes GitHub allows. Where one was too large, `step` more are tried after each that was not.
 */
export const SIZE = { first: 125, least: 5, most: 250, step: 10 } as const;

/**
 * Paces the size of queries by their time (ms): one answered so fast may be larger, one that took so long must be smaller.
 * GitHub ends a query after ten seconds.
 */
const PACE = { fast: 4_000, slow: 8_000 } as const;

/** Pages of 100 updates of all branches. */
const MOST_PAGES = 1_000;

const COMPARE = "GET /repos/{owner}/{repo}/compare/{basehead}";
const ACTIVITY = "GET /repos/{owner}/{repo}/activity";

const WindowShape = z.object({
  tree: z.object({ oid: ShaShape }),
  parents: z.unknown(),
  history: connection(z.object({ oid: ShaShape, parents: connection(z.object({ oid: ShaShape })) })),
});
const PullShape = z.object({
  number: z.int(),
  head: single(z.object({ commit: z.object({ oid: ShaShape, tree: z.object({ oid: ShaShape }) }) })),
});
const PullAnswerShape = z.object({ repository: z.object({ pullRequest: z.unknown() }) });
const BatchShape = z.object({
  repository: z.looseObject({ nameWithOwner: z.string() }),
  organization: z.unknown(),
});
/** Of each update of each branch only what is read later is kept: there may be hundreds of thousands. */
const SlimActivity = z.array(
  z.object({
    id: z.int(),
    before: z.string(),
    after: z.string(),
    ref: z.string(),
    timestamp: InstantShape,
    activity_type: z.string(),
    actor: z
      .object({ id: z.unknown(), login: z.unknown(), type: z.unknown() })
      .partial()
      .nullish()
      .catch(undefined),
  }),
);
type Activity = z.infer<typeof SlimActivity>[number];

interface ReadAnswers {
  /** Answers by the request. */
  readonly answers: Map<string, unknown>;
  readonly trees: Map<Sha, unknown>;
}

/** Answers from what was read ahead, and requests the rest from GitHub. */
export class ReadAhead {
  /** Is given to the readers of facts in place of the real client. */
  readonly github: GitHub;
  readonly #real: GitHub;
  readonly #repository: Repository;
  readonly #window: typeof WINDOW | typeof WHOLE_WINDOW;
  /** A branch whose policy file is read with what is read next. */
  readonly #head: string | null;
  #size: number = SIZE.first;
  #wasTooMuch = false;
  /** Holds the results of the last reading, and of the one before it; what is older is forgotten. */
  #read: ReadAnswers = { answers: new Map(), trees: new Map() };
  #readBefore: ReadAnswers = { answers: new Map(), trees: new Map() };
  /** The updates of branches that were listed whole, newest first. */
  readonly #activity = new Map<string, readonly Activity[]>();
  readonly #branches = new Set<string>();

  /** `head`: the full name of a branch that is followed: its newest updates are read, and its policy file as it is now. */
  constructor(real: GitHub, repository: Repository, head?: string) {
    this.#real = real;
    this.#repository = repository;
    this.#head = head ?? null;
    this.#window = head === undefined ? WINDOW : WHOLE_WINDOW;
    this.github = {
      graphql: ((text: string, variables: Readonly<Record<string, unknown>>) => {
        const known = this.#answer(keyOf(text, variables)) ?? this.#treesFor(text, variables);
        return known === undefined ? this.#queried(text, variables) : Promise.resolve(known);
      }) as unknown as GitHub["graphql"],
      request: ((route: string, parameters: Readonly<Record<string, unknown>>) =>
        this.#requested(route, parameters)) as unknown as GitHub["request"],
    };
  }

  /** Returns how many updates, and pull requests, one {@link read} should be given. */
  get size(): number {
    return this.#size;
  }

  /** Every branch that {@link listPushes} met, also those that are gone. */
  get branches(): readonly string[] {
    return [...this.#branches];
  }

  /**
   * Lists who pushed to which branch since an instant, all branches at once; branches made before it are requested one by one
   * when needed. `deleted`: also the branches that were only deleted. Throws {@link ExternalError}.
   */
  async listPushes(since: Instant, deleted: boolean): Promise<void> {
    const byRef = new Map<string, Activity[]>();
    const types = ["branch_creation", "push", "force_push", ...(deleted ? ["branch_deletion"] : [])];
    for (const type of types) {
      const asked = { ...place(this.#repository), activity_type: type, direction: "desc" };
      for await (const { data, more } of pagesOf(this.#real, ACTIVITY, asked, SlimActivity, MOST_PAGES)) {
        for (const each of data) {
          const known = byRef.get(each.ref);
          if (known === undefined) byRef.set(each.ref, [each]);
          else known.push(each);
        }
        if (!more || data.some(({ timestamp }) => timestamp < since)) break;
      }
    }
    for (const [ref, all] of byRef) {
      this.#branches.add(ref);
      if (!all.some((each) => each.activity_type === "branch_creation" && each.timestamp >= since)) continue;
      this.#activity.set(
        ref,
        all.toSorted((a, b) => b.timestamp - a.timestamp),
      );
    }
  }

  /**
   * Reads what these updates introduced and their policies, and these pull requests. The results of the last reading are still
   * known, those from before it are forgotten. Throws {@link ExternalError}.
   */
  async read(updates: readonly RefUpdate[], pulls: readonly number[]): Promise<void> {
    this.#readBefore = this.#read;
    this.#read = { answers: new Map(), trees: new Map() };
    await this.#readParts(updates, pulls);
  }

  async #readParts(updates: readonly RefUpdate[], pulls: readonly number[]): Promise<void> {
    if (updates.length + pulls.length === 0) return;
    const began = performance.now();
    try {
      await this.#readAtOnce(updates, pulls);
    } catch (error) {
      const isUnreachable = error instanceof ExternalError && error.code === "github-unreachable";
      if (!isUnreachable && !isSpoiled(error)) throw error;
      const half = Math.ceil(Math.max(updates.length, pulls.length) / 2);
      if (half < SIZE.least) {
        if (isUnreachable) throw error;
        // One of these spoils the answer: each is requested separately.
        return;
      }
      this.#size = Math.max(SIZE.least, Math.min(this.#size, half));
      this.#wasTooMuch = true;
      await this.#readParts(updates.slice(0, half), pulls.slice(0, half));
      await this.#readParts(updates.slice(half), pulls.slice(half));
      return;
    }
    const took = performance.now() - began;
    if (took < PACE.fast) {
      const larger = this.#wasTooMuch ? this.#size + SIZE.step : Math.ceil(this.#size * 1.5);
      this.#size = Math.min(SIZE.most, larger);
    }
    if (took > PACE.slow) {
      this.#size = Math.max(SIZE.least, Math.floor(this.#size / 2));
      this.#wasTooMuch = true;
    }
  }

  async #readAtOnce(updates: readonly RefUpdate[], pulls: readonly number[]): Promise<void> {
    const { owner, name } = this.#repository;
    const named = { owner, name };
    const { merge, push } = this.#window;
    const windows = updates.map(({ kind }) => (kind === "pull-request" ? merge : push));
    const variables: Record<string, unknown> = { ...named };
    for (const [index, update] of updates.entries()) {
      const at = policyCommitOf(update);
      const after = update.after === NO_COMMIT ? update.before : update.after;
      const { sha, workflows, workflowsBefore, submodules, attributes } = changeVariables(this.#repository, {
        ...update,
        after,
      });
      const file = `${at}:${POLICY_PATH}`;
      const asked = { sha, at, file, workflows, workflowsBefore, submodules, attributes };
      for (const [variable, value] of Object.entries(asked)) variables[`${variable}${index}`] = value;
    }
    for (const [index, number] of pulls.entries()) variables[`number${index}`] = number;
    const head = this.#head;
    if (head !== null) Object.assign(variables, { head, headFile: `${head}:${POLICY_PATH}` });
    const text = batchQuery(windows, pulls.length, head !== null);
    const answer = await query(this.#real, text, variables, BatchShape, ["organization"]);
    const { repository, organization } = answer;
    const { nameWithOwner } = repository;
    const knowPolicy = (at: string, index: string): void => {
      const policy = {
        nameWithOwner,
        policyCommit: repository[`at${index}`],
        file: repository[`file${index}`],
      };
      const asked = { ...named, at, policyFile: `${at}:${POLICY_PATH}` };
      this.#know(POLICIES_QUERY, asked, { repository: policy, organization });
    };
    for (const [index, update] of updates.entries()) {
      const at = policyCommitOf(update);
      knowPolicy(at, `${index}`);
      this.#knowChange(update, {
        object: repository[`change${index}`],
        workflows: repository[`workflows${index}`],
        workflowsBefore: repository[`workflowsBefore${index}`],
        submodules: repository[`submodules${index}`],
        attributes: repository[`attributes${index}`],
      });
    }
    if (head !== null) knowPolicy(head, "");
    for (const [index, number] of pulls.entries()) {
      const pull = repository[`pull${index}`];
      this.#know(
        PULL_REQUEST_QUERY,
        { ...named, number },
        { repository: { nameWithOwner, pullRequest: pull }, organization },
      );
      this.#knowTree(pull);
    }
  }

  async #queried(text: string, variables: Readonly<Record<string, unknown>>): Promise<unknown> {
    const answer = await this.#real.graphql(text, variables);
    if (text === PULL_REQUEST_QUERY)
      this.#knowTree(PullAnswerShape.safeParse(answer).data?.repository.pullRequest);
    return answer;
  }

  #knowTree(pull: unknown): void {
    const head = PullShape.safeParse(pull).data?.head?.commit;
    if (head !== undefined && this.#tree(head.oid) === undefined)
      this.#read.trees.set(head.oid, { tree: head.tree, parents: NO_CONNECTION });
  }

  #answer(key: string): unknown {
    return this.#read.answers.get(key) ?? this.#readBefore.answers.get(key);
  }

  #tree(sha: Sha): unknown {
    return this.#read.trees.get(sha) ?? this.#readBefore.trees.get(sha);
  }

  #know(text: string, variables: Readonly<Record<string, unknown>>, answer: unknown): void {
    this.#read.answers.set(keyOf(text, variables), answer);
  }

  #knowChange(update: RefUpdate, shown: Readonly<Record<string, unknown>>): void {
    const window = WindowShape.safeParse(shown["object"]).data;
    if (window === undefined || update.after === NO_COMMIT) return;
    const { history } = window;
    // What reaches beyond them, or a commit with more parents than are shown, is requested separately.
    const known = new Map(
      (history.isWhole ? history.entries : history.seen).flatMap(({ oid, parents }) =>
        parents.isWhole ? [[oid, parents.entries.map((parent) => parent.oid)] as const] : [],
      ),
    );
    this.#read.trees.set(update.after, { tree: window.tree, parents: window.parents });
    if (update.before === NO_COMMIT) return;
    const introduced = introducedBy(update, known);
    // What reaches beyond the commits read here must be requested separately, whole.
    if (introduced === null) return;
    this.#know(CHANGE_QUERY, changeVariables(this.#repository, update), { repository: shown });
    this.#read.answers.set(compareKey(update.before, update.after), {
      status: "ahead",
      total_commits: introduced.length,
      merge_base_commit: { sha: update.before },
      commits: introduced.map((sha) => ({ sha })),
    });
  }

  #treesFor(text: string, variables: Readonly<Record<string, unknown>>): unknown {
    const shas = Object.entries(variables).filter(([name]) => name.startsWith("sha"));
    if (text !== treesQuery(shas.length)) return undefined;
    const trees = shas.map(([name, sha]) => [`commit${name.slice(3)}`, this.#tree(String(sha))] as const);
    return trees.some(([, tree]) => tree === undefined)
      ? undefined
      : { repository: Object.fromEntries(trees) };
  }

  #ask(
    route: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly data: unknown; readonly headers: Readonly<Record<string, unknown>> }> {
    return this.#real.request(route, { ...parameters });
  }

  async #requested(route: string, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (route === ACTIVITY) {
      const listed = this.#activity.get(String(parameters["ref"]));
      if (listed !== undefined) return { data: listed.map(withTimestamp), headers: {} };
    }
    if (route !== COMPARE || parameters["per_page"] !== 100 || parameters["page"] !== undefined)
      return this.#ask(route, parameters);
    const key = `compare ${String(parameters["basehead"])}`;
    const known = this.#answer(key);
    if (known !== undefined) return { data: known, headers: {} };
    const answer = await this.#ask(route, parameters);
    // Requested once for the pull requests an update introduced, and again when it is judged.
    if (nextPageless(answer.headers)) this.#read.answers.set(key, answer.data);
    return answer;
  }
}

/** An update as GitHub writes it. */
function withTimestamp(activity: Activity): unknown {
  return { ...activity, timestamp: new Date(activity.timestamp).toISOString() };
}

function nextPageless({ link }: Readonly<Record<string, unknown>>): boolean {
  return typeof link !== "string" || !link.includes('rel="next"');
}

function keyOf(text: string, variables: Readonly<Record<string, unknown>>): string {
  return `${text}\n${canonical(variables)}`;
}

function compareKey(before: Sha, after: Sha): string {
  return `compare ${before}...${after}`;
}

/** Whose policy file judges an update: that of the branch before it, and of a new branch what it begins with. */
function policyCommitOf({ before, after }: RefUpdate): Sha {
  return before === NO_COMMIT ? after : before;
}

/**
 * Returns the commits an update introduced, oldest first: those that reach back to where the branch was; null where that
 * cannot be decided from the commits known. A forced push is never decided from here.
 */
function introducedBy(update: RefUpdate, known: ReadonlyMap<Sha, readonly Sha[]>): readonly Sha[] | null {
  if (update.kind === "force-push" || update.kind === "branch-created") return null;
  const old = reach(update.before, known, new Set()).seen;
  const { seen, isWhole } = reach(update.after, known, new Set([...old, update.before]));
  return isWhole ? [...seen].toReversed() : null;
}

function reach(
  from: Sha,
  known: ReadonlyMap<Sha, readonly Sha[]>,
  stop: ReadonlySet<Sha>,
): { readonly seen: ReadonlySet<Sha>; readonly isWhole: boolean } {
  const seen = new Set<Sha>();
  const open = [from];
  let isWhole = true;
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    if (stop.has(sha) || seen.has(sha)) continue;
    const parents = known.get(sha);
    if (parents === undefined) {
      isWhole = false;
      continue;
    }
    seen.add(sha);
    open.push(...parents);
  }
  return { seen, isWhole };
}
