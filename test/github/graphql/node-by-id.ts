import type { Repository } from "../model.ts";
import type { Context } from "./context.ts";
import { sees } from "./context.ts";
import { actorNode, commitNode, pullNode } from "./nodes.ts";

/** What a global id names, for callers who may see it: accounts, repositories, and what is in them. */
export function nodeById(context: Context, id: string): unknown {
  const { world } = context;
  if (id.startsWith("C_")) return commitById(context, id);
  const found = world.node(id);
  if (found === undefined) return null;
  const number = found.object.id;
  switch (found.kind) {
    case "User":
    case "Bot": {
      const account = world.accounts.get(number);
      return account === undefined || account.deleted ? null : actorNode(account);
    }
    case "Organization": {
      const organization = world.organizations.get(number);
      return organization === undefined ? null : actorNode(organization);
    }
    case "Team": {
      const team = world.teams.get(number);
      return team === undefined ? null : { __typename: "Team", team };
    }
    default:
      break;
  }
  for (const repository of world.repositories.values()) {
    if (!sees(context, repository)) continue;
    const inside = inRepository(repository, found.kind, number);
    if (inside !== null) return inside;
  }
  return null;
}

function commitById(context: Context, id: string): unknown {
  const [repositoryId, sha = ""] = Buffer.from(id.slice(2), "base64url").toString("utf8").split(":");
  const repository = context.world.repositories.get(Number(repositoryId));
  if (repository === undefined || !sees(context, repository)) return null;
  return commitNode(context.world, repository, sha);
}

function inRepository(repository: Repository, kind: string, id: number): unknown {
  const byId = (one: { readonly id: number }): boolean => one.id === id;
  switch (kind) {
    case "Repository":
      return repository.id === id ? { __typename: "Repository", repository } : null;
    case "PullRequest": {
      const pull = [...repository.pulls.values()].find(byId);
      return pull === undefined ? null : pullNode(repository, pull);
    }
    case "Review": {
      for (const pull of repository.pulls.values()) {
        const review = pull.reviews.find(byId);
        if (review !== undefined) return { __typename: "PullRequestReview", repository, pull, review };
      }
      return null;
    }
    case "Issue": {
      const issue = [...repository.issues.values()].find(byId);
      return issue === undefined ? null : { __typename: "Issue", repository, issue };
    }
    case "IssueComment": {
      const comment = repository.comments.get(id);
      return comment === undefined ? null : { __typename: "IssueComment", repository, comment };
    }
    case "CheckRun": {
      const run = repository.checkRuns.find(byId);
      return run === undefined ? null : { __typename: "CheckRun", repository, run };
    }
    case "CheckSuite": {
      const suite = repository.checkSuites.find(byId);
      return suite === undefined ? null : { __typename: "CheckSuite", repository, suite };
    }
    case "Deployment": {
      const deployment = repository.deployments.find(byId);
      return deployment === undefined ? null : { __typename: "Deployment", repository, deployment };
    }
    case "Environment": {
      const environment = [...repository.environments.values()].find(byId);
      return environment === undefined ? null : { __typename: "Environment", repository, environment };
    }
    default:
      return null;
  }
}
