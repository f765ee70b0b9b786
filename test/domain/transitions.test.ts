import { describe, expect, test } from "vitest";

import { EMERGENCY_TRANSITIONS } from "../../src/domain/emergency/emergency.ts";
import { REVIEW_TRANSITIONS } from "../../src/domain/emergency/retroactive-review.ts";
import { destination, transition, type TransitionTable } from "../../src/domain/values/transitions.ts";

const DOOR: TransitionTable<"open" | "shut", "build" | "close" | "paint", "owner" | "guest" | "child"> = {
  build: [{ from: [null], to: "open", needs: ["owner"] }],
  close: [{ from: ["open"], to: "shut", needs: ["owner", "guest"], bars: ["child"] }],
  paint: [{ from: ["open", "shut"], to: "same", needs: ["owner"] }],
};

describe("a transition", () => {
  test("leads to the state its row names, for whoever has one of its roles", () => {
    expect(transition(DOOR, null, "build", ["owner"]).to).toBe("open");
    expect(transition(DOOR, "open", "close", ["guest"]).to).toBe("shut");
  });

  test("of a row that says so leaves the state as it is", () => {
    expect(transition(DOOR, "shut", "paint", ["owner"]).to).toBe("shut");
  });

  test("is refused in another state, with the states in which it can happen", () => {
    expect(transition(DOOR, "shut", "close", ["owner"]).refused).toEqual({
      because: "state",
      allowed: ["open"],
    });
    expect(transition(DOOR, null, "close", ["owner"]).refused?.because).toBe("state");
  });

  test("is refused to whoever has none of its roles, or one that it bars", () => {
    const [row] = DOOR.close;
    expect(transition(DOOR, "open", "close", []).refused).toEqual({ because: "role", row });
    expect(transition(DOOR, "open", "close", ["owner", "child"]).refused).toEqual({ because: "role", row });
  });

  test("has one destination, whoever causes it", () => {
    expect(destination(DOOR, "open", "close")).toBe("shut");
    expect(destination(DOOR, "shut", "close")).toBeNull();
  });
});

describe("every table", () => {
  const tables: Readonly<Record<string, TransitionTable<string, string, string>>> = {
    emergency: EMERGENCY_TRANSITIONS,
    review: REVIEW_TRANSITIONS,
  };
  for (const [name, table] of Object.entries(tables))
    for (const [event, rows] of Object.entries(table)) {
      test(`has one row at most for ${event} in a state of the ${name}`, () => {
        const states = rows.flatMap(({ from }) => from);
        expect(states).toEqual([...new Set(states)]);
      });

      test(`names where ${event} leads the ${name} where nothing existed before`, () => {
        const opening: readonly string[] = rows.filter(({ from }) => from.includes(null)).map(({ to }) => to);
        expect(opening).not.toContain("same");
      });
    }
});
