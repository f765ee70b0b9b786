/** The App on GitHub, read with its new key: whether the key fits, and where the App is installed. */

import { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";
import { DAY, MINUTE } from "../../domain/time/durations.ts";
import type { Fetch } from "../../github/api/octokit.ts";
import { ask, type GitHub } from "../../github/api/requests.ts";
import { readRegistration } from "../../github/installation/registration.ts";
import { listInstallations } from "../../github/listings/lists.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import { appOnGitHub } from "../input/github.ts";
import { UsageError } from "../terminal/answer.ts";

/** Describes how long the installation is waited for, how often it is looked for, and how else GitHub is reached. */
export interface WaitOptions {
  readonly everyMs: number;
  readonly forMs: number;
  readonly fetch?: Fetch | undefined;
}

/** Describes the App by its own key. */
export interface OwnApp {
  readonly octokit: GitHub;
  readonly name: string;
  readonly slug: string;
  readonly htmlUrl: string;
}

const OwnAppShape = z.object({ name: z.string(), html_url: z.string() });

/** A registration is known to all of GitHub within this time. */
const LONGEST_DELAY = MINUTE;

/**
 * Reads the App with its key; a new one is asked for again until GitHub finds it. Throws UsageError where GitHub refuses id and
 * key, and ExternalError where it does not answer.
 */
export async function ownApp(settings: Settings, isNew: boolean, wait: WaitOptions): Promise<OwnApp> {
  const apiUrl = apiBaseUrl(settings);
  const { octokits, skew } = appOnGitHub(settings, { fetch: wait.fetch });
  const octokit = await octokits.app();
  const expected = { ...settings, apiUrl, skew };
  const until = Date.now() + (isNew ? LONGEST_DELAY : 0);
  for (;;) {
    const { slug, problems } = await readRegistration(octokit, expected);
    if (slug !== null) {
      const { name, html_url: htmlUrl } = (await ask(octokit, "GET /app", {}, OwnAppShape)).data;
      return { octokit, name, slug, htmlUrl };
    }
    // A running App would ask again; a command ends.
    const text = problems.map((problem) => problem.text.replace(/ The App asks again\.$/u, "")).join(" ");
    if (problems.some(({ kind }) => kind === "unreached"))
      throw new ExternalError("github-unreachable", text);
    if (Date.now() >= until) throw new UsageError(text);
    await pause(wait.everyMs);
  }
}

/** Waits until the App is installed on the organisation; null: it was not in time. An outage of GitHub is waited out. */
export async function waitForInstallation(
  { octokit }: OwnApp,
  organization: string | undefined,
  wait: WaitOptions,
): Promise<string | null> {
  const until = Date.now() + wait.forMs;
  for (;;) {
    const found = (await installedOn(octokit)).find(
      (login) => organization === undefined || login.toLowerCase() === organization.toLowerCase(),
    );
    if (found !== undefined) return found;
    if (Date.now() >= until) return null;
    await pause(wait.everyMs);
  }
}

/** Holds as long as a person may need for a confirmation by an owner of the organisation. */
export const LONGEST_WAIT = DAY;

async function installedOn(octokit: GitHub): Promise<readonly string[]> {
  try {
    return (await listInstallations(octokit)).flatMap(({ account }) =>
      account === null ? [] : [account.login],
    );
  } catch (error) {
    if (error instanceof ExternalError && error.retry && error.code !== "github-refused") return [];
    throw error;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
