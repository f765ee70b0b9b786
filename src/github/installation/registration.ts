/** The App as it is registered on GitHub, compared with what it needs: what differs, and what to do about it. */

import { createHash, createPublicKey } from "node:crypto";
import { z } from "zod";
import { ExternalError } from "../../domain/values/external-error.ts";
import { MINUTE } from "../../domain/time/durations.ts";
import { statusOf } from "../api/errors.ts";
import { ask, type GitHub } from "../api/requests.ts";
import { listInstallations, type Installation } from "../listings/lists.ts";
import { HANDLED, SENT_ANYWAY } from "../webhooks/signal.ts";
import { missingPermissions, withoutIt } from "./app-permissions.ts";
import type { WebhookConfig } from "./webhook-settings.ts";

/** Holds what the settings say of the App. */
export interface ExpectedApp {
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
  readonly apiUrl: string;
  /** Returns how far GitHub's clock is ahead of ours (ms), by its last answer; null: it has not answered. */
  readonly skew: () => number | null;
}

/**
 * Describes one thing that keeps the App from working. `refused`: GitHub refuses what the settings say, and only other settings
 * help; `unreached`: GitHub cannot be asked, which may pass; `registration`: to be changed on the App's page; `clock`.
 */
export interface RegistrationProblem {
  readonly kind: "refused" | "unreached" | "registration" | "clock";
  /** Sentences for the operator: what is wrong, and what to compare or change. */
  readonly text: string;
}

/** Holds what GitHub shows of the App; `slug` null: nothing. */
export interface AppRegistration {
  readonly slug: string | null;
  readonly problems: readonly RegistrationProblem[];
  readonly installations: readonly Installation[];
}

const AppShape = z.object({
  slug: z.string(),
  permissions: z.record(z.string(), z.string().optional()),
  events: z.array(z.string()),
});

/** Asks GitHub about the App itself. Never rejects for what is outside: that is among the problems. */
export async function readRegistration(app: GitHub, expected: ExpectedApp): Promise<AppRegistration> {
  try {
    const { data } = await ask(app, "GET /app", {}, AppShape);
    const installations = await listInstallations(app);
    const problems = registeredProblems(data).map((text) => ({ kind: "registration", text }) as const);
    return { slug: data.slug, problems: [...clockProblems(expected), ...problems], installations };
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    const problem = problemOf(error, expected);
    return { slug: null, problems: [problem], installations: [] };
  }
}

/** Lists the events of app.yml: all that are handled, but for those that every App is sent. */
const WANTED_EVENTS = Object.keys(HANDLED).filter((event) => !SENT_ANYWAY.includes(event));

const PAGE = "the App's page on GitHub";

function registeredProblems({ permissions, events }: z.infer<typeof AppShape>): readonly string[] {
  const granted = Object.fromEntries(
    Object.entries(permissions).flatMap(([name, level]) => (level === undefined ? [] : [[name, level]])),
  );
  const lacking = missingPermissions(granted);
  const unheard = WANTED_EVENTS.filter((event) => !events.includes(event));
  return [
    ...(lacking.length === 0
      ? []
      : [
          `The App lacks ${lacking.map(withoutIt).join(", ")}: add it on ${PAGE} under Permissions & events, and accept it in each organisation.`,
        ]),
    ...(unheard.length === 0
      ? []
      : [
          `The App is not subscribed to ${unheard.join(", ")}: tick ${unheard.length === 1 ? "it" : "them"} on ${PAGE} under Permissions & events.`,
        ]),
  ];
}

