/** A head of the evidence log as a comment, wherever an earlier attempt was interrupted. */

import { z } from "zod";
import { headIn, isSameHead, type PostHeadPayload } from "../../domain/monitoring/log-heads.ts";
import { listHeadComments, HeadCommentShape } from "../listings/log-heads.ts";
import { askIfExists, unlessRefused, type GitHub } from "../api/requests.ts";
import { isPublic } from "./issue.ts";
import { findWritten, type ActionOutcome, type Doable } from "./written.ts";

/** The App may not write there, or there is nothing to write to. */
const NOT_LET: readonly number[] = [403, 404, 410, 422];

/** Posts a head, unless an earlier attempt did. Nothing is posted where the public could read it, or where GitHub refuses it. */
export async function writeHead(
  github: GitHub,
  action: Doable,
  payload: PostHeadPayload,
): Promise<ActionOutcome> {
  const { repository, issue } = payload;
  const where = { owner: repository.owner, repo: repository.name };
  const place = `${where.owner}/${where.repo}`;
  const isOpenToAll = await unlessRefused(() => isPublic(github, where), NOT_LET);
  if (isOpenToAll === null) return refused(`GitHub does not show ${place} to the App`);
  if (isOpenToAll) return refused(`${place} is public`);
  const number = issue.number ?? (await openedIssue(github, payload));
  if (number === null) return refused(`GitHub does not let the App open issues in ${place}`);
  const known = action.isUntried === true ? null : await found(github, place, number, payload);
  if (known !== null) return known;
  const made = await askIfExists(
    github,
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    { ...where, issue_number: number, body: payload.text },
    HeadCommentShape,
    NOT_LET,
  );
  if (made === null) return refused(`GitHub does not let the App comment on ${place}#${number}`);
  const { id, html_url: url, created_at: createdAt, user } = made.data;
  const by = { id: user?.id ?? 0, login: user?.login ?? "" };
  return { id, url, head: { posted: { issue: number, comment: id, url, createdAt, by }, refused: null } };
}

/** The issue of the quarter: also one that an App with another database opened. */
async function openedIssue(
  github: GitHub,
  { repository, issue, appId }: PostHeadPayload,
): Promise<number | null> {
  const where = { owner: repository.owner, repo: repository.name };
  const newestFirst = { ...where, state: "all", sort: "created", direction: "desc" };
  const route = "GET /repos/{owner}/{repo}/issues";
  const from = { storedAt: issue.since };
  const before = await findWritten(github, route, from, issue.marker, appId, newestFirst);
  if (before?.number !== undefined) return before.number;
  const { title, body } = issue;
  const shape = z.object({ number: z.int() });
  const made = await askIfExists(github, `POST ${route.slice(4)}`, { ...where, title, body }, shape, NOT_LET);
  return made?.data.number ?? null;
}

async function found(
  github: GitHub,
  place: string,
  issue: number,
  { text, appId, organizationId }: PostHeadPayload,
): Promise<ActionOutcome | null> {
  const shown = (await listHeadComments(github, place, issue, appId)) ?? [];
  const head = headIn(text, organizationId);
  const own = shown.find(({ body }) => isSameHead(headIn(body, organizationId), head));
  if (own === undefined) return null;
  const { comment, url, createdAt, by } = own;
  return { id: comment, url, head: { posted: { issue, comment, url, createdAt, by }, refused: null } };
}

function refused(because: string): ActionOutcome {
  return { id: 0, url: "", head: { posted: null, refused: because } };
}
