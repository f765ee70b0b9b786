import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { refusedBy } from "../../src/cli/node-version.ts";

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
    expect(refusedBy("20.20.2", args)).toBeNull();
});

test("npm is told the same version", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { engines } = JSON.parse(text) as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe(">=24.15");
});
