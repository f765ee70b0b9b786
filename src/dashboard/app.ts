/** The dashboard as a Hono app: who asks is found out first, then a page is made from what that viewer may see. */

import { randomBytes } from "node:crypto";

import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";

import { ExternalError } from "../domain/values/external-error.ts";
import { organizationOnceCalled } from "../domain/links/repository-names.ts";
import { webOf } from "../domain/evidence/sample/links.ts";
import { MINUTE } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import { ListsNotReady } from "../domain/lists/not-ready.ts";
import type { Html } from "../pages/html-table.ts";
import type { FormStore } from "../ledger/forms.ts";
import { Downloads, type Reader } from "./download.ts";
import type { Access, Caller, SignedInPerson, Refusal, Viewer, ViewerOf } from "./page/access.ts";
import { framed, messagePage } from "./layout.ts";
import { addressOf } from "./page/address.ts";
import { PageForms, whatWasWritten, writtenFields, type ActAnswer, type RefusedForm } from "./form/form.ts";
import {
  labelsOf,
  PageProblem,
  type ActTools,
  type Asked,
  type DashboardPage,
  type PageContent,
  type PageFile,
  type PageZip,
} from "./page/page.ts";
import type { Packages, ViewerPackages } from "./page/packages.ts";
import { PAGES } from "./page-list.ts";
import { OrganizationRecords, reviewsToSign, type Counted } from "./page/organization.ts";
import { VisibleRecords, type ReadLedger } from "./page/records.ts";
import {
  formKey,
  FormsUnderWay,
  LARGEST_FORM,
  nameOf,
  readForm,
  unprovenForm,
  type TakenForm,
} from "./sent.ts";
import { MinuteLimit } from "./sign-in/minute-limit.ts";
import { signInAddress, type SignIn } from "./sign-in/sign-in.ts";
import { writtenHtml } from "../pages/written.ts";
import { STYLE_PATH, STYLESHEET } from "./style.ts";
import { Turns } from "./turns.ts";

/** Holds what the dashboard needs. */
export interface DashboardTools {
  /** `forms`: keeps what came of the forms that were sent. */
  readonly ledger: ReadLedger & { readonly forms: Pick<FormStore, "find"> };
  /** Returns who asks, and decides alone what they may see. */
  readonly viewerOf: ViewerOf;
  /** Returns where a request came from. */
  readonly callerOf: (c: Context) => Caller;
  /** Writes rows as CSV. */
  readonly csv: (columns: readonly string[], rows: PageFile["rows"]) => AsyncIterable<string>;
  /** The packages that were handed over; absent: none are shown. */
  readonly packages?: Packages;
  /** Where people sign in; absent: nowhere. */
  readonly signIn?: Pick<SignIn, "addTo" | "isSecure" | "origin" | "tokenOf">;
  /** Answers what takes a reading of every change. */
  readonly counted: Counted;
  /** Does what people send. */
  readonly acts: ActTools;
  readonly clock: { now(): Instant };
  /** GitHub's id of this App. */
  readonly appId: number;
  /** Of GitHub's API, such as https://api.github.com. */
  readonly apiUrl: string;
  readonly log: { error(given: object, message: string): void };
}

/** The longest address that is read, in characters. */
const LONGEST_URL = 4_000;

/** So many pages are made at once, and so many requests wait for their turn. */
const AT_ONCE = 2;
const MOST_WAITING = 20;

/** So many forms one person sends in a minute: each may ask GitHub, or have everyone notified. */
const MOST_FORMS = 30;

/** So many files are sent at once, however slowly they are read: one to each person, and a few to whoever uses this machine. */
const FILES_AT_ONCE = 8;
const ZIPS_AT_ONCE = 8;
const TO_A_PERSON = 1;
const TO_THIS_MACHINE = 2;

/** Whoever has not taken a package by then (ms) is cut off. */
const LONGEST_ZIP = 30 * MINUTE;

/** The tools, and what bounds the work of all requests together. */
interface Bounded extends DashboardTools {
  readonly pages: readonly DashboardPage[];
  readonly turns: Turns;
  /** Of forms: they may wait for GitHub, and no page waits for them. */
  readonly formTurns: Turns;
  readonly underWay: FormsUnderWay;
  readonly sentBy: MinuteLimit;
  readonly downloads: Downloads;
  readonly zips: Downloads;
}

/** Names an organisation in an address, where the viewer sees several. */
const ORGANIZATION = "org";