/** Returns what keeps webhooks from arriving, by GitHub's own settings. `baseUrl`: the App's address; null: it is not known. */
export function webhookProblems({ url, isForm }: WebhookConfig, baseUrl: string | null): readonly string[] {
  if (url === "")
    return [`The App has no webhook address: set one on ${PAGE}, ending with /api/github/webhooks.`];
  const here = baseUrl === null ? null : URL.parse(baseUrl)?.host;
  return [
    ...(here != null && URL.parse(url)?.host !== here
      ? [`GitHub sends to ${url}, but COUNTERSIGN_BASE_URL is ${baseUrl}: correct one of the two.`]
      : []),
    ...(isForm ? [`The App's webhook has the wrong content type: choose application/json on ${PAGE}.`] : []),
  ];
}

/** A clock further off GitHub's than this (ms) makes deadlines wrong, and GitHub refuse the App's key. */
const MOST_SKEW = MINUTE;

function clockProblems({ skew }: Pick<ExpectedApp, "skew">): readonly RegistrationProblem[] {
  const ahead = skew();
  if (ahead === null || Math.abs(ahead) <= MOST_SKEW) return [];
  const seconds = Math.round(Math.abs(ahead) / 1000);
  return [
    {
      kind: "clock",
      text: `This server's clock is ${seconds} seconds ${ahead > 0 ? "behind" : "ahead of"} GitHub's: synchronise it, or GitHub refuses the App's key.`,
    },
  ];
}

const TIME_REFUSED: RegistrationProblem = {
  kind: "clock",
  text: "GitHub refuses the time in the App's requests: synchronise this server's clock.",
};

function problemOf(error: ExternalError, expected: ExpectedApp): RegistrationProblem {
  const { appId, apiUrl } = expected;
  const status = error.code === "github-refused" ? statusOf(error.cause) : null;
  if (status === null) return { kind: "unreached", text: unreachedText(error, apiUrl) };
  if (status === 401) {
    if (/\('(?:exp|iat)'\)/u.test(error.message)) return clockProblems(expected)[0] ?? TIME_REFUSED;
    return {
      kind: "refused",
      text: `GitHub refuses the private key of App ${appId}: compare APP_ID with the App ID on ${PAGE}, and the key's fingerprint ${fingerprintOf(expected.privateKey)} with those listed there under Private keys.`,
    };
  }
  if (/Integration not found/iu.test(error.message))
    return {
      kind: "refused",
      text: `${apiUrl} has no App ${appId}: compare APP_ID with the App ID on ${PAGE}, and GHE_HOST or GITHUB_API_URL with where that page is.`,
    };
  if (status === 404 || status === 406)
    return {
      kind: "refused",
      text: `${apiUrl} answers, but not as GitHub's API (${status}): compare GHE_HOST or GITHUB_API_URL with the address of your GitHub.`,
    };
  return { kind: "unreached", text: `${error.message.replace(/\.?$/u, ".")} The App asks again.` };
}

function unreachedText(error: ExternalError, apiUrl: string): string {
  const code = codeWithin(error);
  if (code === null) return `${error.message.replace(/\.?$/u, ".")} The App asks again.`;
  if (/CERT|SIGNED|UNABLE_TO/u.test(code))
    return `The certificate of ${apiUrl} is not trusted (${code}): have Node know its authority (NODE_EXTRA_CA_CERTS), or compare GHE_HOST.`;
  if (/SSL|EPROTO/u.test(code))
    return `${apiUrl} does not speak TLS there (${code}): compare GHE_HOST, its port and GHE_PROTOCOL.`;
  return `GitHub cannot be reached at ${apiUrl} (${code}): compare GHE_HOST or GITHUB_API_URL, and check name service, firewall and proxy. The App asks again.`;
}

/** Returns the code of the failed connection at the bottom of an error; null: there is none. */
function codeWithin(error: unknown): string | null {
  let code: string | null = null;
  for (let each = error, depth = 0; each instanceof Error && depth < 6; each = each.cause, depth += 1)
    if (!(each instanceof ExternalError) && "code" in each && typeof each.code === "string") code = each.code;
  return code;
}

/** Returns a private key's fingerprint as GitHub's page lists it. */
function fingerprintOf(privateKey: string): string {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("base64")}`;
}
