/** What our deployment gate was asked and answered, as the log holds it. */

import type { Repo } from "../context/repo.ts";
import type { DeploymentOrigin, GateAnswer } from "../../domain/deployment/deployment.ts";
import type { DeploymentGateRecord } from "../../domain/records/deployment.ts";
import { cachedRecords } from "./record-cache.ts";
import type { Tools } from "../context/tools.ts";

/** Returns the subject of the gate's entry about one deployment to one environment. */
export function gateSubject(repositoryId: number, deployment: number, environment: string): string {
  return `${repositoryId}#${deployment}:${environment.toLowerCase()}`;
}

/** Returns what we were asked and answered about a deployment, or whether anything ever was in its environment. */
export async function gateOf(
  repo: Repo,
  asked: {
    readonly origin: DeploymentOrigin;
    readonly environment: string;
    readonly originalEnvironment: string | null;
  },
): Promise<GateAnswer> {
  const { origin, environment, originalEnvironment } = asked;
  if (origin.kind !== "github") return "never-asked";
  const { id } = repo.info;
  for (const name of [originalEnvironment ?? environment, environment]) {
    const entry = await repo.ledger.state("deployment-gate", gateSubject(id, origin.number, name));
    if (entry !== undefined) return entry.body.answer;
  }
  const wasAsked = (await questions(repo.tools, id)).some(
    (each) => each.environment === environment.toLowerCase(),
  );
  return wasAsked ? "asked-before" : "never-asked";
}

/** Lists the questions of a repository that wait for a final answer. */
export async function waitingGates(
  tools: Tools,
  repositoryId: number,
): Promise<readonly DeploymentGateRecord[]> {
  const waiting = (await questions(tools, repositoryId)).flatMap((each) => each.waiting ?? []);
  return waiting.toSorted((a, b) => a.requestedAt - b.requestedAt || a.number - b.number);
}

interface Question {
  readonly environment: string;
  readonly waiting: DeploymentGateRecord | null;
}

async function questions(tools: Tools, repositoryId: number): Promise<readonly Question[]> {
  const asked = await cachedRecords(tools, "deployment-gate", repositoryId, ({ body }): Question => {
    const record = body;
    return {
      environment: record.environment.toLowerCase(),
      waiting: record.answer === "waiting" ? record : null,
    };
  });
  return [...asked.values()];
}
