/** Parses the text of a policy file into the file, or into all its problems with their lines. Never throws. */

import { isMap, isNode, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { nearestWord } from "../../texts/nearest-word.ts";
import { problemInWords } from "./problem-words.ts";
import { PolicyFileSchema, type PolicyFile } from "./policy.ts";

/** Describes one problem in a policy file; `line` and `column` count from 1. */
export interface PolicyProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Holds a parsed policy file, or why it is none. */
export type ParsedPolicy =
  | {
      readonly ok: true;
      readonly file: PolicyFile;
      readonly lineOf: (path: readonly PropertyKey[]) => PolicyProblem;
    }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

type Issue = z.core.$ZodIssue;

/** A policy file longer than this is refused unread. */
const MOST_CHARACTERS = 200_000;

/** Reads a policy file; an empty file is an empty policy. All problems are listed at once. */
export function parsePolicy(text: string): ParsedPolicy {
  const refuse = (message: string): ParsedPolicy => ({
    ok: false,
    problems: [{ line: 1, column: 1, message }],
  });
  if (text.length > MOST_CHARACTERS) return refuse(`the file is longer than ${MOST_CHARACTERS} characters`);
  const known = lately.get(text);
  if (known !== undefined) return known;
  try {
    const parsed = parse(text);
    if (text.length <= LONGEST_KEPT) keep(text, parsed);
    return parsed;
  } catch (error) {
    // What is nested deeper than the stack can hold is nothing we could have understood.
    if (error instanceof RangeError) return refuse("the file is nested too deeply");
    throw error;
  }
}

/** So many files that were read last are kept, none longer than this: every event needs the same one again. */
const MOST_KEPT = 20;
const LONGEST_KEPT = 20_000;
const lately = new Map<string, ParsedPolicy>();

function keep(text: string, parsed: ParsedPolicy): void {
  const [oldest] = lately.keys();
  if (lately.size >= MOST_KEPT && oldest !== undefined) lately.delete(oldest);
  lately.set(text, parsed);
}

function parse(text: string): ParsedPolicy {
  // What is not UTF-8 is shown with this character in place of each byte that means nothing.
  const strange = text.indexOf("\uFFFD");
  if (strange >= 0) {
    const before = text.slice(0, strange).split("\n");
    const message = "the file is not UTF-8 (or holds the replacement character U+FFFD): save it as UTF-8";
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { ok: false, problems: [{ line: before.length, column, message }] };
  }
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    uniqueKeys: true,
    merge: false,
    logLevel: "error",
  });
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    return {
      ok: false,
      problems: broken.map((error) => ({ ...place(error.pos[0]), message: firstLine(error.message) })),
    };
  }
  const lineOf = (path: readonly PropertyKey[], key?: string): PolicyProblem => ({
    ...place(offsetOf(document, path, key)),
    message: "",
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 }) ?? {};
  } catch (error) {
    return { ok: false, problems: [{ line: 1, column: 1, message: firstLine(String(error)) }] };
  }
  if (!isWellFormed(value)) {
    return {
      ok: false,
      problems: [{ line: 1, column: 1, message: "the file holds half a character (a lone surrogate)" }],
    };
  }
  const parsed = PolicyFileSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const problems = withoutEchoes(parsed.error.issues).flatMap((issue) =>
      explain(issue).map(({ path, key, message }) => ({ ...lineOf(path, key), message })),
    );
    return { ok: false, problems: inOrder(problems) };
  }
  return { ok: true, file: parsed.data, lineOf };
}

/** Canonical JSON, and with it every digest, has no half characters. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (Array.isArray(value)) return value.every(isWellFormed);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, inner]) => key.isWellFormed() && isWellFormed(inner));
}

interface Explained {
  readonly path: readonly PropertyKey[];
  readonly key?: string;
  readonly message: string;
}

/** Where a key is misspelt, the problem that something is missing there repeats it. */
function withoutEchoes(issues: readonly Issue[]): readonly Issue[] {
  const misspelt = new Set(
    issues.flatMap(({ code, path }) => (code === "unrecognized_keys" ? [JSON.stringify(path)] : [])),
  );
  return issues.filter(({ code, path }) => code !== "custom" || !misspelt.has(JSON.stringify(path)));
}

function explain(issue: Issue): readonly Explained[] {
  const where = issue.path.map(String).join(".");
  const at = where === "" ? "" : `${where}: `;
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => ({
      path: issue.path,
      key,
      message: `${at}unknown key "${key}"${nearest(key, known)}`,
    }));
  }
  if (issue.code === "invalid_value" && "values" in issue) {
    const values = issue.values.map(String);
    const input = typeof issue.input === "string" ? issue.input : "";
    return [
      { path: issue.path, message: `${at}must be one of ${values.join(", ")}${likely(input, values)}` },
    ];
  }
  if (issue.code === "invalid_union") {
    const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
    const inner = closest.flatMap((each) => explain({ ...each, path: [...issue.path, ...each.path] }));
    if (inner.length > 0) return inner;
  }
  return [{ path: issue.path, message: problemInWords(issue) }];
}

function depth(issues: readonly Issue[]): number {
  return Math.max(
    0,
    ...issues.map((issue) => issue.path.length * 2 + (issue.code === "unrecognized_keys" ? 1 : 0)),
  );
}

/** The keys the schema knows at a path; the nearest one is offered for a misspelt key. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = PolicyFileSchema;
  for (const step of path) {
    const shape = shapeOf(schema);
    schema = typeof step === "number" ? elementOf(schema) : shape?.[String(step)];
  }
  return Object.keys(shapeOf(schema) ?? {});
}

type Def = {
  readonly innerType?: unknown;
  readonly element?: unknown;
  readonly shape?: Record<string, unknown>;
  readonly options?: readonly unknown[];
};

function defOf(schema: unknown): Def {
  return (schema as { readonly def?: Def } | undefined)?.def ?? {};
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const def = defOf(schema);
  if (def.shape !== undefined) return def.shape;
  if (def.innerType !== undefined) return shapeOf(def.innerType);
  return def.options?.map(shapeOf).find((shape) => shape !== undefined);
}

function elementOf(schema: unknown): unknown {
  const def = defOf(schema);
  return def.element ?? (def.innerType === undefined ? undefined : elementOf(def.innerType));
}

function nearest(word: string, known: readonly string[]): string {
  const guess = likely(word, known);
  if (guess !== "") return guess;
  return known.length > 0 && known.length <= 12 ? `; known here: ${known.join(", ")}` : "";
}

function likely(word: string, known: readonly string[]): string {
  const best = nearestWord(word, known);
  return best === null ? "" : `; did you mean "${best}"?`;
}

function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (!isNode(node)) continue;
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => isNode(item.key) && String(item.key) === key);
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    return node.range?.[0] ?? 0;
  }
  return 0;
}

function inOrder(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  return problems.toSorted(
    (a, b) => a.line - b.line || a.column - b.column || a.message.localeCompare(b.message, "en"),
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/u, "") ?? text;
}
