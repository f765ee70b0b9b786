/** The file in which an auditor names what to sample: one id a line, as copied from a spreadsheet. */

/** Describes what a file of ids holds. Each id is there once, in its order; `lines`: where it is first. */
export interface NamedIds {
  readonly ids: readonly string[];
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
  readonly repeated: readonly string[];
}

/** Reads a file of ids. Any line ends, blank lines, a byte order mark and quotes around an id are accepted. */
export function readIds(text: string): NamedIds {
  const lines = new Map<string, number>();
  const problems: string[] = [];
  const repeated: string[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/u, "")
    .split(/\r\n|\r|\n/u)
    .entries()) {
    const id = line
      .trim()
      .replace(/^"(.*)"$/u, "$1")
      .trim()
      .toLowerCase();
    const first = lines.get(id);
    if (id === "") continue;
    if (!/^[0-9a-f]{64}$/u.test(id))
      problems.push(
        `line ${index + 1}: ${JSON.stringify(line.trim().slice(0, 80))} is not an id: 64 characters of 0-9 and a-f`,
      );
    else if (first === undefined) lines.set(id, index + 1);
    else repeated.push(`line ${index + 1}: ${id} is on line ${first} already; it is taken once`);
  }
  return { ids: [...lines.keys()], lines, problems, repeated };
}
