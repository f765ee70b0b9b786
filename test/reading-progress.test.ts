import { expect, test } from "vitest";

import { openLedger } from "../src/ledger/open.ts";
import { ReadingProgress } from "../src/start/progress.ts";
import { smallLog } from "./evidence/fixture.ts";
import { freshDatabase } from "./support/stores.ts";

test("how far the reading of repositories has come is logged once for each step, and nothing without a repository", async () => {
  const database = await freshDatabase("sqlite");
  const ledger = await openLedger(database.where);
  const lines: string[] = [];
  const swept = new Map<number, number>();
  const progress = new ReadingProgress(
    {
      presence: () => Promise.resolve({ lastBeat: null, lastSweeps: swept }),
      states: (...given) => ledger.states(...given),
    },
    { info: (fields: unknown, text?: string) => void lines.push(`${text} ${JSON.stringify(fields)}`) },
  );
  await progress.logChange();
  expect(lines).toEqual([]);
  const entries = smallLog().filter(({ kind }) => kind === "repository");
  await ledger.record({ entries }, 0);
  await progress.logChange();
  await progress.logChange();
  for (const { repositoryId } of entries) swept.set(repositoryId, 0);
  await progress.logChange();
  const found = new Set(entries.map(({ repositoryId }) => repositoryId)).size;
  expect(lines).toEqual([
    `Read 0 of ${found} repositories {"read":0,"found":${found}}`,
    `All repositories are read {"read":${found},"found":${found}}`,
  ]);
  await ledger.close();
  await database.remove();
});
