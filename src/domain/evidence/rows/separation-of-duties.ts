/** The rows of separation-of-duties.csv: who wrote, approved, merged and deployed each change, and who did two of these. */

import { inheritedLandingsIn } from "../../controls/independently-approved.ts";
import type { Change } from "../../change/change.ts";
import type { Actor } from "../../change/people.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import { personBehind, type AccountName, type IdentityPolicy } from "../../policy/identity.ts";
import type { ChangeRecord } from "../../records/change.ts";
import { contributorsIn, mergersOf } from "./changes.ts";
import { scopePolicies } from "./policies.ts";
import { joinSorted, pairLine, statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, groupsText, listText, logColumns, personText, table } from "../tables/table.ts";

const ROLES = ["author", "approver", "merger", "deployer"] as const;
type Role = (typeof ROLES)[number];

/** An account in a role; null: GitHub names nobody. */
type Account = (AccountName & { readonly type?: Actor["type"] }) | null;

interface DutiesRow extends Stated<"change"> {
  readonly duties: Readonly<Record<Role, readonly Account[]>>;
  readonly inTwo: readonly (readonly [accounts: string, roles: string])[];
}

/** Lists who had which part in each change; memory grows with policies and the deployments of one change. */
export const SEPARATION_OF_DUTIES = table<DutiesRow>({
  path: "separation-of-duties.csv",
  description:
    "Separation of duties: who wrote, approved, merged and deployed each change of the period, and whether one person had two of these parts. Several accounts of one person, as the policy that judged the change names them, are one.",
  columns: {
    change_id: column.digest(({ entry }) => entry.subject, "The change, as in changes.csv."),
    repository_id: column.integer(({ body }) => body.change.repository.id, "GitHub's id of the repository."),
    repository: column.text(
      ({ body }) => `${body.change.repository.owner}/${body.change.repository.name}`,
      "Owner and name of the repository.",
    ),
    pull_request: column.list(
      ({ body }) => listText(body.change.pullRequests.map(({ number }) => String(number))),
      "Numbers of the pull requests it landed.",
    ),
    occurred_at: column.time(({ body }) => body.change.update.at, "When the branch was updated."),
    authors: column.list(
      (row) => accountsText(row.duties.author),
      "Everyone who shaped the content, login#id, as contributors in changes.csv; unknown: GitHub names nobody for part of it.",
    ),
    approvers: column.list(
      (row) => accountsText(row.duties.approver),
      "Who gave an approval that counts, also one inherited from an integration branch.",
    ),
    mergers: column.list(
      (row) => accountsText(row.duties.merger),
      "Who merged, or without a pull request pushed; unknown: GitHub names nobody.",
    ),
    deployers: column.list(
      (row) => accountsText(row.duties.deployer),
      "Who began the deployments to production that carried it, as far as they are on record; unknown: GitHub names nobody.",
      "more",
    ),
    one_person_in_two: column.text(
      (row) => isOneInTwo(row),
      "yes: someone had two parts. no: nobody had. unknown: nobody known had, and who had one of the parts is not wholly known. Bots and apps are named and not counted.",
      "beyond",
    ),
    who: column.list(
      ({ inTwo }) => groupsText(inTwo),
      "Who had two parts: login#id (accounts of one person joined by +);author, approver, merger, deployer, joined by +.",
      "beyond",
    ),
    ...logColumns<DutiesRow>((row) => row.entry),
  },
  async *rows(source) {
    const policies = new Map<string, IdentityPolicy>();
    for await (const { body } of scopePolicies(source)) policies.set(body.digest, body.effective);
    const deployers = joinSorted(source.sorted(deployersOf(source)));
    try {
      for await (const stated of statesOf(source, "change")) {
        const { change, assessment } = stated.body;
        const deployed = await deployers.valuesOf(stated.entry.subject);
        const duties = {
          author: authorsOf(change),
          approver: approversOf(stated.body),
          merger: mergersOf(change),
          deployer: deployed.map(([account = "null"]) => JSON.parse(account) as Account),
        };
        const policy = policies.get(assessment.policyDigest) ?? { identities: [] };
        yield { ...stated, duties, inTwo: peopleInTwo(duties, policy) };
      }
    } finally {
      await deployers.close();
    }
  },
});

/** Pairs of change and the account that began a deployment of it, since the period began. */
async function* deployersOf(source: EvidenceSource): AsyncIterable<string> {
  const { organizationId, period } = source;
  for await (const { body } of source.states("deployment", {
    organizationId,
    from: period.from,
    order: "at",
  }))
    for (const { id } of body.deployment.carried)
      yield pairLine(id, JSON.stringify(starterOf(body.deployment)));
}

/** Returns who began a deployment; null: GitHub names nobody. */
export function starterOf({ run, creator }: Deployment): Actor | null {
  return run?.triggeringActor ?? run?.actor ?? creator;
}

/** What was not read of a pull request may be anyone's, and so is what came without one. */
function authorsOf(change: Change): readonly Account[] {
  const { pullRequests, update } = change;
  const isWhole =
    (pullRequests.length > 0 || update.kind === "branch-deleted") &&
    change.awaited === undefined &&
    change.cut === undefined &&
    pullRequests.every(
      (pull) =>
        pull.author !== null &&
        pull.unread === undefined &&
        pull.awaited === undefined &&
        pull.cut === undefined &&
        pull.moreMakers === undefined &&
        pull.commitsComplete &&
        pull.commits.every(({ authors }) => authors.length > 0 && !authors.includes(null)),
    );
  return [...contributorsIn(change).map(({ actor }) => actor), ...(isWhole ? [] : [null])];
}

function approversOf({ assessment }: ChangeRecord): readonly Account[] {
  const own = assessment.approvals
    .filter(({ counts }) => counts)
    .map(({ actorId, login }): Account => (actorId === null ? null : { id: actorId, login }));
  return [...own, ...inheritedLandingsIn(assessment).flatMap(({ approvers }) => approvers)];
}

function peopleInTwo(duties: DutiesRow["duties"], policy: IdentityPolicy): DutiesRow["inTwo"] {
  const people = new Map<string, { accounts: Set<string>; roles: Set<Role> }>();
  for (const role of ROLES)
    for (const account of duties[role]) {
      if (account === null || account.type === "Bot") continue;
      const person = personBehind(policy, account);
      const key = person === null ? `account ${account.id}` : `person ${person}`;
      const known = people.get(key) ?? { accounts: new Set(), roles: new Set() };
      known.accounts.add(personText(account));
      people.set(key, { ...known, roles: known.roles.add(role) });
    }
  return [...people.values()]
    .filter(({ roles }) => roles.size > 1)
    .map(({ accounts, roles }) => [[...accounts].toSorted().join("+"), [...roles].join("+")] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function isOneInTwo({ duties, inTwo }: DutiesRow): string {
  if (inTwo.length > 0) return "yes";
  return ROLES.some((role) => duties[role].includes(null)) ? "unknown" : "no";
}

function accountsText(accounts: readonly Account[]): string {
  return listText([...new Set(accounts.map((account) => personText(account)))].toSorted());
}
