/** The App's own settings on GitHub: its webhook, its permissions, its installations. */

import { ExternalError } from "../../domain/values/external-error.ts";
import { DAY, MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { readDeliveryLog } from "../../github/installation/webhook-deliveries.ts";
import type { Installation } from "../../github/listings/lists.ts";
import type { GitHub } from "../../github/api/requests.ts";
import { missingPermissions, withoutIt } from "../../github/installation/app-permissions.ts";
import {
  readRegistration,
  webhookProblems,
  type RegistrationProblem,
} from "../../github/installation/registration.ts";
import { readWebhookConfig, type WebhookConfig } from "../../github/installation/webhook-settings.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import type { ExitCode } from "../terminal/answer.ts";
import type { AppOnGitHub } from "../input/github.ts";
import { problemWith, resultOf, type DoctorResult } from "./result.ts";

/** Holds what GitHub shows of the App; not `isAnswering`: GitHub refuses it, or is not reached. */
export interface CheckedGitHub {
  readonly results: readonly DoctorResult[];
  readonly isAnswering: boolean;
}

/** Describes what arrived in the store. */
export interface StoredDeliveries {
  /** An App has noted that it works on this store. */
  readonly hasWorked: boolean;
  /** Returns which of these deliveries are stored, by their ids. */
  readonly storedOf: (guids: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** Checks the App's settings on GitHub. `stored` null: there is no store. Throws {@link ExternalError} where GitHub does not answer. */
export async function checkGitHub(
  settings: Settings,
  { octokits, skew }: AppOnGitHub,
  { now, stored }: { readonly now: Instant; readonly stored: StoredDeliveries | null },
): Promise<CheckedGitHub> {
  const apiUrl = apiBaseUrl(settings);
  const octokit = await octokits.app();
  const registration = await readRegistration(octokit, { ...settings, apiUrl, skew });
  const { slug, installations, problems } = registration;
  if (slug === null) return { results: problems.map(problemResult), isAnswering: false };
  const results = [
    resultOf("GitHub", `${apiUrl} answers; the App is ${slug}`),
    ...problems.map(problemResult),
    ...(problems.some(({ kind }) => kind === "clock") ? [] : [resultOf("clock", "agrees with GitHub's")]),
    ...(problems.some(({ kind }) => kind === "registration")
      ? []
      : [resultOf("registration", "the App asks for every permission and event it needs")]),
    await alone("webhook", async () => webhook(settings, await readWebhookConfig(octokit))),
    await alone("deliveries", () => deliveries(octokit, settings, { now, stored })),
    ...installations.flatMap(installation),
    ...(installations.length === 0
      ? [
          problemWith(
            "installations",
            "the App is not installed anywhere: install it from its page on GitHub",
          ),
        ]
      : []),
  ];
  return { results, isAnswering: true };
}

/** What each kind of problem is filed under, and how the doctor ends because of it. */
const KINDS: Readonly<Record<RegistrationProblem["kind"], readonly [string, ExitCode]>> = {
  refused: ["GitHub", 2],
  unreached: ["GitHub", 3],
  registration: ["registration", 1],
  clock: ["clock", 1],
};

function problemResult({ kind, text }: RegistrationProblem): DoctorResult {
  const [what, code] = KINDS[kind];
  return problemWith(what, text, code);
}

/** Makes an unreadable setting a result of its own, so that the others are still checked. */
async function alone(what: string, check: () => Promise<DoctorResult>): Promise<DoctorResult> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return problemWith(what, `it cannot be read: ${error.message}`, error.retry ? 3 : 2);
  }
}

/** Compares GitHub's log of deliveries with the store: what GitHub has an answer to may have been answered by another program. */
async function deliveries(
  octokit: GitHub,
  { pollMs }: Settings,
  { now, stored }: { readonly now: Instant; readonly stored: StoredDeliveries | null },
): Promise<DoctorResult> {
  const what = "deliveries";
  const { failed, arrived } = await readDeliveryLog(octokit, {
    since: now - 3 * DAY,
    isPolled: true,
    storedOf: stored?.storedOf ?? (() => Promise.resolve(new Set())),
  });
  const total = failed.length + arrived;
  const isPolled = pollMs !== undefined;
  // What is read every so often may be missing for as long, and while it is read.
  const missing = isPolled ? failed.filter(({ at }) => at < now - 2 * pollMs - MINUTE) : failed;
  const count = `${total} of the last three days are in GitHub's log`;
  if (total === 0)
    return problemWith(
      what,
      `GitHub's log of the last three days is empty, so none was seen to arrive: ${
        isPolled
          ? "is the webhook active, with an address, on the App's page?"
          : "is the webhook active on the App's page? If so, open a pull request, and run this again"
      }`,
    );
  if (stored?.hasWorked !== true)
    return resultOf(
      what,
      `${count}, and ${arrived} arrived here, where no App has noted its work yet. Once one runs, it ${isPolled ? "reads them" : "requests them again"}`,
    );
  if (missing.length > 0)
    return problemWith(
      what,
      isPolled
        ? `${count}, and ${missing.length} should be in this store by now: does the App run, with COUNTERSIGN_POLL and on this store?`
        : `${count}, and ${missing.length} are not in this store: is the address reachable, is WEBHOOK_SECRET the App's webhook secret, and is it the App that answers there, with this store? The App requests what failed again once an hour`,
    );
  return resultOf(
    what,
    isPolled
      ? `${count}, which the App reads; ${arrived} are in this store`
      : `${count}, and all are in this store`,
  );
}

function webhook({ baseUrl, pollMs }: Settings, config: WebhookConfig): DoctorResult {
  const isPolled = pollMs !== undefined;
  const [problem] = webhookProblems(config, isPolled ? null : baseUrl);
  if (problem !== undefined) return problemWith("webhook", problem);
  const { url, verifiesTls, hasSecret } = config;
  if (isPolled) return resultOf("webhook", `GitHub keeps in its log what it sends to ${url}`);
  if (!verifiesTls)
    return problemWith(
      "webhook",
      `${url} is called without checking its certificate: turn SSL verification on`,
    );
  if (!hasSecret) return problemWith("webhook", `${url} gets no signature: set WEBHOOK_SECRET as its secret`);
  return resultOf("webhook", `GitHub sends to ${url}`);
}

function installation({
  account,
  permissions,
  selection,
  suspendedAt,
}: Installation): readonly DoctorResult[] {
  const what = `installation on ${account?.login ?? "an unknown account"}`;
  if (suspendedAt !== null)
    return [
      problemWith(
        what,
        "it is suspended, and GitHub shows the App nothing. An owner can unsuspend it under the organisation's GitHub Apps",
      ),
    ];
  const missing = missingPermissions(permissions);
  return [
    missing.length === 0
      ? resultOf(what, "it grants every permission the App needs")
      : problemWith(
          what,
          `it lacks ${missing.map(withoutIt).join(", ")}. An owner can accept the request under the organisation's GitHub Apps`,
        ),
    ...(selection === "all"
      ? []
      : [
          problemWith(
            what,
            "it covers selected repositories only, so the App cannot check others. Choose all repositories",
          ),
        ]),
  ];
}
