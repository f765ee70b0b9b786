/** `countersign period`: closes a period, adds to a closed one, and lists them. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

import { parsed } from "../../domain/evidence/seal.ts";
import { time } from "../../domain/texts/wording.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { HandedOver, PeriodCloseRecord } from "../../domain/records/monitoring.ts";
import {
  addToPeriod,
  closedIn,
  closePeriod,
  type HandOver,
  type HandOverResult,
} from "../../flows/monitoring/close-period.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openExistingLedger, openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import { apiBaseUrl } from "../../settings.ts";
import { signingKeyPem } from "../../settings/signing-key.ts";
import { organizationIn } from "../input/organization.ts";
import { sealingFrom, settingsFrom } from "../input/settings.ts";
import { UsageError, type Answer, type Terminal } from "../terminal/answer.ts";
import { progressOn } from "../terminal/progress.ts";
import { compareWithGitHub, namedPeriod, policyPeriods, postHeadAfter, type NamedPeriod } from "./export.ts";
import { organizationOf, packageParts } from "./write-package.ts";

interface HandOverOptions {
  readonly org: string;
  readonly out: string;
  readonly as: string;
  readonly zip?: boolean;
  /** Skips the comparison with GitHub's lists. */
  readonly offline?: boolean;
}

/** Closes a period; code 1 where it cannot be closed. */
export function closeNamed(
  terminal: Terminal,
  name: string,
  options: HandOverOptions & { readonly incomplete?: string },
  now: () => Instant,
): Promise<Answer> {
  const reason = options.incomplete === undefined ? null : givenText(options.incomplete, "--incomplete");
  return handOver(terminal, options, now, {
    periodOf: (ledger, { id }) => namedPeriod(name, id, ledger),
    make: (request, period) => closePeriod({ ...request, period, reason }),
  });
}

/** Makes an addendum to a closed period; code 1 where nothing differs. */
export function addToNamed(
  terminal: Terminal,
  name: string,
  options: HandOverOptions & { readonly reason: string },
  now: () => Instant,
): Promise<Answer> {
  const reason = givenText(options.reason, "--reason");
  return handOver(terminal, options, now, {
    periodOf: async (ledger, { id, closed }) =>
      closed.find(({ period }) => period.name === name)?.period ?? namedPeriod(name, id, ledger),
    make: (request) => addToPeriod({ ...request, name, reason }),
  });
}

function givenText(text: string, option: string): string {
  const given = text.trim();
  if (given === "") throw new UsageError(`${option} needs a reason in words: the package shows it.`);
  return given;
}

/** How the two commands differ. */
interface Making {
  readonly periodOf: (
    ledger: Ledger,
    of: { readonly id: number; readonly closed: readonly PeriodCloseRecord[] },
  ) => Promise<NamedPeriod>;
  readonly make: (request: HandOver, period: NamedPeriod) => Promise<HandOverResult>;
}

async function handOver(
  terminal: Terminal,
  options: HandOverOptions,
  now: () => Instant,
  { periodOf, make }: Making,
): Promise<Answer> {
  const app = options.offline === true ? null : settingsFrom(terminal);
  const settings = app ?? sealingFrom(terminal);
  const ledger = await openExistingLedger(settings.store);
  try {
    const { id } = await organizationOf(ledger, options.org);
    const closed = await closedIn(ledger, id);
    await refuseUnrecorded(options.out, closed);
    const period = await periodOf(ledger, { id, closed });
    if (app !== null) await compareWithGitHub(terminal, app, options.org, period);
    const progress = progressOn(terminal);
    const parts = await packageParts(ledger, {
      onRow: (file, rows) => progress(`Writing ${file}: ${rows} rows`),
      organization: options.org,
      out: options.out,
      zip: options.zip === true,
      signingKey: signingKeyPem(settings),
      apiUrl: apiBaseUrl(settings),
      generatedAt: now(),
    });
    const result = await make({ ...parts, ledger, by: options.as }, period);
    const head =
      app === null || result.refused !== null
        ? []
        : [await postHeadAfter(app, options.org, "close", result.exported.seal)];
    return answerOf(result, period, head);
  } finally {
    await ledger.close();
  }
}

