/** The sources as syntax trees, for the rules of the house that neither the compiler nor the linter knows. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "@swc/core";

/** The project's folder, with a slash at the end. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** A node of swc's tree; `span` counts bytes. */
export interface Node {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [key: string]: unknown;
}

/** One parsed file. */
export interface Source {
  /** Relative to the project. */
  readonly path: string;
  readonly items: readonly Node[];
  /** The text before a node, from the file's beginning. */
  readonly before: (node: Node) => string;
}

/** What was parsed for one test is there for the next, as long as there is room for it. */
const parsed = new Map<string, WeakRef<readonly Source[]>>();

/** Every TypeScript file below a folder of the project, parsed, in order of its path. */
export function sourcesIn(folder: string): readonly Source[] {
  const known = parsed.get(folder)?.deref();
  if (known !== undefined) return known;
  const sources = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .map((name) => parse(join(folder, name), readFileSync(join(ROOT, folder, name), "utf8")));
  parsed.set(folder, new WeakRef(sources));
  return sources;
}

/** Parses one text. */
export function parse(path: string, text: string): Source {
  // swc counts positions on from file to file, and begins at the first token: a semicolon put before the text marks that place.
  const bytes = Buffer.from(`;${text.replace(/^#!/u, "//")}`);
  const module = parseSync(bytes.toString(), { syntax: "typescript", target: "es2022" });
  const begin = module.span.start;
  return {
    path,
    items: module.body.slice(1) as unknown as readonly Node[],
    before: (node) => bytes.subarray(1, (node.span?.start ?? begin) - begin).toString(),
  };
}

const walked = new WeakMap<object, readonly Node[]>();

/** Every node below and with this one, in the order of the text. */
export function nodesOf(value: unknown): readonly Node[] {
  if (typeof value !== "object" || value === null) return [];
  const known = walked.get(value);
  if (known !== undefined) return known;
  const found: Node[] = [];
  collect(value, found);
  walked.set(value, found);
  return found;
}

function collect(value: object, found: Node[]): void {
  if (isNode(value)) found.push(value);
  for (const [key, each] of Object.entries(value))
    if (typeof each === "object" && each !== null && key !== "span") collect(each as object, found);
}

/** `a.b` written as a member expression, or null. */
export function memberName(node: Node): string | null {
  if (node.type !== "MemberExpression") return null;
  const { object, property } = node;
  if (!isNode(object) || !isNode(property)) return null;
  return typeof object["value"] === "string" && typeof property["value"] === "string"
    ? `${object["value"]}.${property["value"]}`
    : null;
}

/** Whether a value is a node of the tree. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}
