/** Figures as pages write them. */

/** Returns how many of how many, with the share in per cent. */
export function share(numerator: number, denominator: number, none = "applies to none"): string {
  return denominator === 0
    ? none
    : `${numerator} of ${denominator} (${((100 * numerator) / denominator).toFixed(1)} %)`;
}
