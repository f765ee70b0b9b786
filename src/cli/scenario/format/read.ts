/** The text of a scenario file -> a Scenario, or every problem with its line. */

import { distance } from "fastest-levenshtein";
import type { Document, Node } from "yaml";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Expectation, Row } from "./expectations.ts";
import { COLUMNS, expectStepSchema, rowSchema } from "./expectations.ts";
import type { FinalExpectation, Scenario, StoryStep } from "./format.ts";
import { DEFAULT_START, HeadSchema, StoryPersonSchema, StoryRepositorySchema } from "./format.ts";
import type { DoStep } from "./steps.ts";
import { STEP_KEYS, stepSchema } from "./steps.ts";
import { momentOf } from "./words.ts";

/** Something wrong in a scenario file; `line` counts from 1. */
interface Problem {
  readonly line: number;
  readonly message: string;
}

/** Describes a scenario read, or all that is wrong with it. */
export type ReadScenario =
  | { readonly scenario: Scenario; readonly problems: null }
  | { readonly scenario: null; readonly problems: readonly Problem[] };

type Path = readonly (string | number)[];

/** Reads one scenario; never throws on bad input. `source` is the file's name, kept for messages. */
export function readScenario(text: string, source: string): ReadScenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = document.errors.map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: error.message,
  }));
  if (problems.length > 0) return { scenario: null, problems };
  const reader: Reader = {
    lineOf: (path) => lineOf(document, lines, path),
    report: (path, message) => problems.push({ line: lineOf(document, lines, path), message }),
  };
  const value: unknown = document.toJS();
  const head = check(HeadSchema, value, [], reader);
  const raw = head ?? (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
  const steps: readonly unknown[] = Array.isArray(raw["story"]) ? raw["story"] : [];
  const story = steps.map((step, index) => readStep(step, ["story", index], reader));
  const expect = readFinal(raw["expect"], reader);
  checkPeople(Object.keys(raw["people"] ?? {}), story, reader);
  if (head === null || problems.length > 0) {
    return { scenario: null, problems: problems.toSorted((a, b) => a.line - b.line) };
  }
  const scenario: Scenario = {
    name: head.name,
    source,
    bypass: head.bypass ?? null,
    policy: head.policy ?? null,
    repositories: withoutNulls(head.repositories ?? {}),
    people: withoutNulls(head.people ?? {}),
    start: momentOf(head.start ?? DEFAULT_START),
    polling: head.polling === true,
    story: story.filter((step) => step !== null),
    expect,
  };
  return { scenario, problems: null };
}

interface Reader {
  readonly lineOf: (path: Path) => number;
  readonly report: (path: Path, message: string) => void;
}

function readStep(value: unknown, path: Path, reader: Reader): StoryStep | null {
  const line = reader.lineOf(path);
  if (typeof value !== "object" || value === null) {
    reader.report(path, "a step is a mapping with `do` or `expect`");
    return null;
  }
  if ("expect" in value) {
    const kind = String(value.expect);
    const schema = expectStepSchema(kind);
    if (schema === null) {
      reader.report([...path, "expect"], unknown("expectation", kind, [...Object.keys(COLUMNS), "complete"]));
      return null;
    }
    const step = check(schema, value, path, reader);
    return step === null ? null : { line, expect: { ...asExpectation(kind, step), ...timing(step) } };
  }
  const kind = "do" in value ? String(value.do) : "";
  const schema = stepSchema(kind);
  if (schema === null) {
    reader.report(
      "do" in value ? [...path, "do"] : path,
      kind === "" ? "a step has `do` or `expect`" : unknown("step", kind, Object.keys(STEP_KEYS)),
    );
    return null;
  }
  const step = check(schema, value, path, reader);
  if (step === null) return null;
  if (step["after"] !== undefined && step["at"] !== undefined) {
    reader.report([...path, "at"], "a step has `after` or `at`, not both");
  }
  return { line, do: step as unknown as DoStep };
}

function asExpectation(kind: string, step: Readonly<Record<string, unknown>>): Expectation {
  const { expect: _, after: __, at: ___, absent, exactly, is, ...columns } = step;
  if (kind === "complete") return { kind, rows: [{ is: is ?? true }], exactly: false, absent: false };
  const { rows, ...rest } = columns;
  const list = kind !== "package" && Array.isArray(rows) ? (rows as Row[]) : null;
  return {
    kind,
    rows: list === null ? [columns] : list.map((row) => ({ ...rest, ...row })),
    exactly: exactly === true,
    absent: absent === true,
  };
}

