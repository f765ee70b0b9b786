/** Pre-approved changes: a pull request of its maker alone, within the paths of a standard change that was duly approved. */

import type { PullRequest } from "../../change/pull-request.ts";
import { makersOf } from "../contribution/contributors.ts";
import { truncationReasons } from "../../records/truncation.ts";
import { isOnlyText } from "../../policy/workflow-accounts.ts";
import { entryId } from "../../policy/entry-provenance.ts";
import { isWorkflowAccount, type StandardChange } from "../../policy/file/waivers-and-freezes.ts";
import { isMakerOf } from "../../policy/file/names.ts";
import { fits } from "../../patterns/pattern.ts";
import type { Policy } from "../../policy/file/policy.ts";
import { hasExpired } from "../../policy/boundaries.ts";
import { oneLine, some } from "../../texts/wording.ts";
import type { Instant } from "../../time/instant.ts";
import type { Actor } from "../../change/people.ts";

/** Holds the cause of a result that rests on a standard change of the policy. */
export const PRE_APPROVED = "pre-approved";

/** Describes a pre-approved change, or why it is none. `why` is empty where its opener makes no standard changes at all. */
export type PreApproval =
  | { readonly holds: true; readonly entry: StandardChange; readonly because: string }
  | { readonly holds: false; readonly why: readonly string[] };

/**
 * Returns whether a pull request may be a standard change, by who opened it. Only where it may, its files and pushes
 * are read.
 */
export function mayBePreApproved(policy: Policy, author: Actor | null): boolean {
  return (
    author !== null &&
    policy.standardChanges.some(
      ({ by, directPush }) => directPush === undefined && isMakerOf(policy.names, by, author) !== "no",
    )
  );
}

/** Judges a pull request by each of the policy's standard changes as of `at`. With unknown facts it stays an ordinary change. */
export function preApproval(pull: PullRequest, policy: Policy, at: Instant): PreApproval {
  const why: string[] = [];
  for (const entry of policy.standardChanges) {
    const { author } = pull;
    if (entry.directPush !== undefined) continue;
    if (author === null || isMakerOf(policy.names, entry.by, author) === "no") continue;
    const against = [
      ...notGiven(entry, policy, at),
      ...notMade(entry, author, pull, policy),
      ...notWithin(entry, pull),
      ...forTextsOnly(entry, author, pull),
    ];
    if (against.length > 0) {
      why.push(notPreApproved(entry, against[0] ?? ""));
      continue;
    }
    return { holds: true, entry, because: preApprovedText(entry, policy) };
  }
  return { holds: false, why };
}

/** Returns the sentence that something is pre-approved, by whom and until when. */
export function preApprovedText(entry: StandardChange, policy: Policy): string {
  const given = policy.names?.brought.find((each) => each.entry === entryId(entry));
  return `pre-approved as “${oneLine(entry.name)}”, ${given?.because ?? ""}, until ${entry.expires}`;
}

/** Returns the sentence that something is not pre-approved, and why. */
export function notPreApproved(entry: StandardChange, because: string): string {
  return `it is not the pre-approved change “${oneLine(entry.name)}”: ${because}`;
}

function notGiven(entry: StandardChange, policy: Policy, at: Instant): readonly string[] {
  if (hasExpired(entry.expires, policy, at)) return [`that ended on ${entry.expires}`];
  const given = policy.names?.brought.find((each) => each.entry === entryId(entry));
  if (given?.state === "approved") return [];
  return [given?.because ?? "who approved it cannot be verified here"];
}

function notMade(entry: StandardChange, author: Actor, pull: PullRequest, policy: Policy): readonly string[] {
  const is = (actor: Actor): boolean => isMakerOf(policy.names, entry.by, actor) === "yes";
  if (!is(author)) return [`whether ${oneLine(author.login)} is who the policy means cannot be verified`];
  if (!pull.commitsComplete) return ["GitHub did not list all its commits"];
  const [cut] = truncationReasons(pull.cut, ["reviews", "events"]);
  if (cut !== undefined) return [cut];
  const makers = makersOf(pull);
  const clean = new Set(makers.filter((each) => each.addsNothing).map(({ sha }) => sha));
  const others = [
    ...makers
      .filter((each) => !each.addsNothing)
      .flatMap((each) => [...each.authors, each.committer])
      .filter((actor) => actor !== null),
    // Whoever pushed something that was taken back again took part in it all the same.
    ...pull.pushes
      .filter((push) => !clean.has(push.after) && push.at <= (pull.merged?.at ?? Infinity))
      .flatMap(({ actor }) => (actor === null ? [] : [actor])),
  ].filter((actor) => !is(actor));
  const names = [...new Set(others.map(({ login }) => oneLine(login)))];
  if (names.length > 0) return [`${some(names, 3)} contributed to it`];
  const unseen = makers.some((each) => !each.addsNothing && each.unseen !== null);
  return unseen ? ["who made some of its commits was not observed"] : [];
}

function notWithin(entry: StandardChange, { files }: PullRequest): readonly string[] {
  if (files === undefined || !files.complete) return ["GitHub did not list all its files"];
  const paths = files.list.flatMap(({ path, oldPath }) => (oldPath === null ? [path] : [oldPath, path]));
  const outside = paths.filter((path) => !fits(entry.paths, path, "lets"));
  if (outside.length > 0) return [`it also changes ${some(outside.map(oneLine), 3)}`];
  return paths.length === 0 ? ["it changes no files"] : [];
}

/** Whoever may push a workflow can act as GitHub's own workflow account: that pre-approves nothing that runs. */
function forTextsOnly(entry: StandardChange, author: Actor, { files }: PullRequest): readonly string[] {
  if (!entry.by.some(isWorkflowAccount) || !isWorkflowAccount({ user: author.login })) return [];
  const paths = (files?.list ?? []).flatMap(({ path, oldPath }) =>
    oldPath === null ? [path] : [oldPath, path],
  );
  const running = paths.filter((path) => !isOnlyText(path));
  if (running.length === 0) return [];
  return [
    `anyone who can push a workflow acts as github-actions, and ${some(running.map(oneLine), 3)} may run or choose what runs`,
  ];
}
