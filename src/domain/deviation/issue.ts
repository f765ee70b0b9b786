/** The issue of a deviation: its text, its repository, and when it is not requested. */

import type { Repository } from "../change/repository.ts";
import { sha256 } from "../values/digest.ts";
import type { Action } from "../records/entry.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import {
  clipped,
  listedControls,
  listed,
  localTime,
  markdown,
  markdownOrLink,
  oneLine,
  withLocalTimes,
} from "../texts/wording.ts";
import { isSettled, worded } from "./deviation.ts";
import { asComment, missingUntilDone, nextStep } from "./next-step.ts";
import { dayOf, type ReviewedMonth } from "./operating.ts";
import { priorityOf } from "./remediation.ts";
import type { Instant } from "../time/instant.ts";
import type { DeviationRecord, Person } from "../records/deviation.ts";

/** Describes the payload of an `open-issue` or `update-issue` action: an issue with this text. The marker is hidden in the body, to find the issue again. */
export interface IssuePayload {
  readonly repository: { readonly owner: string; readonly name: string };
  readonly appId: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
  readonly marker: string;
  /** No attempt to open it was made before this moment; null: none before the action was stored. */
  readonly since: Instant | null;
  /** What it should be. A closed one that was never opened is not opened. */
  readonly state: "open" | "closed";
  /** A comment on top, because of what just happened; written once for each `request`. */
  readonly say: string | null;
  /** What asked for it, such as a delivery: a new one makes the same text be sent anew. */
  readonly request: string | null;
}

/** Describes where an issue is sent from. */
export interface IssueSender {
  readonly repository: Repository;
  readonly installationId: number;
  readonly appId: number;
}

/** So many listed changes are shown in an issue, and so many of anything else. */
const CHANGES_SHOWN = 50;
const ITEMS_SHOWN = 10;
const TITLE_LENGTH = 250;

/** Returns the key of every action on the issue of a deviation. */
export function issueKey(deviationId: string): string {
  return `issue:${deviationId}`;
}

/** Returns the hidden marker of a deviation's issue. */
function markerOf(deviationId: string): string {
  return `countersign-deviation:${deviationId}`;
}

/** Returns the repository deviations go to, `owner/name`, or why they go nowhere. */
export function issuePlace(
  { deviations }: Pick<Policy, "deviations">,
  repository: Repository,
):
  | { readonly repository: string; readonly because: null }
  | { readonly repository: null; readonly because: string } {
  if (deviations.repository !== null) return { repository: deviations.repository, because: null };
  // What went wrong inside a company is not for the public to read.
  if (repository.visibility === "public")
    return {
      repository: null,
      because: "the repository is public, and the policy names no other for deviations",
    };
  return { repository: `${repository.owner}/${repository.name}`, because: null };
}

/** Returns the deviation with a place for its issue, if it has none yet. `room`: how many issues may still be asked for this day. */
export function withIssue(
  deviation: DeviationRecord,
  policy: Pick<Policy, "deviations">,
  room: number,
  at: Instant,
): DeviationRecord {
  if (deviation.issue.state === "asked") return deviation;
  const place = issuePlace(policy, deviation.repository);
  if (place.repository === null)
    return { ...deviation, issue: { state: "none", because: place.because, repository: null, day: null } };
  if (isSettled(deviation.status))
    return {
      ...deviation,
      issue: { state: "none", because: "it was settled before its turn came", repository: null, day: null },
    };
  const { repository } = place;
  return room > 0
    ? { ...deviation, issue: { state: "asked", because: "", repository, day: dayOf(at) } }
    : {
        ...deviation,
        issue: {
          state: "waiting",
          because: `${policy.deviations.perDay} issues a day are the most the policy allows`,
          repository,
          day: null,
        },
      };
}

/** Returns the action that updates the issue of a deviation; null: it has none. */
export function issueAction(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  policy: Pick<Policy, "deviations" | "calendar">,
  to: IssueSender,
  extra: {
    /** Null: nobody counted them. */
    readonly months: readonly ReviewedMonth[] | null;
    readonly say?: string | null;
    readonly request?: string | null;
    readonly opens?: boolean;
  },
): Action | null {
  const { issue } = deviation;
  if (issue.state !== "asked" || issue.repository === null) return null;
  const [owner = "", name = ""] = issue.repository.split("/");
  const { title, body } = issueText(deviation, remediation, policy.calendar.timezone, extra.months);
  const payload: IssuePayload = {
    repository: { owner, name },
    appId: to.appId,
    title,
    body,
    labels: policy.deviations.labels,
    assignees: policy.deviations.assignees,
    marker: markerOf(deviation.id),
    since: deviation.detectedAt,
    state: isSettled(deviation.status) ? "closed" : "open",
    say: extra.say ?? null,
    request: extra.request ?? null,
  };
  return {
    key: issueKey(deviation.id),
    kind: extra.opens === true ? "open-issue" : "update-issue",
    repositoryId: to.repository.id,
    organizationId: to.repository.ownerId,
    installationId: to.installationId,
    payload,
  };
}

