/** `countersign doctor`: problems of the settings, the store, GitHub and each repository's protection, and how to fix them. */

import { time } from "../../domain/texts/wording.ts";
import type { BaselineRecord } from "../../domain/protection/record.ts";
import { diagnose, type Diagnosis, type ProtectionRemark } from "../../domain/protection/diagnosis.ts";
import { whyUnposted } from "../../domain/monitoring/log-heads.ts";
import type { CoverageGapRecord, HeadFinding } from "../../domain/records/monitoring.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { headsOwners, knownHeads, lastCheck } from "../../flows/monitoring/log-heads.ts";
import { organizationPolicy } from "../../flows/policy/in-force.ts";
import { readObservedTime } from "../../flows/records/observation-coverage.ts";
import { protectionOf } from "../../flows/records/protection.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openIfThere } from "../../ledger/open.ts";
import { readSettings, type Settings } from "../../settings.ts";
import type { Answer, ExitCode, Terminal } from "../terminal/answer.ts";
import { answerFailure } from "../terminal/answer.ts";
import { checkAccess, type AccessOfOrganization } from "./access.ts";
import { checkPolicyFiles, type CheckedRepository } from "./files.ts";
import { tryComments } from "./comments.ts";
import { appOnGitHub } from "../input/github.ts";
import { checkGitHub, type StoredDeliveries } from "./github.ts";
import { problemWith, resultOf, type DoctorResult } from "./result.ts";

/** The evidence log's records about the repositories. */
interface Watch {
  readonly repositories: readonly Diagnosis[];
  /** In scope, and not read yet. */
  readonly unread: readonly string[];
  readonly gaps: readonly CoverageGapRecord[];
  readonly baselines: readonly BaselineRecord[];
  /** The heads of the log on GitHub, by organisation. */
  readonly heads: readonly KeptHeads[];
  /** When an App last noted that it works on this store; null: none ever did. */
  readonly lastBeat: Instant | null;
}

/** How an organisation's heads of the log stand, by the last comparison. */
interface KeptHeads {
  readonly organization: string;
  readonly posted: number;
  /** Why no head is posted; null: it is. */
  readonly because: string | null;
  readonly findings: readonly HeadFinding[];
}

/** What the store shows; without a ledger, there is none yet. */
interface CheckedStore {
  readonly finding: DoctorResult;
  readonly watch: Watch | null;
  readonly repositories: readonly CheckedRepository[];
  readonly access: readonly AccessOfOrganization[];
}

/**
 * Checks everything and changes nothing. Exit code: 1 something weakens it, 2 the settings or what GitHub refuses, 3 something is
 * not reached. `fetch`: another way to GitHub.
 */
export async function doctor(
  terminal: Terminal,
  now: () => Instant = Date.now,
  fetch?: Fetch,
): Promise<Answer> {
  const read = readSettings(terminal.env);
  if (!read.ok) {
    return answerOf(
      read.problems.map((problem) => problemWith("settings", problem, 2)),
      null,
    );
  }
  const { settings } = read;
  const findings: DoctorResult[] = [resultOf("settings", "complete")];
  let ledger: Ledger | null = null;
  let watch: Watch | null = null;
  let repositories: readonly CheckedRepository[] = [];
  let access: readonly AccessOfOrganization[] = [];
  try {
    findings.push(
      ...(await attempt("store", terminal, async () => {
        ledger = await openIfThere(settings.store);
        const store = await checkStore(ledger, settings, now());
        ({ watch, repositories, access } = store);
        return [store.finding];
      })),
    );
    const stored = ledger === null ? null : storedIn(ledger, watch);
    const around = { terminal, now, fetch, stored, repositories, access };
    findings.push(...(await checkAtGitHub(settings, around)));
    return answerOf(findings, watch);
  } finally {
    await (ledger as Ledger | null)?.close();
  }
}

function storedIn(ledger: Ledger, watch: Watch | null): StoredDeliveries {
  return {
    hasWorked: watch !== null && watch.lastBeat !== null,
    storedOf: (ids) => ledger.queue.storedOf(ids),
  };
}

async function checkAtGitHub(
  settings: Settings,
  {
    terminal,
    now,
    fetch,
    stored,
    repositories,
    access,
  }: {
    readonly terminal: Terminal;
    readonly now: () => Instant;
    readonly fetch: Fetch | undefined;
    readonly stored: StoredDeliveries | null;
    readonly repositories: readonly CheckedRepository[];
    readonly access: readonly AccessOfOrganization[];
  },
): Promise<readonly DoctorResult[]> {
  const app = appOnGitHub(settings, { fetch, now, importance: "sweep" });
  let isAnswering = false;
  const findings = await attempt("GitHub", terminal, async () => {
    const github = await checkGitHub(settings, app, { now: now(), stored });
    isAnswering = github.isAnswering;
    return github.results;
  });
  // Without GitHub, asking for each repository only takes time.
  if (!isAnswering || findings.some(({ code }) => code === 3)) return findings;
  return [
    ...findings,
    ...(await attempt("comments", terminal, () => tryComments(app.octokits, repositories))),
    ...(await attempt("access", terminal, () => checkAccess(app.octokits, access, now))),
    ...(await attempt("files", terminal, () => checkPolicyFiles(app.octokits, repositories, now))),
  ];
}

