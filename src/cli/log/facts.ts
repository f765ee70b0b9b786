/** Facts of the evidence log as a snapshot that can be assessed again elsewhere. */

import { sinceOf } from "../../flows/policy/current-policy.ts";
import { repositoryOnRecord } from "../../flows/records/named-repository.ts";
import type { EntryKind, LoggedEntry } from "../../domain/records/entry.ts";
import { ENTRY_KINDS } from "../../domain/records/entry.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { GateRecord } from "../../domain/records/change.ts";
import type { Snapshot } from "../../domain/assessment/snapshot.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { UsageError } from "../terminal/answer.ts";
import { recordedPolicy } from "../../flows/records/recorded-policy.ts";

/** `OWNER/REPO#N`. */
const PULL = /^([\w.-]+)\/([\w.-]+)#(\d+)$/u;

/** Describes a pull request as it is written on the command line. */
export interface PullName {
  readonly owner: string;
  readonly name: string;
  readonly number: number;
}

/** Reads `OWNER/REPO#N`. Throws UsageError. */
export function pullNamed(text: string): PullName {
  const [, owner, name, number] = PULL.exec(text) ?? [];
  if (owner === undefined || name === undefined) {
    throw new UsageError(`"${text}" is not a pull request: write OWNER/REPO#N, for example acme/web#7.`);
  }
  return { owner, name, number: Number(number) };
}

/** Returns a subject's newest entry by its name or, except for `gate`, an unambiguous beginning of it. Throws UsageError. */
export async function entryNamed(ledger: Ledger, kind: string, subject: string): Promise<LoggedEntry> {
  const known = ENTRY_KINDS.find((each) => each === kind);
  if (known === undefined)
    throw new UsageError(`"${kind}" is not a kind of entry. The kinds: ${ENTRY_KINDS.join(", ")}.`);
  // Pull request 1 is not the beginning of pull request 12.
  if (known === "gate") return gateNamed(ledger, subject);
  return (await ledger.state(known, subject)) ?? startingWith(ledger, known, subject);
}

/** Returns the last assessment of a pull request, OWNER/REPO#N or the subject of its entry. Throws UsageError. */
export async function gateNamed(ledger: Ledger, name: string): Promise<LoggedEntry<"gate">> {
  const subject = PULL.test(name) ? await gateSubject(ledger, pullNamed(name)) : name;
  const entry = await ledger.state("gate", subject);
  if (entry === undefined) throw new UsageError(`The evidence log has no check of ${name}.`);
  return entry;
}

async function startingWith(ledger: Ledger, kind: EntryKind, prefix: string): Promise<LoggedEntry> {
  const found: LoggedEntry[] = [];
  for await (const entry of ledger.states(kind, { everyOrganization: true, subjectPrefix: prefix })) {
    found.push(entry);
    if (found.length > 1)
      throw new UsageError(`More than one ${kind} begins with ${prefix}: give more of its name.`);
  }
  const [only] = found;
  if (only === undefined) throw new UsageError(`The evidence log has no ${kind} ${prefix}.`);
  return only;
}

async function gateSubject(ledger: Ledger, pull: PullName): Promise<string> {
  const called = `${pull.owner}/${pull.name}`;
  const met = await repositoryOnRecord({ ledger }, called);
  if (met === null) throw new UsageError(`The evidence log has no repository ${called}.`);
  return `${met.repository.id}#${pull.number}`;
}

/** Returns the facts on which a `gate`, `change` or `deployment` was assessed. Throws UsageError where the log lacks some. */
export async function snapshotOf(ledger: Ledger, entry: LoggedEntry, appId: number): Promise<Snapshot> {
  switch (entry.kind) {
    case "gate":
      return gateSnapshot(ledger, entry, appId);
    case "change": {
      const { change, emergencies } = entry.body;
      const policy = await policyThen(ledger, entry);
      const since = await sinceThen(ledger, entry, policy);
      return {
        moment: "landed",
        subject: { change, ...kept(emergencies) },
        policy,
        appId,
        at: change.update.at,
        since,
      };
    }
    case "deployment": {
      const { deployment, emergencies } = entry.body;
      const policy = await policyThen(ledger, entry);
      const since = await sinceThen(ledger, entry, policy);
      return {
        moment: "deployed",
        subject: { deployment, ...kept(emergencies) },
        policy,
        appId,
        at: deployment.succeededAt,
        since,
      };
    }
    default:
      throw new UsageError(
        `A ${entry.kind} is not assessed: only a gate, a change or a deployment has facts.`,
      );
  }
}

async function gateSnapshot(ledger: Ledger, entry: LoggedEntry<"gate">, appId: number): Promise<Snapshot> {
  const { pulls, assessment, check, emergencies } = entry.body;
  if (assessment.results.length === 0) {
    throw new UsageError("It was not assessed, because its base was not a production branch.");
  }
  const policy = await policyThen(ledger, entry);
  const common = { policy, appId, at: entry.recordedAt, since: await sinceThen(ledger, entry, policy) };
  const [pull] = pulls;
  if (pull !== undefined && entry.subject.includes("#")) {
    return { moment: "gate", subject: { pull, ...kept(emergencies) }, ...common };
  }
  const checks = assessment.results.find(({ control }) => control === "checks-passed");
  if (checks !== undefined && checks.outcome !== "not-applicable") {
    throw new UsageError(
      "The log lacks the checks of a merge group. Show the change that it became instead.",
    );
  }
  return {
    moment: "group",
    subject: { pulls, sha: check.headSha, checks: [], ...kept(emergencies) },
    ...common,
  };
}

function kept(emergencies: GateRecord["emergencies"]): Pick<GateRecord, "emergencies"> {
  return emergencies === undefined ? {} : { emergencies };
}

/** Returns the policy of an assessment. The log holds only the problems of a broken or unreadable one. */
async function policyThen(
  ledger: Ledger,
  { organizationId, body }: LoggedEntry<"gate" | "change" | "deployment">,
): Promise<PolicyInForce> {
  const { policyDigest, results } = body.assessment;
  if (policyDigest !== "") {
    const record = await recordedPolicy({ ledger }, organizationId, policyDigest);
    if (record === null) throw new UsageError(`The evidence log has no policy ${policyDigest}.`);
    return { state: "known", record };
  }
  const [first] = results;
  if (first?.cause === "policy-unreadable") {
    return {
      state: "unreadable",
      because: (first.reasons[0] ?? "").replace(/^.*? could not be read: /u, ""),
    };
  }
  const problems = (first?.reasons.slice(1) ?? []).map((reason) => {
    const [, file = "", line = "1", message = reason] = /^(.*?), line (\d+): (.*)$/su.exec(reason) ?? [];
    return { file, line: Number(line), column: 1, message };
  });
  return { state: "broken", problems };
}

async function sinceThen(ledger: Ledger, entry: LoggedEntry, policy: PolicyInForce): Promise<number> {
  const met = await ledger.state("repository", String(entry.repositoryId));
  if (met === undefined)
    throw new UsageError("The evidence log has no start of observation for the repository.");
  const { installedFrom, scopedFrom } = met.body;
  const again = scopedFrom === undefined ? {} : { scopedFrom };
  return sinceOf({ since: installedFrom, ...again }, policy);
}
