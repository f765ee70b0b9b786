/** The pages people read, on what this App has: its ledger, its clock, and whoever its settings let see them. */

import type { HttpBindings } from "@hono/node-server";
import type { Context, Hono } from "hono";

import { dashboard } from "../dashboard/app.ts";
import type { ActTools } from "../dashboard/page/page.ts";
import { loopbackViewer } from "../dashboard/loopback.ts";
import type { Caller, Organization, ViewerOf } from "../dashboard/page/access.ts";
import { OpenIdProvider } from "../dashboard/sign-in/openid.ts";
import { SignIn } from "../dashboard/sign-in/sign-in.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { csvText } from "../package/csv.ts";
import type { Fetch } from "../github/api/octokit.ts";
import { Pacing } from "../github/api/pacing.ts";
import { GitHubSignIn } from "../github/people/sign-in.ts";
import { apiBaseUrl, type Settings } from "../settings.ts";
import { PolicyRoles, type AccessTools } from "./access.ts";
import { CountedAnswers } from "./counted-answers.ts";
import { packagesIn } from "./packages.ts";
import { canSignIn, LOCAL } from "./sign-in-settings.ts";

/** Holds what the pages are built with. */
export type PageTools = AccessTools & {
  readonly ledger: Ledger;
  /** Does what people send. */
  readonly acts: ActTools;
  readonly fetch?: Fetch;
};

/** Builds the pages: at the App's own address for those who sign in, or for this machine alone. */
export function dashboardOf(
  settings: Pick<Settings, "appId" | "baseUrl" | "monitoring" | "signIn" | "github" | "packages">,
  tools: PageTools,
): Hono {
  const { ledger, clock, log, acts } = tools;
  const signIn = signInOf(settings, tools);
  const viewerOf: ViewerOf =
    signIn === null
      ? loopbackViewer(() => organizationsIn(ledger), isPublished(settings) ? PUBLISHED : null)
      : (request) => signIn.viewerOf(request);
  return dashboard({
    ledger,
    clock,
    log,
    appId: settings.appId,
    acts,
    apiUrl: apiBaseUrl(settings),
    csv: csvText,
    counted: new CountedAnswers(ledger),
    viewerOf,
    callerOf,
    packages: packagesIn(settings.packages, ledger),
    ...(signIn === null ? {} : { signIn }),
  });
}

/** Returns where people sign in; null: the settings do not say with what, or at which address. */
function signInOf(
  settings: Pick<Settings, "baseUrl" | "signIn" | "github">,
  tools: PageTools,
): SignIn | null {
  const { ledger, clock, fetch } = tools;
  const { baseUrl, signIn, github } = settings;
  if (baseUrl === null || signIn === null || !canSignIn(settings)) return null;
  const { clientId, clientSecret, sessionSecret: secret, openId } = signIn;
  const roles = new PolicyRoles(tools);
  return new SignIn({
    baseUrl,
    secret,
    clock,
    sessions: ledger.sessions,
    rolesOf: (...asked) => roles.of(...asked),
    ...(openId === undefined ? {} : { openId: new OpenIdProvider({ ...openId, clock }) }),
    github: new GitHubSignIn({
      clientId,
      clientSecret,
      apiUrl: apiBaseUrl(settings),
      pacing: () => new Pacing(github.limits),
      ...(fetch === undefined ? {} : { fetch }),
    }),
  });
}

function callerOf(c: Context): Caller {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return { address: incoming?.socket.remoteAddress ?? null };
}

/**
 * Returns whether a proxy passes strangers' requests on to where the pages are. It may run on this machine and name it as the
 * host, and nothing then shows that the requests are not this machine's own: nginx does so by default.
 */
function isPublished({ baseUrl, monitoring }: Pick<Settings, "baseUrl" | "monitoring">): boolean {
  const host = baseUrl === null ? "localhost" : (URL.parse(baseUrl)?.hostname ?? "");
  return monitoring === undefined && !LOCAL.test(host);
}

const PUBLISHED = [
  "This address is published (COUNTERSIGN_BASE_URL), and nobody can sign in: set GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET and COUNTERSIGN_SESSION_SECRET, and an address with https:// and no path.",
  "To read the pages on the machine the App runs on, give them an address that is not: set COUNTERSIGN_MONITORING_ADDRESS, such as 127.0.0.1:9090, and open it there.",
];

/** Lists the organisations with a repository in the log. */
async function organizationsIn(ledger: Pick<Ledger, "states">): Promise<readonly Organization[]> {
  const found = new Map<number, Organization>();
  for await (const { organizationId, body } of ledger.states("repository"))
    found.set(organizationId, { id: organizationId, login: body.repository.owner });
  return [...found.values()].toSorted((a, b) => (a.login < b.login ? -1 : 1));
}