/** Describes a deviation that waits for its issue, as far as the list of them needs it. */
export type WaitingDeviation = Pick<DeviationRecord, "id" | "title" | "detectedAt">;

/** Returns the one issue that lists what waits for a day with room; closed when nothing waits. */
export function waitingIssue(
  waiting: readonly WaitingDeviation[],
  target: string,
  policy: Pick<Policy, "deviations">,
  to: IssueSender,
): Action {
  const [owner = "", name = ""] = target.split("/");
  // Once opened, its number is on record; only the very first attempt may have to be looked for.
  const marker = `countersign-waiting:${sha256(target).slice(0, 12)}`;
  const count = waiting.length;
  const most = policy.deviations.perDay;
  const lines = waiting.slice(0, CHANGES_SHOWN).map((each) => `- ${each.id}: ${markdown(each.title)}`);
  const more = count - lines.length;
  const body = [
    count === 0
      ? "Every deviation that waited has its own issue now."
      : `${count === 1 ? "1 deviation has" : `${count} deviations have`} no issue yet: the policy allows ${most} new ${most === 1 ? "issue" : "issues"} a day (\`deviations.per-day\`). Nothing to do here: ${count === 1 ? "it gets" : "each gets"} its own issue on one of the following days${count === 1 ? "" : ", the oldest first"}. ${count === 1 ? "It is" : "All are"} on record already.`,
    "",
    ...lines,
    ...(more > 0 ? [`- and ${more} more`] : []),
    "",
    `<!-- ${marker} -->`,
    "",
  ].join("\n");
  const payload: IssuePayload = {
    repository: { owner, name },
    appId: to.appId,
    title:
      count === 0
        ? "No deviation waits for an issue"
        : `${count} more ${count === 1 ? "deviation waits" : "deviations wait"} for an issue`,
    body,
    labels: policy.deviations.labels,
    assignees: policy.deviations.assignees,
    marker,
    since: waiting.length === 0 ? 0 : Math.min(...waiting.map(({ detectedAt }) => detectedAt)),
    state: count === 0 ? "closed" : "open",
    say: null,
    request: null,
  };
  return {
    key: `issue-waiting:${target.toLowerCase()}`,
    kind: "update-issue",
    repositoryId: to.repository.id,
    organizationId: to.repository.ownerId,
    installationId: to.installationId,
    payload,
  };
}

/** Returns the text of the issue: what happened, its status, the remediation, and what comes next. `months`: null where nobody counted. */
export function issueText(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  timezone: string,
  months: readonly ReviewedMonth[] | null,
): { readonly title: string; readonly body: string } {
  const missing = missingUntilDone(deviation, remediation);
  const next =
    missing.length > 1
      ? ["Still needed before its owner can call it done:", "", ...missing.map((each) => `- ${each}`), ""]
      : [nextStep(deviation, remediation, months), ""];
  const shown: Shown = (at) => localTime(at, timezone);
  const parts = [
    ...(isSettled(deviation.status) ? [`**${settledLine(deviation, timezone)}**`, ""] : []),
    described(deviation, timezone),
    "",
    ...listedLines(deviation, timezone),
    "### Status",
    "",
    ...statusLines(deviation, shown).map((line) => `- ${line}`),
    ...(remediation === null
      ? []
      : ["", "### Remediation", "", ...remediationLines(remediation, shown).map((line) => `- ${line}`)]),
    "",
    ...(next[0] === "" ? [] : next.map(asComment)),
    ...(isSettled(deviation.status)
      ? ["Anyone with write permission here can reopen it: `/countersign reopen <reason>`."]
      : [
          "Write one command on the first line of a new comment; `/countersign help` lists them all. This issue closes when the deviation is settled; closed by hand, it is reopened.",
        ]),
  ];
  const text = parts.join("\n");
  return {
    title: clipped(oneLine(deviation.title), TITLE_LENGTH),
    body: `${text}\n\n<!-- ${markerOf(deviation.id)} -->\n`,
  };
}

/** Returns what happened; what was to be done about it is left out once it is settled. An auditor's words stay as they are. */
function described({ description, source, status }: DeviationRecord, timezone: string): string {
  if (source !== "app") return description;
  const said = withLocalTimes(description, timezone);
  return isSettled(status) ? said.replace(/\n\n\*\*What to do:\*\* [^\n]*/u, "") : said;
}

/** Returns why a deviation is settled, in one line. */
export function settledLine(deviation: DeviationRecord, timezone: string): string {
  const { moved } = deviation;
  const when = localTime(moved.at, timezone);
  const reason = markdown(moved.text).replace(/\.$/u, "");
  const who = moved.by === null ? "" : ` by ${markdown(moved.by.login)}`;
  return deviation.status === "not-an-exception"
    ? `Declared not an exception${who} at ${when}: ${reason}.`
    : `Closed at ${when}: ${reason}.`;
}

function listedLines({ listed: all, subjectKind }: DeviationRecord, timezone: string): readonly string[] {
  // What is about a control as such lists in its own words what came about meanwhile.
  if (all.length <= 1 || subjectKind === "control") return [];
  const more = all.length - CHANGES_SHOWN;
  return [
    `### ${all.length} ${subjectKind === "deployment" ? "deployments" : "changes"}`,
    "",
    ...all.slice(0, CHANGES_SHOWN).map(({ what }) => `- ${withLocalTimes(what, timezone)}`),
    ...(more > 0 ? [`- and ${more} more, in the evidence log`] : []),
    "",
  ];
}

