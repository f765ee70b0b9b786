/** What the first page of a package shows of the heads of the log on GitHub. */

import { HOUR } from "../../time/durations.ts";
import { isDatedLater, whyUnposted } from "../../monitoring/log-heads.ts";
import type { Policy } from "../../policy/file/policy.ts";
import type { HeadFinding } from "../../records/monitoring.ts";
import { headCheckOf, headsOf, type HeadRow } from "./rows.ts";
import type { EvidenceSource } from "../tables/population.ts";
import { timeText } from "../tables/table.ts";

/** Describes the heads as the first page shows them. */
export interface LogHeads {
  readonly posted: number;
  /** Those that do not agree with the log first, then the newest. */
  readonly shown: readonly HeadRow[];
  readonly total: number;
  readonly words: readonly string[];
  /** What does not agree, which comes before every other limitation. */
  readonly contradictions: readonly string[];
  readonly limitations: readonly string[];
}

const SHOWN = 12;

/** Returns what is on record of the heads of the log. `policies`: those in force. */
export async function logHeadsOf(
  source: EvidenceSource,
  policies: readonly Pick<Policy, "deviations">[],
): Promise<LogHeads> {
  const rows: HeadRow[] = [];
  for await (const row of headsOf(source)) rows.push(row);
  const check = await headCheckOf(source);
  const findings: readonly HeadFinding[] = check?.findings ?? [];
  const posted = rows.filter(({ record }) => record !== null && record.posted !== null);
  const newest = posted.at(-1)?.record ?? null;
  const why = whyUnposted(
    rows.flatMap(({ record }) => record ?? []),
    check,
    policies,
  );
  const later = posted.filter(({ record }) => record !== null && isDatedLater(record)).length;
  const times = posted.map(({ comparedAt }) => comparedAt);
  const known = times.filter((at) => at !== null);
  const compared = `Compared with GitHub: ${known.length} of ${posted.length}${known.length === 0 ? "" : `, each at ${timeText(Math.min(...known))} or later`}; this package was generated at ${timeText(source.generatedAt)}.`;
  const isOld = known.some((at) => at < source.generatedAt - HOUR);
  return {
    posted: posted.length,
    total: rows.length,
    shown: [
      ...rows.filter((row) => row.findings.length > 0),
      ...rows.filter((row) => row.findings.length === 0).toReversed(),
    ].slice(0, SHOWN),
    contradictions:
      findings.length === 0
        ? []
        : [
            `The evidence log and its heads on GitHub do not agree: ${findings
              .slice(0, SHOWN)
              .map(({ says }) => says)
              .join(
                " ",
              )}${findings.length > SHOWN ? ` And ${findings.length - SHOWN} more.` : ""} Ask what happened before you rely on anything else here.`,
          ],
    limitations: [
      ...(posted.length === 0
        ? [
            `No head of the evidence log was posted outside its database: ${why ?? "it is not known why"}. Whoever holds the database could have rewritten the log before this package was made, and nothing here would show it.`,
          ]
        : []),
      ...(posted.length > 0 && why !== null
        ? [`Since head ${newest?.number ?? 0} no head was posted: ${why}.`]
        : []),
      ...(later > 0
        ? [
            `GitHub dates ${later} of ${posted.length} heads of the log more than a day after the log asked for them: what they cover was not anchored before (log/heads.csv, asked_at and created_at).`,
          ]
        : []),
      ...(known.length < posted.length
        ? [`Not every head of the log was compared with GitHub. ${compared}`]
        : isOld
          ? [`The heads of the log were compared with GitHub over an hour before this package. ${compared}`]
          : []),
    ],
    words:
      newest === null
        ? [
            `None was posted: ${why ?? "it is not known why"}. There is no anchor of this log outside its database.`,
          ]
        : [
            `Posted: ${posted.length}. The newest is head ${newest.number}, of ${newest.size} entries, dated ${timeText(newest.posted?.createdAt ?? 0)} by GitHub. Entries recorded after it are not anchored yet.`,
            findings.length === 0
              ? `${compared} No difference was found.`
              : `${compared} Not every one agrees with the log.`,
            "Open the addresses yourself, and compare size and hash: GitHub shows who wrote a comment, when, and whether it was edited. Compare them with the heads of earlier packages too.",
          ],
  };
}
