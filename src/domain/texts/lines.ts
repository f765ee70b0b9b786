/** Lines of a text that comes in pieces. */

/**
 * Yields the lines of a text given in pieces. Only a line feed ends one, and what follows the last is left out. Holds
 * one line and one piece.
 */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncIterable<string> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
