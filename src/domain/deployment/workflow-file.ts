/** Jobs of a workflow file and the environments they use. */

import { parse } from "yaml";
import { z } from "zod";

/**
 * Describes a job that uses an environment, its secrets with it, and creates no deployment. `surely` false: an
 * expression decides.
 */
export interface UndeployedJob {
  readonly job: string;
  readonly environment: string;
  readonly surely: boolean;
}

const Workflow = z.object({ jobs: z.record(z.string(), z.unknown()) });
const Job = z.object({
  environment: z.object({ name: z.unknown(), deployment: z.union([z.boolean(), z.string()]) }),
});

/** Returns the jobs of a workflow file that use an environment without a deployment; null: the file cannot be read. */
export function undeployedJobs(text: string): readonly UndeployedJob[] | null {
  let read: unknown;
  try {
    read = parse(text);
  } catch {
    return null;
  }
  const workflow = Workflow.safeParse(read);
  if (!workflow.success) return null;
  return Object.entries(workflow.data.jobs).flatMap(([job, definition]) => {
    const { data } = Job.safeParse(definition);
    if (data === undefined) return [];
    const { name, deployment } = data.environment;
    if (deployment === true || deployment === "true") return [];
    const isExpression = typeof deployment === "string" && deployment.includes("${{");
    return [{ job, environment: typeof name === "string" ? name : "", surely: !isExpression }];
  });
}
