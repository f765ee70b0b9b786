/** `countersign policy try` without a log: reads the period from GitHub with a token, and keeps nothing. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryOn, type Trial } from "../../domain/assessment/policy-trial.ts";
import type { PolicySource } from "../../domain/policy/record.ts";
import type { Verdict } from "../../domain/values/result.ts";
import { backfillRepository } from "../../flows/completeness/backfill.ts";
import type { Tools } from "../../flows/context/tools.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import { readServer } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { repositoriesOfTarget, NO_INSTALLATION, octokitsWith } from "../evidence/audit.ts";
import {
  counter,
  ownerAndName,
  spanOf,
  toolsOn,
  type PastTools,
  metRepository,
} from "../evidence/past-tools.ts";
import { policyFrom, readPolicyFile } from "../input/policy-files.ts";
import {
  trialAnswer,
  changesOf,
  landingsTried,
  policyThen,
  foldedPolicy,
  triedSource,
  type TryOptions,
} from "./try.ts";

/** No App: none of the checks was its own. */
const NO_APP = 0;

/** Returns true when the period is read from GitHub: repositories and a token are given, and no log. */
export function readsGitHub({ env }: Pick<Terminal, "env">, { repositories }: TryOptions): boolean {
  const isThere = (name: string): boolean => (env[name] ?? "") !== "";
  const hasLog = isThere("DATABASE_URL") || isThere("COUNTERSIGN_DATA_DIR");
  return repositories.length > 0 && !hasLog && (isThere("GITHUB_TOKEN") || isThere("GH_TOKEN"));
}

/**
 * Tries an organisation's file on the changes of some repositories, as GitHub shows them today. Exit code as `tryPolicy`.
 * Reads them twice: under the policies on GitHub for the verdict of that time, and under the tried file for the facts it needs.
 */
export async function tryOnGitHub(terminal: Terminal, options: TryOptions, how: PastTools): Promise<Answer> {
  const { file, repositories } = options;
  const span = spanOf(options.from, options.to);
  const given = await readPolicyFile(file, terminal);
  await policyFrom([file], { input: () => Promise.resolve(given.text) });
  const tried = triedSource(given.text, file);
  const was = new Map<string, Verdict>();
  await withFilled(terminal, { repositories, span, tried: null }, how, async (ledger) => {
    for await (const { change, assessment } of changesOf(ledger, span))
      was.set(change.id, assessment.verdict);
  });
  const trials: Trial[] = [];
  await withFilled(terminal, { repositories, span, tried }, how, async (ledger) => {
    for await (const record of changesOf(ledger, span)) {
      const then = await policyThen(ledger, record);
      const policy =
        then === null
          ? foldedPolicy(tried, { state: "absent" })
          : ({ state: "known", record: then } as const);
      const landings = await landingsTried(ledger, record, policy, NO_APP);
      const trial = tryOn(record, then?.effective ?? null, policy, NO_APP, landings);
      trials.push({ ...trial, was: was.get(trial.change.id) ?? trial.was });
    }
  });
  const answer = trialAnswer(file, trials);
  const read =
    "Read from GitHub and not kept. Permissions and team members are as of today; only a log holds emergencies.";
  return { ...answer, lines: [...answer.lines, read] };
}

/** Opens a temporary log, fills it from GitHub's lists for the span, and uses it. */
async function withFilled(
  terminal: Terminal,
  {
    repositories,
    span,
    tried,
  }: {
    readonly repositories: readonly string[];
    readonly span: ReturnType<typeof spanOf>;
    readonly tried: PolicySource | null;
  },
  how: PastTools,
  use: (ledger: Ledger) => Promise<void>,
): Promise<void> {
  const server = readServer(terminal.env);
  if (!server.ok) throw new UsageError(server.problems.join("\n"));
  const token = terminal.env["GITHUB_TOKEN"] ?? terminal.env["GH_TOKEN"] ?? "";
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-try-"));
  const ledger = await openLedger({ dataDir });
  try {
    const octokits = octokitsWith(token, server, how);
    const tools = trying(toolsOn(ledger, NO_APP, octokits, terminal, how), tried);
    for (const each of repositories) {
      const target = ownerAndName(each);
      if (target.name === null) throw new UsageError(`"${each}" is not a repository: write acme/web.`);
      for (const { repository, archived } of await repositoriesOfTarget(tools, target)) {
        const seen = { repository, installationId: NO_INSTALLATION, installedFrom: span.from, archived };
        const repo = await metRepository(tools, seen);
        if (repo !== null) await backfillRepository(repo, span, counter(terminal, repository));
      }
    }
    await use(ledger);
  } finally {
    await ledger.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Returns the tools with the tried file in place of the organisation's, each repository's own on top. */
function trying(tools: Tools, tried: PolicySource | null): Tools {
  // A token reads what its owner may read: a file that it may not read looks like no file.
  void tools.github.lookups.rememberForever(`selection:${NO_INSTALLATION}`, () => Promise.resolve("all"));
  if (tried === null) return { ...tools, withoutGate: true };
  const readPolicy: Tools["github"]["readPolicy"] = async (...asked) => {
    const read = await tools.github.readPolicy(...asked);
    foldedPolicy(tried, read.repository);
    return { ...read, organization: tried };
  };
  return { ...tools, withoutGate: true, github: { ...tools.github, readPolicy } };
}
