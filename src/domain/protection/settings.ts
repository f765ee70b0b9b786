/** A snapshot as single settings, each with the order that decides which of two values protects less. */

import { z } from "zod";
import { CHECK_NAME } from "../values/check-name.ts";
import type { Bypasser, Guard, Protection, SeenBranch, SeenEnvironment, SeenRuleset } from "./snapshot.ts";
import { isUnobservable } from "./snapshot.ts";
import type { Infer } from "../values/schema.ts";

/** Describes {@link Place}. */
export const PlaceSchema = z.object({
  kind: z.enum(["branch", "ruleset", "environment", "repository"]),
  /** Full ref name, or GitHub's id as text. */
  id: z.string(),
  name: z.string(),
});

/** Describes what a setting belongs to. `name` is what people call it; a branch's is without `refs/heads/`. */
export type Place = Infer<typeof PlaceSchema>;

/** Describes {@link SettingValue}. */
export const SettingValueSchema = z.union([z.string(), z.int(), z.boolean(), z.array(z.string())]);

/** Describes a setting's value: one word, number or yes and no, or the members of a list, sorted. */
export type SettingValue = Infer<typeof SettingValueSchema>;

/** Describes one setting as it was read. `value` null: it could not be, and `because` is the reason. */
export interface Setting {
  readonly place: Place;
  readonly setting: SettingName;
  readonly value: SettingValue | null;
  readonly because: string | null;
}

/** Describes {@link SettingName}. */
export const SettingNameSchema = z.enum([
  "check-required",
  "pull-request-required",
  "approvals-required",
  "code-owners-required",
  "last-push-approved",
  "stale-approvals-dismissed",
  "other-checks-required",
  "force-push-allowed",
  "deletion-allowed",
  "merge-queue",
  "may-bypass-check",
  "may-bypass-pull-request",
  "enforcement",
  "branches",
  "rules",
  "may-bypass",
  "reviewers",
  "self-review-allowed",
  "admins-bypass",
  "deployable-branches",
  "wait-minutes",
  "gate-apps",
  "visibility",
  "archived",
  "may-administer",
  "may-maintain",
  "may-write",
  "teams",
  "owners",
  "deploy-keys",
  "apps",
]);

/** Names the settings there are; docs/operations.md explains each. */
export type SettingName = Infer<typeof SettingNameSchema>;

/** Lists every setting of a snapshot, in a fixed order. `appId`: ours, that the check must be pinned to. */
export function settingsOf(protection: Protection, appId: number): readonly Setting[] {
  const { rulesets, branches, environments, visibility, archived } = protection;
  const place: Place = { kind: "repository", id: "whole", name: "" };
  return [
    { place, setting: "visibility", value: visibility, because: null },
    { place, setting: "archived", value: archived, because: null },
    ...branches.flatMap((branch) => branchSettings(branch, appId)),
    ...(isUnobservable(rulesets)
      ? [{ place, setting: "may-bypass" as const, value: null, because: rulesets.unobservable }]
      : rulesets.flatMap(rulesetSettings)),
    ...(isUnobservable(environments)
      ? [{ place, setting: "reviewers" as const, value: null, because: environments.unobservable }]
      : environments.flatMap(environmentSettings)),
  ];
}

/** How our check is required on a branch: from this App alone, from anyone, or not. */
type CheckRequired = "pinned" | "any-source" | "no";

