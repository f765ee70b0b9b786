/** Webhooks about branches, the keys that push to them, and how a repository is protected. */

import type { z } from "zod";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { handler, sameHandler } from "./handler.ts";
import { tagPushed } from "./deployments.ts";
import { tags } from "../api/lookups.ts";
import { ORGANIZATION_REPOSITORY, POLICY_PATH } from "../queries/policy-path.ts";
import { DeployKeyEvent, ProtectionEvent, PushEvent } from "../queries/shapes.ts";
import type { WebhookHandlers, Observed, SignalSubject } from "./subject.ts";

/** GitHub lists at most this many commits in a push. */
const MOST_COMMITS = 2048;

function touchesPolicy(event: z.infer<typeof PushEvent>): boolean {
  const commits = event.commits ?? [];
  if (commits.length >= MOST_COMMITS) return true;
  // A forced push may take the file away without a commit that shows it.
  const isDefault = event.ref === `refs/heads/${event.repository.defaultBranch}`;
  if (event.forced === true && isDefault) return true;
  return commits.some((commit) =>
    [commit.added, commit.modified, commit.removed].some((paths) => paths?.includes(POLICY_PATH)),
  );
}

const push = handler("push", PushEvent, (event, arrival) => {
  const { repository, ref, before, after, sender } = event;
  if (ref.startsWith("refs/tags/")) return tagPushed(event, arrival);
  if (!ref.startsWith("refs/heads/")) return "it is neither a branch nor a tag";
  const subjects: SignalSubject[] = [{ type: "branch", repositoryId: repository.id, ref }];
  const stale: string[] = [
    sender === null ? tags.pushes(repository.id) : tags.pushesBy(repository.id, sender.login),
  ];
  if (before === NO_COMMIT || after === NO_COMMIT) stale.push(tags.branches(repository.id));
  if (touchesPolicy(event)) {
    stale.push(tags.policy(repository.id));
    subjects.push({ type: "repository", repositoryId: repository.id });
    if (repository.name.toLowerCase() === ORGANIZATION_REPOSITORY) {
      stale.push(tags.policyOf(repository.ownerId));
      subjects.push({ type: "organization", organizationId: repository.ownerId });
    }
  }
  const at = repository.pushed_at ?? arrival.receivedAt;
  const subject = `push:${ref}:${before}:${after}:${arrival.delivery}`;
  const forced = event.forced ?? false;
  const observation = { kind: "pushed", ref, before, after, actor: sender, forced, at } as const;
  const observations: Observed[] = [{ subject, observation, at }];
  const isPolicys =
    repository.name.toLowerCase() === ORGANIZATION_REPOSITORY &&
    ref === `refs/heads/${repository.defaultBranch}`;
  if (isPolicys)
    observations.push({
      subject: `policy:${before}:${after}:${arrival.delivery}`,
      observation: { kind: "policy-pushed", ownerId: repository.ownerId, before, after, at },
      at,
    });
  return { subjects, observations, stale };
});

/** Handles `push`. */
export const PUSH = { "": push } satisfies WebhookHandlers;

/** A key that may only read pushes nothing. */
const deployKey = handler("deploy-key", DeployKeyEvent, (event, arrival) => {
  const { repository, key, sender, action } = event;
  const { id: repositoryId, ownerId: organizationId } = repository;
  const at = arrival.receivedAt;
  const touched: SignalSubject = { type: "repository", repositoryId };
  const read: SignalSubject = {
    type: "protection",
    repositoryId,
    organizationId,
    by: sender,
    at,
    part: "people",
  };
  const subject = `key:${key.id}:${arrival.delivery}`;
  const observation = {
    kind: "key-told",
    key: key.id,
    login: key.added_by,
    // The person who deletes a key need not have added it.
    by: action === "created" ? sender : null,
    from: key.created_at,
    goneAt: action === "created" ? null : arrival.receivedAt,
  } as const;
  return {
    subjects: key.read_only ? [touched] : [read, touched],
    observations: key.read_only ? [] : [{ subject, observation, at: arrival.receivedAt }],
    stale: [tags.deployKeys(repository.id)],
  };
});

/** Handles `deploy_key`. */
export const DEPLOY_KEY = sameHandler(deployKey, "created", "deleted") satisfies WebhookHandlers;

const protection = handler("protection", ProtectionEvent, (event, arrival) => {
  const { repository, organization, sender: by, action } = event;
  const changed = event.repository_ruleset?.updated_at ?? event.rule?.updated_at;
  // The payload has the time of the last edit, not of the deletion.
  const at = action === "deleted" ? arrival.receivedAt : (changed ?? arrival.receivedAt);
  if (repository === undefined) {
    if (organization === undefined) return "the payload names neither a repository nor an organisation";
    const where = { repositoryId: null, organizationId: organization.id };
    return { subjects: [{ type: "protection", ...where, by, at }] };
  }
  const { id: repositoryId, ownerId: organizationId } = repository;
  return {
    subjects: [
      { type: "protection", repositoryId, organizationId, by, at },
      { type: "repository", repositoryId },
    ],
  };
});

/** Handles `repository_ruleset` (of a repository or an organisation) and `branch_protection_rule`. */
export const PROTECTION = sameHandler(protection, "created", "edited", "deleted") satisfies WebhookHandlers;

/** Handles `branch_protection_configuration`: all classic protection of a repository switched off or on. */
export const PROTECTION_CONFIGURATION = sameHandler(
  protection,
  "enabled",
  "disabled",
) satisfies WebhookHandlers;
