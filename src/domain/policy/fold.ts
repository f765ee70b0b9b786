/** Folds the organisation's file and a repository's own into the policy in force. A repository's file can only add. */

import { isNoLonger, parseTerm, type Term } from "../time/calendar.ts";
import type { Instant } from "../time/instant.ts";
import { canonical } from "../values/digest.ts";
import { accessOf } from "./file/access.ts";
import { DEFAULT_EMERGENCY, writtenEmergency, type EmergencyPolicy } from "./file/emergency.ts";
import { exemptionOf, freezeOf, standardChangeOf } from "./file/waivers-and-freezes.ts";
import {
  calendarOf,
  controlsOf,
  linesFor,
  notificationOf,
  repositoriesOf,
  type About,
  type RepositoriesEntry,
} from "./file/organisation.ts";
import { type Policy, type PolicyFile, RECORD_PLACES, type RequiredCheckSchema } from "./file/policy.ts";
import { requirementOf } from "./file/requirement.ts";
import type { Infer } from "../values/schema.ts";

const DEFAULT_APPROVAL = { required: 1, from: { permission: "write" } } as const;
const DEFAULT_GATE_WAITS: Term = { unit: "hours", count: 24 };
const DEFAULT_ENVIRONMENTS: readonly string[] = ["production", "prod"];

/** Returns everything that limits emergencies by the minimum: the organisation's values, or the defaults where it has no file. */
export function emergencyMinimum(org: PolicyFile | null): Partial<EmergencyPolicy> {
  return org === null ? DEFAULT_EMERGENCY : writtenEmergency(org.emergency);
}

/** Returns the organisation's file for one repository: what it sets for that one replaces what it sets for all. */
export function forRepository(org: PolicyFile | null, about: About | null): PolicyFile | null {
  if (org === null || about === null) return org;
  const { mode, since } = boundBy(org, about).effect;
  return { ...org, ...(mode === undefined ? {} : { mode }), ...(since === undefined ? {} : { since }) };
}

/** What a line, or none, comes to for a repository at a moment. */
interface Effect {
  readonly mode: PolicyFile["mode"];
  readonly since: PolicyFile["since"];
  readonly out: Policy["outOfScope"] | null;
}

/** The line that applies to a repository; `laxer`: the line that its name and topics match now and that does not apply, or null. */
function boundBy(
  org: PolicyFile,
  about: About,
): { readonly effect: Effect; readonly laxer: RepositoriesEntry | null } {
  const lines = linesFor(repositoriesIn(org), about);
  const effects = lines.map((line) => effectOf(org, line, about.at));
  const effect = effects.reduce(stricter);
  const last = lines.at(-1) ?? null;
  const isHeld = lines.length > 1 && canonical(effects.at(-1)) !== canonical(effect);
  return { effect, laxer: isHeld ? last : null };
}

function effectOf(org: PolicyFile, line: RepositoriesEntry | null, at: Instant): Effect {
  const since = line?.since ?? null;
  // A mode with a date applies from that day; until then the repository is as all others.
  const holds = since === null || at >= Date.parse(`${since}T00:00:00Z`);
  return {
    mode: line?.mode != null && holds ? line.mode : org.mode,
    since: since ?? org.since,
    out: line?.scope === "out" ? { reason: line.reason ?? "", owner: line.owner ?? "" } : null,
  };
}

function stricter(a: Effect, b: Effect): Effect {
  return {
    mode: [a.mode, b.mode].includes("enforce") ? "enforce" : (a.mode ?? b.mode),
    since: [a.since, b.since].toSorted((one, other) => ((one ?? "") < (other ?? "") ? -1 : 1))[0],
    out: a.out === null || b.out === null ? null : a.out,
  };
}

/** Lists the lines of an organisation's file on some repositories. */
export function repositoriesIn(org: PolicyFile): readonly RepositoriesEntry[] {
  return (org.repositories ?? []).map(repositoriesOf);
}

