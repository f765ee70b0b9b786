/** What changed from one period to the next, read from what a package counts of each. */

import type { RolledUp, ShownRow } from "./figures.ts";

/** Describes two periods that follow one another, and what is not the same in them. */
export interface Between {
  readonly from: string;
  readonly to: string;
  readonly says: readonly string[];
}

/** Returns what changed between each two periods that follow one another. */
export function betweenPeriods({ periods, trend }: RolledUp): readonly Between[] {
  return periods.slice(1).flatMap((now, index) => {
    const before = periods[index];
    if (before === undefined) return [];
    const says = [
      policiesText(before, now),
      ...controlsTexts(trend, before, now),
      repositoriesText(before, now),
      keyText(before, now),
    ].filter((each) => each !== null);
    return [{ from: before["period"] ?? "", to: now["period"] ?? "", says }];
  });
}

function policiesText(before: ShownRow, now: ShownRow): string | null {
  const [old, own] = [words(before["policies"]), words(now["policies"])];
  if (old.length === 0 || own.length === 0)
    return `Policies: nothing was judged in ${[before, now]
      .filter((row) => row["policies"] === "")
      .map((row) => row["period"] ?? "")
      .join(" and ")}, so nothing is compared.`;
  const [added, gone] = [without(own, old), without(old, own)];
  if (added.length + gone.length === 0) return null;
  const shown = (digests: readonly string[]): string =>
    digests.length === 0 ? "none" : digests.map((digest) => digest.slice(0, 12)).join(", ");
  return `Policies that judged something first: ${shown(added)}; no longer: ${shown(gone)} (beginnings of their digests; policies/index.csv).`;
}

function controlsTexts(trend: readonly ShownRow[], before: ShownRow, now: ShownRow): readonly string[] {
  const of = (period: ShownRow): ReadonlyMap<string, ShownRow> =>
    new Map(trend.filter((row) => row["from"] === period["from"]).map((row) => [row["control"] ?? "", row]));
  const [old, own] = [of(before), of(now)];
  const where = (is: (then: ShownRow, now: ShownRow) => boolean): readonly string[] =>
    [...own].flatMap(([control, row]) => {
      const then = old.get(control);
      return then !== undefined && is(then, row) ? [control] : [];
    });
  const added = where((then, row) => then["required"] === "no" && row["required"] === "yes");
  const gone = where((then, row) => then["required"] === "yes" && row["required"] === "no");
  const changed = where(
    (then, row) =>
      then["required"] === row["required"] && row["required"] === "yes" && then["setting"] !== row["setting"],
  );
  return [
    ...(added.length === 0 ? [] : [`Controls required first: ${added.join(", ")}.`]),
    ...(gone.length === 0 ? [] : [`Controls required no longer: ${gone.join(", ")}.`]),
    ...(changed.length === 0 ? [] : [`Controls with other settings in the policies: ${changed.join(", ")}.`]),
  ];
}

function repositoriesText(before: ShownRow, now: ShownRow): string | null {
  const items = (row: ShownRow): readonly string[] =>
    (row["repositories"] ?? "").split(" | ").filter((each) => each !== "");
  const [added, gone] = [without(items(now), items(before)), without(items(before), items(now))];
  const named = (all: readonly string[]): string =>
    all.length === 0 ? "none" : all.map((each) => each.slice(each.indexOf(";") + 1)).join(", ");
  return added.length + gone.length === 0
    ? null
    : `Repositories that came into scope: ${named(added)}; that left it: ${named(gone)}.`;
}

function keyText(before: ShownRow, now: ShownRow): string | null {
  const [old = "", own = ""] = [before["key_id"], now["key_id"]];
  if (old === own || old === "" || own === "") return null;
  return `The packages handed over were signed with other keys: ${old}, then ${own}.`;
}

function words(cell = ""): readonly string[] {
  return cell.split(" ").filter((each) => each !== "");
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  return all.filter((each) => !others.includes(each));
}
