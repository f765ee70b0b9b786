/** What is sent to a page: let in only from a form of that page, of this session, and handed to its act once. */

import type { Context } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";

import { sha256 } from "../domain/values/digest.ts";
import type { Access, SignedInPerson, Viewer } from "./page/access.ts";
import { ACT, CSRF, FORM, type ActAnswer, type FilledForm } from "./form/form.ts";
import { labelsOf, type Act, type DashboardPage } from "./page/page.ts";

/** Bounds what is read of a form (bytes), far above any here. */
export const LARGEST_FORM = 64 * 1_024;

/** Far above any form here. */
const MOST_FIELDS = 40;

/** Describes why nothing was done, before any act was asked. */
export interface NotTaken {
  readonly status: 400 | 403 | 405 | 413 | 415;
  readonly sentence: string;
}

/** Describes a form that belongs to this page and this session. */
export interface TakenForm {
  readonly act: Act;
  /** As it is named in the page; {@link formKey} names it everywhere. */
  readonly form: string;
  readonly given: Readonly<Record<string, string>>;
}

const TYPE = /^application\/x-www-form-urlencoded(?:;|$)/iu;
const FORM_ID = /^[\w-]{16,64}$/u;

const NOT_OURS =
  "This form is not one of this page in this session. Reload the page, and send it from there.";

/** Reads what was sent to a page. `origin`: the pages' own, as browsers have it. */
export async function readForm(
  c: Context,
  page: DashboardPage,
  viewer: Viewer,
  origin: string,
): Promise<TakenForm | NotTaken> {
  if (c.req.header("origin") !== origin)
    return { status: 403, sentence: "This was sent by a page of another site." };
  if (!TYPE.test(c.req.header("content-type") ?? ""))
    return { status: 415, sentence: "Only the forms of these pages can be sent." };
  const body = await c.req.text();
  if (body.split("&", MOST_FIELDS + 1).length > MOST_FIELDS)
    return { status: 413, sentence: `A form here has at most ${MOST_FIELDS} fields.` };
  const fields = [...new URLSearchParams(body)];
  const { [CSRF]: csrf = "", [ACT]: name, [FORM]: form = "", ...given } = Object.fromEntries(fields);
  if (viewer.csrfToken === undefined || !(await timingSafeEqual(csrf, viewer.csrfToken)))
    return { status: 403, sentence: NOT_OURS };
  const act = page.acts?.find((each) => each.name === name);
  const isOne = new Set(fields.map(([each]) => each)).size === fields.length;
  const isKnown =
    act !== undefined && Object.keys(given).every((each) => Object.hasOwn(act.fields.shape, each));
  if (act === undefined || !isOne || !isKnown || !FORM_ID.test(form))
    return { status: 400, sentence: NOT_OURS };
  return { act, form, given };
}

/** Returns a form of a page as it was filled in, whoever sent it; null: the page has none such. */
export async function unprovenForm(c: Context, page: DashboardPage): Promise<FilledForm | null> {
  if (!TYPE.test(c.req.header("content-type") ?? "")) return null;
  const given = Object.fromEntries(new URLSearchParams(await c.req.text()));
  const act = page.acts?.find(({ name }) => name === given[ACT]);
  return act === undefined ? null : { given, labels: labelsOf(act) };
}

/** Returns what names a form wherever it is kept: no other person's, and of no other page, is named so. */
export function formKey(
  sender: SignedInPerson,
  { organization }: Access,
  path: string,
  form: string,
): string {
  return sha256(JSON.stringify([nameOf(sender), organization.id, path, form]));
}

/** Returns what nobody else is named by. */
export function nameOf(person: SignedInPerson): readonly (string | number)[] {
  return person.kind === "github" ? ["github", person.id] : ["oidc", person.issuer, person.subject];
}

/** Keeps forms that are being done in this process: one that comes again meanwhile waits for the same answer. */
export class FormsUnderWay {
  readonly #answers = new Map<string, Promise<ActAnswer | null>>();

  /** Runs `work`, or waits for the same form. */
  async once(key: string, work: () => Promise<ActAnswer | null>): Promise<ActAnswer | null> {
    const before = this.#answers.get(key);
    if (before !== undefined) return before;
    const answer = work();
    this.#answers.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#answers.delete(key);
    }
  }
}
