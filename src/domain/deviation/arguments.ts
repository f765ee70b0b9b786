/** The kinds of argument that commands to a deviation take: how each is written and read, and how a wrong one is answered. */

import { distance } from "fastest-levenshtein";
import { Temporal } from "temporal-polyfill";
import { truncate } from "../values/text.ts";
import { listed, oneLine } from "../texts/wording.ts";

/** Where an argument is read: for which command, and on which day (YYYY-MM-DD). */
interface ArgumentPlace {
  readonly command: string;
  readonly today: string;
}

/** Describes an argument as it was understood, or the sentence that answers a wrong one. */
export type Parsed<Value> = { readonly problem: null; readonly value: Value } | { readonly problem: string };

/** Describes one kind of argument. */
export interface Argument<Value> {
  /** How it is written, such as `<YYYY-MM-DD>`; what is in brackets may be left out. */
  readonly usage: string;
  /** One of several ways to write it, such as `design: <reason>`; left out where there is only one. */
  readonly oneWay?: string;
  /** Reads one line without spaces around it. Never throws. */
  readonly parse: (text: string, place: ArgumentPlace) => Parsed<Value>;
  /** Returns the words that the record keeps of it. */
  readonly print: (value: Value) => string;
  /** Returns the logins it names. */
  readonly logins?: (value: Value) => readonly string[];
}

/** Words that must be there. `usage`: such as `<reason>`. */
export function words(usage: string): Argument<string> {
  return {
    usage,
    parse: (text, place) => (text === "" ? incomplete(place, usage) : understood(text)),
    print: String,
  };
}

/** Words that may be left out. */
export const NOTE: Argument<string> = { usage: "[text]", parse: understood, print: String };

/** Holds a day from today on, as YYYY-MM-DD. */
export const DATE: Argument<string> = {
  usage: "<YYYY-MM-DD>",
  parse(text, place) {
    if (text === "") return incomplete(place, DATE.usage);
    const { command, today } = place;
    const date = dateIn(text, today);
    if (date === null)
      return problem(`“${shown(text)}” is not a date. Write it as \`${command} ${DATE.usage}\`.`);
    if (date < today)
      return problem(
        `${date} is past; today is ${today}. Choose a later date: \`${command} ${DATE.usage}\`.`,
      );
    if (date !== text) return problem(`Write a date as YYYY-MM-DD. Did you mean \`${command} ${date}\`?`);
    return understood(date);
  },
  print: String,
};

const LOGIN = /^@?([A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))$/u;

/** Holds one account; its value is the login without `@`. */
export const ACCOUNT: Argument<string> = {
  usage: "@login",
  parse(text, place) {
    if (text === "") return incomplete(place, ACCOUNT.usage);
    const [, login] = LOGIN.exec(text) ?? [];
    return login === undefined
      ? problem(`“${shown(text)}” is not one account. Name one: \`${place.command} ${ACCOUNT.usage}\`.`)
      : understood(login);
  },
  print: String,
  logins: (login) => [login],
};

/** One of a few words, and a text after it. */
interface Choice<Word extends string> {
  readonly word: Word;
  readonly text: string;
}

/** Returns a word from a list, a colon that may be left out, and words. `noun` names the list, `rest` is such as `<reason>`. */
export function choice<Word extends string>(
  noun: string,
  all: readonly [Word, ...Word[]],
  rest: string,
): Argument<Choice<Word>> {
  const oneWay = `${all[0]}: ${rest}`;
  return {
    usage: `${all.join("|")}: ${rest}`,
    oneWay,
    parse(given, place) {
      const { command } = place;
      const [, first = "", text = ""] = /^([^\s:]*)\s*:?\s*(.*)$/u.exec(given) ?? [];
      const written = first.toLowerCase();
      if (written === "")
        return problem(
          `This command is incomplete. Choose ${listed(all, "or")}, such as \`${command} ${oneWay}\`.`,
        );
      const word = all.find((each) => each === written);
      if (word !== undefined)
        return text === "" ? incomplete(place, `${word}: ${rest}`) : understood({ word, text });
      const near = nearest(written, all);
      const hint = near === null ? "" : ` Did you mean \`${command} ${near}: ${shown(text) || rest}\`?`;
      return problem(`“${shown(first)}” is not a ${noun}. Choose ${listed(all, "or")}.${hint}`);
    },
    print: ({ word, text }) => `${word}: ${text}`,
  };
}

