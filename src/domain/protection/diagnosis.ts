/**
 * Diagnosis of a repository as it is set now: what cannot be prevented or seen, why, what fixes it, and what would
 * block an emergency.
 */

import type { Repository } from "../change/repository.ts";
import type { BaselineRecord } from "./record.ts";
import { settingsOf, type Setting } from "./settings.ts";
import { isUnobservable, type Protection } from "./snapshot.ts";
import { settingNameText, weaknessesOf } from "./words.ts";
import type { Instant } from "../time/instant.ts";

/** Describes one thing to know about a repository. `where`: its branch or environment, or empty. */
export interface ProtectionRemark {
  /** `only-seen`: nothing there could block it; that is no weakness where nobody requires more. */
  readonly kind: "not-prevented" | "only-seen" | "not-seen" | "holds-back-emergency";
  readonly where: string;
  readonly what: string;
  readonly remedy: string;
}

/** Holds everything to know about one repository. */
export interface Diagnosis {
  readonly repository: string;
  readonly readAt: Instant;
  readonly remarks: readonly ProtectionRemark[];
}

/** Describes a repository as last read. */
export interface ProtectionState {
  readonly repository: Repository;
  readonly protection: Protection;
}

/** Returns what applies to one repository. `appId`: ours. */
export function diagnose({ repository, protection }: ProtectionState, appId: number): Diagnosis {
  const settings = settingsOf(protection, appId);
  const where = ({ place }: Pick<Setting, "place">): string =>
    place.kind === "repository" ? "" : `${place.kind} ${place.name}`;
  return {
    repository: `${repository.owner}/${repository.name}`,
    readAt: protection.readAt,
    remarks: [
      ...weaknessesOf(settings).map((each): ProtectionRemark => {
        return { kind: "not-prevented", where: where(each), what: each.weakness, remedy: each.remedy };
      }),
      ...onlySeen(settings, where),
      ...notSeen(protection, settings, where),
      ...settings.flatMap((each): ProtectionRemark[] => {
        const held = HOLDS[each.setting]?.(each.value);
        if (held == null) return [];
        return [{ kind: "holds-back-emergency", where: where(each), what: held[0], remedy: held[1] }];
      }),
    ],
  };
}

/** Environments that let every deployment through at once. */
function onlySeen(
  settings: readonly Setting[],
  where: (setting: Pick<Setting, "place">) => string,
): readonly ProtectionRemark[] {
  const isNone = (id: string, setting: Setting["setting"]): boolean =>
    settings.some(
      ({ place, setting: name, value }) =>
        place.kind === "environment" &&
        place.id === id &&
        name === setting &&
        Array.isArray(value) &&
        value.length === 0,
    );
  return settings
    .filter(
      ({ place: { id }, setting }) =>
        setting === "reviewers" && isNone(id, "reviewers") && isNone(id, "gate-apps"),
    )
    .map((each): ProtectionRemark => ({
      kind: "only-seen",
      where: where(each),
      what: "the environment has no reviewers and no gate: deployments to it are judged once they happened",
      remedy:
        "turn on the App's gate or name reviewers in the environment's settings; for a private repository GitHub has both with GitHub Enterprise alone",
    }));
}

/** What GitHub does not show, once for each reason. */
function notSeen(
  { environments }: Protection,
  settings: readonly Setting[],
  where: (setting: Setting) => string,
): readonly ProtectionRemark[] {
  const reasons = new Map<string, Setting[]>();
  for (const each of settings) {
    // What is hidden as a whole is listed for its branches and for the environments.
    if (["ruleset", "repository"].includes(each.place.kind)) continue;
    if (each.value !== null || each.because === null) continue;
    reasons.set(each.because, [...(reasons.get(each.because) ?? []), each]);
  }
  const remarks = [...reasons].map(([because, hidden]): ProtectionRemark => {
    const places = [...new Set(hidden.map(where))].filter((each) => each !== "");
    const names = [...new Set(hidden.map(({ setting }) => settingNameText(setting)))];
    return {
      kind: "not-seen",
      where: places.join(", "),
      what: `${names.join("; ")}: ${because}`,
      remedy: remedyFor(because),
    };
  });
  if (!isUnobservable(environments)) return remarks;
  const because = environments.unobservable;
  return [...remarks, { kind: "not-seen", where: "environments", what: because, remedy: remedyFor(because) }];
}

