import { expect, test } from "vitest";
import { localTime } from "../../src/domain/texts/wording.ts";

test.each([
  ["a whole minute", "2026-07-06T13:03:00Z", "UTC", "2026-07-06 13:03 UTC"],
  ["a second", "2026-07-06T13:02:01Z", "UTC", "2026-07-06 13:02:01 UTC"],
  ["another zone", "2026-07-06T23:03:00Z", "Europe/Berlin", "2026-07-07 01:03 Europe/Berlin"],
  [
    "the hour before the clocks go back",
    "2026-10-25T00:30:00Z",
    "Europe/Berlin",
    "2026-10-25 02:30 Europe/Berlin (UTC+02:00)",
  ],
  [
    "the same hour after it",
    "2026-10-25T01:30:00Z",
    "Europe/Berlin",
    "2026-10-25 02:30 Europe/Berlin (UTC+01:00)",
  ],
])("a time is shown as on the clocks of its zone: %s", (_, instant, timezone, shown) => {
  expect(localTime(Date.parse(instant), timezone)).toBe(shown);
});
