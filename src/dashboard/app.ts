/** The dashboard as a Hono app: who asks is found out first, then a page is made from what that viewer may see. */

import { Hono, type Context } from "hono";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";

import { ExternalError } from "../domain/values/external-error.ts";
import { webOf } from "../domain/evidence/sample/links.ts";
import type { AuditReadiness } from "../domain/evidence/readiness.ts";
import type { Span } from "../domain/time/span.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Html } from "../pages/html-table.ts";
import { Downloads } from "./download.ts";
import type { Access, Caller, Refusal, Viewer, ViewerOf } from "./page/access.ts";
import { framed, messagePage } from "./layout.ts";
import { addressOf } from "./page/address.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent, type PageFile } from "./page/page.ts";
import { PAGES } from "./page-list.ts";
import { VisibleRecords, type ReadLedger } from "./page/records.ts";
import { signInAddress, type SignIn } from "./sign-in/sign-in.ts";
import { STYLE_PATH, STYLESHEET } from "./style.ts";
import { Turns } from "./turns.ts";

/** Holds what the dashboard needs. */
export interface DashboardTools {
  readonly ledger: ReadLedger;
  /** Returns who asks, and decides alone what they may see. */
  readonly viewerOf: ViewerOf;
  /** Returns where a request came from. */
  readonly callerOf: (c: Context) => Caller;
  /** Writes rows as CSV. */
  readonly csv: (columns: readonly string[], rows: PageFile["rows"]) => AsyncIterable<string>;
  /** Judges an organisation's readiness for an audit on a span. */
  readonly readiness: (organizationId: number, span: Span, at: Instant) => Promise<AuditReadiness>;
  /** Where people sign in; absent: nowhere. */
  readonly signIn?: Pick<SignIn, "addTo" | "isSecure">;
  readonly clock: { now(): Instant };
  /** Of GitHub's API, such as https://api.github.com. */
  readonly apiUrl: string;
  readonly log: { error(given: object, message: string): void };
}

/** The longest address that is read, in characters. */
const LONGEST_URL = 4_000;

/** So many pages are made at once, and so many requests wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 20;

/** So many files are sent at once, however slowly they are read. */
const FILES_AT_ONCE = 2;

/** The tools, and what bounds the work of all requests together. */
interface Bounded extends DashboardTools {
  readonly turns: Turns;
  readonly downloads: Downloads;
}

/** Names an organisation in an address, where the viewer sees several. */
const ORGANIZATION = "org";

/** Returns the dashboard. */
export function dashboard(given: DashboardTools): Hono {
  const app = new Hono();
  const tools: Bounded = {
    ...given,
    turns: new Turns(AT_ONCE, MOST_WAITING),
    downloads: new Downloads(FILES_AT_ONCE),
  };
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      crossOriginEmbedderPolicy: true,
      xFrameOptions: "DENY",
      // Without sign-in there is no TLS here.
      strictTransportSecurity: tools.signIn?.isSecure === true ? "max-age=31536000" : false,
    }),
  );
  app.use(async (c, next) => {
    c.header("cache-control", "no-store");
    await next();
  });
  app.get(STYLE_PATH, (c) =>
    c.body(STYLESHEET, 200, {
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    }),
  );
  tools.signIn?.addTo(app);
  for (const page of PAGES) app.all(page.path, (c) => shown(c, tools, page));
  app.notFound((c) => shown(c, tools, NOT_FOUND));
  app.onError((error, c) => {
    tools.log.error({ err: error, path: c.req.path }, "a page could not be made");
    const isOutside = error instanceof ExternalError;
    return messagePage(c, isOutside ? 503 : 500, "This page could not be made", [
      isOutside ? error.message : "Something went wrong here; it has been logged.",
    ]);
  });
  return app;
}

const NO_PAGE = "There is no page at this address.";

/** What is under no other path. */
const NOT_FOUND: DashboardPage = {
  path: "*",
  show: () => Promise.reject(new PageProblem(404, NO_PAGE)),
};

async function shown(c: Context, tools: Bounded, page: DashboardPage): Promise<Response> {
  if (c.req.url.length > LONGEST_URL)
    return messagePage(c, 414, "This address is too long", [`At most ${LONGEST_URL} characters are read.`]);
  const viewer = await tools.viewerOf(c.req.raw, tools.callerOf(c));
  if ("sentences" in viewer) return refused(c, viewer);
  if (page !== NOT_FOUND && c.req.method !== "GET" && c.req.method !== "HEAD")
    return messagePage(c, 405, "Nothing can be sent here", ["These pages are only read."], {
      headers: { allow: "GET, HEAD" },
    });
  const answer = await tools.turns.take(() => answered(c, tools, viewer, page));
  return answer ?? busy(c);
}

