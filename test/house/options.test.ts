import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { isNode, nodesOf, parse, sourcesIn, type Node, type Source } from "./syntax.ts";

/** A value on its way through the code: the pattern that takes it, and the code in which it has that name. */
interface Taken {
  readonly pattern: Node;
  readonly within: unknown;
  readonly path: string;
}

/** The options that a row declares, there or in functions of its file, in the case in which they are read. */
function declaredIn(options: unknown, source: Source): ReadonlySet<string> {
  const declared = new Set<string>();
  const open = [options];
  for (const each of open) {
    for (const node of nodesOf(each)) {
      const isOption =
        (node.type === "CallExpression" && /^(?:option|requiredOption)$/u.test(propertyOf(node["callee"]))) ||
        (node.type === "NewExpression" && valueOf(node["callee"]) === "Option");
      if (isOption) declared.add(optionName(String(argumentsOf(node)[0]?.["value"])));
      const helper = node.type === "Identifier" ? functionIn(source.items, valueOf(node)) : undefined;
      if (helper !== undefined && !open.includes(helper["body"])) open.push(helper["body"]);
    }
  }
  return declared;
}

function optionName(flags: string): string {
  const name = /--(?:no-)?([a-z-]+)/u.exec(flags)?.[1] ?? flags;
  return name.replaceAll(/-(.)/gu, (_, letter: string) => letter.toUpperCase());
}

/** The names that are read of a value, also by the functions it is handed to; null: somewhere it cannot be followed. */
function readOf(
  { pattern, within, path }: Taken,
  seen: ReadonlySet<string> = new Set(),
): ReadonlySet<string> | null {
  if (pattern.type === "AssignmentPattern")
    return readOf({ pattern: pattern["left"] as Node, within, path }, seen);
  if (pattern.type === "ObjectPattern") {
    const read = new Set<string>();
    for (const property of pattern["properties"] as readonly Node[]) {
      if (property.type !== "RestElement") {
        read.add(valueOf(property["key"]));
        continue;
      }
      const rest = readOf({ pattern: property["argument"] as Node, within, path }, seen);
      if (rest === null) return null;
      for (const name of rest) read.add(name);
    }
    return read;
  }
  const name = valueOf(pattern);
  const read = new Set<string>();
  for (const node of nodesOf(within)) {
    if (node.type === "MemberExpression" && [valueOf, propertyOf].some((of) => of(node["object"]) === name))
      read.add(propertyOf(node));
    const next: (Taken | null)[] = [];
    if (node.type === "VariableDeclarator" && valueOf(node["init"]) === name)
      next.push({ pattern: node["id"] as Node, within, path });
    if (node.type === "CallExpression") {
      for (const [index, argument] of argumentsOf(node).entries())
        if (isHandedOn(argument, name))
          next.push(parameterOf(valueOf(node["callee"]), index, { within, path }));
    }
    const key = node.type === "ObjectExpression" ? keyOf(node, name) : undefined;
    if (key !== undefined) next.push({ pattern: key, within: SOURCES.get(path)?.items, path });
    for (const taken of next) {
      if (taken === null) return null;
      const key = `${taken.path}:${taken.pattern.span?.start}`;
      const more = seen.has(key) ? new Set<string>() : readOf(taken, new Set([...seen, key]));
      if (more === null) return null;
      for (const each of more) read.add(each);
    }
  }
  return read;
}

/** Whether an argument is a value itself, or an object it is spread into. */
function isHandedOn(argument: Node, name: string): boolean {
  if (argument.type !== "ObjectExpression") return valueOf(argument) === name;
  return (argument["properties"] as readonly Node[]).some(
    (each) => each.type === "SpreadElement" && valueOf(each["arguments"]) === name,
  );
}

/** The name under which an object holds a value; `undefined`: it does not. */
function keyOf(object: Node, name: string): Node | undefined {
  const properties = object["properties"] as readonly Node[];
  const holder = properties.find((each) => valueOf(each) === name || valueOf(each["value"]) === name);
  return holder?.type === "KeyValueProperty" ? (holder["key"] as Node) : holder;
}

/** The parameter of a function, here or in the module it is imported from, statically or by `await import`; null: not found. */
function parameterOf(name: string, index: number, at: Pick<Taken, "within" | "path">): Taken | null {
  const own = SOURCES.get(at.path)?.items ?? [];
  const found = functionIn(own, name);
  if (found !== undefined) {
    const parameter = (found["params"] as readonly Node[])[index];
    if (parameter === undefined) return null;
    return { pattern: parameter["pat"] as Node, within: found["body"], path: at.path };
  }
  const from = importOf(name, [...nodesOf(own), ...nodesOf(at.within)]);
  return from === undefined
    ? null
    : parameterOf(name, index, { within: [], path: join(at.path, "..", from) });
}

