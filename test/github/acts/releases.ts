/** Releases. */

import type { Account, Release, Repository } from "../model.ts";
import { userShape } from "../shapes/accounts.ts";
import { iso, isoOrNull } from "../shapes/form.ts";
import { repositoryPage, repositoryUrl } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

/** Publishes a release of a tag that is there. */
export function publishRelease(world: World, repository: Repository, by: Account, tag: string): Release {
  const release: Release = world.register("Release", {
    ...world.identity("Release"),
    tag,
    name: tag,
    body: null,
    targetCommitish: repository.defaultBranch,
    draft: false,
    prerelease: false,
    authorId: by.id,
    createdAt: world.now(),
    publishedAt: world.now(),
  });
  repository.releases.push(release);
  for (const action of ["created", "published", "released"])
    emit(world, {
      event: "release",
      action,
      repository,
      sender: by,
      body: { release: releaseShape(world, repository, release) },
    });
  return release;
}

function releaseShape(world: World, repository: Repository, release: Release): Record<string, unknown> {
  const url = repositoryUrl(world, repository, `/releases/${release.id}`);
  return {
    url,
    assets_url: `${url}/assets`,
    upload_url: `${url}/assets{?name,label}`,
    html_url: repositoryPage(world, repository, `/releases/tag/${release.tag}`),
    id: release.id,
    node_id: release.nodeId,
    tag_name: release.tag,
    target_commitish: release.targetCommitish,
    name: release.name,
    body: release.body ?? "",
    draft: release.draft,
    prerelease: release.prerelease,
    immutable: false,
    author: userShape(world, world.account(release.authorId)),
    created_at: iso(release.createdAt),
    updated_at: iso(release.createdAt),
    published_at: isoOrNull(release.publishedAt),
    assets: [],
    tarball_url: repositoryUrl(world, repository, `/tarball/${release.tag}`),
    zipball_url: repositoryUrl(world, repository, `/zipball/${release.tag}`),
  };
}
