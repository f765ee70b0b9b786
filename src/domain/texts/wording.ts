/** Texts that people read on GitHub, on pages and in the terminal. */

import { Temporal } from "temporal-polyfill";
import type { ControlName, Verdict } from "../values/result.ts";
import { truncate } from "../values/text.ts";
import type { Instant } from "../time/instant.ts";

/** Limits how many names are shown of any list of people. */
export const NAMES_SHOWN = 6;

/** Joins items: "a, b and c". */
export function listed(items: readonly string[], word: "and" | "or" = "and"): string {
  if (items.length <= 1) return items[0] ?? "";
  return `${items.slice(0, -1).join(", ")} ${word} ${items.at(-1) ?? ""}`;
}

/** Returns "one of acme/dba or cat" for a text of `sources`. A single person and "anyone with ..." stay as they are. */
export function oneOfPeople(from: string): string {
  return /^(?:anyone |[\w-]+$)/u.test(from) ? from : `one of ${from}`;
}

/** Shows the first items and counts the rest: "a, b, c and 4 more". */
export function some(items: readonly string[], most: number, between = ", "): string {
  return items.length <= most
    ? items.join(between)
    : `${items.slice(0, most).join(between)} and ${items.length - most} more`;
}

/** Names each control in people's words. */
export const CONTROL_TITLES: Readonly<Record<ControlName, string>> = {
  "independently-approved": "independent approval",
  "approved-by-owners": "code owner approval",
  "checks-passed": "required checks",
  "record-linked": "change record",
  "change-documented": "description",
  "outside-freeze": "freeze",
  "merged-by-pull-request": "merge by pull request",
  "gate-respected": "countersign check",
  "content-as-reviewed": "reviewed content",
  "emergency-authorised": "emergency authorisation",
  "emergency-reviewed-in-time": "review after the emergency",
  "deployment-traceable": "deployment traceability",
  "deployment-approved": "deployment approval",
};

/** Lists controls by name: "independent approval and countersign check". */
export function listedControls(controls: readonly ControlName[], word: "and" | "or" = "and"): string {
  return listed(
    controls.map((control) => CONTROL_TITLES[control]),
    word,
  );
}

/** Names the verdicts in people's words. */
export const VERDICT_TITLES: Readonly<Record<Verdict, string>> = {
  compliant: "compliant",
  emergency: "emergency",
  exempted: "exempted",
  "non-compliant": "non-compliant",
  pending: "waiting",
  unverifiable: "cannot be verified",
  historic: "before observation began",
};

/** Returns an instant as RFC 3339 in UTC, without milliseconds. */
export function time(instant: Instant): string {
  return new Date(instant).toISOString().replace(".000Z", "Z");
}

/**
 * Returns an instant as the clocks of a time zone show it: `2026-07-06 15:03 Europe/Berlin`. Seconds only where there are any; the
 * offset where the clocks show the same time twice.
 */
export function localTime(instant: Instant, timezone: string): string {
  const shown = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timezone);
  const isWholeMinute = shown.second === 0;
  const clock = shown.toPlainTime().toString({ smallestUnit: isWholeMinute ? "minute" : "second" });
  const wall = shown.toPlainDateTime();
  const [first, second] = (["earlier", "later"] as const).map((disambiguation) =>
    wall.toZonedDateTime(timezone, { disambiguation }),
  );
  const isTwice = first?.epochMilliseconds !== second?.epochMilliseconds;
  return `${shown.toPlainDate().toString()} ${clock} ${timezone}${isTwice ? ` (UTC${shown.offset})` : ""}`;
}

/** Returns a text with its times as the clocks of a time zone show them. Reasons are recorded with times in UTC. */
export function withLocalTimes(text: string, timezone: string): string {
  return text.replace(RECORDED_TIME, (written) => {
    const instant = Date.parse(written);
    return Number.isNaN(instant) ? written : localTime(instant, timezone);
  });
}

/** Matches a time as reasons are recorded with it, but not within an address or a name. */
const RECORDED_TIME = /(?<![\w/=&?%.-])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z(?![\w/-])/gu;

/** Returns a short form of an object id. */
export function short(sha: string): string {
  return sha.slice(0, 7);
}

/**
 * Returns text from outside on one line: well-formed, no control or direction-changing characters. For titles, tables
 * and CSV cells.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim();
}

/** Returns the first `most` UTF-16 units of a text and an ellipsis for the rest; never half a character. */
export function clipped(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${truncate(text, most - 1)}…`;
}

/**
 * Makes a sentence harmless for Markdown: no links, mentions, references, tables, code, formulas or HTML come out of
 * it. Nor do any of our own hidden markers. At most a few hundred characters are kept.
 */
export function markdown(text: string): string {
  return (
    clipped(oneLine(text), MOST_CHARACTERS)
      .replace(/&/gu, "&amp;")
      .replace(/([\\`*_{}[\]<>#|~!$])/gu, "\\$1")
      // GitHub finds these in the rendered text, where an escaping backslash is gone: only an invisible space breaks them.
      .replace(/@/gu, "@\u200b")
      .replace(/#(?=\d)/gu, "#\u200b")
      .replace(/:\/\//gu, ":\u200b//")
      .replace(/\bwww\./giu, "www\u200b.")
      .replace(/countersign-(?=deviation|comment)/giu, "countersign-\u200b")
  );
}

/** Returns Markdown as it is written here, without its marks: what {@link markdown} made harmless is as it was. */
export function plain(written: string): string {
  return written
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

/** Returns the same for a cell of a table: also without code marks, bullets and empty lines. */
export function plainInCell(written: string): string {
  return plain(
    written
      .replaceAll(/(?<!\\)`/gu, "")
      .replaceAll(/\n- /gu, "\n")
      .replaceAll(/\n{2,}/gu, "\n"),
  );
}

/** Matches a plain address as a whole: no credentials, and no character that means anything to Markdown or to a shell. */
const ADDRESS = /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:[/?#][\w\-./?=&%+,:~#]*)?$/iu;

/**
 * Makes words harmless for Markdown, and an address by itself a link. Only for what people with write permission recorded: the
 * comment they gave it in is such a link already, so this one leads nowhere else and notifies nobody else.
 */
export function markdownOrLink(text: string): string {
  const isLink = ADDRESS.test(text) && text.length <= MOST_CHARACTERS && !/countersign-/iu.test(text);
  return isLink ? `<${text}>` : markdown(text);
}

/**
 * Makes text harmless in a Markdown file that is not shown on GitHub. Nothing invisible is put into it, and addresses
 * stay as they can be copied.
 */
export function markdownInFile(text: string): string {
  return clipped(oneLine(text), MOST_CHARACTERS)
    .split(/(https?:\/\/[^\s<>]+)/u)
    .map((part, index) =>
      index % 2 === 1 ? `<${part}>` : part.replace(/&/gu, "&amp;").replace(/([\\`*_{}[\]<>#|~!$])/gu, "\\$1"),
    )
    .join("");
}

const MOST_CHARACTERS = 400;

const HINT = "<details><summary>If it cannot wait</summary>\n\n";
const HINT_END = "\n\n</details>";

/** Folds what to do if the change cannot wait, below what is needed. */
export function hint(line: string): string {
  return `${HINT}${line}${HINT_END}`;
}

/** Returns a text without its {@link hint}: there is nothing left to wait for. */
export function withoutHint(text: string): string {
  const start = text.indexOf(HINT);
  if (start === -1) return text;
  const end = text.indexOf(HINT_END, start);
  return `${text.slice(0, start)}${text.slice(end + HINT_END.length)}`.trim().replace(/\n{3,}/gu, "\n\n");
}