/** Returns the policy in force of two files without problems, for a repository; null: there is no such file. */
export function fold(
  organization: PolicyFile | null,
  repo: PolicyFile | null,
  about: About | null = null,
): Policy {
  const org = forRepository(organization, about);
  const bound = organization === null || about === null ? null : boundBy(organization, about);
  const out = bound?.effect.out ?? null;
  const files = [org, repo].filter((file) => file !== null);
  const all = <Item>(of: (file: PolicyFile) => readonly Item[] | undefined): readonly Item[] =>
    files.flatMap((file) => of(file) ?? []);
  const minimum = org?.approval ?? (org !== null && repo?.approval !== undefined ? null : DEFAULT_APPROVAL);
  const approvals = [minimum, repo?.approval ?? null].filter((each) => each !== null).map(requirementOf);
  const branches = all((file) => file.production?.branches);
  // Where no organisation file exists the defaults are the minimum, which a repository adds to.
  const environments = [
    ...(org === null ? DEFAULT_ENVIRONMENTS : []),
    ...all((file) => file.production?.environments),
  ];
  const secretsOnly = secretsOnlyOf(org, environments.length > 0 ? environments : DEFAULT_ENVIRONMENTS);
  const reviews = repo?.approval?.["request-reviews"] ?? org?.approval?.["request-reviews"];
  return {
    mode: files.some((file) => file.mode === "enforce") ? "enforce" : "observe",
    production: {
      branches: branches.length > 0 ? unique(branches) : null,
      ...(org === null && branches.length > 0 ? { alsoDefaultBranch: true as const } : {}),
      environments: unique(environments.length > 0 ? environments : DEFAULT_ENVIRONMENTS),
      ...(org?.production?.not === undefined ? {} : { not: unique(org.production.not) }),
      ...(secretsOnly.length === 0 ? {} : { secretsOnly }),
      integration: unique(all((file) => file.production?.integration)),
      tags: unique(all((file) => file.production?.tags)),
      workflows: unique(all((file) => file.production?.workflows)),
      mergeBack: shortest(all((file) => termsOf(file.production?.["merge-back"]))),
      ...beforeMergeOf(org),
      gateWaits: shortest(all((file) => termsOf(file.production?.["gate-waits"]))) ?? DEFAULT_GATE_WAITS,
    },
    approvals: unlike(approvals),
    rules: all((file) => file.rules).map(({ name, when, approval }) => ({
      name,
      when,
      approval: requirementOf(approval),
    })),
    independence: files.some((file) => file.approval?.independence === "strict") ? "strict" : "every-commit",
    requestReviews: reviews === undefined ? null : { from: reviews.from, count: reviews.count ?? 1 },
    checks: unlike(
      all((file) => file.checks?.required).map((check) =>
        typeof check === "string" ? { name: check, app: null } : requiredCheck(check),
      ),
    ),
    records: unlike(
      files.flatMap(({ record }) =>
        record === undefined ? [] : [{ pattern: record.pattern, in: unique(record.in ?? RECORD_PLACES) }],
      ),
    ),
    sections: unique(all((file) => file.description?.sections)),
    standardChanges: (repo?.["standard-changes"] ?? org?.["standard-changes"] ?? []).map(standardChangeOf),
    exemptions: (org?.exemptions ?? []).map(exemptionOf),
    identities: org?.identities ?? [],
    emergency: emergencyOf(org, repo),
    unverifiable: {
      acceptedBy: repo?.unverifiable?.["accepted-by"] ??
        org?.unverifiable?.["accepted-by"] ?? { permission: "admin" },
    },
    deviations: {
      repository: org?.deviations?.repository ?? repo?.deviations?.repository ?? null,
      assignees: unique(all((file) => file.deviations?.assignees)),
      labels: unique(all((file) => file.deviations?.labels)),
      perDay: org?.deviations?.["per-day"] ?? repo?.deviations?.["per-day"] ?? 10,
    },
    ...(org?.access === undefined ? {} : { access: accessOf(org.access) }),
    controls: controlsOf(org?.controls),
    notifications: (org?.notifications ?? []).map(notificationOf),
    freezes: unlike(all((file) => file.freeze).map(freezeOf)),
    calendar: calendarOf(org?.calendar),
    monitoring: { owner: org?.monitoring?.owner ?? null, every: "month" },
    retention: { years: org?.retention?.years ?? null },
    repositories: (org?.repositories ?? []).map(repositoriesOf),
    periods: org?.periods ?? [],
    since: org?.since ?? null,
    ...(out === null ? {} : { outOfScope: out }),
    ...(bound?.laxer == null ? {} : { laxerLine: bound.laxer }),
  };
}

function emergencyOf(org: PolicyFile | null, repo: PolicyFile | null): EmergencyPolicy {
  const minimum = emergencyMinimum(org);
  const own = writtenEmergency(repo?.emergency);
  return {
    ...DEFAULT_EMERGENCY,
    ...minimum,
    ...own,
    blockNextWhileOverdue: own.blockNextWhileOverdue === true || minimum.blockNextWhileOverdue === true,
  };
}

/** What any file, or the default, names as production by its whole name is not only for its secrets. */
function secretsOnlyOf(org: PolicyFile | null, environments: readonly string[]): readonly string[] {
  const production = new Set(environments.map((each) => each.toLowerCase()));
  const written = (org?.production?.["secrets-only"] ?? []).map((each) => each.toLowerCase());
  return unique(written).filter((each) => !production.has(each));
}

/** Deploying before a merge is the organisation's to allow. */
function beforeMergeOf(org: PolicyFile | null): Pick<Policy["production"], "beforeMerge"> {
  const written = org?.production?.["before-merge"];
  const within = written === undefined ? null : parseTerm(written.within);
  if (written === undefined || within === null) return {};
  return { beforeMerge: { environments: unique(written.environments), within } };
}

function termsOf(text: string | undefined): readonly Term[] {
  const term = text === undefined ? null : parseTerm(text);
  return term === null ? [] : [term];
}

/** The shortest of some terms, as far as they can be compared: a repository may only set a shorter one. */
function shortest(terms: readonly Term[]): Term | null {
  return terms.reduce<Term | null>(
    (least, each) => (least === null || isNoLonger(each, least) ? each : least),
    null,
  );
}

function unique<Value extends string>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}

function unlike<Value>(values: readonly Value[]): readonly Value[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const key = canonical(value);
    return !seen.has(key) && seen.add(key);
  });
}

/** Keys that a file does not set for a check are left out, so that the policy reads as it always did. */
function requiredCheck({
  name,
  app,
  workflow,
  event,
}: Exclude<Infer<typeof RequiredCheckSchema>, string>): Policy["checks"][number] {
  return {
    name,
    app: app ?? null,
    ...(workflow === undefined ? {} : { workflow }),
    ...(event === undefined ? {} : { event }),
  };
}
