import { describe, expect, test } from "vitest";
import { sectionStates, withoutComments } from "../../src/domain/change/description.ts";

function stateOf(text: string, heading = "Reason"): string | undefined {
  return sectionStates(text, [heading])[0]?.state;
}

describe("the headings of a description", () => {
  test.each([
    ["## Reason\nA customer asked.", "filled"],
    ["###### **reason:** ######\nA customer asked.", "filled"],
    ["Reason\n======\nA customer asked.", "filled"],
    ["# Reason\n## Who\nAnn", "filled"],
    ["# Reason\n```\nlog line\n```", "filled"],
    ["# Reason\nNone", "filled"],
    ["# Reason\n# Impact\nNone", "empty"],
    ["# Reason\n<!-- say why\n\nhere -->", "empty"],
    ["# Reason\n<!-- never closed\ntext", "empty"],
    ["# Reason\n- [ ]\nTODO\n...\n<your reason>\n{{ reason }}\n[why]\n_say why_", "empty"],
    ["A reason", "missing"],
    ["```\n# Reason\ntext\n```", "missing"],
    ["<!--\n# Reason\ntext\n-->", "missing"],
    ["#Reason\ntext", "missing"],
    ["| Reason |\n|---|\n| text |", "missing"],
  ])("%j is %s", (text, state) => {
    expect(stateOf(text)).toBe(state);
  });

  test("a text made to be slow takes no longer than another of its length", () => {
    for (const text of [
      "<!--".repeat(16_000),
      "#".repeat(65_000),
      "- ".repeat(30_000),
      "```\n".repeat(15_000),
    ]) {
      expect(withoutComments(text).length).toBeLessThanOrEqual(text.length);
      expect(stateOf(text)).toBe("missing");
    }
  });
});
