/** Literals that every text a regular expression finds must contain: searching for one first spares the expression. */

/**
 * Returns the longest literal that must be in a text for the expression (RE2's language) to be found in it. It is empty
 * where none is certain. INVARIANT: never a literal that a matching text could lack.
 */
export function literalIn(expression: string): string {
  // Flags may make it ignore case; some escapes make letters of what follows them; a sign may be two units long.
  if (/\(\?[^:]|\\[QpPx\d]|[^\x20-\x7e]/u.test(expression)) return "";
  const found: string[] = [];
  let run = "";
  let depth = 0;
  const end = (): void => {
    if (depth === 0) found.push(run);
    run = "";
  };
  for (let at = 0; at < expression.length; at += 1) {
    const sign = expression[at] ?? "";
    const next = expression[at + 1] ?? "";
    if (sign === "\\") {
      at += 1;
      // An escaped letter is a class or a place.
      if (/[a-z]/iu.test(next)) end();
      else if (depth === 0) run += next;
    } else if (sign === "[") {
      end();
      // A bracket that comes first in a class is a member of it.
      at = endOfClass(expression, at);
    } else if (sign === "(") {
      end();
      depth += 1;
    } else if (sign === ")") {
      end();
      depth -= 1;
    } else if (sign === "|") {
      if (depth === 0) return "";
      end();
    } else if (sign === "*" || sign === "?" || (sign === "{" && REPEAT.test(expression.slice(at)))) {
      // The letter before may be missing.
      run = run.slice(0, -1);
      end();
      if (sign === "{") at = expression.indexOf("}", at);
    } else if (sign === "+" || sign === "." || sign === "^" || sign === "$") end();
    else if (depth === 0) run += sign;
  }
  end();
  return found.reduce((longest, each) => (each.length > longest.length ? each : longest), "");
}

/** How often, in braces; any other brace is a letter like any other. */
const REPEAT = /^\{\d+(?:,\d*)?\}/u;

function endOfClass(text: string, from: number): number {
  let at = from + 1;
  if (text[at] === "^") at += 1;
  if (text[at] === "]") at += 1;
  for (; at < text.length && text[at] !== "]"; at += 1) {
    if (text[at] === "\\") at += 1;
    // `[:alpha:]` within a class.
    else if (text[at] === "[" && text[at + 1] === ":") at = Math.max(text.indexOf(":]", at + 2) + 1, at);
  }
  return at;
}
