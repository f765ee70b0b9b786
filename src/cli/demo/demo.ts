/** `countersign demo`: a quarter of an organisation, played through the App and the GitHub double as two processes. */

import { mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Period } from "../../domain/evidence/tables/population.ts";
import { openLedger } from "../../ledger/open.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { StoryPrinter } from "./story-printer.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Scenario } from "../scenario/format/format.ts";
import { playScenario } from "../scenario/play.ts";
import { printScenarioResult } from "../scenario/result.ts";
import type { ProcessHarness } from "../scenario/harness/process-harness.ts";
import { openProcessHarness } from "../scenario/harness/process-harness.ts";
import { demoFile, startDouble } from "../scenario/harness/processes.ts";
import { readScenario } from "../scenario/format/read.ts";
import { settingsFrom } from "../input/settings.ts";
import { verify } from "../verify.ts";
import { addLater, closeQuarter } from "./close-quarter.ts";
import { keepServing, leadIn } from "./keep-serving.ts";
import { drawFrom, playNextDays, rollUp } from "./next-quarter.ts";
import { checkThreeWays } from "./verifiers.ts";
import { signingKeyPem } from "../../settings/signing-key.ts";

const ORGANIZATION = "acme";

/** Holds the options of `demo`. */
export interface DemoOptions {
  readonly out: string;
  readonly story?: string;
  readonly serve?: boolean;
  readonly json?: boolean;
}

/** Plays the story, hands over its quarter, and verifies that package and a changed copy three ways. */
export async function demo(terminal: Terminal, options: DemoOptions): Promise<Answer> {
  const print = options.json === true ? () => undefined : terminal.print;
  const scenario = await storyOf(options.story);
  const out = resolve(options.out);
  const folders = {
    data: join(out, "data"),
    evidence: join(out, "evidence"),
    addendum: join(out, "addendum"),
    together: join(out, "two-quarters"),
    sample: join(out, "sample"),
    tampered: join(out, "tampered"),
    page: join(out, "verify.html"),
  };
  for (const folder of Object.values(folders))
    for (const old of [folder, `${folder}.zip`]) await rm(old, { recursive: true, force: true });
  await mkdir(out, { recursive: true });

  const lead = options.serve === true ? leadIn(scenario) : null;
  const double = await startDouble();
  try {
    const harness = await openProcessHarness(
      double,
      scenario,
      folders.data,
      lead !== null
        ? { signedIn: lead, packages: out }
        : options.serve === true
          ? "to this machine"
          : undefined,
    );
    try {
      print(
        `GitHub's double listens on ${double.url}, the App on ${harness.app.url}: two processes, HTTP between them.`,
      );
      const problem = await play(scenario, harness, print);
      if (problem !== null) return { code: 1, lines: problem, data: { ok: false, problem } };
      const handedOver = await handOver(
        scenario,
        harness,
        { ...folders, isOwn: options.story === undefined },
        print,
      );
      const ended = await verifyAndTamper(folders, handedOver, print);
      if (ended.code === 0 && options.serve === true)
        await keepServing(harness, { lead, gitHub: double.url, period: quarterPlayed(scenario) }, print);
      return ended;
    } finally {
      await harness.close();
    }
  } finally {
    await double.stop();
  }
}

/** Plays the story and prints it; returns the differences from the story, or null. */
async function play(
  scenario: Scenario,
  harness: ProcessHarness,
  print: (line: string) => void,
): Promise<readonly string[] | null> {
  const printer = new StoryPrinter(await harness.openLedger(), print);
  try {
    await printer.printNewEntries();
    const result = await playScenario(scenario, harness, {
      onStep: (step) => printer.printStep(step),
      onIdle: () => printer.printNewEntries(),
    });
    if (result.failures.length > 0) return printScenarioResult(result).split("\n");
    print("");
    print(`The quarter is over: ${result.steps.length} steps, ${printer.summary()}.`);
    return null;
  } finally {
    await printer.close();
  }
}

/** The folders of the demo. */
interface Folders {
  readonly evidence: string;
  readonly addendum: string;
  readonly together: string;
  readonly sample: string;
  readonly tampered: string;
  readonly page: string;
}

/** What was written, in words, and where to begin reading it. */
type Written = readonly [what: string, path: string];

interface HandedOver {
  readonly written: readonly Written[];
  /** The fingerprint of the key that signed it. */
  readonly fingerprint: string;
}

