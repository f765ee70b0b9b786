/** Webhooks about people, teams, organisations, installations, and repositories as a whole. */

import type { z } from "zod";
import { PERMISSIONS, type Permission } from "../../domain/change/people.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { handler, sameHandler } from "./handler.ts";
import { tags } from "../api/lookups.ts";
import {
  InstallationEvent,
  InstallationRepositoriesEvent,
  InstallationTargetEvent,
  MemberEvent,
  OrganizationEvent,
  RepositoryEvent,
  TeamAddEvent,
  TeamEvent,
} from "../queries/shapes.ts";
import type {
  DeliveryMetadata,
  LifecycleEvent,
  WebhookHandler,
  WebhookHandlers,
  Observed,
} from "./subject.ts";

type Loss = Omit<Extract<Observation, { kind: "right-lost" }>, "kind" | "at" | "delivery">;

/** Returns a right a person lost, or has back: what goes back and forth is reported without a time. */
function lost(loss: Loss, { receivedAt: at, delivery }: DeliveryMetadata): readonly Observed[] {
  const subject = `right:${loss.of}:${loss.personId ?? loss.through ?? "all"}:${delivery}`;
  return [{ subject, observation: { kind: "right-lost", ...loss, delivery, at }, at }];
}

/** Returns the least right that GitHub's older word for a role covers; undefined: there is none. */
function atLeast(word: string | null | undefined): Permission | undefined {
  return PERMISSIONS.find((each) => each === word);
}

/** Returns the highest right that it covers. */
function atMost(word: string | null | undefined): Permission | undefined {
  if (word === "write") return "maintain";
  return word === "read" ? "triage" : atLeast(word);
}

type Rights = NonNullable<NonNullable<z.infer<typeof TeamEvent>["repository"]>["permissions"]>;

/** Returns the highest right that these words name. */
function highestIn({ pull, triage, push, maintain, admin }: Rights): Permission {
  if (admin === true) return "admin";
  if (maintain === true) return "maintain";
  if (push === true) return "write";
  if (triage === true) return "triage";
  return pull === true ? "read" : "none";
}

function rankOf(permission: Permission | undefined): number {
  return permission === undefined ? -1 : PERMISSIONS.indexOf(permission);
}

const member = handler("member", MemberEvent, (event, arrival) => {
  const { repository, sender: by, member: person, action, changes } = event;
  const { id: repositoryId, ownerId: organizationId } = repository;
  const { receivedAt: at } = arrival;
  // A word that may mean less than before counts as less: what is more is shown soon.
  const to = action === "removed" ? "none" : atLeast(changes?.permission?.to);
  const isLess = rankOf(to) < rankOf(atMost(changes?.old_permission?.from));
  const observations =
    person === null || to === undefined
      ? []
      : lost(
          {
            ownerId: organizationId,
            of: String(repositoryId),
            personId: person.id,
            permission: to,
            isBack: action !== "removed" && !isLess,
          },
          arrival,
        );
  return {
    observations,
    subjects: [
      { type: "protection", repositoryId, organizationId, by, at, part: "people" },
      { type: "repository", repositoryId },
    ],
    stale: [tags.permission(repositoryId)],
  };
});

/** Handles `member`. */
export const MEMBER = sameHandler(member, "added", "edited", "removed") satisfies WebhookHandlers;

