/** Commands given in comments: what a comment's first line requests. Comments are hostile text: nothing but the first line is read. */

import { distance } from "fastest-levenshtein";
import type { Actor } from "../change/people.ts";
import { truncate } from "../values/text.ts";
import type { Instant } from "../time/instant.ts";

/** Describes a comment as it was written, and by whom. */
export interface GivenComment {
  readonly id: number;
  readonly author: Actor;
  readonly text: string;
  readonly createdAt: Instant;
  /** Whether its words were changed since: an edited comment is never a command. */
  readonly edited: boolean;
}

/** Describes what a first line requests. `near-miss`: meant as a command, and none; `nearest` is the one that may be meant. */
export type ParsedComment =
  | { readonly kind: "command"; readonly name: string; readonly rest: string }
  | { readonly kind: "near-miss"; readonly written: string; readonly nearest: string | null }
  | { readonly kind: "none" };

const NAME = "/countersign";
const FIRST_LINE = /^(\/[\w-]+)(?:[ \t]+(.*))?$/u;

/** So many letters of our own name may be wrong. */
const SLIPS = 2;

/** So much of a first line is read: a reason is a sentence, not a book. */
const MOST_CHARACTERS = 1_000;

/** Returns whether a comment's first line is meant for us: our name, or nearly. Quotes, code and indented lines never are. */
export function isForUs(text: string): boolean {
  return addressed(text) !== null;
}

/** Reads a comment's first line; `names` are the commands there are, where it was written. Never throws. */
export function parseComment(text: string, names: readonly string[]): ParsedComment {
  const said = addressed(text);
  if (said === null) return { kind: "none" };
  const [word = "", ...more] = said.rest.split(/[ \t]+/u);
  const written = word.toLowerCase();
  const rest = said.rest.slice(word.length).trim();
  if (said.exact && names.includes(written)) return { kind: "command", name: written, rest };
  const near = names
    .map((name) => ({ name, off: distance(name, written) }))
    .toSorted((a, b) => a.off - b.off)
    .find(({ name, off }) => off <= Math.max(SLIPS, Math.floor(name.length / 3)));
  const nearest = word === "" ? "help" : (near?.name ?? null);
  return { kind: "near-miss", written: [said.name, word, ...more].join(" ").trim(), nearest };
}

function addressed(
  text: string,
): { readonly name: string; readonly rest: string; readonly exact: boolean } | null {
  const [first = ""] = truncate(text, MOST_CHARACTERS).split(/\r?\n/u, 1);
  const [, name, rest = ""] = FIRST_LINE.exec(first.trimEnd()) ?? [];
  if (name === undefined) return null;
  const off = distance(name.toLowerCase(), NAME);
  return off > SLIPS ? null : { name, rest: rest.trim(), exact: off === 0 };
}
