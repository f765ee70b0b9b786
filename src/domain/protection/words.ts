/** Settings and weaknesses in words people read. */

import { ANYONE, type Place, type Setting, type SettingName, type SettingValue } from "./settings.ts";
import type { Weaker } from "./weakening.ts";

const NAMES: Readonly<Record<SettingName, string>> = {
  "check-required": "the check countersign is required",
  "pull-request-required": "a pull request is required",
  "approvals-required": "approvals GitHub itself requires",
  "code-owners-required": "a code owner's review is required",
  "last-push-approved": "the last push must be approved by someone else",
  "stale-approvals-dismissed": "approvals are dismissed when something is pushed",
  "other-checks-required": "other required checks",
  "force-push-allowed": "forced pushes are allowed",
  "deletion-allowed": "the branch may be deleted",
  "merge-queue": "the merge queue is required",
  "may-bypass-check": "who may merge past the check",
  "may-bypass-pull-request": "who may push past pull requests",
  enforcement: "enforcement",
  branches: "the branches it covers",
  rules: "its rules",
  "may-bypass": "who may bypass it",
  reviewers: "who must approve a deployment",
  "self-review-allowed": "whoever deploys may approve it",
  "admins-bypass": "administrators may skip the environment's rules",
  "deployable-branches": "which branches may be deployed",
  "wait-minutes": "minutes a deployment waits",
  "gate-apps": "Apps a deployment waits for",
  visibility: "who may read the repository",
  archived: "the repository is archived",
  "may-administer": "who may administer it",
  "may-maintain": "who may maintain it",
  "may-write": "who may write to it",
  teams: "the teams that have rights in it",
  owners: "who owns the organisation",
  "deploy-keys": "the deploy keys that may push to it",
  apps: "the Apps that have rights in it",
};

/** Returns what a setting is about. */
export function settingNameText(setting: SettingName): string {
  return NAMES[setting];
}

/** Returns a value in people's words. */
export function settingValueText(value: SettingValue | null): string {
  if (value === null) return "not observable";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string" || typeof value === "number") return String(value);
  return value.length === 0 ? "nobody" : value.join(", ");
}

/** Returns a weakening in one clause. */
export function weakerText({ setting, was, is }: Weaker): string {
  return `${settingNameText(setting)}: ${valueWords(setting, is)} (before: ${valueWords(setting, was)})`;
}

function valueWords(setting: SettingName, value: SettingValue): string {
  if (setting === "check-required" && typeof value === "string") return SOURCES[value] ?? value;
  const isOfThings = setting === "other-checks-required" || setting === "gate-apps";
  return isOfThings && Array.isArray(value) && value.length === 0 ? "none" : settingValueText(value);
}

/** Words of which source the required check is accepted. */
const SOURCES: Readonly<Record<string, string>> = {
  pinned: "yes, from this App only",
  "any-source": "yes, from any source",
};

/** Describes something weak as it is now, and what fixes it. */
export interface Weakness {
  readonly place: Place;
  readonly setting: SettingName;
  readonly weakness: string;
  readonly remedy: string;
}

const RULESET = "apply what `countersign ruleset` prints";

/** Returns what is weak in these settings of one repository, in their order. What cannot be observed is not called weak. */
export function weaknessesOf(settings: readonly Setting[]): readonly Weakness[] {
  const guarded = new Set(
    settings
      .filter(({ setting, value }) => GATES.includes(setting) && Array.isArray(value) && value.length > 0)
      .map(({ place }) => `${place.kind} ${place.id}`),
  );
  return settings.flatMap((each): Weakness[] => {
    const words = WORDS[each.setting]?.(each.value);
    if (words == null) return [];
    const { place } = each;
    // There is nothing to skip where an environment has no rules.
    if (OF_RULES.includes(each.setting) && !guarded.has(`${place.kind} ${place.id}`)) return [];
    return [{ place, setting: each.setting, weakness: words[0], remedy: words[1] }];
  });
}

const OF_RULES: readonly SettingName[] = ["admins-bypass", "self-review-allowed"];
const GATES: readonly SettingName[] = ["reviewers", "gate-apps"];

type WeaknessWords = readonly [weakness: string, remedy: string] | null;

const WORDS: Readonly<Partial<Record<SettingName, (value: SettingValue | null) => WeaknessWords>>> = {
  "check-required": (value) => {
    if (value === "no") return ["the check is not required: any change can be merged", RULESET];
    if (value !== "any-source") return null;
    return ["the check is required from any source: whoever may write can post one of that name", RULESET];
  },
  "pull-request-required": (value) =>
    value === false ? ["no pull request is required: whoever may write can push", RULESET] : null,
  "force-push-allowed": (value) =>
    value === true ? ["forced pushes are allowed: history can be rewritten", RULESET] : null,
  "deletion-allowed": (value) => (value === true ? ["the branch may be deleted", RULESET] : null),
  "may-bypass-check": (value) =>
    !Array.isArray(value) || value.length === 0 || value[0] === ANYONE
      ? null
      : [
          "some may merge past the check",
          "empty the bypass list, and declare an emergency where one is needed",
        ],
  "admins-bypass": (value) =>
    value === true
      ? [
          "administrators may skip the environment's rules",
          'turn off "Allow administrators to bypass configured protection rules" in the environment\'s settings',
        ]
      : null,
  "self-review-allowed": (value) =>
    value === true
      ? ["whoever deploys may approve it", 'turn on "Prevent self-review" in the environment\'s settings']
      : null,
};
