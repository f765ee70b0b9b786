/** What our deployment gate was asked and answered, as the log holds it. */

import type { DeploymentOrigin, GateAnswer } from "../domain/deployment.ts";
import type { DeploymentGateRecord } from "../domain/record.ts";
import type { Tools, Watched } from "./ports.ts";

/** The subject of the gate's entry about one deployment to one environment. */
export function gateSubject(repositoryId: number, deployment: number, environment: string): string {
  return `${repositoryId}#${deployment}:${environment.toLowerCase()}`;
}

/** What was asked of us and answered about a deployment, or whether anything ever was in its environment. */
export async function gateOf(
  tools: Tools,
  watched: Watched,
  asked: {
    readonly origin: DeploymentOrigin;
    readonly environment: string;
    readonly originalEnvironment: string | null;
  },
): Promise<GateAnswer> {
  const { origin, environment, originalEnvironment } = asked;
  if (origin.kind !== "github") return "never-asked";
  const { id } = watched.repository;
  for (const name of [originalEnvironment ?? environment, environment]) {
    const entry = await tools.ledger.state("deployment-gate", gateSubject(id, origin.number, name));
    if (entry !== undefined) return (entry.body as DeploymentGateRecord).answer;
  }
  for await (const entry of tools.ledger.states("deployment-gate", { repositoryId: id })) {
    const before = entry.body as DeploymentGateRecord;
    if (before.environment.toLowerCase() === environment.toLowerCase()) return "asked-before";
  }
  return "never-asked";
}
