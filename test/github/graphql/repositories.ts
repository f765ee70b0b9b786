import type { Issue, PullRequest, Repository } from "../model.ts";
import { accountsWithAccess } from "../rest/accounts.ts";
import { grants } from "../rest/route.ts";
import { htmlUrl, iso, isoOrNull } from "../shapes/form.ts";
import { objectNamed, refsOf } from "./commits.ts";
import { CONNECTION, connection, EDGE, property } from "./connection.ts";
import { deploymentsOf } from "./deployments.ts";
import {
  listArg,
  need,
  numberArg,
  objectArg,
  problem,
  sees,
  textArg,
  type Args,
  type Context,
  type Resolvers,
} from "./context.ts";
import {
  actorById,
  actorNode,
  madeNodeId,
  pullNode,
  refNode,
  type ActorNode,
  type IssueNode,
  type ProtectionNode,
  type RepositoryNode,
  type RulesetNode,
} from "./nodes.ts";
import { nodeById } from "./node-by-id.ts";
import { pullState } from "./pulls.ts";

function pulls({ repository }: RepositoryNode, args: Args, context: Context): unknown {
  need(context, "pull_requests:read");
  const [states, base, head] = [
    listArg(args, "states"),
    textArg(args, "baseRefName"),
    textArg(args, "headRefName"),
  ];
  const labels = listArg(args, "labels");
  const order = objectArg(args, "orderBy");
  const at = (pull: PullRequest): number =>
    order["field"] === "UPDATED_AT" ? pull.updatedAt : pull.createdAt;
  const found = [...repository.pulls.values()]
    .filter((pull) => states === undefined || states.includes(pullState(pull)))
    .filter((pull) => base === undefined || pull.base.ref === base)
    .filter((pull) => head === undefined || pull.head.ref === head)
    .filter((pull) => labels === undefined || labels.some((name) => pull.labels.has(name)))
    .sort((a, b) => (order["direction"] === "DESC" ? -1 : 1) * (at(a) - at(b) || a.number - b.number));
  return connection(
    args,
    found,
    (pull) => pull.id,
    (pull) => pullNode(repository, pull),
  );
}

function issues({ repository }: RepositoryNode, args: Args, context: Context): unknown {
  need(context, "issues:read");
  const [states, labels] = [listArg(args, "states"), listArg(args, "labels")];
  const found = [...repository.issues.values()]
    .filter((one) => states === undefined || states.includes(one.state.toUpperCase()))
    .filter((one) => labels === undefined || labels.some((name) => one.labels.has(name)));
  const order = objectArg(args, "orderBy");
  if (order["field"] === "UPDATED_AT") found.sort((a, b) => a.updatedAt - b.updatedAt || a.number - b.number);
  if (order["direction"] === "DESC") found.reverse();
  return connection(
    args,
    found,
    (one) => one.id,
    (issue) => issueNode(repository, issue),
  );
}

function issueNode(repository: Repository, issue: Issue): IssueNode {
  return { __typename: "Issue", repository, issue };
}

