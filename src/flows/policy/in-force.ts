/** The policy in force, with whom its names meant when it was first read. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { provenanceOf, entryId, approvedEntries, hasEntry } from "../../domain/policy/entry-provenance.ts";
import { accessMeant } from "./access-names.ts";
import { namedForAccess } from "../../domain/policy/access-now.ts";
import { organizationsOwn } from "../../domain/policy/current.ts";
import { isGlob, matchesAny } from "../../domain/patterns/glob.ts";
import { nearestWord } from "../../domain/texts/nearest-word.ts";
import {
  doubtedFor,
  loginOf,
  ownerMeant,
  type EntryProvenance,
  type PolicyNames,
  type UnknownName,
} from "../../domain/policy/file/names.ts";
import type { People } from "../../domain/policy/file/people.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { leafRequirementsIn } from "../../domain/policy/file/requirement.ts";
import { repositoriesIn } from "../../domain/policy/fold.ts";
import {
  fitsLine,
  lineId,
  type About,
  type RepositoriesEntry,
} from "../../domain/policy/file/organisation.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import { refOf } from "../../domain/policy/scope.ts";
import { policyInForce, withoutGate, type PolicyInForce } from "../../domain/policy/tighten.ts";
import { namedIn } from "../../domain/policy/file/when.ts";
import { policySubject, type PolicyRecord, type PolicySource } from "../../domain/policy/record.ts";
import type { Overview } from "../../github/listings/overview.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor, Authority } from "../../domain/change/people.ts";
import { recordedPolicy } from "../records/recorded-policy.ts";

/** Returns the policy of two files as read, for a repository as of `at`. What its names mean is found out once and recorded with it. */
export async function policyOf(
  repo: Repo,
  read: { readonly organization: PolicySource; readonly repository: PolicySource },
  at: Instant = repo.now(),
): Promise<PolicyInForce> {
  const about = await aboutOf(repo, read.organization, at);
  const found = policyInForce(read.organization, read.repository, about);
  const policy = repo.withoutGate === true ? withoutGate(found) : found;
  if (policy.state !== "known") return policy;
  const names = await namesOf(repo, policy.record);
  if (names === null) return policy;
  return { state: "known", record: { ...policy.record, effective: { ...policy.record.effective, names } } };
}

/** Returns what shows which lines of the organisation's file are about a repository. They mean what they meant when first read. */
export async function aboutOf(repo: Repo, organization: PolicySource, at: Instant): Promise<About> {
  const { id, name, topics = [] } = repo.info;
  const about = { name, topics, at };
  if (organization.state !== "found") return about;
  const pins = await repo.github.lookups.rememberForever(
    `lines:${repo.info.ownerId}:${organization.blob}`,
    async () => {
      const parsed = parsePolicy(organization.text);
      return parsed.ok ? meantBy(repo, repositoriesIn(parsed.file).map(targetOfLine)) : [];
    },
  );
  if (pins.length === 0) return about;
  const { movedIn = false, metAs = about } = repo;
  return { ...about, id, pins, movedIn, metAs };
}

/** Returns the policy as it was at a commit, or is at the head of a branch. `seen`: what was seen of the files already. */
export async function policyAt(
  repo: Repo,
  commit: string,
  at = repo.now(),
  seen: Overview["policies"] = null,
): Promise<PolicyInForce> {
  const through = {
    installationId: repo.installationId,
    lookups: repo.github.lookups,
    witnesses: repo.witnesses(),
  };
  const read = await repo.github.policy(commit, through, seen);
  return policyOf(repo, read, at);
}

/**
 * Returns rights as read, without those resting on a name that changed hands since it was first read. Such a login, team or
 * organisation shows nothing about anyone, for or against.
 */
export async function trusted(
  repo: Repo,
  authorities: readonly Authority[],
  names: PolicyNames | undefined,
): Promise<readonly Authority[]> {
  if (names === undefined) return authorities;
  const held = new Set(authorities.flatMap(({ teams, organizations }) => [...teams, ...organizations]));
  const changed: string[] = [];
  for (const { name, id } of names.teams ?? [])
    if (held.has(name) && (await teamId(repo, name)) !== id) changed.push(name);
  for (const { name, id } of names.organizations ?? [])
    if (held.has(name) && (await accountNamed(repo, name))?.id !== (id ?? undefined)) changed.push(name);
  return authorities.map((authority) => {
    const doubted = [...(authority.doubted ?? []), ...doubtedFor(names, authority.actor)];
    return {
      ...authority,
      teams: authority.teams.filter((team) => !changed.includes(team)),
      organizations: authority.organizations.filter((each) => !changed.includes(each)),
      unread: [...authority.unread, ...changed],
      ...(doubted.length === 0 ? {} : { doubted: [...new Set(doubted)] }),
    };
  });
}

