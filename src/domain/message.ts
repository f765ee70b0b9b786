/** The longer texts: the check run on a pull request, and the issue of a deviation. Markdown; everything from outside is made harmless. */

import { withBroughtPolicy } from "./brought-policy.ts";
import type { Change, PullRequest, Sha } from "./change.ts";
import type { Deployment } from "./deployment.ts";
import { lookalikes } from "./lookalike.ts";
import { isAccepted } from "./acceptance.ts";
import { NOT_SHOWN_YET } from "./awaited.ts";
import { judgeApprovals } from "./approval.ts";
import { NAMES_NOBODY } from "./controls/named.ts";
import { NOBODY_CAN, PRE_APPROVED } from "./controls/independently-approved.ts";
import { unableNotes } from "./nobody.ts";
import { ownerNotes } from "./owners.ts";
import { asksForOwners, type Policy } from "./policy/policy.ts";
import { withEmergency } from "./emergency/check-text.ts";
import type { EmergencyFacts } from "./emergency/facts.ts";
import type { Requirement } from "./policy/requirement.ts";
import type { PolicyInForce } from "./policy/tighten.ts";
import type { CheckRunText, PolicySource } from "./record.ts";
import { resultState, type Assessment, type Result, type Verdict } from "./result.ts";
import {
  clipped,
  CONTROL_TITLES,
  listed,
  markdown,
  missingOf,
  oneOf,
  approvalWords,
  NAMES_SHOWN,
  oneLine,
  short,
  some,
  sources,
  time,
  VERDICT_TITLES,
} from "./wording.ts";

/** For each way of being entitled (as `sources` words it): who could approve, by login. */
export type Candidates = readonly { readonly source: string; readonly logins: readonly string[] }[];

/** So many lines are listed of anything; GitHub takes 65,535 characters for each part of a check run and for an issue. */
const LINES_SHOWN = 50;

/** GitHub shows so much of a title. */
const TITLE_LENGTH = 250;

/** The check run's words. `assessment` null: the base is not a production branch. */
export function checkText(facts: {
  readonly pulls: readonly PullRequest[];
  readonly headSha: Sha;
  readonly assessment: Assessment | null;
  readonly policy: PolicyInForce;
  readonly candidates: Candidates;
  /** Our App's id: a check of our name by anyone else is pointed out. */
  readonly appId: number;
  readonly emergencies?: readonly EmergencyFacts[];
}): CheckRunText {
  const { headSha, assessment, policy } = facts;
  if (assessment === null) {
    const out = policy.state === "known" ? policy.record.effective.outOfScope : undefined;
    if (out !== undefined) return outOfScope(headSha, out);
    const base = oneLine(facts.pulls[0]?.base.ref ?? "");
    return {
      headSha,
      status: "completed",
      conclusion: "success",
      title: "Not in scope",
      summary: `${markdown(base)} is not a production branch, so no approval is asked for here. This is judged again as soon as the base changes.`,
      text: "",
    };
  }
  // A policy that must be mended is no more observed than one that cannot be parsed.
  const isWhole = !assessment.results.some(({ cause }) => cause === NAMES_NOBODY);
  const observing = isWhole && policy.state === "known" && policy.record.effective.mode === "observe";
  const state = stateOf(assessment, observing);
  const title = titleOf(facts, assessment, observing);
  const said: CheckRunText = {
    headSha,
    ...state,
    title: clipped(oneLine(title), TITLE_LENGTH),
    summary: summaryOf(facts, assessment, observing),
    text: textOf(facts, assessment),
  };
  if (policy.state !== "known" || facts.emergencies === undefined)
    return withBroughtPolicy(said, facts.pulls, observing);
  const { effective } = policy.record;
  const source = sources(effective.emergency.authorisers);
  const able = facts.candidates.find((each) => each.source === source)?.logins ?? [];
  const whole = withEmergency(said, assessment, { emergencies: facts.emergencies, policy: effective, able });
  const { laxerLine: laxer } = effective;
  const summary = laxer === undefined ? whole.summary : `${sayLaxer(laxer)}\n\n${whole.summary}`;
  const titled = { ...whole, title: clipped(oneLine(whole.title), TITLE_LENGTH), summary };
  return withBroughtPolicy(titled, facts.pulls, observing);
}

