/** A page as somebody reads it, without its form: what a golden file of it holds. */

/** Returns a text without the places of entries in the log: repositories are counted side by side, and whichever is done first is recorded first. */
export function withoutPlaces(text: string): string {
  return text
    .replaceAll(/\bentry \d+ of the evidence log/gu, "an entry of the evidence log")
    .replaceAll(/^(log\/\w+\.jsonl) \| \d+/gmu, "$1 | many");
}

/** Returns the words of an HTML page: a line for each paragraph, item or row, cells apart by a bar. */
export function pageText(page: string): string {
  const body = /<body>([\s\S]*)<\/body>/u.exec(page)?.[1] ?? "";
  const words = body
    .replaceAll(/<(style|svg)[\s\S]*?<\/\1>/gu, "")
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/<br[^>]*>/gu, " ")
    .replaceAll(/<\/(th|td)>\s*<(th|td)[^>]*>/gu, " | ")
    .replaceAll(/<(h\d)[^>]*>/gu, "\n\n# ")
    .replaceAll(/<\/(p|li|tr|dd|dt|caption|pre|h\d|figcaption)>/gu, "\n")
    .replaceAll(/<[^>]*>/gu, "")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  return `${words
    .split("\n")
    .map((line) => line.trim().replaceAll(/ {2,}/gu, " "))
    .join("\n")
    .replaceAll(/\n{3,}/gu, "\n\n")
    .trim()}\n`;
}
