/** What the commands about a past period share: the flows' tools without a server, and which repositories are meant. */

import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import type { Repository } from "../../domain/change/repository.ts";
import type { BackfilledDeployments } from "../../flows/completeness/backfill-deployments.ts";
import type { Tools, RepositoryContext } from "../../flows/context/tools.ts";
import { registerRepository, watchedRepository } from "../../flows/repositories/repositories.ts";
import { carryOut } from "../../github/actions/carry-out.ts";
import type { GitHub } from "../../github/api/requests.ts";
import { facts } from "../../github/facts.ts";
import { Lookups } from "../../github/api/lookups.ts";
import { makeProbot, octokitsOf, type Fetch, type Octokits } from "../../github/api/octokit.ts";
import { patient } from "../../github/api/patient-client.ts";
import type { Importance } from "../../github/api/request-line.ts";
import { Pacing, ranked } from "../../github/api/pacing.ts";
import { signal } from "../../github/webhooks/signal.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import type { Terminal } from "../terminal/answer.ts";
import { Misuse } from "../terminal/answer.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** How GitHub is reached; tests hand in a `fetch` that reaches a double, and its clock. */
export interface PastTools {
  readonly now: () => number;
  readonly fetch?: Fetch;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Whose repositories are meant; `name` null: all of them. */
export interface Target {
  readonly owner: string;
  readonly name: string | null;
}

/** What `--org` or `--repo` name. Throws Misuse when it is not exactly one of them. */
export function targetOf({ org, repo }: { readonly org?: string; readonly repo?: string }): Target {
  if (org !== undefined && repo === undefined && !org.includes("/")) return { owner: org, name: null };
  if (repo !== undefined && org === undefined) return ownerAndName(repo);
  throw new Misuse("Say which: --org acme, or --repo acme/web, one of them.");
}

/** `OWNER` or `OWNER/REPO`. Throws Misuse. */
export function ownerAndName(text: string): Target {
  const [owner = "", name, ...more] = text.split("/");
  if (owner === "" || name === "" || more.length > 0)
    throw new Misuse(`"${text}" names no repository: write acme/web.`);
  return { owner, name: name ?? null };
}

/** The span a command is asked for. Throws Misuse when it ends before it begins. */
export function spanOf(from: Instant, to: Instant): { readonly from: Instant; readonly to: Instant } {
  if (to <= from) throw new Misuse("--to lies before --from; the end is excluded, so it must be later.");
  return { from, to };
}

/** The flows' tools on a ledger, asking GitHub patiently through these Octokits. Nothing is sent anywhere but to GitHub, and there nothing is written. */
export function toolsOn(
  ledger: Ledger,
  appId: number,
  octokits: Octokits,
  terminal: Pick<Terminal, "say" | "interactive">,
  { now, sleep = (ms) => setTimeout(ms) }: PastTools,
): Tools {
  const waiting = (ms: number, because: string): void => {
    if (terminal.interactive) terminal.say(`${because} Waiting ${Math.ceil(ms / 1000)} s.`);
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
    sendNotification: async (): Promise<void> => {},
    github: {
      ...facts,
      carryOut,
      signal,
      ranked,
      lookups: new Lookups({ now }),
      octokits: {
        app: () => keep(null, () => octokits.app()),
        installation: (id) => keep(id, () => octokits.installation(id)),
      },
    },
  };
}

/** The App's Octokits, by its settings; a past is read when nothing more important is asked for. */
export function appOctokits(
  settings: Settings,
  { fetch }: PastTools,
  importance: Importance = "sweep",
): Octokits {
  return octokitsOf(
    makeProbot({
      appId: settings.appId,
      privateKey: settings.privateKey,
      secret: settings.webhookSecrets[0] ?? "",
      baseUrl: apiBaseUrl(settings),
      pacing: new Pacing(settings.github.limits, { usual: importance }),
      log: pino({ level: "silent" }),
      ...(fetch === undefined ? {} : { fetch }),
    }),
  );
}

/** The repositories of a target that the App is installed on, recorded where they were not known. Throws Misuse where there is none. */
export async function installedOn(
  tools: Tools,
  { owner, name }: Target,
): Promise<readonly RepositoryContext[]> {
  const { github } = tools;
  const installations = await github.listInstallations(await github.octokits.app());
  const installation = installations.find(({ account }) => isSame(account?.login, owner));
  if (installation === undefined) throw new Misuse(`The App is not installed on ${owner}.`);
  const octokit = await github.octokits.installation(installation.id);
  const listed = (await github.listRepositories(octokit)).filter(
    ({ repository }) => name === null || isSame(repository.name, name),
  );
  if (listed.length === 0)
    throw new Misuse(`The App's installation on ${owner} does not cover ${name ?? "any repository"}.`);
  const found: RepositoryContext[] = [];
  for (const { repository, archived } of listed) {
    await registerRepository(tools, {
      repository,
      installationId: installation.id,
      installedFrom: installation.createdAt,
      archived,
    });
    const watched = await watchedRepository(tools, repository.id, undefined);
    if (watched !== null) found.push(watched);
  }
  return found;
}

/** A line on stderr that counts, where a person reads it and there is enough to count; the last one stands. */
export function counter(
  { say, interactive }: Pick<Terminal, "say" | "interactive">,
  { owner, name }: Repository,
): (done: number, of: number) => void {
  let last = performance.now();
  return (done, of) => {
    if (!interactive || (performance.now() - last < 1_000 && done < of)) return;
    last = performance.now();
    say(`${owner}/${name}: ${done} of ${of} updates`);
  };
}

/** What to say where not every deployment of a past period could be listed; nothing where all were. */
export function cutShort(
  { owner, name }: Repository,
  { truncated, refused }: BackfilledDeployments,
): readonly string[] {
  if (refused)
    return [
      `${owner}/${name}: GitHub would not list the deployments; give the token, or the App, the right to read deployments and actions.`,
    ];
  return truncated
    ? [`${owner}/${name}: GitHub's list of deployments was cut short, so some may be missing.`]
    : [];
}

function isSame(a: string | undefined, b: string): boolean {
  return a?.toLowerCase() === b.toLowerCase();
}