/** Closes the quarter and adds to it, rolls it up with the next, and draws a sample. */
async function handOver(
  scenario: Scenario,
  harness: ProcessHarness,
  folders: Folders & { readonly isOwn: boolean },
  print: (line: string) => void,
): Promise<HandedOver> {
  const period = quarterPlayed(scenario);
  const next = quarterOf(period.to);
  await harness.app.reconcile(ORGANIZATION, period.from, period.to);
  await harness.app.compareHeads(ORGANIZATION);
  const { dataDir } = harness;
  const ledger = await openLedger({ dataDir });
  const request = {
    organization: ORGANIZATION,
    zip: true,
    signingKey: signingKeyPem(settingsFrom({ env: harness.env })),
    apiUrl: `${harness.env["GHE_PROTOCOL"]}://${harness.env["GHE_HOST"]}/api/v3`,
  };
  try {
    const quarter = { ledger, dataDir, period, request, print };
    print("");
    const exported = await closeQuarter(quarter, folders.evidence);
    const { changes, deployments } = exported.populations;
    print(
      `Closed ${period.name} with its evidence package: ${exported.files} files, ${changes} changes, ${deployments} deployments.`,
    );
    print(`The log records which package it is: ${exported.seal}`);
    const addendum = await addLater(quarter, folders.addendum);
    if (addendum !== null) {
      print("");
      print("A day later the cause of a deviation is found. countersign period addendum:");
      print(`  ${addendum.closing.says}`);
    }
    if (folders.isOwn) await playNextDays(scenario, harness, quarter);
    await harness.app.reconcile(ORGANIZATION, next.from, next.to);
    await harness.app.compareHeads(ORGANIZATION);
    await rollUp(quarter, next, folders.together);
    await drawFrom(folders.together, folders.sample, print);
    const written: readonly Written[] = [
      [`The package of ${period.name}`, join(folders.evidence, "START-HERE.html")],
      ...(addendum === null ? [] : ([["Its addendum", join(folders.addendum, "START-HERE.html")]] as const)),
      [`${period.name} and ${next.name} together`, join(folders.together, "START-HERE.html")],
      ["The sample", join(folders.sample, "index.html")],
    ];
    return { written, fingerprint: exported.fingerprint };
  } finally {
    await ledger.close();
  }
}

/** Checks what was handed over, and answers with where everything is. */
async function verifyAndTamper(
  folders: Folders,
  { written, fingerprint }: HandedOver,
  print: (line: string) => void,
): Promise<Answer> {
  const checked = await checkThreeWays({ ...folders, fingerprint }, print);
  const together = await verify(folders.together, undefined);
  if (together.code !== 0) return together;
  const all: readonly Written[] = [
    ...written,
    ["The copy that was changed", folders.tampered],
    ["The verifier for a browser", folders.page],
  ];
  const { ok, verified, tampered, script } = checked;
  return {
    code: ok ? 0 : 1,
    lines: ok
      ? ["", ...all.map(([what, path]) => `${`${what}:`.padEnd(30)}${path}`)]
      : ["The package was refused, or the change was not noticed."],
    data: {
      ok,
      package: folders.evidence,
      together: folders.together,
      sample: folders.sample,
      page: folders.page,
      fingerprint,
      verified,
      tampered,
      script,
    },
  };
}

/** The quarter a story is about. The App is installed when it starts, at the latest on the day before: else the quarter is not whole. */
function quarterPlayed({ start }: Pick<Scenario, "start">): Period {
  return quarterOf(start + DAY);
}

/** The calendar quarter a moment lies in. */
function quarterOf(at: number): Period {
  const date = new Date(at);
  const [year, quarter] = [date.getUTCFullYear(), Math.floor(date.getUTCMonth() / 3)];
  return {
    name: `${year}-Q${quarter + 1}`,
    from: Date.UTC(year, quarter * 3),
    to: Date.UTC(year, quarter * 3 + 3),
  };
}

async function storyOf(path: string | undefined): Promise<Scenario> {
  const file = path ?? demoFile("story");
  const text = await readFile(file, "utf8").catch(() => {
    throw new UsageError(`There is no file ${file}.`);
  });
  const { scenario, problems } = readScenario(text, file);
  if (scenario !== null) return scenario;
  const listed = problems.map((problem) => `${file}:${problem.line}: ${problem.message}`);
  throw new UsageError(`this is not a scenario:\n${listed.join("\n")}`);
}