/** Names the form whose answer a page shows. */
const ANSWER = "answer";

/** Returns the dashboard. */
export function dashboard(given: DashboardTools, pages = PAGES): Hono {
  const app = new Hono();
  const tools: Bounded = {
    ...given,
    pages,
    turns: new Turns(AT_ONCE, MOST_WAITING),
    formTurns: new Turns(AT_ONCE, MOST_WAITING),
    underWay: new FormsUnderWay(),
    sentBy: new MinuteLimit(MOST_FORMS),
    downloads: new Downloads({ atOnce: FILES_AT_ONCE }, given.clock),
    zips: new Downloads({ atOnce: ZIPS_AT_ONCE, longest: LONGEST_ZIP }, given.clock),
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
      // With none at all, browsers would not name these pages in `Origin` where a form is sent.
      referrerPolicy: "same-origin",
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
  for (const page of pages) {
    if (page.acts !== undefined)
      app.post(page.path, bodyLimit({ maxSize: LARGEST_FORM, onError: tooLarge }), (c) =>
        received(c, tools, page),
      );
    app.all(page.path, (c) => shown(c, tools, page));
  }
  app.notFound((c) => shown(c, tools, NOT_FOUND));
  app.onError((error, c) => {
    if (error instanceof ListsNotReady)
      return messagePage(c, 503, "The lists are not ready yet", [error.message], {
        headers: { "retry-after": "10" },
      });
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
  if (page.isRecorded === true && isFromElsewhere(c))
    return messagePage(c, 403, "Nothing is sent", ["Open this from these pages: it is recorded who did."]);
  const answer = await tools.turns.take(() => answered(c, tools, viewer, page));
  return answer ?? busy(c);
}

/** Whether a page of another site had the browser ask. */
function isFromElsewhere(c: Context): boolean {
  return /^(?:cross-site|same-site)$/u.test(c.req.header("sec-fetch-site") ?? "");
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

async function received(c: Context, tools: Bounded, page: DashboardPage): Promise<Response> {
  const known = await unlessAway(c, tools, () => senderOf(c, tools));
  if (known === null) return writtenPage(c, tools, page);
  const { viewer, access } = known;
  if ("sentences" in viewer) return refused(c, viewer);
  if (viewer.person === null || tools.signIn === undefined) return notDone(c, 403, NOBODY, viewer);
  const taken = await readForm(c, page, viewer, tools.signIn.origin);
  if ("sentence" in taken) return notDone(c, taken.status, taken.sentence, viewer);
  if (access === null) return notDone(c, 404, "The organisation it is about is not shown to you.", viewer);
  if (access.role === "auditor") return notDone(c, 403, AUDITOR, viewer);
  const answer = await resultOf(c, tools, { viewer, access, sender: viewer.person }, taken);
  if (answer instanceof PageProblem) return notDone(c, answer.status, answer.message, viewer);
  // What was done is shown by opening the page, so that a reload sends nothing again.
  if (answer.refused === null)
    return c.redirect(linkOf(viewer, access)(c.req.path, { ...keptOf(c), [ANSWER]: taken.form }), 303);
  const { act, form: name, given } = taken;
  const form = { act: act.name, form: name, given, labels: labelsOf(act), answer };
  const shownAgain = await unlessAway(c, tools, () =>
    tools.turns.take(() => answered(c, tools, viewer, page, form)),
  );
  return shownAgain ?? sendAgain(c, viewer, access, form);
}

/** Who sent a form, and about which organisation; null: one that they are not shown. GitHub and the database know. */
async function senderOf(
  c: Context,
  tools: Bounded,
): Promise<{ readonly viewer: Viewer | Refusal; readonly access: Access | null }> {
  const viewer = await tools.viewerOf(c.req.raw, tools.callerOf(c));
  const { searchParams } = new URL(c.req.url);
  return { viewer, access: "sentences" in viewer ? null : await accessIn(tools, viewer, searchParams) };
}

/** Runs `work`; null: what it needs gives no answer now, or lists are still being made. */
async function unlessAway<T>(c: Context, { log }: Bounded, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ExternalError) && !(error instanceof ListsNotReady)) throw error;
    log.error({ err: error, path: c.req.path }, "what was sent cannot be answered with its page");
    return null;
  }
}

/** Shows a form that was not done where its own page cannot be made: what was written, to be sent again. */
function sendAgain(c: Context, viewer: Viewer, access: Access, form: RefusedForm): Response {
  const { csrfToken = "" } = viewer;
  const action = linkOf(viewer, access)(c.req.path, keptOf(c));
  const forms = new PageForms({ action, csrfToken, newId: newFormId, refused: form });
  const written = writtenFields(form);
  const hidden = Object.entries(form.given).filter(([name]) => !form.labels.has(name));
  const main = html`${refusedHtml(form)}
    <p>The page itself cannot be made at the moment.</p>
    ${forms.form(
      form.act,
      Object.fromEntries(hidden),
      (fields) => html`${written.map(({ name, label }) => fields.field(name, label, { kind: "area" }))}`,
      "Send it again",
    )}`;
  c.header("retry-after", "10");
  return c.html(framed({ title: "Send it again", main, viewer }), 503);
}

/** Shows what was written where it is not known who sent it; nothing of what another site sent. */
async function writtenPage(c: Context, { signIn }: Bounded, page: DashboardPage): Promise<Response> {
  const form = c.req.header("origin") === signIn?.origin ? await unprovenForm(c, page) : null;
  const main = html`<p>
      GitHub or the database gives no answer, so what you may do here is not known. Nothing was done. Send it
      again from its page in a moment.
    </p>
    ${form === null ? "" : whatWasWritten(form)}`;
  c.header("retry-after", "10");
  return c.html(framed({ title: "Nothing was done", main }), 503);
}

/** Returns what came of a form: what is known of it, or what its act answers now. */
async function resultOf(
  c: Context,
  tools: Bounded,
  {
    viewer,
    access,
    sender,
  }: { readonly viewer: Viewer; readonly access: Access; readonly sender: SignedInPerson },
  { act, form, given }: TakenForm,
): Promise<ActAnswer | PageProblem> {
  const key = formKey(sender, access, c.req.path, form);
  const found = await unlessAway(c, tools, async () => ({ known: await tools.ledger.forms.find(key) }));
  if (found === null) return AWAY;
  const says = found.known?.answer ?? null;
  if (says !== null) return { says, refused: null };
  if (!tools.sentBy.take(JSON.stringify(nameOf(sender)), tools.clock.now())) return TOO_MANY;
  const asked = askedOf(c, tools, viewer, access, null);
  const token = async (): Promise<string | null> => (await tools.signIn?.tokenOf(c.req.raw)) ?? null;
  const sent = { form: key, sender, access, asked, token, tools: tools.acts };
  try {
    const done = await tools.underWay.once(key, () => tools.formTurns.take(() => act.take(given, sent)));
    return done ?? BUSY;
  } catch (error) {
    if (error instanceof PageProblem) return error;
    if (error instanceof ListsNotReady) return { refused: error.message, isBusy: true };
    if (!(error instanceof ExternalError)) throw error;
    tools.log.error({ err: error, path: c.req.path }, "a form could not be done");
    return { refused: error.message, isUnsure: true };
  }
}

const TOO_MANY: ActAnswer = {
  refused: `At most ${MOST_FORMS} forms are taken from one person in a minute. What you wrote is below: send it again in a minute.`,
  isTooMany: true,
};

const BUSY: ActAnswer = {
  refused: "Too many forms are being done. What you wrote is below: send it again in a moment.",
  isBusy: true,
};

const AWAY: ActAnswer = { refused: "The database gives no answer.", isUnsure: true };

const NOBODY =
  "Nobody is signed in here, so that nobody could be named as having done it: these pages are only read.";

const AUDITOR = "An auditor only reads these pages.";

function notDone(c: Context, status: ContentfulStatusCode, sentence: string, viewer?: Viewer): Response {
  return messagePage(c, status, "Nothing was done", [sentence], viewer === undefined ? {} : { viewer });
}

function tooLarge(c: Context): Response {
  return notDone(c, 413, "This form is larger than any of these pages.");
}

function askedOf(
  c: Context,
  tools: Bounded,
  viewer: Viewer,
  access: Access,
  refusedForm: RefusedForm | null,
): Asked {
  const link = linkOf(viewer, access);
  const now = tools.clock.now();
  const { csrfToken, person } = viewer;
  const forms =
    csrfToken === undefined || person === null || access.role === "auditor"
      ? null
      : new PageForms({
          action: link(c.req.path, keptOf(c)),
          csrfToken,
          newId: newFormId,
          refused: refusedForm,
        });
  const { id } = access.organization;
  const whole =
    access.repositories === "all" ? new OrganizationRecords(tools.ledger, tools.counted, id, now) : null;
  return {
    records: new VisibleRecords(tools.ledger, access),
    whole,
    reviews: () => whole?.monthlyReviews() ?? reviewsToSign(tools.counted, id, person, now),
    access,
    params: c.req.param(),
    query: withoutAnswer(c),
    now,
    appId: tools.appId,
    web: webOf(tools.apiUrl),
    link,
    person,
    packages: packagesFor(tools, viewer, access, now),
    forms,
    readOnly: access.role === "auditor" && person !== null ? AUDITOR : NOBODY,
  };
}

/** What an address has besides the organisation and an answer: which part of a page is shown, and a form leads back to. */
function keptOf(c: Context): Readonly<Record<string, string>> {
  return Object.fromEntries([...withoutAnswer(c)].filter(([name]) => name !== ORGANIZATION));
}

/** Nothing on a page leads on with what came of a form: that is shown once. */
function withoutAnswer(c: Context): URLSearchParams {
  const { searchParams } = new URL(c.req.url);
  searchParams.delete(ANSWER);
  return searchParams;
}

/** The packages are the organisation's: members are handed none. */
function packagesFor(
  { packages }: Bounded,
  { person }: Viewer,
  { organization, role }: Access,
  now: Instant,
): ViewerPackages | null {
  if (packages === undefined || role === "member") return null;
  const { folder, find, noteDownload } = packages;
  const organizationId = organization.id;
  return {
    folder,
    find,
    noteDownload: (period, seal, sample) =>
      noteDownload({ organizationId, period, seal, ...(sample && { sample }) }, person, now),
  };
}

function newFormId(): string {
  return randomBytes(16).toString("base64url");
}

async function answered(
  c: Context,
  tools: Bounded,
  viewer: Viewer,
  page: DashboardPage,
  refusedForm: RefusedForm | null = null,
): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const access = await accessIn(tools, viewer, query);
  if (access === null && page === NOT_FOUND) return messagePage(c, 404, "Not found", [NO_PAGE], { viewer });
  if (access === null) return choice(c, viewer, query);
  if (!isThere(page.isOfWhole, access)) return messagePage(c, 404, "Not found", [NO_PAGE], { viewer });
  const asked = askedOf(c, tools, viewer, access, refusedForm);
  const content = await page.show(asked).catch(problemShown);
  const reader = readerOf(c, tools, viewer, access, page);
  if ("rows" in content) return file(c, tools, content, reader);
  if ("zip" in content) return zip(c, tools, content, reader);
  const { title, main, status = 200 } = content;
  const navigation = tools.pages.flatMap(({ path, nav, isOfWhole }) =>
    nav === undefined || !isThere(isOfWhole, access) ? [] : [{ path, name: nav, isHere: path === page.path }],
  );
  const { link } = asked;
  const around = { access, link, navigation, choice: viewer.sees.length > 1 ? "/" : null };
  const notice =
    refusedForm === null ? await doneHtml(c, tools, viewer, access) : refusedOn(refusedForm, asked.forms);
  const whole = html`${notice}${main}`;
  if (refusedForm?.answer.isTooMany === true) c.header("retry-after", "60");
  if (refusedForm?.answer.isBusy === true) c.header("retry-after", "2");
  const answer = refusedForm === null ? status : statusOf(refusedForm);
  return c.html(framed({ title, main: whole, viewer, of: around }), answer);
}