/** Why the line that fits this repository now does not hold. */
function sayLaxer({ name, topic }: NonNullable<Policy["laxerLine"]>): string {
  const about = name ?? `the topic ${topic ?? ""}`;
  return `The line of \`repositories\` on ${markdown(oneLine(about))} was meant for other repositories: this one came to it by a rename, a transfer or a topic, so the stricter line holds. If it is meant for this one, change that entry in the organisation's policy file.`;
}

function outOfScope(headSha: Sha, { reason, owner }: NonNullable<Policy["outOfScope"]>): CheckRunText {
  return {
    headSha,
    status: "completed",
    conclusion: "success",
    title: clipped(`Not in scope: ${oneLine(reason)}`, TITLE_LENGTH),
    summary: `The organisation's policy leaves this repository out: ${markdown(reason)}; ${markdown(owner)} answers for it. Nothing is asked for here and nothing is recorded of what is merged. If that is wrong, change \`repositories\` in the organisation's policy file.`,
    text: "",
  };
}

type State = Pick<CheckRunText, "status" | "conclusion">;

/** The verdicts under which a pull request may be merged. */
const LETS_PASS: ReadonlySet<Verdict> = new Set(["compliant", "exempted", "emergency"]);

/** Whether all that holds it is what could not be verified, and somebody answers for that. */
function isAcceptedWhole(assessment: Assessment): boolean {
  return assessment.verdict === "unverifiable" && openResults(assessment).length === 0;
}

/** INVARIANT: never neutral or skipped: GitHub lets those through a required check. */
function stateOf(assessment: Assessment, observing: boolean): State {
  const passes = LETS_PASS.has(assessment.verdict) || isAcceptedWhole(assessment);
  if (observing || passes) return { status: "completed", conclusion: "success" };
  if (assessment.verdict === "pending") return { status: "in_progress", conclusion: null };
  return { status: "completed", conclusion: "failure" };
}

function titleOf(facts: Parameters<typeof checkText>[0], assessment: Assessment, observing: boolean): string {
  const open = openResults(assessment);
  const approvers = [
    ...new Set(assessment.approvals.filter((each) => each.counts).map((each) => each.login)),
  ];
  const waived = assessment.results.find(({ outcome }) => outcome === "waived");
  if (assessment.verdict === "exempted") return capital(waived?.reasons[0] ?? VERDICT_TITLES.exempted);
  if (isAcceptedWhole(assessment))
    return (
      assessment.results
        .find(isAccepted)
        ?.reasons[0]?.replace(" accepted that: ", " accepted what cannot be verified: ") ??
      VERDICT_TITLES.unverifiable
    );
  const standard = assessment.results.find(({ cause }) => cause === PRE_APPROVED);
  if (assessment.verdict === "compliant" && approvers.length === 0)
    return capital(standard?.reasons[0] ?? "Nothing more is needed");
  if (assessment.verdict === "compliant") return `Approved by ${some(approvers, NAMES_SHOWN)}`;
  const first = open.find((each) => resultState(each) !== "waiting") ?? open[0];
  const what = first === undefined ? VERDICT_TITLES[assessment.verdict] : inTitle(first, facts);
  if (observing) return `Observing only; enforced, this would be held back: ${what}`;
  // A login or a check at the beginning is written as its owner writes it.
  const named =
    ["changes-requested", "check-failed"].includes(first?.cause ?? "") || approversFirst(what, assessment);
  return named ? what : capital(what);
}

function inTitle(open: Result, facts: Parameters<typeof checkText>[0]): string {
  const reason = open.reasons[0] ?? open.cause;
  switch (open.cause) {
    case "waiting-for-approval":
      return `waiting for ${missingApprovals(facts).join("; ")}`;
    case "own-work":
      return open.reasons.find((each) => !each.startsWith("needs ")) ?? reason;
    case NOT_SHOWN_YET:
    case "waiting-for-check":
    case "waiting-for-freeze":
      return reason.replace(/^waits/u, "waiting");
    default:
      return reason;
  }
}

function approversFirst(text: string, assessment: Assessment): boolean {
  return assessment.approvals.some((each) => text.startsWith(`${oneLine(each.login)} `));
}

