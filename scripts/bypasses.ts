/** Writes the page of every way to bypass an approval, from the stories that show them. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Scenario } from "../src/cli/scenario/format/format.ts";
import { readScenario } from "../src/cli/scenario/format/read.ts";
import { GENERATED } from "./generated.ts";

const FOLDER = join(import.meta.dirname, "..", "test", "scenarios");

const CHAPTERS = [
  { title: "Updates of a branch without a pull request", numbers: [[1, 9]] },
  {
    title: "Pull requests merged without a valid approval",
    numbers: [
      [10, 37],
      [65, 89],
    ],
  },
  {
    title: "Deployments",
    numbers: [
      [38, 53],
      [90, 95],
    ],
  },
  {
    title: "When Countersign itself cannot see",
    numbers: [
      [54, 64],
      [96, 99],
    ],
  },
] as const;

/** docs/bypasses.md: each way, how it is seen, what it ends as, what stays unseen, and the story that shows it. */
export function bypassesPage(): string {
  const stories = shown();
  const chapters = CHAPTERS.map(({ title, numbers }) => {
    const rows = stories.filter(({ bypass }) =>
      numbers.some(([from, to]) => bypass.number >= from && bypass.number <= to),
    );
    const lines = rows.map(({ bypass, file }) => {
      const { number, way, seen, outcome, limits = "none known" } = bypass;
      const cells = [
        `${number}`,
        way,
        seen,
        outcome,
        limits,
        `[${file.replace(/\.yaml$/u, "")}](../test/scenarios/${file})`,
      ];
      return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ").trim()).join(" | ")} |`;
    });
    const head = [
      "| # | way | how it is seen | outcome | limits | story |",
      "| --- | --- | --- | --- | --- | --- |",
    ];
    return [`## ${title}`, "", ...head, ...lines].join("\n");
  });
  return [
    "# Ways to bypass an approval",
    GENERATED,
    "Every known way for a change to reach production without the approval that its policy requires, and what Countersign makes of it. Each story plays the bypass and, beside it, a nearly identical honest change that raises nothing.",
    ...chapters,
  ].join("\n\n");
}

function shown(): readonly { readonly bypass: NonNullable<Scenario["bypass"]>; readonly file: string }[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => {
      const { scenario } = readScenario(readFileSync(join(FOLDER, file), "utf8"), file);
      const bypass = scenario?.bypass ?? null;
      return bypass === null ? [] : [{ bypass, file }];
    })
    .toSorted((a, b) => a.bypass.number - b.bypass.number || a.file.localeCompare(b.file, "en"));
}
