/**
 * People with several accounts: the same person in contributions, approvals and requests for changes, whichever account
 * was used.
 */

import type { PullRequest } from "../change/pull-request.ts";
import type { Policy } from "./file/policy.ts";
import type { Actor } from "../change/people.ts";
import type { Commit } from "../change/commit.ts";

/** Describes what a policy sets on people with several accounts. */
export type IdentityPolicy = Pick<Policy, "identities" | "names">;

/** Names an account by GitHub's id. Null: only its login is known, as someone typed it. */
export interface AccountName {
  readonly id: number | null;
  readonly login: string;
}

/**
 * Returns the person (as the policy names them) an account belongs to. It is found by its login, or by the id a login
 * of theirs had when the policy was first read.
 */
export function personBehind(policy: IdentityPolicy, actor: AccountName): string | null {
  const login = actor.login.toLowerCase();
  const found = policy.identities.find(({ logins }) =>
    logins.some((each) => {
      const name = each.toLowerCase();
      const then = policy.names?.accounts.find((account) => account.name === name)?.account;
      return name === login || then?.id === actor.id;
    }),
  );
  return found?.person ?? null;
}

/**
 * Returns whether an account has a login that the policy ties to a person, but is another account. Then it may or may
 * not be that person.
 */
export function mayBeSomeoneElse(policy: IdentityPolicy, actor: AccountName): boolean {
  // Below zero are people whose accounts are known as theirs.
  if (actor.id !== null && actor.id < 0) return false;
  const login = actor.login.toLowerCase();
  const accounts = policy.names?.accounts ?? [];
  const isNamed = policy.identities.some(({ logins }) => logins.some((each) => each.toLowerCase() === login));
  const then = accounts.find((account) => account.name === login)?.account;
  return isNamed && then != null && then.id !== actor.id;
}

/** Returns whether two accounts are one person's: by id, where one has none by login, or by the policy's `identities`. */
export function isSamePerson(policy: IdentityPolicy, a: AccountName, b: AccountName): boolean {
  const isSame =
    a.id !== null && b.id !== null ? a.id === b.id : a.login.toLowerCase() === b.login.toLowerCase();
  if (isSame) return true;
  const person = personBehind(policy, a);
  return person !== null && person === personBehind(policy, b);
}

/**
 * Returns the same pull request with one id, below zero, for all accounts of a person. Authorities stay as they were:
 * an account's rights are its own, and are found by its login, which is the one they were read under.
 */
export function asOnePerson(pull: PullRequest, policy: IdentityPolicy): PullRequest {
  if (policy.identities.length === 0) return pull;
  const ids = new Map<string, number>();
  const one = <Someone extends Actor | null>(actor: Someone): Someone => {
    if (actor === null) return actor;
    const person = personBehind(policy, actor);
    if (person === null) return actor;
    // INVARIANT: no account has such an id, so that nobody is taken to hold the rights of another of their accounts.
    const id = ids.get(person) ?? -1 - ids.size;
    ids.set(person, id);
    const rights = pull.authorities.find((each) => each.actor.id === actor.id);
    return { ...actor, id, login: rights?.actor.login ?? actor.login };
  };
  const ofOne = (commit: Commit): Commit => ({
    ...commit,
    authors: commit.authors.map(one),
    committer: one(commit.committer),
    ...(commit.signer === undefined ? {} : { signer: one(commit.signer) }),
  });
  const { requestedBy, earlier, keyHolders, elsewhere, mergedInto } = pull;
  return {
    ...pull,
    author: one(pull.author),
    ...(requestedBy === undefined ? {} : { requestedBy: requestedBy.map(one) }),
    commits: pull.commits.map(ofOne),
    ...(earlier === undefined
      ? {}
      : { earlier: earlier.map(({ head, commits }) => ({ head, commits: commits?.map(ofOne) ?? null })) }),
    ...(keyHolders === undefined
      ? {}
      : { keyHolders: keyHolders.map((holder) => ({ ...holder, actor: one(holder.actor) })) }),
    ...(elsewhere === undefined
      ? {}
      : { elsewhere: elsewhere.map((each) => ({ ...each, actor: one(each.actor) })) }),
    ...(mergedInto === undefined
      ? {}
      : {
          mergedInto: mergedInto.map((each) => ({
            ...each,
            pushes: each.pushes.map((push) => ({ ...push, actor: one(push.actor) })),
          })),
        }),
    ...(pull.holders === undefined
      ? {}
      : { holders: pull.holders.map((each) => ({ ...each, people: each.people.map(one) })) }),
    pushes: pull.pushes.map((push) => ({ ...push, actor: one(push.actor) })),
    reviews: pull.reviews.map((review) => ({
      ...review,
      // Whoever took over a login neither clears its person's request for changes nor speaks for them.
      author:
        review.author !== null && mayBeSomeoneElse(policy, review.author)
          ? review.author
          : one(review.author),
      dismissed: review.dismissed === null ? null : { ...review.dismissed, by: one(review.dismissed.by) },
    })),
  };
}
