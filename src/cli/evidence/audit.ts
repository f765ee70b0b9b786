/** `countersign audit`: a past period listed, judged and exported with nothing but a token; no App, no database. */

import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { backfillDeployments } from "../../flows/completeness/backfill-deployments.ts";
import { backfillRepository } from "../../flows/completeness/backfill.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { CompletenessRecord } from "../../domain/records/monitoring.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { policyInForce } from "../../domain/policy/tighten.ts";
import type { Tools } from "../../flows/context/tools.ts";
import { isLasting } from "../../flows/repositories/own-checks.ts";
import { countPast, type UncountedBranch } from "../../flows/completeness/reconcile.ts";
import { registerRepository, watchedRepository } from "../../flows/repositories/repositories.ts";
import { octokitOf, type Octokits } from "../../github/api/octokit.ts";
import { Pacing } from "../../github/api/pacing.ts";
import { openLedger } from "../../ledger/open.ts";
import { apiBaseUrl, readServer, signingKey, type Settings } from "../../settings.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";
import {
  counter,
  cutShort,
  ownerAndName,
  spanOf,
  toolsOn,
  type PastTools,
  type Target,
} from "./past-tools.ts";
import { problemLine } from "../input/policy-files.ts";
import { countLines, missingData, missingLine } from "./reconcile.ts";
import { printMoment } from "../scenario/format/words.ts";
import { readText } from "../input/text-file.ts";
import { writePackage } from "./write-package.ts";
import type { PolicySource } from "../../domain/policy/record.ts";

/** What `audit` is asked for. `appId`: the App that held merges back in that time, if one did. */
export interface AuditOptions {
  readonly from: Instant;
  readonly to: Instant;
  readonly policy?: string;
  readonly out?: string;
  readonly zip?: boolean;
  readonly appId?: number;
}

/** An installation there is not. */
export const NO_INSTALLATION = 0;

/**
 * Lists the updates of every production branch and the deployments of the period, judges each, counts the listings against each other and
 * writes the package.
 * Broken off and started again with the same words, it goes on where it was. Exit code 0 where the package is written and proven complete.
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
    throw new Misuse(
      "Set GITHUB_TOKEN to a token that may read the repositories: GITHUB_TOKEN=$(gh auth token) countersign audit ...",
    );
  const server = readServer(terminal.env);
  if (!server.ok) throw new Misuse(server.problems.join("\n"));
  const policy = options.policy === undefined ? null : await policyText(options.policy, terminal);
  const out = resolve(options.out ?? `audit-${of.replace("/", "-")}-${day(span.from)}--${day(span.to)}`);
  // Beside the package until it is written: what was read is not asked for again.
  const asked = sha256(JSON.stringify([of, span, policy, options.appId ?? null])).slice(0, 8);
  const dataDir = `${out}.unfinished-${asked}`;
  const apiUrl = apiBaseUrl(server);
  const ledger = await openLedger({ dataDir });
  let finished = false;
  try {
    const octokits = octokitsWith(token, server, how);
    const tools = withPolicy(toolsOn(ledger, options.appId ?? 0, octokits, terminal, how), policy, options);
    const counted: CompletenessRecord[] = [];
    const uncounted: UncountedBranch[] = [];
    const cut: string[] = [];
    let updates = 0;
    for (const { repository, archived } of await listed(tools, target)) {
      await registerRepository(tools, {
        repository,
        installationId: NO_INSTALLATION,
        installedFrom: span.from,
        archived,
      });
      const watched = await watchedRepository(tools, repository.id, undefined);
      if (watched === null) continue;
      const filled = await backfillRepository(tools, watched, span, counter(terminal, repository));
      updates += filled.updates;
      const deployed = await backfillDeployments(tools, watched, span, filled.refs);
      cut.push(...cutShort(watched.repository, deployed));
      const came = await countPast(tools, watched, filled.refs, span);
      // What may be answered later is asked for when the audit goes on where it was.
      const passing = came.uncounted.find(({ trouble }) => !isLasting(trouble));
      if (passing !== undefined) throw passing.trouble;
      counted.push(...came.counted);
      uncounted.push(...came.uncounted);
    }
    if (counted.length + uncounted.length === 0)
      throw new Misuse(`${of} has no production branch this token can read.`);
    const exported = await writePackage(ledger, {
      organization: target.owner,
      period: { name: `${day(span.from)}--${day(span.to)}`, ...span },
      out,
      zip: options.zip === true,
      signingKey: signingKey({ signingKey: null, store: { dataDir } }),
      apiUrl,
      generatedAt: how.now(),
    });
    finished = true;
    const complete = counted.every((each) => each.complete) && uncounted.length === 0 && cut.length === 0;
    const lines = [
      ...counted.flatMap(countLines),
      ...uncounted.map(missingLine),
      ...cut,
      `Wrote ${exported.folder}: ${exported.populations.changes} changes and ${exported.populations.deployments} deployments from ${printMoment(span.from)} to ${printMoment(span.to)}.`,
      `Signed with a key made for this package alone, whose fingerprint is ${exported.fingerprint}`,
      "Who may do what, and who is in which team, was read today: it is marked read-later.",
      ...(options.appId === undefined
        ? ["No App was asked about (--app-id), so whether the gate was respected is not judged."]
        : []),
      `Check it anywhere: countersign verify ${exported.folder}`,
    ];
    return {
      code: complete ? 0 : 1,
      lines,
      data: { ...exported, updates, complete, branches: counted, uncounted: uncounted.map(missingData) },
    };
  } finally {
    await ledger.close();
    if (finished) await rm(dataDir, { recursive: true, force: true });
  }
}

/** A token's Octokit, wherever the App's or an installation's would be asked for. */
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
  return { app: () => Promise.resolve(octokit), installation: () => Promise.resolve(octokit) };
}

/** The tools with the policy that was given in place of GitHub's files, and no gate where no App is named. */
function withPolicy(tools: Tools, policy: PolicySource | null, { appId }: AuditOptions): Tools {
  // A token sees what its owner sees: a policy file it cannot see is told apart from none by nobody.
  void tools.github.lookups.rememberForever(`selection:${NO_INSTALLATION}`, () => Promise.resolve("all"));
  const gate = appId === undefined ? ({ withoutGate: true } as const) : {};
  if (policy === null) return { ...tools, ...gate };
  const readPolicy: Tools["github"]["readPolicy"] = () =>
    Promise.resolve({ organization: policy, repository: { state: "absent" }, policyCommit: null });
  return { ...tools, ...gate, github: { ...tools.github, readPolicy } };
}

/** The repositories of a target that the token sees. Throws Misuse where it sees none of that name. */
export async function listed(
  tools: Tools,
  { owner, name }: Target,
): ReturnType<Tools["github"]["listOwned"]> {
  const octokit = await tools.github.octokits.installation(NO_INSTALLATION);
  if (name === null) return tools.github.listOwned(octokit, owner);
  const found = await tools.github.readListed(octokit, owner, name);
  if (found === null) throw new Misuse(`GitHub shows no repository ${owner}/${name} to this token.`);
  return [found];
}

/** A policy file as the source of everything. Throws Misuse with its problems. */
async function policyText(file: string, terminal: Terminal): Promise<PolicySource> {
  const text = await readText(file, "the path of a policy file", terminal);
  const blob = sha256(text);
  const source: PolicySource = { state: "found", repository: "given", path: file, commit: blob, blob, text };
  const read = policyInForce(source, { state: "absent" });
  if (read.state !== "broken") return source;
  throw new Misuse(["the policy has problems:", ...read.problems.map(problemLine)].join("\n  "));
}

function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}
