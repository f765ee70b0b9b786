/** Tools of the commands about a past period: the flows without a server, and the repositories meant. */

import type { openLedger } from "../../ledger/open.ts";
import { appOnGitHub } from "../input/github.ts";
import { settingsFrom } from "../input/settings.ts";
import type { Span } from "../../domain/time/span.ts";
import { watchedRepository, type Repo } from "../../flows/context/repo.ts";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import type { Repository } from "../../domain/change/repository.ts";
import type { BackfilledDeployments } from "../../flows/completeness/backfill-deployments.ts";
import type { Tools } from "../../flows/context/tools.ts";
import { registerRepository } from "../../flows/repositories/repositories.ts";
import { carryOut } from "../../github/actions/carry-out.ts";
import type { GitHub } from "../../github/api/requests.ts";
import { facts } from "../../github/facts.ts";
import { Lookups } from "../../github/api/lookups.ts";
import type { Fetch, Octokits } from "../../github/api/octokit.ts";
import { patient } from "../../github/api/patient-client.ts";
import { ranked } from "../../github/api/pacing.ts";
import { laneOf, signal } from "../../github/webhooks/signal.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { VERSION } from "../../package/version.ts";
import type { Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { progressOn } from "../terminal/progress.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Holds the clock and the way to GitHub; tests pass those of a double. */
export interface PastTools {
  readonly now: () => number;
  readonly fetch?: Fetch;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Describes the repositories meant; `name` null: all of the owner's. */
export interface Target {
  readonly owner: string;
  readonly name: string | null;
}

/** Returns what `--org` or `--repo` names. Throws UsageError unless exactly one is given. */
function targetOf({ org, repo }: { readonly org?: string; readonly repo?: string }): Target {
  if (org !== undefined && repo === undefined && !org.includes("/")) return { owner: org, name: null };
  if (repo !== undefined && org === undefined) return ownerAndName(repo);
  throw new UsageError("Give either --org acme or --repo acme/web.");
}

/** Reads `OWNER` or `OWNER/REPO`. Throws UsageError. */
export function ownerAndName(text: string): Target {
  const [owner = "", name, ...more] = text.split("/");
  if (owner === "" || name === "" || more.length > 0)
    throw new UsageError(`"${text}" is not a repository: write acme/web.`);
  return { owner, name: name ?? null };
}

/** Returns a command's span. Throws UsageError when it ends before it begins. */
export function spanOf(from: Instant, to: Instant): { readonly from: Instant; readonly to: Instant } {
  if (to <= from) throw new UsageError("--to must be later than --from, because the end is excluded.");
  return { from, to };
}

/** Returns the flows' tools on a ledger, which wait at GitHub's limits. They write nothing on GitHub and send nothing elsewhere. */
export function toolsOn(
  ledger: Ledger,
  appId: number,
  octokits: Octokits,
  terminal: Pick<Terminal, "printError" | "interactive">,
  { now, sleep = (ms) => setTimeout(ms) }: PastTools,
): Tools {
  const waiting = (ms: number, because: string): void => {
    if (terminal.interactive) terminal.printError(`${because} Waiting ${Math.ceil(ms / 1000)} s.`);
  };
  const made = new Map<number | null, Promise<GitHub>>();
  const keep = (key: number | null, make: () => Promise<GitHub>): Promise<GitHub> => {
    const known = made.get(key) ?? make().then((github) => patient(github, { sleep, waiting }));
    made.set(key, known);
    return known;
  };
  return {
    appId,
    clock: { now },
    ledger,
    log: pino({ level: "silent" }),
    skew: () => null,
    version: VERSION,
    sendNotification: async (): Promise<void> => {},
    github: {
      ...facts,
      carryOut,
      signal,
      laneOf,
      ranked,
      lookups: new Lookups({ now }),
      octokits: {
        app: () => keep(null, () => octokits.app()),
        installation: (id) => keep(id, () => octokits.installation(id)),
        rights: (id) => octokits.rights(id),
      },
    },
  };
}

/** Holds what a command on installed repositories is given: `org` or `repo`, and a period. */
export interface InstalledOptions {
  readonly org?: string;
  readonly repo?: string;
  readonly from: Instant;
  readonly to: Instant;
}

/** Does something with the log for a period of the repositories named, where the App is installed. Throws UsageError. */
export async function onInstalled<Result>(
  terminal: Terminal,
  options: InstalledOptions,
  how: PastTools & { readonly open: typeof openLedger },
  use: (repositories: readonly Repo[], span: Span) => Promise<Result>,
): Promise<Result> {
  const span = spanOf(options.from, options.to);
  const target = targetOf(options);
  const settings = settingsFrom(terminal);
  const ledger = await how.open(settings.store);
  try {
    const tools = toolsOn(
      ledger,
      settings.appId,
      appOnGitHub(settings, { ...how, importance: "sweep" }).octokits,
      terminal,
      how,
    );
    return await use(await installedOn(tools, target), span);
  } finally {
    await ledger.close();
  }
}

/** Records a repository and returns it, to be worked on without a lease; null: it is not visible. */
export async function metRepository(
  tools: Tools,
  seen: Parameters<typeof registerRepository>[1],
): Promise<Repo | null> {
  await registerRepository(tools, seen);
  return watchedRepository(tools, seen.repository.id, undefined);
}

/** Returns a target's repositories with the App installed, and records new ones. Throws UsageError where there is none. */
export async function installedOn(tools: Tools, { owner, name }: Target): Promise<readonly Repo[]> {
  const { github } = tools;
  const installations = await github.listInstallations(await github.octokits.app());
  const installation = installations.find(({ account }) => isSame(account?.login, owner));
  if (installation === undefined) throw new UsageError(`The App is not installed on ${owner}.`);
  const octokit = await github.octokits.installation(installation.id);
  const listed = (await github.listRepositories(octokit)).filter(
    ({ repository }) => name === null || isSame(repository.name, name),
  );
  if (listed.length === 0)
    throw new UsageError(`The App's installation on ${owner} does not cover ${name ?? "any repository"}.`);
  const found: Repo[] = [];
  for (const { repository, archived } of listed) {
    const { id: installationId, createdAt: installedFrom } = installation;
    const repo = await metRepository(tools, { repository, installationId, installedFrom, archived });
    if (repo !== null) found.push(repo);
  }
  return found;
}

/** Returns a progress counter of a repository's updates. */
export function counter(
  terminal: Pick<Terminal, "printError" | "interactive">,
  { owner, name }: Repository,
): (done: number, of: number) => void {
  const progress = progressOn(terminal);
  return (done, of) => progress(`${owner}/${name}: ${done} of ${of} updates`, done === of);
}

/** Returns a warning where some deployments of a past period could not be listed. */
export function cutShort(
  { owner, name }: Repository,
  { truncated, refused }: BackfilledDeployments,
): readonly string[] {
  if (refused)
    return [
      `${owner}/${name}: GitHub refused to list the deployments. Allow the token, or the App, to read deployments and actions.`,
    ];
  return truncated
    ? [`${owner}/${name}: GitHub's list of deployments was cut short, so some may be missing.`]
    : [];
}

function isSame(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
