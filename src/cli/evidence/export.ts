/** `countersign export`: the evidence package of a period. */

import { MOST_PERIODS } from "../../domain/evidence/roll-up/figures.ts";
import type { Period } from "../../domain/evidence/tables/population.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openExistingLedger } from "../../ledger/open.ts";
import { time } from "../../domain/texts/wording.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { progressOn } from "../terminal/progress.ts";
import { sealingFrom, settingsFrom } from "../input/settings.ts";
import { organizationOf, writePackage } from "./write-package.ts";
import { packageHead } from "../../flows/monitoring/log-heads.ts";
import { closedIn } from "../../flows/monitoring/close-period.ts";
import { isNeverClosed } from "../../domain/evidence/closing.ts";
import { signingKeyPem } from "../../settings/signing-key.ts";

/** Holds the options of `export`. */
export interface ExportOptions {
  readonly org: string;
  readonly period?: string;
  /** Names of several periods, separated by commas. */
  readonly periods?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly out: string;
  readonly zip?: boolean;
  /** Skips the comparison with GitHub's lists; the package then reports that it was not made, unless it was before. */
  readonly offline?: boolean;
}

/** Describes a period with its name. */
export type NamedPeriod = Period;

/** Writes the package and summarises it. */
export async function exportPackage(terminal: Terminal, options: ExportOptions): Promise<Answer> {
  const app = options.offline === true ? null : settingsFrom(terminal);
  const settings = app ?? sealingFrom(terminal);
  const ledger = await openExistingLedger(settings.store);
  try {
    const period = await periodOf(options, ledger);
    if (app !== null) await compareWithGitHub(terminal, app, options.org, period);
    const progress = progressOn(terminal);
    const exported = await writePackage(ledger, {
      onRow: (file, rows) => progress(`Writing ${file}: ${rows} rows`),
      organization: options.org,
      period,
      out: options.out,
      zip: options.zip === true,
      signingKey: signingKeyPem(settings),
      apiUrl: apiBaseUrl(settings),
      generatedAt: Date.now(),
    });
    const { populations, closing } = exported;
    const head = app === null ? [] : [await postHeadOfExport(app, ledger, options.org, exported.seal)];
    const lines = [
      `Wrote ${exported.folder}: ${exported.files} files, ${populations.changes} changes and ${populations.deployments} deployments from ${time(period.from)} to ${time(period.to)}.`,
      ...(exported.zip === null ? [] : [`The same in one file: ${exported.zip}`]),
      ...(isNeverClosed(closing) ? [] : [closing.says]),
      `Signed with the key whose fingerprint is ${exported.fingerprint}`,
      ...head,
      `Check it anywhere: countersign verify ${exported.folder}`,
    ];
    return { code: 0, lines, data: exported };
  } finally {
    await ledger.close();
  }
}

/** Compares the log with GitHub's lists. Without GitHub a package needs the explicit `--offline`. */
export async function compareWithGitHub(
  terminal: Terminal,
  settings: Settings,
  organization: string,
  { from, to }: NamedPeriod,
): Promise<void> {
  terminal.printError("Comparing the period's updates with GitHub's own lists.");
  // Loads the whole App, which a package written offline does not need.
  const { proveComplete } = await import("../serve.ts");
  try {
    await proveComplete(settings, organization, from, to);
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    const message = `${error.message} Try again, or use --offline: the package then names what was not compared.`;
    throw new ExternalError(error.code, message, { cause: error });
  }
}

/** Posts the head that an export was made of, and returns a line about it. Nothing else is recorded of an export. */
async function postHeadOfExport(
  settings: Settings,
  ledger: Ledger,
  organization: string,
  seal: string,
): Promise<string> {
  try {
    const { id } = await organizationOf(ledger, organization);
    const task = packageHead(id, "export", seal, Date.now());
    await ledger.record({ tasks: [task] }, task.dueAt);
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return `The log's head was posted nowhere: ${error.message}`;
  }
  return postHeadAfter(settings, organization, "export", seal);
}

/** Posts the log's head on GitHub and returns a line about it. The task is stored: what fails here is tried again by the App. */
export async function postHeadAfter(
  settings: Settings,
  organization: string,
  why: "export" | "close",
  seal: string,
): Promise<string> {
  const { postHead } = await import("../serve.ts");
  try {
    const head = await postHead(settings, organization, why, `${why}:${seal}`);
    if (head === null) return "The log's head was posted nowhere: see countersign log verify --heads.";
    if (head.refused !== null) return `The log's head was posted nowhere: ${head.refused}.`;
    if (head.posted !== null) return `Head ${head.number} of the log: ${head.posted.url}`;
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
  }
  return "The log's head is not posted yet. The App posts it when it reaches GitHub.";
}

