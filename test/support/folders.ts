/** Temporary folders that are gone when whoever asked for them has ended. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, onTestFinished } from "vitest";

/** Makes a folder for the test that runs, or that a `beforeEach` prepares. */
export function folderOfTest(what: string): string {
  const folder = madeFor(what);
  onTestFinished(() => remove(folder));
  return folder;
}

/** Makes a folder for all tests of the file, or of the suite in which it is called. */
export function folderOfSuite(what: string): string {
  const folder = madeFor(what);
  afterAll(() => remove(folder));
  return folder;
}

function madeFor(what: string): string {
  return mkdtempSync(join(tmpdir(), `countersign-${what}-`));
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
