/** Compares two readings of a repository: which protects less, and where. Pure; each setting has its own order. */

import { z } from "zod";
import { canonical } from "../values/digest.ts";
import {
  SettingValueSchema,
  SettingNameSchema,
  PlaceSchema,
  type Setting,
  type SettingName,
  type SettingValue,
  ANYONE,
  bypasserText,
  settingsOf,
} from "./settings.ts";
import { isUnobservable, type Protection, type SeenRuleset } from "./snapshot.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";

/** Describes {@link Weaker}. */
export const WeakerSchema = z.object({
  place: PlaceSchema,
  setting: SettingNameSchema,
  was: SettingValueSchema,
  is: SettingValueSchema,
});

/** Describes a setting that protects less than it did. */
export type Weaker = Infer<typeof WeakerSchema>;

/**
 * For each setting that has an order, whether the second value protects less than the first. Settings without one only
 * show a cause.
 */
const ORDERS: Readonly<Partial<Record<SettingName, (was: SettingValue, is: SettingValue) => boolean>>> = {
  "check-required": (was, is) => STRENGTH.indexOf(String(is)) < STRENGTH.indexOf(String(was)),
  "pull-request-required": lost,
  "approvals-required": fewer,
  "code-owners-required": lost,
  "last-push-approved": lost,
  "stale-approvals-dismissed": lost,
  "other-checks-required": missing,
  "force-push-allowed": gained,
  "deletion-allowed": gained,
  "may-bypass-check": added,
  "may-bypass-pull-request": added,
  reviewers: (was, is) => listOf(was).length > 0 && listOf(is).length === 0,
  "self-review-allowed": gained,
  "admins-bypass": gained,
  "deployable-branches": (was, is) => REACH.indexOf(String(is)) < REACH.indexOf(String(was)),
  "gate-apps": missing,
};

const STRENGTH = ["no", "any-source", "pinned"];
const REACH = ["any", "protected", "named"];

/** Returns whether `is` protects less than `was` in this setting. A setting that cannot be observed is never called weaker. */
export function isWeaker(setting: SettingName, was: SettingValue | null, is: SettingValue | null): boolean {
  if (was === null || is === null) return false;
  return ORDERS[setting]?.(was, is) ?? false;
}

/**
 * Returns what protects less in `later` than in `earlier`. A branch or environment met for the first time has nothing
 * to be compared with. `appId`: ours.
 */
export function weakened(earlier: Protection, later: Protection, appId: number): readonly Weaker[] {
  const [before, after] = [settingsOf(earlier, appId), settingsOf(later, appId)];
  const old = new Map(before.map((each) => [keyOf(each), each.value]));
  const now = new Set(after.map(keyOf));
  const changed = after.flatMap(({ place, setting, value: is }): Weaker[] => {
    const was = old.get(keyOf({ place, setting })) ?? null;
    // Where the check itself is no longer required, that is enough: nobody needs to bypass it.
    if (was === null || is === null || listOf(is).includes(ANYONE)) return [];
    return isWeaker(setting, was, is) ? [{ place, setting, was, is }] : [];
  });
  // An environment that is deleted comes back without its rules with the next deployment to it.
  const deleted = before.flatMap(({ place, setting, value: was }): Weaker[] => {
    const isGuard = place.kind === "environment" && (setting === "reviewers" || setting === "gate-apps");
    if (isUnobservable(later.environments) || !isGuard || now.has(keyOf({ place, setting })) || was === null)
      return [];
    return isWeaker(setting, was, []) ? [{ place, setting, was, is: [] }] : [];
  });
  return [...changed, ...deleted];
}

/**
 * Returns the key by which settings are compared: their name. An environment deleted and created again is the same to
 * those who deploy to it.
 */
export function keyOf({ place, setting }: Pick<Setting, "place" | "setting">): string {
  return `${place.kind} ${place.kind === "ruleset" ? place.id : place.name} ${setting}`;
}

/** Describes {@link WeakeningCause}. */
export const WeakeningCauseSchema = z.object({
  kind: z.enum(["ruleset", "classic-protection", "environment"]),
  owner: z.enum(["repository", "organization", "enterprise"]),
  /** GitHub's id of the ruleset or environment, or the branch's full name. */
  id: z.string(),
  name: z.string(),
  /** One clause completing "The ruleset x ...". */
  how: z.string(),
  /** GitHub's time of the change, where it keeps one. */
  at: InstantSchema.nullable(),
});

/** Describes what was changed so that it protects less: a ruleset, the classic protection of a branch, or an environment. */
export type WeakeningCause = Infer<typeof WeakeningCauseSchema>;