async function attempt(
  what: string,
  terminal: Terminal,
  work: () => Promise<readonly DoctorResult[]>,
): Promise<readonly DoctorResult[]> {
  try {
    return await work();
  } catch (error) {
    const { code, lines } = answerFailure(error, terminal.env);
    return [problemWith(what, (lines[0] ?? "").replace(/^error: /u, ""), code)];
  }
}

async function checkStore(
  ledger: Ledger | null,
  { store, appId }: Settings,
  now: Instant,
): Promise<CheckedStore> {
  const place = "dataDir" in store ? store.dataDir : "PostgreSQL";
  if (ledger === null)
    return {
      finding: resultOf("store", `there is no evidence log yet (${place}): the App begins it when it starts`),
      watch: null,
      repositories: [],
      access: [],
    };
  const { size } = await ledger.head();
  const repositories = await checkedRepositories(ledger);
  return {
    finding: resultOf("store", `${ledger.kind} (${place}) answers; the evidence log holds ${size} entries`),
    watch: await watchOf(ledger, appId, now),
    repositories,
    access: await accessIn(ledger, repositories),
  };
}

/** The `access` of each organisation that gives any, asked about through the first of its repositories. */
async function accessIn(
  ledger: Ledger,
  repositories: readonly CheckedRepository[],
): Promise<readonly AccessOfOrganization[]> {
  const found: AccessOfOrganization[] = [];
  for (const [ownerId, [first]] of Map.groupBy(repositories, ({ repository }) => repository.ownerId)) {
    const policy = (await organizationPolicy({ ledger }, ownerId))?.effective;
    if (first === undefined || policy?.access === undefined) continue;
    found.push({ organization: first.repository.owner, installationId: first.installationId, policy });
  }
  return found;
}

async function checkedRepositories(ledger: Ledger): Promise<readonly CheckedRepository[]> {
  const found: CheckedRepository[] = [];
  for await (const { body } of ledger.states("repository", { everyOrganization: true })) {
    const { repository, installationId, removedAt, archived, inScope, productionRefs: refs } = body;
    if (removedAt === null && !archived && inScope) found.push({ repository, installationId, refs });
  }
  return found;
}

async function watchOf(ledger: Ledger, appId: number, now: number): Promise<Watch> {
  const repositories: Diagnosis[] = [];
  const unread: string[] = [];
  const organizations = new Set<number>();
  for await (const { body } of ledger.states("repository", { everyOrganization: true })) {
    const { repository, removedAt, archived, inScope } = body;
    organizations.add(repository.ownerId);
    if (removedAt !== null || archived || !inScope) continue;
    const protection = await protectionOf(ledger, repository.id);
    if (protection === null) unread.push(`${repository.owner}/${repository.name}`);
    else repositories.push(diagnose({ repository, protection }, appId));
  }
  const gaps: CoverageGapRecord[] = [];
  for (const organizationId of organizations) {
    const observedTime = await readObservedTime(ledger, organizationId, now);
    gaps.push(...observedTime.gaps.filter(({ to }) => to === null));
  }
  const baselines: BaselineRecord[] = [];
  for await (const { body } of ledger.states("baseline", { everyOrganization: true })) baselines.push(body);
  return {
    repositories: repositories.toSorted((a, b) => (a.repository < b.repository ? -1 : 1)),
    unread: unread.toSorted(),
    gaps,
    baselines,
    heads: await keptHeads(ledger),
    lastBeat: await ledger.lastBeat(),
  };
}

async function keptHeads(ledger: Ledger): Promise<readonly KeptHeads[]> {
  const found: KeptHeads[] = [];
  for (const { id, login } of await headsOwners(ledger)) {
    const known = await knownHeads(ledger, id);
    const check = await lastCheck(ledger, id);
    const policy = await organizationPolicy({ ledger }, id);
    found.push({
      organization: login,
      posted: known.filter(({ posted }) => posted !== null).length,
      because: whyUnposted(known, check, policy === null ? [] : [policy.effective]),
      findings: check?.findings ?? [],
    });
  }
  return found;
}

