/** What is no fault of the package is never said to be one, and what is one always: a full disk, a bug, any log that a forger can write. */

import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { verificationAnswer } from "../../src/cli/verify.ts";
import { verifyPackage, type Verification } from "../../src/domain/evidence/verify/verify.ts";
import { linkHash } from "../../src/domain/records/chain.ts";
import type { LogLine } from "../../src/domain/records/stored.ts";
import type { LineStore } from "../../src/domain/texts/sort.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import { COPIES } from "../../src/package/copies.ts";
import { linesOnDisk } from "../../src/package/disk.ts";
import { MAKER } from "../../src/package/maker.ts";
import { openFiles } from "../../src/package/read-package.ts";
import { rounds } from "../support/effort.ts";
import { damagedCopy, edited, reseal, type Texts } from "./damages.ts";
import { exportTo, ledgerWith, smallLog } from "./fixture.ts";

let folder: string;
let close: () => Promise<void>;
let pristine: string;

beforeAll(async () => {
  const made = await ledgerWith(smallLog());
  ({ folder, close } = made);
  pristine = join(folder, "package");
  await exportTo(made.ledger, pristine);
});

afterAll(() => close());

type Given = Partial<Parameters<typeof verifyPackage>[1]["maker"]> & { readonly store?: LineStore };

async function verified(place: string, { store, ...maker }: Given = {}): Promise<Verification> {
  const opened = await openFiles(place);
  if ("problem" in opened) throw new Error(opened.problem);
  return verifyPackage(
    { ...opened.files, store: store ?? linesOnDisk(folder) },
    { maker: { ...MAKER, copies: COPIES, ...maker } },
  );
}

const FULL: LineStore = {
  keep: () =>
    Promise.reject(
      Object.assign(new Error("ENOSPC: no space left on device, write"), {
        syscall: "write",
        code: "ENOSPC",
      }),
    ),
};

function fail(): never {
  throw new TypeError("cannot read properties of undefined");
}

const BREAKS: readonly [string, Given, RegExp][] = [
  ["a full disk", { store: FULL }, /^ENOSPC: no space left on device/u],
  ["a bug in what makes a page", { renderStartHere: fail }, /^this is a bug in Countersign/u],
  [
    "a bug in what makes the workbook",
    { copies: { ...COPIES, isWorkbookOf: () => Promise.reject(new TypeError("a slip")) } },
    /^this is a bug in Countersign/u,
  ],
];

test.each(BREAKS)(
  "%s is no defect of a sound package, which is not called whole either",
  async (_, given, why) => {
    const found = await verified(pristine, given);
    expect(found.defects).toEqual([]);
    expect(found.brokeOff).toMatch(why);
    const { code, lines, data } = verificationAnswer(found);
    expect(code).toBe(2);
    expect(data).toMatchObject({ ok: false });
    expect(lines.join("\n")).toContain("The check broke off");
    expect(lines.join("\n")).not.toMatch(/The package is whole|do not rely/u);
  },
);

test.each(BREAKS)("with %s, a damaged package is one all the same", async (_, given) => {
  const place = await damagedCopy(pristine, join(folder, "damaged"), (copy) =>
    reseal(
      copy,
      edited("summary.json", (text) => text.replace(/"total":\d+/u, `"total":999`)),
    ),
  );
  const found = await verified(place, given);
  expect(found.defects.map(({ file }) => file)).toContain("summary.json");
  expect(verificationAnswer(found).code).toBe(1);
});

test("a sound package breaks nothing off", async () => {
  const found = await verified(pristine);
  expect(found).toMatchObject({ defects: [], brokeOff: null });
  expect(verificationAnswer(found).code).toBe(0);
});

/** What a forger who holds the key may write where something else stood. */
const OTHERS = [
  -1,
  0,
  8_640_000_000_000_001,
  2 ** 53 - 1,
  "",
  "\u0001",
  "a\tb",
  "=1+1",
  "ÿ",
  [],
  {},
  null,
  true,
];

/** Writes another value into one place of one entry of the log, and hashes and links the log again. */
function forged(texts: Texts, { path, entry, place, other }: Forgery): void {
  const lines = (texts.get(path) ?? "").trimEnd().split("\n");
  let last: { readonly seq: number; readonly hash: string } | null = null;
  const again = lines.map((text, index) => {
    const line = JSON.parse(text) as LogLine & { hash: string; previousHash: string };
    if (index === Math.floor(entry * lines.length)) turn(line, place, other);
    const { hash: _, previousHash, ...unlinked } = line;
    const before: string = last !== null && line.seq === last.seq + 1 ? last.hash : previousHash;
    const hash = linkHash(before, unlinked, canonical(line.body), sha256);
    last = { seq: line.seq, hash };
    return canonical({ ...unlinked, previousHash: before, hash });
  });
  texts.set(path, `${again.join("\n")}\n`);
}

interface Forgery {
  readonly path: "log/entries.jsonl" | "log/cited.jsonl";
  readonly entry: number;
  readonly place: number;
  readonly other: unknown;
}

function turn(line: object, place: number, other: unknown): void {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== "hash" && key !== "previousHash") places.push([value as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  walk(line);
  const [holder, key] = places[Math.floor(place * places.length)] ?? [];
  if (holder !== undefined && key !== undefined) holder[key] = other;
}

test(
  "any value of the log turned and sealed again is a finding, whatever it is, and never a bug of the program",
  { tags: ["long"] },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record<Forgery>({
          path: fc.constantFrom("log/entries.jsonl", "log/cited.jsonl"),
          entry: fc.double({ min: 0, max: 0.999999, noNaN: true }),
          place: fc.double({ min: 0, max: 0.999999, noNaN: true }),
          other: fc.constantFrom<unknown>(...OTHERS),
        }),
        async (forgery) => {
          const place = await damagedCopy(pristine, join(folder, "forged"), (copy) =>
            reseal(copy, (texts) => forged(texts, forgery)),
          );
          const found = await verified(place);
          expect(found.brokeOff).toBeNull();
          expect(found.defects.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: rounds(25, 300) },
    );
  },
);
