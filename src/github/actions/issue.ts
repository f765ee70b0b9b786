/** An issue with the content it should have, wherever an earlier attempt was interrupted. */

import { z } from "zod";
import type { IssuePayload } from "../../domain/deviation/issue.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { ask, askIfExists, type GitHub } from "../api/requests.ts";
import {
  CLOCKS_DIFFER,
  fitToLimit,
  findWritten,
  OutcomeShape,
  type Doable,
  type ActionOutcome,
} from "./written.ts";

const ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}";

const IssueShape = z
  .object({ id: z.int(), number: z.int(), html_url: z.string() })
  .transform(({ id, number, html_url }): ActionOutcome => ({ id, number, url: html_url }));

/** Nothing was made: the outcome of a closed issue that never was, or of one that must not be. */
const NOTHING: ActionOutcome = { id: 0, url: "" };

interface Place {
  readonly owner: string;
  readonly repo: string;
}

/**
 * Opens or updates the issue: title, body, state, and a comment where one is required. An issue that was never opened and
 * should be closed is not opened; none is opened where the public could read it.
 */
export async function writeIssue(
  github: GitHub,
  action: Doable,
  payload: IssuePayload,
): Promise<ActionOutcome> {
  const where = { owner: payload.repository.owner, repo: payload.repository.name };
  const known = numberOf(action.previous) ?? (await find(github, action, payload, where))?.number ?? null;
  if (known !== null) {
    const { title, body, state } = payload;
    const reason = state === "closed" ? { state_reason: "completed" } : {};
    const said = { ...where, issue_number: known, title, body: fitToLimit(body), state, ...reason };
    const changed = await askIfExists(github, `PATCH ${ISSUE}`, said, IssueShape, [404, 410]);
    if (changed !== null) {
      await comment(github, action, payload, where, known);
      return changed.data;
    }
  }
  if (payload.state === "closed" || (await isPublic(github, where))) return NOTHING;
  return open(github, payload, where);
}

/** The issue, by its marker: needed only where an attempt may have been made and not been marked. */
async function find(
  github: GitHub,
  { storedAt, isUntried = false }: Doable,
  { marker, appId, since }: IssuePayload,
  where: Place,
): Promise<ActionOutcome | null> {
  const madeFrom = Math.min(storedAt, since ?? storedAt);
  // Older comments may be of an App whose database is lost.
  const from = { storedAt: madeFrom, isUntried: isUntried && storedAt - madeFrom < CLOCKS_DIFFER };
  const newestFirst = { ...where, state: "all", sort: "created", direction: "desc" };
  return findWritten(github, "GET /repos/{owner}/{repo}/issues", from, marker, appId, newestFirst);
}

async function open(github: GitHub, payload: IssuePayload, where: Place): Promise<ActionOutcome> {
  const { title, labels, assignees } = payload;
  const body = fitToLimit(payload.body);
  const route = "POST /repos/{owner}/{repo}/issues";
  const note = `${body}\nCould not be given to ${assignees.join(", ")}: GitHub does not accept them here.\n`;
  // An unknown assignee or label must not lose the issue.
  const attempts = [
    { ...where, title, body, labels, assignees },
    ...(assignees.length > 0 ? [{ ...where, title, body: note, labels }] : []),
  ];
  for (const attempt of attempts) {
    const made = await askIfExists(github, route, attempt, IssueShape, [422]);
    if (made !== null) return made.data;
  }
  const last = { ...where, title, body: assignees.length > 0 ? note : body };
  return (await ask(github, route, last, IssueShape)).data;
}

/** Returns whether the repository is public, also where it was published meanwhile. A company's failures are not for the public to read. */
export async function isPublic(github: GitHub, where: Place): Promise<boolean> {
  const shape = z.object({ private: z.boolean(), visibility: z.string().optional() });
  const { data } = await ask(github, "GET /repos/{owner}/{repo}", { ...where }, shape);
  return data.visibility === "public" || (data.visibility === undefined && !data.private);
}

/** Comments once for each request why the issue was closed or opened again. */
async function comment(
  github: GitHub,
  { key, storedAt, isUntried = false }: Doable,
  { say, request, appId }: IssuePayload,
  where: Place,
  number: number,
): Promise<void> {
  if (say === null) return;
  const marker = `countersign-comment:${sha256(`${key}:${request ?? ""}`).slice(0, 32)}`;
  const path = `${ISSUE}/comments`;
  const on = { ...where, issue_number: number };
  const since = new Date(storedAt - CLOCKS_DIFFER).toISOString();
  if (
    (await findWritten(github, `GET ${path}`, { storedAt, isUntried }, marker, appId, { ...on, since })) !==
    null
  )
    return;
  await ask(github, `POST ${path}`, { ...on, body: `${say}\n\n<!-- ${marker} -->\n` }, OutcomeShape);
}

function numberOf(previous: unknown): number | null {
  const outcome = z.object({ number: z.int() }).safeParse(previous);
  return outcome.success ? outcome.data.number : null;
}
