/**
 * Conditions joined and denied, written as briefly as a person would: what adds nothing goes, doubles go, lists of one
 * kind become one.
 */

import type { When } from "../policy/file/when.ts";

/** Describes a condition, or one that always or never holds. */
export type Condition = When | boolean;

/** Lists of which one entry is enough, so that two of them under `any-of` are one longer list. */
const LISTS = ["paths", "base", "head", "repository"] as const;

/** Returns the condition that holds where every one of these does. */
export function everyCondition(conditions: readonly Condition[]): Condition {
  if (conditions.includes(false)) return false;
  const parts = unlike(conditions.flatMap((each) => (typeof each === "boolean" ? [] : partsOf(each))));
  // Of several conditions one is enough: where that is written by itself, the others add nothing.
  const others = parts.filter(
    (part) =>
      part.not === undefined &&
      part["any-of"]?.some((each) => partsOf(each).every((it) => it !== part && includes(parts, it))) !==
        true,
  );
  // "This, and not this with that" is "this, and not that".
  const denied = parts.flatMap(({ not }) =>
    not === undefined ? [] : [everyCondition(partsOf(not).filter((part) => !includes(others, part)))],
  );
  const none = negated(anyCondition(denied));
  if (none === false) return false;
  const all = [...others, ...(none === true ? [] : [none])];
  const first: When[] = [];
  const again: When[] = [];
  for (const part of all) {
    const key = Object.keys(part)[0] ?? "";
    (first.some((each) => key in each) ? again : first).push(part);
  }
  if (first.length === 0) return true;
  return { ...(Object.assign({}, ...first) as When), ...(again.length === 0 ? {} : { "all-of": again }) };
}

/** Returns the condition that holds where one of these does. */
export function anyCondition(conditions: readonly Condition[]): Condition {
  if (conditions.includes(true)) return true;
  const each = unlike(
    conditions.flatMap((one) => (typeof one === "boolean" ? [] : (only(one, "any-of") ?? [one]))),
  );
  if (each.some((one) => one.not !== undefined && only(one, "not") !== null && includes(each, one.not)))
    return true;
  // What requires more than another of them adds nothing.
  const needed = each.filter((one) => !each.some((other) => other !== one && isPartOf(other, one)));
  const joined = LISTS.reduce<readonly When[]>(together, needed);
  const [first, ...more] = joined;
  if (first === undefined) return false;
  return more.length === 0 ? first : { "any-of": joined };
}

/** Returns the condition that holds where this one does not. */
export function negated(condition: Condition): Condition {
  if (typeof condition === "boolean") return !condition;
  return only(condition, "not") ?? { not: condition };
}

/** The value under a key, where a condition has no other key. */
function only<Key extends "any-of" | "not">(when: When, key: Key): When[Key] | null {
  const value = when[key];
  return value !== undefined && Object.keys(when).length === 1 ? value : null;
}

/** The conditions written together in one, each by itself. */
function partsOf(when: When): readonly When[] {
  return Object.entries(when).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return key === "all-of" ? (when["all-of"] ?? []).flatMap(partsOf) : [{ [key]: value }];
  });
}

function together(each: readonly When[], key: (typeof LISTS)[number]): readonly When[] {
  const lists = each.filter((one) => one[key] !== undefined && Object.keys(one).length === 1);
  if (lists.length < 2) return each;
  const whole = { [key]: unlike(lists.flatMap((one) => one[key] ?? [])) } as When;
  return each.flatMap((one) => {
    if (one === lists[0]) return [whole];
    return lists.includes(one) ? [] : [one];
  });
}

/** Whether every part of a condition is in another, which then holds only where it does. */
function isPartOf(small: When, large: When): boolean {
  const parts = partsOf(large);
  return partsOf(small).every((part) => includes(parts, part));
}

function includes(list: readonly When[], when: When): boolean {
  const text = JSON.stringify(when);
  return list.some((each) => JSON.stringify(each) === text);
}

/** Returns the values, each only once. */
export function unlike<Value>(values: readonly Value[]): readonly Value[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = JSON.stringify(value);
    return !seen.has(text) && seen.add(text);
  });
}