function statusOf({ answer: { isUnsure, isTooMany, isBusy } }: RefusedForm): 422 | 429 | 503 {
  if (isTooMany === true) return 429;
  return isUnsure === true || isBusy === true ? 503 : 422;
}

/** What came of the form that the address names, in the words that were kept: nothing of the address itself is shown. */
async function doneHtml(c: Context, { ledger }: Bounded, { person }: Viewer, access: Access): Promise<Html> {
  const form = c.req.query(ANSWER);
  if (form === undefined || person === null) return html``;
  const answer = (await ledger.forms.find(formKey(person, access, c.req.path, form)))?.answer ?? null;
  return answer === null ? html`` : html`<div class="done" role="status">${writtenHtml(answer)}</div>`;
}

/** What a page has above it where a form was refused: what was written as well, where the page has that form no more. */
function refusedOn(form: RefusedForm, forms: PageForms | null): Html {
  return html`${refusedHtml(form)}${forms?.isRefusedShown === true ? "" : whatWasWritten(form)}`;
}

function refusedHtml({ answer: { refused: because, isUnsure } }: RefusedForm): Html {
  const what = isUnsure === true ? "This may not have been done." : "Nothing was done.";
  const then = isUnsure === true ? " Send it again from here: it is done once." : "";
  return html`<div class="refused" role="alert">
    <p><b>${what}</b></p>
    ${writtenHtml(`${because}${then}`)}
  </div>`;
}

