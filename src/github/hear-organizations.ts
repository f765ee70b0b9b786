/** Webhooks about people, teams, organisations, installations, and repositories as a whole. */

import { listen, same } from "./listener.ts";
import { tags } from "./lookups.ts";
import {
  InstallationEvent,
  InstallationRepositoriesEvent,
  InstallationTargetEvent,
  OrganizationEvent,
  RepositoryEvent,
  TeamAddEvent,
  TeamEvent,
} from "./shapes.ts";
import type { Happening, Listener, Listeners } from "./subject.ts";

const member = listen("member", RepositoryEvent, ({ repository, sender: by }, { receivedAt: at }) => {
  const { id: repositoryId, ownerId: organizationId } = repository;
  return {
    subjects: [
      { type: "protection", repositoryId, organizationId, by, at, part: "people" },
      { type: "repository", repositoryId },
    ],
    stale: [tags.permission(repositoryId)],
  };
});

/** `member` */
export const MEMBER: Listeners = same(member, "added", "edited", "removed");

/** A team gives membership and permissions, and child teams pass both on: all that was read of the organisation is stale. */
const team = listen("team", TeamEvent, ({ organization, team: { slug }, repository }) => {
  const stale = [tags.organization(organization.login)];
  if (slug !== undefined) stale.unshift(tags.team(`${organization.login}/${slug}`));
  if (repository === undefined) {
    return { subjects: [{ type: "organization", organizationId: organization.id }], stale };
  }
  return { subjects: [{ type: "repository", repositoryId: repository.id }], stale };
});

/** `membership` */
export const MEMBERSHIP: Listeners = same(team, "added", "removed");

/** `team` */
export const TEAM: Listeners = same(
  team,
  "created",
  "deleted",
  "edited",
  "added_to_repository",
  "removed_from_repository",
);

/** `team_add` */
export const TEAM_ADD: Listeners = {
  "": listen("team", TeamAddEvent, ({ repository, team: { slug } }) => ({
    subjects: [{ type: "repository", repositoryId: repository.id }],
    stale: [tags.team(`${repository.owner}/${slug}`), tags.permission(repository.id)],
  })),
};

const organization = listen("organization", OrganizationEvent, ({ organization: { id, login } }) => ({
  subjects: [{ type: "organization", organizationId: id }],
  stale: [tags.organization(login)],
}));

/** `organization` */
export const ORGANIZATION: Listeners = same(
  organization,
  "member_added",
  "member_removed",
  "renamed",
  "deleted",
);

/** After which the repository is still ours to see, and may be protected otherwise. */
const SEEN_ON: ReadonlySet<Happening> = new Set([
  "repository-archived",
  "repository-unarchived",
  "repository-published",
  "repository-made-private",
  "repository-edited",
]);

function repository(happened: Happening): Listener {
  return listen(happened, RepositoryEvent, ({ repository, sender: by }, { receivedAt: at }) => ({
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

/** `repository` */
export const REPOSITORY: Listeners = {
  created: repository("repository-created"),
  deleted: repository("repository-deleted"),
  renamed: repository("repository-renamed"),
  transferred: repository("repository-transferred"),
  archived: repository("repository-archived"),
  unarchived: repository("repository-unarchived"),
  publicized: repository("repository-published"),
  privatized: repository("repository-made-private"),
  edited: {
    as: "repository-edited",
    hear(payload, arrival) {
      const event = RepositoryEvent.safeParse(payload);
      const changes = event.success ? event.data.changes : undefined;
      if (event.success && changes?.default_branch === undefined && changes?.topics === undefined) {
        return "neither the default branch nor a topic changed";
      }
      return repository("repository-edited").hear(payload, arrival);
    },
  },
};

function installation(happened: Happening): Listener {
  return listen(happened, InstallationEvent, ({ installation, sender: by }, arrival) => {
    const at =
      (happened === "suspended" ? installation.suspended_at : undefined) ??
      // What is deleted tells when it was last changed, not when it was deleted.
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

/** `installation` */
export const INSTALLATION: Listeners = {
  created: installation("installed"),
  deleted: installation("uninstalled"),
  suspend: installation("suspended"),
  unsuspend: installation("unsuspended"),
  new_permissions_accepted: installation("permissions-accepted"),
};

const repositories = listen(
  "installation-repositories",
  InstallationRepositoriesEvent,
  (event, { receivedAt }) => {
    const { id: installationId, updated_at } = event.installation;
    const at = updated_at ?? receivedAt;
    const happening = (happened: Happening) => {
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

/** `installation_repositories` */
export const INSTALLATION_REPOSITORIES: Listeners = same(repositories, "added", "removed");

/** `installation_target` */
export const INSTALLATION_TARGET: Listeners = {
  renamed: listen("account-renamed", InstallationTargetEvent, ({ installation }, { receivedAt: at }) => {
    const { id: installationId } = installation;
    const happened = "account-renamed";
    return {
      subjects: [
        { type: "lifecycle", happened, installationId, repositoryId: null, by: null, at },
        { type: "installation", installationId },
      ],
    };
  }),
};
