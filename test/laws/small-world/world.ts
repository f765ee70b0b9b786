/**
 * A world of three people, a bot, two files and a base that moves, at the level of facts: what GitHub would tell of a pull request
 * after a sequence of acts. It knows nothing of the judgement.
 */

import { type PullRequest } from "../../../src/domain/change/pull-request.ts";
import { knownCommits } from "../../../src/domain/approval/contribution/pushes.ts";
import { nextQuestions, type Question } from "../../../src/domain/approval/open-questions.ts";
import {
  APP_ID,
  ann,
  bob,
  carol,
  change,
  dan,
  MINUTE,
  repository,
  robot,
  START,
} from "../../support/facts.ts";
import { NO_COMMIT, type Sha } from "../../../src/domain/change/sha.ts";
import { WEB_FLOW_ID, type Actor } from "../../../src/domain/change/people.ts";
import { type Commit, type SameContent } from "../../../src/domain/change/commit.ts";

/** Whoever acts; `dan` administers the repository and only dismisses. */
export const WHO = { ann, bob, cat: carol, bot: robot } as const;
export type Who = keyof typeof WHO;

/** Who commits what its merge button squashes. */
const GITHUB: Actor = { id: WEB_FLOW_ID, login: "web-flow", type: "User" };

export type File = "x" | "y";

export type Act =
  /** One commit on top, in the name of `as`, that puts a line into a file or takes out all the pull request put in there. */
  | {
      readonly do: "push";
      readonly by: Who;
      readonly as: Who;
      readonly file: File;
      readonly how: "add" | "undo";
    }
  /** One commit instead of all there were: another line in the file, what is in the other one kept. */
  | { readonly do: "force"; readonly by: Who; readonly file: File }
  /** One commit instead of all there were, with the very same content. */
  | { readonly do: "squash"; readonly by: Who }
  | { readonly do: "empty"; readonly by: Who }
  /** The base moves, and every commit is put onto it anew by the button. */
  | { readonly do: "rebase"; readonly by: Who }
  /** The base moves and is merged in; `ours` throws away what it changed. */
  | { readonly do: "update"; readonly by: Who; readonly how: "clean" | "ours" }
  /** What `of` pushed on another branch in the name of `as`, and `by` put on top of this one. */
  | {
      readonly do: "pick";
      readonly by: Who;
      readonly of: Who;
      readonly as: Who;
      readonly file: File;
    }
  /** A pull request into this branch, in which `of` pushed in the name of `as`, merged by `by`. */
  | {
      readonly do: "stack";
      readonly by: Who;
      readonly of: Who;
      readonly as: Who;
      readonly file: File;
      readonly how: "squash" | "merge";
    }
  | { readonly do: "approve" | "request"; readonly by: Who }
  | { readonly do: "dismiss"; readonly of: Who }
  | { readonly do: "retarget" | "rename" | "merge" };

/** What stands in a commit: how new each file of the base is there, and the lines the pull request put into each. */
interface Content {
  readonly base: Readonly<Record<File, number>>;
  readonly lines: Readonly<Record<File, readonly string[]>>;
}

interface Made {
  readonly commit: Commit;
  readonly content: Content;
  /** The newest commit of the base it stands on. */
  readonly on: number;
}

/** Everything that happened so far. Worlds are never changed: every act makes a new one. */
export interface World {
  readonly author: Who;
  readonly at: number;
  readonly commits: ReadonlyMap<Sha, Made>;
  readonly head: Sha;
  /** How often the base moved; each time it changes file x. */
  readonly base: number;
  readonly pushes: PullRequest["pushes"];
  /** Who pushed the patch of which commit on another branch first, that of a stacked pull request too. */
  readonly elsewhere: readonly { readonly sha: Sha; readonly of: Who }[];
  readonly stacks: NonNullable<PullRequest["mergedInto"]>;
  readonly reviews: PullRequest["reviews"];
  readonly retargetedAt: number | null;
  readonly name: string;
  readonly isMerged: boolean;
}

