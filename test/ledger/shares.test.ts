import { expect, it } from "vitest";

import type { Claim } from "../../src/domain/values/quota-share.ts";
import { openStore } from "../../src/ledger/database/store.ts";
import { takeTurn } from "../../src/ledger/database/turns.ts";
import { describeOnBothStores } from "../support/stores.ts";

function claim(asker: string, used: number, want: number): Claim {
  return { asker, wishes: { rest: { limit: 100, span: 60_000, used, want } } };
}

describeOnBothStores("shares of a limit", (open) => {
  it("are leased on a server alone, and never come to more than the limit, however many lease at once", async () => {
    const { kind, ledger, again } = await open();
    if (kind === "sqlite") {
      expect(ledger.shares("a")).toBeNull();
      return;
    }
    const others = await Promise.all([again(), again()]);
    const lease = [ledger, ...others].flatMap((each, index) => each.shares(String(index)) ?? []);
    const granted = await Promise.all(lease.map((each) => each([claim("9", 0, 60)], 30_000)));
    const shares = granted.map((each) => each.get("9")?.["rest"] ?? 0);
    expect(shares.toSorted((left, right) => left - right)).toEqual([0, 40, 60]);
    // Another asker has limits of its own.
    expect((await lease[0]?.([claim("10", 0, 60)], 30_000))?.get("10")).toEqual({ rest: 60 });
  });

  it("are free again where less is asked for, but for what was used", async () => {
    const { kind, ledger, again } = await open();
    if (kind === "sqlite") return;
    const [one, two] = [ledger.shares("one"), (await again()).shares("two")];
    await one?.([claim("9", 0, 100)], 30_000);
    expect((await two?.([claim("9", 0, 50)], 30_000))?.get("9")).toEqual({ rest: 0 });
    // It stops: its lease is over at once, and what it used counts on.
    await one?.([claim("9", 30, 0)], 0);
    expect((await two?.([claim("9", 0, 100)], 30_000))?.get("9")).toEqual({ rest: 70 });
  });

  it("are leased while another installation, in another schema of the same database, leases its own", async () => {
    const { kind, ledger } = await open();
    const other = await open();
    if (kind === "sqlite") return;
    const store = await openStore(other.where, { readOnly: false });
    try {
      await store.transact(async (tx) => {
        await takeTurn(tx, "leaseShares");
        const shares = await ledger.shares("one")?.([claim("9", 0, 100)], 30_000);
        expect(shares?.get("9")).toEqual({ rest: 100 });
      });
    } finally {
      await store.close();
    }
  });
});
