/** What people say to a deviation: the words after `/countersign`, or after `countersign deviation`, understood or answered. */

import { distance } from "fastest-levenshtein";
import { Temporal } from "temporal-polyfill";
import type { RootCause, Severity } from "../record.ts";
import { listed, oneLine } from "../wording.ts";
import { ROOT_CAUSES } from "./remediation.ts";
import { truncate } from "../text.ts";

/** The parts people may be given in a remediation beside its owner. */
export type RaciPart = "accountable" | "consulted" | "informed";

/** One command to a deviation, understood. `to` and `logins`: logins without `@`. */
export type Order =
  | { readonly command: "cause"; readonly category: RootCause; readonly text: string }
  | { readonly command: "owner"; readonly to: string }
  | { readonly command: "due"; readonly date: string }
  | { readonly command: "type"; readonly type: "design" | "operating"; readonly text: string }
  | { readonly command: "severity"; readonly severity: Severity; readonly text: string }
  | { readonly command: "priority"; readonly impact: number; readonly effort: number; readonly risk: number }
  | { readonly command: "raci"; readonly part: RaciPart; readonly logins: readonly string[] }
  | { readonly command: "done" | "unblocked" | "review"; readonly text: string }
  | {
      readonly command:
        | "why"
        | "action"
        | "measure"
        | "method"
        | "evidence"
        | "elsewhere"
        | "customers"
        | "expectation"
        | "blocked"
        | "effective"
        | "not-effective";
      readonly text: string;
    }
  | { readonly command: "not-an-exception" | "reopen"; readonly text: string };

/** Every command a deviation understands, as it is written, in the order of a remediation's life. */
export const ORDERS: Readonly<Record<Order["command"], string>> = {
  type: "type design|operating: <reason>",
  severity: "severity observation|low|medium|high|critical: <reason>",
  cause: "cause process|resource|awareness|tooling|ownership: <text>",
  why: "why <text>",
  owner: "owner @login",
  due: "due <YYYY-MM-DD>",
  action: "action <text>",
  measure: "measure <text>",
  method: "method <text>",
  customers: "customers <text>",
  expectation: "expectation <text>",
  priority: "priority impact=<1-5> effort=<1-5> risk=<1-5>",
  raci: "raci accountable|consulted|informed @login...",
  blocked: "blocked <text>",
  unblocked: "unblocked [text]",
  review: "review [text]",
  evidence: "evidence <url or text>",
  done: "done [text]",
  effective: "effective <text>",
  elsewhere: "elsewhere <text>",
  "not-effective": "not-effective <reason>",
  "not-an-exception": "not-an-exception <reason>",
  reopen: "reopen <reason>",
};

/** An order, or the sentence that answers what is not one. */
export type ReadOrder =
  | { readonly order: Order; readonly problem: null }
  | { readonly order: null; readonly problem: string };

/** So much of what people write is kept (UTF-16 units). */
const LONGEST_TEXT = 4_000;

/** Whether the first word is, or was surely meant to be, a command to a deviation. */
export function isOrderWord(word: string): boolean {
  return Object.hasOwn(ORDERS, word) || nearest(word, Object.keys(ORDERS)) !== null;
}

