import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { localTime } from "../../src/domain/texts/wording.ts";

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
