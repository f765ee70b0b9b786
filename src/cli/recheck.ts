/** `countersign recheck`: one pull request judged with the App's key and no database; the way out when the server is down. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { checkRunAction } from "../domain/decision.ts";
import type { GateRecord } from "../domain/record.ts";
import { assessPull } from "../flows/assess-pull.ts";
import type { Tools, Watched } from "../flows/ports.ts";
import { carryOut } from "../github/carry-out.ts";
import * as facts from "../github/facts.ts";
import { Lookups } from "../github/lookups.ts";
import { makeProbot, octokitsOf, type Fetch } from "../github/octokit.ts";
import { signal } from "../github/signal.ts";
import { openLedger } from "../ledger/open.ts";
import { apiBaseUrl } from "../settings.ts";
import type { Answer, Terminal } from "./answer.ts";
import { Misuse } from "./answer.ts";
import { approvalLines, resultLines } from "./assess.ts";
import { plain } from "./columns.ts";
import { pullNamed, type PullName } from "./log-facts.ts";
import { settingsFrom } from "./settings-of.ts";

/** How GitHub is reached; tests hand in a `fetch` that reaches a double, without pacing. */
export interface RecheckTools {
  readonly now: () => number;
  readonly fetch?: Fetch;
  readonly pacing?: boolean;
}

/** Judges an open pull request and shows what its check run says; with `post`, writes it. Exit code 0 where the check succeeds. */
export async function recheck(
  terminal: Terminal,
  pull: string,
  post: boolean,
  { now, fetch, pacing = true }: RecheckTools,
): Promise<Answer> {
  const named = pullNamed(pull);
  // What the server needs beside the key is not needed here, and must not stop anybody.
  const settings = settingsFrom({
    env: { ...terminal.env, WEBHOOK_SECRET: "not used here", DATABASE_URL: "" },
  });
  const { appId, privateKey } = settings;
  const github = {
    ...facts,
    carryOut,
    signal,
    lookups: new Lookups({ now }),
    octokits: octokitsOf(
      makeProbot({
        appId,
        privateKey,
        secret: settings.webhookSecrets[0] ?? "",
        baseUrl: apiBaseUrl(settings),
        pacing,
        ...(fetch === undefined ? {} : { fetch }),
      }),
    ),
  };
  // The same flow as the App's needs a log to write to: this one is empty, and thrown away.
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-recheck-"));
  try {
    const ledger = await openLedger({ dataDir });
    try {
      const log = pino({ level: "silent" });
      const tools: Tools = { appId, clock: { now }, github, ledger, log };
      const watched = await watchedNow(tools, named);
      await assessPull(tools, watched, named.number, null);
      const entry = await ledger.state("gate", `${watched.repository.id}#${named.number}`);
      if (entry === undefined) throw new Misuse(`${pull} is not open: only open pull requests are checked.`);
      const said = entry.body as GateRecord;
      const posted = post ? await write(tools, watched, said) : null;
      return answerOf(pull, said, posted);
    } finally {
      await ledger.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The repository and the installation through which the App sees it now. Throws Misuse where it does not. */
async function watchedNow({ github }: Tools, { owner, name }: PullName): Promise<Watched> {
  const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();
  const installations = await github.listInstallations(await github.octokits.app());
  const installation = installations.find(({ account }) => same(account?.login, owner));
  if (installation === undefined) throw new Misuse(`The App is not installed on ${owner}.`);
  const octokit = await github.octokits.installation(installation.id);
  const seen = (await github.listRepositories(octokit)).find(({ repository }) => same(repository.name, name));
  if (seen === undefined)
    throw new Misuse(`The App's installation on ${owner} does not cover ${owner}/${name}.`);
  const { repository } = seen;
  return { repository, installationId: installation.id, since: installation.createdAt, fence: undefined };
}

async function write({ appId, github, clock }: Tools, watched: Watched, said: GateRecord): Promise<string> {
  const { repository, installationId } = watched;
  const action = checkRunAction(said.check, { repository, installationId, appId }, null);
  const octokit = await github.octokits.installation(installationId);
  const { url } = await github.carryOut(octokit, { ...action, storedAt: clock.now(), previous: null });
  return url;
}

function answerOf(pull: string, { assessment, check }: GateRecord, posted: string | null): Answer {
  const passes = check.conclusion === "success";
  const lines = [
    `${pull} at ${check.headSha}`,
    `${check.conclusion ?? "waiting"}: ${check.title}`,
    "",
    ...plain(check.summary).split("\n"),
    "",
    ...(assessment.results.length === 0
      ? []
      : [...resultLines(assessment), ...approvalLines(assessment), ""]),
    posted === null
      ? "Not written: --post writes it as the check run."
      : `Written: ${posted}. The server records it when it is back.`,
  ];
  return {
    code: passes ? 0 : 1,
    lines,
    data: { pull, passes, verdict: assessment.verdict, assessment, check, posted },
  };
}
