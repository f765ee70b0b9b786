/** `countersign log verify --heads`: the log compared with the heads of it that the App posted on GitHub. */

import { time } from "../../domain/texts/wording.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { isDatedLater, whyUnposted } from "../../domain/monitoring/log-heads.ts";
import type { HeadFinding } from "../../domain/records/monitoring.ts";
import {
  headsOwners,
  compareShownHeads,
  type HeadsOwner,
  type HeadTools,
} from "../../flows/monitoring/log-heads.ts";
import { organizationPolicy } from "../../flows/policy/in-force.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import { listHeadComments, listHeadIssues } from "../../github/listings/log-heads.ts";
import { openLedger } from "../../ledger/open.ts";
import { appOnGitHub } from "../input/github.ts";
import { settingsFrom } from "../input/settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";

/** Checks the links of the log, then every head that GitHub shows. Code 1 where one does not agree, or there is none to compare. */
export async function verifyHeads(terminal: Terminal, now: () => Instant, fetch?: Fetch): Promise<Answer> {
  const settings = settingsFrom(terminal);
  const ledger = await openLedger(settings.store, { readOnly: true });
  try {
    const log = await ledger.verifyLog();
    if (!log.ok)
      return {
        code: 1,
        lines: [`The evidence log is broken at entry ${log.seq}: ${log.problem}`],
        data: log,
      };
    const { octokits } = appOnGitHub(settings, { fetch, now });
    const github = { octokits, listHeadComments, listHeadIssues };
    const tools: HeadTools = { appId: settings.appId, clock: { now }, ledger, github };
    const found: ComparedHeads[] = [];
    for (const owner of await headsOwners(ledger)) found.push(await headsOf(tools, owner));
    const isSound = found.length > 0 && found.every(({ kept }) => kept.agrees);
    return {
      code: isSound ? 0 : 1,
      lines: [
        `The links of the evidence log are right: ${log.size} entries, the last with hash ${log.hash}`,
        ...found.flatMap(({ lines }) => lines),
        ...(found.length === 0
          ? ["The evidence log has no organisation yet: there is nothing to compare."]
          : []),
      ],
      data: { ...log, heads: found.map(({ kept }) => kept) },
    };
  } finally {
    await ledger.close();
  }
}

interface ComparedHeads {
  /** For machines. */
  readonly kept: {
    readonly organization: string;
    readonly agrees: boolean;
    readonly shown: number;
    readonly because: string | null;
    readonly findings: readonly HeadFinding[];
  };
  readonly lines: readonly string[];
}

async function headsOf(tools: HeadTools, owner: HeadsOwner): Promise<ComparedHeads> {
  const compared = await compareShownHeads(tools, owner, "all");
  const { findings, shown } = compared?.check ?? { findings: [], shown: 0 };
  const known = compared?.known ?? [];
  const policy = await organizationPolicy(tools, owner.id);
  const because = whyUnposted(known, compared?.check ?? null, policy === null ? [] : [policy.effective]);
  const newest = known.findLast(({ posted }) => posted !== null);
  const later = known.filter(isDatedLater).length;
  const { login } = owner;
  const lines = [
    ...findings.map(({ says, code }) => `wrong  ${login}, ${code}: ${says}`),
    ...(because === null ? [] : [`wrong  ${login}: no head is posted: ${because}.`]),
    ...(shown === 0
      ? [`       ${login}: GitHub shows no head. Nothing tells whether the log was rewritten.`]
      : []),
    ...(newest?.posted != null && shown > 0
      ? [
          `${findings.length === 0 ? "ok   " : "     "}  ${login}: ${shown} heads compared. The newest on record is head ${newest.number}, ${newest.size} entries, dated ${time(newest.posted.createdAt)} by GitHub: ${newest.posted.url}`,
        ]
      : []),
    ...(later === 0
      ? []
      : [`       ${login}: GitHub dates ${later} of them more than a day after the log asked for them.`]),
  ];
  const agrees = findings.length === 0 && because === null && shown > 0;
  return { kept: { organization: login, agrees, shown, because, findings }, lines };
}
