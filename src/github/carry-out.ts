/** One action, carried out so that doing it twice is the same as doing it once, wherever it was interrupted. */

import { z } from "zod";
import type { Instant } from "../domain/change.ts";
import type { CheckRunPayload, OpenIssuePayload } from "../domain/decision.ts";
import type { Action } from "../domain/entry.ts";
import type { AnswerGatePayload } from "../domain/deployment-gate.ts";
import type { CommentPayload, ReactionPayload } from "../domain/reply.ts";
import { BUTTONS } from "./buttons.ts";
import { ask, askMaybe, pagesOf, type GitHub } from "./ask.ts";
import { InstantShape } from "./shapes.ts";

/** What GitHub takes of a check run's summary or text: so many bytes of UTF-8, to be on the safe side of "characters". */
const MOST_TEXT = 65_535;

/** What was done before is looked for among what GitHub says was made since then, its clock allowed to be an hour off. */
const CLOCKS_DIFFER = 3_600_000;

/** What an action came to: the object it made or changed. */
export interface Outcome {
  readonly id: number;
  readonly url: string;
}

/** An action with what is known of its earlier attempts. */
export interface Doable extends Pick<Action, "kind" | "key" | "payload"> {
  readonly storedAt: Instant;
  /** The outcome of the newest action done under the same key, if any. */
  readonly previous: unknown;
}

const OutcomeShape = z
  .object({ id: z.int(), html_url: z.string().nullish(), url: z.string().optional() })
  .transform(({ id, html_url, url }): Outcome => ({ id, url: html_url ?? url ?? "" }));

/** Carries an action out, unless an earlier attempt did already. Throws {@link Trouble}. */
export function carryOut(github: GitHub, action: Doable): Promise<Outcome> {
  switch (action.kind) {
    case "check-run":
      return sayCheck(github, action, action.payload as CheckRunPayload);
    case "open-issue":
      return openIssue(github, action, action.payload as OpenIssuePayload);
    case "comment":
      return comment(github, action, action.payload as CommentPayload);
    case "reaction":
      return react(github, action.payload as ReactionPayload);
    case "answer-gate":
      return answerGate(github, action.payload as AnswerGatePayload);
    case "notification":
      throw new Error(`${action.key} is not for GitHub`);
  }
}

async function sayCheck(github: GitHub, action: Doable, payload: CheckRunPayload): Promise<Outcome> {
  const { text, checkName, appId } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name };
  const said = {
    status: text.status,
    ...(text.conclusion === null ? {} : { conclusion: text.conclusion }),
    // What passes needs no button; an empty list takes them away.
    actions: text.conclusion === "success" ? [] : BUTTONS,
    output: {
      title: text.title,
      summary: cut(text.summary),
      ...(text.text === "" ? {} : { text: cut(text.text) }),
    },
  };
  // Without an outcome on record, an attempt may still have been made and not been marked.
  const known =
    runOf(action.previous) ?? (await findRun(github, { ...where, ref: text.headSha, checkName, appId }));
  if (known !== null) {
    const route = "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}";
    const changed = await askMaybe(github, route, { ...where, check_run_id: known, ...said }, OutcomeShape);
    if (changed !== null) return changed.data;
  }
  const made = { ...where, name: checkName, head_sha: text.headSha, external_id: action.key, ...said };
  return (await ask(github, "POST /repos/{owner}/{repo}/check-runs", made, OutcomeShape)).data;
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
  const answer = await askMaybe(github, route, asked, shape, [404, 422]);
  const own = (answer?.data.check_runs ?? []).filter(
    (run) => run.name === checkName && run.app?.id === appId,
  );
  return own.length === 0 ? null : Math.max(...own.map(({ id }) => id));
}

