/**
 * What ought to be said of a pull request after a sequence of acts, written apart from the code and from the facts it is given:
 * plainly, from the acts alone, and slowly.
 */

import type { Act, File, Who } from "./world.ts";

/** What a model says: `held` is every verdict that holds a change back and blames nobody's silence. */
export type Said = "compliant" | "unverifiable" | "held";

export interface Asked {
  readonly required: number;
  readonly strict: boolean;
}

type Lines = Readonly<Record<File, readonly string[]>>;

/** A piece of work: who pushed it, in whose name, in which files; `any`: nobody can say in which. */
interface Work {
  readonly pushed: Who;
  /** Who pushed it before it came here. */
  readonly before?: Who;
  readonly named: Who;
  readonly files: readonly File[] | "any";
  /** The bot pushed what may be another's. */
  readonly isRelayed: boolean;
}

interface Opinion {
  readonly by: Who;
  readonly is: "approval" | "veto" | "nothing";
  /** Whether everything since changed the base just as what was approved did. */
  readonly isCurrent: boolean;
}

interface State {
  readonly opener: Who;
  readonly lines: Lines;
  /** Whether it takes back what the base changed, and since which of its states. */
  readonly back: string;
  /** How often the base has moved, and which state of it the branch's file x holds. */
  readonly base: number;
  readonly held: number;
  readonly work: readonly Work[];
  readonly opinions: readonly Opinion[];
  readonly hadPerson: boolean;
  /** The lines each commit on the branch left in both files, and in whose name; merges are none. */
  readonly commits: readonly { readonly lines: Lines; readonly named: Who; readonly before?: Who }[];
  readonly next: number;
}

/** Says what holds after every act of a sequence. */
export function modelled(opener: Who, acts: readonly Act[], { required, strict }: Asked): Said {
  let state: State = {
    opener,
    lines: { x: ["first"], y: [] },
    back: "",
    base: 0,
    held: 0,
    work: [{ pushed: opener, named: opener, files: ["x"], isRelayed: false }],
    opinions: [],
    hadPerson: false,
    commits: [{ lines: { x: ["first"], y: [] }, named: opener }],
    next: 0,
  };
  for (const act of acts) state = after(state, act);

  const changed = (file: File): boolean =>
    state.lines[file].length > 0 || (file === "x" && state.back !== "");
  const live = state.work.filter(({ files }) => files === "any" || files.some(changed));
  if (state.opinions.some(({ is }) => is === "veto")) return "held";
  const approvers = state.opinions
    .filter(({ is, isCurrent }) => is === "approval" && isCurrent)
    .map(({ by }) => by);
  const people = approvers.filter((by) => by !== "bot");
  const covers = (by: Who, work: Work): "yes" | "no" | "unseen" => {
    if ([work.pushed, work.named, work.before].includes(by)) return "no";
    return work.isRelayed ? "unseen" : "yes";
  };
  const enough = (counts: readonly { readonly sure: number; readonly best: number }[]): Said => {
    if (counts.every(({ sure }) => sure >= required)) return "compliant";
    return counts.every(({ best }) => best >= required) ? "unverifiable" : "held";
  };
  const count = (answers: readonly ("yes" | "no" | "unseen")[], spared: number) => {
    const [yes, unseen] = (["yes", "unseen"] as const).map(
      (each) => answers.filter((one) => one === each).length,
    );
    return { sure: yes! + Math.max(0, unseen! - spared), best: yes! + unseen! };
  };
  if (strict) {
    const answers = people.map((by) => {
      if (by === opener || live.some((work) => covers(by, work) === "no")) return "no";
      return live.some(({ isRelayed }) => isRelayed) ? "unseen" : "yes";
    });
    return enough([count(answers, live.filter(({ isRelayed }) => isRelayed).length)]);
  }
  if (live.length === 0)
    return enough([
      count(
        people.filter((by) => by !== opener).map(() => "yes"),
        1,
      ),
    ]);
  return enough(
    live.map((work) =>
      count(
        people.map((by) => covers(by, work)),
        1,
      ),
    ),
  );
}

function difference({ lines, back }: Pick<State, "lines" | "back">): string {
  return JSON.stringify([lines.x, lines.y, back]);
}

