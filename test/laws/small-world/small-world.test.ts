/**
 * A small world, whole: every sequence of acts of three people and a bot on two files over a base that moves, judged as the model
 * says. Two vocabularies: few acts and long sequences, and everybody's acts in short ones.
 * `SMALL_WORLD_DEPTH=n` makes both n acts longer.
 */

import { describe, expect, test } from "vitest";
import { isWhole, sample } from "../../support/effort.ts";
import { compare, noTally, type Tally } from "./compare.ts";
import { acted, opened, type Act, type Who, type World } from "./world.ts";

const DEEPER = Number(process.env["SMALL_WORLD_DEPTH"] ?? 0);

/** Which acts may follow; people who did nothing yet are alike, so only the first of them acts first. */
type Vocabulary = (world: World, acts: readonly Act[]) => readonly Act[];

function actorsOf(opener: Who, acts: readonly Act[]): readonly Who[] {
  const others: readonly Who[] = opener === "ann" ? ["bob", "cat"] : ["ann", "bob"];
  const [first] = others;
  return acts.some((act) => ("by" in act ? act.by : undefined) === first) ? others : others.slice(0, 1);
}

/** Everything that everybody might do. */
const wide: Vocabulary = ({ author }, acts) => {
  const people = actorsOf(author, acts);
  const pushers = new Set<Who>([author, ...people, "bot"]);
  return [
    ...[...pushers].flatMap((by): readonly Act[] => [
      { do: "push", by, as: by, file: "x", how: "add" },
      { do: "push", by, as: by, file: "y", how: "add" },
      { do: "push", by, as: by, file: "x", how: "undo" },
      { do: "push", by, as: by, file: "y", how: "undo" },
      { do: "force", by, file: "x" },
      { do: "squash", by },
      { do: "rebase", by },
      { do: "update", by, how: "clean" },
    ]),
    ...people.flatMap((by): readonly Act[] => [
      { do: "push", by, as: author, file: "y", how: "add" },
      { do: "update", by, how: "ours" },
      { do: "empty", by },
      { do: "approve", by },
      { do: "request", by },
      { do: "dismiss", of: by },
    ]),
    { do: "retarget" },
    { do: "rename" },
    { do: "merge" },
  ];
};

/** One act of each kind, by whom it says most: `bob` hides his work behind the author's name, `cat` has none. */
const deep: Vocabulary = ({ author }, acts) => [
  { do: "push", by: author, as: author, file: "x", how: "add" },
  { do: "push", by: "bob", as: author, file: "y", how: "add" },
  { do: "force", by: author, file: "x" },
  { do: "squash", by: author },
  { do: "rebase", by: "bob" },
  { do: "update", by: "bob", how: "clean" },
  { do: "empty", by: "bob" },
  { do: "approve", by: "bob" },
  { do: "approve", by: "cat" },
  { do: "request", by: "cat" },
  { do: "dismiss", of: "cat" },
  { do: "retarget" },
  { do: "merge" },
  // What a repository is called matters to none of the others: before them it is as good as between them.
  ...(acts.length === 0 ? [{ do: "rename" } as const] : []),
];

/** As {@link deep}, and what takes something away again: a path, what the base has changed, another's place at the button. */
const taking: Vocabulary = (world, acts) => [
  ...deep(world, acts),
  { do: "push", by: "ann", as: "ann", file: "y", how: "undo" },
  { do: "update", by: "cat", how: "ours" },
  { do: "rebase", by: world.author },
];

/** What is said of a pull request, and moves nothing in it. */
function isWord({ do: what }: Act): boolean {
  return what === "approve" || what === "request" || what === "dismiss" || what === "retarget";
}

/** Everything said since the last push. */
function lastWords(acts: readonly Act[]): readonly Act[] {
  return acts.slice(acts.findLastIndex((act) => !isWord(act)) + 1);
}

/** Whose word an act is, or takes back. */
function whose(act: Act): Who | null {
  if (act.do === "dismiss") return act.of;
  return act.do === "approve" || act.do === "request" ? act.by : null;
}

/**
 * Whether a history says what another one says that is looked at too. Left out are: the same act twice; words of several people in
 * another order; a dismissal or a change of base anywhere but right after the words it ends; whatever is pushed while somebody's
 * request for changes stands, or after a change of base ended what had been said (until there are new words, it is as good as
 * without them); a second word of somebody that is the first one again. Every history that leaves those out is there.
 */