/** Whether a page is there for someone. */
function isThere(isOfWhole: true | undefined, { role }: Access): boolean {
  return isOfWhole !== true || role !== "member";
}

/** Who is sent a file: as long as they are who they were, and see of the organisation what they saw. */
function readerOf(
  c: Context,
  tools: Bounded,
  { person }: Viewer,
  { organization, role, repositories }: Access,
  page: DashboardPage,
): Reader {
  const caller = tools.callerOf(c);
  return {
    name: person === null ? "this machine" : JSON.stringify(nameOf(person)),
    places: person === null ? TO_THIS_MACHINE : TO_A_PERSON,
    async isStillShown() {
      const viewer = await tools.viewerOf(c.req.raw, caller);
      const sees = "sentences" in viewer ? [] : viewer.sees;
      const now = sees.find((each) => each.organization.id === organization.id);
      if (now === undefined || !isThere(page.isOfWhole, now)) return false;
      // Who leads or audits may have become a member, and a member may read less than before.
      const { repositories: left } = now;
      if (left === "all") return true;
      return role === "member" && repositories !== "all" && [...repositories].every((id) => left.has(id));
    },
  };
}

function zip(c: Context, { zips, log }: Bounded, { name, zip: bytes }: PageZip, reader: Reader): Response {
  const { path } = c.req;
  const logged = (async function* () {
    try {
      yield* bytes;
    } catch (error) {
      log.error({ err: error, path }, "a package could not be sent whole");
      throw error;
    }
  })();
  const body = c.req.method === "HEAD" ? "" : zips.body(logged, reader);
  if (body === null) return busy(c);
  return c.body(body, 200, {
    "content-type": "application/zip",
    "content-disposition": `attachment; filename="${name}"`,
  });
}

