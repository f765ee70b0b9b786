/** The choice of a sample: by rank from a seed, in strata where wanted, or by ids that the auditor names. */

import { sha256 } from "../../values/digest.ts";
import { visible } from "../../values/text.ts";
import type { NumberedRow } from "./rows.ts";

/** Lists the populations, each with its file and the columns that name and date its rows. */
export const POPULATIONS = {
  changes: { path: "changes.csv", id: "change_id", at: "occurred_at", one: "change" },
  deployments: { path: "deployments.csv", id: "deployment_id", at: "succeeded_at", one: "deployment" },
} as const;

/** Names a population. */
export type PopulationName = keyof typeof POPULATIONS;

/** Lists the columns that strata may be made of. */
export const STRATUM_COLUMNS = ["repository", "verdict"] as const;

/** Names a column that strata are made of. */
export type StratumColumn = (typeof STRATUM_COLUMNS)[number];

/** Returns the columns that a text names, with commas between; `unknown`: the first word that names none. */
export function readStrata(text: string): {
  readonly strata: readonly StratumColumn[];
  readonly unknown: string | null;
} {
  const words = text.split(",").map((word) => word.trim());
  const unknown = words.find((word) => !STRATUM_COLUMNS.some((column) => column === word)) ?? null;
  return { strata: STRATUM_COLUMNS.filter((column) => words.includes(column)), unknown };
}

/** Describes a draw by seed. `digest`: SHA-256 of the population's file. */
export interface Draw {
  readonly size: number;
  readonly seed: string;
  readonly digest: string;
  readonly stratify: readonly StratumColumn[];
}

/** Describes one chosen row. `digest`: what it was ranked by; empty where the auditor named it. */
export interface ChosenItem {
  readonly rank: number;
  readonly digest: string;
  readonly id: string;
  readonly stratum: string;
}

/** A stratum. It has its rows in the population, and how many of them were chosen. */
interface Stratum {
  readonly name: string;
  readonly population: number;
  readonly chosen: number;
}

/** Names the columns of a sample as a file. */
export const SELECTION_COLUMNS = ["rank", "digest", "id", "stratum"] as const;

/** Returns one chosen row of a sample as a file. */
export function selectionRow({ rank, digest, id, stratum }: ChosenItem): readonly string[] {
  return [String(rank), digest, id, stratum];
}

/** Describes a choice. `strata`: by name; one called `all` without stratification. */
export interface Choice {
  readonly population: number;
  readonly chosen: readonly ChosenItem[];
  readonly strata: readonly Stratum[];
}

/** Returns why a text cannot be a seed; null where it can. Whoever repeats the choice must be able to type it. */
export function seedProblem(seed: string): string | null {
  if (seed === "") return "it is empty";
  if (seed.length > MOST_OF_SEED) return `it is longer than ${MOST_OF_SEED} characters`;
  if (seed !== seed.trim()) return "it begins or ends with a space";
  return visible(seed) === seed && !/[\n\t]/u.test(seed) ? null : "it has characters that nobody can see";
}

const MOST_OF_SEED = 200;

type Rows = () => AsyncIterable<NumberedRow>;
type Sorted = (lines: AsyncIterable<string>) => AsyncIterable<string>;

/** Returns the digest that ranks a row. It is the SHA-256 of seed, digest of the population and id, with a space between. */
export function rankDigest({ seed, digest }: Pick<Draw, "seed" | "digest">, id: string): string {
  return sha256(`${seed} ${digest} ${id}`);
}

