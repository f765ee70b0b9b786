/** JSON as GitHub writes it: ids of deliveries are integers of 64 bits, which no JavaScript number can hold. */

declare global {
  interface JSON {
    /** A piece of JSON to be written as it is. */
    rawJSON(text: string): unknown;
  }
}

/** A value as JSON; a bigint is written as a number, whatever its size. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Few answers hold a bigint, and to look at each value for one takes several times as long.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_, one: unknown) =>
      typeof one === "bigint" ? JSON.rawJSON(String(one)) : one,
    );
  }
}
