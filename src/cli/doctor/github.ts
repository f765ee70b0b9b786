/** The App's own settings on GitHub: its webhook, its permissions, its installations. */

import { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";
import { ask } from "../../github/api/requests.ts";
import { readDeliveryLog, type DeliveryLog } from "../../github/installation/webhook-deliveries.ts";
import { listInstallations, type Installation } from "../../github/listings/lists.ts";
import { makeProbot, octokitsOf, type Fetch } from "../../github/api/octokit.ts";
import { Pacing } from "../../github/api/pacing.ts";
import { missingPermissions, withoutIt } from "../../github/installation/app-permissions.ts";
import { readWebhookConfig } from "../../github/installation/webhook-settings.ts";
import { apiBaseUrl, type Settings } from "../../settings.ts";
import type { DoctorResult } from "./result.ts";
import { DAY, MINUTE } from "../../domain/time/durations.ts";

/** A clock further off GitHub's than this (ms) is reported. */
const MOST_SKEW = MINUTE;

/** Checks the App's settings on GitHub. Throws {@link ExternalError} where GitHub does not answer. */
export async function checkGitHub(
  settings: Settings,
  now: number,
  fetch?: Fetch,
): Promise<readonly DoctorResult[]> {
  const baseUrl = apiBaseUrl(settings);
  let date: number | null = null;
  const probot = makeProbot({
    appId: settings.appId,
    privateKey: settings.privateKey,
    secret: settings.webhookSecrets[0],
    baseUrl,
    pacing: new Pacing(settings.github.limits),
    onDate: (answered) => {
      date = answered;
    },
    ...(fetch === undefined ? {} : { fetch }),
  });
  const octokit = await octokitsOf(probot).app();
  const { data } = await ask(octokit, "GET /app", {}, z.object({ slug: z.string() }));
  const installations = await listInstallations(octokit);
  const isPolled = settings.pollMs !== undefined;
  const reading = { since: now - 3 * DAY, isPolled };
  return [
    found("GitHub", `${baseUrl ?? "api.github.com"} answers; the App is ${data.slug}`),
    clock(date, now),
    await alone("webhook", async () => webhook(settings, await readWebhookConfig(octokit))),
    await alone("deliveries", async () => deliveries(settings, await readDeliveryLog(octokit, reading))),
    ...installations.flatMap(installation),
    ...(installations.length === 0
      ? [wrong("installations", "the App is not installed anywhere: install it from its page on GitHub")]
      : []),
  ];
}

/** Makes an unreadable setting a result of its own, so that the others are still checked. */
async function alone(what: string, check: () => Promise<DoctorResult>): Promise<DoctorResult> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return { what, ok: false, found: `it cannot be read: ${error.message}`, code: error.retry ? 3 : 1 };
  }
}

function deliveries({ pollMs }: Settings, { failed }: DeliveryLog): DoctorResult {
  if (pollMs !== undefined)
    return failed.length === 0
      ? wrong(
          "deliveries",
          "GitHub's log is empty: is the webhook active, with an address, on the App's page?",
        )
      : found(
          "deliveries",
          `${failed.length} of the last three days are in GitHub's log, which the App reads`,
        );
  return failed.length === 0
    ? found("deliveries", "all of the last three days arrived, by GitHub's log")
    : wrong(
        "deliveries",
        `${failed.length} of the last three days did not arrive: is the address reachable, and is WEBHOOK_SECRET the App's webhook secret? The App requests them again once an hour`,
      );
}

function clock(date: number | null, now: number): DoctorResult {
  if (date === null) return found("clock", "GitHub's answers hold no time");
  const skew = date - now;
  if (Math.abs(skew) <= MOST_SKEW) return found("clock", "agrees with GitHub's");
  const seconds = Math.round(Math.abs(skew) / 1000);
  return wrong(
    "clock",
    `${seconds} seconds ${skew > 0 ? "behind" : "ahead of"} GitHub's: synchronise this server's clock, or GitHub refuses the App's key`,
  );
}

function webhook(
  { baseUrl }: Settings,
  { url, verifiesTls }: { readonly url: string; readonly verifiesTls: boolean },
): DoctorResult {
  if (url === "")
    return wrong("webhook", "the App has no webhook address: set one on the App's page on GitHub");
  if (!verifiesTls)
    return wrong("webhook", `${url} is called without checking its certificate: turn SSL verification on`);
  const here = baseUrl === null ? null : URL.parse(baseUrl)?.host;
  if (here != null && URL.parse(url)?.host !== here)
    return wrong("webhook", `GitHub sends to ${url}, but COUNTERSIGN_BASE_URL is ${baseUrl}`);
  return found("webhook", `GitHub sends to ${url}`);
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
      wrong(
        what,
        "it is suspended, and GitHub shows the App nothing. An owner can unsuspend it under the organisation's GitHub Apps",
      ),
    ];
  const missing = missingPermissions(permissions);
  return [
    missing.length === 0
      ? found(what, "it grants every permission the App needs")
      : wrong(
          what,
          `it lacks ${missing.map(withoutIt).join(", ")}. An owner can accept the request under the organisation's GitHub Apps`,
        ),
    ...(selection === "all"
      ? []
      : [
          wrong(
            what,
            "it covers selected repositories only, so the App cannot check others. Choose all repositories",
          ),
        ]),
  ];
}

function found(what: string, text: string): DoctorResult {
  return { what, ok: true, found: text, code: 0 };
}

function wrong(what: string, text: string): DoctorResult {
  return { what, ok: false, found: text, code: 1 };
}
