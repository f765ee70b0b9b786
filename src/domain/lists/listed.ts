/** What lists are filtered by and what an entry names: taken from the entries, and decided nowhere else. */

import type { Actor } from "../change/people.ts";
import { contributorsOf } from "../approval/contribution/contributors.ts";
import type { Assessment, ControlName, Outcome, Verdict } from "../values/result.ts";
import type { JudgedCount } from "../monitoring/judged.ts";
import type { Bodies } from "../records/entry.ts";
import { deploymentPlace } from "../deployment/deployment.ts";
import type { DeviationStatus } from "../records/deviation.ts";
import type { EmergencyState, ReviewState } from "../records/emergency.ts";
import type { Repository } from "../change/repository.ts";

/** Numbers what is listed of an entry. It rises when that changes: lists are made again from the log, never by an older program. */
export const LISTED_VERSION = 5;

/** Names the kinds of entries there are lists of. */
export const LISTED_KINDS = ["change", "deployment", "deviation", "emergency", "retroactive-review"] as const;

/** Names a kind of entry there is a list of. */
export type ListedKind = (typeof LISTED_KINDS)[number];

/** Describes one entry as lists find it. */
export interface Listed {
  /** The branch or the environment; of what has neither, the repository. */
  readonly place: string;
  /** The verdict; of what has none, its status. */
  readonly verdict: Verdict | DeviationStatus | EmergencyState | ReviewState;
  /** What each control came to, as one text; empty: nothing was judged. */
  readonly outcomes: string;
  /** What a search for words looks in, in lower case, a line each. */
  readonly words: string;
  /** The beginnings of the hexadecimal ids it is found by, a line each. */
  readonly ids: string;
  /** What is true of it besides, each as {@link controlMark}, {@link personMark} or {@link namingMark} write it. */
  readonly marks: readonly string[];
}

/** Returns the mark of a control that failed, was waived or could not be tested; what is historic has none. */
export function controlMark(control: string): string {
  return `control ${control}`;
}

/** Returns the mark of a person who took part. */
export function personMark(login: string): string {
  return `person ${login.toLowerCase()}`;
}

/** Returns the mark of a repository's. */
export function repositoryMark(id: number): string {
  return `repository ${id}`;
}

/** Returns the mark of a branch, an environment, or what else stands as the place. */
export function placeMark(place: string): string {
  return `place ${place}`;
}

/** Returns the mark of a verdict, or of a status. */
export function verdictMark(verdict: string): string {
  return `verdict ${verdict}`;
}

/** Returns the mark of a verdict with what each control came to. */
export function judgedMark({ verdict, outcomes }: Pick<Listed, "verdict" | "outcomes">): string {
  return `judged ${verdict}\n${outcomes}`;
}

/** Reads what {@link judgedMark} wrote. */
export function judgedOf(mark: string): Omit<JudgedCount, "month" | "count"> {
  const [verdict = "", ...lines] = mark.slice("judged ".length).split("\n");
  return { verdict: verdict as Verdict, results: outcomesIn(lines.join("\n")) };
}

/** Holds the mark of what has a control that could not be tested. */
export const UNTESTED_MARK = "untested control";

/** Lists the first words of the marks that lists are read by. */
export const FACETS = ["repository", "place", "verdict", "control", "person", "judged", "untested"] as const;

/** Returns the first word of a mark: what it is about. */
export function facetOf(mark: string): string {
  return mark.slice(0, mark.indexOf(" "));
}

/** Returns the name of a pull request in the log. */
export function pullName(repositoryId: number, number: number): string {
  return `${repositoryId}#${number}`;
}

/** Returns the mark of what names a change, a deployment, a pull request or a place of deployments. */
export function namingMark(id: string): string {
  return `names ${id}`;
}

/** What controls came to, as one text: equal where all of them came to the same. */
function outcomesText(results: JudgedCount["results"]): string {
  return results.map(({ control, outcome }) => `${control} ${outcome}`).join("\n");
}

/** Reads what controls came to from their text. */
function outcomesIn(text: string): JudgedCount["results"] {
  if (text === "") return [];
  return text.split("\n").map((line) => {
    const [control, outcome] = line.split(" ");
    return { control: control as ControlName, outcome: outcome as Outcome };
  });
}

