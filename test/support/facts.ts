/** Facts for tests of the judgement: pull requests told as short stories, with everything else filled in sanely. */

import { type Change } from "../../src/domain/change/change.ts";
import { knownCommits } from "../../src/domain/approval/contribution/pushes.ts";
import { nextQuestions, type Question } from "../../src/domain/approval/open-questions.ts";
import { assess } from "../../src/domain/assessment/assess.ts";
import type { Subject } from "../../src/domain/records/subject.ts";
import type { Deployment } from "../../src/domain/deployment/deployment.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { defaultPolicy, type PolicyInForce } from "../../src/domain/policy/tighten.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import type { Assessment, ControlName, Result } from "../../src/domain/values/result.ts";
import { type Instant } from "../../src/domain/time/instant.ts";
import { NO_COMMIT, type Sha } from "../../src/domain/change/sha.ts";
import { WEB_FLOW_ID, type Actor, type Authority, type Permission } from "../../src/domain/change/people.ts";
import { type Repository } from "../../src/domain/change/repository.ts";
import {
  type ChangedFile,
  type Commit,
  type Push,
  type SameContent,
} from "../../src/domain/change/commit.ts";
import { type Check, type Review } from "../../src/domain/change/review.ts";
import { type PullRequest, type UpdateKind } from "../../src/domain/change/pull-request.ts";

/** Our App's id in these facts. */
export const APP_ID = 7;
/** The moment every story begins. */
export const START: Instant = Date.parse("2026-07-06T09:00:00Z");
/** A minute in milliseconds: the time between two steps of a story. */
export const MINUTE = 60_000;

/** A person. */
export function person(id: number, login: string, type: Actor["type"] = "User"): Actor {
  return { id, login, type };
}

export const ann = person(11, "ann");
export const bob = person(12, "bob");
export const carol = person(13, "carol");
export const dan = person(14, "dan");
export const robot = person(15, "dependabot[bot]", "Bot");
export const webFlow = person(WEB_FLOW_ID, "web-flow");

/** The repository all stories play in. */
export const repository: Repository = {
  id: 5,
  owner: "acme",
  ownerId: 2,
  name: "web",
  visibility: "private",
  defaultBranch: "main",
};

/** A stable object id for a name. */
export function sha(name: string): Sha {
  return /^[0-9a-f]{40}$/u.test(name) ? name : sha256(name).slice(0, 40);
}

/** A policy: one approval from permission write, enforced, with what is given changed. */
export function policy(changes: Partial<Policy> = {}): Policy {
  return { ...defaultPolicy(), mode: "enforce", ...changes };
}

/** A policy in force, as the repository's base branch would give it. */
export function inForce(effective: Policy): PolicyInForce {
  const organization = {
    state: "found",
    repository: "acme/.github",
    path: ".github/countersign.yml",
    commit: sha("policy"),
    blob: sha("blob"),
    text: "",
  } as const;
  return {
    state: "known",
    record: { digest: sha256("policy"), organization, repository: { state: "absent" }, effective },
  };
}

/** How a commit of a story is made, where it is not simply its pusher's own. */
export interface Made {
  readonly authors?: readonly (Actor | null)[];
  readonly committer?: Actor | null;
  /** Names of its parents; default: the head before. */
  readonly parents?: readonly string[];
  /** Two commits of the same content hold the same tree. Default: its own name. */
  readonly content?: string;
  /** It merges the base and adds nothing to the patch. */
  readonly clean?: boolean;
  /** What it touches: paths, or `old -> new` where it moves a file; `+path` where it adds one, `-path` where it takes one away. Left out: GitHub would not tell. */
  readonly touches?: readonly string[];
}

/** What may be said of a step beside what it does. */
export interface Step {
  /** Milliseconds since the step before; default a minute. */
  readonly after?: number;
}

/** A pull request told step by step; `facts()` gives it as it would have been gathered. */
export class Story {
  now: Instant = START;
  readonly #author: Actor | null;
  readonly #commits = new Map<string, Commit>();
  readonly #pushes: Push[] = [];
  readonly #reviews: Review[] = [];
  readonly #authorities = new Map<number, Authority>();
  readonly #clean = new Set<Sha>();
  readonly #touched = new Map<Sha, readonly ChangedFile[]>();
  #left: { readonly list: readonly ChangedFile[]; readonly standing: readonly string[] } | null = null;
  readonly #checks: Check[] = [];
  #head = "base";
  #changes: Partial<PullRequest> = {};

