/** The pages people read, on what this App has: its ledger, its clock, and whoever its settings let see them. */

import type { HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";

import { dashboard } from "../dashboard/app.ts";
import { loopbackViewer } from "../dashboard/loopback.ts";
import type { Organization } from "../dashboard/page/access.ts";
import type { Tools } from "../flows/context/tools.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { csvText } from "../package/csv.ts";
import { apiBaseUrl, type Settings } from "../settings.ts";
import { ReadinessAnswers } from "./readiness.ts";

/** Builds the pages. */
export function dashboardOf(
  settings: Pick<Settings, "baseUrl" | "github" | "monitoring">,
  { ledger, clock, log }: Pick<Tools, "clock" | "log"> & { readonly ledger: Ledger },
): Hono {
  const refused = isPublished(settings) ? PUBLISHED : null;
  const readiness = new ReadinessAnswers(ledger);
  return dashboard({
    ledger,
    clock,
    log,
    apiUrl: apiBaseUrl(settings),
    csv: csvText,
    readiness: (...asked) => readiness.of(...asked),
    viewerOf: loopbackViewer(() => organizationsIn(ledger), refused),
    callerOf: (c) => {
      const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
      return { address: incoming?.socket.remoteAddress ?? null };
    },
  });
}

/**
 * Returns whether a proxy passes strangers' requests on to where the pages are. It may run on this machine and name it as the
 * host, and nothing then shows that the requests are not this machine's own: nginx does so by default.
 */
function isPublished({ baseUrl, monitoring }: Pick<Settings, "baseUrl" | "monitoring">): boolean {
  const host = baseUrl === null ? "localhost" : (URL.parse(baseUrl)?.hostname ?? "");
  return monitoring === undefined && !/^(?:localhost|127\.[\d.]+|\[::1\])$/u.test(host);
}

const PUBLISHED = [
  "This address is published (COUNTERSIGN_BASE_URL), and there is no sign-in yet.",
  "To read the pages on the machine the App runs on, give them an address that is not: set COUNTERSIGN_MONITORING_ADDRESS, such as 127.0.0.1:9090, and open it there.",
];

/** Lists the organisations with a repository in the log. */
async function organizationsIn(ledger: Pick<Ledger, "states">): Promise<readonly Organization[]> {
  const found = new Map<number, Organization>();
  for await (const { organizationId, body } of ledger.states("repository"))
    found.set(organizationId, { id: organizationId, login: body.repository.owner });
  return [...found.values()].toSorted((a, b) => (a.login < b.login ? -1 : 1));
}
