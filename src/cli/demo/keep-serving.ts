/** `countersign demo --serve`: time goes on after the quarter, and a browser is signed in as the lead. */

import { setTimeout as sleep } from "node:timers/promises";

import { stringify } from "yaml";

import { dayOf } from "../../domain/deviation/operating.ts";
import type { Period } from "../../domain/evidence/tables/population.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import type { Scenario } from "../scenario/format/format.ts";
import type { ProcessHarness } from "../scenario/harness/process-harness.ts";
import { withSignals } from "../terminal/signals.ts";

/** So often (ms) the clocks are moved, and what was sent is worked on. */
const TICK = 1_000;

/** Describes what is shown. `lead`: who is signed in; null: the story has no lead, and the pages are this machine's. */
interface Shown {
  readonly lead: string | null;
  /** The address of the simulated GitHub. */
  readonly gitHub: string;
  readonly period: Period;
}

/** Returns the first of a story's people who leads the organisation by its policy, or null. */
export function leadIn({ policy, people }: Pick<Scenario, "policy" | "people">): string | null {
  const parsed = parsePolicy(typeof policy === "string" ? policy : stringify(policy ?? {}));
  const teams = parsed.ok ? (parsed.file.access?.leads?.teams ?? []) : [];
  const leads = new Set(teams.map(nameOf));
  const found = Object.entries(people).find(([, person]) =>
    (person.teams ?? []).some((team) => leads.has(nameOf(team))),
  );
  return found?.[0] ?? null;
}

function nameOf(team: string): string {
  return team.slice(team.indexOf("/") + 1).toLowerCase();
}

/** Prints the address of the pages, and has the App work until SIGINT or SIGTERM. */
export async function keepServing(
  harness: ProcessHarness,
  { lead, gitHub, period: { name, from, to } }: Shown,
  print: (line: string) => void,
): Promise<void> {
  const { pages: url } = harness;
  const first = `/?${new URLSearchParams({ from: dayOf(from), to: dayOf(to - 1) }).toString()}`;
  print("");
  if (lead === null) {
    print(`The App is still running. The pages of ${name}, for a browser on this machine:`);
    print(`  ${url}${first}`);
  } else {
    print(
      `The App is still running. The pages of ${name}, signed in as ${lead}, who leads the organisation:`,
    );
    print(`  ${url}/sign-in/github?${new URLSearchParams({ to: first }).toString()}`);
    print(`To be someone else, sign out there, choose a name on ${gitHub}/login, and sign in again.`);
  }
  print(`Also ${url}/metrics and ${url}/readyz. Press Ctrl+C to end it.`);
  const { promise, resolve } = Promise.withResolvers<"ended">();
  await withSignals(
    () => resolve("ended"),
    () => Promise.race([promise, goOn(harness, promise)]),
  );
}

/** Has both clocks run by the system's, from where the story left them, so that what people send is worked on. */
async function goOn({ app, double }: ProcessHarness, ended: Promise<"ended">): Promise<void> {
  const [begun, first] = [Date.now(), await double.now()];
  try {
    while ((await Promise.race([ended, sleep(TICK)])) !== "ended") {
      const now = first + Date.now() - begun;
      await double.setClock(now);
      await app.advance(now);
      await double.idle();
    }
  } catch (error) {
    // Ctrl+C ends the App as well, and sometimes first.
    if ((await Promise.race([ended, sleep(TICK)])) !== "ended") throw error;
  }
}
