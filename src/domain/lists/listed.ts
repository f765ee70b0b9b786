/** What lists of changes and deployments are filtered by: taken from the entries, and decided nowhere else. */

import type { Actor } from "../change/people.ts";
import { contributorsOf } from "../approval/contribution/contributors.ts";
import type { Assessment, Verdict } from "../values/result.ts";
import type { Bodies } from "../records/entry.ts";

/** Numbers what is listed of an entry. When it changes, lists are made again from the log. */
export const LISTED_VERSION = 1;

/** Names the kinds of entries there are lists of. */
export const LISTED_KINDS = ["change", "deployment"] as const;

/** Names a kind of entry there is a list of. */
export type ListedKind = (typeof LISTED_KINDS)[number];

/** Describes one change or deployment as lists find it. */
export interface Listed {
  /** The branch, or the environment. */
  readonly place: string;
  readonly verdict: Verdict;
  /** What a search for words looks in, in lower case. */
  readonly words: string;
  /** What is true of it, each as {@link controlMark} or {@link personMark} write it. */
  readonly marks: readonly string[];
}

/** Returns the mark of a control with an outcome other than `pass`. */
export function controlMark(control: string): string {
  return `control ${control}`;
}

/** Returns the mark of a person who took part. */
export function personMark(login: string): string {
  return `person ${login.toLowerCase()}`;
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
      words: wordsOf([
        `${repository.owner}/${repository.name}`,
        update.ref,
        update.before,
        update.after,
        change.id,
        ...pullRequests.flatMap(({ number, title, head }) => [`#${number}`, title, head.ref, head.sha]),
      ]),
      marks: marksOf(assessment, [update.actor, ...people]),
    };
  },
  deployment({ deployment, assessment }) {
    const { repository, environment, ref, sha, id, creator } = deployment;
    return {
      place: environment,
      verdict: assessment.verdict,
      words: wordsOf([`${repository.owner}/${repository.name}`, environment, ref, sha, id]),
      marks: marksOf(assessment, [creator]),
    };
  },
};

/** Returns what lists find an entry by. */
export function listedOf<K extends ListedKind>(kind: K, body: Bodies[K]): Listed {
  return OF[kind](body);
}

function wordsOf(texts: readonly string[]): string {
  return texts.join("\n").toLowerCase();
}

function marksOf({ results, approvals }: Assessment, people: readonly (Actor | null)[]): readonly string[] {
  const missed = results.filter(({ outcome }) => outcome !== "pass" && outcome !== "not-applicable");
  const logins = [...people.map((person) => person?.login ?? ""), ...approvals.map(({ login }) => login)];
  return [
    ...new Set([
      ...missed.map(({ control }) => controlMark(control)),
      ...logins.filter((login) => login !== "").map(personMark),
    ]),
  ];
}