function importOf(name: string, nodes: readonly Node[]): string | undefined {
  for (const node of nodes) {
    const isNamed = [...nodesOf(node["specifiers"] ?? node["id"])].some((each) => valueOf(each) === name);
    if (node.type === "ImportDeclaration" && isNamed) return valueOf(node["source"]);
    if (node.type !== "VariableDeclarator" || !isNamed || !isNode(node["init"])) continue;
    const call = [...nodesOf(node["init"])].find(
      (each) => (each["callee"] as Node | undefined)?.type === "Import",
    );
    if (call !== undefined) return valueOf(argumentsOf(call)[0]);
  }
  return undefined;
}

function functionIn(items: readonly Node[], name: string): Node | undefined {
  return [...nodesOf(items)].find(
    (node) => node.type === "FunctionDeclaration" && valueOf(node["identifier"]) === name,
  );
}

function argumentsOf(call: Node): readonly Node[] {
  return (call["arguments"] as readonly { readonly expression: Node }[]).map(({ expression }) => expression);
}

function valueOf(node: unknown): string {
  return isNode(node) && typeof node["value"] === "string" ? node["value"] : "";
}

function propertyOf(node: unknown): string {
  return isNode(node) && node.type === "MemberExpression" ? valueOf(node["property"]) : "";
}

/** The properties of an object, also of an object of the same file that is spread into it. */
function propertiesOf(object: Node | undefined, items: readonly Node[]): readonly Node[] {
  return ((object?.["properties"] ?? []) as readonly Node[]).flatMap((each) => {
    if (each.type !== "SpreadElement") return [each];
    const of = [...nodesOf(items)].find(
      (node) => node.type === "VariableDeclarator" && valueOf(node["id"]) === valueOf(each["arguments"]),
    );
    return propertiesOf(of?.["init"] as Node | undefined, items);
  });
}

/** The options of every row that `run` and the functions it calls do not read. */
function unreadIn(source: Source): readonly string[] {
  const { path, items } = source;
  return [...nodesOf(items)].flatMap((node) => {
    if (node.type !== "CallExpression" || valueOf(node["callee"]) !== "defineCommand") return [];
    const properties = propertiesOf(argumentsOf(node)[0], items);
    const of = (key: string): Node | undefined =>
      properties.find((each) => valueOf(each["key"]) === key)?.["value"] as Node | undefined;
    const parameter = (of("run")?.["params"] as readonly Node[] | undefined)?.[1];
    const pattern = parameter?.type === "Parameter" ? (parameter["pat"] as Node) : parameter;
    const read =
      pattern === undefined ? new Set<string>() : readOf({ pattern, within: of("run")?.["body"], path });
    const name = valueOf(of("name"));
    if (read === null) return [`${path} ${name}: its options are handed to what cannot be followed`];
    return [...declaredIn(of("options"), source)]
      .filter((option) => !read.has(option))
      .map((option) => `${path} ${name}: --${option} is never read`);
  });
}

const SOURCES: ReadonlyMap<string, Source> = new Map(sourcesIn("src").map((source) => [source.path, source]));

describe("an option of a command", () => {
  it("is read by the command that declares it", () => {
    expect([...SOURCES.values()].flatMap(unreadIn)).toEqual([]);
  });

  it.each([
    ["never", "async () => null", ["there.ts x: --deepMind is never read"]],
    ["destructured", "async (_, { deepMind }) => deepMind", []],
    ["read as a member", "async (_, options) => options.deepMind", []],
    ["read of the rest", "async (_, { other, ...rest }) => rest.deepMind", []],
    [
      "not read of the rest",
      "async (_, { other, ...rest }) => rest.other",
      ["there.ts x: --deepMind is never read"],
    ],
    [
      "handed to nobody knows",
      "async (_, options) => other(options)",
      ["there.ts x: its options are handed to what cannot be followed"],
    ],
  ])("is found where it is %s", (_how, run, unread) => {
    const row = `const shared = { summary: "X." }; function withMind(c) { return c.option("--deep-mind <n>", "text"); }
      defineCommand({ ...shared, name: "x", options: withMind, run: ${run} });`;
    expect(unreadIn(parse("there.ts", row))).toEqual(unread);
  });
});
