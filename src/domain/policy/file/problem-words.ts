/** Words a value that does not fit the schema as the author of a policy file reads it, without the schema library's terms. */

import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** Returns one sentence about a value that does not fit. What a schema of ours says of it stays. */
export function problemInWords(issue: Issue): string {
  const { path } = issue;
  if (issue.code === "invalid_type" && issue.input === undefined && path.length > 0) return missing(path);
  const at = path.length === 0 ? "" : `${path.map(String).join(".")}: `;
  if (issue.code === "invalid_type" && isOwnMessage(issue)) return at + ofAnotherKind(issue);
  if (issue.code === "too_small") return at + tooSmall(issue);
  if (issue.code === "too_big") return at + tooLarge(issue);
  return at + (isOwnMessage(issue) ? "has a value that does not fit here" : issue.message);
}

/** Returns whether a message is the library's own and not one that our schema gives. */
function isOwnMessage({ message }: Issue): boolean {
  return message.startsWith("Invalid input");
}

/** What a person calls the value of a key; others are named by the key itself. */
const NOUNS: Readonly<Record<string, string>> = {
  name: "a name",
  approval: "an approval",
  reason: "a reason",
  pattern: "a pattern",
  repository: "a repository",
  person: "a person",
  controls: "controls",
  paths: "paths",
  logins: "logins",
};

function missing(path: readonly PropertyKey[]): string {
  const [list, index] = path;
  const key = String(path.at(-1));
  const owner =
    path.length === 3 && typeof index === "number"
      ? `${singular(String(list))} ${index + 1}`
      : path.slice(0, -1).map(String).join(".");
  return `${owner === "" ? "the file" : owner} needs ${NOUNS[key] ?? `"${key}"`}`;
}

function singular(list: string): string {
  return list.replaceAll("-", " ").replace(/ies$/u, "y").replace(/s$/u, "");
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "keys with values",
  record: "keys with values",
  date: "a date",
};

function ofAnotherKind({ expected, input }: z.core.$ZodIssueInvalidType): string {
  const wanted = `must be ${KINDS[expected] ?? expected}, not ${kindOf(input)}`;
  if (input === null) return `${wanted}: leave it out, or give a value`;
  const isOne = typeof input === "string" || typeof input === "number";
  return expected === "array" && isOne ? `${wanted}: write [${input}]` : wanted;
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return "a fraction";
  return KINDS[typeof value] ?? typeof value;
}

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): string {
  if (origin === "array") return "must not be empty: leave it out, or list at least one";
  if (origin === "string") return "must not be empty";
  return `must be ${inclusive === false ? "more than" : "at least"} ${minimum}`;
}

function tooLarge({ origin, maximum }: z.core.$ZodIssueTooBig): string {
  if (origin === "array") return `lists more than ${maximum}`;
  if (origin === "string") return `is longer than ${maximum} characters`;
  return `must be at most ${maximum}`;
}