function answerOf(result: HandOverResult, period: NamedPeriod, head: readonly string[]): Answer {
  if (result.refused !== null) return { code: 1, lines: result.refused, data: { refused: result.refused } };
  const { exported, record } = result;
  const number = record.handedOver.length - 1;
  const what = number === 0 ? `Closed ${period.name}` : `Addendum ${number} to ${period.name}`;
  return {
    code: 0,
    lines: [
      `${what}: wrote ${exported.folder}, ${exported.populations.changes} changes and ${exported.populations.deployments} deployments from ${time(period.from)} to ${time(period.to)}.`,
      ...(exported.zip === null ? [] : [`The same in one file: ${exported.zip}`]),
      ...(number === 0
        ? []
        : [
            `Rows that differ from the package before: ${exported.closing.rows_that_differ ?? 0}, each with its reason in since-close.csv.`,
          ]),
      `Recorded in the evidence log by the SHA-256 of its manifest.dsse.json: ${exported.seal}`,
      `Signed with the key whose fingerprint is ${exported.fingerprint}`,
      ...head,
      number === 0
        ? `Hand over this package. What comes to light later is added with: countersign period addendum ${period.name}`
        : "Hand over this package too. The packages before it stay as they are.",
      `Check it anywhere: countersign verify ${exported.folder}`,
    ],
    data: { refused: null, ...exported, period: record },
  };
}

const MadeSchema = z.object({
  closing: z.object({ made_as: z.enum(["close", "addendum"]) }),
  period: z.object({ name: z.string() }),
});

/** A process that was stopped between writing and recording leaves a package that nobody handed over. Throws UsageError. */
async function refuseUnrecorded(out: string, closed: readonly PeriodCloseRecord[]): Promise<void> {
  const read = (name: string): Promise<string> => readFile(join(out, name), "utf8").catch(() => "");
  const [manifest, seal] = [await read("manifest.json"), await read("manifest.dsse.json")];
  const made = MadeSchema.safeParse(parsed(manifest));
  if (!made.success) return;
  const digest = sha256(seal);
  const isRecorded = closed.some(({ handedOver }) => handedOver.some((each) => each.seal === digest));
  throw new UsageError(
    isRecorded
      ? `${out} is a package of ${made.data.period.name} that was handed over. Keep it, and give another folder.`
      : `${out} is a package that was made to be handed over and is not in the evidence log: the command was stopped before it was recorded. It counts for nothing. Remove it and run the command again.`,
  );
}

/** Lists the periods of the policy and the closed ones, with the packages that were handed over. */
export async function listPeriods(
  where: StoreLocation,
  { org }: { readonly org?: string | undefined },
  now: Instant,
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const { id } = await organizationIn(ledger, org);
    const closed = await closedIn(ledger, id);
    const periods = new Map(await policyPeriods(id, ledger));
    for (const { period } of closed) periods.set(period.name, period);
    const rows = [...periods.values()]
      .toSorted((a, b) => a.from - b.from)
      .map((period) => ({
        ...period,
        handedOver: closed.find((each) => each.period.name === period.name)?.handedOver ?? [],
      }));
    const none =
      "The policy names no periods, and none was closed. A calendar quarter needs no entry: countersign period close 2026-Q3";
    return {
      code: 0,
      lines: rows.length === 0 ? [none] : rows.flatMap((row) => linesOf(row, now)),
      data: { periods: rows },
    };
  } finally {
    await ledger.close();
  }
}

function linesOf(
  { name, from, to, handedOver }: NamedPeriod & { readonly handedOver: readonly HandedOver[] },
  now: Instant,
): readonly string[] {
  const state = handedOver.length > 0 ? "closed" : now < to ? "not over" : "not closed";
  return [
    `${name}  ${time(from)} to ${time(to)}  ${state}`,
    ...handedOver.flatMap((each, number) => [
      `  ${number === 0 ? "closing" : `addendum ${number}`}  ${time(each.at)}  ${each.by}  ${each.seal}`,
      ...(each.reason === null ? [] : [`    ${number === 0 ? "incomplete: " : ""}${each.reason}`]),
    ]),
  ];
}
