/** One action, executed so that doing it twice is the same as doing it once, wherever it was interrupted. */

import { z } from "zod";
import { externalIdOf, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { IssuePayload } from "../../domain/deviation/issue.ts";
import type { AnswerGatePayload } from "../../domain/decisions/deployment-gate.ts";
import { pageAddress, withLink, type Addresses } from "../../domain/links/addresses.ts";
import type { CommentPayload, ReactionPayload } from "../../domain/messages/replies.ts";
import type { PostHeadPayload } from "../../domain/monitoring/log-heads.ts";
import type { RequestReviewersPayload } from "../../domain/approval/review-requests.ts";
import { CHECK_RUN_BUTTONS } from "../webhooks/check-run-buttons.ts";
import { ask, askIfExists, type GitHub } from "../api/requests.ts";
import { writeIssue } from "./issue.ts";
import { writeHead } from "./post-head.ts";
import {
  CLOCKS_DIFFER,
  fitToLimit,
  findWritten,
  OutcomeShape,
  type Doable,
  type ActionOutcome,
} from "./written.ts";

/** Executes an action. */
export type CarryOut = (github: GitHub, action: Doable) => Promise<ActionOutcome>;

/** Returns what executes actions, with links that begin with these addresses. */
export function carryingOut(addresses: Addresses): CarryOut {
  return (github, action) => carryOut(github, action, addresses);
}

const NO_LINKS: Addresses = { pages: null, web: null };

/** Executes an action, unless an earlier attempt did already. Throws {@link ExternalError}. */
export function carryOut(
  github: GitHub,
  action: Doable,
  addresses: Addresses = NO_LINKS,
): Promise<ActionOutcome> {
  const address = pageAddress(action, addresses);
  switch (action.kind) {
    case "check-run":
      return writeCheck(github, action, action.payload as CheckRunPayload, address);
    case "open-issue":
    case "update-issue":
      return writeIssue(github, action, linked(action.payload as IssuePayload, address));
    case "comment":
      return comment(github, action, action.payload as CommentPayload);
    case "reaction":
      return react(github, action.payload as ReactionPayload);
    case "answer-gate":
      return answerGate(github, action.payload as AnswerGatePayload, address);
    case "request-reviewers":
      return requestReviewers(github, action.payload as RequestReviewersPayload);
    case "post-head":
      return writeHead(github, action, action.payload as PostHeadPayload);
    case "notification":
      throw new Error(`${action.key} is not for GitHub`);
  }
}

function linked(payload: IssuePayload, address: string | null): IssuePayload {
  return { ...payload, body: withLink(payload.body, address) };
}

async function writeCheck(
  github: GitHub,
  action: Doable,
  payload: CheckRunPayload,
  address: string | null,
): Promise<ActionOutcome> {
  const { text, checkName, appId } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name };
  const notes = notesOf(text);
  const before = z.object({ notes: z.string() }).safeParse(action.previous).data?.notes;
  const annotations = notes === undefined || notes === before ? {} : { annotations: annotationsOf(text) };
  const kept = notes === undefined ? {} : { notes };
  const externalId = externalIdOf(payload);
  const said = {
    ...(externalId === null ? {} : { external_id: externalId }),
    ...(address === null ? {} : { details_url: address }),
    status: text.status,
    ...(text.conclusion === null ? {} : { conclusion: text.conclusion }),
    // What passes needs no button; an empty list takes them away.
    actions: text.conclusion === "success" ? [] : CHECK_RUN_BUTTONS,
    output: {
      title: text.title,
      summary: fitToLimit(text.summary),
      ...(text.text === "" ? {} : { text: fitToLimit(text.text) }),
      ...annotations,
    },
  };
  const sought = { ...where, ref: text.headSha, checkName, appId };
  // Without an outcome on record, an attempt may still have been made and not been marked.
  const known = runOf(action.previous) ?? (action.isUntried === true ? null : await findRun(github, sought));
  if (known !== null) {
    const route = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}";
    const changed = await askIfExists(
      github,
      route,
      { ...where, check_run_id: known, ...said },
      OutcomeShape,
    );
    if (changed !== null) return { ...changed.data, ...kept };
  }
  const made = { ...where, name: checkName, head_sha: text.headSha, external_id: action.key, ...said };
  return {
    ...(await ask(github, "POST /repos/{owner}/{repo}/check-runs", made, OutcomeShape)).data,
    ...kept,
  };
}