function baseSha(index: number): Sha {
  return `base-${index}`;
}

function baseContent(index: number): Content {
  return { base: { x: index, y: 0 }, lines: { x: [], y: [] } };
}

function treeOf({ base, lines }: Content): Sha {
  return `tree x${base.x}:${lines.x.join("+")} y${base.y}:${lines.y.join("+")}`;
}

/** A pull request with one commit, which puts a line into file x. */
export function opened(author: Who): World {
  const empty: World = {
    author,
    at: START,
    commits: new Map(),
    head: baseSha(0),
    base: 0,
    pushes: [],
    elsewhere: [],
    stacks: [],
    reviews: [],
    retargetedAt: null,
    name: "web",
    isMerged: false,
  };
  const { lines, base } = baseContent(0);
  const { world, sha } = made(
    empty,
    author,
    author,
    [baseSha(0)],
    { base, lines: { ...lines, x: ["first"] } },
    0,
  );
  return moved({ ...world, at: START }, author, sha, false, NO_COMMIT);
}

function made(
  world: World,
  by: Who | "GitHub",
  as: Who,
  parents: readonly Sha[],
  content: Content,
  on: number,
): { readonly world: World; readonly sha: Sha } {
  const sha = `c${world.commits.size}`;
  const commit: Commit = {
    sha,
    tree: treeOf(content),
    parents,
    authors: [WHO[as]],
    committer: by === "GitHub" ? GITHUB : WHO[by],
  };
  return { world: { ...world, commits: new Map(world.commits).set(sha, { commit, content, on }) }, sha };
}

function moved(world: World, by: Who, sha: Sha, forced: boolean, before: Sha = world.head): World {
  const push = { before, after: sha, actor: WHO[by], at: world.at, forced, basis: "observed" } as const;
  return { ...world, head: sha, pushes: [...world.pushes, push] };
}

function headOf(world: World): Made {
  return world.commits.get(world.head)!;
}

/** The commits of a head that are none of the base's, oldest first. */
function reach(world: World, head: Sha): readonly Made[] {
  const found = new Map<Sha, Made>();
  const open = [head];
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    const one = world.commits.get(sha);
    if (one === undefined || found.has(sha)) continue;
    found.set(sha, one);
    open.push(...one.commit.parents);
  }
  return [...found.values()].toReversed();
}

