/** Webhooks about deployments, however they come about: deployments, workflow runs, tags, releases, and questions to our gate. */

import { z } from "zod";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { handler } from "./handler.ts";
import { DeploymentEvent, MaybeActorShape, type PushEvent, RepositoryShape } from "../queries/shapes.ts";
import type { DeliveryMetadata, ParseResult, WebhookHandlers } from "./subject.ts";

const deployment = handler("deployment", DeploymentEvent, (event) => {
  const { repository, deployment: made, deployment_status: status } = event;
  const { id: repositoryId } = repository;
  const environment = status?.environment ?? made.environment;
  const hasSucceeded = status?.state === "success";
  if (status !== undefined && !hasSucceeded) return "until it has succeeded there is nothing to judge";
  return {
    subjects: [
      ...(environment === undefined ? [] : ([{ type: "deployed-to", repositoryId, environment }] as const)),
      ...(hasSucceeded ? ([{ type: "deployment", repositoryId, number: made.id }] as const) : []),
    ],
  };
});

/** Handles `deployment` and `deployment_status`. */
export const DEPLOYMENT = { created: deployment } satisfies WebhookHandlers;

const GateEvent = z.object({
  repository: RepositoryShape,
  environment: z.string(),
  deployment_callback_url: z.string(),
  deployment: z.object({ id: z.int() }),
});

/** Handles `deployment_protection_rule`. */
export const DEPLOYMENT_PROTECTION_RULE = {
  requested: handler("gate", GateEvent, (event) => {
    // The run is named nowhere but in the address to answer at.
    const run = /\/actions\/runs\/(\d+)\/deployment_protection_rule$/u.exec(
      event.deployment_callback_url,
    )?.[1];
    if (run === undefined) return "the payload names no run to answer";
    const { repository, environment, deployment: asked } = event;
    const of = { deployment: asked.id, environment, run: Number(run) };
    return { subjects: [{ type: "gate", repositoryId: repository.id, ...of }] };
  }),
} satisfies WebhookHandlers;

const Environment = z.object({ environment: z.string() }).nullish();

const AnsweredEvent = z.object({
  action: z.string(),
  repository: RepositoryShape,
  approver: MaybeActorShape,
  workflow_run: z.object({ id: z.int(), run_attempt: z.int() }),
  workflow_job_run: Environment,
  workflow_job_runs: z.array(Environment).nullish(),
});

const answered = handler("job", AnsweredEvent, (event, arrival) => {
  const { workflow_run: run, action: state, approver } = event;
  const jobs = [event.workflow_job_run, ...(event.workflow_job_runs ?? [])];
  const environments = [...new Set(jobs.flatMap((job) => (job == null ? [] : [job.environment])))];
  const at = arrival.receivedAt;
  return {
    subjects: [],
    observations: [
      {
        subject: `answered:${run.id}:${arrival.delivery}`,
        observation: {
          kind: "job-answered",
          run: run.id,
          attempt: run.run_attempt,
          environments,
          state,
          by: approver,
          at,
        },
        at,
      },
    ],
  };
});

/** Handles `deployment_review`. */
export const DEPLOYMENT_REVIEW = { approved: answered, rejected: answered } satisfies WebhookHandlers;

const RunEvent = z.object({
  repository: RepositoryShape,
  workflow_run: z.object({ id: z.int(), conclusion: z.string().nullish() }),
});

/** Handles `workflow_run`. */
export const WORKFLOW_RUN = {
  completed: handler("run", RunEvent, ({ repository, workflow_run: { id, conclusion } }) =>
    conclusion === "success"
      ? { subjects: [{ type: "run", repositoryId: repository.id, run: id }] }
      : "a run that did not succeed deployed nothing we know of",
  ),
} satisfies WebhookHandlers;

const ReleaseEvent = z.object({
  repository: RepositoryShape,
  release: z.object({ tag_name: z.string() }),
});

/** Handles `release`. */
export const RELEASE = {
  // The push that made the tag has a webhook of its own, which may have been lost.
  published: handler("release", ReleaseEvent, ({ repository, release }) => ({
    subjects: [{ type: "tag", repositoryId: repository.id, tag: release.tag_name }],
  })),
} satisfies WebhookHandlers;

/** Handles a push that made, moved or deleted a tag. The commit of an annotated tag is named beside it. */
export function tagPushed(
  event: z.infer<typeof PushEvent>,
  arrival: DeliveryMetadata,
): Exclude<ParseResult, string> {
  const { repository, ref, before, after, sender } = event;
  const tag = ref.replace(/^refs\/tags\//u, "");
  const at = repository.pushed_at ?? arrival.receivedAt;
  const commit = after === NO_COMMIT ? null : (event.head_commit?.id ?? null);
  return {
    subjects: [{ type: "tag", repositoryId: repository.id, tag }],
    observations: [
      {
        subject: `tag:${before}:${after}:${arrival.delivery}`,
        observation: { kind: "tagged", ref, before, after, commit, actor: sender, at },
        at,
      },
    ],
  };
}
