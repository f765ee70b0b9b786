/** The policy in force, with whom its names meant when it was first read. */

import type { Instant } from "../domain/change.ts";
import { broughtBy, givenEntries } from "../domain/policy/brought.ts";
import { loginOf, type PolicyNames } from "../domain/policy/names.ts";
import type { Policy } from "../domain/policy/policy.ts";
import { policyInForce, withoutGate, type PolicyInForce } from "../domain/policy/tighten.ts";
import type { PolicyRecord, PolicySource } from "../domain/record.ts";
import type { Tools, Watched } from "./ports.ts";

/** The policy of two files as read, for a repository as of `at`. What its names mean is found out once and recorded with it. */
export async function policyOf(
  tools: Tools,
  watched: Watched,
  read: { readonly organization: PolicySource; readonly repository: PolicySource },
  at: Instant = tools.clock.now(),
): Promise<PolicyInForce> {
  const { name, topics = [] } = watched.repository;
  const found = policyInForce(read.organization, read.repository, { name, topics, at });
  const policy = tools.withoutGate === true ? withoutGate(found) : found;
  if (policy.state !== "known") return policy;
  const names = await namesOf(tools, watched, policy.record);
  if (names === null) return policy;
  return { state: "known", record: { ...policy.record, effective: { ...policy.record.effective, names } } };
}

async function namesOf(tools: Tools, watched: Watched, record: PolicyRecord): Promise<PolicyNames | null> {
  const logins = loginsIn(record.effective);
  if (logins.length === 0 && givenEntries(record.effective).length === 0) return null;
  return tools.github.lookups.rememberForever(`names:${record.digest}`, async () => {
    const entry = await tools.ledger.state("policy", record.digest);
    const recorded = entry === undefined ? undefined : (entry.body as PolicyRecord).effective.names;
    if (recorded !== undefined) return recorded;
    const found = await findOut(tools, watched, record, logins);
    const effective = { ...record.effective, names: found };
    await tools.ledger.record(
      {
        entries: [
          {
            kind: "policy",
            subject: record.digest,
            repositoryId: 0,
            organizationId: watched.repository.ownerId,
            at: tools.clock.now(),
            body: { ...record, effective } satisfies PolicyRecord,
          },
        ],
        actions: [],
      },
      tools.clock.now(),
      watched.fence,
    );
    return found;
  });
}

async function findOut(
  tools: Tools,
  watched: Watched,
  { organization, effective }: PolicyRecord,
  logins: readonly string[],
): Promise<PolicyNames> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { lookups } = tools.github;
  const accounts = [];
  for (const name of logins)
    accounts.push({ name, account: await tools.github.readAccount(octokit, name, lookups) });
  const entries = givenEntries(effective);
  // INVARIANT: only the organisation's file has such entries; a repository's repeats them word for word.
  if (entries.length === 0 || organization.state !== "found") return { accounts, brought: [] };
  const { repository, commit } = organization;
  const history = await lookups.rememberForever(`policy-history:${repository}:${commit}`, () =>
    tools.github.readPolicyHistory(octokit, repository, commit),
  );
  return { accounts, brought: entries.map((entry) => broughtBy(entry, history)) };
}

/** Every login a policy names where who is meant decides something. */
function loginsIn(policy: Policy): readonly string[] {
  const logins = [
    ...policy.standardChanges.flatMap(({ by }) => by.map(loginOf)),
    ...policy.identities.flatMap((identity) => identity.logins),
  ];
  return [...new Set(logins.flatMap((login) => (login === null ? [] : [login.toLowerCase()])))].toSorted();
}
