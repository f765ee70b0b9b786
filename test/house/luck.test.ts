/** What would make a test fail by luck, by a slow machine, or not at all though it should. */

import { describe, expect, it } from "vitest";

import config from "../../vitest.config.ts";
import { isNode, memberName, nodesOf, parse, sourcesIn, type Node, type Source } from "./syntax.ts";

const TESTS = sourcesIn("test");

/** Calls that take a function to run and, after it, a limit to its time. */
const RUN = new Set(["test", "it", "describe", "beforeAll", "beforeEach", "afterAll", "afterEach"]);
RUN.add("onTestFinished");

/** Waits of vitest that end after a second unless each is told otherwise: `expect.poll` waits as long as the test may take. */
const IMPATIENT = new Set(["vi.waitFor", "vi.waitUntil", "AbortSignal.timeout"]);

/** Returns the name that a chain of calls and members begins with: `test` of `test.each(cases)("...", run)`. */
function rootOf(node: unknown): string {
  if (!isNode(node)) return "";
  if (node.type === "Identifier") return String(node["value"]);
  return rootOf(node["callee"] ?? node["object"] ?? node["tag"]);
}

function argumentsOf(call: Node): readonly Node[] {
  const given = Array.isArray(call["arguments"])
    ? (call["arguments"] as { readonly expression: Node }[])
    : [];
  return given.map(({ expression }) => expression);
}

function isCode({ type }: Node): boolean {
  return type === "ArrowFunctionExpression" || type === "FunctionExpression";
}

/** Returns the value of a property that an object names so, if it does. */
function property(object: Node, name: string): Node | undefined {
  const all = Array.isArray(object["properties"]) ? object["properties"].filter(isNode) : [];
  const found = all.find((each) => (isNode(each["key"]) ? each["key"] : each)["value"] === name);
  return found === undefined || !isNode(found["value"]) ? found : found["value"];
}

/** Returns the limits to the time of a test that its file sets. */
function limits({ path, items }: Source): readonly string[] {
  const found: string[] = [];
  for (const node of nodesOf(items)) {
    const given = argumentsOf(node);
    const last = given.at(-1);
    if (node.type === "CallExpression" && RUN.has(rootOf(node["callee"])) && given.some(isCode))
      if (last !== undefined && !isCode(last)) found.push(`${rootOf(node["callee"])} with a limit`);
    const member = memberName(node) ?? "";
    if (IMPATIENT.has(member)) found.push(member);
    if (node.type === "ObjectExpression" && property(node, "timeout")?.type === "NumericLiteral")
      found.push("timeout");
  }
  return found.map((each) => `${path}: ${each}`);
}

/** Returns whether what is computed here is a time of the machine's, or since one. */
function isMachineTime(node: unknown): boolean {
  if (!isNode(node)) return false;
  if (node.type === "BinaryExpression") return [node["left"], node["right"]].some(isMachineTime);
  return isNode(node["callee"]) && /^(performance|Date)\.now$/u.test(memberName(node["callee"]) ?? "");
}

/** Returns the comparisons with how late it is on the machine. */
function clocks({ path, items }: Source): readonly string[] {
  return [...nodesOf(items)].flatMap((node) =>
    node.type === "CallExpression" &&
    rootOf(node["callee"]) === "expect" &&
    argumentsOf(node).some(isMachineTime)
      ? [path]
      : [],
  );
}

/** Returns the properties drawn by a seed of their own, or as often in a whole run as in a sample. */
function drawn({ path, items }: Source): readonly string[] {
  return [...nodesOf(items)].flatMap((node) => {
    if (node.type !== "ObjectExpression") return [];
    const [runs, seed] = [property(node, "numRuns"), property(node, "seed")];
    if (runs === undefined) return [];
    const isOfTheRun = [...nodesOf(seed)].some((each) => each["value"] === "SEED");
    return [
      ...(seed === undefined || isOfTheRun ? [] : [`${path}: a seed of its own`]),
      ...(runs.type === "NumericLiteral" && Number(runs["value"]) > 1 ? [`${path}: as often in all`] : []),
    ];
  });
}