/** Returns what those in a team lost, or have back: their place in it, or what it gave them in a repository. */
function lossesIn(event: z.infer<typeof TeamEvent>, arrival: DeliveryMetadata): readonly Observed[] {
  const { organization, repository, member: person, action, changes, team } = event;
  const { id: ownerId } = organization;
  // Of a deleted team its members' webhooks contain no more than the number.
  const name = `${organization.login}/${team.slug ?? `#${team.id ?? ""}`}`.toLowerCase();
  const which =
    team.id === undefined ? {} : { team: { id: team.id, isNested: (team.parent ?? null) !== null } };
  const inRepository = (isBack: boolean, permission?: Permission): readonly Observed[] => {
    if (repository === undefined) return [];
    const left = permission === undefined ? {} : { permission };
    const loss = { ownerId, of: String(repository.id), personId: null, through: name, isBack, ...left };
    return lost(loss, arrival);
  };
  switch (action) {
    case "added":
    case "removed":
      if (person === null) return [];
      return lost({ ownerId, of: name, personId: person.id, isBack: action === "added", ...which }, arrival);
    case "deleted":
      return lost({ ownerId, of: name, personId: null, isBack: false, ...which }, arrival);
    case "added_to_repository":
    case "removed_from_repository":
      return inRepository(
        action === "added_to_repository",
        action === "added_to_repository" && repository?.permissions !== undefined
          ? highestIn(repository.permissions)
          : undefined,
      );
    case "edited": {
      const before = changes?.repository?.permissions.from;
      if (before === undefined) return [];
      const now = repository?.permissions;
      if (now === undefined) return inRepository(false);
      const [from, to] = [atMost(wordOf(highestIn(before))), highestIn(now)];
      return inRepository(rankOf(to) >= rankOf(from), to);
    }
    default:
      return [];
  }
}

/** Returns GitHub's older word for a right: `changes` names what it was before in these alone. */
function wordOf(permission: Permission): string {
  if (permission === "maintain") return "write";
  return permission === "triage" ? "read" : permission;
}

/** A team gives membership and permissions, and child teams pass both on: all that was read of the organisation is stale. */
const team = handler("team", TeamEvent, (event, arrival) => {
  const {
    organization,
    team: { slug },
    repository,
    sender: by,
  } = event;
  const observations = lossesIn(event, arrival);
  const stale = [tags.organization(organization.login)];
  if (slug !== undefined) stale.unshift(tags.team(`${organization.login}/${slug}`));
  if (repository === undefined) {
    return { subjects: [{ type: "organization", organizationId: organization.id }], stale, observations };
  }
  const { id: repositoryId, ownerId: organizationId } = repository;
  const { receivedAt: at } = arrival;
  return {
    subjects: [
      { type: "protection", repositoryId, organizationId, by, at, part: "people" },
      { type: "repository", repositoryId },
    ],
    stale,
    observations,
  };
});

/** Handles `membership`. */
export const MEMBERSHIP = sameHandler(team, "added", "removed") satisfies WebhookHandlers;

/** Handles `team`. */
export const TEAM = sameHandler(
  team,
  "created",
  "deleted",
  "edited",
  "added_to_repository",
  "removed_from_repository",
) satisfies WebhookHandlers;

/** Handles `team_add`. */
export const TEAM_ADD = {
  "": handler("team", TeamAddEvent, ({ repository, team: { slug } }) => ({
    subjects: [{ type: "repository", repositoryId: repository.id }],
    stale: [tags.team(`${repository.owner}/${slug}`), tags.permission(repository.id)],
  })),
} satisfies WebhookHandlers;

const organization = handler("organization", OrganizationEvent, (event, arrival) => {
  const {
    organization: { id, login },
    membership,
    action,
  } = event;
  const person = membership?.user ?? null;
  const isAbout = person !== null && (action === "member_removed" || action === "member_added");
  return {
    subjects: [{ type: "organization", organizationId: id }],
    stale: [tags.organization(login)],
    observations: isAbout
      ? lost(
          { ownerId: id, of: login.toLowerCase(), personId: person.id, isBack: action === "member_added" },
          arrival,
        )
      : [],
  };
});

/** Handles `organization`. */
export const ORGANIZATION = sameHandler(
  organization,
  "member_added",
  "member_removed",
  "renamed",
  "deleted",
) satisfies WebhookHandlers;

/** After which the repository is still ours to see, and may be protected otherwise. */
const SEEN_ON: ReadonlySet<LifecycleEvent> = new Set([
  "repository-archived",
  "repository-unarchived",
  "repository-published",
  "repository-made-private",
  "repository-edited",
]);

