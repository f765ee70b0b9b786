/** The step `report-deployment`: a pipeline outside GitHub reports a deployment to the App, with its signature. */

import type { Instant } from "../../../domain/time/instant.ts";
import { reportRequest } from "../../deployment/report-deployment.ts";
import type { StepOutput } from "./double.ts";
import type { Harness } from "./harness.ts";
import { DEFAULT_REPOSITORY, STORY_ORGANIZATION } from "../format/match.ts";
import type { DoStep } from "../format/steps.ts";
import { durationOf } from "../format/words.ts";

const SECRET = "a secret for the pipelines of stories";

/** Holds the pipelines of every story, as COUNTERSIGN_DEPLOYMENT_SOURCES has them. */
export const STORY_SOURCES = `pipeline=${SECRET},second-pipeline=${SECRET}`;

/** Describes the result of a report. `refused`: the App's reason. `problem`: the story is wrong. */
export interface Reported {
  readonly refused: string | null;
  readonly problem: string | null;
  readonly made: Omit<StepOutput, "since">;
}

/** Returns the commit a step names, or null. The double knows what its name means; of a deployment outside it keeps nothing. */
export async function commitNamed(step: DoStep, harness: Harness): Promise<string | null> {
  const { by, repository, commit } = step;
  const acted = await harness.double.act({
    do: "deploy",
    via: "outside",
    ...(by === undefined ? {} : { by }),
    ...(repository === undefined ? {} : { repository }),
    ...(commit === undefined ? {} : { commit }),
  });
  return acted.made.sha ?? null;
}

/** Sends the report of one step. */
export async function report(step: DoStep, harness: Harness, now: Instant): Promise<Reported> {
  const sha = await commitNamed(step, harness);
  if (sha === null) return { refused: null, problem: "no such commit", made: {} };
  const text = (key: string): string | undefined => (typeof step[key] === "string" ? step[key] : undefined);
  const id = text("id") ?? step.as ?? `${sha}-${now}`;
  const signedAt = now - durationOf(text("delayed") ?? "0s");
  const response = await harness.app.ask("/api/deployments", (url) =>
    reportRequest(
      url,
      { source: text("source") ?? "pipeline", secret: text("secret") ?? SECRET, now: signedAt },
      {
        id,
        repository: `${STORY_ORGANIZATION}/${step.repository ?? DEFAULT_REPOSITORY}`,
        sha,
        environment: text("environment") ?? "production",
        ...(text("artifact") === undefined ? {} : { artifact: text("artifact")! }),
      },
    ),
  );
  const said = (await response.json()) as { readonly error?: string };
  const refused = response.ok ? null : `${response.status}: ${said.error ?? "no reason given"}`;
  return { refused, problem: null, made: { report: id, sha } };
}
