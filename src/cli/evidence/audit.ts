/** `countersign audit`: a past period listed, assessed and exported with only a token; no App, no database. */

import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { backfillDeployments } from "../../flows/completeness/backfill-deployments.ts";
import { backfillRepository } from "../../flows/completeness/backfill.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { time } from "../../domain/texts/wording.ts";
import { policyInForce } from "../../domain/policy/tighten.ts";
import type { Tools } from "../../flows/context/tools.ts";
import { isLasting } from "../../flows/repositories/own-checks.ts";
import type { Exported } from "../../flows/monitoring/export-evidence.ts";
import type { Span } from "../../domain/time/span.ts";
import { countPast, type UncountedBranch } from "../../flows/completeness/reconcile.ts";
import { octokitOf, type Octokits } from "../../github/api/octokit.ts";
import { Pacing } from "../../github/api/pacing.ts";
import { openLedger } from "../../ledger/open.ts";
import { apiBaseUrl, readServer, type Settings } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import {
  counter,
  cutShort,
  ownerAndName,
  spanOf,
  toolsOn,
  type PastTools,
  type Target,
  metRepository,
} from "./past-tools.ts";
import { problemLine } from "../input/policy-files.ts";
import { countLines, missingData, missingLine } from "./reconcile.ts";
import { readText } from "../input/text-file.ts";
import { writePackage } from "./write-package.ts";
import type { PolicySource } from "../../domain/policy/record.ts";
import { signingKeyPem } from "../../settings/signing-key.ts";

/** Holds the options of `audit`. `appId`: the App that blocked merges in that period, if one did. */
export interface AuditOptions {
  readonly from: Instant;
  readonly to: Instant;
  readonly policy?: string;
  readonly out?: string;
  readonly zip?: boolean;
  readonly appId?: number;
}

/** Holds the installation of a token, which has none. */
export const NO_INSTALLATION = 0;

/**
 * Lists and assesses the period's updates of production branches and its deployments, compares the listings and writes the package.
 * Started again with the same options, it continues. Exit code 0 where the package is written and proven complete.
 */
export async function audit(
  terminal: Terminal,
  of: string,
  options: AuditOptions,
  how: PastTools,
): Promise<Answer> {
  const target = ownerAndName(of);
  const span = spanOf(options.from, options.to);
  const token = terminal.env["GITHUB_TOKEN"] ?? terminal.env["GH_TOKEN"] ?? "";
  if (token === "")
    throw new UsageError(
      "Set GITHUB_TOKEN to a token that may read the repositories: GITHUB_TOKEN=$(gh auth token) countersign audit ...",
    );
  const server = readServer(terminal.env);
  if (!server.ok) throw new UsageError(server.problems.join("\n"));
  const policy = options.policy === undefined ? null : await policyText(options.policy, terminal);
  const out = resolve(options.out ?? `audit-${of.replace("/", "-")}-${day(span.from)}--${day(span.to)}`);
  // Beside the package until it is written, so that a second run reads nothing twice.
  const asked = sha256(JSON.stringify([of, span, policy, options.appId ?? null])).slice(0, 8);
  const dataDir = `${out}.unfinished-${asked}`;
  const apiUrl = apiBaseUrl(server);
  const ledger = await openLedger({ dataDir });
  let finished = false;
  try {
    const octokits = octokitsWith(token, server, how);
    const tools = withPolicy(toolsOn(ledger, options.appId ?? 0, octokits, terminal, how), policy, options);
    const found = await readPeriod(terminal, tools, target, span);
    if (found.counted.length + found.uncounted.length === 0)
      throw new UsageError(`${of} has no production branch this token can read.`);
    const exported = await writePackage(ledger, {
      organization: target.owner,
      period: { name: `${day(span.from)}--${day(span.to)}`, ...span },
      out,
      zip: options.zip === true,
      signingKey: signingKeyPem({ signingKey: null, store: { dataDir } }),
      apiUrl,
      generatedAt: how.now(),
    });
    finished = true;
    return answerOf(exported, found, span, options);
  } finally {
    await ledger.close();
    if (finished) await rm(dataDir, { recursive: true, force: true });
  }
}

/** The listings of a period, and where they were cut short. */
interface ReadPeriod {
  readonly updates: number;
  readonly counted: readonly CompletenessRecord[];
  readonly uncounted: readonly UncountedBranch[];
  readonly cut: readonly string[];
}

