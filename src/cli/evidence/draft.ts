/** `countersign draft`: drafts from the records, apart from the evidence package; refused where a needed record is missing. */

import { writeFile } from "node:fs/promises";
import { DRAFT_KINDS, type DraftKind } from "../../domain/drafts/draft.ts";
import { draft } from "../../flows/monitoring/drafts.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import { UsageError, type Answer } from "../terminal/answer.ts";
import { namedPeriod } from "./export.ts";
import { organizationIn } from "../input/organization.ts";

/** Holds the options of `draft`. */
export interface DraftOptions {
  readonly org?: string | undefined;
  readonly id?: string | undefined;
  readonly period?: string | undefined;
  readonly out?: string | undefined;
}

/** Prints or writes one draft; code 1 with the names of missing records. */
export async function writeDraft(
  where: StoreLocation,
  kind: string,
  options: DraftOptions,
  at: number,
): Promise<Answer> {
  const wanted: DraftKind | undefined = DRAFT_KINDS.find((each) => each === kind);
  if (wanted === undefined)
    throw new UsageError(`No draft is called ${kind}. The drafts: ${DRAFT_KINDS.join(", ")}.`);
  if (wanted === "response" && options.id === undefined)
    throw new UsageError("Name the deviation: draft response DEV-0123456789ab.");
  if ((wanted === "bridge" || wanted === "note") && options.period === undefined)
    throw new UsageError("Name the period: --period 2026-Q3.");
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const organization = await organizationIn(ledger, options.org);
    const period =
      options.period === undefined ? undefined : await namedPeriod(options.period, organization.id, ledger);
    const made = await ledger.snapshot((moment) =>
      draft(moment, { kind: wanted, organization, at, id: options.id, period }),
    );
    if (!made.ok)
      return {
        code: 1,
        lines: [`No ${wanted} can be drafted. Missing:`, ...made.missing.map((each) => `  - ${each}`)],
        data: { missing: made.missing },
      };
    const { text, apart } = made;
    if (options.out === undefined)
      return {
        code: 0,
        lines: [text, ...(apart.length === 0 ? [] : ["---", "Not part of the text:", "", ...apart])],
        data: { text, apart },
      };
    await writeFile(options.out, text);
    const beside = `${options.out}.records.md`;
    if (apart.length > 0) await writeFile(beside, apart.join("\n"));
    return {
      code: 0,
      lines: [
        `Wrote ${options.out}. It is a draft: read it before you send it.`,
        ...(apart.length === 0 ? [] : [`Wrote ${beside}: the records behind it, which are not for others.`]),
      ],
      data: { file: options.out, ...(apart.length === 0 ? {} : { records: beside }) },
    };
  } finally {
    await ledger.close();
  }
}
