/** How many rows each stratum of a sample gives, by the steps of its paragraph and nothing else. Nothing here is imported from `src`. */

/** Names a stratum with its rows. */
export interface Stratum {
  readonly name: string;
  readonly rows: number;
}

const inName = (a: Stratum, b: Stratum): number => (a.name < b.name ? -1 : 1);

/** Divides a size as someone with paper would: shares as fractions of two whole numbers. */
export function quotasByHand(strata: readonly Stratum[], size: number): Readonly<Record<string, number>> {
  const quotas: Record<string, number> = {};
  const all = (some: readonly Stratum[]): number => some.reduce((sum, { rows }) => sum + rows, 0);
  if (size >= all(strata)) return Object.fromEntries(strata.map(({ name, rows }) => [name, rows]));
  // "Where the strata are as many as the size or more, the largest give one each (of equals, the first by name)."
  if (strata.length >= size) {
    const largest = strata.toSorted((a, b) => b.rows - a.rows || inName(a, b)).slice(0, size);
    return Object.fromEntries(largest.map(({ name }) => [name, 1]));
  }
  let [others, rest] = [strata, size];
  for (;;) {
    const total = all(others);
    const below = others.filter(({ rows }) => rest * rows < total);
    if (below.length === 0) break;
    // "Each whose share is below one gives one and is put aside. The rest of the size is shared by the others in the same way."
    for (const { name } of below) quotas[name] = 1;
    others = others.filter((each) => !below.includes(each));
    rest -= below.length;
  }
  const total = all(others);
  // "Then each gives the whole part of its share, and what is left goes one by one to the largest fractions."
  for (const { name, rows } of others) quotas[name] = Math.floor((rest * rows) / total);
  let left = rest - others.reduce((sum, { name }) => sum + (quotas[name] ?? 0), 0);
  const fraction = ({ name, rows }: Stratum): number => rest * rows - (quotas[name] ?? 0) * total;
  for (const { name } of others.toSorted((a, b) => fraction(b) - fraction(a) || inName(a, b))) {
    if (left === 0) break;
    quotas[name] = (quotas[name] ?? 0) + 1;
    left -= 1;
  }
  return quotas;
}