  constructor(author: Actor | null = ann) {
    this.#author = author;
  }

  /** Pushes one new commit on top of the head. */
  push(by: Actor | null, name: string, made: Made & Step = {}): this {
    const before = this.#head;
    this.commit(name, { authors: [by], committer: by, ...made });
    return this.#move(by, before, name, false, made);
  }

  /** Makes a commit without pushing it: a side branch to be merged, or one to be forced to later. */
  commit(name: string, made: Made = {}): this {
    const parents = (made.parents ?? [this.#head]).map(sha);
    const authors = made.authors ?? [ann];
    this.#commits.set(name, {
      sha: sha(name),
      tree: sha(`tree of ${made.content ?? name}`),
      parents,
      authors,
      committer: made.committer === undefined ? (authors[0] ?? null) : made.committer,
    });
    if (made.clean === true) this.#clean.add(sha(name));
    if (made.touches !== undefined) this.#touched.set(sha(name), made.touches.map(changedFile));
    return this;
  }

  /** Says what the head changes against its base, written as in {@link Made}, and what else stands at it. */
  leaves(changed: readonly string[], standing: readonly string[] = []): this {
    const list = changed.map(changedFile);
    this.#left = { list, standing: [...standing, ...list.map(({ path }) => path)] };
    return this;
  }