async function accountNamed(repo: Repo, name: string): Promise<Actor | null> {
  return repo.github.account(name);
}

/** Returns which accounts and which teams (`organisation/team`) these names mean today. */
export async function namesNow(
  repo: Repo,
  logins: readonly string[],
  teamNames: readonly string[],
): Promise<{
  readonly accounts: PolicyNames["accounts"];
  readonly teams: NonNullable<PolicyNames["teams"]>;
}> {
  const accounts = [];
  for (const name of logins) accounts.push({ name, account: await accountNamed(repo, name) });
  const teams = [];
  for (const name of teamNames) teams.push({ name, id: await teamId(repo, name) });
  return { accounts, teams };
}

async function teamId(repo: Repo, name: string): Promise<number | null> {
  return repo.github.teamId(name);
}

async function namesOf(repo: Repo, record: PolicyRecord): Promise<PolicyNames | null> {
  const logins = loginsIn(record.effective);
  const teams = teamsIn(record.effective);
  const organizations = organizationsIn(record.effective);
  const ofAccess = namedForAccess(record.effective);
  const named = [logins, teams, organizations, ownersIn(record.effective), ofAccess.logins, ofAccess.teams];
  const given = approvedEntries(record.effective).length + record.effective.repositories.length;
  if (named.flat().length + given === 0 && record.effective.access === undefined) return null;
  const isFinal = ({ brought: provenances }: PolicyNames): boolean =>
    provenances.every(({ openSince }) => openSince === undefined);
  const ask = async (): Promise<PolicyNames> => {
    const before = await recordedPolicy(repo, repo.info.ownerId, record.digest);
    const recorded = before?.effective.names;
    if (recorded !== undefined && isFinal(recorded)) return recorded;
    // Whom the names meant when they were first read is found out once.
    const found =
      recorded === undefined
        ? await findOut(repo, record, { logins, teams, organizations })
        : { ...recorded, brought: await provenancesOf(repo, record) };
    const effective = { ...record.effective, names: found };
    await repo.commit({
      entries: [
        {
          kind: "policy",
          subject: policySubject(repo.info.ownerId, record.digest),
          repositoryId: 0,
          organizationId: repo.info.ownerId,
          at: repo.now(),
          body: { ...record, effective } satisfies PolicyRecord,
        },
      ],
      actions: [],
    });
    return found;
  };
  return repo.github.lookups.rememberForever(
    `names:${policySubject(repo.info.ownerId, record.digest)}`,
    ask,
    isFinal,
  );
}

/** Returns when the push of a policy's commit was reported, where GitHub may not show all of it yet. Null: it does. */
export async function openSince(repo: Repo, commit: Sha): Promise<Instant | null> {
  const { ofRef, ofOwner } = repo.witnesses();
  const observed = [...(await ofRef(refOf(repo.info.defaultBranch))), ...(await ofOwner())];
  const pushes = observed.flatMap((each) =>
    each.kind === "pushed" || each.kind === "policy-pushed" ? [each] : [],
  );
  const at = Math.max(...pushes.filter(({ after }) => after === commit).map((each) => each.at));
  return repo.now() - at < SETTLING ? at : null;
}

/** How each entry that names who approved it came into the policy. */
async function provenancesOf(
  repo: Repo,
  { organization, repository, effective }: PolicyRecord,
): Promise<readonly EntryProvenance[]> {
  const { lookups } = repo.github;
  const sources = [organization, repository].filter((source) => source.state === "found");
  const provenances: EntryProvenance[] = [];
  for (const entry of approvedEntries(effective)) {
    const source = sources.find(({ text }) => hasEntry(text, entryId(entry)));
    // INVARIANT: an entry in force is in one of the files it was folded from.
    if (source === undefined) continue;
    const since = await openSince(repo, source.commit);
    const history = await lookups.rememberForever(
      `policy-history:${source.repository}:${source.commit}`,
      () => repo.github.policyHistory(source.repository, source.commit),
      () => since === null,
    );
    provenances.push(provenanceOf(entry, history, since));
  }
  return provenances;
}