/** Draws from a population, which is read twice and ranked on disk. Only what is chosen is held. */
export async function drawBySeed(
  of: PopulationName,
  rows: Rows,
  draw: Draw,
  sorted: Sorted,
): Promise<Choice> {
  const { id } = POPULATIONS[of];
  const sizes = new Map<string, number>();
  for await (const row of rows()) {
    const name = stratumOf(row, draw.stratify);
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  const quotas = allocate(sizes, draw.size);
  const ranked = (async function* () {
    for await (const row of rows())
      yield `${rankDigest(draw, row.cell(id))}\t${JSON.stringify([row.cell(id), stratumOf(row, draw.stratify)])}`;
  })();
  const open = new Map(quotas);
  const chosen: ChosenItem[] = [];
  for await (const line of sorted(ranked)) {
    const [digest = "", item = ""] = line.split("\t");
    const [name, stratum] = JSON.parse(item) as [string, string];
    const left = open.get(stratum) ?? 0;
    if (left === 0) continue;
    open.set(stratum, left - 1);
    chosen.push({ rank: chosen.length + 1, digest, id: name, stratum });
  }
  const strata = [...sizes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, population]) => ({ name, population, chosen: quotas.get(name) ?? 0 }));
  return { population: total(sizes), chosen, strata };
}

/** Finds the rows that the auditor named, in their order. `missing`: the ids that the population lacks. */
export async function findByIds(
  of: PopulationName,
  rows: Rows,
  ids: readonly string[],
): Promise<Choice & { readonly missing: readonly string[] }> {
  const wanted = new Set(ids);
  const found = new Set<string>();
  let population = 0;
  for await (const row of rows()) {
    population += 1;
    const id = row.cell(POPULATIONS[of].id);
    if (wanted.has(id)) found.add(id);
  }
  const chosen = [...wanted]
    .filter((id) => found.has(id))
    .map((id, index) => ({ rank: index + 1, digest: "", id, stratum: "all" }));
  return {
    population,
    chosen,
    strata: population === 0 ? [] : [{ name: "all", population, chosen: chosen.length }],
    missing: [...wanted].filter((id) => !found.has(id)),
  };
}

/** Returns the name of the stratum a row belongs to. */
function stratumOf(row: Pick<NumberedRow, "cell">, columns: readonly StratumColumn[]): string {
  return columns.length === 0 ? "all" : columns.map((name) => row.cell(name)).join(", ");
}

/**
 * Returns how many rows each stratum gives. All, where the size reaches the population; one from each of the largest, where
 * there are more strata than the size; else its share in proportion by largest remainder, and one where its share is below
 * one. Of equals, the first by name comes first.
 */
export function allocate(sizes: ReadonlyMap<string, number>, size: number): ReadonlyMap<string, number> {
  const strata = [...sizes].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (size >= total(sizes)) return new Map(strata);
  if (size <= strata.length)
    return new Map(
      strata
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, size)
        .map(([name]) => [name, 1]),
    );
  return proportional(strata, size);
}

function proportional(
  strata: readonly (readonly [string, number])[],
  size: number,
): ReadonlyMap<string, number> {
  let [shared, left] = [strata, size];
  const ones: (readonly [string, number])[] = [];
  for (;;) {
    const all = sum(shared);
    const below = shared.filter(([, own]) => own * left < all);
    if (below.length === 0) break;
    ones.push(...below.map(([name]) => [name, 1] as const));
    shared = shared.filter((each) => !below.includes(each));
    left -= below.length;
  }
  const all = sum(shared);
  const shares = shared.map(([name, own]) => ({
    name,
    whole: Math.floor((own * left) / all),
    remainder: (own * left) % all,
  }));
  const open = left - shares.reduce((count, { whole }) => count + whole, 0);
  const first = shares
    .toSorted((a, b) => b.remainder - a.remainder)
    .slice(0, open)
    .map(({ name }) => name);
  return new Map([
    ...ones,
    ...shares.map(({ name, whole }) => [name, whole + (first.includes(name) ? 1 : 0)] as const),
  ]);
}

function total(sizes: ReadonlyMap<string, number>): number {
  return sum([...sizes]);
}

function sum(strata: readonly (readonly [string, number])[]): number {
  return strata.reduce((count, [, own]) => count + own, 0);
}