function saysNothingNew(acts: readonly Act[], act: Act): boolean {
  const last = acts.at(-1);
  if (last === undefined) return act.do === "dismiss" || act.do === "retarget";
  if (JSON.stringify(last) === JSON.stringify(act)) return true;
  const words = lastWords(acts);
  const isReview = (each: Act): boolean => each.do === "approve" || each.do === "request";
  const who = whose(act);
  const own = words.findLast((each) => who !== null && whose(each) === who);
  if (isReview(act)) {
    const before = whose(last);
    if (isReview(last) && who !== null && before !== null && before > who) return true;
    return own?.do === act.do && last.do !== "retarget";
  }
  if (act.do === "dismiss") return own === undefined || !isReview(own);
  if (act.do === "retarget") return !words.some(isReview);
  if (act.do === "merge") return false;
  const isHeld = (["ann", "bob", "cat"] as const).some(
    (each) => words.findLast((word) => whose(word) === each)?.do === "request",
  );
  return isHeld || last.do === "retarget";
}

/** Whether nobody can have approved by the end: there both hold it, and it is not looked at. */
function cannotPass(acts: readonly Act[], act: Act, left: number): boolean {
  if (acts.some((each) => each.do === "approve")) return false;
  return act.do === "merge" || (left === 0 && act.do !== "approve");
}

/** The worlds that may follow a history, each with the act that leads there. */
function* following(
  world: World,
  acts: readonly Act[],
  next: Vocabulary,
  left: number,
): Generator<{ readonly world: World; readonly acts: readonly Act[] }> {
  for (const act of next(world, acts)) {
    if (saysNothingNew(acts, act) || cannotPass(acts, act, left)) continue;
    const after = acted(world, act);
    if (after !== null) yield { world: after, acts: [...acts, act] };
  }
}

function explore(world: World, acts: readonly Act[], depth: number, next: Vocabulary, tally: Tally): void {
  compare(world, acts, tally);
  if (acts.length >= depth) return;
  for (const each of following(world, acts, next, depth - acts.length - 1))
    explore(each.world, each.acts, depth, next, tally);
}

/** The histories of so many acts, from which all longer ones go on. */
function beginnings(
  opener: Who,
  length: number,
  next: Vocabulary,
): readonly { readonly world: World; readonly acts: readonly Act[] }[] {
  let found: readonly { readonly world: World; readonly acts: readonly Act[] }[] = [
    { world: opened(opener), acts: [] },
  ];
  for (let at = 0; at < length; at += 1)
    found = found.flatMap(({ world, acts }) => [...following(world, acts, next, 1)]);
  return found;
}

const WORLDS = [
  { name: "an act of each kind, six in a row", next: deep, depth: 6, of: 3, sampled: 4 },
  { name: "those that take something away too, five in a row", next: taking, depth: 5, of: 3, sampled: 12 },
  { name: "everybody's acts, three in a row", next: wide, depth: 3, of: 2, sampled: 60 },
] as const;

describe("the judgement is the model's in every history of a small world", () => {
  for (const { name, next, depth, of, sampled } of WORLDS)
    for (const opener of ["ann", "bot"] as const)
      test(`${name}, opened by ${opener}`, { tags: opener === "bot" ? ["long"] : [] }, () => {
        const began = performance.now();
        const tally = noTally();
        const all = beginnings(opener, of, next);
        const some = sample(all, sampled);
        if (isWhole)
          for (let at = 0; at < of; at += 1)
            for (const { world, acts } of beginnings(opener, at, next)) compare(world, acts, tally);
        for (const { world, acts } of some) explore(world, acts, depth + DEEPER, next, tally);
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        console.log(
          `${name}, ${opener}: ${tally.histories} histories in ${seconds} s, ${some.length} of ${all.length} beginnings, ${JSON.stringify(tally.said)}`,
        );
        // Of a person's pull request everything is seen here; of a bot's, whose hands moved it is not.
        const reached = Object.entries(tally.said).flatMap(([said, count]) => (count > 0 ? [said] : []));
        expect(reached).toEqual(["compliant", ...(opener === "bot" ? ["unverifiable"] : []), "held"]);
      });
});
