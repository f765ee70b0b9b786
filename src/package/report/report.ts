/** report.pdf: the first page's summary, limitations and lists, for paper and for whoever files one document. */

import {
  answersBlocks,
  closingBlocks,
  completenessBlocks,
  deviationsBlocks,
  emergenciesBlocks,
  gapsBlocks,
  leadOf,
  limitationsBlocks,
  pageTitle,
  verifyBlocks,
  type PageBlock,
  type Cell,
  type SharedContent,
  type Words,
} from "../../domain/evidence/copies/first-page.ts";
import { isNeverClosed } from "../../domain/evidence/closing.ts";
import { Fonts } from "./fonts.ts";
import { Paper } from "./paper.ts";

const SECTIONS: readonly (readonly [
  title: string,
  blocks: (report: SharedContent) => readonly PageBlock[],
])[] = [
  ["How many of how many", answersBlocks],
  ["Limitations", limitationsBlocks],
  ["Deviations", deviationsBlocks],
  ["Emergencies and their reviews", emergenciesBlocks],
  ["Monitoring gaps", gapsBlocks],
  ["Completeness", completenessBlocks],
  ["How to verify", verifyBlocks],
];

/** Yields the report's bytes. The same content gives the same bytes; `libraries` made them. */
export async function* reportOf(report: SharedContent, libraries: string): AsyncIterable<Uint8Array> {
  const { generator, packageId, fingerprint, logHead } = report;
  const fonts = new Fonts();
  const paper = new Paper(fonts, {
    title: pageTitle(report),
    by: `${generator.name} ${generator.version}`,
    with: libraries,
    subject: `Package ${packageId}, key ${fingerprint}, log entry ${logHead.size}, ${logHead.hash}`,
    at: report.generatedAt,
  });
  paper.heading(pageTitle(report), 1);
  paper.paragraph(textOf(leadOf(report)), "soft");
  const closing = [["What was handed over", closingBlocks]] as const;
  for (const [title, blocks] of [...(isNeverClosed(report.closing) ? [] : closing), ...SECTIONS]) {
    paper.heading(title, 2);
    for (const block of blocks(report)) show(paper, block);
  }
  if (fonts.isLacking)
    paper.paragraph(
      "Letters that the fonts of this report lack are written by their numbers, such as [U+1F469]. The tables have them.",
      "soft",
    );
  yield* paper.end(`${packageId}, signed with the key ${fingerprint.slice(0, 16)}…`);
}

function show(paper: Paper, block: PageBlock): void {
  if ("says" in block) paper.paragraph(textOf(block.says));
  else if ("commands" in block) paper.commands(block.commands);
  else if ("notes" in block) {
    if (block.as === "list") paper.list(block.notes);
    else for (const sentence of block.notes) paper.paragraph(sentence);
  } else
    paper.table({
      caption: block.caption,
      columns: block.columns.map(({ head, number = false, whole = false }) => ({ head, number, whole })),
      rows: block.rows.map((cells) => cells.map((cell) => textOf([cell]))),
    });
}

function textOf(cells: readonly (Cell | Words)[]): string {
  return cells
    .map((cell) => {
      if (typeof cell !== "object") return String(cell);
      if ("lines" in cell) return cell.lines.join("\n");
      return "file" in cell ? cell.file : cell.code;
    })
    .join("");
}
