/** The known word that someone probably meant. */

import { distance } from "fastest-levenshtein";

/** Returns the known word nearest to a misspelt one, compared without case; null where none is near. */
export function nearestWord(word: string, known: readonly string[]): string | null {
  const best = known
    .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far)[0];
  return best !== undefined && best.far <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : null;
}
