/** What our deployment gate was asked and answered, as the log holds it. */

import type { LoggedEntry } from "../domain/entry.ts";
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

interface Known {
  seq: number;
  readonly waiting: Map<string, DeploymentGateRecord>;
}

/** The questions of a repository that wait for a final answer. Only what was recorded since it was last asked is read. */
export async function waitingGates(
  tools: Tools,
  repositoryId: number,
): Promise<readonly DeploymentGateRecord[]> {
  const { ledger } = tools;
  const known = await tools.github.lookups.rememberForever(`gates:${repositoryId}`, async () => {
    const { size } = await ledger.head();
    const fresh: Known = { seq: size, waiting: new Map() };
    for await (const entry of ledger.states("deployment-gate", { repositoryId })) note(fresh, entry);
    return fresh;
  });
  const { size } = await ledger.head();
  if (size > known.seq) {
    const kinds = ["deployment-gate"] as const;
    for await (const entry of ledger.log({ kinds, repositoryId, afterSeq: known.seq })) note(known, entry);
    known.seq = Math.max(known.seq, size);
  }
  return [...known.waiting.values()].toSorted((a, b) => a.requestedAt - b.requestedAt || a.number - b.number);
}

function note({ waiting }: Known, { subject, body }: LoggedEntry): void {
  const record = body as DeploymentGateRecord;
  if (record.answer === "waiting") waiting.set(subject, record);
  else waiting.delete(subject);
}