/** What happens next; null where nobody could do that now. */
export function acted(before: World, act: Act): World | null {
  if (before.isMerged) return null;
  const world: World = { ...before, at: before.at + MINUTE };
  const { content, on } = headOf(world);
  const line = `l${world.commits.size}`;
  switch (act.do) {
    case "push": {
      const held = content.lines[act.file];
      if (act.how === "undo" && held.length === 0) return null;
      const lines = { ...content.lines, [act.file]: act.how === "add" ? [...held, line] : [] };
      const next = made(world, act.by, act.as, [world.head], { ...content, lines }, on);
      return moved(next.world, act.by, next.sha, false);
    }
    case "empty": {
      const next = made(world, act.by, act.by, [world.head], content, on);
      return moved(next.world, act.by, next.sha, false);
    }
    case "force":
    case "squash": {
      const lines = act.do === "squash" ? content.lines : { ...content.lines, [act.file]: [line] };
      const next = made(world, act.by, act.by, [baseSha(on)], { ...content, lines }, on);
      return moved(next.world, act.by, next.sha, true);
    }
    case "rebase": {
      const base = world.base + 1;
      let next: World = { ...world, base };
      let onto = baseSha(base);
      const elsewhere = new Map(world.elsewhere.map(({ sha, of }) => [sha, of]));
      // What a merge did by hand is lost: the button leaves merges out.
      for (const one of reach(world, world.head).filter(({ commit }) => commit.parents.length === 1)) {
        const put = { base: baseContent(base).base, lines: one.content.lines };
        const by = Object.entries(WHO).find(([, { id }]) => id === one.commit.authors[0]?.id)?.[0] as Who;
        const again = made(next, act.by, by, [onto], put, base);
        [next, onto] = [again.world, again.sha];
        // The patch is the same, and found again.
        const of = elsewhere.get(one.commit.sha);
        if (of !== undefined) next = { ...next, elsewhere: [...next.elsewhere, { sha: onto, of }] };
      }
      return moved(next, act.by, onto, true);
    }
    case "update": {
      const base = world.base + 1;
      const put = act.how === "ours" ? content : { ...content, base: baseContent(base).base };
      const next = made({ ...world, base }, act.by, act.by, [world.head, baseSha(base)], put, base);
      return moved(next.world, act.by, next.sha, false);
    }
    case "pick": {
      const lines = { ...content.lines, [act.file]: [...content.lines[act.file], line] };
      const next = made(world, act.by, act.as, [world.head], { ...content, lines }, on);
      const elsewhere = [...world.elsewhere, { sha: next.sha, of: act.of }];
      return moved({ ...next.world, elsewhere }, act.by, next.sha, false);
    }
    case "stack": {
      const lines = { ...content.lines, [act.file]: [...content.lines[act.file], line] };
      const put = { ...content, lines };
      const theirs = made(world, act.how === "squash" ? "GitHub" : act.of, act.as, [world.head], put, on);
      const holding = {
        pull: world.stacks.length + 2,
        into: null,
        head: act.how === "squash" ? `gone-${theirs.sha}` : theirs.sha,
        mergeCommit: act.how === "squash" ? theirs.sha : `c${theirs.world.commits.size}`,
        pushes: [{ before: world.head, after: theirs.sha, actor: WHO[act.of], at: before.at }],
      };
      const elsewhere = [...world.elsewhere, { sha: theirs.sha, of: act.of }];
      const stacked = { ...theirs.world, stacks: [...world.stacks, holding], elsewhere };
      if (act.how === "squash") return moved(stacked, act.by, theirs.sha, false);
      const merge = made(stacked, act.by, act.by, [world.head, theirs.sha], put, on);
      return moved(merge.world, act.by, merge.sha, false);
    }
    case "approve":
    case "request": {
      const review = {
        id: world.reviews.length + 1,
        author: WHO[act.by],
        state: act.do === "approve" ? ("approved" as const) : ("changes-requested" as const),
        submittedAt: world.at,
        commit: world.head,
        basis: "observed" as const,
        dismissed: null,
      };
      return { ...world, reviews: [...world.reviews, review] };
    }
    case "dismiss": {
      const index = world.reviews.findLastIndex(({ author }) => author?.id === WHO[act.of].id);
      const review = world.reviews[index];
      if (review === undefined || review.dismissed !== null) return null;
      const dismissed = { ...review, dismissed: { at: world.at, by: dan } };
      return { ...world, reviews: world.reviews.with(index, dismissed) };
    }
    case "retarget":
      return { ...world, retargetedAt: world.at };
    case "rename":
      return { ...world, name: `${world.name}-renamed` };
    case "merge":
      return { ...world, isMerged: true };
  }
}

/** What a head changes against its base, as text: lines put in, and what it takes back of the base. */
export function difference(world: World, sha: Sha): Readonly<Record<File, string>> {
  const { content, on } = world.commits.get(sha)!;
  const of = (file: File): string => {
    const back = content.base[file] === baseContent(on).base[file] ? "" : `back to ${content.base[file]}`;
    return [...content.lines[file], back].filter((each) => each !== "").join("+");
  };
  return { x: of("x"), y: of("y") };
}

function changedIn(world: World, sha: Sha): readonly File[] {
  const changed = difference(world, sha);
  return (["x", "y"] as const).filter((file) => changed[file] !== "");
}

