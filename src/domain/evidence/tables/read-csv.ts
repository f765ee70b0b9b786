/** Reading CSV strictly as the package writes it: RFC 4180, CRLF, header first. */

/** Reports that a CSV text is not of the one form; the message names the place. */
export class CsvProblem extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

function isMark(character: number): boolean {
  return (
    character <= COMMA &&
    (character === COMMA || character === QUOTE || character === CARRIAGE_RETURN || character === LINE_FEED)
  );
}

/**
 * Reads the rows of a CSV text given in chunks. Throws {@link CsvProblem} on a bare line feed, a stray quote or an unfinished last row.
 * Holds one row.
 */
export class CsvRows {
  #state: "start" | "plain" | "quoted" | "quote" | "return" = "start";
  #cell = "";
  #row: string[] = [];
  #count = 0;

  /** The rows that a further chunk completes. */
  *push(chunk: string): Iterable<readonly string[]> {
    let from = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      if (this.#state === "quoted") {
        const end = chunk.indexOf('"', index);
        if (end === -1) break;
        index = end;
        this.#cell += chunk.slice(from, index);
        this.#state = "quote";
        from = index + 1;
        continue;
      }
      const character = chunk.charCodeAt(index);
      if (this.#state === "return") {
        if (character !== LINE_FEED) throw this.#problem("has a carriage return without a line feed");
        this.#state = "start";
        this.#count += 1;
        const row = this.#row;
        this.#row = [];
        yield row;
      } else if (character === QUOTE) {
        if (this.#state === "plain") throw this.#problem("has a quote inside an unquoted cell");
        if (this.#state === "quote") this.#cell += '"';
        this.#state = "quoted";
      } else if (character === COMMA || character === CARRIAGE_RETURN) {
        if (this.#state === "plain") this.#cell += chunk.slice(from, index);
        this.#row.push(this.#cell);
        this.#cell = "";
        this.#state = character === COMMA ? "start" : "return";
      } else if (character === LINE_FEED) {
        throw this.#problem("has a line feed without a carriage return");
      } else if (this.#state === "quote") {
        throw this.#problem("has text after a quoted cell");
      } else {
        if (this.#state === "start") from = index;
        this.#state = "plain";
        // Most of a text is this.
        while (index + 1 < chunk.length && !isMark(chunk.charCodeAt(index + 1))) index += 1;
        continue;
      }
      from = index + 1;
    }
    if (this.#state === "plain" || this.#state === "quoted") this.#cell += chunk.slice(from);
  }

  /** Marks that no chunk follows. */
  end(): void {
    if (this.#state !== "start" || this.#row.length > 0) throw this.#problem("does not end with a line end");
  }

  #problem(what: string): CsvProblem {
    return new CsvProblem(`row ${this.#count} ${what}`);
  }
}
