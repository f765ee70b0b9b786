/** The shape of the source: folders that can be taken in at a glance. */

import { describe, expect, it } from "vitest";
import { sourcesIn } from "./syntax.ts";

/** More loose files than this in one folder are no longer read as a list. */
const MOST_LOOSE_FILES = 15;

/** Lists the folders with too many files of their own. */
function crowded(paths: readonly string[]): readonly string[] {
  const files = Map.groupBy(paths, (path) => path.slice(0, path.lastIndexOf("/")));
  return [...files].flatMap(([folder, { length }]) =>
    length > MOST_LOOSE_FILES ? [`${folder}: ${length} files`] : [],
  );
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
