/**
 * The folder of an embedded store that was shut down: one file, which holds everything.
 *
 * @module-tag long
 */

import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { openLedger } from "../../src/ledger/open.ts";
import { openServed } from "./served.ts";

test("after SIGTERM the database is one file, and a copy of it alone holds all that was taken", async () => {
  const folder = await mkdtemp(join(tmpdir(), "countersign-one-file-"));
  const served = await openServed({ dataDir: folder }, { dataDir: folder });
  try {
    await served.untilReady(true);
    await served.act({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "a.ts": "1" } });
    await served.settled();
    expect(await served.end("SIGTERM")).toBe(0);
    const files = (await readdir(folder)).filter((name) => name.startsWith("countersign.sqlite"));
    expect(files).toEqual(["countersign.sqlite"]);
    const copy = await mkdtemp(join(tmpdir(), "countersign-one-copy-"));
    await copyFile(join(folder, "countersign.sqlite"), join(copy, "countersign.sqlite"));
    const ledger = await openLedger({ dataDir: copy }, { readOnly: true });
    expect(await ledger.verifyLog()).toMatchObject({ ok: true });
    const gates: string[] = [];
    for await (const { subject } of ledger.states("gate", { everyOrganization: true })) gates.push(subject);
    expect(gates).toEqual([expect.stringMatching(/#1$/u)]);
    await ledger.close();
    await rm(copy, { recursive: true });
  } finally {
    await served.close();
    await rm(folder, { recursive: true, force: true });
  }
});
