import { basename } from "node:path";

import { describe, expect, it } from "vitest";
import { isNode, memberName, nodesOf, parse, sourcesIn, type Node, type Source } from "./syntax.ts";

/** What would make a judgement depend on when, where or by luck it is made. */
const IMPURE_MEMBERS = new Set([
  "Date.now",
  "Math.random",
  "performance.now",
  "performance.timeOrigin",
  "Temporal.Now",
  "crypto.randomUUID",
  "crypto.getRandomValues",
]);
const IMPURE_NAMES = new Set(["process", "fetch", "setTimeout", "setInterval", "setImmediate", "console"]);

function impurities(source: Source): readonly string[] {
  const found: string[] = [];
  // A key is only a name: `{ process: ... }` asks nothing of the machine.
  const keys = new Set<unknown>();
  for (const node of nodesOf(source.items)) {
    if (node.type === "KeyValueProperty") keys.add(node["key"]);
    const member = memberName(node);
    if (member !== null && IMPURE_MEMBERS.has(member)) found.push(member);
    if (node.type === "Identifier" && !keys.has(node) && IMPURE_NAMES.has(String(node["value"])))
      found.push(String(node["value"]));
    if (node.type === "NewExpression" && calls(node, "Date") && argumentsOf(node) === 0)
      found.push("new Date()");
    if (node.type === "CallExpression" && calls(node, "Date")) found.push("Date()");
  }
  return found.map((each) => `${source.path}: ${each}`);
}

function calls(node: Node, name: string): boolean {
  return isNode(node["callee"]) && node["callee"]["value"] === name;
}

function argumentsOf(node: Node): number {
  return Array.isArray(node["arguments"]) ? node["arguments"].length : 0;
}

/** Where work may be queued without a decision it follows from: the clock asks for it, or the start. */
const QUEUES_BY_ITSELF = new Set(["src/timetable.ts", "src/main.ts", "src/ledger/queue/queue.ts"]);

function enqueues(source: Source): readonly string[] {
  if (QUEUES_BY_ITSELF.has(source.path)) return [];
  const nodes = [...nodesOf(source.items)];
  const keys = new Set(nodes.flatMap((node) => (node.type === "KeyValueProperty" ? [node["key"]] : [])));
  return nodes.flatMap((node) =>
    node.type === "Identifier" && node["value"] === "enqueue" && !keys.has(node) ? [source.path] : [],
  );
}

