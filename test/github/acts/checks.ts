/** Check suites, check runs and commit statuses. */

import type {
  Account,
  App,
  CheckRun,
  CheckSuite,
  CommitStatus,
  Repository,
  Sha,
  SuiteWorkflow,
} from "../model.ts";
import { Refused } from "../refused.ts";
import { checkRunShape, checkSuiteShape } from "../shapes/checks.ts";
import { commitShape } from "../shapes/commits.ts";
import { iso } from "../shapes/form.ts";
import { repositoryUrl } from "../shapes/repositories.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";

/** What can be said of a check run. */
export interface CheckRunInput {
  readonly name?: string | undefined;
  readonly status?: CheckRun["status"] | undefined;
  readonly conclusion?: CheckRun["conclusion"] | undefined;
  readonly startedAt?: number | undefined;
  readonly completedAt?: number | undefined;
  readonly detailsUrl?: string | undefined;
  readonly externalId?: string | undefined;
  readonly output?: Partial<CheckRun["output"]> | undefined;
  readonly actions?: CheckRun["actions"] | undefined;
}

/** GitHub refuses longer summaries and texts of a check run. */
export const LONGEST_OUTPUT = 65_535;

/** The suite of an app on a commit, or of one of its workflows, made if there is none. */
export function suiteOf(
  world: World,
  repository: Repository,
  app: App,
  sha: Sha,
  workflow: SuiteWorkflow | null = null,
): CheckSuite {
  const known = repository.checkSuites.findLast(
    (one) =>
      one.appId === app.id &&
      one.headSha === sha &&
      one.workflow?.name === workflow?.name &&
      one.workflow?.event === workflow?.event,
  );
  if (known !== undefined) return known;
  const suite: CheckSuite = world.register("CheckSuite", {
    ...world.identity("CheckSuite"),
    repositoryId: repository.id,
    headSha: sha,
    headBranch: world.git(repository).branchAt(sha),
    appId: app.id,
    workflow,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  repository.checkSuites.push(suite);
  return suite;
}

/** Asks the App under test to check a new commit, as GitHub does after a push. */
export function requestSuite(
  world: World,
  repository: Repository,
  sha: Sha,
  branch: string | null,
  sender: Account,
): void {
  const app = world.hookedApp();
  if (app === undefined || app.permissions["checks"] !== "write") return;
  if (repository.checkSuites.some((one) => one.appId === app.id && one.headSha === sha)) return;
  const suite = suiteOf(world, repository, app, sha);
  tellSuite(world, repository, { ...suite, headBranch: branch ?? suite.headBranch }, sender, "requested");
}

function tellSuite(
  world: World,
  repository: Repository,
  suite: CheckSuite,
  sender: Account,
  action: string,
): void {
  emit(world, {
    event: "check_suite",
    action,
    repository,
    sender,
    onlyApp: suite.appId,
    body: { check_suite: oldEvents(checkSuiteShape(world, repository, suite)) },
  });
}

/** In a check suite GitHub describes an app's events by a list that is older than these. */
function oldEvents(suite: Record<string, unknown>): Record<string, unknown> {
  const newer = ["deployment_protection_rule", "repository_ruleset"];
  const { app } = suite;
  if (typeof app !== "object" || app === null || !("events" in app) || !Array.isArray(app.events))
    return suite;
  const events = app.events.filter((event: unknown) => typeof event !== "string" || !newer.includes(event));
  return { ...suite, app: { ...app, events } };
}

/** Creates a check run. Throws {@link Refused} 422 for commits that are not there and outputs that are too long. */
export function createCheckRun(
  world: World,
  repository: Repository,
  app: App,
  sha: Sha,
  input: CheckRunInput & {
    readonly name: string;
    readonly workflow?: SuiteWorkflow | null;
    readonly leg?: string | null;
  },
): CheckRun {
  if (world.git(repository).commit(sha) === undefined)
    throw new Refused(422, `No commit found for SHA: ${sha}`);
  const suite = suiteOf(world, repository, app, sha, input.workflow ?? null);
  const now = world.now();
  const run: CheckRun = world.register("CheckRun", {
    ...world.identity("CheckRun"),
    repositoryId: repository.id,
    suiteId: suite.id,
    appId: app.id,
    headSha: sha,
    name: input.name,
    status: "queued",
    conclusion: null,
    startedAt: input.startedAt ?? now,
    completedAt: null,
    detailsUrl: null,
    externalId: "",
    output: { title: null, summary: null, text: null, annotations: [] },
    actions: [],
    deploymentId: null,
    leg: input.leg ?? null,
    runAttempt: 1,
    createdAt: now,
    updatedAt: now,
  });
  apply(world, run, input);
  repository.checkRuns.push(run);
  afterwards(world, repository, run, suite, "created", false);
  return run;
}

/** Changes a check run. */
export function updateCheckRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  input: CheckRunInput,
): CheckRun {
  const wasCompleted = run.status === "completed";
  apply(world, run, input);
  const suite = repository.checkSuites.find((one) => one.id === run.suiteId);
  if (suite === undefined) throw new Error(`check run ${run.id} has no suite`);
  afterwards(world, repository, run, suite, null, wasCompleted);
  return run;
}

function apply(world: World, run: CheckRun, input: CheckRunInput): void {
  for (const text of [input.output?.summary, input.output?.text])
    if (text != null && text.length > LONGEST_OUTPUT)
      throw new Refused(422, "Invalid request.\n\nOnly 65535 characters are allowed; ");
  if ((input.actions?.length ?? 0) > 3)
    throw new Refused(422, "Invalid request.\n\nNo more than 3 items are allowed in actions.");
  if (input.status === "completed" && (input.conclusion ?? run.conclusion) === null)
    throw new Refused(422, "Invalid request.\n\nA conclusion is needed when the status is completed.");
  if (input.name !== undefined) run.name = input.name;
  if (input.detailsUrl !== undefined) run.detailsUrl = input.detailsUrl;
  if (input.externalId !== undefined) run.externalId = input.externalId;
  if (input.startedAt !== undefined) run.startedAt = input.startedAt;
  if (input.actions !== undefined) run.actions = [...input.actions];
  if (input.output !== undefined)
    run.output = {
      title: input.output.title ?? null,
      summary: input.output.summary ?? null,
      text: input.output.text ?? null,
      // GitHub adds annotations to those there are.
      annotations: [...run.output.annotations, ...(input.output.annotations ?? [])],
    };
  if (input.conclusion != null) {
    run.status = "completed";
    run.conclusion = input.conclusion;
    run.completedAt = input.completedAt ?? world.now();
  } else if (input.status !== undefined) {
    run.status = input.status;
    run.conclusion = null;
    run.completedAt = null;
  }
  run.updatedAt = world.now();
}

function afterwards(
  world: World,
  repository: Repository,
  run: CheckRun,
  suite: CheckSuite,
  action: "created" | null,
  wasCompleted: boolean,
): void {
  const sender = botOf(world, run.appId);
  suite.updatedAt = world.now();
  if (action !== null) tellRun(world, repository, run, sender, action);
  if (run.status !== "completed" || wasCompleted) return;
  tellRun(world, repository, run, sender, "completed");
  const siblings = repository.checkRuns.filter((one) => one.suiteId === suite.id);
  if (siblings.every((one) => one.status === "completed"))
    tellSuite(world, repository, suite, sender, "completed");
}

function botOf(world: World, appId: number): Account {
  return world.account(world.apps.get(appId)?.botId ?? 0);
}

function tellRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const directed = action === "rerequested" || action === "requested_action";
  emit(world, {
    event: "check_run",
    action,
    repository,
    sender,
    ...(directed ? { onlyApp: run.appId } : {}),
    body: { check_run: checkRunShape(world, repository, run), ...extra },
  });
}

