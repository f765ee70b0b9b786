/** The shape of the source: folders that can be taken in at a glance, and one exported name for one thing. */

import { describe, expect, it } from "vitest";
import { isNode, parse, sourcesIn, type Source } from "./syntax.ts";

/** More loose files than this in one folder are no longer read as a list. */
const MOST_LOOSE_FILES = 15;

/** Lists the folders with too many files of their own. */
function crowded(paths: readonly string[]): readonly string[] {
  const files = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf("/")));
  return [...files].flatMap(([folder, { length }]) =>
    length > MOST_LOOSE_FILES ? [`${folder}: ${length} files`] : [],
  );
}

/** Lists the names that several files export. A schema's type may bear another word than the schema, never the same one twice. */
function exportedTwice(sources: readonly Source[]): readonly string[] {
  const exported = sources.flatMap((source) =>
    [...new Set(exportedNames(source))].map((name) => ({ name, path: source.path })),
  );
  return [...Map.groupBy(exported, ({ name }) => name)].flatMap(([name, places]) =>
    places.length > 1 ? [`${name}: ${places.map(({ path }) => path).join(", ")}`] : [],
  );
}

function exportedNames({ items }: Source): readonly string[] {
  return items.flatMap((item) => {
    const declaration = item["declaration"];
    if (item.type !== "ExportDeclaration" || !isNode(declaration)) return [];
    const declared = Array.isArray(declaration["declarations"]) ? declaration["declarations"] : [declaration];
    return declared.flatMap((each: Readonly<Record<string, unknown>>) => {
      const id = each["identifier"] ?? each["id"];
      return isNode(id) ? [String(id["value"])] : [];
    });
  });
}

describe("a folder of the source", () => {
  it("has at most fifteen files of its own", () => {
    expect(crowded(sourcesIn("src").map(({ path }) => path))).toEqual([]);
  });

  it("with more would be caught", () => {
    const paths = Array.from({ length: MOST_LOOSE_FILES + 1 }, (_, index) => `src/flows/file-${index}.ts`);
    expect(crowded([...paths, "src/flows/jobs/sweep.ts"])).toEqual(["src/flows: 16 files"]);
  });
});

describe("an exported name", () => {
  it("stands for one thing in all of the source", () => {
    expect(exportedTwice(sourcesIn("src"))).toEqual([]);
  });

  it.each([
    ["export type Standing = string;", "export interface Standing {}"],
    ["export function listed() {}", "export const listed = 1;"],
    ["export class Answer {}", "export async function* Answer() {}"],
  ])("would be caught where it stands for two: %s and %s", (one, other) => {
    expect(exportedTwice([parse("a.ts", one), parse("b.ts", other)])).toHaveLength(1);
  });

  it("may be imported and used as often as wanted", () => {
    const sources = [
      parse("a.ts", "export type Verdict = string;"),
      parse("b.ts", 'import type { Verdict } from "./a.ts";'),
    ];
    expect(exportedTwice(sources)).toEqual([]);
  });
});