function answer(world: World, pull: PullRequest, question: Question): Partial<PullRequest> {
  const { sameContent, earlier = [], touched = [] } = pull;
  const file = (path: string) => ({ path, oldPath: null, status: "modified" as const });
  switch (question.ask) {
    case "same": {
      const { from } = question;
      const proofs: SameContent[] = [];
      for (const to of question.to) {
        const [a, b] = [difference(world, from), difference(world, to)];
        const isSame = a.x === b.x && a.y === b.y;
        const isTree = world.commits.get(from)!.commit.tree === world.commits.get(to)!.commit.tree;
        proofs.push({ from, to, proof: isSame ? (isTree ? "tree" : "patch") : "different" });
        if (!isSame) break;
      }
      return { sameContent: [...sameContent, ...proofs] };
    }
    case "earlier": {
      const commits = reach(world, question.head).map(({ commit }) => commit);
      return { earlier: [...earlier, { head: question.head, commits }] };
    }
    case "elsewhere": {
      const { elsewhere = [], reviews } = pull;
      const actor = reviews.find(({ author }) => author?.id === question.person)!.author!;
      const among = knownCommits(pull).map(({ sha }) => sha);
      const commits = world.elsewhere
        .filter(({ sha, of }) => WHO[of].id === actor.id && among.includes(sha))
        .map(({ sha }) => sha);
      const others = elsewhere.filter((each) => each.actor.id !== actor.id);
      return { elsewhere: [...others, { actor, commits, among }] };
    }
    case "merged-into":
      return { mergedInto: world.stacks };
    case "keys":
      return { keyHolders: [] };
    case "files":
      return { files: { list: changedIn(world, world.head).map(file), complete: true } };
    case "touched": {
      const { commit, content } = world.commits.get(question.commit)!;
      const parent =
        world.commits.get(commit.parents[0]!)?.content ?? baseContent(Number(commit.parents[0]!.slice(5)));
      const paths = (["x", "y"] as const).filter(
        (path) =>
          content.base[path] !== parent.base[path] ||
          content.lines[path].join() !== parent.lines[path].join(),
      );
      return { touched: [...touched, { commit: commit.sha, files: paths.map(file), standing: ["x", "y"] }] };
    }
  }
}

/** The facts as they would have been gathered, and how many questions that took. `isCompared`: no more commits are compared. */
export function factsOf(
  world: World,
  isCompared = false,
): { readonly pull: PullRequest; readonly questions: number } {
  const { content } = headOf(world);
  const merged = world.isMerged ? { at: world.at, by: ann, commit: "merged" } : null;
  const rights = [...new Map(world.reviews.map(({ author }) => [author!.id, author!])).values()];
  const authority = (actor: Actor, permission: "write" | "admin") =>
    ({ actor, permission, teams: [], organizations: [], unread: [], at: START, basis: "observed" }) as const;
  let pull: PullRequest = {
    repository: { ...repository, name: world.name },
    number: 1,
    title: "A change",
    url: `https://github.com/acme/${world.name}/pull/1`,
    author: WHO[world.author],
    createdAt: START,
    state: world.isMerged ? "merged" : "open",
    draft: false,
    base: { ref: "main", sha: baseSha(world.base) },
    head: { ref: "feature", sha: world.head, tree: treeOf(content) },
    retargetedAt: world.retargetedAt,
    labels: [],
    commits: reach(world, world.head).map(({ commit }) => commit),
    commitsComplete: true,
    pushes: world.pushes,
    reviews: world.reviews,
    checks: [
      {
        name: "countersign",
        app: { id: APP_ID, slug: "countersign" },
        conclusion: "success",
        completedAt: START,
      },
    ],
    authorities: [...rights.map((actor) => authority(actor, "write")), authority(dan, "admin")],
    sameContent: [],
    merged,
  };
  let questions = 0;
  const next = (): readonly Question[] => nextQuestions(pull, { isCompared });
  for (let asked = next(); asked.length > 0; asked = next()) {
    for (const each of asked) {
      const proofs = pull.sameContent.length;
      pull = { ...pull, ...answer(world, pull, each) };
      questions += each.ask === "same" ? pull.sameContent.length - proofs : 1;
    }
  }
  return { pull, questions };
}

/** The update of the production branch by which it landed. */
export function landing(pull: PullRequest): ReturnType<typeof change> {
  return change([pull]);
}
