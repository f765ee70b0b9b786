/**
 * Workbook and report made by other versions of the libraries: the same content in other bytes, and the same with a lie in it.
 *
 * @module-tag long
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { SharedContent } from "../../src/domain/evidence/copies/first-page.ts";
import type { Book, CopyMaker } from "../../src/domain/evidence/copies/maker.ts";
import { COPIES } from "../../src/package/copies.ts";
import { reportOf } from "../../src/package/report/report.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { recompute } from "../independent/recompute.ts";
import { exportTo, ledgerWith, MAKING, smallLog } from "./fixture.ts";
import { zipped } from "./other-zip.ts";

const OTHERS = COPIES.libraries.replace(/\d+\.\d+\.\d+/gu, "0.0.1");

let made: Awaited<ReturnType<typeof ledgerWith>>;

beforeAll(async () => {
  made = await ledgerWith(smallLog());
});

afterAll(() => made.close());

/** The workbook as it is, deflated by another library. */
async function* otherWorkbook(book: Book): AsyncIterable<Uint8Array> {
  yield zipped(Object.entries(unzipSync(await buffer(Readable.from(COPIES.workbook(book))))));
}

function otherReport(report: SharedContent): AsyncIterable<Uint8Array> {
  return reportOf(report, OTHERS);
}

/** The package with copies made so, and what verify says of it. */
async function verified(
  name: string,
  copies: Partial<CopyMaker>,
): Promise<{
  readonly place: string;
  readonly copies: string | undefined;
  readonly defects: readonly string[];
}> {
  const place = join(made.folder, name);
  await exportTo(made.ledger, place, { maker: { ...MAKING.maker, copies: own(copies) } });
  const { checks, defects } = await verifyPath(place);
  const check = checks.find(({ id }) => id === "copies");
  return {
    place,
    copies: check?.state === "not-checked" ? check.because : check?.state,
    defects: defects.map(({ file, code }) => `${file} ${code}`),
  };
}

function own({
  libraries = COPIES.libraries,
  workbook = COPIES.workbook,
  report = COPIES.report,
}: Partial<CopyMaker>): CopyMaker {
  return { libraries, workbook, report, isWorkbookOf: COPIES.isWorkbookOf };
}

/** What the independent program says of the copies; of this made-up log it says more. */
async function readAgain(place: string): Promise<readonly string[]> {
  return (await recompute(place)).filter((each) => /^(?:report\.pdf|evidence\.xlsx): /u.test(each));
}

/** One cell of the table otherwise. */
function withLie(book: Book): Book {
  const tables = book.tables.map((table) => ({
    ...table,
    async *read() {
      const text = (await buffer(Readable.from(table.read()))).toString();
      yield table.path === "changes.csv" ? text.replace("non-compliant", "compliant") : text;
    },
  }));
  return { ...book, tables };
}

function fewerLimitations(report: SharedContent): SharedContent {
  return { ...report, limitations: report.limitations.slice(1) };
}

describe("a package whose copies other versions of the libraries made", () => {
  test("passes where only the workbook was deflated otherwise", async () => {
    const { place, ...found } = await verified("deflated", { workbook: otherWorkbook });
    expect(found).toEqual({ copies: "passed", defects: [] });
    await exportTo(made.ledger, join(made.folder, "as-here"));
    const [other, here] = [place, join(made.folder, "as-here")].map((each) =>
      readFile(join(each, "evidence.xlsx")),
    );
    expect((await other)?.equals((await here) ?? Buffer.of())).toBe(false);
    expect(await readAgain(place)).toEqual([]);
  });

  test("has no defect where the report was made otherwise, and is not said to be compared", async () => {
    const copies = { libraries: OTHERS, workbook: otherWorkbook, report: otherReport };
    const { place, ...found } = await verified("older", copies);
    expect(found).toEqual({
      copies: `the report was made with ${OTHERS}, and here are ${COPIES.libraries}`,
      defects: [],
    });
    expect(await readAgain(place)).toEqual([]);
  });
});

describe("such a package with a lie in a copy", () => {
  const lyingWorkbook = (book: Book): AsyncIterable<Uint8Array> => otherWorkbook(withLie(book));
  const lyingReport = (report: SharedContent): AsyncIterable<Uint8Array> =>
    otherReport(fewerLimitations(report));

  test("is refused for its workbook, whatever deflated it", async () => {
    const { place, ...found } = await verified("lying-book", { workbook: lyingWorkbook });
    expect(found).toEqual({ copies: "failed", defects: ["evidence.xlsx copy-differs"] });
    expect(await readAgain(place)).not.toEqual([]);
  });

  test("is refused for its workbook also where the report is not compared", async () => {
    const copies = { libraries: OTHERS, workbook: lyingWorkbook, report: otherReport };
    const { defects, copies: check } = await verified("lying-older-book", copies);
    expect(defects).toEqual(["evidence.xlsx copy-differs"]);
    expect(check).toBe("failed");
  });

  test("is refused for a report of other bytes that names the libraries here", async () => {
    const { place, ...found } = await verified("lying-libraries", { report: lyingReport });
    expect(found).toEqual({ copies: "failed", defects: ["report.pdf copy-differs"] });
    expect(await readAgain(place)).toEqual([expect.stringMatching(/^report\.pdf: shows/u)]);
  });

  test("never passes for its report where other libraries made it, and a reader of the report finds it", async () => {
    const copies = { libraries: OTHERS, workbook: otherWorkbook, report: lyingReport };
    const { place, copies: check } = await verified("lying-older-report", copies);
    expect(check).toContain("the report was made with");
    expect(await readAgain(place)).toEqual([expect.stringMatching(/^report\.pdf: shows/u)]);
  });
});