function busy(c: Context): Response {
  return messagePage(c, 503, "Too many pages are being made", ["Open it once more in a moment."], {
    headers: { "retry-after": "2" },
  });
}

function refused(c: Context, { status, sentences, signIn }: Refusal): Response {
  const main: Html = html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}
  ${signIn === true ? html`<p><a class="button" href="${signInAddress(c.req.url)}">Sign in</a></p>` : ""}`;
  return c.html(framed({ title: "Nothing is shown here", main }), status);
}

async function answered(c: Context, tools: Bounded, viewer: Viewer, page: DashboardPage): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const access = accessIn(viewer, query);
  if (access === null && page === NOT_FOUND) return messagePage(c, 404, "Not found", [NO_PAGE], { viewer });
  if (access === null) return choice(c, viewer, query);
  const link = linkOf(viewer, access);
  const now = tools.clock.now();
  const asked: Asked = {
    records: new VisibleRecords(tools.ledger, access),
    access,
    params: c.req.param(),
    query,
    now,
    readiness:
      access.repositories === "all" ? (span) => tools.readiness(access.organization.id, span, now) : null,
    web: webOf(tools.apiUrl),
    link,
  };
  const content = await page.show(asked).catch(problemShown);
  if ("rows" in content) return sent(c, tools, content);
  const { title, main, status = 200 } = content;
  const navigation = PAGES.flatMap(({ path, nav }) =>
    nav === undefined ? [] : [{ path, name: nav, isHere: path === page.path }],
  );
  const around = { access, link, navigation, choice: viewer.sees.length > 1 ? "/" : null };
  return c.html(framed({ title, main, viewer, of: around }), status);
}

function sent(c: Context, { csv, downloads }: Bounded, { name, columns, rows }: PageFile): Response {
  // What nobody reads would take a place among the files that are sent.
  const body = c.req.method === "HEAD" ? "" : downloads.body(csv(columns, rows));
  if (body === null) return busy(c);
  return c.body(body, 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="${name}"`,
  });
}

function problemShown(error: unknown): PageContent {
  if (!(error instanceof PageProblem)) throw error;
  const title = error.status === 404 ? "Not found" : "This cannot be shown";
  return { title, main: html`<p>${error.message}</p>`, status: error.status };
}

/** Returns the organisation that is named, or the only one; null: one must be chosen. */
function accessIn({ sees }: Viewer, query: URLSearchParams): Access | null {
  const named = query.get(ORGANIZATION);
  if (named === null) return sees.length === 1 ? (sees[0] ?? null) : null;
  return sees.find(({ organization }) => organization.login.toLowerCase() === named.toLowerCase()) ?? null;
}

function linkOf({ sees }: Viewer, { organization }: Access): Asked["link"] {
  const own = sees.length > 1 ? { [ORGANIZATION]: organization.login } : {};
  return (path, query = {}) => addressOf(path, { ...own, ...query });
}

const NOTHING_READABLE =
  "GitHub lists no repository with this App that you may read. Where it should, ask who administers the repository.";

/** Where no organisation is named that the viewer sees, those that are there lead to the same page. */
function choice(c: Context, viewer: Viewer, query: URLSearchParams): Response {
  const { sees, csrfToken } = viewer;
  if (sees.length === 0)
    return csrfToken === undefined
      ? messagePage(c, 200, "Nothing is recorded yet", [
          "Install the App on a repository, and reload this page.",
        ])
      : messagePage(c, 200, "Nothing is shown here", [NOTHING_READABLE], { viewer });
  const isNamed = query.has(ORGANIZATION);
  const rest = Object.fromEntries([...query].filter(([name]) => name !== ORGANIZATION));
  const main = html`${isNamed ? html`<p>No organisation of that name is shown here.</p>` : ""}
    <ul>
      ${sees.map(
        ({ organization: { login } }) =>
          html`<li><a href="${addressOf(c.req.path, { ...rest, [ORGANIZATION]: login })}">${login}</a></li>`,
      )}
    </ul>`;
  return c.html(framed({ title: "Choose an organisation", main, viewer }), isNamed ? 404 : 200);
}