/** Fills the log for a period and compares the listings, repository by repository. Throws a passing {@link ExternalError}. */
async function readPeriod(terminal: Terminal, tools: Tools, target: Target, span: Span): Promise<ReadPeriod> {
  const counted: CompletenessRecord[] = [];
  const uncounted: UncountedBranch[] = [];
  const cut: string[] = [];
  let updates = 0;
  for (const { repository, archived } of await repositoriesOfTarget(tools, target)) {
    const seen = { repository, installationId: NO_INSTALLATION, installedFrom: span.from, archived };
    const repo = await metRepository(tools, seen);
    if (repo === null) continue;
    const filled = await backfillRepository(repo, span, counter(terminal, repository));
    updates += filled.updates;
    const deployed = await backfillDeployments(repo, span, filled.refs);
    cut.push(...cutShort(repo.info, deployed));
    const past = await countPast(repo, filled.refs, span);
    // A passing error ends the run; the next one continues here.
    const passing = past.uncounted.find(({ error }) => !isLasting(error));
    if (passing !== undefined) throw passing.error;
    counted.push(...past.counted);
    uncounted.push(...past.uncounted);
  }
  return { updates, counted, uncounted, cut };
}

function answerOf(
  exported: Exported,
  { updates, counted, uncounted, cut }: ReadPeriod,
  span: Span,
  { appId }: AuditOptions,
): Answer {
  const complete = counted.every((each) => each.complete) && uncounted.length === 0 && cut.length === 0;
  const lines = [
    ...counted.flatMap(countLines),
    ...uncounted.map(missingLine),
    ...cut,
    `Wrote ${exported.folder}: ${exported.populations.changes} changes and ${exported.populations.deployments} deployments from ${time(span.from)} to ${time(span.to)}.`,
    `Signed with a key made for this package alone, whose fingerprint is ${exported.fingerprint}`,
    "Permissions and team members were read today: they are marked read-later.",
    ...(appId === undefined ? ["Without --app-id, the control gate-respected is not assessed."] : []),
    `Check it anywhere: countersign verify ${exported.folder}`,
  ];
  return {
    code: complete ? 0 : 1,
    lines,
    data: { ...exported, updates, complete, branches: counted, uncounted: uncounted.map(missingData) },
  };
}

/** Returns a token's Octokit in place of the App's and of an installation's. */
export function octokitsWith(
  token: string,
  { github }: Pick<Settings, "github">,
  { fetch }: PastTools,
): Octokits {
  const pacing = new Pacing(github.limits, { usual: "sweep" });
  const octokit = octokitOf(token, {
    baseUrl: apiBaseUrl({ github }),
    pacing,
    ...(fetch === undefined ? {} : { fetch }),
  });
  return {
    app: () => Promise.resolve(octokit),
    installation: () => Promise.resolve(octokit),
    rights: () => Promise.resolve(null),
  };
}

/** Returns the tools with the given policy in place of GitHub's files, and without a gate where no App is named. */
function withPolicy(tools: Tools, policy: PolicySource | null, { appId }: AuditOptions): Tools {
  // A token reads what its owner may read: a file that it may not read looks like no file.
  void tools.github.lookups.rememberForever(`selection:${NO_INSTALLATION}`, () => Promise.resolve("all"));
  const gate = appId === undefined ? ({ withoutGate: true } as const) : {};
  if (policy === null) return { ...tools, ...gate };
  const readPolicy: Tools["github"]["readPolicy"] = () =>
    Promise.resolve({ organization: policy, repository: { state: "absent" }, policyCommit: null });
  return { ...tools, ...gate, github: { ...tools.github, readPolicy } };
}

/** Returns the repositories of a target that the token may read. Throws UsageError where it may read none of that name. */
export async function repositoriesOfTarget(
  tools: Tools,
  { owner, name }: Target,
): ReturnType<Tools["github"]["listOwned"]> {
  const octokit = await tools.github.octokits.installation(NO_INSTALLATION);
  if (name === null) return tools.github.listOwned(octokit, owner);
  const found = await tools.github.readListed(octokit, owner, name);
  if (found === null) throw new UsageError(`GitHub shows no repository ${owner}/${name} to this token.`);
  return [found];
}

/** Reads a policy file as the only source. Throws UsageError with its problems. */
async function policyText(file: string, terminal: Terminal): Promise<PolicySource> {
  const text = await readText(file, "the path of a policy file", terminal);
  const blob = sha256(text);
  const source: PolicySource = { state: "found", repository: "given", path: file, commit: blob, blob, text };
  const read = policyInForce(source, { state: "absent" });
  if (read.state !== "broken") return source;
  throw new UsageError(["the policy has problems:", ...read.problems.map(problemLine)].join("\n  "));
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
