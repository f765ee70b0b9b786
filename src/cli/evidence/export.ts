/** `countersign export`: the evidence package of a period. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { apiBaseUrl, signingKey, type Settings } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";
import { sealingFrom, settingsFrom } from "../input/settings.ts";
import { printMoment } from "../scenario/format/words.ts";
import { writePackage } from "./write-package.ts";

/** What `export` is asked for. */
export interface ExportOptions {
  readonly org: string;
  readonly period?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly out: string;
  readonly zip?: boolean;
  /** Do not ask GitHub: the package then says that nothing was counted against GitHub's lists, unless it was before. */
  readonly offline?: boolean;
}

interface NamedPeriod {
  readonly name: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** Writes the package and tells what is in it. */
export async function exportPackage(terminal: Terminal, options: ExportOptions): Promise<Answer> {
  const app = options.offline === true ? null : settingsFrom(terminal);
  const settings = app ?? sealingFrom(terminal);
  const ledger = await openLedger(settings.store);
  try {
    const period = await periodOf(options, ledger);
    if (app !== null) {
      terminal.say("Counting the period's updates against GitHub's own lists.");
      await counted(app, options.org, period);
    }
    const exported = await writePackage(ledger, {
      organization: options.org,
      period,
      out: options.out,
      zip: options.zip === true,
      signingKey: signingKey(settings),
      apiUrl: apiBaseUrl(settings),
      generatedAt: Date.now(),
    });
    const { populations } = exported;
    const lines = [
      `Wrote ${exported.folder}: ${exported.files} files, ${populations.changes} changes and ${populations.deployments} deployments from ${printMoment(period.from)} to ${printMoment(period.to)}.`,
      ...(exported.zip === null ? [] : [`The same in one file: ${exported.zip}`]),
      `Signed with the key whose fingerprint is ${exported.fingerprint}`,
      `Check it anywhere: countersign verify ${exported.folder}`,
    ];
    return { code: 0, lines, data: exported };
  } finally {
    await ledger.close();
  }
}

/** Without GitHub a package can still be written, but only by somebody who says that they know. */
async function counted(settings: Settings, organization: string, { from, to }: NamedPeriod): Promise<void> {
  // The whole App, which a package written offline has no use for.
  const { proveComplete } = await import("../serve.ts");
  try {
    await proveComplete(settings, organization, from, to);
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    const message = `${error.message} Try again, or export with --offline: the package then says what was not counted.`;
    throw new ExternalError(error.code, message, { cause: error });
  }
}

async function periodOf(options: ExportOptions, ledger: Ledger): Promise<NamedPeriod> {
  const { period, from, to } = options;
  if (period !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new Misuse("Say --period, or --from and --to, not both.");
    }
    return namedPeriod(period, ledger);
  }
  if (from === undefined || to === undefined) {
    throw new Misuse("Say which period: --period 2026-Q3, or --from 2026-07-01 --to 2026-10-01.");
  }
  if (to <= from) throw new Misuse("--to lies before --from; the end is excluded, so it must be later.");
  return { name: `${printMoment(from)}--${printMoment(to)}`.replaceAll(":", ""), from, to };
}

/** A period the newest policy names, else a calendar quarter such as 2026-Q3. */
export async function namedPeriod(name: string, ledger: Ledger): Promise<NamedPeriod> {
  const known = new Map<string, NamedPeriod>();
  for await (const entry of ledger.states("policy", { order: "at" })) {
    const { effective } = entry.body;
    for (const each of effective.periods) {
      known.set(each.name, { name: each.name, from: Date.parse(each.from), to: Date.parse(each.to) });
    }
  }
  const found = known.get(name);
  if (found !== undefined) return found;
  const quarter = /^(\d{4})-Q([1-4])$/u.exec(name);
  if (quarter !== null) {
    const [year, number] = [Number(quarter[1]), Number(quarter[2])];
    return { name, from: Date.UTC(year, (number - 1) * 3), to: Date.UTC(year, number * 3) };
  }
  const names = known.size === 0 ? "" : ` The policy names ${[...known.keys()].join(", ")}.`;
  throw new Misuse(`There is no period ${name}.${names} A calendar quarter is written 2026-Q3.`);
}
