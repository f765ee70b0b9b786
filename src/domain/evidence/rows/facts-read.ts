/** The facts a control read, in words: the inputs of its result, the approvals and the checks behind them. */

import type { ChangeRecord } from "../../records/change.ts";
import type { DeploymentRecord } from "../../records/deployment.ts";
import { oneLine, time } from "../../texts/wording.ts";
import type { JudgedApproval, Result } from "../../values/result.ts";
import { personText } from "../tables/table.ts";

type Body = ChangeRecord | DeploymentRecord;

/** Lists what a result rests on, one fact an item; none where the control does not apply. */
export function factsRead(result: Result, body: Body): readonly string[] {
  const { control, inputs } = result;
  const shown = new Map(Object.entries(inputs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const items: string[] = [];
  if (control === "independently-approved" || control === "approved-by-owners") {
    const pulls = listOf(inputs["pullRequests"]);
    for (const [index, pull] of pulls.entries())
      items.push(...countsText(pull, listOf(inputs["required"])[index], listOf(inputs["counted"])[index]));
    if (pulls.length > 0) for (const key of ["pullRequests", "required", "counted"]) shown.delete(key);
    // Where the control does not apply, it did not read who approved.
    if (result.outcome !== "not-applicable")
      items.push(...body.assessment.approvals.map((each) => approvalText(each, body)));
  }
  if (control === "checks-passed") items.push(...checksText(inputs, body));
  return [...items, ...[...shown].map(([key, value]) => `${inWords(key)}: ${valueText(key, value, body)}`)];
}

/** One line for each requirement of a pull request. */
function countsText(pull: unknown, required: unknown, counted: unknown): readonly string[] {
  const needed = listOf(required).map(Number);
  const found = listOf(counted).map(Number);
  return needed.length === 0
    ? [`#${String(pull)}: no approval required`]
    : needed.map((each, index) => `#${String(pull)}: ${found[index] ?? 0} of ${each} required approvals`);
}

function approvalText(approval: JudgedApproval, body: Body): string {
  const { reviewId, actorId, login, counts, code, served = [] } = approval;
  const pulls = "change" in body ? body.change.pullRequests : [];
  const review = pulls.flatMap(({ reviews }) => reviews).find(({ id }) => id === reviewId);
  const who = actorId === null ? "unknown" : personText({ id: actorId, login });
  const of =
    review === undefined ? "" : ` of commit ${review.commit ?? "unknown"} at ${time(review.submittedAt)}`;
  const purpose = served.map(
    ({ requirement, rule }) => requirement + (rule === null ? "" : ` (rule ${rule})`),
  );
  const how = counts
    ? `counts${purpose.length === 0 ? "" : ` for ${purpose.join(", ")}`}`
    : `does not count (${code})`;
  return oneLine(`approval by ${who}${of}: ${how}`);
}

/** The runs of the required checks on what was merged. */
function checksText(inputs: Result["inputs"], body: Body): readonly string[] {
  if (!("change" in body)) return [];
  const { change } = body;
  const names = new Set(listOf(inputs["required"]).map((each) => (each as { readonly name?: unknown }).name));
  const runs =
    change.update.kind === "pull-request"
      ? change.pullRequests.flatMap(({ checks }) => checks)
      : change.checks;
  return runs
    .filter(({ name }) => names.has(name))
    .map(({ name, app, conclusion, completedAt }) => {
      const end = completedAt === null ? "not completed" : `completed at ${time(completedAt)}`;
      return oneLine(`check ${name} by ${app?.slug ?? "unknown"}: ${conclusion ?? "no conclusion"}, ${end}`);
    });
}

/** Milliseconds since 1970 are never smaller, and no id is so large. */
const FIRST_MOMENT = 1e12;

function valueText(key: string, value: unknown, body: Body): string {
  if (value === null || value === undefined) return "no value";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (value >= FIRST_MOMENT) return time(value);
    return /(?:^by|By|^makers)$/u.test(key) ? (loginIn(body, value) ?? `#${value}`) : String(value);
  }
  if (typeof value === "string") return oneLine(value) || "empty";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return value.map((each) => valueText(key, each, body)).join(", ") || "none";
  if ("login" in value && "id" in value) return oneLine(`${String(value.login)}#${String(value.id)}`);
  const parts = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `(${parts.map(([name, each]) => `${inWords(name)} ${valueText(name, each, body)}`).join(", ")})`;
}

/** Finds the account of an id among the facts of a subject. */
function loginIn(value: unknown, id: number): string | null {
  if (typeof value !== "object" || value === null) return null;
  if ("login" in value && "id" in value && value.id === id) return `${String(value.login)}#${id}`;
  for (const each of Object.values(value)) {
    const found = loginIn(each, id);
    if (found !== null) return found;
  }
  return null;
}

/** `authorisedBy` as `authorised by`. */
function inWords(key: string): string {
  return oneLine(key.replaceAll(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
