/** Standard changes by direct push: commits of an app of one's own, within the files and lines that its entry allows. */

import type { Change, PushedCommit, PushedContent, PushedFile, RefUpdate } from "../../change/change.ts";
import { editsOf } from "../../change/patch.ts";
import { fits, matchesWhole } from "../../patterns/pattern.ts";
import { hasExpired } from "../../policy/boundaries.ts";
import { entryId } from "../../policy/entry-provenance.ts";
import { isMakerOf } from "../../policy/file/names.ts";
import type { Policy } from "../../policy/file/policy.ts";
import { isWorkflowAccount, type StandardChange } from "../../policy/file/waivers-and-freezes.ts";
import { oneLine } from "../../texts/wording.ts";
import type { Instant } from "../../time/instant.ts";
import { notPreApproved, preApprovedText } from "./pre-approved-change.ts";

/** Bounds the commits of one direct push; a standard change is no more than this. */
export const MOST_PUSHED_COMMITS = 10;

/** Describes a pre-approved push, or why it is none. `why` is empty where who pushed it pushes no standard changes at all. */
export type DirectPushApproval =
  | { readonly state: "holds"; readonly entry: StandardChange; readonly because: string }
  | { readonly state: "refused" | "unknown"; readonly why: readonly string[] };

/** Rules an entry out: it surely does not apply, or that is unknown. */
interface Objection {
  readonly state: "refused" | "unknown";
  readonly because: string;
}

type PushEntry = StandardChange & { readonly directPush: NonNullable<StandardChange["directPush"]> };

/**
 * Lists the standard changes that an update may be, by how it came and who was seen to push it. Only where there are
 * any, its commits are read.
 */
export function directPushEntries(policy: Policy, { kind, actor }: RefUpdate): readonly PushEntry[] {
  if (kind !== "push" || actor?.type !== "Bot") return [];
  // Whoever may push a workflow acts as GitHub's own account.
  if (isWorkflowAccount({ user: actor.login }) || isWorkflowAccount({ id: actor.id })) return [];
  return policy.standardChanges.flatMap((entry) => {
    const { directPush, by } = entry;
    if (directPush === undefined || isMakerOf(policy.names, by, actor) === "no") return [];
    return [{ ...entry, directPush }];
  });
}

/** Judges an update by each standard change that its pusher pushes, as of `at`. */
export function directPushApproval(change: Change, policy: Policy, at: Instant): DirectPushApproval {
  const judged = directPushEntries(policy, change.update).map((entry) => ({
    entry,
    objections: objectionsTo(entry, change, policy, at),
  }));
  const allowed = judged.find(({ objections }) => objections.length === 0);
  if (allowed !== undefined)
    return { state: "holds", entry: allowed.entry, because: preApprovedText(allowed.entry, policy) };
  const first = judged.flatMap(({ entry, objections }) => {
    const worst = objections.find(({ state }) => state === "refused") ?? objections[0];
    return worst === undefined ? [] : [{ state: worst.state, why: notSure(entry, worst) }];
  });
  const unknown = first.filter(({ state }) => state === "unknown");
  return unknown.length === 0
    ? { state: "refused", why: first.map(({ why }) => why) }
    : { state: "unknown", why: unknown.map(({ why }) => why) };
}

function notSure(entry: StandardChange, { state, because }: Objection): string {
  return state === "refused"
    ? notPreApproved(entry, because)
    : `whether it is the pre-approved change “${oneLine(entry.name)}” cannot be verified: ${because}`;
}

function objectionsTo(entry: PushEntry, change: Change, policy: Policy, at: Instant): readonly Objection[] {
  const { pushed, update } = change;
  return [
    ...ofEntry(entry, change, policy, at),
    ...(pushed === undefined
      ? [unknown("what it pushed was not read")]
      : [...ofCommits(pushed, update), ...pushed.commits.flatMap((commit) => ofCommit(entry, commit))]),
    ...(pushed?.commits.every(({ files }) => files?.length === 0) === true
      ? [refused("it changes no files")]
      : []),
    ...ofPointers(change),
  ];
}

function ofEntry(entry: PushEntry, { update }: Change, policy: Policy, at: Instant): readonly Objection[] {
  const { actor } = update;
  const given = policy.names?.brought.find((each) => each.entry === entryId(entry));
  return [
    ...(hasExpired(entry.expires, policy, at) ? [refused(`that ended on ${entry.expires}`)] : []),
    ...(actor === null || isMakerOf(policy.names, entry.by, actor) === "yes"
      ? []
      : [unknown(`${oneLine(actor.login)} may be another account than the policy means`)]),
    ...(given?.state === "approved"
      ? []
      : [
          given?.state === "refused"
            ? refused(given.because)
            : unknown(given?.because ?? "who approved it cannot be verified here"),
        ]),
  ];
}

