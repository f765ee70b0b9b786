/** The audit's pages on each store: a period is closed, its package found, read, drawn from, downloaded and noted. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { closePeriod } from "../../src/flows/monitoring/close-period.ts";
import { openPackage } from "../../src/package/folder.ts";
import { packagesIn } from "../../src/start/packages.ts";
import { GENERATED_AT, MAKING, ORGANIZATION, PERIOD, smallLog } from "../evidence/fixture.ts";
import { describeOnBothStores } from "../support/stores.ts";
import { pagesOf } from "./browsing.ts";

describeOnBothStores("an auditor", (open) => {
  test("finds the package of a closed period, reads it, draws from it and downloads it, and this is noted", async () => {
    const { ledger } = await open();
    const shelf = await mkdtemp(join(tmpdir(), "countersign-audit-"));
    onTestFinished(() => rm(shelf, { recursive: true, force: true }));
    await ledger.record({ entries: smallLog() }, GENERATED_AT - 60_000);
    await ledger.beat(GENERATED_AT);
    const writer = await openPackage(join(shelf, "q3"), { zip: true });
    const how = { period: PERIOD, generatedAt: GENERATED_AT, reason: null, by: "carol" };
    const closed = await closePeriod({ ...MAKING, ledger, writer, ...how });
    if (closed.refused !== null) throw new Error(closed.refused.join(" "));
    const { seal } = closed.exported;
    const person = {
      kind: "oidc",
      issuer: "https://login.example",
      subject: "a-1",
      email: "a@b.example",
    } as const;
    const sees = [{ organization: ORGANIZATION, repositories: "all", role: "auditor" }] as const;
    const viewer = { name: "an auditor", person, sees };
    const { ask } = pagesOf(ledger, { viewer, packages: packagesIn(shelf, ledger) });
    const textOf = async (path: string): Promise<string> => {
      const answer = await ask(path);
      expect([path, answer.status]).toEqual([path, 200]);
      return answer.text();
    };
    expect(await textOf("/audit")).toContain(`href="/audit/${seal}"`);
    expect(await textOf(`/audit/${seal}?table=changes.csv`)).toContain('<h2 id="preview">changes.csv</h2>');
    expect(await textOf("/audit/preview?from=2026-10-01&to=2026-10-31")).toContain(
      "This period is not closed.",
    );
    const rows = (await textOf(`/audit/${seal}/sample.csv?of=changes&size=3&seed=a&stratify=verdict`)).split(
      "\r\n",
    );
    expect(rows).toHaveLength(5);
    const zip = await ask(`/audit/${seal}/package.zip`);
    expect(Buffer.from(await zip.arrayBuffer()).equals(await readFile(join(shelf, "q3.zip")))).toBe(true);
    const noted: unknown[] = [];
    for await (const { body } of ledger.states("package-download", { everyOrganization: true }))
      noted.push(body);
    const sent = { period: PERIOD.name, seal, by: person, at: GENERATED_AT };
    const sample = { of: "changes", size: 3, seed: "a", stratify: ["verdict"], as: "csv" };
    expect(noted).toEqual(expect.arrayContaining([sent, { ...sent, sample }]));
    expect(noted).toHaveLength(2);
  });
});
