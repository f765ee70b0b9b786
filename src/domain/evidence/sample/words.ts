/** The sentences of a sample: how it was chosen, how to repeat the choice, what could not be filled, what was verified. */

import { listed } from "../../texts/wording.ts";
import type { CheckOutcome } from "../verify/checks.ts";
import { POPULATIONS } from "./choice.ts";
import type { Sample } from "./sample.ts";

/** Returns how the sample was chosen, so that anyone can repeat it. */
export function choiceWords({ of, how, chosen }: Sample): readonly string[] {
  const { path, id, one } = POPULATIONS[of];
  if ("ids" in how)
    return [
      `Whoever drew the sample named these ids; nothing was chosen by rank. They are in the order of the file of ids.`,
    ];
  const ranked = `Each ${one} is ranked by the SHA-256 of one text: the seed, the SHA-256 of ${path}, and its ${id}, with one space between. The ${id} is the first column. The digests are sorted as text.`;
  const first =
    how.stratify.length === 0
      ? ` The first ${chosen.length} are the sample. A larger size with the same seed keeps these and adds the next.`
      : "";
  const strata = `The strata are made of ${listed(how.stratify)}. The share of a stratum is the size, times its rows, divided by the rows of all strata. Each whose share is below one gives one and is put aside. The rest of the size is shared by the others in the same way, again and again, until no share is below one. Then each gives the whole part of its share, and what is left goes one by one to the largest fractions (of equals, the first by name). Where the strata are as many as the size or more, the largest give one each (of equals, the first by name). Each stratum gives the first of its own in rank.`;
  return [
    `${ranked}${first}`,
    ...(how.stratify.length === 0 ? [] : [strata]),
    `The digest of ${path} binds the choice to this population: another file gives another choice, even where it holds the same rows. It cannot show that the population was made before the seed was known. So receive the package first, note the SHA-256 of its manifest.dsse.json, and only then choose a seed.`,
  ];
}

/** Returns the commands that repeat a choice by seed without this program; null where ids were named. */
export function repeatCommands({ of, how, chosen }: Sample): string | null {
  if ("ids" in how) return null;
  const { path } = POPULATIONS[of];
  return [
    `seed='${how.seed.replaceAll("'", String.raw`'\''`)}'`,
    `population=$(sha256sum < ${path} | cut -c1-64)`,
    `grep -oE '^[0-9a-f]{64},' ${path} | tr -d , | while read -r id; do`,
    `  printf '%s %s %s' "$seed" "$population" "$id" | sha256sum | cut -c1-64 | tr '\\n' ' '; echo "$id"`,
    how.stratify.length === 0 ? `done | LC_ALL=C sort | head -n ${chosen.length}` : "done | LC_ALL=C sort",
  ].join("\n");
}

/** Returns notes on the sample: a size above the population, strata that give nothing. */
export function sampleNotes({
  of,
  how,
  population,
  strata,
}: Pick<Sample, "of" | "how" | "population" | "strata">): readonly string[] {
  const { one, path } = POPULATIONS[of];
  if (population === 0)
    return [`The population is empty: ${path} has no row, so there is nothing to sample.`];
  if ("ids" in how) return [];
  const without = strata.filter(({ chosen }) => chosen === 0);
  return [
    ...(how.size > population
      ? [`The size, ${how.size}, is larger than the population: all ${population} are in the sample.`]
      : []),
    ...(without.length === 0
      ? []
      : [
          `There are ${strata.length} strata and the size is ${how.size}: ${without.length} of them give no ${one}: ${without.map(({ name }) => name).join("; ")}.`,
        ]),
  ];
}

/** Returns what verification of the package came to, in one sentence. A package with defects is never sampled. */
export function verifiedWords(checks: readonly CheckOutcome[]): string {
  const passed = checks.filter(({ state }) => state === "passed").length;
  const others = checks.flatMap((check) =>
    check.state === "not-checked" ? [`${check.id} (${check.because})`] : [],
  );
  const rest = others.length === 0 ? "" : ` Not checked: ${others.join("; ")}.`;
  return `The package was verified when the sample was drawn: no defect was found, and ${passed} of ${checks.length} checks passed.${rest}`;
}
