/** What a direct push introduced, where the policy lets the app that pushed it push standard changes. */

import type { Repo } from "../context/repo.ts";
import {
  directPushEntries,
  MOST_PUSHED_COMMITS,
} from "../../domain/approval/pre-approved/direct-push-approval.ts";
import { keyBehind } from "../../domain/approval/contribution/deploy-keys.ts";
import type { PushedContent, RefUpdate } from "../../domain/change/change.ts";
import { fits } from "../../domain/patterns/pattern.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { readKeyHolders } from "./key-holders.ts";

/** Returns whether GitHub does not show a commit of a push that it must have had. */
export function lacksCommits({ commits, complete }: PushedContent): boolean {
  const isLine = commits.every(({ parents }) => parents.length === 1);
  return !complete && isLine && commits.length < MOST_PUSHED_COMMITS;
}

/** Reads the commits of an update that may be a standard change; null: it is none. Throws {@link ExternalError}. */
export async function pushedContent(
  repo: Repo,
  update: RefUpdate,
  policy: Policy,
): Promise<PushedContent | null> {
  const entries = directPushEntries(policy, update);
  if (entries.length === 0) return null;
  const wanted = (path: string): boolean =>
    entries.some(
      ({ paths, directPush }) =>
        fits(paths, path, "lets") && directPush.some((limit) => fits(limit.paths, path, "lets")),
    );
  const read = await repo.github.pushedCommits(update, wanted);
  const { holders, isWhole } = await readKeyHolders(repo);
  const { actor, at } = update;
  const behind = actor === null ? null : keyBehind(holders, actor, at);
  if (behind !== null) return { ...read, holdsKey: behind === "named" ? true : "unnamed" };
  return { ...read, holdsKey: isWhole ? false : null };
}