/** The commits must be the app's whole push: one upon the other, from where the branch was. */
function ofCommits(
  { commits, complete, holdsKey }: PushedContent,
  { before }: RefUpdate,
): readonly Objection[] {
  if (commits.some(({ parents }) => parents.length > 1)) return [refused("it pushes a merge commit")];
  if (!complete && commits.length >= MOST_PUSHED_COMMITS)
    return [refused(`it pushes more than ${MOST_PUSHED_COMMITS} commits`)];
  if (!complete || commits.at(-1)?.parents[0] !== before)
    return [unknown("GitHub does not show all its commits")];
  if (holdsKey === null) return [unknown("GitHub does not show the deploy keys, by which others may push")];
  if (holdsKey === "unnamed")
    return [
      unknown(
        "GitHub does not show who added a deploy key, by which others may push: delete that key and add it again",
      ),
    ];
  return holdsKey
    ? [unknown("the app added a deploy key, and whoever holds that key pushes in its name")]
    : [];
}

function ofCommit(entry: PushEntry, { sha, files }: PushedCommit): readonly Objection[] {
  if (files === null) return [unknown(`GitHub does not list all files of ${sha.slice(0, 7)}`)];
  return files.flatMap((file) => ofFile(entry, file) ?? []);
}

/** INVARIANT: null only for a regular file whose every changed line is seen and allowed. */
function ofFile(entry: PushEntry, file: PushedFile): Objection | null {
  const { path, oldPath, status, modes } = file;
  const name = oneLine(path);
  const limits = entry.directPush.filter(({ paths }) => fits(paths, path, "lets"));
  if (!fits(entry.paths, path, "lets") || limits.length === 0) return refused(`it also changes ${name}`);
  if (oldPath !== null || (status !== "modified" && status !== "added"))
    return refused(`${name} is ${oneLine(status)}`);
  if (modes === null) return unknown(`GitHub does not show what kind of file ${name} is`);
  const isKept = modes.before === modes.after && status === "modified" && isRegular(modes.after);
  if (!isKept && !(status === "added" && modes.before === null && modes.after === PLAIN))
    return refused(`${name} is no plain file, or its mode changes`);
  return ofLines(
    file,
    limits.flatMap(({ lines }) => lines),
  );
}

const PLAIN = 0o100644;
const EXECUTABLE = 0o100755;

function isRegular(mode: number | null): boolean {
  return mode === PLAIN || mode === EXECUTABLE;
}

/** Replaces bytes that are no text: other bytes would look the same. */
const NOT_TEXT = "\uFFFD";

/** How git marks a line without a line break at its end. */
const NO_BREAK = "\n\\ No newline at end of file";

/** Only a line feed ends a line to git; to interpreters, many of these do. A pattern's dot matches all of them. */
const MAY_BREAK = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}]/u;

function ofLines(file: PushedFile, allowed: readonly string[]): Objection | null {
  const { patch, additions, deletions } = file;
  const path = oneLine(file.path);
  if (patch === null)
    return additions + deletions === 0
      ? refused(`${path} is no text, or no line of it changes`)
      : unknown(`GitHub does not show the lines of ${path}`);
  if (patch.includes(NOT_TEXT)) return unknown(`not all of ${path} can be shown as text`);
  const edits = editsOf(patch);
  const added = edits.flatMap((edit) => edit.added);
  const removed = edits.flatMap((edit) => edit.removed);
  if (added.length !== additions || removed.length !== deletions)
    return unknown(`GitHub does not show all lines of ${path}`);
  const lines = [...removed, ...added].map(textOf);
  const shown = (line: string): string => `the line “${oneLine(line).slice(0, MOST_SHOWN)}” of ${path}`;
  const broken = lines.find((line) => MAY_BREAK.test(line));
  if (broken !== undefined)
    return refused(`${shown(broken)} has control characters in it: it may be several lines`);
  const other = lines.find((line) => !allowed.some((expression) => matchesWhole(expression, line)));
  return other === undefined ? null : refused(`${shown(other)} matches none of its patterns`);
}

/** Returns a line without the line break at its end, which is that of Windows in some files. */
function textOf(line: string): string {
  if (line.endsWith(NO_BREAK)) return line.slice(0, -NO_BREAK.length);
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** So much of a line is shown. */
const MOST_SHOWN = 80;

function ofPointers({ external }: Change): readonly Objection[] {
  if (external === undefined) return [];
  const [first] = external.list;
  if (first !== undefined) return [refused(`${oneLine(first.path)} points at content that lies elsewhere`)];
  return external.complete
    ? []
    : [unknown("not all of it could be searched for content that lies elsewhere")];
}

function refused(because: string): Objection {
  return { state: "refused", because };
}

function unknown(because: string): Objection {
  return { state: "unknown", because };
}