async function findOut(
  repo: Repo,
  record: PolicyRecord,
  named: Readonly<Record<"logins" | "teams" | "organizations", readonly string[]>>,
): Promise<PolicyNames> {
  const { effective } = record;
  const { accounts, teams } = await namesNow(repo, named.logins, named.teams);
  const organizations = [];
  for (const name of named.organizations)
    organizations.push({ name, id: (await accountNamed(repo, name))?.id ?? null });
  const owners = await ownersMeant(repo, ownersIn(effective));
  const unknown = await unknownAmong(repo, { accounts, teams });
  const provenances = await provenancesOf(repo, record);
  const targets = [
    ...effective.exemptions.map(targetOfExemption),
    ...effective.repositories.map(targetOfLine),
  ];
  const repositories = await meantBy(repo, targets);
  return {
    accounts,
    ...(owners.length === 0 ? {} : { owners }),
    ...(effective.access === undefined
      ? {}
      : { access: await accessMeant(repo, record, await organizationPolicy(repo, repo.info.ownerId)) }),
    teams,
    ...(organizations.length === 0 ? {} : { organizations }),
    ...(repositories.length === 0 ? {} : { repositories }),
    brought: provenances,
    ...(unknown.length === 0 ? {} : { unknown }),
  };
}

/** An entry that is about some repositories. `single`: the name of the one it is about, where it names one. */
interface Target {
  readonly entry: string;
  readonly single: string | null;
  readonly fits: (repository: Repository) => boolean;
}

function targetOfExemption(exemption: Policy["exemptions"][number]): Target {
  const { repository: name } = exemption;
  return {
    entry: entryId(exemption),
    single: isGlob(name) ? null : name,
    fits: (repository) => matchesAny([name], repository.name, "lets"),
  };
}

function targetOfLine(line: RepositoriesEntry): Target {
  const { name, topic } = line;
  return {
    entry: lineId(line),
    single: name === null || topic !== null || isGlob(name) ? null : name,
    fits: ({ name: called, topics = [] }) => fitsLine(line, { name: called, topics }),
  };
}

/** Which repositories each entry means: those it meant when the same entry, word for word, was first read. */
async function meantBy(
  repo: Repo,
  targets: readonly Target[],
): Promise<NonNullable<PolicyNames["repositories"]>> {
  if (targets.length === 0) return [];
  const { ownerId, owner } = repo.info;
  const before = new Map<string, NonNullable<PolicyNames["repositories"]>[number]>();
  for await (const { body } of repo.ledger.states("policy", { organizationId: ownerId }))
    for (const each of body.effective.names?.repositories ?? [])
      if (!before.has(each.entry)) before.set(each.entry, each);
  const known: Repository[] = [];
  for await (const { body } of repo.ledger.states("repository", { organizationId: ownerId }))
    known.push(body.repository);
  const found = [];
  for (const { entry, single, fits } of targets) {
    const recorded = before.get(entry);
    if (recorded !== undefined) {
      found.push(recorded);
      continue;
    }
    // Of a single name GitHub itself is asked: its repository may not have been met yet.
    const named = single === null ? null : await repo.github.listed(owner, single);
    const isCalledSo = named?.repository.name.toLowerCase() === single?.toLowerCase();
    const meant = new Set([
      ...known.filter(fits).map(({ id }) => id),
      ...(named !== null && isCalledSo ? [named.repository.id] : []),
    ]);
    found.push({
      entry,
      meant: [...meant].toSorted((a, b) => a - b),
      known: known.map(({ id }) => id).toSorted((a, b) => a - b),
    });
  }
  return found;
}

/** Names of a policy, not yet in force, that mean nobody today. */
export async function unknownIn(repo: Repo, { effective }: PolicyRecord): Promise<readonly UnknownName[]> {
  const named = await namesNow(repo, loginsIn(effective), teamsIn(effective));
  return unknownAmong(repo, named);
}