/** Returns what changed between two readings so that `weaker` came about; each weakened setting is under exactly one cause. */
export function causesOf(
  before: Protection,
  after: Protection,
  weaker: readonly Weaker[],
): readonly { readonly cause: WeakeningCause; readonly weaker: readonly Weaker[] }[] {
  const rulesets = rulesetChanges(before, after);
  const found = new Map<string, { readonly cause: WeakeningCause; readonly weaker: Weaker[] }>();
  for (const each of weaker) {
    const cause = each.place.kind === "branch" ? branchCause(before, rulesets, each) : ownCause(after, each);
    const key = `${cause.kind} ${cause.id}`;
    const known = found.get(key) ?? { cause, weaker: [] };
    known.weaker.push(each);
    found.set(key, known);
  }
  return [...found.values()];
}

function branchCause(
  before: Protection,
  rulesets: readonly WeakeningCause[],
  weaker: Weaker,
): WeakeningCause {
  const guards = before.branches.find(({ ref }) => ref === weaker.place.id)?.guards ?? [];
  // The ruleset that guarded this branch and was changed; an organisation's first, for it reaches furthest.
  const guarding = rulesets.filter(({ id }) => guards.some(({ source }) => source === `ruleset:${id}`));
  const [first] = guarding.toSorted((a, b) => REACHES.indexOf(a.owner) - REACHES.indexOf(b.owner));
  if (first !== undefined) return first;
  const { id, name } = weaker.place;
  if (guards.some(({ source }) => source === "classic"))
    return {
      kind: "classic-protection",
      owner: "repository",
      id,
      name,
      how: "was changed or removed",
      at: null,
    };
  return { kind: "ruleset", owner: "repository", id, name, how: "no longer covers the branch", at: null };
}

const REACHES = ["enterprise", "organization", "repository"];

function ownCause(after: Protection, { place }: Weaker): WeakeningCause {
  const environments = isUnobservable(after.environments) ? [] : after.environments;
  const seen = environments.find(({ name }) => name === place.name);
  const { id, name } = place;
  const how = seen === undefined ? "was deleted" : "was changed";
  return { kind: "environment", owner: "repository", id, name, how, at: seen?.updatedAt ?? null };
}

function rulesetChanges(before: Protection, after: Protection): readonly WeakeningCause[] {
  if (isUnobservable(before.rulesets)) return [];
  const now = isUnobservable(after.rulesets) ? [] : after.rulesets;
  return before.rulesets.flatMap((was): WeakeningCause[] => {
    const is = now.find(({ id }) => id === was.id);
    const how = is === undefined ? "was deleted" : howChanged(was, is);
    if (how === null) return [];
    const { id, name, owner } = was;
    return [{ kind: "ruleset", owner, id: String(id), name, how, at: is?.updatedAt ?? null }];
  });
}

/**
 * Lists rulesets over a production branch that were edited in a part that we may not see. It may be who can bypass
 * them.
 */
export function editedUnseen(before: Protection, after: Protection): readonly SeenRuleset[] {
  if (isUnobservable(before.rulesets) || isUnobservable(after.rulesets)) return [];
  const old = before.rulesets;
  const guarding = new Set(after.branches.flatMap(({ guards }) => guards.map(({ source }) => source)));
  const asked = (protection: Protection, id: number): string =>
    canonical(
      protection.branches.flatMap(({ guards }) => guards.filter(({ source }) => source === `ruleset:${id}`)),
    );
  return after.rulesets.filter((is) => {
    const was = old.find(({ id }) => id === is.id);
    if (was === undefined || was.updatedAt === is.updatedAt || !guarding.has(`ruleset:${is.id}`))
      return false;
    const isSame = canonical({ ...was, updatedAt: null }) === canonical({ ...is, updatedAt: null });
    return isSame && isUnobservable(is.bypassers) && asked(before, is.id) === asked(after, is.id);
  });
}

function howChanged(was: SeenRuleset, is: SeenRuleset): string | null {
  if (was.enforcement !== is.enforcement) {
    return is.enforcement === "disabled"
      ? "was disabled"
      : `was set from ${was.enforcement} to ${is.enforcement}`;
  }
  if (canonical(was.refs) !== canonical(is.refs)) return "was given other branches";
  const [passed, pass] = [was.bypassers, is.bypassers];
  if (!isUnobservable(passed) && !isUnobservable(pass)) {
    const more = pass.map(bypasserText).filter((each) => !passed.map(bypasserText).includes(each));
    if (more.length > 0) return `lets more pass it by: ${more.join(", ")}`;
  }
  return was.updatedAt === is.updatedAt && canonical(was.rules) === canonical(is.rules)
    ? null
    : "was given other rules";
}

function lost(was: SettingValue, is: SettingValue): boolean {
  return was === true && is === false;
}

function gained(was: SettingValue, is: SettingValue): boolean {
  return was === false && is === true;
}

function fewer(was: SettingValue, is: SettingValue): boolean {
  return typeof was === "number" && typeof is === "number" && is < was;
}

function missing(was: SettingValue, is: SettingValue): boolean {
  return listOf(was).some((each) => !listOf(is).includes(each));
}

function added(was: SettingValue, is: SettingValue): boolean {
  return listOf(is).some((each) => !listOf(was).includes(each));
}

function listOf(value: SettingValue): readonly string[] {
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