function branchSettings(branch: SeenBranch, appId: number): readonly Setting[] {
  const { guards, unobservable } = branch;
  const place: Place = { kind: "branch", id: branch.ref, name: branch.ref.replace(/^refs\/heads\//u, "") };
  const pulls = guards.map((guard) => guard.pullRequest).filter((each) => each !== null);
  const ours = guards.filter((guard) => requires(guard, appId) !== "no");
  const pinned = guards.filter((guard) => requires(guard, appId) === "pinned");
  const check: CheckRequired = pinned.length > 0 ? "pinned" : ours.length > 0 ? "any-source" : "no";
  const others = guards.flatMap((guard) => guard.checks.map(({ name }) => name));
  const passBy = (all: readonly Guard[]): readonly string[] | null => whoPasses(all);
  const strong: Readonly<Record<string, SettingValue>> = {
    "check-required": "pinned",
    "pull-request-required": true,
    "code-owners-required": true,
    "last-push-approved": true,
    "stale-approvals-dismissed": true,
    "force-push-allowed": false,
    "deletion-allowed": false,
    "merge-queue": true,
  };
  // What a readable guard requires is known; what none of them requires may be required by one that cannot be read.
  const settingOf = (
    setting: SettingName,
    value: SettingValue | null,
    because: string | null = null,
  ): Setting =>
    unobservable !== null && value !== strong[setting]
      ? { place, setting, value: null, because: unobservable }
      : { place, setting, value, because: value === null ? because : null };
  return [
    settingOf("check-required", check),
    settingOf("pull-request-required", pulls.length > 0),
    settingOf("approvals-required", Math.max(0, ...pulls.map(({ approvals }) => approvals))),
    settingOf(
      "code-owners-required",
      pulls.some(({ codeOwners }) => codeOwners),
    ),
    settingOf(
      "last-push-approved",
      pulls.some(({ lastPush }) => lastPush),
    ),
    settingOf(
      "stale-approvals-dismissed",
      pulls.some(({ dismissStale }) => dismissStale),
    ),
    settingOf("other-checks-required", unique(others.filter((name) => name !== CHECK_NAME))),
    settingOf("force-push-allowed", !guards.some(({ forbidsForcePush }) => forbidsForcePush)),
    settingOf("deletion-allowed", !guards.some(({ forbidsDeletion }) => forbidsDeletion)),
    settingOf(
      "merge-queue",
      guards.some(({ mergeQueue }) => mergeQueue),
    ),
    settingOf(
      "may-bypass-check",
      check === "no" ? [ANYONE] : passBy(pinned.length > 0 ? pinned : ours),
      HIDDEN,
    ),
    settingOf(
      "may-bypass-pull-request",
      pulls.length === 0 ? [ANYONE] : passBy(guards.filter(({ pullRequest }) => pullRequest !== null)),
      HIDDEN,
    ),
  ];
}

/** Replaces a list of those who may bypass where nothing is required. */
export const ANYONE = "anyone who may write";

/** Explains why it cannot be seen who may bypass a ruleset. */
export const HIDDEN =
  "GitHub shows who may bypass a ruleset only to callers who may edit it, and this App never asks for that";

function requires(guard: Guard, appId: number): CheckRequired {
  const ours = guard.checks.filter(({ name }) => name === CHECK_NAME);
  if (ours.some(({ app }) => app === appId)) return "pinned";
  return ours.some(({ app }) => app === null) ? "any-source" : "no";
}

/** Who may pass all of these guards; null: it cannot be known. One guard that nobody passes is enough to be sure. */
function whoPasses(guards: readonly Guard[]): readonly string[] | null {
  const known = guards.map(({ bypassers }) =>
    isUnobservable(bypassers) ? null : bypassers.map(bypasserText),
  );
  const lists = known.filter((each) => each !== null);
  const common = lists.length === 0 ? null : lists.reduce((a, b) => a.filter((each) => b.includes(each)));
  if (common?.length === 0) return [];
  return lists.length < known.length || common === null ? null : unique(common);
}

/** Returns one who may bypass, as a word: `role:5`, `team:3001 (pull requests only)`. */
export function bypasserText({ kind, id, mode }: Bypasser): string {
  const who = id === null ? kind : `${kind}:${id}`;
  if (mode === "always") return who;
  return mode === "pull-request" ? `${who} (pull requests only)` : `${who} (without a trace)`;
}

function rulesetSettings(ruleset: SeenRuleset): readonly Setting[] {
  const place: Place = { kind: "ruleset", id: String(ruleset.id), name: ruleset.name };
  const { refs, bypassers } = ruleset;
  const settingOf = (setting: SettingName, value: SettingValue): Setting => ({
    place,
    setting,
    value,
    because: null,
  });
  return [
    settingOf("enforcement", ruleset.enforcement),
    refs === null
      ? { place, setting: "branches", value: null, because: "GitHub does not show its conditions" }
      : settingOf("branches", unique([...refs.include, ...refs.exclude.map((each) => `not ${each}`)])),
    settingOf("rules", unique(ruleset.rules)),
    isUnobservable(bypassers)
      ? { place, setting: "may-bypass", value: null, because: bypassers.unobservable }
      : settingOf("may-bypass", unique(bypassers.map(bypasserText))),
  ];
}

function environmentSettings(environment: SeenEnvironment): readonly Setting[] {
  const place: Place = { kind: "environment", id: String(environment.id), name: environment.name };
  const settingOf = (setting: SettingName, value: SettingValue): Setting => ({
    place,
    setting,
    value,
    because: null,
  });
  return [
    settingOf("reviewers", unique(environment.reviewers)),
    // Where nobody must approve, whoever deploys needs nobody else either.
    settingOf("self-review-allowed", environment.reviewers.length === 0 || !environment.preventsSelfReview),
    environment.adminsBypass === null
      ? {
          place,
          setting: "admins-bypass",
          value: null,
          because: "GitHub does not say it of this environment",
        }
      : settingOf("admins-bypass", environment.adminsBypass),
    settingOf("deployable-branches", environment.branches),
    settingOf("wait-minutes", environment.waitMinutes),
    environment.apps === null
      ? {
          place,
          setting: "gate-apps",
          value: null,
          because: "GitHub does not show this environment's own rules",
        }
      : settingOf("gate-apps", unique(environment.apps)),
  ];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted();
}