describe("a test is ended by nothing but the ceiling of all tests", () => {
  it("whatever it waits for", () => {
    // GitHub gives up after ten seconds, and so does its double.
    expect(TESTS.flatMap(limits)).toEqual(["test/github/courier.ts: AbortSignal.timeout"]);
    const { testTimeout, hookTimeout, expect: waits } = config.test ?? {};
    expect(testTimeout).toBeGreaterThanOrEqual(600_000);
    expect([hookTimeout, waits?.poll?.timeout]).toEqual([testTimeout, testTimeout]);
  });

  it.each([
    'test("a", () => {}, 60_000);',
    'test.each(["a"])("%s", async () => {}, LONG);',
    'it("a", { timeout: 5_000 }, () => {});',
    "beforeAll(async () => {}, 2 * MINUTE);",
    "await expect.poll(() => seen, { timeout: 1_000 }).toBe(2);",
    "await vi.waitFor(() => done());",
    "fetch(url, { signal: AbortSignal.timeout(9) });",
  ])("would be caught at: %s", (text) => {
    expect(limits(parse("a.ts", text))).not.toEqual([]);
  });

  it.each([
    'test.each(["a"])("%s", { retry: 0 }, () => {});',
    'test("a", () => { wait(1_000); });',
    "await expect.poll(() => seen, { interval: 10 }).toBe(2);",
  ])("may be: %s", (text) => {
    expect(limits(parse("a.ts", text))).toEqual([]);
  });
});

describe("how long the machine took", () => {
  it("is compared with nothing", () => {
    expect(TESTS.flatMap(clocks)).toEqual([]);
  });

  it.each([
    "expect(performance.now() - began).toBeLessThan(5_000);",
    "expect(Date.now()).toBeGreaterThan(began);",
  ])("would be caught at: %s", (text) => {
    expect(clocks(parse("a.ts", text))).not.toEqual([]);
  });
});

/** Returns the checks that hold of no elements at all. */
function vacuous({ path, items }: Source): readonly string[] {
  return [...nodesOf(items)].flatMap((node) => {
    if (node.type !== "CallExpression" || rootOf(node["callee"]) !== "expect") return [];
    const [given] = argumentsOf(node);
    const callee = given === undefined ? null : given["callee"];
    return isNode(callee) && isNode(callee["property"]) && callee["property"]["value"] === "every"
      ? [path]
      : [];
  });
}

describe("what is expected of each member of a list", () => {
  it("is not expected with every, which is true of an empty list: a set of what they have is not", () => {
    expect(TESTS.flatMap(vacuous)).toEqual([]);
  });

  it("would be caught", () => {
    expect(vacuous(parse("a.ts", "expect(lines.every((line) => line.isGood)).toBe(true);"))).toHaveLength(1);
    expect(vacuous(parse("a.ts", "expect(new Set(lines.map(isGood))).toEqual(new Set([true]));"))).toEqual(
      [],
    );
  });
});

describe("what is made up", () => {
  it("is drawn by the seed of the run, and more often in a whole run", () => {
    expect(TESTS.flatMap(drawn)).toEqual([]);
  });

  it.each([
    "fc.assert(law, { seed: 7, numRuns: rounds(4, 10) });",
    "fc.assert(law, { seed, numRuns: rounds(4, 10) });",
    "fc.assert(law, { numRuns: 2_000 });",
  ])("would be caught at: %s", (text) => {
    expect(drawn(parse("a.ts", text))).toHaveLength(1);
  });

  it("may be drawn by another seed that follows from it, or once", () => {
    const text =
      "fc.assert(law, { seed: SEED + 1, numRuns: rounds(4, 10) }); fc.sample(any, { numRuns: 1 });";
    expect(drawn(parse("a.ts", text))).toEqual([]);
  });
});

