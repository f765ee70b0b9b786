import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  listedControls,
  withLocalTimes,
  localTime,
  markdown,
  markdownOrLink,
  plain,
  plainInCell,
} from "../../src/domain/texts/wording.ts";

describe("a moment as clocks show it", () => {
  test("is the time of the zone, with seconds only where there are any", () => {
    expect(localTime(Date.parse("2026-07-06T13:03:00Z"), "Europe/Berlin")).toBe(
      "2026-07-06 15:03 Europe/Berlin",
    );
    expect(localTime(Date.parse("2026-07-06T13:03:09Z"), "UTC")).toBe("2026-07-06 13:03:09 UTC");
  });

  test("names its offset in the hour that clocks show twice, and only then", () => {
    const zone = "Europe/Berlin";
    expect(localTime(Date.parse("2026-10-25T00:30:00Z"), zone)).toBe(
      "2026-10-25 02:30 Europe/Berlin (UTC+02:00)",
    );
    expect(localTime(Date.parse("2026-10-25T01:30:00Z"), zone)).toBe(
      "2026-10-25 02:30 Europe/Berlin (UTC+01:00)",
    );
    expect(localTime(Date.parse("2026-10-25T02:00:00Z"), zone)).toBe("2026-10-25 03:00 Europe/Berlin");
  });

  test("is never the same for two seconds, in any zone", () => {
    const day = Date.parse("2026-10-25T00:00:00Z");
    const second = fc.integer({ min: -200_000, max: 200_000 });
    const zone = fc.constantFrom("Europe/Berlin", "UTC", "Asia/Kathmandu", "America/St_Johns");
    fc.assert(
      fc.property(second, second, zone, (a, b, timezone) => {
        const isSame = localTime(day + a * 1_000, timezone) === localTime(day + b * 1_000, timezone);
        expect(isSame).toBe(a === b);
      }),
    );
  });
});

test("controls are listed by name", () => {
  expect(listedControls(["checks-passed"])).toBe("required checks");
  expect(listedControls(["checks-passed", "gate-respected"])).toBe("required checks and countersign check");
});

describe("a recorded time in a text", () => {
  test.each([
    ["due by 2026-07-06T09:05:00Z.", "due by 2026-07-06 11:05 Europe/Berlin."],
    ["at 2026-07-06T09:05:01Z (23c65ea)", "at 2026-07-06 11:05:01 Europe/Berlin (23c65ea)"],
    ["since 2026-07-06T09:05:00.000Z", "since 2026-07-06 11:05 Europe/Berlin"],
  ])("is shown as the clocks of a zone show it: %s", (recorded, shown) => {
    expect(withLocalTimes(recorded, "Europe/Berlin")).toBe(shown);
  });

  test.each([
    "https://ci.example.test/?at=2026-07-06T09:05:00Z",
    "release-2026-07-06T09:05:00Z",
    "2026-07-06T09:05:00Z-rc1",
    "2026-13-06T09:05:00Z",
    "2026-07-06",
  ])("stays as it is in an address, in a name, and where it is none: %s", (text) => {
    expect(withLocalTimes(text, "Europe/Berlin")).toBe(text);
  });
});

/** Addresses as people paste them. */
const ADDRESSES = [
  "https://ci.example.test/runs/1",
  "https://github.com/acme/web/rules/1",
  "https://ci.example.test:8443/job/web_a/12/?x=1&y=%20b#L10",
  "https://example.test",
];

/** What is no plain address as a whole, or would do harm as a link. */
const OTHERS = [
  "see https://ci.example.test/runs/1",
  "https://ci.example.test/runs/1 shows it",
  "http://ci.example.test/runs/1",
  "<https://ci.example.test/runs/1>",
  "https://github.com@evil.test/",
  "https://github.com:pw@evil.test/",
  "https://medium.test/@ann",
  "javascript:alert(1)",
  "https://a.test/><img src=x>",
  "https://a.test/`x`",
  "https://a.test/[x](y)",
  "https://a.test/a|b",
  "https://a.test/countersign-deviation:DEV-1",
  "https://аррӏе.test/",
  `https://a.test/${"x".repeat(400)}`,
];

describe("an address in words", () => {
  test.each(ADDRESSES)("is a link where someone with write permission gave nothing else: %s", (address) => {
    expect(markdownOrLink(address)).toBe(`<${address}>`);
    expect(plain(`evidence from ann: ${markdownOrLink(address)}`)).toBe(`evidence from ann: ${address}`);
  });

  test.each([...ADDRESSES, ...OTHERS])("is no link where anyone may write: %s", (text) => {
    expect(markdown(text)).not.toMatch(/:\/\/|(?<!\\)</u);
  });

  test.each(OTHERS)("is no link if it is more than that: %s", (text) => {
    expect(markdownOrLink(text)).toBe(markdown(text));
  });

  test("comes back whole at a terminal, as every other text does", () => {
    const texts = fc.string({ unit: "grapheme-ascii", maxLength: 100 });
    fc.assert(
      fc.property(fc.oneof(texts, fc.constantFrom(...ADDRESSES, ...OTHERS.slice(0, -1))), (text) => {
        expect(plain(markdown(text))).toBe(text.trim());
      }),
    );
  });

  test("comes back whole in a cell of a table, and our own marks do not", () => {
    const texts = fc.string({ unit: "grapheme-ascii", maxLength: 100 });
    fc.assert(
      fc.property(fc.oneof(texts, fc.constantFrom(...ADDRESSES, ...OTHERS.slice(0, -1))), (text) => {
        fc.pre(text.trim() !== "");
        const written = `**What to do:** \`/countersign approve\`.\n\nControls:\n- ${markdown(text)}\n- none`;
        expect(plainInCell(written)).toBe(
          `What to do: /countersign approve.\nControls:\n${text.trim()}\nnone`,
        );
      }),
    );
  });
});