/** Someone presses "Re-run": the app is asked, nothing else changes. */
export function rerequest(world: World, repository: Repository, run: CheckRun, by: Account): void {
  tellRun(world, repository, run, by, "rerequested");
}

/** Someone presses one of a check run's own buttons. */
export function pressAction(
  world: World,
  repository: Repository,
  run: CheckRun,
  by: Account,
  identifier: string,
): void {
  if (!run.actions.some((action) => action.identifier === identifier))
    throw new Refused(422, `This check run has no button ${identifier}.`);
  tellRun(world, repository, run, by, "requested_action", { requested_action: { identifier } });
}

/** Sets a commit status. */
export function createStatus(
  world: World,
  repository: Repository,
  by: Account,
  sha: Sha,
  input: {
    readonly state: CommitStatus["state"];
    readonly context?: string | undefined;
    readonly description?: string | null | undefined;
    readonly targetUrl?: string | null | undefined;
  },
): CommitStatus {
  const git = world.git(repository);
  const commit = git.commit(sha);
  if (commit === undefined) throw new Refused(422, `No commit found for SHA: ${sha}`);
  const status: CommitStatus = world.register("CommitStatus", {
    ...world.identity("CommitStatus"),
    repositoryId: repository.id,
    sha,
    state: input.state,
    context: input.context ?? "default",
    description: input.description ?? null,
    targetUrl: input.targetUrl ?? null,
    creatorId: by.id,
    createdAt: world.now(),
  });
  repository.statuses.push(status);
  const branches = git
    .refs("refs/heads/")
    .filter((ref) => git.isAncestor(sha, ref.sha))
    .slice(0, 10);
  emit(world, {
    event: "status",
    action: null,
    repository,
    sender: by,
    body: {
      id: status.id,
      sha,
      name: world.fullName(repository),
      target_url: status.targetUrl,
      avatar_url: null,
      context: status.context,
      description: status.description,
      state: status.state,
      commit: commitShape(world, repository, commit),
      branches: branches.map((ref) => ({
        name: ref.name.slice("refs/heads/".length),
        commit: { sha: ref.sha, url: repositoryUrl(world, repository, `/commits/${ref.sha}`) },
        protected: false,
      })),
      created_at: iso(status.createdAt),
      updated_at: iso(status.createdAt),
    },
  });
  return status;
}
