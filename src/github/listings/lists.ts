/** Lists of what there is: open pull requests, branches, merge groups, repositories, installations. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { Check } from "../../domain/change/review.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { BranchesAnswer, MergeGroupAnswer, OpenPullsAnswer, PullsWithAnswer } from "../queries/answers.ts";
import { ask, askAllPages, askIfExists, place, query, type GitHub } from "../api/requests.ts";
import { listOpen, listTied, orThroughRest } from "./pull-requests-by-rest.ts";
import { allChecks } from "../commits/checks.ts";
import { allOf, NOTHING, readOn, type Listing } from "../api/partial-list.ts";
import { BRANCHES_QUERY, MERGE_GROUP_QUERY, openPullsQuery, PULLS_WITH_QUERY } from "../queries/queries.ts";
import { InstantShape, RepositoryShape } from "../queries/shapes.ts";
import { Smaller } from "../api/smaller-pages.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Repository } from "../../domain/change/repository.ts";

/** Describes one open pull request. `baseRef` is a branch name. */
export interface OpenPull {
  readonly number: number;
  readonly headSha: Sha;
  readonly baseRef: string;
}

/** Lists every open pull request, oldest first. Throws {@link ExternalError}. */
export async function listOpenPulls(client: RepositoryClient): Promise<readonly OpenPull[]> {
  const { owner, name } = client.repository;
  const smaller = new Smaller(client.github);
  return orThroughRest(
    () =>
      everyPage("open pull requests", async (after) => {
        const answer = await smaller.query(openPullsQuery, { owner, name, after }, OpenPullsAnswer);
        return answer.repository.pullRequests;
      }),
    async () =>
      (await listOpen(client)).map(({ number, head, base }) => {
        return { number, headSha: head.sha, baseRef: base.ref };
      }),
  );
}

/** Holds the numbers of the pull requests that GitHub ties to a commit. They are the open ones whose head it is, and the others. */
export interface PullsWith {
  readonly open: readonly number[];
  readonly other: readonly number[];
}

/** Reads the pull requests that GitHub ties to a commit; it ties none whose head is in a fork. One request. Throws {@link ExternalError}. */
export async function pullsWithHead(client: RepositoryClient, sha: Sha): Promise<PullsWith> {
  const { owner, name } = client.repository;
  const tied = await orThroughRest(
    async () => {
      const answer = await query(client.github, PULLS_WITH_QUERY, { owner, name, sha }, PullsWithAnswer);
      // More of them are a list of REST's.
      const list = allOf(
        answer.repository.object?.associatedPullRequests ?? NOTHING,
        `pull requests with ${sha}`,
      );
      return list.map(({ number, state, headRefOid }) => {
        return { number, isOpen: state === "OPEN" && headRefOid === sha };
      });
    },
    async () =>
      (await listTied(client, sha)).map(({ number, state, head }) => {
        return { number, isOpen: state === "open" && head.sha === sha };
      }),
  );
  return {
    open: tied.filter(({ isOpen }) => isOpen).map(({ number }) => number),
    other: tied.filter(({ isOpen }) => !isOpen).map(({ number }) => number),
  };
}

/** Lists the names of the branches, those that begin with `prefix` if one is given. Throws {@link ExternalError}. */
export async function listBranches(client: RepositoryClient, prefix = ""): Promise<readonly string[]> {
  const { owner, name } = client.repository;
  // GitHub takes whole path segments as a prefix.
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const refPrefix = `refs/heads/${folder}`;
  const refs = await everyPage("branches", async (after) => {
    const answer = await query(
      client.github,
      BRANCHES_QUERY,
      { owner, name, prefix: refPrefix, after },
      BranchesAnswer,
    );
    return answer.repository.refs ?? NOTHING;
  });
  return refs.map((ref) => `${folder}${ref.name}`).filter((branch) => branch.startsWith(prefix));
}

/** Describes a merge group: the pull requests in it, in merging order, and the checks of its commit. */
export interface MergeGroup {
  readonly pulls: readonly number[];
  readonly checks: readonly Check[];
  /** False: it has more checks than could be read. */
  readonly checksAreWhole: boolean;
}