/** Which names mean nobody, each with the nearest one there is. What GitHub does not let us look up is not among them. */
async function unknownAmong(
  repo: Repo,
  { accounts, teams = [] }: Pick<PolicyNames, "accounts" | "teams">,
): Promise<readonly UnknownName[]> {
  const unknown: UnknownName[] = [];
  for (const { name, id } of teams) {
    if (id !== null) continue;
    const known = await repo.github.teamNames(name.split("/")[0] ?? "");
    // Whose teams are not shown to us may have one we cannot see.
    if (known === null || known.includes(name)) continue;
    unknown.push({ kind: "team", name, near: nearestWord(name, known) });
  }
  for (const { name, account } of accounts) {
    // An app's name only lets pass: where there is none, nothing does.
    if (account !== null || name.endsWith("[bot]")) continue;
    const members = await repo.github.organizationMembers(repo.info.owner);
    const logins = (members ?? []).map(({ login }) => login);
    unknown.push({ kind: "user", name, near: nearestWord(name, logins) });
  }
  return unknown;
}

/** Every login a policy names where who is meant decides something. */
function loginsIn(policy: Policy): readonly string[] {
  const logins = [
    ...peopleIn(policy).flatMap(({ users }) => users ?? []),
    ...policy.standardChanges.flatMap(({ by }) => by.map(loginOf)),
    ...policy.identities.flatMap((identity) => identity.logins),
  ];
  return [...new Set(logins.flatMap((login) => (login === null ? [] : [login.toLowerCase()])))].toSorted();
}

/** Every login that owns a control. */
function ownersIn({ controls, monitoring }: Policy): readonly string[] {
  const owners = [monitoring.owner, ...Object.values(controls).map((each) => each.owner)];
  return [...new Set(owners.flatMap((login) => (login == null ? [] : [login.toLowerCase()])))].toSorted();
}

/** Whom these owners meant when they were first named: what the version before named too means whom it meant then. */
async function ownersMeant(
  repo: Repo,
  logins: readonly string[],
): Promise<NonNullable<PolicyNames["owners"]>> {
  if (logins.length === 0) return [];
  const before = await organizationPolicy(repo, repo.info.ownerId);
  const found = [];
  for (const name of logins) {
    const meant = ownerMeant(before?.effective.names, name);
    const id = meant === undefined ? ((await accountNamed(repo, name))?.id ?? null) : meant;
    found.push({ name, id });
  }
  return found;
}

/** Returns the policy that holds an organisation's rules alone, or else the one recorded last; null: none was read. */
export async function organizationPolicy(
  { ledger }: { readonly ledger: Pick<Tools["ledger"], "states"> },
  organizationId: number,
): Promise<PolicyRecord | null> {
  return organizationsOwn(await recordedPolicies({ ledger }, organizationId))?.body ?? null;
}

/** Returns every policy recorded in an organisation. */
export async function recordedPolicies(
  { ledger }: { readonly ledger: Pick<Tools["ledger"], "states"> },
  organizationId: number,
): Promise<readonly LoggedEntry<"policy">[]> {
  const found: LoggedEntry<"policy">[] = [];
  for await (const entry of ledger.states("policy", { organizationId })) found.push(entry);
  return found;
}

function teamsIn(policy: Policy): readonly string[] {
  const teams = peopleIn(policy).flatMap((each) => each.teams ?? []);
  return [...new Set(teams.map((team) => team.toLowerCase()))].toSorted();
}

function organizationsIn(policy: Policy): readonly string[] {
  const organizations = peopleIn(policy).flatMap((each) => each.organizations ?? []);
  return [...new Set(organizations.map((name) => name.toLowerCase()))].toSorted();
}

/** Everyone a policy delegates a decision to, or names. */
function peopleIn(policy: Policy): readonly Pick<People, "users" | "teams" | "organizations">[] {
  const { emergency, unverifiable } = policy;
  const trees = [...policy.approvals, ...policy.rules.map(({ approval }) => approval)];
  return [
    ...trees.flatMap(leafRequirementsIn).map(({ from }) => from),
    ...policy.rules.flatMap(({ when }) => namedIn(when)),
    emergency.authorisers,
    emergency.reviewers,
    ...(emergency.alone === null ? [] : [emergency.alone.from]),
    unverifiable.acceptedBy,
  ];
}