function timing(step: Readonly<Record<string, unknown>>): { after?: string; at?: string } {
  return {
    ...(typeof step["after"] === "string" ? { after: step["after"] } : {}),
    ...(typeof step["at"] === "string" ? { at: step["at"] } : {}),
  };
}

function readFinal(value: unknown, reader: Reader): readonly FinalExpectation[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Array.isArray(value)) {
    reader.report(["expect"], "the final `expect` is a mapping of lists by kind");
    return [];
  }
  const all = "exactly" in value && value.exactly === true;
  return Object.entries(value).flatMap(([kind, given]): FinalExpectation[] => {
    const path = ["expect", kind];
    const line = reader.lineOf(path);
    if (kind === "exactly") {
      if (given !== true) reader.report(path, "`exactly` is true or left out");
      return [];
    }
    if (kind === "complete") {
      if (typeof given !== "boolean") reader.report(path, "`complete` is true or false");
      return [{ kind, rows: [{ is: given }], exactly: false, absent: false, line }];
    }
    const schema = rowSchema(kind);
    if (schema === null) {
      reader.report(path, unknown("expectation", kind, [...Object.keys(COLUMNS), "complete", "exactly"]));
      return [];
    }
    const listed = readList(given, path, reader);
    if (listed === null) return [];
    const rows = listed.rows.map((row, index) => check(schema, row, [...listed.path, index], reader));
    return [
      { kind, rows: rows.filter((row) => row !== null), exactly: all || listed.exactly, absent: false, line },
    ];
  });
}

/** A list of rows as it may be written: a list, or `{ rows: [...], exactly: true }`. */
function readList(
  given: unknown,
  path: Path,
  reader: Reader,
): { readonly rows: readonly unknown[]; readonly exactly: boolean; readonly path: Path } | null {
  if (Array.isArray(given)) return { rows: given, exactly: false, path };
  if (typeof given === "object" && given !== null && "rows" in given && Array.isArray(given.rows)) {
    const others = Object.keys(given).filter((key) => key !== "rows" && key !== "exactly");
    for (const key of others) reader.report([...path, key], unknown("key", key, ["rows", "exactly"]));
    return {
      rows: given.rows,
      exactly: "exactly" in given && given.exactly === true,
      path: [...path, "rows"],
    };
  }
  reader.report(path, "expected a list of rows, or { rows: [...], exactly: true }");
  return null;
}

/** Everyone who acts must be one of the people, or the story would act with someone made up. */
function checkPeople(people: readonly string[], story: readonly (StoryStep | null)[], reader: Reader): void {
  story.forEach((step, index) => {
    if (step === null || !("do" in step) || step.do.by === undefined) return;
    if (people.includes(step.do.by)) return;
    reader.report(["story", index, "by"], unknown("person", step.do.by, people));
  });
}

/** Parses with a schema; reports each issue at its line and returns null when there was one. */
function check<S extends z.ZodObject>(
  schema: S,
  value: unknown,
  path: Path,
  reader: Reader,
): z.infer<S> | null {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const at = [...path, ...issue.path.filter((part) => typeof part !== "symbol")];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        reader.report([...at, key], unknown("key", key, keysAt(schema, at)));
      }
    } else {
      const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
      reader.report(at, `${where}${issue.message}`);
    }
  }
  return null;
}

/** The keys a mapping may have where an unknown one was found. */
function keysAt(schema: z.ZodObject, at: Path): readonly string[] {
  if (schema !== HeadSchema || at.length === 0) return Object.keys(schema.shape);
  return Object.keys((at[0] === "people" ? StoryPersonSchema : StoryRepositorySchema).shape);
}

/** "unknown key x; did you mean y?" with the nearest of those that are known. */
function unknown(what: string, given: string, known: readonly string[]): string {
  const nearest = known
    .map((word) => ({ word, distance: distance(given, word) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const hint = nearest !== undefined && nearest.distance <= Math.max(2, given.length / 3);
  return `unknown ${what} \`${given}\`${hint ? `; did you mean \`${nearest.word}\`?` : ""}`;
}

/** The line of the deepest part of a path that is in the document. */
function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = keyNode(document, path.slice(0, length));
    if (node?.range != null) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** The node of a mapping's key (it is where an unknown key stands), else the node itself. */
function keyNode(document: Document.Parsed, path: Path): Node | null {
  const node: unknown = document.getIn(path, true);
  return isNode(node) ? node : null;
}

function withoutNulls<T>(record: Readonly<Record<string, T | null>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value ?? ({} as T)]));
}
