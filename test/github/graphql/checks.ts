import type { CheckRun, CommitStatus, Repository, Sha, SuiteWorkflow } from "../model.ts";
import { newestStatuses, suiteState } from "../shapes/checks.ts";
import { iso, isoOrNull } from "../shapes/form.ts";
import { repositoryPage } from "../shapes/repositories.ts";
import { CONNECTION, connection, EDGE } from "./connection.ts";
import { need, numberArg, objectArg, textArg, type Args, type Context, type Resolvers } from "./context.ts";
import {
  actorNode,
  commitNode,
  madeNodeId,
  type CheckRunNode,
  type CheckSuiteNode,
  type RollupNode,
  type StatusNode,
} from "./nodes.ts";

type ContextNode = CheckRunNode | StatusNode;

/** What an installation may see of a commit's checks: check runs, then the newest status of each context. */
function contextsOf(context: Context, repository: Repository, sha: Sha): ContextNode[] {
  return [
    ...context.world.checkRuns(repository, sha).map((run) => runNode(repository, run)),
    ...newestStatuses(repository, sha)
      .reverse()
      .map((status) => ({ __typename: "StatusContext" as const, repository, status })),
  ];
}

function runNode(repository: Repository, run: CheckRun): CheckRunNode {
  return { __typename: "CheckRun", repository, run };
}

/** All checks of a commit; null when there are none. */
export function rollupNode(context: Context, repository: Repository, sha: Sha): RollupNode | null {
  need(context, "checks:read", "statuses:read");
  const some = contextsOf(context, repository, sha).length > 0;
  return some ? { __typename: "StatusCheckRollup", repository, sha } : null;
}

/** A run of a workflow, as far as its suite tells it. */
interface WorkflowRunNode extends Omit<CheckSuiteNode, "__typename"> {
  readonly workflow: SuiteWorkflow;
}

/** A workflow's number: which of those its repository ever ran it was. */
function numberOf(repository: Repository, name: string): number {
  const names = repository.checkSuites.flatMap((suite) => suite.workflow?.name ?? []);
  return repository.id * 1000 + [...new Set(names)].indexOf(name) + 1;
}

/** The file a workflow of that name is in: a name that is a file's is its own. */
function fileOf(name: string): string {
  return /\.ya?ml$/u.test(name) ? name : `${name.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-")}.yml`;
}

const FAILED = new Set(["failure", "timed_out", "cancelled", "action_required", "startup_failure", "stale"]);

function stateOf(node: ContextNode): "PENDING" | "FAILURE" | "ERROR" | "SUCCESS" {
  if (node.__typename === "StatusContext") return statusState(node.status);
  if (node.run.status !== "completed") return "PENDING";
  return FAILED.has(node.run.conclusion ?? "") ? "FAILURE" : "SUCCESS";
}

function statusState(status: CommitStatus): "PENDING" | "FAILURE" | "ERROR" | "SUCCESS" {
  return ({ pending: "PENDING", failure: "FAILURE", error: "ERROR", success: "SUCCESS" } as const)[
    status.state
  ];
}

