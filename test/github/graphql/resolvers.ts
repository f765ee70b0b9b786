import { accountResolvers } from "./accounts.ts";
import { checkResolvers } from "./checks.ts";
import { commitResolvers } from "./commits.ts";
import type { Resolvers } from "./context.ts";
import { deploymentResolvers } from "./deployments.ts";
import { pullResolvers } from "./pulls.ts";
import { queueResolvers } from "./queues.ts";
import { timelineResolvers } from "./timeline.ts";
import { repositoryResolvers } from "./repositories.ts";

/** Every type and field the double's GraphQL interface serves. */
export const RESOLVERS: Resolvers = {
  ...repositoryResolvers,
  ...accountResolvers,
  ...commitResolvers,
  ...pullResolvers,
  ...timelineResolvers,
  ...queueResolvers,
  ...checkResolvers,
  ...deploymentResolvers,
};
