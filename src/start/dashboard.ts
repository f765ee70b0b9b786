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

/** Names the settings that the pages are built by. */
type PageSettings = Pick<
  Settings,
  "appId" | "baseUrl" | "deploymentSources" | "github" | "monitoring" | "packages" | "pollMs" | "signIn"
>;

/** Builds the pages: at the App's own address for those who sign in, or for this machine alone. */
export function dashboardOf(settings: PageSettings, tools: PageTools): Hono {
  const { ledger, clock, log, acts } = tools;
  const signIn = signInOf(settings, tools);
  const viewerOf: ViewerOf =
    signIn === null
      ? loopbackViewer(() => organizationsIn(ledger), isReachedByOthers(settings) ? REACHED : null)
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
  settings: Pick<PageSettings, "baseUrl" | "signIn" | "github">,
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
  return {
    address: incoming?.socket.remoteAddress ?? null,
    httpVersion: incoming?.httpVersion ?? null,
  };
}

/**
 * Returns whether requests of others come to where the pages are: webhooks, deployment reports, or whatever a published address
 * gets. A proxy on this machine may pass them on with nothing to show that they are not this machine's own: nginx does so by default.
 */
function isReachedByOthers({ baseUrl, monitoring, pollMs, deploymentSources }: PageSettings): boolean {
  if (monitoring !== undefined) return false;
  const isPublished = baseUrl !== null && !LOCAL.test(URL.parse(baseUrl)?.hostname ?? "");
  return isPublished || pollMs === undefined || deploymentSources.length > 0;
}

const REACHED = [
  "Requests of others come to this address (webhooks, deployment reports, or by COUNTERSIGN_BASE_URL), and a proxy may pass them on as this machine's own: without sign-in it shows no pages.",
  "To read them on the machine the App runs on, give them an address of their own: set COUNTERSIGN_MONITORING_ADDRESS, such as 127.0.0.1:9090, and open it there.",
  "To have people sign in here, set GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET and COUNTERSIGN_SESSION_SECRET, and COUNTERSIGN_BASE_URL with https:// and no path.",
];

/** Lists the organisations with a repository in the log. */
async function organizationsIn(ledger: Pick<Ledger, "states">): Promise<readonly Organization[]> {
  const found = new Map<number, Organization>();
  // One that is gone has the login of its day.
  for await (const { organizationId, body } of ledger.states("repository", { everyOrganization: true }))
    if (body.removedAt === null || !found.has(organizationId))
      found.set(organizationId, { id: organizationId, login: body.repository.owner });
  return [...found.values()].toSorted((a, b) => (a.login < b.login ? -1 : 1));
}
