/**
 * Makes the database that a release leaves behind: plays test/ledger/releases/story.yaml with the App as it is, and keeps its SQLite file,
 * packed, as test/ledger/releases/NAME.sqlite.gz. A file that is there is never made again.
 *
 *   node scripts/release-database.ts 0.2.0
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gzipSync } from "node:zlib";
import { playScenario } from "../src/cli/scenario/play.ts";
import { printScenarioResult } from "../src/cli/scenario/result.ts";
import { readStory } from "../test/support/scenarios.ts";
import { openHarnessOn } from "../test/support/harness.ts";

const FOLDER = new URL("../test/ledger/releases/", import.meta.url);

const [name = ""] = process.argv.slice(2);
if (!/^[\w.-]+$/u.test(name)) throw new Error("usage: node scripts/release-database.ts NAME");
const file = new URL(`${name}.sqlite.gz`, FOLDER);
if (existsSync(file)) throw new Error(`${file.pathname} is there: what was released does not change`);

const story = new URL("story.yaml", FOLDER);
const scenario = readStory(readFileSync(story, "utf8"), story.pathname);
const dataDir = mkdtempSync(join(tmpdir(), "countersign-release-"));
try {
  const stage = await openHarnessOn(scenario, { dataDir });
  const performance = await playScenario(scenario, stage);
  await stage.close();
  if (performance.failures.length > 0) throw new Error(printScenarioResult(performance));
  const database = join(dataDir, "countersign.sqlite");
  shrink(database);
  const packed = gzipSync(readFileSync(database), { level: 9 });
  writeFileSync(file, packed);
  console.log(`${file.pathname}: ${packed.length} bytes`);
} finally {
  rmSync(dataDir, { recursive: true });
}

/** Leaves out what is done with, and makes it one file. */
function shrink(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("delete from delivery where status = 'done'");
  database.exec("pragma journal_mode = delete");
  database.exec("vacuum");
  database.close();
}
