/**
 * report.pdf, read with another program than the one that wrote it: what it shows must be what the first page shows, word for word.
 * The first page is held to the tables. Nothing here is imported from `src`.
 */

import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

import { plainText, type Say } from "./reading.ts";

/** The sections of the first page that the report repeats, by their ids there, in its order. */
const REPEATED: readonly string[] = [
  "closing",
  "answers",
  "limitations",
  "deviations",
  "emergencies",
  "gaps",
  "completeness",
  "verify",
];

const LACKING =
  "Letters that the fonts of this report lack are written by their numbers, such as [U+1F469]. The tables have them.";

/** Names the first place where the report shows something else than the first page. */
export async function report(bytes: Buffer, page: string, say: Say): Promise<void> {
  const all = comparable(await textOf(bytes));
  const note = comparable(LACKING);
  const shown = all.endsWith(note) ? all.slice(0, -note.length) : all;
  const wanted = comparable(repeatedOf(page).join(" "));
  if (shown === wanted) return;
  let place = 0;
  while (place < wanted.length && wanted[place] === shown[place]) place += 1;
  const near = (text: string): string => text.slice(Math.max(0, place - 30), place + 30);
  say(`report.pdf: shows "${near(shown)}" where the first page has "${near(wanted)}"`);
}

/** What it shows, page by page, without what is marked as decoration: page numbers, lines, heads of tables that are repeated. */
async function textOf(bytes: Buffer): Promise<string> {
  const pdf = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
  const texts: string[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const { items } = await (await pdf.getPage(number)).getTextContent({ includeMarkedContent: true });
    const marks: boolean[] = [];
    for (const item of items) {
      if ("str" in item) {
        if (!marks.includes(true)) texts.push(item.str);
      } else if (item.type === "endMarkedContent") marks.pop();
      else marks.push("tag" in item && item.tag === "Artifact");
    }
  }
  await pdf.cleanup();
  return texts.join(" ");
}

/** The title of the first page, the sentences below it, and the sections that the report repeats. */
function repeatedOf(page: string): readonly string[] {
  const [front = "", ...sections] = page.slice(page.indexOf("<h1")).split(/(?=<section id=")/u);
  const byId = new Map(sections.map((each) => [/id="(\w[\w-]*)"/u.exec(each)?.[1] ?? "", each]));
  return [
    front.replace(/<nav[\s\S]*<\/nav>/u, ""),
    ...REPEATED.flatMap((id) => byId.get(id)?.replace(/<\/section>[\s\S]*$/u, "") ?? []),
  ].map((part) => plainText(part.replaceAll("<li>", "• ")));
}

/** A text without its blanks, which differ where lines are broken; a letter that is written by its number is that letter. */
function comparable(text: string): string {
  return text
    .replaceAll(/\[U\+(?<number>[0-9A-F]{4,6})\]/gu, (_, number: string) =>
      String.fromCodePoint(Number.parseInt(number, 16)),
    )
    .normalize("NFC")
    .replaceAll(/\s+/gu, "");
}
