/** A page as its viewer sees it: of which organisation, with which forms, and what came of the last one. */

import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import { html } from "hono/html";

import { organizationOnceCalled } from "../domain/links/repository-names.ts";
import { webOf } from "../domain/evidence/sample/links.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Html } from "../pages/html-table.ts";
import type { Access, Refusal, Viewer } from "./page/access.ts";
import { framed, messagePage } from "./layout.ts";
import { addressOf } from "./page/address.ts";
import { PageForms, whatWasWritten, type RefusedForm } from "./form/form.ts";
import { isThere, PageProblem, type Asked, type DashboardPage, type PageContent } from "./page/page.ts";
import type { ViewerPackages } from "./page/packages.ts";
import { OrganizationRecords, reviewsToSign } from "./page/organization.ts";
import { VisibleRecords } from "./page/records.ts";
import { formKey } from "./sent.ts";
import { signInAddress } from "./sign-in/sign-in.ts";
import { writtenHtml } from "../pages/written.ts";
import type { BoundedTools } from "./tools.ts";
import { fileReader, sendFile, sendZip } from "./files.ts";

/** Names an organisation in an address, where the viewer sees several. */
const ORGANIZATION = "org";

/** Names the form whose answer a page shows. */
export const ANSWER = "answer";

const NO_PAGE = "There is no page at this address.";

/** Answers what no other page has the path of. */
export const NOT_FOUND: DashboardPage = {
  path: "*",
  show: () => Promise.reject(new PageProblem(404, NO_PAGE)),
};

/** Explains why nothing can be sent where nobody signs in. */
export const NOBODY_SIGNED_IN =
  "Nobody is signed in here, so that nobody could be named as having done it: these pages are only read.";

/** Explains why an auditor sends nothing. */
export const AUDITORS_READ = "An auditor only reads these pages.";

/** Answers with a page as its viewer sees it, or with its file. */
export async function pageAnswer(
  c: Context,
  tools: BoundedTools,
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
  const reader = fileReader(c, tools, viewer, access, page);
  if ("rows" in content) return sendFile(c, tools, content, reader);
  if ("zip" in content) return sendZip(c, tools, content, reader);
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

/** Returns what a page is made from. */
export function askedOf(
  c: Context,
  tools: BoundedTools,
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
    readOnly: access.role === "auditor" && person !== null ? AUDITORS_READ : NOBODY_SIGNED_IN,
  };
}

/** Returns what an address has besides the organisation and an answer: a form leads back to it. */
export function keptOf(c: Context): Readonly<Record<string, string>> {
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
  { packages }: BoundedTools,
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

/** Returns a name for another form. */
export function newFormId(): string {
  return randomBytes(16).toString("base64url");
}

function statusOf({ answer: { isUnsure, isTooMany, isBusy } }: RefusedForm): 422 | 429 | 503 {
  if (isTooMany === true) return 429;
  return isUnsure === true || isBusy === true ? 503 : 422;
}

/** What came of the form that the address names, in the words that were kept: nothing of the address itself is shown. */
async function doneHtml(
  c: Context,
  { ledger }: BoundedTools,
  { person }: Viewer,
  access: Access,
): Promise<Html> {
  const form = c.req.query(ANSWER);
  if (form === undefined || person === null) return html``;
  const answer = (await ledger.forms.find(formKey(person, access, c.req.path, form)))?.answer ?? null;
  return answer === null ? html`` : html`<div class="done" role="status">${writtenHtml(answer)}</div>`;
}

/** What a page has above it where a form was refused: what was written as well, where the page has that form no more. */
function refusedOn(form: RefusedForm, forms: PageForms | null): Html {
  return html`${refusedHtml(form)}${forms?.isRefusedShown === true ? "" : whatWasWritten(form)}`;
}

/** Shows why a form was not done. */
export function refusedHtml({ answer: { refused: because, isUnsure } }: RefusedForm): Html {
  const what = isUnsure === true ? "This may not have been done." : "Nothing was done.";
  const then = isUnsure === true ? " Send it again from here: it is done once." : "";
  return html`<div class="refused" role="alert">
    <p><b>${what}</b></p>
    ${writtenHtml(`${because}${then}`)}
  </div>`;
}

function problemShown(error: unknown): PageContent {
  if (!(error instanceof PageProblem)) throw error;
  const title = error.status === 404 ? "Not found" : "This cannot be shown";
  return { title, main: html`<p>${error.message}</p>`, status: error.status };
}

/** Returns why someone is shown nothing. */
export function refused(c: Context, { status, sentences, signIn }: Refusal): Response {
  const main: Html = html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}
  ${signIn === true ? html`<p><a class="button" href="${signInAddress(c.req.url)}">Sign in</a></p>` : ""}`;
  return c.html(framed({ title: "Nothing is shown here", main }), status);
}

/** Returns the organisation that is named, by its login or one it had, or the only one; null: choose one. */
export async function accessIn(
  { ledger }: BoundedTools,
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

/** Returns how addresses of one organisation are made. */
export function linkOf({ sees }: Viewer, { organization }: Access): Asked["link"] {
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