async function periodOf(options: ExportOptions, ledger: Ledger): Promise<NamedPeriod> {
  const { period, periods, from, to } = options;
  const given = [period, periods, from ?? to].filter((each) => each !== undefined);
  if (given.length > 1)
    throw new UsageError("Give --period, --periods, or --from and --to: one of the three.");
  if (periods !== undefined) return periodsTogether(periods, options.org, ledger);
  if (period !== undefined) return closedOrNamed(period, await organizationOf(ledger, options.org), ledger);
  if (from === undefined || to === undefined) {
    throw new UsageError("Give the period: --period 2026-Q3, or --from 2026-07-01 --to 2026-10-01.");
  }
  if (to <= from) throw new UsageError("--to must be later than --from, because the end is excluded.");
  return { name: `${time(from)}--${time(to)}`.replaceAll(":", ""), from, to };
}

/** Returns one period of those in a list of names, separated by commas. Throws UsageError with every name that cannot be one of them. */
export async function periodsTogether(list: string, org: string, ledger: Ledger): Promise<NamedPeriod> {
  return rolledUp(await periodsNamed(list, org, ledger));
}

/** Returns the periods of a list of names by time. Throws UsageError with every name that cannot be one of them. */
async function periodsNamed(list: string, org: string, ledger: Ledger): Promise<readonly NamedPeriod[]> {
  const organization = await organizationOf(ledger, org);
  const names = list.split(",").map((name) => name.trim());
  const problems: string[] = [];
  if (names.includes("")) problems.push("--periods has a comma with no name beside it.");
  if (names.length > MOST_PERIODS) problems.push(`--periods takes ${MOST_PERIODS} names at most.`);
  const found: NamedPeriod[] = [];
  for (const name of new Set(names.filter((each) => each !== ""))) {
    if (names.indexOf(name) !== names.lastIndexOf(name)) problems.push(`${name} is named twice.`);
    try {
      found.push(await closedOrNamed(name, organization, ledger));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error.message);
    }
  }
  const sorted = found.toSorted((a, b) => a.from - b.from || a.to - b.to);
  for (const [index, one] of sorted.entries())
    for (const other of sorted.slice(index + 1))
      if (other.from < one.to)
        problems.push(
          `${datedName(one)} and ${datedName(other)} share days: a day is counted in one period.`,
        );
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return sorted;
}

function datedName({ name, from, to }: NamedPeriod): string {
  return `${name} (${time(from)} up to ${time(to)})`;
}

/** Returns the period from the beginning of the first to the end of the last; a single one is itself. */
export function rolledUp(parts: readonly NamedPeriod[]): NamedPeriod {
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) throw new UsageError("--periods needs a name.");
  if (parts.length === 1) return first;
  return { name: `${first.name}--${last.name}`, from: first.from, to: last.to, parts };
}

/** Returns the period that was closed under a name: it keeps its dates, whatever the policy gives it since. Else as {@link namedPeriod}. */
async function closedOrNamed(
  name: string,
  { id }: { readonly id: number },
  ledger: Ledger,
): Promise<NamedPeriod> {
  const closed = await closedIn(ledger, id);
  return closed.find(({ period }) => period.name === name)?.period ?? namedPeriod(name, id, ledger);
}

/** Returns the periods of an organisation's policies by name, each with the dates of the newest policy that has it. */
export async function policyPeriods(
  organizationId: number,
  ledger: Pick<Ledger, "states">,
): Promise<ReadonlyMap<string, NamedPeriod>> {
  const known = new Map<string, NamedPeriod>();
  for await (const { body } of ledger.states("policy", { organizationId, order: "at" }))
    for (const { name, from, to } of body.effective.periods)
      known.set(name, { name, from: Date.parse(from), to: Date.parse(to) });
  return known;
}

/** Returns a period of an organisation's newest policy, else a calendar quarter such as 2026-Q3. */
export async function namedPeriod(
  name: string,
  organizationId: number,
  ledger: Pick<Ledger, "states">,
): Promise<NamedPeriod> {
  const known = await policyPeriods(organizationId, ledger);
  const found = known.get(name);
  if (found !== undefined) return found;
  const quarter = /^(\d{4})-Q([1-4])$/u.exec(name);
  if (quarter !== null) {
    const [year, number] = [Number(quarter[1]), Number(quarter[2])];
    return { name, from: Date.UTC(year, (number - 1) * 3), to: Date.UTC(year, number * 3) };
  }
  const names = known.size === 0 ? "" : ` The policy has ${[...known.keys()].join(", ")}.`;
  throw new UsageError(`No period is called ${name}.${names} Write a calendar quarter as 2026-Q3.`);
}
