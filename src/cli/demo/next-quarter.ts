/** What the demo does after the quarter: its next days, a package of both quarters, and a sample drawn from it. */

import type { Period } from "../../domain/evidence/tables/population.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Exported } from "../../flows/monitoring/export-evidence.ts";
import { rolledUp } from "../evidence/export.ts";
import { sample } from "../evidence/sample.ts";
import { writePackage } from "../evidence/write-package.ts";
import type { Scenario } from "../scenario/format/format.ts";
import { readScenario } from "../scenario/format/read.ts";
import type { ProcessHarness } from "../scenario/harness/process-harness.ts";
import { playScenario } from "../scenario/play.ts";
import { printScenarioResult } from "../scenario/result.ts";
import type { Quarter } from "./close-quarter.ts";
import { StoryPrinter } from "./story-printer.ts";

/**
 * Returns the first days of the next quarter: a heading becomes required, one change has it, one is pushed past the rules, and one
 * goes out by night, whose review is still due.
 */
function nextDays({ policy, people }: Scenario, { to }: Period): Scenario {
  const stricter = { ...(typeof policy === "object" ? policy : {}), description: { sections: ["Risk"] } };
  const text = `
name: the first days of the next quarter
people: ${JSON.stringify(people)}
repositories: { api: {} }
start: ${new Date(to).toISOString()}
story:
  - { do: edit-policy, in: organisation, after: 105h, policy: ${JSON.stringify(stricter)} }
  - { do: open-pull-request, by: ann, repository: api, pull: 3, branch: limits, title: Limit requests, files: { src/limits.ts: "1" }, body: "## Risk\\nLow: only new callers are limited.", after: 1h }
  - { do: review, by: bob, repository: api, pull: 3, state: approved, after: 1h }
  - { do: merge, by: ann, repository: api, pull: 3, method: squash, after: 10m }
  - { do: push, by: eve, repository: api, branch: main, files: { src/hotfix.ts: "1" }, bypass: true, after: 1d }
  - { do: open-pull-request, by: bob, repository: api, pull: 4, branch: mails, title: Send each mail once, files: { src/mail.ts: "1" }, body: "## Risk\\nSome mails may be lost.", after: 1d }
  - { do: command, by: bob, repository: api, pull: 4, text: "/countersign emergency customers get each mail a hundred times, INC-44", after: 1m }
  - { do: command, by: eve, repository: api, pull: 4, text: /countersign authorise, after: 3m }
  - { do: merge, by: bob, repository: api, pull: 4, method: squash, after: 2m }
`;
  const { scenario, problems } = readScenario(text, "the demo's next quarter");
  if (scenario === null) throw new Error(problems.map(({ message }) => message).join(" "));
  return scenario;
}

/** Plays the first days of the next quarter. Throws where they do not go as written. */
export async function playNextDays(
  scenario: Scenario,
  harness: ProcessHarness,
  { period, print }: Pick<Quarter, "period" | "print">,
): Promise<void> {
  const printer = new StoryPrinter(await harness.openLedger(), print);
  try {
    print("");
    print("The next quarter begins:");
    await printer.skip();
    const result = await playScenario(nextDays(scenario, period), harness, {
      onStep: (step) => printer.printStep(step),
      onIdle: () => printer.printNewEntries(),
    });
    if (result.failures.length > 0) throw new Error(printScenarioResult(result));
  } finally {
    await printer.close();
  }
}

/** Writes one package of the closed quarter and the one that has begun. */
export async function rollUp(
  { ledger, period, request, print }: Quarter,
  next: Period,
  out: string,
): Promise<Exported> {
  const both = rolledUp([period, next]);
  const generatedAt = next.from + 6 * DAY;
  print("");
  print(`countersign export --periods ${period.name},${next.name}:`);
  const exported = await writePackage(ledger, { ...request, period: both, out, generatedAt });
  print(`  ${exported.closing.says}`);
  return exported;
}

/** Draws a sample from a package. Throws where none can be drawn. */
export async function drawFrom(path: string, out: string, print: (line: string) => void): Promise<void> {
  const options = { size: 5, seed: "fieldwork 7391", of: "changes", stratify: "repository,verdict", out };
  const drawn = await sample(path, options);
  print("");
  print('countersign sample, with --size 5 --seed "fieldwork 7391" --stratify repository,verdict:');
  for (const line of drawn.lines) print(`  ${line}`);
  if (drawn.code !== 0) throw new Error(drawn.lines.join(" "));
}