function repositoryHandler(happened: LifecycleEvent): WebhookHandler {
  return handler(happened, RepositoryEvent, ({ repository, sender: by }, { receivedAt: at }) => ({
    subjects: [
      { type: "lifecycle", happened, installationId: null, repositoryId: repository.id, by, at },
      ...(SEEN_ON.has(happened)
        ? ([
            { type: "protection", repositoryId: repository.id, organizationId: repository.ownerId, by, at },
          ] as const)
        : []),
      { type: "repository", repositoryId: repository.id },
    ],
    stale: [tags.permission(repository.id), tags.policy(repository.id)],
  }));
}

/** Handles `repository`. */
export const REPOSITORY = {
  created: repositoryHandler("repository-created"),
  deleted: repositoryHandler("repository-deleted"),
  renamed: repositoryHandler("repository-renamed"),
  transferred: repositoryHandler("repository-transferred"),
  archived: repositoryHandler("repository-archived"),
  unarchived: repositoryHandler("repository-unarchived"),
  publicized: repositoryHandler("repository-published"),
  privatized: repositoryHandler("repository-made-private"),
  edited: {
    as: "repository-edited",
    parse(payload, arrival) {
      const event = RepositoryEvent.safeParse(payload);
      const changes = event.success ? event.data.changes : undefined;
      if (event.success && changes?.default_branch === undefined && changes?.topics === undefined) {
        return "neither the default branch nor a topic changed";
      }
      const parsed = repositoryHandler("repository-edited").parse(payload, arrival);
      if (!event.success || changes?.default_branch === undefined || typeof parsed === "string")
        return parsed;
      // What there is of the branch that is the default one from now on is of production.
      const { id: repositoryId, defaultBranch } = event.data.repository;
      const branch = { type: "branch", repositoryId, ref: `refs/heads/${defaultBranch}` } as const;
      return { ...parsed, subjects: [...parsed.subjects, branch] };
    },
  },
} satisfies WebhookHandlers;

function installationHandler(happened: LifecycleEvent): WebhookHandler {
  return handler(happened, InstallationEvent, ({ installation, sender: by }, arrival) => {
    const at =
      (happened === "suspended" ? installation.suspended_at : undefined) ??
      // The payload has the time of the last change, not of the deletion.
      (happened === "uninstalled" ? undefined : installation.updated_at) ??
      arrival.receivedAt;
    const installationId = installation.id;
    return {
      subjects: [
        { type: "lifecycle", happened, installationId, repositoryId: null, by, at },
        { type: "installation", installationId },
      ],
      stale: [tags.installation(installationId)],
    };
  });
}

/** Handles `installation`. */
export const INSTALLATION = {
  created: installationHandler("installed"),
  deleted: installationHandler("uninstalled"),
  suspend: installationHandler("suspended"),
  unsuspend: installationHandler("unsuspended"),
  new_permissions_accepted: installationHandler("permissions-accepted"),
} satisfies WebhookHandlers;

const repositories = handler(
  "installation-repositories",
  InstallationRepositoriesEvent,
  (event, { receivedAt }) => {
    const { id: installationId, updated_at } = event.installation;
    const at = updated_at ?? receivedAt;
    const happening = (happened: LifecycleEvent) => {
      return ({ id: repositoryId }: { readonly id: number }) =>
        ({ type: "lifecycle", happened, installationId, repositoryId, by: event.sender, at }) as const;
    };
    return {
      subjects: [
        ...event.repositories_added.map(happening("repository-added")),
        ...event.repositories_removed.map(happening("repository-removed")),
        { type: "installation", installationId },
      ],
      stale: [tags.installation(installationId)],
    };
  },
);

/** Handles `installation_repositories`. */
export const INSTALLATION_REPOSITORIES = sameHandler(
  repositories,
  "added",
  "removed",
) satisfies WebhookHandlers;

/** Handles `installation_target`. */
export const INSTALLATION_TARGET = {
  renamed: handler("account-renamed", InstallationTargetEvent, ({ installation }, { receivedAt: at }) => {
    const { id: installationId } = installation;
    const happened = "account-renamed";
    return {
      subjects: [
        { type: "lifecycle", happened, installationId, repositoryId: null, by: null, at },
        { type: "installation", installationId },
      ],
    };
  }),
} satisfies WebhookHandlers;