/** Rooms of which a room may name types, but never use values. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  flows: ["github", "ledger", "notifications", "package"],
  dashboard: ["ledger"],
};

function valueImports(source: Source, rooms: readonly string[]): readonly string[] {
  const forbidden = new RegExp(`^(\\.\\./)+(${rooms.join("|")})/`, "u");
  const lazy = [...nodesOf(source.items)].flatMap((node) => {
    const [first] = node.type === "CallExpression" ? [...nodesOf(node["arguments"])] : [];
    const from = isNode(node["callee"]) && node["callee"].type === "Import" ? String(first?.["value"]) : "";
    return forbidden.test(from) ? [`${source.path}: ${from}`] : [];
  });
  const early = source.items.flatMap((item) => {
    const from = isNode(item["source"]) ? String(item["source"]["value"]) : "";
    if (!forbidden.test(from) || item["typeOnly"] === true) return [];
    const specifiers = Array.isArray(item["specifiers"]) ? item["specifiers"].filter(isNode) : [];
    const types = specifiers.length > 0 && specifiers.every((each) => each["isTypeOnly"] === true);
    return types ? [] : [`${source.path}: ${from}`];
  });
  return [...early, ...lazy];
}

function undocumented(source: Source): readonly string[] {
  const bare = source.items.filter((item) => {
    if (item.type !== "ExportDeclaration") return false;
    const before = source.before(item);
    // The comment must touch what it explains: the one at the top of a file is about the file.
    return !/\*\/\r?\n$/u.test(before) || before.slice(before.lastIndexOf("/*")).length < 12;
  });
  const overloaded = new Set(
    source.items.filter((item) => !bare.includes(item) && item.type === "ExportDeclaration").map(nameOf),
  );
  return bare
    .filter((item) => !overloaded.has(nameOf(item)))
    .map((item) => `${source.path}: ${nameOf(item)}`);
}

function nameOf(item: Node): string {
  const declaration = isNode(item["declaration"]) ? item["declaration"] : item;
  const first = Array.isArray(declaration["declarations"]) ? declaration["declarations"][0] : declaration;
  const name = isNode(first) || typeof first === "object" ? (first as Node)["identifier"] : null;
  const id = name ?? (first as Node)["id"];
  return isNode(id) ? String(id["value"]) : "?";
}

describe("the domain", () => {
  it("asks no clock, no chance and no machine", () => {
    expect(sourcesIn("src/domain").flatMap(impurities)).toEqual([]);
  });

  it.each([
    "export const a = Date.now();",
    "export const a = () => new Date();",
    "export const a = Date();",
    "class A { b() { return Math.random(); } }",
    "export const a = `${performance.now()}`;",
    "export const a = process.env;",
    "export async function a() { await fetch('x'); }",
  ])("would be caught at: %s", (text) => {
    expect(impurities(parse("a.ts", text))).toHaveLength(1);
  });

  it("may turn a given instant into a date", () => {
    expect(impurities(parse("a.ts", "export const a = new Date(0).toISOString(); // Date.now()"))).toEqual(
      [],
    );
  });
});

describe("imports", () => {
  it.each(Object.entries(TYPES_ONLY))("of %s from %s are types", (room, rooms) => {
    expect(sourcesIn(`src/${room}`).flatMap((source) => valueImports(source, rooms))).toEqual([]);
  });

  it.each([
    'import { Ledger } from "../ledger/ledger.ts";',
    'import { type Ledger, open } from "../ledger/ledger.ts";',
    'import * as ledger from "../../ledger/ledger.ts";',
    'import "../ledger/ledger.ts";',
    'export { open } from "../ledger/ledger.ts";',
    'export const open = async () => (await import("../ledger/open.ts")).openLedger;',
  ])("would be caught at: %s", (text) => {
    expect(valueImports(parse("a.ts", text), ["ledger"])).toHaveLength(1);
  });

  it.each([
    'import type { Ledger } from "../ledger/ledger.ts";',
    'import { type Ledger } from "../ledger/ledger.ts";',
    'import { open } from "../domain/ledger/ledger.ts";',
  ])("may be: %s", (text) => {
    expect(valueImports(parse("a.ts", text), ["ledger"])).toEqual([]);
  });
});

describe("every export", () => {
  it("says what it is", () => {
    expect(sourcesIn("src").flatMap(undocumented)).toEqual([]);
  });

  it.each([
    ["/** About the file. */\n\nexport const a = 1;", "a"],
    ["const ä = 1;\nexport function b(): void {}", "b"],
    ["// not a docstring\nexport interface C {}", "C"],
    ["/** */\nexport type D = string;", "D"],
  ])("without words would be caught: %s", (text, name) => {
    expect(undocumented(parse("a.ts", text))).toEqual([`a.ts: ${name}`]);
  });

  it("with a sentence before it is left alone", () => {
    expect(undocumented(parse("a.ts", "/** Ä: one sentence. */\nexport class A {}"))).toEqual([]);
  });
});

/** A minute, an hour and a day in milliseconds. */
const UNITS = new Set([60_000, 3_600_000, 86_400_000]);

function unitsAgain({ path, items }: Source): readonly string[] {
  if (path.endsWith("/durations.ts")) return [];
  return [...nodesOf(items)].flatMap((node) =>
    node.type === "NumericLiteral" && UNITS.has(Number(node["value"]))
      ? [`${path}: ${String(node["value"])}`]
      : [],
  );
}

describe("the length of a minute, an hour and a day", () => {
  it("stands in one file", () => {
    expect(sourcesIn("src").flatMap(unitsAgain)).toEqual([]);
  });

  it("would be caught anywhere else", () => {
    expect(unitsAgain(parse("src/a.ts", "const WAIT = 24 * 3_600_000 + 60e3;"))).toHaveLength(2);
  });
});

/** Whether a file could open a socket for routes. */
function opensSockets({ path, items }: Source): readonly string[] {
  if (path === "src/listening.ts") return [];
  return items.some((item) => {
    const from = isNode(item["source"]) ? String(item["source"]["value"]) : "";
    return from === "@hono/node-server" && item["typeOnly"] !== true;
  })
    ? [path]
    : [];
}

describe("a socket for routes", () => {
  it("is opened in one file, with its limits", () => {
    expect(sourcesIn("src").flatMap(opensSockets)).toEqual([]);
  });

  it("would be caught anywhere else", () => {
    const text = 'import { serve } from "@hono/node-server";\nserve({ fetch });';
    expect(opensSockets(parse("src/cli/a.ts", text))).toEqual(["src/cli/a.ts"]);
    expect(opensSockets(parse("src/a.ts", 'import type { HttpBindings } from "@hono/node-server";'))).toEqual(
      [],
    );
  });
});

/** Where the App's clients of GitHub are made: for the App, and for every command. */
const CLIENT_MAKERS = new Set(["src/github/api/octokit.ts", "src/start/tools.ts", "src/cli/input/github.ts"]);

function makesClients({ path, items }: Source): readonly string[] {
  const isMade = [...nodesOf(items)].some(
    (node) => node.type === "Identifier" && node["value"] === "makeProbot",
  );
  return isMade && !CLIENT_MAKERS.has(path) ? [path] : [];
}