/** "1 approval from acme/dba (ann, bob)" for each requirement that is not met. */
function missingApprovals(facts: Parameters<typeof checkText>[0]): readonly string[] {
  const { policy, pulls, candidates } = facts;
  if (policy.state !== "known") return [];
  const effective = policy.record.effective;
  const asks = pulls.flatMap((pull) => {
    const { asks: all, approvals } = judgeApprovals(pull, effective, pull.merged?.at ?? Infinity);
    // Who counts already, or made it, is not asked again.
    const counted = approvals
      .filter((each) => each.counts || each.code === "own-work" || each.code === "requested")
      .map((each) => each.login);
    const out = new Set([pull.author?.login ?? "", ...counted].map((login) => login.toLowerCase()));
    const able = ({ from }: Requirement): readonly string[] =>
      (candidates.find((each) => each.source === sources(from))?.logins ?? []).filter(
        (login) => !out.has(login.toLowerCase()),
      );
    return all
      .filter((each) => each.outcome === "short")
      .map((each) => `${missingOf(each, able, out)}${pulls.length > 1 ? ` on #${pull.number}` : ""}`);
  });
  return [...new Set(asks)];
}

function openResults(assessment: Assessment): readonly Result[] {
  return assessment.results.filter(
    (each) => each.outcome === "fail" || (each.outcome === "unverifiable" && !isAccepted(each)),
  );
}

function summaryOf(
  facts: Parameters<typeof checkText>[0],
  assessment: Assessment,
  observing: boolean,
): string {
  const open = openResults(assessment);
  const lines: string[] = [];
  if (assessment.verdict === "compliant")
    lines.push("This can be merged: everything the policy asks for is there.");
  else if (isAcceptedWhole(assessment))
    lines.push(
      "This can be merged: somebody answers for what could not be verified. The record keeps that it could not.",
      ...listOf(assessment.results.filter(isAccepted).map((each) => joined(each.reasons))),
    );
  else if (assessment.verdict === "exempted")
    lines.push(
      "This can be merged: the policy lets it lack this for a time.",
      ...listOf(waivedIn(assessment)),
    );
  else if (observing)
    lines.push("The policy only observes: nothing is held back. Enforced, this would be missing:");
  else lines.push("What is needed:");
  lines.push(...listOf(open.flatMap((each) => needs(each, facts))));
  const soFar = open.filter((each) => ASKING.has(each.cause)).flatMap((each) => each.reasons);
  const given = soFar.filter((reason) => !reason.startsWith("needs ") && !isStuck(reason));
  if (given.length > 0) lines.push("", "So far:", ...listOf(given.map(markdown)));
  const asksOwners = facts.policy.state === "known" && asksForOwners(facts.policy.record.effective);
  const strange = [
    ...(asksOwners ? facts.pulls.flatMap(ownerNotes) : []),
    ...facts.pulls.flatMap(unableNotes),
    ...facts.pulls.flatMap(({ unshown = [] }) =>
      unshown.map((what) => `GitHub does not show ${what}: it does not count`),
    ),
    ...lookalikes(facts.pulls, facts.appId),
  ];
  if (strange.length > 0) lines.push("", "Take care:", ...listOf(strange.map(markdown)));
  return lines.join("\n");
}

function waivedIn({ results }: Assessment): readonly string[] {
  return results.filter(({ outcome }) => outcome === "waived").map((each) => joined(each.reasons));
}

/** Causes whose reasons tell, after what is needed, how the approvals given so far stand. */
const ASKING: ReadonlySet<string> = new Set(["waiting-for-approval", "own-work", NOBODY_CAN]);

function isStuck(reason: string): boolean {
  return reason.startsWith("nobody can give ") || reason.startsWith("also needs ");
}

/** How a policy file is mended that lets nothing pass. */
const MENDING =
  "mend it in a pull request that changes nothing else; that one is judged by the file as it last worked";

/** What is missing, from whom, and how to get it. */
function needs(each: Result, facts: Parameters<typeof checkText>[0]): readonly string[] {
  const reasons = each.reasons.map(markdown);
  switch (each.cause) {
    case "waiting-for-approval":
      return missingApprovals(facts).map(
        (ask) => `${markdown(ask)}: open “Files changed”, then “Review changes”, then “Approve”`,
      );
    case "own-work":
      return missingApprovals(facts).map(
        (ask) => `${markdown(ask)}, by someone who did not make these commits`,
      );
    case NOBODY_CAN:
      return reasons.filter((_, index) => isStuck(each.reasons[index] ?? ""));
    case "check-failed":
      return reasons.map((reason) => `${reason}: mend it, or run it again`);
    case "waiting-for-check":
      return reasons.map((reason) =>
        reason.startsWith("waits for ")
          ? `${reason.slice("waits for ".length)} must succeed; then this is judged again by itself`
          : reason,
      );
    case "waiting-for-freeze":
      return reasons.map((reason) => `${reason.replace(/^waits/u, "wait")}; then this passes by itself`);
    case NOT_SHOWN_YET:
      return reasons.map(
        (reason) => `${reason.replace(/^waits/u, "wait")}; then this is judged again by itself`,
      );
    case "not-shown":
      return [
        ...reasons.map((reason) => `${reason}; it is tried again, and re-running this check tries at once`),
        ...accepting(facts.policy),
      ];
    case "policy-broken":
      return [`${reasons[0] ?? ""}: ${MENDING}`, ...reasons.slice(1)];
    case NAMES_NOBODY:
      return [...reasons, `${MENDING}; a team or account made meanwhile counts once the file was changed`];
    case "policy-unreadable":
      return reasons.map((reason) => `${reason}; it is tried again, and re-running this check tries at once`);
    case "unknown":
      return [...reasons, ...new Set(each.reasons.map(wayOut)), ...accepting(facts.policy)];
    default:
      return reasons;
  }
}

/** Who may answer for what cannot be verified, and how. */
function accepting(policy: PolicyInForce): readonly string[] {
  if (policy.state !== "known") return [];
  const who = oneOf(sources(policy.record.effective.unverifiable.acceptedBy));
  return [`or ${markdown(who)} comments \`/countersign accept <reason>\``];
}

/** What to do about what reached production so. */
function whatToDo(failed: readonly Result[]): string {
  const owed = failed.find(({ control }) => control === "emergency-reviewed-in-time");
  if (owed === undefined || failed.length > 1)
    return "review what reached production now, say why it happened, and revert it if it should not be there.";
  return owed.cause === "rejected"
    ? "revert what was rejected by the time given, and say why it was let through."
    : "somebody with no part in it reviews what shipped now (`/countersign approve` or `/countersign reject <reason>`); then say why nobody did in time.";
}

/** What to do where something cannot be told. */
function wayOut(reason: string): string {
  if (reason.includes("who pushed"))
    return "to settle it, amend the commits, push them again and have them approved";
  if (reason.includes("than can be read"))
    return "to settle it, open another pull request with this content and have that approved";
  if (reason.includes("GitHub would not")) return "to settle it, re-run this check when GitHub answers again";
  return "to settle it, have the present version approved anew";
}

function listOf(lines: readonly string[]): readonly string[] {
  const shown = [...new Set(lines)].map((line) => `- ${line}`);
  return shown.length <= LINES_SHOWN
    ? shown
    : [...shown.slice(0, LINES_SHOWN), `- and ${shown.length - LINES_SHOWN} more`];
}

function textOf(facts: Parameters<typeof checkText>[0], assessment: Assessment): string {
  const parts: string[] = [];
  if (assessment.results.length > 0) {
    parts.push(
      "### Controls",
      "| This change was … | | |",
      "|---|---|---|",
      ...assessment.results.map(
        (each) =>
          `| ${CONTROL_TITLES[each.control]} | ${outcomeWord(each)} | ${joined(each.cause === "policy-broken" ? each.reasons.slice(0, 1) : each.reasons)} |`,
      ),
    );
  }
  parts.push("", "### Approvals");
  if (assessment.approvals.length === 0)
    parts.push("None so far. A review approves; a comment approves nothing.");
  else {
    parts.push("| who | counts | entitled by | why |", "|---|---|---|---|");
    for (const each of assessment.approvals.slice(0, LINES_SHOWN)) {
      const by = [...new Set((each.served ?? []).flatMap((served) => served.by))].map(markdown);
      const cells = [
        markdown(each.login),
        each.counts ? "yes" : "no",
        some(by, NAMES_SHOWN),
        markdown(approvalWords(each)),
      ];
      parts.push(`| ${cells.join(" | ")} |`);
    }
  }
  const more = assessment.approvals.length - LINES_SHOWN;
  if (more > 0) parts.push(`| and ${more} more | | | |`);
  parts.push("", policyLine(facts.policy));
  return parts.join("\n");
}

/** Reasons in one table cell or line: the first few. */
function joined(reasons: readonly string[]): string {
  return some(reasons.map(markdown), NAMES_SHOWN, "; ");
}

function outcomeWord(each: Result): string {
  return {
    waiting: "waiting",
    pass: "yes",
    fail: "no",
    waived: "waived",
    "not-applicable": "not asked",
    unverifiable: "cannot tell",
  }[resultState(each)];
}

function policyLine(policy: PolicyInForce): string {
  if (policy.state === "unreadable") return `Policy: could not be read (${markdown(policy.because)}).`;
  if (policy.state === "broken") return "Policy: has problems, see above.";
  const { organization, repository, digest } = policy.record;
  const files = [organization, repository].map(fileName).filter((each) => each !== null);
  return `Policy: ${files.length === 0 ? "the defaults, no file was found" : files.join(" and ")} (digest ${short(digest)}).`;
}

function fileName(source: PolicySource): string | null {
  return source.state === "found"
    ? `${markdown(source.repository)}/${source.path} at ${short(source.commit)}`
    : null;
}

/** The title and body of a deviation, before the marker. */
export function deviationText(
  facts:
    | { readonly change: Change; readonly assessment: Assessment }
    | { readonly deployment: Deployment; readonly assessment: Assessment },
): { readonly title: string; readonly description: string } {
  const failed = facts.assessment.results.filter((each) => each.outcome === "fail");
  const denied = ({ control }: Result): string =>
    control === "checks-passed" ? "checked with success" : CONTROL_TITLES[control];
  const controls = failed.map((each) => `- not ${denied(each)}: ${joined(each.reasons)}`);
  const not = listed(failed.map(denied), "or");
  const [title, what] = "change" in facts ? aboutChange(facts.change) : aboutDeployment(facts.deployment);
  const description = [
    `${what} It was not ${not}.`,
    "",
    `**What to do:** ${whatToDo(failed)}`,
    "",
    ...controls,
  ].join("\n");
  return { title: clipped(oneLine(title), TITLE_LENGTH), description };
}

function aboutChange(change: Change): readonly [string, string] {
  const branch = change.update.ref.replace(/^refs\/heads\//u, "");
  const who = change.update.actor?.login ?? "an unknown account";
  const where = `${change.repository.owner}/${change.repository.name}`;
  const when = time(change.update.at);
  const pull = change.pullRequests[0];
  const moved = `${short(change.update.before)} to ${short(change.update.after)}`;
  if (change.update.kind === "pull-request" || change.update.kind === "queue") {
    const numbers = change.pullRequests.map((each) => `#${each.number}`).join(", ");
    const title = `${where}: ${pull === undefined ? "a merge" : numbers} reached ${branch} without what the policy asks for`;
    return [
      title,
      `${markdown(who)} merged ${numbers === "" ? "a pull request" : numbers} into ${markdown(branch)} at ${when} (${moved}).`,
    ];
  }
  const verb =
    change.update.kind === "force-push"
      ? "force-pushed to"
      : change.update.kind === "branch-created"
        ? "created"
        : "pushed straight to";
  return [
    `${where}: ${who} ${verb} ${branch}`,
    `${markdown(who)} ${verb} ${markdown(branch)} at ${when} (${moved}).`,
  ];
}

function aboutDeployment(deployment: Deployment): readonly [string, string] {
  const where = `${deployment.repository.owner}/${deployment.repository.name}`;
  const { origin } = deployment;
  const reporter = origin.kind === "report" ? `the pipeline ${oneLine(origin.source)}` : null;
  const who = deployment.creator?.login ?? reporter ?? "an unknown account";
  const what = short(deployment.sha);
  return [
    `${where}: ${what} was deployed to ${deployment.environment} without what the policy asks for`,
    `${markdown(who)} deployed ${what} (${markdown(deployment.ref)}) to ${markdown(deployment.environment)}; it succeeded at ${time(deployment.succeededAt)}.`,
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