/** Check runs, suites and statuses. */
export const checkResolvers: Resolvers = {
  StatusCheckRollup: {
    id: ({ repository, sha }: RollupNode) => madeNodeId("SCR", repository, sha),
    commit: ({ repository, sha }: RollupNode, _: Args, context: Context) =>
      commitNode(context.world, repository, sha),
    state({ repository, sha }: RollupNode, _: Args, context: Context) {
      const states = contextsOf(context, repository, sha).map(stateOf);
      return (["ERROR", "FAILURE", "PENDING"] as const).find((one) => states.includes(one)) ?? "SUCCESS";
    },
    contexts: ({ repository, sha }: RollupNode, args: Args, context: Context) =>
      connection(
        args,
        contextsOf(context, repository, sha),
        (one) => (one.__typename === "CheckRun" ? one.run.nodeId : one.status.nodeId),
        (one) => one,
      ),
  },
  StatusCheckRollupContextConnection: CONNECTION,
  StatusCheckRollupContextEdge: EDGE,
  CheckRun: {
    id: ({ run }: CheckRunNode) => run.nodeId,
    databaseId: ({ run }: CheckRunNode) => run.id,
    name: ({ run }: CheckRunNode) => run.name,
    status: ({ run }: CheckRunNode) => run.status.toUpperCase(),
    conclusion: ({ run }: CheckRunNode) => run.conclusion?.toUpperCase() ?? null,
    startedAt: ({ run }: CheckRunNode) => isoOrNull(run.startedAt),
    completedAt: ({ run }: CheckRunNode) => isoOrNull(run.completedAt),
    detailsUrl: ({ run }: CheckRunNode) => run.detailsUrl,
    externalId: ({ run }: CheckRunNode) => run.externalId,
    title: ({ run }: CheckRunNode) => run.output.title,
    summary: ({ run }: CheckRunNode) => run.output.summary,
    text: ({ run }: CheckRunNode) => run.output.text,
    url: ({ repository, run }: CheckRunNode, _: Args, context: Context) =>
      repositoryPage(context.world, repository, `/runs/${run.id}`),
    repository: ({ repository }: CheckRunNode) => ({ __typename: "Repository", repository }),
    checkSuite: ({ repository, run }: CheckRunNode) => ({
      __typename: "CheckSuite",
      repository,
      suite: repository.checkSuites.find((one) => one.id === run.suiteId),
    }),
  },
  CheckSuite: {
    id: ({ suite }: CheckSuiteNode) => suite.nodeId,
    databaseId: ({ suite }: CheckSuiteNode) => suite.id,
    app: ({ suite }: CheckSuiteNode, _: Args, context: Context) =>
      context.world.apps.get(suite.appId) ?? null,
    status: ({ repository, suite }: CheckSuiteNode) => suiteState(repository, suite).status.toUpperCase(),
    conclusion: ({ repository, suite }: CheckSuiteNode) =>
      suiteState(repository, suite).conclusion?.toUpperCase() ?? null,
    createdAt: ({ suite }: CheckSuiteNode) => iso(suite.createdAt),
    updatedAt: ({ suite }: CheckSuiteNode) => iso(suite.updatedAt),
    repository: ({ repository }: CheckSuiteNode) => ({ __typename: "Repository", repository }),
    workflowRun: ({ repository, suite }: CheckSuiteNode): WorkflowRunNode | null =>
      suite.workflow === null ? null : { repository, suite, workflow: suite.workflow },
    commit: ({ repository, suite }: CheckSuiteNode, _: Args, context: Context) =>
      commitNode(context.world, repository, suite.headSha),
    checkRuns({ repository, suite }: CheckSuiteNode, args: Args) {
      const filter = objectArg(args, "filterBy");
      const [name, appId] = [textArg(filter, "checkName"), numberArg(filter, "appId")];
      const all = repository.checkRuns
        .filter((run) => run.suiteId === suite.id)
        .filter((run) => name === undefined || run.name === name)
        .filter((run) => appId === undefined || run.appId === appId);
      const latest = [...new Map(all.map((run) => [`${run.name} ${run.leg ?? ""}`, run])).values()];
      return connection(
        args,
        filter["checkType"] === "ALL" ? all : latest,
        (run) => run.id,
        (run) => runNode(repository, run),
      );
    },
  },
  WorkflowRun: {
    id: ({ suite }: WorkflowRunNode) => `WFR_${suite.nodeId}`,
    databaseId: ({ suite }: WorkflowRunNode) => suite.id,
    event: ({ workflow }: WorkflowRunNode) => workflow.event,
    workflow: (source: WorkflowRunNode) => source,
  },
  Workflow: {
    id: ({ repository, workflow }: WorkflowRunNode) => madeNodeId("W", repository, workflow.name),
    databaseId: ({ repository, workflow }: WorkflowRunNode) => numberOf(repository, workflow.name),
    name: ({ workflow }: WorkflowRunNode) => workflow.name,
    resourcePath: ({ repository, workflow }: WorkflowRunNode, _: Args, context: Context) =>
      `/${context.world.fullName(repository)}/actions/workflows/${fileOf(workflow.name)}`,
  },
  App: {
    id: (app: { readonly nodeId: string }) => app.nodeId,
    databaseId: (app: { readonly id: number }) => app.id,
    slug: (app: { readonly slug: string }) => app.slug,
    name: (app: { readonly name: string }) => app.name,
  },
  StatusContext: {
    id: ({ status }: StatusNode) => status.nodeId,
    context: ({ status }: StatusNode) => status.context,
    state: ({ status }: StatusNode) => statusState(status),
    createdAt: ({ status }: StatusNode) => iso(status.createdAt),
    description: ({ status }: StatusNode) => status.description,
    targetUrl: ({ status }: StatusNode) => status.targetUrl,
    creator: ({ status }: StatusNode, _: Args, context: Context) =>
      actorNode(context.world.account(status.creatorId)),
    commit: ({ repository, status }: StatusNode, _: Args, context: Context) =>
      commitNode(context.world, repository, status.sha),
  },
  CheckSuiteConnection: CONNECTION,
  CheckSuiteEdge: EDGE,
  CheckRunConnection: CONNECTION,
  CheckRunEdge: EDGE,
};
