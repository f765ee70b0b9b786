import type { Deployment, Repository } from "../model.ts";
import { iso } from "../shapes/form.ts";
import { CONNECTION, connection, EDGE, type Connection } from "./connection.ts";
import { listArg, need, objectArg, type Args, type Context, type Resolvers } from "./context.ts";
import {
  actorNode,
  commitNode,
  refNode,
  type DeploymentNode,
  type DeploymentStatusNode,
  type EnvironmentNode,
} from "./nodes.ts";

/** A page of deployments, filtered and ordered as asked. */
export function deploymentsOf(
  context: Context,
  repository: Repository,
  args: Args,
  all: readonly Deployment[],
): Connection<DeploymentNode> {
  need(context, "deployments:read");
  const environments = listArg(args, "environments");
  const found = all.filter((one) => environments === undefined || environments.includes(one.environment));
  if (objectArg(args, "orderBy")["direction"] === "DESC") found.reverse();
  return connection(
    args,
    found,
    (one) => one.id,
    (deployment) => ({ __typename: "Deployment" as const, repository, deployment }),
  );
}

/** What GitHub calls a deployment in GraphQL, from its newest status: a success is `ACTIVE`. */
function stateOf(deployment: Deployment): string {
  const state = deployment.statuses.at(-1)?.state ?? "pending";
  return state === "success" ? "ACTIVE" : state.toUpperCase();
}

/** Deployments and environments. */
export const deploymentResolvers: Resolvers = {
  Deployment: {
    id: ({ deployment }: DeploymentNode) => deployment.nodeId,
    databaseId: ({ deployment }: DeploymentNode) => deployment.id,
    environment: ({ deployment }: DeploymentNode) => deployment.environment,
    latestEnvironment: ({ deployment }: DeploymentNode) => deployment.environment,
    originalEnvironment: ({ deployment }: DeploymentNode) => deployment.originalEnvironment,
    description: ({ deployment }: DeploymentNode) => deployment.description,
    task: ({ deployment }: DeploymentNode) => deployment.task,
    payload: ({ deployment }: DeploymentNode) => JSON.stringify(deployment.payload),
    commitOid: ({ deployment }: DeploymentNode) => deployment.sha,
    commit: ({ repository, deployment }: DeploymentNode, _: Args, context: Context) =>
      commitNode(context.world, repository, deployment.sha),
    createdAt: ({ deployment }: DeploymentNode) => iso(deployment.createdAt),
    updatedAt: ({ deployment }: DeploymentNode) => iso(deployment.updatedAt),
    creator: ({ deployment }: DeploymentNode, _: Args, context: Context) =>
      actorNode(context.world.account(deployment.creatorId)),
    ref({ repository, deployment }: DeploymentNode, _: Args, context: Context) {
      const branch = refNode(context.world, repository, `refs/heads/${deployment.ref}`);
      return branch ?? refNode(context.world, repository, `refs/tags/${deployment.ref}`);
    },
    repository: ({ repository }: DeploymentNode) => ({ __typename: "Repository", repository }),
    state: ({ deployment }: DeploymentNode) => stateOf(deployment),
    latestStatus({ repository, deployment }: DeploymentNode) {
      const status = deployment.statuses.at(-1);
      return status === undefined ? null : { __typename: "DeploymentStatus", repository, deployment, status };
    },
    statuses: ({ repository, deployment }: DeploymentNode, args: Args) =>
      connection(
        args,
        deployment.statuses.toReversed(),
        (one) => one.id,
        (status) => ({ __typename: "DeploymentStatus" as const, repository, deployment, status }),
      ),
  },
  DeploymentStatus: {
    id: ({ status }: DeploymentStatusNode) => status.nodeId,
    state: ({ status }: DeploymentStatusNode) => status.state.toUpperCase(),
    environment: ({ status }: DeploymentStatusNode) => status.environment,
    description: ({ status }: DeploymentStatusNode) => status.description,
    createdAt: ({ status }: DeploymentStatusNode) => iso(status.createdAt),
    updatedAt: ({ status }: DeploymentStatusNode) => iso(status.createdAt),
    creator: ({ status }: DeploymentStatusNode, _: Args, context: Context) =>
      actorNode(context.world.account(status.creatorId)),
    deployment: ({ repository, deployment }: DeploymentStatusNode) => ({
      __typename: "Deployment",
      repository,
      deployment,
    }),
  },
  Environment: {
    id: ({ environment }: EnvironmentNode) => environment.nodeId,
    databaseId: ({ environment }: EnvironmentNode) => environment.id,
    name: ({ environment }: EnvironmentNode) => environment.name,
  },
  DeploymentConnection: CONNECTION,
  DeploymentEdge: EDGE,
  DeploymentStatusConnection: CONNECTION,
  DeploymentStatusEdge: EDGE,
  EnvironmentConnection: CONNECTION,
  EnvironmentEdge: EDGE,
};