type Shown = (at: Instant) => string;

function statusLines(deviation: DeviationRecord, shown: Shown): readonly string[] {
  const { from, to } = deviation.exposure;
  // Where one thing that happened is described, so is what failed of it.
  const isDescribed =
    deviation.source === "app" && deviation.subjectKind !== "control" && deviation.listed.length === 1;
  const exposed =
    to === from
      ? "not exposed"
      : to === null
        ? `exposed since ${shown(from)}`
        : `exposed from ${shown(from)} to ${shown(to)}`;
  return [
    `${deviation.id}: ${worded(deviation.status)}`,
    `severity ${deviation.severity}, ${exposed}`,
    `type ${deviation.type}: ${markdown(deviation.typeReason)}`,
    ...(deviation.controls.length === 0 || isDescribed
      ? []
      : [`failed controls: ${listedControls(deviation.controls)}`]),
    ...(deviation.explained ?? [])
      .slice(-ITEMS_SHOWN)
      .map(({ text, by, at }) => `explained by ${person(by)} at ${shown(at)}: ${markdownOrLink(text)}`),
    ...(deviation.source === "auditor"
      ? [
          `reported by an auditor${deviation.reference === null ? "" : ` (${markdownOrLink(deviation.reference)})`}, entered by ${person(deviation.enteredBy)}`,
        ]
      : []),
  ];
}

function remediationLines(remediation: RemediationRecord, shown: Shown): readonly string[] {
  const { rootCause, measure, owner, due, targets, priority, raci } = remediation;
  const moves = targets.slice(0, -1).map((each) => each.due);
  const score = priorityOf(priority);
  const people = (name: string, some: readonly Person[]): readonly string[] =>
    some.length === 0 ? [] : [`${name}: ${listed(some.map((each) => markdown(each.login)))}`];
  const blocker = remediation.blockers.findLast(({ until }) => until === null);
  const missed = remediation.reviews.filter(({ at }) => at === null).map((each) => each.due);
  return [
    `status: ${remediation.status}`,
    ...(rootCause === null ? [] : [`root cause, ${rootCause.category}: ${markdownOrLink(rootCause.text)}`]),
    ...remediation.whys
      .slice(0, ITEMS_SHOWN)
      .map(({ text }, index) => `why ${index + 1}: ${markdownOrLink(text)}`),
    ...(remediation.action === null ? [] : [`action: ${markdownOrLink(remediation.action)}`]),
    ...(measure === null
      ? []
      : [`preventive measure${measure.suggested ? " (suggested)" : ""}: ${markdownOrLink(measure.text)}`]),
    ...(owner === null ? [] : [`owner (responsible): ${person(owner)}`]),
    ...people("accountable", raci.accountable),
    ...people("consulted", raci.consulted),
    ...people("informed", raci.informed),
    ...(due === null
      ? []
      : [
          `target date: ${due}${moves.length === 0 ? "" : `, previously ${moves.slice(-ITEMS_SHOWN).join(", ")}`}`,
        ]),
    ...(priority === null || score === null
      ? []
      : [`priority ${score}: impact ${priority.impact}, effort ${priority.effort}, risk ${priority.risk}`]),
    ...(remediation.method === null ? [] : [`verified by: ${markdownOrLink(remediation.method)}`]),
    ...remediation.evidence
      .slice(-ITEMS_SHOWN)
      .map(({ text, by }) => `evidence from ${person(by)}: ${markdownOrLink(text)}`),
    ...(blocker === undefined ? [] : [`blocked since ${shown(blocker.at)}: ${markdownOrLink(blocker.text)}`]),
    ...(missed.length === 0 ? [] : [`reviews missed: ${missed.slice(-ITEMS_SHOWN).join(", ")}`]),
    ...(remediation.done === null
      ? []
      : [`declared done by ${person(remediation.done.by)} at ${shown(remediation.done.at)}`]),
    ...(remediation.effective === null
      ? []
      : [
          `confirmed effective by ${person(remediation.effective.by)} at ${shown(remediation.effective.at)}: ${markdownOrLink(remediation.effective.text)}`,
        ]),
    ...(remediation.response === null
      ? []
      : [
          `response written by ${listed(remediation.response.writers.map(person), "and")}, approved by ${person(remediation.response.by)} at ${shown(remediation.response.at)}: ${markdownOrLink(remediation.response.text)}`,
        ]),
    ...(remediation.elsewhere === null
      ? []
      : [`checked elsewhere: ${markdownOrLink(remediation.elsewhere.text)}`]),
    ...(remediation.customers === null
      ? []
      : [`affected customers: ${markdownOrLink(remediation.customers.text)}`]),
    ...remediation.expectations.map(({ text }) => `the auditor expects: ${markdownOrLink(text)}`),
  ];
}

function person(who: Person | null): string {
  return who === null ? "the App" : markdown(who.login);
}
