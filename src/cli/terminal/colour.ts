/** Colours the word that a line of output begins with where it says how something went. */

// By its name it could not be imported where it is missing, and nobody could say which Node is needed.
import * as util from "node:util";

const STYLES = {
  passed: "green",
  ok: "green",
  FAILED: "red",
  FAIL: "red",
  wrong: "red",
  "error:": "red",
  "not checked": "yellow",
  "Note:": "yellow",
} as const;

const MARK = new RegExp(`^(?:${Object.keys(STYLES).join("|")})(?=\\s|$)`, "u");

/** Older ones colour whatever the stream is. */
const OLDEST_NODE = 24;

/** Returns a line for a stream. It is coloured where the stream shows colours and neither NO_COLOR nor a pipe forbids it. */
export function coloured(line: string, stream: NodeJS.WritableStream): string {
  const [mark] = MARK.exec(line) ?? [];
  if (mark === undefined || Number.parseInt(process.versions.node, 10) < OLDEST_NODE) return line;
  const style = STYLES[mark as keyof typeof STYLES];
  return `${util.styleText(style, mark, { stream })}${line.slice(mark.length)}`;
}