/** How much a remediation weighs, each 1 to 5. */
interface Weights {
  readonly impact: number;
  readonly effort: number;
  readonly risk: number;
}

/** Holds three numbers, in any order. */
export const WEIGHTS: Argument<Weights> = {
  usage: "impact=<1-5> effort=<1-5> risk=<1-5>",
  parse(text, { command }) {
    const found = new Map<string, number>();
    for (const [, name = "", value = ""] of text.matchAll(/([a-z]+)\s*[=:]\s*(\S+)/giu))
      if (/^[1-5]$/u.test(value)) found.set(name.toLowerCase(), Number(value));
      else found.delete(name.toLowerCase());
    const [impact, effort, risk] = [found.get("impact"), found.get("effort"), found.get("risk")];
    return impact === undefined || effort === undefined || risk === undefined
      ? problem(`Give three numbers from 1 to 5, such as \`${command} impact=3 effort=2 risk=4\`.`)
      : understood({ impact, effort, risk });
  },
  print: ({ impact, effort, risk }) => `impact=${impact} effort=${effort} risk=${risk}`,
};

/** The parts people may be given in a remediation beside its owner. */
type RaciPart = "accountable" | "consulted" | "informed";

/** People, and the part they are given. */
interface ArgumentParts {
  readonly part: RaciPart;
  readonly logins: readonly string[];
}

const PARTS = ["accountable", "consulted", "informed"] as const satisfies readonly RaciPart[];

/** Holds a part and one account or more. */
export const RACI: Argument<ArgumentParts> = {
  usage: `${PARTS.join("|")} @login...`,
  oneWay: `${PARTS[0]} @login`,
  parse(text, { command }) {
    const [first = "", ...given] = text.split(/[\s,]+/u).filter((each) => each !== "");
    const part = PARTS.find((each) => each === first.toLowerCase());
    const logins = given.flatMap((each) => LOGIN.exec(each)?.[1] ?? []);
    return part === undefined || logins.length === 0 || logins.length < given.length
      ? problem(
          `Choose ${listed(PARTS, "or")}, and name one account or more, such as \`${command} ${PARTS[0]} @login\`. The owner is responsible: \`owner @login\`.`,
        )
      : understood({ part, logins });
  },
  print: ({ part, logins }) => `${part} ${logins.join(" ")}`,
  logins: ({ logins }) => logins,
};

/** Returns the known word that a written one is nearly, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  const given = word.toLowerCase();
  const [begun, ...others] = given.length < 3 ? [] : known.filter((each) => each.startsWith(given));
  if (begun !== undefined && others.length === 0) return begun;
  const near = known
    .map((each) => ({ each, far: distance(given, each) }))
    .toSorted((a, b) => a.far - b.far)[0];
  // A short word is near to many: more than a third of it must be right.
  return near !== undefined && given.length > 1 && near.far <= Math.max(1, Math.floor(given.length / 3))
    ? near.each
    : null;
}

/** Returns what someone wrote as a sentence may quote it. */
export function shown(text: string): string {
  return truncate(oneLine(text).replaceAll("`", "'"), 120);
}

/** Returns the day that was surely meant, also where it is written another way; null: none. */
function dateIn(text: string, today: string): string | null {
  if (/^tomorrow$/iu.test(text)) return Temporal.PlainDate.from(today).add({ days: 1 }).toString();
  const [, count, unit] = /^(?:in )?(\d{1,3}) (day|week|month)s?$/iu.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return Temporal.PlainDate.from(today)
      .add({ [`${unit.toLowerCase()}s`]: Number(count) })
      .toString();
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/u.exec(text);
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/u.exec(text);
  const [year, month, day] = iso?.slice(1) ?? european?.slice(1).toReversed() ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  try {
    const parts = { year: Number(year), month: Number(month), day: Number(day) };
    return Temporal.PlainDate.from(parts, { overflow: "reject" }).toString();
  } catch {
    return null;
  }
}

function incomplete({ command }: ArgumentPlace, usage: string): { readonly problem: string } {
  return problem(`This command is incomplete. Write \`${command} ${usage}\`.`);
}

function understood<Value>(value: Value): Parsed<Value> {
  return { problem: null, value };
}

function problem(sentence: string): { readonly problem: string } {
  return { problem: sentence };
}
