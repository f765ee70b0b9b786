/** The rows of rights-used.csv: who approved, merged, pushed, went past the gate or deployed, and how often. */

import type { Repository } from "../../change/repository.ts";
import type { ChangeRecord } from "../../records/change.ts";
import { statesOf, type EvidenceSource } from "../tables/population.ts";
import { column, personText, table } from "../tables/table.ts";
import { starterOf } from "./separation-of-duties.ts";
import type { Instant } from "../../time/instant.ts";
import type { Actor } from "../../change/people.ts";
import type { DeploymentRecord } from "../../records/deployment.ts";

interface Used {
  readonly repository: Repository;
  readonly actor: string;
  readonly right: string;
  times: number;
  first: Instant;
  last: Instant;
}

/** Lists rights that were used in the period; memory grows with people, rights and repositories, never with changes. */
export const RIGHTS_USED = table<Used>({
  path: "rights-used.csv",
  description:
    "Each right that was used in the period: by whom, in which repository, how often, first and last. Who could have used it is in privileged-actors.csv.",
  sortedBy: ["repository_id", "actor", "right"],
  columns: {
    repository_id: column.integer(({ repository }) => repository.id, "GitHub's id of the repository."),
    repository: column.text(
      ({ repository }) => `${repository.owner}/${repository.name}`,
      "Owner and name of the repository.",
    ),
    actor: column.text(({ actor }) => actor, "Who used it, login#id; unknown: GitHub does not say."),
    right: column.text(
      ({ right }) => right,
      "approve (an approval that counts), merge, push (to a production branch without a pull request), bypass (landing past the gate), deploy, approve-deployment or bypass-environment.",
    ),
    times: column.integer(({ times }) => times, "How many changes or deployments."),
    first_at: column.time(({ first }) => first, "The first of them."),
    last_at: column.time(({ last }) => last, "The last of them."),
  },
  async *rows(source) {
    yield* await usedIn(source);
  },
});

async function usedIn(source: EvidenceSource): Promise<readonly Used[]> {
  const used = new Map<string, Used>();
  const use = (repository: Repository, at: Instant, rights: Iterable<readonly [string, string]>): void => {
    for (const [right, actor] of rights) {
      const key = `${repository.id} ${actor} ${right}`;
      const known = used.get(key) ?? { repository, actor, right, times: 0, first: at, last: at };
      known.times += 1;
      known.first = Math.min(known.first, at);
      known.last = Math.max(known.last, at);
      used.set(key, known);
    }
  };
  for await (const { entry, body } of statesOf(source, "change"))
    use(body.change.repository, entry.at, ofChange(body));
  for await (const { entry, body } of statesOf(source, "deployment"))
    use(body.deployment.repository, entry.at, ofDeployment(body));
  return [...used.values()].toSorted(
    (a, b) =>
      a.repository.id - b.repository.id ||
      (a.actor === b.actor ? (a.right < b.right ? -1 : 1) : a.actor < b.actor ? -1 : 1),
  );
}

/** The rights one change used, each once for each person. */
function ofChange({ change, assessment }: ChangeRecord): Iterable<readonly [string, string]> {
  const { update, pullRequests } = change;
  const landed: readonly (Actor | null)[] =
    pullRequests.length === 0
      ? [update.actor]
      : pullRequests.map((pull) => (pull.merged === null ? update.actor : pull.merged.by));
  const isPast = assessment.results.some(
    ({ control, outcome }) => control === "gate-respected" && outcome === "fail",
  );
  const approved = assessment.approvals.filter(({ counts }) => counts);
  return distinct([
    ...approved.map(({ actorId, login }) => ["approve", personText({ id: actorId, login })] as const),
    ...landed.map((actor) => [pullRequests.length === 0 ? "push" : "merge", personText(actor)] as const),
    ...(isPast ? landed.map((actor) => ["bypass", personText(actor)] as const) : []),
  ]);
}

function ofDeployment({ deployment, assessment }: DeploymentRecord): Iterable<readonly [string, string]> {
  const { run } = deployment;
  const starter = starterOf(deployment);
  const isPast = assessment.results.some(({ cause }) =>
    ["environment-bypassed", "gate-bypassed"].includes(cause),
  );
  return distinct([
    ["deploy", personText(starter)],
    ...(run?.approvals ?? [])
      .filter(({ state }) => state === "approved")
      .map(({ user }) => ["approve-deployment", personText(user)] as const),
    ...(isPast ? [["bypass-environment", personText(starter)] as const] : []),
  ]);
}

function distinct(pairs: readonly (readonly [string, string])[]): Iterable<readonly [string, string]> {
  return new Map(pairs.map((pair) => [pair.join(" "), pair])).values();
}