function repositoryNamed(
  context: Context,
  owner: string,
  name: string,
  isFollowing: boolean,
): RepositoryNode {
  const hit = context.world.repository(owner, name);
  if (hit === undefined || !sees(context, hit.repository) || (hit.redirected && !isFollowing)) {
    throw problem("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  }
  return { __typename: "Repository", repository: hit.repository };
}

function ownerNode(context: Context, repository: Repository): ActorNode {
  return actorNode(context.world.owner(repository));
}

/** Repositories, issues, and where every query begins. */
export const repositoryResolvers: Resolvers = {
  Query: {
    // GitHub's root is a node itself.
    id: () => "Q_0",
    rateLimit(_: unknown, _args: Args, context: Context) {
      const { reset, ...rest } = context.spent();
      return { ...rest, resetAt: iso(reset * 1000) };
    },
    node(_: unknown, args: Args, context: Context) {
      const id = textArg(args, "id") ?? "";
      const found = nodeById(context, id);
      if (found === null)
        throw problem("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
      return found;
    },
    nodes: (_: unknown, args: Args, context: Context) =>
      (listArg(args, "ids") ?? []).map(
        (id) =>
          nodeById(context, id) ??
          problem("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`),
      ),
    repository: (_: unknown, args: Args, context: Context) =>
      repositoryNamed(
        context,
        textArg(args, "owner") ?? "",
        textArg(args, "name") ?? "",
        args["followRenames"] !== false,
      ),
    organization(_: unknown, args: Args, context: Context) {
      const login = textArg(args, "login") ?? "";
      const found = context.world.organization(login);
      if (found !== undefined) return actorNode(found);
      throw problem("NOT_FOUND", `Could not resolve to an Organization with the login of '${login}'.`);
    },
    repositoryOwner(_: unknown, args: Args, context: Context) {
      const login = textArg(args, "login") ?? "";
      const found = context.world.organization(login) ?? context.world.accountByLogin(login);
      return found === undefined || found.type === "Bot" ? null : actorNode(found);
    },
    user(_: unknown, args: Args, context: Context) {
      const login = textArg(args, "login") ?? "";
      const found = context.world.accountByLogin(login);
      if (found?.type === "User") return actorNode(found);
      throw problem("NOT_FOUND", `Could not resolve to a User with the login of '${login}'.`);
    },
  },
  RateLimit: {
    cost: property("cost"),
    limit: property("limit"),
    nodeCount: property("nodeCount"),
    remaining: property("remaining"),
    resetAt: property("resetAt"),
    used: property("used"),
  },
  PageInfo: {
    hasNextPage: property("hasNextPage"),
    hasPreviousPage: property("hasPreviousPage"),
    startCursor: property("startCursor"),
    endCursor: property("endCursor"),
  },
  Repository: {
    id: ({ repository }: RepositoryNode) => repository.nodeId,
    databaseId: ({ repository }: RepositoryNode) => repository.id,
    name: ({ repository }: RepositoryNode) => repository.name,
    nameWithOwner: ({ repository }: RepositoryNode, _: Args, context: Context) =>
      context.world.fullName(repository),
    description: ({ repository }: RepositoryNode) => repository.description,
    owner: ({ repository }: RepositoryNode, _: Args, context: Context) => ownerNode(context, repository),
    url: ({ repository }: RepositoryNode, _: Args, context: Context) =>
      htmlUrl(context.world, `/${context.world.fullName(repository)}`),
    resourcePath: ({ repository }: RepositoryNode, _: Args, context: Context) =>
      `/${context.world.fullName(repository)}`,
    visibility: ({ repository }: RepositoryNode) => repository.visibility.toUpperCase(),
    isPrivate: ({ repository }: RepositoryNode) => repository.visibility !== "public",
    isArchived: ({ repository }: RepositoryNode) => repository.archived,
    isFork: ({ repository }: RepositoryNode) => repository.forkOf !== null,
    isInOrganization: ({ repository }: RepositoryNode, _: Args, context: Context) =>
      context.world.organizations.has(repository.ownerId),
    createdAt: ({ repository }: RepositoryNode) => iso(repository.createdAt),
    pushedAt: ({ repository }: RepositoryNode) => iso(repository.pushedAt),
    updatedAt: ({ repository }: RepositoryNode) => iso(repository.updatedAt),
    mergeCommitAllowed: ({ repository }: RepositoryNode) => repository.allow.merge,
    squashMergeAllowed: ({ repository }: RepositoryNode) => repository.allow.squash,
    rebaseMergeAllowed: ({ repository }: RepositoryNode) => repository.allow.rebase,
    autoMergeAllowed: ({ repository }: RepositoryNode) => repository.allow.autoMerge,
    deleteBranchOnMerge: ({ repository }: RepositoryNode) => repository.deleteBranchOnMerge,
    defaultBranchRef({ repository }: RepositoryNode, _: Args, context: Context) {
      need(context, "contents:read");
      return refNode(context.world, repository, `refs/heads/${repository.defaultBranch}`);
    },
    ref({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "contents:read");
      const name = textArg(args, "qualifiedName") ?? "";
      const full = name.startsWith("refs/") ? name : undefined;
      const { world } = context;
      if (full !== undefined) return refNode(world, repository, full);
      return (
        refNode(world, repository, `refs/heads/${name}`) ?? refNode(world, repository, `refs/tags/${name}`)
      );
    },
    refs({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "contents:read");
      return refsOf(context, repository, args);
    },
    object({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "contents:read");
      const named = textArg(args, "oid") ?? textArg(args, "expression") ?? "";
      return objectNamed(context, repository, named);
    },
    pullRequest({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "pull_requests:read");
      const number = numberArg(args, "number") ?? 0;
      const pull = repository.pulls.get(number);
      if (pull !== undefined) return pullNode(repository, pull);
      throw problem("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
    },
    pullRequests: pulls,
    issue({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "issues:read");
      const number = numberArg(args, "number") ?? 0;
      const issue = repository.issues.get(number);
      if (issue !== undefined) return issueNode(repository, issue);
      throw problem("NOT_FOUND", `Could not resolve to an Issue with the number of ${number}.`);
    },
    issues,
    deployments: ({ repository }: RepositoryNode, args: Args, context: Context) =>
      deploymentsOf(context, repository, args, repository.deployments),
    environments({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "actions:read", "environments:read");
      return connection(
        args,
        [...repository.environments.values()],
        (one) => one.id,
        (environment) => ({ __typename: "Environment" as const, repository, environment }),
      );
    },
    rulesets({ repository }: RepositoryNode, args: Args, context: Context) {
      const inherited = context.world.organizations.get(repository.ownerId)?.rulesets ?? [];
      const parents = args["includeParents"] !== false ? inherited : [];
      return connection(
        args,
        [...repository.rulesets, ...parents],
        (one) => one.id,
        (ruleset) => ({ __typename: "RepositoryRuleset" as const, ruleset }),
      );
    },
    // Whoever may not administer a repository is shown none.
    branchProtectionRules: ({ repository }: RepositoryNode, args: Args, { caller }: Context) =>
      connection(
        args,
        caller.kind === "installation" && !grants(caller.token.permissions, ["administration:read"])
          ? []
          : [...repository.protections.values()],
        (one) => one.id,
        (protection) => ({ __typename: "BranchProtectionRule" as const, protection }),
      ),
    collaborators({ repository }: RepositoryNode, args: Args, context: Context) {
      const people = accountsWithAccess(context.world, repository);
      const page = connection(args, people, (one) => one.id, actorNode);
      const edges = page.edges.map((edge) => {
        const account = context.world.account(edge.node.account.id);
        return { ...edge, permission: context.world.role(account, repository).toUpperCase() };
      });
      return { ...page, edges };
    },
    mergeQueue({ repository }: RepositoryNode, args: Args, context: Context) {
      need(context, "merge_queues:read");
      const queue = repository.queues.get(textArg(args, "branch") ?? repository.defaultBranch);
      return queue === undefined ? null : { __typename: "MergeQueue", repository, queue };
    },
    repositoryTopics: ({ repository }: RepositoryNode, args: Args) =>
      connection(
        args,
        repository.topics,
        (one) => one,
        (name) => ({ repository, name }),
      ),
  },
  RepositoryRuleset: {
    id: ({ ruleset }: RulesetNode) => ruleset.nodeId,
    databaseId: ({ ruleset }: RulesetNode) => ruleset.id,
    name: ({ ruleset }: RulesetNode) => ruleset.name,
    enforcement: ({ ruleset }: RulesetNode) => ruleset.enforcement.toUpperCase(),
    createdAt: ({ ruleset }: RulesetNode) => iso(ruleset.createdAt),
    updatedAt: ({ ruleset }: RulesetNode) => iso(ruleset.updatedAt),
  },
  RepositoryRulesetConnection: CONNECTION,
  RepositoryRulesetEdge: EDGE,
  BranchProtectionRule: {
    id: ({ protection }: ProtectionNode) => protection.nodeId,
    databaseId: ({ protection }: ProtectionNode) => protection.id,
    pattern: ({ protection }: ProtectionNode) => protection.pattern,
  },
  BranchProtectionRuleConnection: CONNECTION,
  BranchProtectionRuleEdge: EDGE,
  RepositoryTopic: {
    id: ({ repository, name }: { repository: Repository; name: string }) =>
      madeNodeId("RT", repository, name),
    topic: (source: unknown) => source,
  },
  Topic: {
    id: ({ repository, name }: { repository: Repository; name: string }) =>
      madeNodeId("TO", repository, name),
    name: property("name"),
  },
  RepositoryTopicConnection: CONNECTION,
  RepositoryTopicEdge: EDGE,
  RepositoryConnection: CONNECTION,
  RepositoryEdge: EDGE,
  RepositoryCollaboratorConnection: CONNECTION,
  RepositoryCollaboratorEdge: { ...EDGE, permission: property("permission") },
  Issue: {
    id: ({ issue }: IssueNode) => issue.nodeId,
    databaseId: ({ issue }: IssueNode) => issue.id,
    number: ({ issue }: IssueNode) => issue.number,
    title: ({ issue }: IssueNode) => issue.title,
    body: ({ issue }: IssueNode) => issue.body ?? "",
    state: ({ issue }: IssueNode) => issue.state.toUpperCase(),
    stateReason: ({ issue }: IssueNode) => issue.stateReason?.toUpperCase() ?? null,
    createdAt: ({ issue }: IssueNode) => iso(issue.createdAt),
    updatedAt: ({ issue }: IssueNode) => iso(issue.updatedAt),
    closedAt: ({ issue }: IssueNode) => isoOrNull(issue.closedAt),
    closed: ({ issue }: IssueNode) => issue.state === "closed",
    author: ({ issue }: IssueNode, _: Args, context: Context) => actorById(context.world, issue.authorId),
    repository: ({ repository }: IssueNode) => ({ __typename: "Repository", repository }),
    url: ({ repository, issue }: IssueNode, _: Args, context: Context) =>
      htmlUrl(context.world, `/${context.world.fullName(repository)}/issues/${issue.number}`),
    labels: ({ repository, issue }: IssueNode, args: Args) =>
      connection(
        args,
        [...issue.labels].flatMap((name) => repository.labels.get(name) ?? []),
        (label) => label.id,
        (label) => ({ __typename: "Label" as const, repository, label }),
      ),
    comments: ({ repository, issue }: IssueNode, args: Args) =>
      connection(
        args,
        [...repository.comments.values()].filter((one) => one.number === issue.number && !one.deleted),
        (one) => one.id,
        (comment) => ({ __typename: "IssueComment" as const, repository, comment }),
      ),
  },
  IssueConnection: CONNECTION,
  IssueEdge: EDGE,
};