function file(
  c: Context,
  { csv, downloads }: Bounded,
  { name, columns, rows }: PageFile,
  reader: Reader,
): Response {
  // What nobody reads would take a place among the files that are sent.
  const body = c.req.method === "HEAD" ? "" : downloads.body(csv(columns, rows), reader);
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

/** Returns the organisation that is named, by its login or one it had, or the only one; null: one must be chosen. */
async function accessIn(
  { ledger }: Bounded,
  { sees }: Viewer,
  query: URLSearchParams,
): Promise<Access | null> {
  const named = query.get(ORGANIZATION);
  if (named === null) return sees.length === 1 ? (sees[0] ?? null) : null;
  const called = sees.find(({ organization }) => organization.login.toLowerCase() === named.toLowerCase());
  if (called !== undefined || sees.length === 0) return called ?? null;
  // Links that were sent stay right after a rename, until another organisation takes the login.
  const history = await ledger.history({ kinds: ["repository"], beginning: "" });
  const id = organizationOnceCalled(history, named);
  return sees.find(({ organization }) => organization.id === id) ?? null;
}

function linkOf({ sees }: Viewer, { organization }: Access): Asked["link"] {
  const own = sees.length > 1 ? { [ORGANIZATION]: organization.login } : {};
  return (path, query = {}) => addressOf(path, { ...own, ...query });
}

const NOTHING_READABLE =
  "GitHub lists no repository with this App that you may read. Where it should, ask who administers the repository.";

function nothingFor({ person }: Viewer): string {
  if (person?.kind !== "oidc") return NOTHING_READABLE;
  return `No policy in force names ${person.email ?? "you"} as an auditor today (access.auditors.emails, until). Ask whoever invited you.`;
}

/** Where no organisation is named that the viewer sees, those that are there lead to the same page. */
function choice(c: Context, viewer: Viewer, query: URLSearchParams): Response {
  const { sees, csrfToken } = viewer;
  if (sees.length === 0)
    return csrfToken === undefined
      ? messagePage(c, 200, "Nothing is recorded yet", [
          "Install the App on a repository, and reload this page.",
        ])
      : messagePage(c, 200, "Nothing is shown here", [nothingFor(viewer)], { viewer });
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