describe("a client of GitHub", () => {
  it("is made alike for every command", () => {
    expect(sourcesIn("src").flatMap(makesClients)).toEqual([]);
  });

  it("would be caught anywhere else", () => {
    expect(makesClients(parse("src/cli/a.ts", "const probot = makeProbot({ appId });"))).toEqual([
      "src/cli/a.ts",
    ]);
  });
});

describe("follow-up work", () => {
  it("is recorded with the decision it follows from: only the timetable and the start queue work by itself", () => {
    expect(sourcesIn("src").flatMap(enqueues)).toEqual([]);
  });

  it.each([
    "tools.ledger.queue.enqueue([task], at);",
    "const { enqueue } = tools.ledger.queue;",
    "q?.enqueue();",
  ])("would be caught at: %s", (text) => {
    expect(enqueues(parse("src/flows/a.ts", text))).not.toEqual([]);
  });
});

/** What was recorded has the type of its kind; the log alone gives it that, when it reads an entry of whichever version. */
const GIVES_TYPES = new Set(["src/domain/records/stored.ts"]);

/** Returns the casts of what an entry holds: `entry.body as ...`, or of a `body` taken out of it. */
function castBodies({ path, items }: Source): readonly string[] {
  if (GIVES_TYPES.has(path)) return [];
  return [...nodesOf(items)].flatMap((node) => {
    const cast = node.type === "TsAsExpression" ? node["expression"] : null;
    if (!isNode(cast)) return [];
    const named = cast.type === "MemberExpression" && isNode(cast["property"]) ? cast["property"] : cast;
    return named.type === "Identifier" && named["value"] === "body" ? [path] : [];
  });
}

describe("what an entry of the log holds", () => {
  it("is cast nowhere: it is read in the version it was recorded in", () => {
    expect(sourcesIn("src").flatMap(castBodies)).toEqual([]);
  });

  it.each([
    "const own = lineOf(entry).body as PolicyRecord;",
    "const { change } = entry.body as unknown as ChangeRecord;",
    "const { body } = entry; use(body as ChangeRecord);",
  ])("would be caught at: %s", (text) => {
    expect(castBodies(parse("src/domain/a.ts", text))).toHaveLength(1);
  });

  it("may be a constant, and read by its schema", () => {
    const text = 'const body = { kind: "reading" } as const; RecordSchema.parse(entry.body);';
    expect(castBodies(parse("src/domain/a.ts", text))).toEqual([]);
  });
});

/** What would be recorded without what follows from it, and the only files that may decide it: each decides both. */
const DECIDED_WHOLE: Readonly<Record<string, readonly string[]>> = {
  decideChange: ["src/domain/decisions/decision.ts", "src/flows/records/judged.ts"],
  decideDeployment: ["src/domain/decisions/decision.ts", "src/flows/records/judged.ts"],
  emergencyEntry: [
    "src/domain/decisions/emergency-use.ts",
    "src/domain/emergency/life.ts",
    "src/domain/emergency/steps.ts",
  ],
  "reviewEntry of a retroactive review": [
    "src/domain/decisions/emergency-use.ts",
    "src/domain/emergency/retroactive-review.ts",
    "src/domain/emergency/steps.ts",
  ],
};

/** Returns what a file decides by half. */
function decidedByHalf({ path, items }: Source): readonly string[] {
  const named = new Set<string>();
  for (const item of items) {
    const from = isNode(item["source"]) ? String(item["source"]["value"]) : "";
    const specifiers = Array.isArray(item["specifiers"]) ? item["specifiers"].filter(isNode) : [];
    for (const each of specifiers) {
      const of = isNode(each["imported"]) ? each["imported"] : each["local"];
      const name = isNode(of) ? String(of["value"]) : "";
      // A file as a whole, with all that it decides.
      if (each.type === "ImportNamespaceSpecifier")
        for (const [whole, places] of Object.entries(DECIDED_WHOLE))
          if (places.some((place) => basename(place) === basename(from))) named.add(whole);
      named.add(from.endsWith("/retroactive-review.ts") ? `${name} of a retroactive review` : name);
    }
  }
  return Object.entries(DECIDED_WHOLE).flatMap(([name, places]) =>
    named.has(name) && !places.includes(path) ? [`${path}: ${name}`] : [],
  );
}

describe("a judgement, and a step of an emergency or of its review", () => {
  it("is decided with what follows from it", () => {
    expect(sourcesIn("src").flatMap(decidedByHalf)).toEqual([]);
  });

  it.each([
    'import { decideChange } from "../../domain/decisions/decision.ts";',
    'import { expired, emergencyEntry as entry } from "../../domain/emergency/life.ts";',
    'import * as life from "../../domain/emergency/life.ts";',
    'import { reviewEntry } from "../../domain/emergency/retroactive-review.ts";',
  ])("would be caught at: %s", (text) => {
    expect(decidedByHalf(parse("src/flows/reviews/a.ts", text))).toHaveLength(1);
  });
});
