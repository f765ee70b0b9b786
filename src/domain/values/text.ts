/** Texts from outside, changed so that everything that stores or sends them takes them. */

/** Returns the first `most` UTF-16 units of a text, well-formed: a character is kept whole or not at all. */
export function truncate(text: string, most: number): string {
  const cut = text.length > most ? text.slice(0, most).replace(/[\uD800-\uDBFF]$/u, "") : text;
  return cut.toWellFormed();
}

/** Returns a value with every half of a character in its texts replaced by U+FFFD. The value itself where there is none. */
export function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const made = items.map(wellFormed);
    return made.some((item, index) => item !== items[index]) ? made : value;
  }
  const entries = Object.entries(value);
  const made = entries.map(([key, item]) => [key.toWellFormed(), wellFormed(item)] as const);
  const isSame = made.every(
    ([key, item], index) => key === entries[index]?.[0] && item === entries[index][1],
  );
  return isSame ? value : Object.fromEntries(made);
}

/** Returns a text without marks that nobody sees. No control characters but line feeds and tabs, none that change the direction. */
export function visible(text: string): string {
  // Nearly every cell is such a text, which is cheaper to see than to look through for each of the others.
  if (/^[\n\t\x20-\x7e]*$/u.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/\r\n/gu, "\n")
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}

/** Returns JSON in which marks that nobody sees are written out; the value is the same. */
export function visibleJson(json: string): string {
  return json.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (mark) =>
    mark
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