/** What starts programs: a helper that ends them with the test, and those that need another way, which end them as well. */
const STARTERS = new Set([
  "test/robustness/programs.ts",
  // GitHub's double is a program of its own, and imports nothing of the App's tests.
  "test/github/double.test.ts",
  // What is left behind is what is tested.
  "test/robustness/orphans.test.ts",
  // Its worker ends when its channel does.
  "test/ledger/kill.test.ts",
  // npm starts the program as a reader does.
  "test/cli/setup/install-page.test.ts",
]);

/** Returns the files that start programs which may outlive whoever waits for them. */
function starters({ path, items }: Source): readonly string[] {
  if (STARTERS.has(path)) return [];
  return items.some((item) => {
    const from = isNode(item["source"]) ? String(item["source"]["value"]) : "";
    const named = Array.isArray(item["specifiers"]) ? item["specifiers"].filter(isNode) : [];
    return /^(node:)?child_process$/u.test(from) && named.some((each) => LASTING.has(nameOf(each)));
  })
    ? [path]
    : [];
}

/** What starts programs that serve; others are waited for. */
const LASTING = new Set(["spawn", "fork"]);

function nameOf(specifier: Node): string {
  const of = isNode(specifier["imported"]) ? specifier["imported"] : specifier["local"];
  return isNode(of) ? String(of["value"]) : "";
}

describe("a program that a test starts", () => {
  it("ends with the test, and with whoever runs it", () => {
    expect(TESTS.flatMap(starters)).toEqual([]);
  });

  it.each([
    'import { spawn } from "node:child_process";',
    'import { once, fork as f } from "child_process";',
  ])("would be caught at: %s", (text) => {
    expect(starters(parse("test/a.test.ts", text))).toEqual(["test/a.test.ts"]);
  });

  it("may be waited for", () => {
    const text = 'import { spawnSync, type ChildProcess } from "node:child_process";';
    expect(starters(parse("test/a.test.ts", text))).toEqual([]);
  });
});

/** Tests in which it is tested that something waits no longer than so long. */
const IN_SHORT: readonly string[] = [
  "test/doors/fuzz.test.ts: patience",
  "test/ledger/failures.test.ts: SHORT",
  "test/ledger/lists.test.ts: patience",
];

/** Milliseconds. What is waited for less long may come too late on a busy machine. */
const PATIENT = 60_000;

/** Returns what is waited for less long than a busy machine may take: given as it is, or by a constant of the file. */
function impatient({ path, items }: Source): readonly string[] {
  return [...nodesOf(items)].flatMap((node) => {
    const found: string[] = [];
    const isShort = (value: unknown): boolean =>
      isNode(value) && value.type === "NumericLiteral" && Number(value["value"]) < PATIENT;
    if (node.type === "ObjectExpression")
      for (const name of ["patience", "patienceMs"]) if (isShort(property(node, name))) found.push(name);
    const id = node.type === "VariableDeclarator" && isNode(node["id"]) ? String(node["id"]["value"]) : "";
    if (/^(SHORT|PATIENCE|PATIENT)/u.test(id) && isShort(node["init"])) found.push(id);
    return found.map((name) => `${path}: ${name}`);
  });
}

describe("an answer is waited for as long as a busy machine may take", () => {
  it("but where it is tested that something waits no longer", () => {
    expect(new Set(TESTS.flatMap(impatient))).toEqual(new Set(IN_SHORT));
  });

  it.each(["openStore(where, { patienceMs: 1_500 });", "const PATIENCE = 5_000;"])(
    "would be caught at: %s",
    (text) => {
      expect(impatient(parse("a.ts", text))).toHaveLength(1);
    },
  );

  it("may be longer", () => {
    expect(impatient(parse("a.ts", "openStore(where, { patienceMs: 600_000 });"))).toEqual([]);
  });
});
