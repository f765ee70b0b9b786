/** Figures as pages write them. */

import { shareInWords } from "../domain/evidence/copies/first-page.ts";

/** Returns how many of how many, with the share in per cent. */
export function share(numerator: number, denominator: number, none?: string): string {
  return shareInWords({ numerator, denominator }, none);
}
