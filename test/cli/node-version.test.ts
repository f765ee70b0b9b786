import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { expect, test } from "vitest";

import { refusedBy } from "../../src/cli/node-version.ts";
import { isNode, parse, ROOT } from "../house/syntax.ts";

test.each(["20.20.2", "22.22.0", "23.11.1", "24.0.0", "24.14.9"])(
  "Node %s is told what is needed",
  (version) => {
    for (const args of [["serve"], ["log", "verify"], ["audit", "acme/web"], ["--help"], ["--json"], []])
      expect(refusedBy(version, args)).toBe(`Countersign needs Node 24.15 or newer; this is ${version}`);
  },
);

test.each(["24.15.0", "24.21.0", "25.0.0", "26.1.0-nightly20260706"])(
  "Node %s runs every command",
  (version) => {
    for (const args of [["serve"], ["verify", "evidence"], []]) expect(refusedBy(version, args)).toBeNull();
  },
);

test("an older Node still verifies", () => {
  for (const args of [
    ["verify", "evidence"],
    ["verify", "--help"],
    ["--json", "verify", "evidence.zip"],
  ])
    for (const version of ["20.15.0", "20.20.2", "22.22.0"]) expect(refusedBy(version, args)).toBeNull();
});

test.each(["12.22.12", "18.20.8", "20.0.0", "20.14.0"])("Node %s is told what verifying needs", (version) => {
  for (const args of [
    ["verify", "evidence"],
    ["--json", "verify", "evidence.zip"],
  ])
    expect(refusedBy(version, args)).toBe(`countersign verify needs Node 20.15 or newer; this is ${version}`);
});

/** What programs import by name before they have looked at the version: each is in every Node that has modules. */
const IN_EVERY_NODE: readonly string[] = ["existsSync of node:fs", "setFlagsFromString of node:v8"];

/** Returns what a file and all that it loads at once import by name of anything that is not ours. */
function namedImports(path: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(path)) return [];
  seen.add(path);
  return parse(path, readFileSync(join(ROOT, path), "utf8")).items.flatMap((item) => {
    if (!isNode(item["source"]) || item["typeOnly"] === true) return [];
    const from = String(item["source"]["value"]);
    if (from.startsWith(".")) return namedImports(join(dirname(path), from), seen);
    const named = Array.isArray(item["specifiers"]) ? item["specifiers"].filter(isNode) : [];
    return named.flatMap((each) => {
      const name = isNode(each["imported"]) ? each["imported"] : each["local"];
      const isByName = each.type === "ImportSpecifier" && each["isTypeOnly"] !== true;
      return isByName && isNode(name) ? [`${String(name["value"])} of ${from}`] : [];
    });
  });
}

test("nothing that an older Node lacks is imported before it is told what is needed", () => {
  const named = ["bin/countersign.js", "src/cli/main.ts"].flatMap((path) => namedImports(path));
  expect([...new Set(named)].toSorted()).toEqual(IN_EVERY_NODE);
});

test("npm is told the same version", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { engines } = JSON.parse(text) as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe(">=24.15");
});
