/** Plain text for a terminal: aligned columns, and the check run's Markdown without its marks. */

/** Aligns rows below a head, each column as wide as its widest cell; the last one is not padded. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows];
  const widths = head.map((_, index) => Math.max(...all.map((row) => (row[index] ?? "").length)));
  return all.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Turns the domain's Markdown into plain text. */
export function plain(markdown: string): string {
  return markdown
    .replaceAll("\u200b", "")
    .replaceAll(/<details><summary>(.*?)<\/summary>\n+/gu, "$1:\n")
    .replaceAll(/\n+<\/details>/gu, "")
    .replaceAll("**", "")
    .replaceAll(/(?<!\\)<(https:\/\/[^\s<>]+)>/gu, "$1")
    .replaceAll(/(?<!\\)<details><summary>(.*)<\/summary>\n\n/gu, "$1: ")
    .replaceAll(/\n\n(?<!\\)<\/details>/gu, "")
    .replaceAll(/\\([\\`*_{}[\]<>#|~!$])/gu, "$1")
    .replaceAll("&amp;", "&");
}
