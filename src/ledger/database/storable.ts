/** What a database holds of a text: whole characters, and none that ends a text for PostgreSQL. */

/** Returns the value as both stores hold it; in a text, halves of characters and NULs become U+FFFD. */
export function storable<T>(value: T): T | string {
  if (typeof value !== "string") return value;
  return value.isWellFormed() && !value.includes("\0")
    ? value
    : value.toWellFormed().replaceAll("\0", "\u{FFFD}");
}