/** Requests reviewers: requesting the same person again changes nothing on GitHub, and whom GitHub does not allow is left out. */
async function requestReviewers(github: GitHub, payload: RequestReviewersPayload): Promise<ActionOutcome> {
  const { repository, number, reviewers } = payload;
  const where = { owner: repository.owner, repo: repository.name, pull_number: number };
  const route = "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";
  const asked = { reviewers: reviewers.users, team_reviewers: reviewers.teams };
  const made = await askIfExists(github, route, { ...where, ...asked }, OutcomeShape, [403, 404, 422]);
  return made?.data ?? { id: number, url: "" };
}

/** Returns what distinguishes the notes of one text from those of another. */
function notesOf({ annotations = [] }: CheckRunPayload["text"]): string | undefined {
  return annotations.length === 0 ? undefined : JSON.stringify(annotations);
}

function annotationsOf({ annotations = [] }: CheckRunPayload["text"]): readonly object[] {
  return annotations.map(({ path, line, column, message }) => ({
    path,
    start_line: line,
    end_line: line,
    start_column: column,
    end_column: column,
    annotation_level: "failure",
    title: "This policy file cannot be used",
    message,
  }));
}

function runOf(previous: unknown): number | null {
  const outcome = z.object({ id: z.int() }).safeParse(previous);
  return outcome.success ? outcome.data.id : null;
}

async function findRun(
  github: GitHub,
  sought: {
    readonly owner: string;
    readonly repo: string;
    readonly ref: string;
    readonly checkName: string;
    readonly appId: number;
  },
): Promise<number | null> {
  const { owner, repo, ref, checkName, appId } = sought;
  const shape = z.object({
    check_runs: z.array(
      z.object({ id: z.int(), name: z.string(), app: z.object({ id: z.int() }).nullish() }),
    ),
  });
  const route = "GET /repos/{owner}/{repo}/commits/{ref}/check-runs";
  const asked = { owner, repo, ref, check_name: checkName, app_id: appId, per_page: 100 };
  const answer = await askIfExists(github, route, asked, shape, [404, 422]);
  const own = (answer?.data.check_runs ?? []).filter(
    (run) => run.name === checkName && run.app?.id === appId,
  );
  return own.length === 0 ? null : Math.max(...own.map(({ id }) => id));
}

async function comment(github: GitHub, action: Doable, payload: CommentPayload): Promise<ActionOutcome> {
  const { body, marker, appId, number } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name, issue_number: number };
  const path = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  const since = new Date(action.storedAt - CLOCKS_DIFFER).toISOString();
  const before = await findWritten(github, `GET ${path}`, action, marker, appId, { ...where, since });
  if (before !== null) return before;
  return (await ask(github, `POST ${path}`, { ...where, body }, OutcomeShape)).data;
}

/** GitHub keeps the same sign by the same account once. */
async function react(github: GitHub, payload: ReactionPayload): Promise<ActionOutcome> {
  const { content, commentId } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name, comment_id: commentId };
  const route = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";
  return (await ask(github, route, { ...where, content }, OutcomeShape)).data;
}

/** Answers a gate: GitHub takes one final answer, so nothing is sent where it has one already, or the run is gone. */
async function answerGate(
  github: GitHub,
  payload: AnswerGatePayload,
  address: string | null,
): Promise<ActionOutcome> {
  const { repository, run, environment, state, comment: said } = payload;
  await askIfExists(
    github,
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule",
    {
      owner: repository.owner,
      repo: repository.name,
      run_id: run,
      environment_name: environment,
      ...(state === null ? {} : { state }),
      comment: fitToLimit(withLink(said, address)),
    },
    z.unknown(),
    [404, 422],
  );
  return { id: run, url: "" };
}
