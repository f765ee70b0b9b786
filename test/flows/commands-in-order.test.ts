/** Commands to a deviation that come by several ways: what was written later stands, and nothing is recorded over what was not seen. */

import { expect, onTestFinished, test } from "vitest";

import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import type { Person } from "../../src/domain/records/deviation.ts";
import { MINUTE } from "../../src/domain/time/durations.ts";
import { commandDeviation } from "../../src/flows/deviations/commands.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { deviationEntry, GENERATED_AT, ledgerWith } from "../evidence/fixture.ts";

const ANN: Person = { id: 101, login: "ann" };
const BOB: Person = { id: 102, login: "bob" };
const DEVIATION = deviationEntry(4, GENERATED_AT - 60 * MINUTE);

async function stage() {
  const { ledger, close } = await ledgerWith([DEVIATION]);
  onTestFinished(close);
  const rememberForever = async <T>(_: string, ask: () => Promise<T>): Promise<T> => ask();
  const tools = { ledger, appId: 7, github: { lookups: { rememberForever } } };
  const give = (via: "comment" | "page", by: Person, at: number, ...lines: readonly string[]) =>
    commandDeviation(tools, {
      deviation: DEVIATION.body.id,
      lines,
      by,
      asAuditor: false,
      via,
      at,
      policy: defaultPolicy(),
      who: (login) => Promise.resolve([ANN, BOB].find((each) => each.login === login) ?? null),
    });
  return { ledger, give };
}

type Decided = Awaited<ReturnType<Awaited<ReturnType<typeof stage>>["give"]>>;

function taken(decided: Decided) {
  if (decided.refused !== null) throw new Error(decided.refused);
  return decided;
}

async function sent(ledger: Ledger, decided: Decided, at: number): Promise<string> {
  const { decision, decidedOn, reply } = taken(decided);
  return ledger.recordForm(decision, { id: `form ${at}`, begunAt: at, answer: reply }, decidedOn);
}

async function ownerIn(ledger: Ledger): Promise<string | undefined> {
  return (await ledger.state("remediation", DEVIATION.body.id))?.body.owner?.login;
}

test("a comment that is read late does not take back what a form of a later time recorded", async () => {
  const { ledger, give } = await stage();
  const [earlier, later] = [GENERATED_AT, GENERATED_AT + 20 * MINUTE];
  expect(await sent(ledger, await give("page", BOB, later, "owner bob", "why later"), later)).toBe(
    "recorded",
  );
  expect(await give("comment", ANN, earlier, "owner ann")).toMatchObject({
    refused: expect.stringMatching(/bob gave `owner` at .*, after this was written/u),
  });
  // What is only added takes nothing back, and neither does another field.
  for (const line of ["why earlier", "action a rota"])
    expect(taken(await give("comment", ANN, earlier, line)).refused).toBeNull();
  // Its twin, written after the form.
  expect(taken(await give("comment", ANN, later + MINUTE, "owner ann")).refused).toBeNull();
});

test("what was decided before a form was recorded is not recorded over it, and decided anew", async () => {
  const { ledger, give } = await stage();
  const [earlier, later] = [GENERATED_AT, GENERATED_AT + MINUTE];
  const stale = taken(await give("comment", ANN, earlier, "action a rota"));
  expect(await sent(ledger, await give("page", BOB, later, "method read it", "owner bob"), later)).toBe(
    "recorded",
  );
  const { decision, decidedOn } = stale;
  await expect(ledger.record({ ...decision, decidedOn }, later)).rejects.toMatchObject({
    code: "database-busy",
  });
  expect(await ownerIn(ledger)).toBe("bob");
  const anew = taken(await give("comment", ANN, earlier, "action a rota"));
  await ledger.record({ ...anew.decision, decidedOn: anew.decidedOn }, later);
  expect((await ledger.state("remediation", DEVIATION.body.id))?.body).toMatchObject({
    owner: BOB,
    action: "a rota",
    method: "read it",
  });
});