/** Reads the merge group that ends on a commit: every queue entry up to it. Null when the queue has none such (any more). */
export async function readMergeGroup(
  client: RepositoryClient,
  group: { readonly headSha: Sha; readonly baseRef: string },
): Promise<MergeGroup | null> {
  const { owner, name } = client.repository;
  const branch = group.baseRef.replace(/^refs\/heads\//u, "");
  const variables = { owner, name, branch, sha: group.headSha };
  const answer = await query(client.github, MERGE_GROUP_QUERY, variables, MergeGroupAnswer);
  const { mergeQueue, object } = answer.repository;
  const queued = mergeQueue?.entries ?? NOTHING;
  // The base of each entry shows whether those up to the last are all there.
  const entries = (queued.isWhole ? queued.entries : queued.seen).toSorted((a, b) => a.position - b.position);
  const last = entries.findIndex(({ headCommit }) => headCommit?.oid === group.headSha);
  if (last === -1) return null;
  // Each group is built on the one before it: where one is missing, GitHub does not show all of them yet.
  const isWhole = entries
    .slice(1, last + 1)
    .every(
      ({ baseCommit }, index) => baseCommit == null || baseCommit.oid === entries[index]?.headCommit?.oid,
    );
  if (!isWhole) return null;
  const rollup = object?.statusCheckRollup ?? NOTHING;
  const checks = await allChecks(client, group.headSha, rollup);
  return {
    pulls: entries
      .slice(0, last + 1)
      .flatMap(({ pullRequest }) => (pullRequest == null ? [] : [pullRequest.number])),
    checks: checks.isWhole ? checks.entries : checks.seen,
    checksAreWhole: checks.isWhole,
  };
}

/** Describes a repository in a list. `pushedAt`: when any of its branches was last pushed to; null where GitHub does not show it. */
export interface ListedRepository {
  readonly repository: Repository;
  readonly archived: boolean;
  readonly pushedAt: Instant | null;
}

const ListedRepositoryShape = z
  .intersection(
    RepositoryShape.transform((repository) => ({ repository })),
    z.object({ archived: z.boolean().optional(), pushed_at: InstantShape.nullish() }),
  )
  .transform(({ repository, archived, pushed_at: pushedAt }): ListedRepository => {
    return { repository, archived: archived ?? false, pushedAt: pushedAt ?? null };
  });

/** Lists every repository the installation of this Octokit covers. Throws {@link ExternalError}; also when there are too many to list. */
export async function listRepositories(github: GitHub): Promise<readonly ListedRepository[]> {
  const shape = z.object({ repositories: z.array(ListedRepositoryShape) });
  const list = await askAllPages(github, "GET /installation/repositories", {}, shape, 1000);
  return allOf(list, "repositories of the installation").flatMap(({ repositories }) => repositories);
}

/** Lists every repository of an account, an organisation's or a person's, that the token may read. Throws {@link ExternalError}. */
export async function listOwned(github: GitHub, owner: string): Promise<readonly ListedRepository[]> {
  const shape = z.array(ListedRepositoryShape);
  const asked = [
    ["GET /orgs/{org}/repos", { org: owner, type: "all" }],
    ["GET /users/{username}/repos", { username: owner, type: "owner" }],
  ] as const;
  for (const [route, parameters] of asked) {
    const first = await askIfExists(github, route, { ...parameters, per_page: 1 }, z.array(z.unknown()));
    if (first === null) continue;
    return allOf(
      await askAllPages(github, route, parameters, shape, 1000),
      `repositories of ${owner}`,
    ).flat();
  }
  throw new ExternalError("github-refused", `GitHub shows no account ${owner} to this token.`, {
    gone: true,
  });
}

/** Reads one repository by its name; null where the token may not read it. Throws {@link ExternalError}. */
export async function readListed(
  github: GitHub,
  owner: string,
  name: string,
): Promise<ListedRepository | null> {
  const asked = { owner, repo: name };
  return (await askIfExists(github, "GET /repos/{owner}/{repo}", asked, ListedRepositoryShape))?.data ?? null;
}

/** Reads a repository as it is now, under its present name; null when the installation does not show it. Throws {@link ExternalError}. */
export async function readRepository(client: RepositoryClient): Promise<Repository | null> {
  const answer = await askIfExists(
    client.github,
    "GET /repos/{owner}/{repo}",
    place(client.repository),
    RepositoryShape,
  );
  return answer === null || answer.data.id !== client.repository.id ? null : answer.data;
}

/** Describes an installation of the App. */
export interface Installation {
  readonly id: number;
  readonly account: { readonly id: number; readonly login: string; readonly type: string } | null;
  readonly selection: "all" | "selected";
  readonly permissions: Readonly<Record<string, string>>;
  readonly createdAt: Instant;
  readonly suspendedAt: Instant | null;
}

const InstallationShape = z
  .object({
    id: z.int(),
    account: z
      .object({
        id: z.int(),
        login: z.string().optional(),
        slug: z.string().optional(),
        type: z.string().optional(),
      })
      .nullish(),
    repository_selection: z.enum(["all", "selected"]),
    permissions: z.record(z.string(), z.string()),
    created_at: InstantShape,
    suspended_at: InstantShape.nullish(),
  })
  .transform((installation): Installation => {
    const { account } = installation;
    return {
      id: installation.id,
      account:
        account == null
          ? null
          : {
              id: account.id,
              login: account.login ?? account.slug ?? "",
              type: account.type ?? "Enterprise",
            },
      selection: installation.repository_selection,
      permissions: installation.permissions,
      createdAt: installation.created_at,
      suspendedAt: installation.suspended_at ?? null,
    };
  });

/** Lists every installation of the App; requested as the App itself. Throws {@link ExternalError}. */
export async function listInstallations(app: GitHub): Promise<readonly Installation[]> {
  const list = await askAllPages(app, "GET /app/installations", {}, z.array(InstallationShape), 1000);
  return allOf(list, "installations").flat();
}

/** Reads one installation; requested as the App itself. Throws {@link ExternalError}. */
export async function readInstallation(app: GitHub, installationId: number): Promise<Installation> {
  const route = "GET /app/installations/{installation_id}";
  return (await ask(app, route, { installation_id: installationId }, InstallationShape)).data;
}

async function everyPage<Entry>(
  what: string,
  read: (after: string | null) => Promise<Listing<Entry>>,
): Promise<readonly Entry[]> {
  return allOf(await readOn(await read(null), Infinity, read), what);
}