const OF: { readonly [K in ListedKind]: (body: Bodies[K]) => Listed } = {
  change({ change, assessment }) {
    const { repository, update, pullRequests } = change;
    const people = pullRequests.flatMap((pull) => [
      pull.author,
      pull.merged?.by ?? null,
      ...contributorsOf(pull).map(({ actor }) => actor),
    ]);
    return {
      place: update.ref,
      verdict: assessment.verdict,
      outcomes: outcomesText(assessment.results),
      words: wordsOf([
        nameOf(repository),
        update.ref,
        ...pullRequests.flatMap(({ number, title, head }) => [`#${number}`, title, head.ref]),
      ]),
      ids: idsOf([update.before, update.after, change.id, ...pullRequests.map(({ head }) => head.sha)]),
      marks: [
        ...marksOf(assessment, [update.actor, ...people]),
        ...namingMarks(pullRequests.map(({ number }) => pullName(repository.id, number))),
      ],
    };
  },
  deployment({ deployment, assessment }) {
    const { repository, environment, ref, sha, id, creator } = deployment;
    return {
      place: environment,
      verdict: assessment.verdict,
      outcomes: outcomesText(assessment.results),
      words: wordsOf([nameOf(repository), environment, ref]),
      ids: idsOf([sha, id]),
      marks: [
        ...marksOf(assessment, [creator]),
        ...namingMarks([deploymentPlace(deployment), ...deployment.carried.map((change) => change.id)]),
      ],
    };
  },
  deviation({ id, title, repository, status, subjects, controls, actors }) {
    return {
      place: nameOf(repository),
      verdict: status,
      outcomes: "",
      words: wordsOf([nameOf(repository), id, title]),
      ids: "",
      marks: [
        ...controls.map(controlMark),
        ...actors.map(({ login }) => personMark(login)),
        ...namingMarks(subjects),
      ],
    };
  },
  emergency({ id, repository, status, reason, pull, used, opened, declared, authorised }) {
    const people = [opened.by, declared?.by ?? null, authorised?.by ?? null];
    return {
      place: nameOf(repository),
      verdict: status,
      outcomes: "",
      words: wordsOf([nameOf(repository), id, reason ?? "", pull === null ? "" : `#${pull}`]),
      ids: "",
      marks: [
        ...personMarks(people.map((person) => person?.login ?? "")),
        ...namingMarks(used?.subjects ?? []),
      ],
    };
  },
  "retroactive-review"({ emergency, repository, status, pull, subjects, decision }) {
    return {
      place: nameOf(repository),
      verdict: status,
      outcomes: "",
      words: wordsOf([nameOf(repository), emergency, pull === null ? "" : `#${pull}`]),
      ids: "",
      marks: [...personMarks([decision?.by.login ?? ""]), ...namingMarks(subjects)],
    };
  },
};

/** So many characters of an id are needed to find it: fewer begin too many. */
const SHORTEST_ID = 4;

/** And so many are kept: whole ids are most of what a search would read. Two made to begin alike are both found. */
const LONGEST_ID = 16;

/** Returns the beginning of an id that words are, in lower case, as lists keep it; null: they are none. */
export function idIn(words: string): string | null {
  return /^[0-9a-f]+$/iu.test(words) && words.length >= SHORTEST_ID ? beginningOf(words) : null;
}

function beginningOf(id: string): string {
  return id.slice(0, LONGEST_ID).toLowerCase();
}

function idsOf(ids: readonly string[]): string {
  return [...new Set(ids.map(beginningOf))].join("\n");
}

/** Returns what lists find an entry by. */
export function listedOf<K extends ListedKind>(kind: K, body: Bodies[K]): Listed {
  const listed = OF[kind](body);
  return { ...listed, marks: [...new Set(listed.marks)] };
}

function nameOf({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}

function namingMarks(ids: readonly string[]): readonly string[] {
  return ids.map(namingMark);
}

function personMarks(logins: readonly string[]): readonly string[] {
  return logins.filter((login) => login !== "").map(personMark);
}

function wordsOf(texts: readonly string[]): string {
  return texts.join("\n").toLowerCase();
}

function marksOf(
  { verdict, results, approvals }: Assessment,
  people: readonly (Actor | null)[],
): readonly string[] {
  const missed = results.filter(
    ({ outcome }) => verdict !== "historic" && outcome !== "pass" && outcome !== "not-applicable",
  );
  const logins = [...people.map((person) => person?.login ?? ""), ...approvals.map(({ login }) => login)];
  return [...missed.map(({ control }) => controlMark(control)), ...personMarks(logins)];
}
