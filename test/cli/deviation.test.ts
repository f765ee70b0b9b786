import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deviationEntry } from "../../src/domain/deviation/decide.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { smallLog } from "../evidence/fixture.ts";
import { run, type Ran } from "./run.ts";

let folder: string;
let id: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-deviation-"));
  const ledger = await openLedger({ dataDir: folder });
  const entries = smallLog();
  await ledger.record({ entries, actions: [] }, Date.parse("2026-10-02T08:00:00Z"));
  id = entries.find(({ kind }) => kind === "deviation")?.subject ?? "";
  await ledger.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function said(...args: readonly string[]): Promise<Ran> {
  return run(["deviation", ...args], { COUNTERSIGN_DATA_DIR: folder });
}

test("an open deviation is listed with what is missing next, and the exit code says that there is one", async () => {
  const { code, printed } = await said("list");
  expect(code).toBe(1);
  expect(printed).toContain(`${id}  open  high  operating  nobody, 2026-09-01`);
  expect(printed).toContain("Next: name the owner of the remediation");
});

test("what is said is recorded under the login given, and shown with every step", async () => {
  const { code, printed } = await said("cause", id, "tooling:", "left", "to", "people", "--as", "ann");
  expect(printed).toContain("The root cause is recorded: tooling.");
  expect(code).toBe(0);
  const shown = await said("show", id);
  expect(shown.printed).toContain("root cause, tooling: left to people");
  expect(shown.printed).toMatch(/cause {2}ann {2}tooling: left to people/u);
  // The beginning of an id is enough, as for `draft response`.
  expect((await said("show", id.slice(0, 8))).printed).toBe(shown.printed);
  const { printed: data } = await said("show", id, "--json");
  const { remediation, steps } = JSON.parse(data) as {
    remediation: { moved: unknown };
    steps: readonly { command: string }[];
  };
  expect(remediation.moved).toMatchObject({
    command: "cause",
    by: { id: null, login: "ann" },
    via: "terminal",
  });
  expect(steps.map(({ command }) => command)).toContain("cause");
});

test("an address given as evidence is shown as it was given, without a mark of Markdown", async () => {
  const address = "https://ci.example.test/runs/1?job=a_b";
  await said("evidence", id, address, "--as", "ann");
  await said("evidence", id, "see", "https://ci.example.test/a_b", "--as", "ann");
  const { printed } = await said("show", id);
  expect(printed).toContain(`- evidence from ann: ${address}\n`);
  expect(printed).toContain("- evidence from ann: see https://ci.example.test/a_b\n");
  expect(printed).not.toMatch(/[\u200b\\]/u);
});

test("a wrong word is answered with what was meant, and exit code 1", async () => {
  const { code, printed } = await said("cause", id, "toling:", "x", "--as", "ann");
  expect(printed).toContain("Did you mean `cause tooling: x`?");
  expect(code).toBe(1);
});

test("whoever caused it is known by login at the terminal too", async () => {
  const { code, printed } = await said("not-an-exception", id, "only a test", "--as", "EVE");
  expect(printed).toContain("Whoever caused the deviation cannot declare that it is not an exception");
  expect(code).toBe(1);
});

test("an auditor's finding is entered once, and answered by its id", async () => {
  const words = ["--control", "checks-passed", "--type", "design", "--title", "No test", "--as", "carol"];
  const first = await said("add", "acme/web", ...words, "--json");
  const { id: entered } = JSON.parse(first.printed) as { id: string };
  expect(entered).toMatch(/^DEV-[0-9a-f]{12}$/u);
  const again = await said("add", "acme/web", ...words);
  expect(again).toMatchObject({ code: 1, printed: `This deviation already exists: ${entered}.` });
  const auditor = await said("cause", entered, "process: none", "--as", "carol", "--auditor");
  expect(auditor.printed).toContain("An auditor takes no part in the remediation");
});

test("a deviation that is not there is named", async () => {
  expect(await said("show", "DEV-nothing")).toMatchObject({
    code: 2,
    said: "error: There is no deviation DEV-nothing.",
  });
  expect(await said("done", "DEV-nothing", "--as", "ann")).toMatchObject({ code: 1 });
});

test("the beginning of an id is enough for every command, unless several begin so", async () => {
  const { code, printed } = await said("due", id.slice(0, 8), "2026-12-24", "--as", "ann");
  expect([code, printed]).toEqual([0, expect.stringContaining("2026-12-24")]);
  const ledger = await openLedger({ dataDir: folder });
  const { body } = (await ledger.state("deviation", id))!;
  await ledger.record(
    { entries: [deviationEntry({ ...body, id: `${id.slice(0, 8)}ffffffff` })], actions: [] },
    Date.parse("2026-10-03T08:00:00Z"),
  );
  await ledger.close();
  for (const command of [["show"], ["due", "2026-12-25", "--as", "ann"]]) {
    const [name = "", ...rest] = command;
    const told = await said(name, id.slice(0, 8), ...rest);
    expect(`${told.printed}${told.said}`).toContain(`Several deviations begin with ${id.slice(0, 8)}:`);
    expect(told.code).not.toBe(0);
  }
  expect((await said("due", id, "2026-12-26", "--as", "ann")).code).toBe(0);
  expect((await said("due", "DEV-nothing", "2026-12-26", "--as", "ann")).printed).toBe(
    "There is no deviation DEV-nothing.",
  );
});

test("at a terminal too, whoever wrote a part of the response does not approve it", async () => {
  const written = [
    ["cause", "tooling:", "left to people"],
    ["owner", "@ann"],
    ["due", "2026-12-01"],
    ["action", "a rota"],
    ["method", "read it"],
    ["evidence", "a page"],
    ["measure", "a rota is kept"],
  ];
  for (const [name = "", ...words] of written) await said(name, id, ...words, "--as", "ann");
  for (let n = 0; n < 5; n += 1) await said("why", id, `reason ${n}`, "--as", "bob");
  const own = await said("approve-response", id, "fine", "--as", "Bob");
  expect([own.code, own.printed]).toEqual([1, expect.stringContaining("wrote part of the response")]);
  const other = await said("approve-response", id, "I read it", "--as", "carol");
  expect([other.code, other.printed]).toEqual([
    0,
    expect.stringContaining("The response is approved as it stands. Written by ann and bob."),
  ]);
  expect((await said("show", id)).printed).toContain("response written by ann and bob, approved by carol");
});
