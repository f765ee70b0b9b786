/** The App's own settings on GitHub: its webhook, its permissions, its installations. */

import { ExternalError } from "../../domain/values/external-error.ts";
import { DAY } from "../../domain/time/durations.ts";
import { readDeliveryLog, type DeliveryLog } from "../../github/installation/webhook-deliveries.ts";
import type { Installation } from "../../github/listings/lists.ts";
import { makeProbot, octokitsOf, type Fetch, type Octokits } from "../../github/api/octokit.ts";
import { Pacing } from "../../github/api/pacing.ts";
import { missingPermissions, withoutIt } from "../../github/installation/app-permissions.ts";
import {
  readRegistration,
  webhookProblems,
  type RegistrationProblem,
} from "../../github/installation/registration.ts";
import { readWebhookConfig, type WebhookConfig } from "../../github/installation/webhook-settings.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import type { ExitCode } from "../terminal/answer.ts";
import { problemWith, resultOf, type DoctorResult } from "./result.ts";

/** Holds what GitHub shows of the App; `octokits` null: GitHub refuses it, or is not reached. */
export interface CheckedGitHub {
  readonly results: readonly DoctorResult[];
  readonly octokits: Octokits | null;
}

/** Checks the App's settings on GitHub. `hasStarted`: the App ran before. Throws {@link ExternalError} where GitHub does not answer. */
export async function checkGitHub(
  settings: Settings,
  { now, hasStarted }: { readonly now: number; readonly hasStarted: boolean },
  fetch?: Fetch,
): Promise<CheckedGitHub> {
  const apiUrl = apiBaseUrl(settings);
  let date: number | null = null;
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl: apiUrl,
    pacing: new Pacing(settings.github.limits),
    onDate: (answered) => {
      date = answered;
    },
    ...(fetch === undefined ? {} : { fetch }),
  });
  const octokits = octokitsOf(probot);
  const octokit = await octokits.app();
  const skew = (): number | null => (date === null ? null : date - now);
  const registration = await readRegistration(octokit, { ...settings, apiUrl, skew });
  const { slug, installations, problems } = registration;
  if (slug === null) return { results: problems.map(problemResult), octokits: null };
  const reading = { since: now - 3 * DAY, isPolled: settings.pollMs !== undefined };
  const results = [
    resultOf("GitHub", `${apiUrl} answers; the App is ${slug}`),
    ...problems.map(problemResult),
    ...(problems.some(({ kind }) => kind === "clock") ? [] : [resultOf("clock", "agrees with GitHub's")]),
    ...(problems.some(({ kind }) => kind === "registration")
      ? []
      : [resultOf("registration", "the App asks for every permission and event it needs")]),
    await alone("webhook", async () => webhook(settings, await readWebhookConfig(octokit))),
    await alone("deliveries", async () =>
      deliveries(settings, await readDeliveryLog(octokit, reading), hasStarted),
    ),
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
  return { results, octokits };
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

function deliveries({ pollMs }: Settings, { failed }: DeliveryLog, hasStarted: boolean): DoctorResult {
  if (pollMs !== undefined)
    return failed.length === 0
      ? problemWith(
          "deliveries",
          "GitHub's log is empty: is the webhook active, with an address, on the App's page?",
        )
      : resultOf(
          "deliveries",
          `${failed.length} of the last three days are in GitHub's log, which the App reads`,
        );
  if (failed.length > 0 && !hasStarted)
    return resultOf(
      "deliveries",
      "none arrived yet, as the App has not started. Once it runs, it requests them again",
    );
  return failed.length === 0
    ? resultOf("deliveries", "all of the last three days arrived, by GitHub's log")
    : problemWith(
        "deliveries",
        `${failed.length} of the last three days did not arrive: is the address reachable, and is WEBHOOK_SECRET the App's webhook secret? The App requests them again once an hour`,
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
