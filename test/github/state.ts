/** What stories may be asked about, as JSON: the double's own account of everything that happened. */

import type { Account, Repository } from "./model.ts";
import type { World } from "./world.ts";

/** The whole state, as JSON values. Times in milliseconds since 1970; accounts by id, with logins beside them. */
export function stateOf(world: World): Record<string, unknown> {
  return {
    now: world.now(),
    organizations: [...world.organizations.values()].map(({ id, login }) => ({ id, login })),
    people: Object.fromEntries(world.people),
    accounts: [...world.accounts.values()].map(({ id, login, type, deleted }) => ({
      id,
      login,
      type,
      deleted,
    })),
    installations: [...world.installations.values()].map((one) => ({
      id: one.id,
      appId: one.appId,
      permissions: one.permissions,
      suspended: one.suspendedAt !== null,
      deleted: one.deleted,
    })),
    repositories: [...world.repositories.values()].map((one) => repositoryState(world, one)),
    deliveries: world.deliveries.map(
      ({ id, guid, event, action, deliveredAt, redelivery, status, statusCode, repositoryId }) => ({
        // As text: not every reader of JSON keeps so large a number.
        id: String(id),
        guid,
        event,
        action,
        deliveredAt,
        redelivery,
        status,
        statusCode,
        repositoryId,
      }),
    ),
    requests: { marker: world.requests.length },
    breaches: world.breaches,
  };
}

function repositoryState(world: World, repository: Repository): Record<string, unknown> {
  const app = world.hookedApp();
  const login = (id: number | null): string | null => (id === null ? null : loginOf(world.accounts.get(id)));
  return {
    id: repository.id,
    name: repository.name,
    fullName: world.fullName(repository),
    defaultBranch: repository.defaultBranch,
    visibility: repository.visibility,
    archived: repository.archived,
    deleted: repository.deleted,
    fork: repository.forkOf !== null,
    refs: Object.fromEntries(
      world
        .git(repository)
        .refs("refs/")
        .map(({ name, sha }) => [name, sha]),
    ),
    pulls: [...repository.pulls.values()].map((pull) => ({
      number: pull.number,
      title: pull.title,
      body: pull.body ?? "",
      state: pull.state,
      draft: pull.draft,
      merged: pull.merged !== null,
      mergeCommit: pull.merged?.commit ?? null,
      mergeMethod: pull.merged?.method ?? null,
      mergedById: pull.merged?.byId ?? null,
      authorId: pull.authorId,
      author: login(pull.authorId),
      baseRef: pull.base.ref,
      headRef: pull.head.ref,
      headSha: pull.head.sha,
      askedPeople: [...pull.requestedReviewers],
      askedTeams: [...pull.requestedTeams].flatMap((id) => world.teams.get(id)?.slug ?? []),
      labels: [...pull.labels],
      reviews: pull.reviews.map((review) => ({
        id: review.id,
        authorId: review.authorId,
        author: login(review.authorId),
        state: review.state,
        submittedAs: review.submittedAs,
        body: review.body,
        commitId: review.commitId,
        givenOn: review.givenOn,
        submittedAt: review.submittedAt,
      })),
    })),
    checks: repository.checkRuns.map((run) => ({
      id: run.id,
      sha: run.headSha,
      name: run.name,
      appId: run.appId,
      ours: run.appId === app?.id,
      status: run.status,
      conclusion: run.conclusion,
      title: run.output.title ?? "",
      summary: run.output.summary ?? "",
      text: run.output.text ?? "",
      annotations: run.output.annotations,
      actions: run.actions,
      externalId: run.externalId,
      completedAt: run.completedAt,
    })),
    statuses: repository.statuses.map(({ sha, context, state, creatorId }) => ({
      sha,
      context,
      state,
      creatorId,
    })),
    issues: [...repository.issues.values()].map((issue) => ({
      number: issue.number,
      title: issue.title,
      body: issue.body ?? "",
      state: issue.state,
      labels: [...issue.labels],
      assignees: [...issue.assignees],
      assigneeLogins: [...issue.assignees].map(login),
      authorId: issue.authorId,
      author: login(issue.authorId),
    })),
    comments: [...repository.comments.values()].map((comment) => ({
      id: comment.id,
      number: comment.number,
      authorId: comment.authorId,
      author: login(comment.authorId),
      body: comment.body,
      reactions: comment.reactions.map(({ accountId, content }) => ({ accountId, content })),
    })),
    deployments: repository.deployments.map((deployment) => ({
      id: deployment.id,
      sha: deployment.sha,
      ref: deployment.ref,
      environment: deployment.environment,
      originalEnvironment: deployment.originalEnvironment,
      creatorId: deployment.creatorId,
      creator: login(deployment.creatorId),
      state: deployment.statuses.at(-1)?.state ?? "pending",
      statuses: deployment.statuses.map(({ id, state, environment, createdAt }) => ({
        id,
        state,
        environment,
        at: createdAt,
      })),
      runId: deployment.runId,
      gates: deployment.gates.map(({ environment, appId, state, answers }) => ({
        environment,
        appId,
        state,
        answers,
      })),
    })),
    environments: [...repository.environments.values()].map((one) => ({
      name: one.name,
      reviewers: one.reviewers,
      preventSelfReview: one.preventSelfReview,
      adminsBypass: one.adminsBypass,
    })),
    rulesets: repository.rulesets.map(({ id, name, enforcement, conditions, bypassActors, rules }) => ({
      id,
      name,
      enforcement,
      conditions,
      bypassActors,
      rules,
    })),
    protections: [...repository.protections.values()],
    queues: [...repository.queues.values()].map(({ branch, entries }) => ({ branch, entries })),
    activity: repository.activities.map(({ id, ref, before, after, type, actorId, at }) => ({
      id,
      ref,
      before,
      after,
      type,
      actorId,
      actor: login(actorId),
      at,
    })),
  };
}

function loginOf(account: Account | undefined): string {
  return account === undefined || account.deleted ? "ghost" : account.login;
}