function after(state: State, act: Act): State {
  const line = `line ${state.next}`;
  const next = { ...state, next: state.next + 1 };
  switch (act.do) {
    case "push": {
      const held = state.lines[act.file];
      const lines = { ...state.lines, [act.file]: act.how === "add" ? [...held, line] : [] };
      const work = { pushed: act.by, named: act.as, files: [act.file] };
      return changed(
        state,
        { ...next, lines, commits: [...state.commits, { lines, named: act.as }] },
        act.by,
        work,
      );
    }
    case "empty":
      return changed(
        state,
        { ...next, commits: [...state.commits, { lines: state.lines, named: act.by }] },
        act.by,
        null,
      );
    case "squash":
      return changed(state, { ...next, commits: [{ lines: state.lines, named: act.by }] }, act.by, null);
    case "force": {
      const lines = { ...state.lines, [act.file]: [line] };
      // One commit on the base holds all there is.
      const files = (["x", "y"] as const).filter(
        (file) => lines[file].length > 0 || (file === "x" && state.back !== ""),
      );
      return changed(state, { ...next, lines, commits: [{ lines, named: act.by }] }, act.by, {
        pushed: act.by,
        named: act.by,
        files,
      });
    }
    case "rebase": {
      const lines = state.commits.at(-1)!.lines;
      const moved = { ...next, lines, back: "", base: state.base + 1, held: state.base + 1 };
      if (difference(moved) === difference(state)) return changed(state, moved, act.by, null);
      return replayed(state, moved, act.by);
    }
    case "update": {
      const base = state.base + 1;
      // After something was taken back, to keep what the base has now is to solve a conflict.
      const now =
        act.how === "clean"
          ? { ...next, base, held: base, back: "" }
          : { ...next, base, back: `back to ${state.held}` };
      const isSame = difference(now) === difference(state);
      return changed(state, now, act.by, isSame ? null : { pushed: act.by, named: act.by, files: "any" });
    }
    case "pick":
    case "stack": {
      const lines = { ...state.lines, [act.file]: [...state.lines[act.file], line] };
      const commits = [...state.commits, { lines, named: act.as, before: act.of }];
      const work = { pushed: act.by, named: act.as, before: act.of, files: [act.file] };
      const came = changed(state, { ...next, lines, commits }, act.by, work);
      if (act.do === "pick" || act.how === "squash") return came;
      // The merge is somebody's too: what it did to which file, no list of its files tells.
      const merge = { pushed: act.by, named: act.by, files: "any" as const };
      return { ...came, work: [...came.work, { ...merge, isRelayed: came.work.at(-1)!.isRelayed }] };
    }
    case "approve":
    case "request":
      return {
        ...next,
        opinions: [
          ...state.opinions.filter(({ by }) => by !== act.by),
          { by: act.by, is: act.do === "approve" ? "approval" : "veto", isCurrent: true },
        ],
      };
    case "dismiss":
      return {
        ...next,
        opinions: state.opinions.map((each) =>
          each.by === act.of ? { ...each, is: "nothing" as const } : each,
        ),
      };
    case "retarget":
      return { ...next, opinions: state.opinions.map((each) => ({ ...each, isCurrent: false })) };
    case "rename":
    case "merge":
      return next;
  }
}

/** A push: whatever changed ends the approvals and is work of its pusher; what changed nothing is nobody's. */
function changed(before: State, now: State, by: Who, work: Omit<Work, "isRelayed"> | null): State {
  const isSame = difference(before) === difference(now);
  const isRelayed = by === "bot" && before.opener === "bot" && before.hadPerson;
  return {
    ...now,
    work: work === null ? before.work : [...before.work, { ...work, isRelayed }],
    hadPerson: before.hadPerson || (by !== "bot" && !isSame),
    opinions: now.opinions.map((each) => ({ ...each, isCurrent: each.isCurrent && isSame })),
  };
}

/** A rebase that lost what a merge had taken back: every commit anew, in its old name, pushed by whoever pressed the button. */
function replayed(before: State, now: State, by: Who): State {
  const anew = now.commits.map(({ lines, named, before: first }, index): Omit<Work, "isRelayed"> => {
    const old = now.commits[index - 1]?.lines ?? { x: [], y: [] };
    return {
      pushed: by,
      named,
      ...(first === undefined ? {} : { before: first }),
      files: (["x", "y"] as const).filter((file) => lines[file].join() !== old[file].join()),
    };
  });
  const done = changed(before, now, by, null);
  const isRelayed = by === "bot" && before.opener === "bot" && before.hadPerson;
  return { ...done, work: [...done.work, ...anew.map((work) => ({ ...work, isRelayed }))] };
}
