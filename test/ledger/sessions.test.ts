import { expect, test } from "vitest";
import type { StoredSession } from "../../src/ledger/sessions.ts";
import { describeOnBothStores } from "../support/stores.ts";

const AT = Date.parse("2026-07-01T00:00:00Z");
const HOUR = 3_600_000;

function session(id: string, more: Partial<StoredSession> = {}): StoredSession {
  return { id, person: "github:101", encrypted: "encrypted", seenAt: AT, endsAt: AT + HOUR, ...more };
}

describeOnBothStores("sessions", (open) => {
  test("are found until they are ended, one or all of a person", async () => {
    const { sessions } = (await open()).ledger;
    for (const id of ["a", "b"]) await sessions.begin(session(id));
    await sessions.begin(session("c", { person: "github:102" }));
    expect(await sessions.find("a")).toEqual(session("a"));
    await sessions.end("a");
    expect([await sessions.find("a"), await sessions.find("b")]).toEqual([null, session("b")]);
    await sessions.endAll("github:101");
    expect([await sessions.find("b"), (await sessions.find("c"))?.person]).toEqual([null, "github:102"]);
  });

  test("are noted as seen, never earlier than before, and none that was ended comes back by it", async () => {
    const { sessions } = (await open()).ledger;
    await sessions.begin(session("a"));
    await sessions.saw("a", AT + 60_000);
    await sessions.saw("a", AT + 30_000);
    expect((await sessions.find("a"))?.seenAt).toBe(AT + 60_000);
    await sessions.end("a");
    await sessions.saw("a", AT + 90_000);
    expect(await sessions.find("a")).toBeNull();
  });

  test("are forgotten once they are over, when another begins", async () => {
    const { sessions } = (await open()).ledger;
    await sessions.begin(session("over"));
    await sessions.begin(session("new", { seenAt: AT + HOUR, endsAt: AT + 2 * HOUR }));
    expect([await sessions.find("over"), (await sessions.find("new"))?.id]).toEqual([null, "new"]);
  });

  test("are none of the log: its head stays where it is", async () => {
    const { ledger } = await open();
    const before = await ledger.head();
    await ledger.sessions.begin(session("a"));
    expect(await ledger.head()).toEqual(before);
  });
});