async function openIssue(github: GitHub, action: Doable, payload: OpenIssuePayload): Promise<Outcome> {
  const { title, body, labels, assignees, marker, appId } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name };
  const before = await findWritten(github, "GET /repos/{owner}/{repo}/issues", action, marker, appId, {
    ...where,
    state: "all",
    sort: "created",
    direction: "desc",
  });
  if (before !== null) return before;
  const route = "POST /repos/{owner}/{repo}/issues";
  const note = `${body}\nCould not be given to ${assignees.join(", ")}: GitHub does not accept them here.\n`;
  // An unknown assignee or label must not lose the issue.
  const attempts = [
    { ...where, title, body, labels, assignees },
    ...(assignees.length > 0 ? [{ ...where, title, body: note, labels }] : []),
  ];
  for (const attempt of attempts) {
    const made = await askMaybe(github, route, attempt, OutcomeShape, [422]);
    if (made !== null) return made.data;
  }
  return (
    await ask(github, route, { ...where, title, body: assignees.length > 0 ? note : body }, OutcomeShape)
  ).data;
}

async function comment(github: GitHub, action: Doable, payload: CommentPayload): Promise<Outcome> {
  const { body, marker, appId, number } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name, issue_number: number };
  const path = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  const since = new Date(action.storedAt - CLOCKS_DIFFER).toISOString();
  const before = await findWritten(github, `GET ${path}`, action, marker, appId, { ...where, since });
  if (before !== null) return before;
  return (await ask(github, `POST ${path}`, { ...where, body }, OutcomeShape)).data;
}

/** GitHub keeps the same sign by the same account once. */
async function react(github: GitHub, payload: ReactionPayload): Promise<Outcome> {
  const { content, commentId } = payload;
  const where = { owner: payload.repository.owner, repo: payload.repository.name, comment_id: commentId };
  const route = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";
  return (await ask(github, route, { ...where, content }, OutcomeShape)).data;
}

/** GitHub takes one final answer: where it has one already, or the run is gone, there is nothing left to say. */
async function answerGate(github: GitHub, payload: AnswerGatePayload): Promise<Outcome> {
  const { repository, run, environment, state, comment: said } = payload;
  await askMaybe(
    github,
    "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule",
    {
      owner: repository.owner,
      repo: repository.name,
      run_id: run,
      environment_name: environment,
      ...(state === null ? {} : { state }),
      comment: cut(said),
    },
    z.unknown(),
    [404, 422],
  );
  return { id: run, url: "" };
}

const WrittenShape = z.array(
  z.object({
    id: z.int(),
    number: z.int().optional(),
    html_url: z.string(),
    body: z.string().nullish(),
    created_at: InstantShape,
    user: z.object({ type: z.string().optional() }).nullish(),
    performed_via_github_app: z.object({ id: z.int() }).nullish(),
  }),
);

/** The issue or comment that carries a marker. Anyone may copy a marker: only what the App itself wrote counts. */
async function findWritten(
  github: GitHub,
  route: string,
  { storedAt }: Doable,
  marker: string,
  appId: number,
  parameters: Readonly<Record<string, unknown>>,
): Promise<Outcome | null> {
  const from = storedAt - CLOCKS_DIFFER;
  for await (const { data } of pagesOf(github, route, parameters, WrittenShape)) {
    const own = data.find(
      (written) =>
        written.performed_via_github_app?.id === appId &&
        written.user?.type === "Bot" &&
        (written.body ?? "").includes(marker),
    );
    if (own !== undefined) return { id: own.id, url: own.html_url };
    // Issues come newest first: what is older than the action cannot be its own.
    if (parameters["direction"] === "desc" && data.some(({ created_at: at }) => at < from)) return null;
  }
  return null;
}

/** A text that GitHub takes whole, and that says so where something was left out. */
export function cut(text: string): string {
  if (Buffer.byteLength(text) <= MOST_TEXT) return text;
  const note = "\n\nThe rest is left out here: GitHub shows no more than 65,535 characters.";
  const bytes = Buffer.from(text).subarray(0, MOST_TEXT - Buffer.byteLength(note));
  // A character cut in two at the end is dropped.
  return new TextDecoder().decode(bytes, { stream: true }) + note;
}