/** Reads the words after `/countersign`: one line, `due 2026-12-01`. `today`: YYYY-MM-DD. Never throws. */
export function readOrder(line: string, today: string): ReadOrder {
  const [, word = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/u.exec(line) ?? [];
  const text = truncate(oneLine(rest), LONGEST_TEXT);
  const command = word.toLowerCase();
  if (!isCommand(command)) {
    const near = nearest(command, Object.keys(ORDERS));
    return problem(
      near === null
        ? `“${shown(word)}” is not a command a deviation knows. It knows: ${Object.keys(ORDERS).join(", ")}.`
        : `“${shown(word)}” is not a command; did you mean \`/countersign ${near}${rest === "" ? "" : ` ${shown(text)}`}\`?`,
    );
  }
  switch (command) {
    case "cause":
      return readCause(text);
    case "owner":
      return readOwner(text);
    case "due":
      return readDue(text, today);
    case "type":
      return readType(text);
    case "severity":
      return readSeverity(text);
    case "priority":
      return readPriority(text);
    case "raci":
      return readRaci(text);
    case "done":
    case "unblocked":
    case "review":
      return { order: { command, text }, problem: null };
    default:
      return text === "" ? problem(missing(command)) : { order: { command, text }, problem: null };
  }
}

function isCommand(word: string): word is Order["command"] {
  return Object.hasOwn(ORDERS, word);
}

function missing(command: Order["command"]): string {
  return `\`${command}\` needs its words: write \`/countersign ${ORDERS[command]}\`.`;
}

/** "cause tooling: text", also without the colon. */
function parted(text: string): readonly [string, string] {
  const [, word = "", rest = ""] = /^([^\s:]*)\s*:?\s*(.*)$/u.exec(text) ?? [];
  return [word.toLowerCase(), rest];
}

function readCause(given: string): ReadOrder {
  const [word, text] = parted(given);
  const categories = Object.keys(ROOT_CAUSES) as RootCause[];
  if (word === "") return problem(missing("cause"));
  const category = categories.find((each) => each === word);
  if (category === undefined) return problem(unknownWord("category", word, categories, "cause", text));
  if (text === "")
    return problem(
      `Say what the root cause is, too: \`/countersign cause ${category}: <text>\` (${category}: ${ROOT_CAUSES[category].meaning}).`,
    );
  return { order: { command: "cause", category, text }, problem: null };
}

function readType(given: string): ReadOrder {
  const [word, text] = parted(given);
  if (word === "") return problem(missing("type"));
  if (word !== "design" && word !== "operating")
    return problem(unknownWord("type", word, ["design", "operating"], "type", text));
  if (text === "")
    return problem(`A type is changed only with a reason: write \`/countersign type ${word}: <reason>\`.`);
  return { order: { command: "type", type: word, text }, problem: null };
}

const SEVERITIES: readonly Severity[] = ["observation", "low", "medium", "high", "critical"];

function readSeverity(given: string): ReadOrder {
  const [word, text] = parted(given);
  if (word === "") return problem(missing("severity"));
  const severity = SEVERITIES.find((each) => each === word);
  if (severity === undefined) return problem(unknownWord("severity", word, SEVERITIES, "severity", text));
  if (text === "")
    return problem(
      `A severity is changed only with a reason: write \`/countersign severity ${severity}: <reason>\`.`,
    );
  return { order: { command: "severity", severity, text }, problem: null };
}

function unknownWord(
  what: string,
  word: string,
  known: readonly string[],
  command: Order["command"],
  text: string,
): string {
  const near = nearest(word, known);
  const hint =
    near === null ? "" : ` Did you mean \`/countersign ${command} ${near}: ${shown(text) || "<text>"}\`?`;
  return `“${shown(word)}” is not a ${what}: it is ${listed(known, "or")}.${hint}`;
}

const LOGIN = /^@?([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))$/u;

function readOwner(text: string): ReadOrder {
  if (text === "") return problem(missing("owner"));
  const [, login] = LOGIN.exec(text) ?? [];
  if (login === undefined)
    return problem(
      `“${shown(text)}” is not one account: write \`/countersign owner @login\`. One person owns a remediation.`,
    );
  return { order: { command: "owner", to: login }, problem: null };
}

function readRaci(text: string): ReadOrder {
  const [part = "", ...given] = text.split(/[\s,]+/u);
  const parts: readonly RaciPart[] = ["accountable", "consulted", "informed"];
  const known = parts.find((each) => each === part.toLowerCase());
  const logins = given.filter((each) => each !== "").map((each) => LOGIN.exec(each)?.[1] ?? null);
  if (known === undefined || logins.length === 0 || logins.includes(null))
    return problem(
      `Write \`/countersign ${ORDERS.raci}\`. Who is responsible is the owner: \`/countersign owner @login\`.`,
    );
  return {
    order: { command: "raci", part: known, logins: logins.filter((each) => each !== null) },
    problem: null,
  };
}

function readPriority(text: string): ReadOrder {
  const found = new Map<string, number>();
  for (const [, name = "", value = ""] of text.matchAll(/([a-z]+)\s*[=:]\s*(\S+)/giu))
    found.set(name.toLowerCase(), /^[1-5]$/u.test(value) ? Number(value) : Number.NaN);
  const [impact, effort, risk] = ["impact", "effort", "risk"].map((name) => found.get(name) ?? Number.NaN);
  if (
    impact === undefined ||
    effort === undefined ||
    risk === undefined ||
    Number.isNaN(impact + effort + risk)
  )
    return problem(
      `A priority has three numbers from 1 to 5: \`/countersign priority impact=3 effort=2 risk=4\`.`,
    );
  return { order: { command: "priority", impact, effort, risk }, problem: null };
}

function readDue(text: string, today: string): ReadOrder {
  if (text === "") return problem(missing("due"));
  const date = dateIn(text, today);
  if (date === null)
    return problem(`“${shown(text)}” is not a date: write it as \`/countersign due YYYY-MM-DD\`.`);
  if (date !== text)
    return problem(`A date is written YYYY-MM-DD; did you mean \`/countersign due ${date}\`?`);
  if (date < today)
    return problem(
      `${date} is past; today is ${today}. A target date lies ahead: \`/countersign due YYYY-MM-DD\`.`,
    );
  return { order: { command: "due", date }, problem: null };
}

/** The day that was surely meant, also where it is written another way; null: none. */
function dateIn(text: string, today: string): string | null {
  if (/^tomorrow$/iu.test(text)) return Temporal.PlainDate.from(today).add({ days: 1 }).toString();
  const [, days, unit] = /^(?:in )?(\d{1,3}) (day|week|month)s?$/iu.exec(text) ?? [];
  if (days !== undefined && unit !== undefined)
    return Temporal.PlainDate.from(today)
      .add({ [`${unit.toLowerCase()}s`]: Number(days) })
      .toString();
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/u.exec(text);
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/u.exec(text);
  const [year, month, day] =
    iso !== null
      ? [iso[1], iso[2], iso[3]]
      : european !== null
        ? [european[3], european[2], european[1]]
        : [];
  if (year === undefined || month === undefined || day === undefined) return null;
  try {
    const parts = { year: Number(year), month: Number(month), day: Number(day) };
    return Temporal.PlainDate.from(parts, { overflow: "reject" }).toString();
  } catch {
    return null;
  }
}

function nearest(word: string, known: readonly string[]): string | null {
  const given = word.toLowerCase();
  const near = known
    .map((each) => ({ each, far: distance(given, each) }))
    .toSorted((a, b) => a.far - b.far)[0];
  // A short word is near to many: more than a third of it must be right.
  return near !== undefined && given.length > 1 && near.far <= Math.max(1, Math.floor(given.length / 3))
    ? near.each
    : null;
}

function shown(text: string): string {
  return truncate(oneLine(text).replaceAll("`", "'"), 120);
}

function problem(sentence: string): ReadOrder {
  return { order: null, problem: sentence };
}
