/** `countersign recheck`: one pull request assessed with the App's key and no database, when the server is down. */

import { repoOf, type Repo } from "../../flows/context/repo.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { CheckRunText, GateRecord } from "../../domain/records/change.ts";
import { openPullsAt } from "../../flows/facts/pull-request.ts";
import { assessPull } from "../../flows/changes/assess-pull-request.ts";
import type { Tools } from "../../flows/context/tools.ts";
import { carryOut } from "../../github/actions/carry-out.ts";
import type { Doable } from "../../github/actions/written.ts";
import { facts } from "../../github/facts.ts";
import { Lookups } from "../../github/api/lookups.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import { ranked } from "../../github/api/pacing.ts";
import { laneOf, signal } from "../../github/webhooks/signal.ts";
import { openLedger } from "../../ledger/open.ts";
import { VERSION } from "../../package/version.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { approvalLines, resultLines } from "../log/assess.ts";
import { plain } from "../../domain/texts/wording.ts";
import { pullNamed, type PullName } from "../log/facts.ts";
import { appOnGitHub } from "../input/github.ts";
import { settingsFrom } from "../input/settings.ts";

/** Holds the clock and the way to GitHub; tests pass a `fetch` to a double. */
export interface RecheckTools {
  readonly now: () => number;
  readonly fetch?: Fetch;
}

/** Assesses an open pull request and prints its check run; with `post`, writes it. Exit code 0 where the check succeeds. */
export async function requestRecheck(
  terminal: Terminal,
  pull: string,
  post: boolean,
  { now, fetch }: RecheckTools,
): Promise<Answer> {
  const named = pullNamed(pull);
  // The server's other settings are not needed here, and must not prevent this.
  const settings = settingsFrom({
    env: { ...terminal.env, WEBHOOK_SECRET: "not used here", DATABASE_URL: "" },
  });
  const { appId } = settings;
  const github = {
    ...facts,
    carryOut,
    signal,
    laneOf,
    ranked,
    lookups: new Lookups({ now }),
    octokits: appOnGitHub(settings, { fetch }).octokits,
  };
  // The App's flow needs a log to write to: this one is temporary.
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-recheck-"));
  try {
    const ledger = await openLedger({ dataDir });
    try {
      const log = pino({ level: "silent" });
      // Nothing is sent anywhere but to GitHub, and that only with --post.
      const sendNotification = async (): Promise<void> => {};
      const tools: Tools = {
        appId,
        clock: { now },
        github,
        ledger,
        log,
        sendNotification,
        skew: () => null,
        version: VERSION,
      };
      const repo = await watchedNow(tools, named);
      const checked = await checkOf(repo, named.number);
      if (checked === null) throw new UsageError(`${pull} is not open: only open pull requests are checked.`);
      const posted = post ? await write(repo, checked.action) : null;
      return answerOf(pull, checked, posted);
    } finally {
      await ledger.close();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Returns the repository and its installation of the App. Throws UsageError where there is none. */
async function watchedNow(tools: Tools, { owner, name }: PullName): Promise<Repo> {
  const { github } = tools;
  const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();
  const installations = await github.listInstallations(await github.octokits.app());
  const installation = installations.find(({ account }) => same(account?.login, owner));
  if (installation === undefined) throw new UsageError(`The App is not installed on ${owner}.`);
  const octokit = await github.octokits.installation(installation.id);
  const covered = (await github.listRepositories(octokit)).find(({ repository }) =>
    same(repository.name, name),
  );
  if (covered === undefined)
    throw new UsageError(`The App's installation on ${owner} does not cover ${owner}/${name}.`);
  const { repository } = covered;
  const { id: installationId, createdAt: since } = installation;
  return repoOf(tools, { info: repository, installationId, since, lease: undefined });
}

/** The check of a pull request, and the action that writes it. */
interface Check {
  readonly record: GateRecord;
  /** As it would be written: of several open pull requests with this head, the worst. */
  readonly check: CheckRunText;
  readonly action: Doable;
}

/** Assesses the pull request, and every other open one with the same head and so the same check run. Null: it is not open. */
async function checkOf(repo: Repo, number: number): Promise<Check | null> {
  const { info: repository } = repo;
  const { ledger } = repo;
  const read = async (): Promise<GateRecord | null> => {
    const entry = await ledger.state("gate", `${repository.id}#${number}`);
    return entry === undefined ? null : entry.body;
  };
  await assessPull(repo, number, null);
  const head = (await read())?.check.headSha;
  if (head === undefined) return null;
  const others = (await openPullsAt(repo, head)).filter((each) => each !== number);
  for (const other of others) await assessPull(repo, other, null);
  if (others.length > 0) await assessPull(repo, number, null, true);
  const record = await read();
  const waiting = await ledger.queue.listActions({ status: "waiting", limit: others.length + 1 });
  const action = waiting.find(({ key }) => key === checkKey(repository.id, head));
  if (record === null || action === undefined) return null;
  const { text } = action.payload as CheckRunPayload;
  return { record, check: text, action: { ...action, previous: null } };
}

async function write(repo: Repo, action: Doable): Promise<string> {
  const {
    installationId,
    tools: { github },
  } = repo;
  return (await github.carryOut(await github.octokits.installation(installationId), action)).url;
}

function answerOf(pull: string, { record, check }: Check, posted: string | null): Answer {
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
      : `Written: ${posted}. The server records it when it runs again.`,
  ];
  return {
    code: passes ? 0 : 1,
    lines,
    data: { pull, passes, verdict: assessment.verdict, assessment, check, posted },
  };
}
