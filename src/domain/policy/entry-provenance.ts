/** Provenance of entries that let something through: who introduced them, and whether the person they name approved that. Pure. */

import type { NotShown } from "../change/review.ts";
import { canonical, sha256 } from "../values/digest.ts";
import { oneLine } from "../texts/wording.ts";
import {
  exemptionOf,
  standardChangeOf,
  type Exemption,
  type StandardChange,
} from "./file/waivers-and-freezes.ts";
import type { EntryProvenance } from "./file/names.ts";
import { parsePolicy } from "./file/parse.ts";
import type { Policy } from "./file/policy.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";
import type { Actor } from "../change/people.ts";

/** Describes an entry that names who approved it. */
export type ApprovedEntry = Exemption | StandardChange;

/** Describes one version of a policy file, with the merged pull requests that GitHub lists for its commit. */
export interface PolicyVersion {
  readonly commit: Sha;
  /** Null: there was no such file, or it was no text. */
  readonly text: string | null;
  readonly pulls: readonly IntroducingPull[];
  /** False: it came by more pull requests than these. */
  readonly pullsComplete: boolean;
}

/** Describes a merged pull request that changed a policy file. */
export interface IntroducingPull {
  readonly number: number;
  readonly url: string;
  readonly mergedAt: Instant;
  readonly head: Sha;
  /** The file on the branch before it merged, and after. */
  readonly before: string | null;
  readonly after: string | null;
  readonly reviews: readonly {
    readonly author: Actor | null;
    readonly state: string;
    readonly at: Instant;
    readonly commit: Sha | null;
  }[];
  readonly reviewsComplete: boolean;
}

/** Holds a policy file's versions, newest first. `complete`: back to the first. `place`: the repository it is in, `owner/name`. */
export interface PolicyHistory {
  readonly place: string;
  readonly versions: readonly PolicyVersion[];
  readonly complete: boolean;
}

/** Returns what identifies an entry: the same words are the same entry. */
export function entryId(entry: ApprovedEntry): string {
  return sha256(canonical(entry)).slice(0, 16);
}

/** Lists every entry of a policy that names who approved it. */
export function approvedEntries(policy: Policy): readonly ApprovedEntry[] {
  return [...policy.exemptions, ...policy.standardChanges];
}

/**
 * Finds the pull request that introduced an entry in its present form, and whether the person it names approved it.
 * `openSince`: when the newest version was reported, where GitHub may not show yet all that came with it; null: it
 * does.
 */
export function provenanceOf(
  entry: ApprovedEntry,
  history: PolicyHistory,
  openSince: Instant | null,
): EntryProvenance {
  const found = provenanceFrom(entry, history);
  if (found.state === "approved" || openSince === null) return found;
  const because = `GitHub may not show yet which pull request added it, or all its reviews; so far ${found.because}`;
  return { ...found, state: "unknown", because, openSince };
}

/** Lists those of some entries for which GitHub may not show yet how they came into the policy. */
export function provenanceNotShownYet(
  { names }: Policy,
  entries: readonly ApprovedEntry[],
): readonly NotShown[] {
  const ids = new Set(entries.map(entryId));
  return (names?.brought ?? []).flatMap(({ entry, openSince }) =>
    openSince !== undefined && ids.has(entry)
      ? [{ what: "how an entry came into the policy", since: openSince }]
      : [],
  );
}

function provenanceFrom(entry: ApprovedEntry, history: PolicyHistory): EntryProvenance {
  const id = entryId(entry);
  const who = oneLine(entry.approvedBy);
  const say = (
    state: EntryProvenance["state"],
    because: string,
    found: Partial<EntryProvenance> = {},
  ): EntryProvenance => ({
    entry: id,
    state,
    because,
    url: null,
    approver: null,
    at: null,
    ...found,
  });
  const since = history.versions.findIndex(({ text }) => !hasEntry(text, id));
  const introducing = since < 0 ? history.versions.at(-1) : history.versions[since - 1];
  if (introducing === undefined || (since < 0 && !history.complete))
    return say("unknown", "which pull request added it cannot be verified: the file's history is too long");
  const pull = introducing.pulls.find(({ before, after }) => hasEntry(after, id) && !hasEntry(before, id));
  if (pull === undefined && !introducing.pullsComplete)
    return say("unknown", "which pull request added it cannot be verified: it is one of too many");
  if (pull === undefined)
    return say("refused", `no pull request that ${who} could approve added it to the policy`);
  const place = `pull request ${pull.number} of ${history.place}`;
  const own = pull.reviews
    .filter(({ author, at }) => author?.login.toLowerCase() === who.toLowerCase() && at <= pull.mergedAt)
    .filter(({ state }) => state !== "COMMENTED" && state !== "PENDING")
    .toSorted((a, b) => a.at - b.at);
  const last = own.at(-1);
  const found = { url: pull.url, at: pull.mergedAt };
  if (!pull.reviewsComplete)
    return say("unknown", `GitHub did not list all reviews of ${place}, which added it`, found);
  if (last === undefined || last.state !== "APPROVED" || last.author?.type !== "User")
    return say("refused", `${who} did not approve ${place}, which added it`, found);
  if (last.commit !== pull.head)
    return say("refused", `${who} approved another version of ${place} than the one that added it`, found);
  return say("approved", `approved by ${who} in ${place}`, { ...found, approver: last.author });
}

/** Returns whether a version of the file has an entry, word for word. A file with problems has none: it let nothing through. */
export function hasEntry(text: string | null, id: string): boolean {
  if (text === null) return false;
  const parsed = parsePolicy(text);
  if (!parsed.ok) return false;
  const { exemptions = [], "standard-changes": standard = [] } = parsed.file;
  return [...exemptions.map(exemptionOf), ...standard.map(standardChangeOf)].some(
    (each) => entryId(each) === id,
  );
}
