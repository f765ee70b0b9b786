/** The Markdown that is written on GitHub, as HTML: paragraphs, lists, code and bold. All else is text. */

import { html } from "hono/html";

import { plain } from "../domain/texts/wording.ts";
import type { Html } from "./html-table.ts";

/** Returns a text as it is shown on GitHub, apart from links, tables and headings. */
export function writtenHtml(markdown: string): Html {
  const unfolded = markdown
    .replaceAll(/<details><summary>(?<title>[^\n]*?)<\/summary>\n+/gu, "$<title>:\n\n")
    .replaceAll(/\n+<\/details>/gu, "");
  return html`${unfolded.split(/\n{2,}/u).map(blockHtml)}`;
}

function blockHtml(block: string): Html {
  const lines = block.split("\n").filter((line) => line.trim() !== "");
  const first = lines.findIndex((line) => line.startsWith("- "));
  const before = first === -1 ? lines : lines.slice(0, first);
  const items = first === -1 ? [] : lines.slice(first);
  return html`${before.length === 0 ? "" : html`<p>${before.map((line, index) => html`${index === 0 ? "" : html`<br />`}${lineHtml(line)}`)}</p>`}
  ${
    items.length === 0
      ? ""
      : html`<ul>
          ${items.map((item) => html`<li>${lineHtml(item.replace(/^- /u, ""))}</li>`)}
        </ul>`
  }`;
}

function lineHtml(line: string): Html {
  return withCode(line, boldHtml);
}

/** Returns a sentence of the App's own, which is no Markdown, with what stands between two code marks as code. */
export function sentenceHtml(sentence: string): Html {
  return withCode(sentence, (text) => html`${text}`);
}

/** What stands between two code marks is as it is typed. */
function withCode(line: string, around: (text: string) => Html): Html {
  return html`${line
    .split(/(?<!\\)`(?<code>[^`]*)`/u)
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : around(part)))}`;
}

function boldHtml(text: string): Html {
  return html`${text
    .split(/(?<!\\)\*\*(?<bold>(?:[^*\\]|\\.)*)\*\*/u)
    .map((part, index) => (index % 2 === 1 ? html`<b>${plain(part)}</b>` : plain(part)))}`;
}