function remedyFor(because: string): string {
  if (/plan of this organisation/u.test(because))
    return "a plan with this feature for private repositories; without it nothing can be required there, and it is only seen";
  if (/bypass a ruleset/u.test(because))
    return "look at the bypass list yourself: it should be empty. An edit of it is recorded as a gap when it happens";
  if (/permissions/u.test(because)) return "accept the App's permissions in the organisation's settings";
  return "nothing: GitHub has no way to show it";
}

type Held = readonly [what: string, remedy: string] | null;

const ONLY_IN_CHECK =
  "leave it to the check, which an authorised emergency passes (countersign ruleset says what to leave off)";

/** What of GitHub's own would stop a change that an authorised emergency lets through. */
const HOLDS: Readonly<Partial<Record<Setting["setting"], (value: Setting["value"]) => Held>>> = {
  "approvals-required": (value) =>
    typeof value === "number" && value > 0
      ? [
          `GitHub itself requires ${value} ${value === 1 ? "approval" : "approvals"}, also of an authorised emergency`,
          ONLY_IN_CHECK,
        ]
      : null,
  "code-owners-required": (value) =>
    value === true
      ? ["GitHub itself requires a code owner's review, also of an authorised emergency", ONLY_IN_CHECK]
      : null,
  "last-push-approved": (value) =>
    value === true ? ["GitHub itself requires someone else to approve the last push", ONLY_IN_CHECK] : null,
  "other-checks-required": (value) =>
    Array.isArray(value) && value.length > 0
      ? [
          `GitHub itself requires other checks (${value.join(", ")}): while they fail, an authorised emergency waits too`,
          "name them under `checks` in the policy instead: an emergency may waive them there",
        ]
      : null,
  "merge-queue": (value) =>
    value === true
      ? [
          "everything goes through the merge queue, also an authorised emergency",
          "keep the queue short, or let nobody jump it but by an emergency",
        ]
      : null,
  "wait-minutes": (value) =>
    typeof value === "number" && value > 0
      ? [
          `deployments wait ${value} ${value === 1 ? "minute" : "minutes"}, also in an emergency`,
          "make the wait no longer than an emergency may take, or let administrators bypass it and have that judged",
        ]
      : null,
  "deployable-branches": (value) =>
    value === "protected" || value === "named"
      ? [
          `only ${value} branches may be deployed there: a hotfix from another one is refused, also in an emergency`,
          "name the pattern of your hotfix branches in the environment's settings",
        ]
      : null,
  "gate-apps": (value) =>
    Array.isArray(value) && value.length > 0
      ? [`deployments wait for ${value.join(", ")}`, "know who can answer there in an emergency"]
      : null,
  reviewers: (value) =>
    Array.isArray(value) && value.length > 0
      ? [
          value.length === 1
            ? "deployments wait for the one reviewer there is"
            : `deployments wait for one of ${value.length} reviewers`,
          "make sure that a reviewer can be reached at any hour",
        ]
      : null,
};

const NAMES_KEPT = 10;

/**
 * Returns how an installation was protected when observation began, in one record: each weakness with how many
 * repositories have it.
 */
export function baselineOf(
  installationId: number,
  readings: readonly ProtectionState[],
  appId: number,
  at: Instant,
): BaselineRecord {
  const found = new Map<string, { readonly remedy: string; readonly names: Set<string> }>();
  for (const reading of readings) {
    const { repository, remarks } = diagnose(reading, appId);
    for (const { kind, what, remedy } of remarks) {
      if (kind !== "not-prevented") continue;
      const known = found.get(what) ?? { remedy, names: new Set<string>() };
      known.names.add(repository);
      found.set(what, known);
    }
  }
  return {
    installationId,
    at,
    repositories: readings.length,
    weaknesses: [...found]
      .map(([weakness, { remedy, names }]) => ({
        weakness,
        repositories: names.size,
        names: [...names].toSorted().slice(0, NAMES_KEPT),
        remedy,
      }))
      .toSorted((a, b) => b.repositories - a.repositories || (a.weakness < b.weakness ? -1 : 1)),
  };
}
