/** Text as a workbook's XML holds it: any text, whatever characters are in it. */

/** What XML cannot hold, and what spreadsheets would read as one of those. */
const ESCAPED = /(?![\t\n])[\p{Cc}\uFFFE\uFFFF]|_(?=[xX][0-9A-Fa-f]{4}_)/gu;

const MARKUP: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What most cells hold: nothing of all that. */
const PLAIN = /^[\t\n !#-%'-;=?-^`-~]*$/u;

/** Returns a text for an element or attribute. Characters that XML lacks become `_xHHHH_`, which spreadsheets read back. */
export function xmlText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(ESCAPED, (mark) => `_x${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`)
    .replaceAll(/[&<>"]/gu, (mark) => MARKUP[mark] ?? mark);
}
