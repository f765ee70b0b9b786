/** What is sent to a page, and what came of it: whatever was written is shown again where it was not done. */

import type { Context } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";

import { ExternalError } from "../domain/values/external-error.ts";
import { ListsNotReady } from "../domain/lists/not-ready.ts";
import type { Access, SignedInPerson, Refusal, Viewer } from "./page/access.ts";
import { framed, messagePage } from "./layout.ts";
import { PageForms, whatWasWritten, writtenFields, type ActAnswer, type RefusedForm } from "./form/form.ts";
import { labelsOf, PageProblem, type DashboardPage } from "./page/page.ts";
import { formKey, nameOf, readForm, unprovenForm, type TakenForm } from "./sent.ts";
import type { BoundedTools } from "./tools.ts";
import {
  ANSWER,
  NOBODY_SIGNED_IN,
  AUDITORS_READ,
  pageAnswer,
  askedOf,
  keptOf,
  newFormId,
  refusedHtml,
  refused,
  accessIn,
  linkOf,
} from "./answered.ts";

/** Bounds the forms one person sends in a minute: each may ask GitHub, or have everyone notified. */
export const MOST_FORMS = 30;

/** Does what was sent to a page, and answers with what came of it. */
export async function received(c: Context, tools: BoundedTools, page: DashboardPage): Promise<Response> {
  const known = await unlessAway(c, tools, () => senderOf(c, tools));
  if (known === null) return writtenPage(c, tools, page);
  const { viewer, access } = known;
  if ("sentences" in viewer) return refused(c, viewer);
  if (viewer.person === null || tools.signIn === undefined) return notDone(c, 403, NOBODY_SIGNED_IN, viewer);
  const taken = await readForm(c, page, viewer, tools.signIn.origin);
  if ("sentence" in taken) return notDone(c, taken.status, taken.sentence, viewer);
  if (access === null) return notDone(c, 404, "The organisation it is about is not shown to you.", viewer);
  if (access.role === "auditor") return notDone(c, 403, AUDITORS_READ, viewer);
  const answer = await resultOf(c, tools, { viewer, access, sender: viewer.person }, taken);
  if (answer instanceof PageProblem) return notDone(c, answer.status, answer.message, viewer);
  // What was done is shown by opening the page, so that a reload sends nothing again.
  if (answer.refused === null)
    return c.redirect(linkOf(viewer, access)(c.req.path, { ...keptOf(c), [ANSWER]: taken.form }), 303);
  const { act, form: name, given } = taken;
  const form = { act: act.name, form: name, given, labels: labelsOf(act), answer };
  const shownAgain = await unlessAway(c, tools, () =>
    tools.turns.take(() => pageAnswer(c, tools, viewer, page, form)),
  );
  return shownAgain ?? sendAgain(c, viewer, access, form);
}

/** Who sent a form, and about which organisation; null: one that they are not shown. GitHub and the database know. */
async function senderOf(
  c: Context,
  tools: BoundedTools,
): Promise<{ readonly viewer: Viewer | Refusal; readonly access: Access | null }> {
  const viewer = await tools.viewerOf(c.req.raw, tools.callerOf(c));
  const { searchParams } = new URL(c.req.url);
  return { viewer, access: "sentences" in viewer ? null : await accessIn(tools, viewer, searchParams) };
}

/** Runs `work`; null: what it needs gives no answer now, or lists are still being made. */
async function unlessAway<T>(c: Context, { log }: BoundedTools, work: () => Promise<T>): Promise<T | null> {
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
async function writtenPage(c: Context, { signIn }: BoundedTools, page: DashboardPage): Promise<Response> {
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
  tools: BoundedTools,
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

function notDone(c: Context, status: ContentfulStatusCode, sentence: string, viewer?: Viewer): Response {
  return messagePage(c, status, "Nothing was done", [sentence], viewer === undefined ? {} : { viewer });
}

/** Returns the answer to a form that is too large. */
export function tooLarge(c: Context): Response {
  return notDone(c, 413, "This form is larger than any of these pages.");
}