  /** Replaces the head by another commit, made on the base unless it exists already. */
  force(by: Actor | null, name: string, made: Made & Step = {}): this {
    if (!this.#commits.has(name)) this.commit(name, { authors: [by], parents: ["base"], ...made });
    return this.#move(by, this.#head, name, true, made);
  }

  #move(by: Actor | null, before: string, name: string, forced: boolean, step: Step): this {
    this.#tick(step);
    this.#pushes.push({
      before: before === "base" ? NO_COMMIT : sha(before),
      after: sha(name),
      actor: by,
      at: this.now,
      forced,
      basis: "observed",
    });
    this.#head = name;
    return this;
  }

  /** Gives a review on the present head. */
  review(by: Actor | null, state: Review["state"] = "approved", more: Partial<Review> & Step = {}): this {
    const { after, ...changes } = more;
    this.#tick(after === undefined ? {} : { after });
    this.#reviews.push({
      id: 100 + this.#reviews.length,
      author: by,
      state,
      submittedAt: this.now,
      commit: sha(this.#head),
      basis: "observed",
      dismissed: null,
      ...changes,
    });
    return this;
  }

  /** Dismisses the newest review of a person. */
  dismiss(of: Actor, by: Actor = dan, step: Step = {}): this {
    this.#tick(step);
    const index = this.#reviews.findLastIndex((review) => review.author?.id === of.id);
    const review = this.#reviews[index];
    if (review === undefined) throw new Error(`${of.login} gave no review`);
    this.#reviews[index] = { ...review, dismissed: { at: this.now, by } };
    return this;
  }

  /** Says what somebody may do; reviewers may write unless it is said otherwise. */
  rights(of: Actor, rights: Partial<Authority> & { readonly permission?: Permission | "unknown" }): this {
    this.#authorities.set(of.id, { ...writes(of), ...rights });
    return this;
  }

  /** Points the pull request at another base. */
  retarget(step: Step = {}): this {
    this.#tick(step);
    return this.with({ retargetedAt: this.now });
  }

  /** A check ends on the head. */
  check(name: string, conclusion: string | null = "success", more: Partial<Check> & Step = {}): this {
    const { after, ...changes } = more;
    this.#tick(after === undefined ? {} : { after });
    this.#checks.push({ name, app: null, conclusion, completedAt: this.now, ...changes });
    return this;
  }

  /** Our own check ends on the head. */
  gate(conclusion: string | null = "success", more: Partial<Check> & Step = {}): this {
    return this.check("countersign", conclusion, { app: { id: APP_ID, slug: "countersign" }, ...more });
  }

  merge(by: Actor = ann, step: Step = {}): this {
    this.#tick(step);
    return this.with({ state: "merged", merged: { at: this.now, by, commit: sha("merged") } });
  }

  /** Changes facts directly. */
  with(changes: Partial<PullRequest>): this {
    this.#changes = { ...this.#changes, ...changes };
    return this;
  }

  /** The facts, with every proof that is asked for, unless they are `unknown`. */
  facts(proofs: "proven" | "unknown" = "proven"): PullRequest {
    const head = this.#commits.get(this.#head);
    const rights = new Map(
      this.#reviews.flatMap((review) =>
        review.author === null ? [] : [[review.author.id, writes(review.author)] as const],
      ),
    );
    for (const [id, authority] of this.#authorities) rights.set(id, authority);
    let pull: PullRequest = {
      repository,
      number: 1,
      title: "Add a feature",
      url: "https://github.com/acme/web/pull/1",
      author: this.#author,
      createdAt: START,
      state: "open",
      draft: false,
      base: { ref: "main", sha: sha("base") },
      head: { ref: "feature", sha: head?.sha ?? sha("base"), tree: head?.tree ?? null, fork: false },
      retargetedAt: null,
      labels: [],
      commits: this.#inPull(),
      commitsComplete: true,
      pushes: this.#pushes,
      reviews: this.#reviews,
      checks: this.#checks,
      authorities: [...rights.values()],
      sameContent: [],
      merged: null,
      ...this.#changes,
    };
    for (let asked = nextQuestions(pull); asked.length > 0; asked = nextQuestions(pull))
      for (const each of asked) pull = { ...pull, ...this.#answer(pull, each, proofs) };
    return pull;
  }

  /** What GitHub would tell; of files nothing, unless a step of the story says which it touches. */
  #answer(pull: PullRequest, question: Question, proofs: "proven" | "unknown"): Partial<PullRequest> {
    const { earlier = [], touched = [], sameContent } = pull;
    switch (question.ask) {
      case "same": {
        const { from } = question;
        const proven = question.to.map((to) => {
          const proof = proofs === "unknown" ? "unknown" : this.#prove(from, to);
          return { from, to, proof };
        });
        const different = proven.findIndex(({ proof }) => proof === "different");
        const asked = different < 0 ? proven : proven.slice(0, different + 1);
        return { sameContent: [...sameContent, ...asked] };
      }
      case "earlier": {
        const commits = proofs === "unknown" ? null : this.#inPull(question.head);
        return { earlier: [...earlier, { head: question.head, commits }] };
      }
      case "elsewhere": {
        const person = pull.reviews.find(({ author }) => author?.id === question.person)?.author;
        const among = knownCommits(pull).map(({ sha: each }) => each);
        const others = (pull.elsewhere ?? []).filter(({ actor }) => actor.id !== question.person);
        return { elsewhere: [...others, { actor: person!, commits: [], among }] };
      }
      case "merged-into":
        return { mergedInto: [] };
      case "keys":
        return { keyHolders: [] };
      case "files":
        return { files: { list: this.#left?.list ?? [], complete: this.#left !== null } };
      case "touched": {
        const { commit } = question;
        const files = this.#touched.get(commit) ?? null;
        return { touched: [...touched, { commit, files, standing: this.#left?.standing ?? [] }] };
      }
    }
  }

  #prove(from: Sha, to: Sha): SameContent["proof"] {
    const all = [...this.#commits.values()];
    const treeOf = (at: Sha): Sha | undefined => {
      const commit = all.find((each) => each.sha === at);
      // A clean merge of the base holds the patch of its first parent.
      return commit !== undefined && this.#clean.has(at) ? treeOf(commit.parents[0] ?? "") : commit?.tree;
    };
    if (treeOf(from) !== treeOf(to)) return "different";
    return this.#clean.has(to) || this.#clean.has(from) ? "patch" : "tree";
  }

  #inPull(head = sha(this.#head)): readonly Commit[] {
    const bySha = new Map([...this.#commits.values()].map((commit) => [commit.sha, commit]));
    const found: Commit[] = [];
    const open = [head];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const commit = bySha.get(at);
      if (commit === undefined || found.includes(commit)) continue;
      found.unshift(commit);
      open.push(...commit.parents);
    }
    return found;
  }

  #tick({ after = MINUTE }: Step): void {
    this.now += after;
  }
}

function changedFile(text: string): ChangedFile {
  const [from = "", to] = text.split(" -> ");
  if (to !== undefined) return { path: to, oldPath: from, status: "renamed" };
  if (from.startsWith("+")) return { path: from.slice(1), oldPath: null, status: "added" };
  if (from.startsWith("-")) return { path: from.slice(1), oldPath: null, status: "removed" };
  return { path: from, oldPath: null, status: "modified" };
}

function writes(actor: Actor): Authority {
  return {
    actor,
    permission: "write",
    teams: [],
    organizations: [],
    unread: [],
    at: START,
    basis: "observed",
  };
}

/** An update of `main`: a merge of the pull requests, as it was shipped, unless something else is said. */
export function change(
  pulls: readonly PullRequest[],
  more: Partial<Change> & { kind?: UpdateKind } = {},
): Change {
  const { kind = "pull-request", ...changes } = more;
  const at = Math.max(START, ...pulls.map((pull) => pull.merged?.at ?? START));
  return {
    id: sha256("change"),
    repository,
    update: {
      activityId: 1,
      ref: "refs/heads/main",
      before: sha("base"),
      after: sha("merged"),
      kind,
      actor: ann,
      at,
      basis: "observed",
    },
    occurrence: 1,
    tree: sha("tree of merged"),
    commitCount: 1,
    pullRequests: pulls,
    shipped: pulls.map((pull) => ({ pull: pull.number, coverage: "identity", files: [] })),
    alreadyLanded: null,
    checks: [],
    late: false,
    ...changes,
  };
}

/** A deployment to production that goes forward by one compliant change. */
export function deployment(changes: Partial<Deployment> = {}): Deployment {
  return {
    id: sha256("deployment"),
    repository,
    origin: { kind: "github", number: 9 },
    number: 9,
    environment: "production",
    originalEnvironment: null,
    sha: sha("merged"),
    ref: "main",
    creator: ann,
    createdAt: START,
    statuses: [],
    succeededAt: START + MINUTE,
    previous: { id: sha256("before"), sha: sha("base"), at: START - MINUTE },
    kind: "forward",
    onProductionBranch: true,
    landedAt: START - MINUTE,
    run: null,
    rules: null,
    gate: "never-asked",
    carried: [
      {
        id: sha256("change"),
        verdict: "compliant",
        landedAt: START - MINUTE,
        pulls: [1],
        sha: sha("merged"),
        makers: [ann.id],
      },
    ],
    unaccounted: [],
    succeededBefore: false,
    verdictBefore: null,
    mergeBack: null,
    late: false,
    ...changes,
  };
}

/** Judges a subject under a policy, as of the end of the story (or the landing). */
export function judged(
  subject: Subject,
  under: Policy = policy(),
  at: Instant = START + 1000 * MINUTE,
): Assessment {
  return assess(subject, { policy: inForce(under), appId: APP_ID, at, since: 0 });
}

/** The gate's judgement of a story. */
export function gate(story: Story | PullRequest, under: Policy = policy()): Assessment {
  return judged({ moment: "gate", pull: story instanceof Story ? story.facts() : story }, under);
}

/** The judgement of a merged story after it landed. */
export function landed(
  story: Story,
  under: Policy = policy(),
  more: Parameters<typeof change>[1] = {},
): Assessment {
  const it = change([story.facts()], more);
  return judged({ moment: "landed", change: it }, under, it.update.at);
}

/** One control's result; throws if it was not judged. */
export function resultOf(assessment: Assessment, control: ControlName = "independently-approved"): Result {
  const found = assessment.results.find((each) => each.control === control);
  if (found === undefined) throw new Error(`${control} was not judged`);
  return found;
}

/** The codes of what was said of each approval, by login. */
export function codes(assessment: Assessment): readonly string[] {
  return assessment.approvals.map((each) => `${each.login}: ${each.code}`);
}
