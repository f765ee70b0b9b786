/** `countersign recheck`: one pull request judged with the App's key and no database; the way out when the server is down. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { CheckRunText, GateRecord } from "../../domain/records/change.ts";
import { openPullsAt } from "../../flows/records/pulls-at-head.ts";
import { assessPull } from "../../flows/changes/assess-pull-request.ts";
import type { Tools, RepositoryContext } from "../../flows/context/tools.ts";
import { carryOut } from "../../github/actions/carry-out.ts";
import type { Doable } from "../../github/actions/written.ts";
import { facts } from "../../github/facts.ts";
import { Lookups } from "../../github/api/lookups.ts";
import { makeProbot, octokitsOf, type Fetch } from "../../github/api/octokit.ts";
import { Pacing, ranked } from "../../github/api/pacing.ts";
import { signal } from "../../github/webhooks/signal.ts";
import { openLedger } from "../../ledger/open.ts";
import { apiBaseUrl } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";
import { approvalLines, resultLines } from "../log/assess.ts";
import { plain } from "../terminal/columns.ts";
import { pullNamed, type PullName } from "../log/facts.ts";
import { settingsFrom } from "../input/settings.ts";

/** How GitHub is reached; tests hand in a `fetch` that reaches a double. */
export interface RecheckTools {
  readonly now: () => number;
  readonly fetch?: Fetch;
}

/** Judges an open pull request and shows what its check run says; with `post`, writes it. Exit code 0 where the check succeeds. */
export async function recheck(
  terminal: Terminal,
  pull: string,
  post: boolean,
  { now, fetch }: RecheckTools,
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
    ranked,
    lookups: new Lookups({ now }),
    octokits: octokitsOf(
      makeProbot({
        appId,
        privateKey,
        secret: settings.webhookSecrets[0] ?? "",
        baseUrl: apiBaseUrl(settings),
        pacing: new Pacing(settings.github.limits),
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
      // Nothing stored here is sent anywhere but to GitHub, and that only with --post.
      const sendNotification = async (): Promise<void> => {};
      const tools: Tools = { appId, clock: { now }, github, ledger, log, sendNotification, skew: () => null };
      const watched = await watchedNow(tools, named);
      const said = await judge(tools, watched, named.number);
      if (said === null) throw new Misuse(`${pull} is not open: only open pull requests are checked.`);
      const posted = post ? await write(tools, watched, said.action) : null;
      return answerOf(pull, said, posted);
    } finally {
      await ledger.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The repository and the installation through which the App sees it now. Throws Misuse where it does not. */
async function watchedNow({ github }: Tools, { owner, name }: PullName): Promise<RepositoryContext> {
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

/** What is said of a pull request, and the action that says it on its commit. */
interface Said {
  readonly record: GateRecord;
  /** As it would be written: of several open pull requests with this head, the worst. */
  readonly check: CheckRunText;
  readonly action: Doable;
}

/** Judges the pull request, and every other open one whose check run is the same because its head is. Null: it is not open. */
async function judge(tools: Tools, watched: RepositoryContext, number: number): Promise<Said | null> {
  const { repository } = watched;
  const { ledger } = tools;
  const read = async (): Promise<GateRecord | null> => {
    const entry = await ledger.state("gate", `${repository.id}#${number}`);
    return entry === undefined ? null : entry.body;
  };
  await assessPull(tools, watched, number, null);
  const head = (await read())?.check.headSha;
  if (head === undefined) return null;
  const others = (await openPullsAt(tools, watched, head)).filter((each) => each !== number);
  for (const other of others) await assessPull(tools, watched, other, null);
  if (others.length > 0) await assessPull(tools, watched, number, null, true);
  const record = await read();
  const waiting = await ledger.queue.listActions({ status: "waiting", limit: others.length + 1 });
  const action = waiting.find(({ key }) => key === checkKey(repository.id, head));
  if (record === null || action === undefined) return null;
  const { text } = action.payload as CheckRunPayload;
  return { record, check: text, action: { ...action, previous: null } };
}

async function write(
  { github }: Tools,
  { installationId }: RepositoryContext,
  action: Doable,
): Promise<string> {
  return (await github.carryOut(await github.octokits.installation(installationId), action)).url;
}

function answerOf(pull: string, { record, check }: Said, posted: string | null): Answer {
  const { assessment } = record;
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