function answerOf(findings: readonly DoctorResult[], watch: Watch | null): Answer {
  const isWeak = watch?.repositories.some(({ remarks }) =>
    remarks.some(({ kind }) => kind === "not-prevented"),
  );
  const isRewritten = watch?.heads.some((each) => each.findings.length > 0) === true;
  const least: ExitCode = isWeak === true || isRewritten || (watch?.gaps.length ?? 0) > 0 ? 1 : 0;
  const code = findings.reduce<ExitCode>((worst, each) => (each.code > worst ? each.code : worst), least);
  const lines = [
    ...findings.map((each) => `${each.ok ? "ok   " : "wrong"}  ${each.what}: ${each.found}`),
    ...(watch === null ? [] : watchLines(watch)),
  ];
  const first = firstToDo(findings, watch);
  const last =
    first === null
      ? "You can require the check now. `countersign ruleset` prints the ruleset."
      : `Before you require the check: ${first}.`;
  return {
    code,
    lines: [...lines, last],
    data: { ok: code === 0, canRequire: first === null, findings, ...watch },
  };
}

/** Returns what stands before requiring the check, without which pull requests would wait for ever; null: nothing does. */
function firstToDo(findings: readonly DoctorResult[], watch: Watch | null): string | null {
  const blocking = findings.filter(({ ok, canWait }) => !ok && canWait !== true);
  if (blocking.length > 0)
    return `fix what is wrong with ${some([...new Set(blocking.map(({ what }) => what))])}`;
  if (watch === null || watch.repositories.length === 0)
    return "start the App, and wait until it has read a repository";
  if (watch.lastBeat === null) return "start the App: none has noted yet that it works on this store";
  if (watch.gaps.length > 0)
    return `end what keeps the App from watching: ${some(watch.gaps.map(({ scope, because }) => `${scope} (${because})`))}`;
  return watch.unread.length === 0 ? null : `wait until the App has read ${some(watch.unread)}`;
}

const TITLES: Readonly<Record<ProtectionRemark["kind"], string>> = {
  "not-prevented": "Not prevented, only detected",
  "only-seen": "Detected, not blocked",
  "not-seen": "Not visible to the App",
  "holds-back-emergency": "Would block an authorised emergency",
};

/** What nobody could rewrite unseen, and what does not agree with the log. */
function headLines({ organization, posted, because, findings }: KeptHeads): readonly string[] {
  return [
    because === null
      ? `ok     heads of the log, ${organization}: ${posted} posted on GitHub`
      : `       heads of the log, ${organization}: no anchor outside the database (${because})`,
    ...findings.map(({ says }) => `wrong  heads of the log, ${organization}: ${says}`),
  ];
}

function watchLines({ repositories, unread, gaps, baselines, heads }: Watch): readonly string[] {
  return [
    `${repositories.length === 0 ? "     " : "ok   "}  repositories: ${repositories.length} read${
      unread.length === 0 ? "" : `; not read yet: ${some(unread)}`
    }`,
    ...gaps.map(
      ({ scope, because, from }) => `wrong  monitoring gap since ${time(from)}, ${scope}: ${because}`,
    ),
    ...heads.flatMap(headLines),
    ...Object.entries(TITLES).flatMap(([kind, title]) => remarkLines(title, kind, repositories)),
    ...baselines.map(
      ({ at, repositories: count, weaknesses }) =>
        `Baseline at the start of observation (${time(at)}, ${count} repositories): ${
          weaknesses.length === 0
            ? "no weakness"
            : weaknesses.map((each) => `${each.weakness} in ${each.repositories}`).join("; ")
        }. The evidence log records it once, not as a deviation.`,
    ),
  ];
}

/** Lists each remark once, with all its repositories. */
function remarkLines(title: string, kind: string, repositories: readonly Diagnosis[]): readonly string[] {
  const places = new Map<string, { readonly remark: ProtectionRemark; readonly names: string[] }>();
  for (const { repository, remarks } of repositories) {
    for (const remark of remarks.filter((each) => each.kind === kind)) {
      const key = `${remark.what}\n${remark.remedy}`;
      const place = places.get(key) ?? { remark, names: [] };
      const where = remark.where === "" ? "" : ` (${remark.where})`;
      place.names.push(`${repository}${where}`);
      places.set(key, place);
    }
  }
  if (places.size === 0) return [];
  const sorted = [...places.values()].toSorted((a, b) => b.names.length - a.names.length);
  return [
    `${title}:`,
    ...sorted.flatMap(({ remark, names }) => [
      `  - ${remark.what}`,
      `    where: ${some(names)}`,
      `    fix: ${remark.remedy}`,
    ]),
  ];
}

const SHOWN = 5;

function some(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0
    ? `${names.slice(0, SHOWN).join(", ")} and ${more} more (--json lists all)`
    : names.join(", ");
}
