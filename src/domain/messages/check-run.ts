/** The longer texts: the check run on a pull request, and the issue of a deviation. Markdown; everything from outside is made harmless. */

import { withProposedPolicy } from "../assessment/proposed-policy.ts";
import type { Change } from "../change/change.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { lookalikes } from "../assessment/lookalike-checks.ts";
import { acceptancesOf, isAccepted } from "../assessment/acceptance.ts";
import { needsOf, openResults, whyOpen, type Need, type NeedFacts } from "./check-needs.ts";
import { NAMES_NOBODY } from "../assessment/unknown-names.ts";
import { PRE_APPROVED } from "../approval/pre-approved/pre-approved-change.ts";
import { unableToApproveNotes } from "../approval/no-approver-left.ts";
import { ownerNotes } from "../approval/code-owners.ts";
import { requiresCodeOwners, type Policy } from "../policy/file/policy.ts";
import { withEmergency } from "./emergency-in-check.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { defaultPolicy, type PolicyInForce } from "../policy/tighten.ts";
import type { CheckRunText } from "../records/change.ts";
import { resultState, type Assessment, type Result, type Verdict } from "../values/result.ts";
import {
  hint,
  clipped,
  CONTROL_TITLES,
  listedControls,
  markdown,
  NAMES_SHOWN,
  oneLine,
  short,
  some,
  time,
  VERDICT_TITLES,
  withLocalTimes,
} from "../texts/wording.ts";
import type { Sha } from "../change/sha.ts";
import type { PolicySource } from "../policy/record.ts";
import { countsText, unseenNotes } from "../approval/wording.ts";
import { approversText } from "../policy/approvers-text.ts";

/** So many lines are listed of anything; GitHub takes 65,535 characters for each part of a check run and for an issue. */
const LINES_SHOWN = 50;

/** GitHub shows so much of a title. */
const TITLE_LENGTH = 250;

/** What there is instead of an emergency where no policy defines what one may waive. */
const WITHOUT_POLICY =
  "No emergency can be declared until the policy can be read: it defines what an emergency may waive.";

/** The cause of a result on which the policy asks nothing. */
const NONE_REQUIRED = "none-required";

/** What the words of a check run are made of. */
interface CheckFacts extends NeedFacts {
  /** Our App's id: a check of our name by anyone else is pointed out. */
  readonly appId: number;
}

/** Returns the check run's words. `assessment` null: the base is not a production branch. */
export function checkText(
  facts: CheckFacts & {
    readonly headSha: Sha;
    readonly assessment: Assessment | null;
    readonly emergencies?: readonly EmergencyFacts[];
  },
): CheckRunText {
  const { headSha, assessment, policy } = facts;
  if (assessment === null) {
    const out = policy.state === "known" ? policy.record.effective.outOfScope : undefined;
    if (out !== undefined) return outOfScope(headSha, out);
    const base = oneLine(facts.pulls[0]?.base.ref ?? "");
    return {
      headSha,
      status: "completed",
      conclusion: "success",
      title: clipped(`Not in scope: ${base} is not a production branch`, TITLE_LENGTH),
      summary: "Nothing is required here. This check updates when the base branch changes.",
      text: "",
    };
  }
  // A policy that must be fixed is no more observed than one that cannot be parsed.
  const isWhole = !assessment.results.some(({ cause }) => cause === NAMES_NOBODY);
  const observing = isWhole && policy.state === "known" && policy.record.effective.mode === "observe";
  const state = stateOf(assessment, observing);
  const title = titleOf(facts, assessment, observing);
  const { timezone } = (policy.state === "known" ? policy.record.effective : defaultPolicy()).calendar;
  const said: CheckRunText = {
    headSha,
    ...state,
    title: clipped(withLocalTimes(oneLine(title), timezone), TITLE_LENGTH),
    summary: withLocalTimes(summaryOf(facts, assessment, observing), timezone),
    text: withLocalTimes(textOf(facts, assessment, title), timezone),
  };
  if (policy.state !== "known")
    return withProposedPolicy(
      { ...said, summary: `${said.summary}\n\n${hint(WITHOUT_POLICY)}` },
      facts.pulls,
      observing,
    );
  const { effective } = policy.record;
  const source = approversText(effective.emergency.authorisers);
  const able = facts.candidates.find((each) => each.source === source)?.logins ?? [];
  const whole = withEmergency(said, assessment, {
    emergencies: facts.emergencies ?? [],
    policy: effective,
    able,
  });
  const { laxerLine: laxer } = effective;
  const summary = laxer === undefined ? whole.summary : `${whole.summary}\n\n${laxerText(laxer)}`;
  const titled = { ...whole, title: clipped(oneLine(whole.title), TITLE_LENGTH), summary };
  return withProposedPolicy(titled, facts.pulls, observing);
}

/** Returns why the entry that fits this repository now does not apply. */
function laxerText({ name, topic }: NonNullable<Policy["laxerLine"]>): string {
  const about = name ?? `the topic ${topic ?? ""}`;
  return `The entry of \`repositories\` for ${markdown(oneLine(about))} was written for other repositories. This one came under it by a rename, a transfer or a topic, so the stricter entry applies. If it is meant for this one, change it in the organisation's policy file.`;
}

function outOfScope(headSha: Sha, { reason, owner }: NonNullable<Policy["outOfScope"]>): CheckRunText {
  return {
    headSha,
    status: "completed",
    conclusion: "success",
    title: clipped(`Not in scope: ${oneLine(reason)}`, TITLE_LENGTH),
    summary: `Excluded by the organisation's policy; ${markdown(owner)} is responsible for that. Nothing is required here, and no merge is recorded. To include this repository, change \`repositories\` in the organisation's policy file.`,
    text: "",
  };
}

type State = Pick<CheckRunText, "status" | "conclusion">;

/** The verdicts under which a pull request may be merged. */
const LETS_PASS: ReadonlySet<Verdict> = new Set(["compliant", "exempted", "emergency"]);

/** Returns whether only what could not be verified blocks it, and someone answers for that. */
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

function titleOf(facts: CheckFacts, assessment: Assessment, observing: boolean): string {
  const approvers = [
    ...new Set(assessment.approvals.filter((each) => each.counts).map((each) => each.login)),
  ];
  const waived = assessment.results.find(({ outcome }) => outcome === "waived");
  if (assessment.verdict === "exempted") return capital(waived?.reasons[0] ?? VERDICT_TITLES.exempted);
  if (isAcceptedWhole(assessment)) {
    const acceptance = assessment.results.flatMap(acceptancesOf)[0];
    return acceptance === undefined
      ? VERDICT_TITLES.unverifiable
      : `${acceptance.by.login} accepted what cannot be verified: ${acceptance.reason}`;
  }
  const standard = assessment.results.find(({ cause }) => cause === PRE_APPROVED);
  if (assessment.verdict === "compliant" && approvers.length === 0)
    return capital(standard?.reasons[0] ?? "Nothing more is needed");
  if (assessment.verdict === "compliant") return `Approved by ${some(approvers, NAMES_SHOWN)}`;
  const needs = needsIn(facts, assessment);
  const [first] = needs;
  const what = first?.title ?? VERDICT_TITLES[assessment.verdict];
  const more = needs.length > 1 ? `; ${needs.length - 1} more below` : "";
  if (observing) return `Not blocked, but would be in enforce mode: ${what}${more}`;
  // A login or a check at the beginning is written as its owner writes it.
  const asWritten = first?.asWritten === true || approversFirst(what, assessment);
  return `${asWritten ? what : capital(what)}${more}`;
}

function approversFirst(text: string, assessment: Assessment): boolean {
  return assessment.approvals.some((each) =>
    [" ", "'s "].some((after) => text.startsWith(`${oneLine(each.login)}${after}`)),
  );
}

/** Lists what is needed, each once; what nobody has to act on last. */
function needsIn(facts: CheckFacts, assessment: Assessment): readonly Need[] {
  const open = openResults(assessment);
  const isWaiting = (each: Result): boolean => resultState(each) === "waiting";
  const sorted = [...open.filter((each) => !isWaiting(each)), ...open.filter(isWaiting)];
  const needs = sorted.flatMap((each) => needsOf(each, facts));
  return needs.filter((each, index) => needs.findIndex(({ item }) => item === each.item) === index);
}

function summaryOf(facts: CheckFacts, assessment: Assessment, observing: boolean): string {
  const parts = [
    lead(assessment, observing),
    needed(needsIn(facts, assessment), observing),
    section("Why:", whyLines(facts, assessment)),
    section("Warning:", strangeIn(facts)),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The first line of a check that passes, with what it lacks. */
function lead(assessment: Assessment, observing: boolean): string {
  if (assessment.verdict === "compliant") return "Ready to merge: every requirement of the policy is met.";
  if (isAcceptedWhole(assessment))
    return [
      "Ready to merge. The record still shows what could not be verified:",
      ...listOf(
        assessment.results
          .filter(isAccepted)
          .map((each) => joined(each.reasons.slice(acceptancesOf(each).length))),
      ),
    ].join("\n");
  if (assessment.verdict === "exempted")
    return ["Ready to merge under the exemption. Not met:", ...listOf(waivedIn(assessment))].join("\n");
  return observing ? "Nothing is blocked: the policy is in observe mode." : "";
}

/** Who does what: one thing in a line, several in a list with how below it. */
function needed(needs: readonly Need[], observing: boolean): string {
  const [first, ...others] = needs;
  if (first === undefined) return "";
  if (others.length === 0) return observing ? "" : first.todo;
  if (observing)
    return ["In enforce mode this would be needed:", ...listOf(needs.map(({ item }) => item))].join("\n");
  const notes = [...new Set(needs.map(({ note }) => note))].filter((note) => note !== "");
  const list = ["What is needed:", ...listOf(needs.map(({ item }) => item))].join("\n");
  return [list, ...notes].join("\n\n");
}

function section(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [heading, ...listOf(lines.map(markdown))].join("\n");
}

function whyLines(facts: CheckFacts, assessment: Assessment): readonly string[] {
  return openResults(assessment).flatMap((each) => whyOpen(each, facts));
}

/** What looks wrong beside what is asked: owners that do not exist, checks that are not ours. */
function strangeIn({ pulls, policy, appId }: CheckFacts): readonly string[] {
  const requiresOwners = policy.state === "known" && requiresCodeOwners(policy.record.effective);
  return [
    ...(requiresOwners ? pulls.flatMap(ownerNotes) : []),
    ...pulls.flatMap(unableToApproveNotes),
    ...pulls.flatMap(({ unshown = [] }) =>
      unshown.map((what) => `GitHub does not show ${what}: it does not count`),
    ),
    ...lookalikes(pulls, appId),
  ];
}

function waivedIn({ results }: Assessment): readonly string[] {
  return results
    .filter(({ outcome }) => outcome === "waived")
    .map((each) => `${CONTROL_TITLES[each.control]}: ${joined(each.reasons.slice(1))}`);
}

/** Returns what to do about what reached production so. */
function whatToDo(failed: readonly Result[]): string {
  const owed = failed.find(({ control }) => control === "emergency-reviewed-in-time");
  if (owed === undefined || failed.length > 1)
    return "review now what reached production, and revert it if it should not be there. Record why it happened.";
  return owed.cause === "rejected"
    ? "revert what the review rejected, by the time given below. Record why it was merged."
    : "someone who was not involved must review now what shipped: `/countersign approve` or `/countersign reject <reason>` on the pull request. Then record why nobody did in time.";
}

function listOf(lines: readonly string[]): readonly string[] {
  const shown = [...new Set(lines)].map((line) => `- ${line}`);
  return shown.length <= LINES_SHOWN
    ? shown
    : [...shown.slice(0, LINES_SHOWN), `- and ${shown.length - LINES_SHOWN} more`];
}

function textOf(facts: CheckFacts, assessment: Assessment, title: string): string {
  const shownReasons = new Set(assessment.results.flatMap(({ reasons }) => reasons));
  return [
    ...controlLines(assessment, title),
    "",
    "### Approvals",
    ...approvalLines(assessment, shownReasons),
    "",
    policyLine(facts.policy),
  ].join("\n");
}

/** Lists the required controls, one a row; what is above is not repeated. */
function controlLines({ results }: Assessment, title: string): readonly string[] {
  if (results.length === 0) return [];
  const asked = results.filter((each) => !isNotRequired(each));
  const others = results.filter(isNotRequired).map(({ control }) => control);
  return [
    "### Controls",
    "| control | result | why |",
    "|---|---|---|",
    ...asked.map(
      (each) => `| ${CONTROL_TITLES[each.control]} | ${outcomeWord(each)} | ${reasonLines(each, title)} |`,
    ),
    ...(others.length === 0 ? [] : ["", `Not used by the policy: ${listedControls(others)}.`]),
  ];
}

function isNotRequired({ outcome, cause }: Result): boolean {
  return outcome === "not-applicable" && cause === NONE_REQUIRED;
}

function reasonLines({ control, outcome, reasons }: Result, title: string): string {
  const isOpen = outcome !== "pass" && outcome !== "not-applicable";
  const isTitle = control === "emergency-authorised" || reasons.some((reason) => title === capital(reason));
  return isOpen || isTitle ? "see above" : joined(reasons);
}

/** Lists who approved, and why it counts or not; what is above is not repeated. */
function approvalLines({ approvals }: Assessment, shownReasons: ReadonlySet<string>): readonly string[] {
  if (approvals.length === 0) return ["None so far. A review approves; a comment approves nothing."];
  const rows = approvals.slice(0, LINES_SHOWN).map((each) => {
    const by = [...new Set((each.served ?? []).flatMap((served) => served.by))].map(markdown);
    const reason = shownReasons.has(each.reason) ? "see above" : each.reason;
    const why = [...(each.code === "counts" ? [] : [reason]), ...unseenNotes(each)].map(markdown);
    const cells = [markdown(each.login), countsText(each), some(by, NAMES_SHOWN), why.join("; ")];
    return `| ${cells.join(" | ")} |`;
  });
  const more = approvals.length - LINES_SHOWN;
  return [
    "| who | counts | entitled by | why |",
    "|---|---|---|---|",
    ...rows,
    ...(more > 0 ? [`| and ${more} more | | | |`] : []),
  ];
}

/** Reasons in one table cell or line: the first few. */
function joined(reasons: readonly string[]): string {
  return some(reasons.map(markdown), NAMES_SHOWN, "; ");
}

function outcomeWord(each: Result): string {
  return {
    waiting: "waiting",
    pass: "met",
    fail: "not met",
    waived: "waived",
    "not-applicable": "not applicable",
    unverifiable: "unverifiable",
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

/** Returns the title and body of a deviation, before the marker. */
export function deviationText(
  facts:
    | { readonly change: Change; readonly assessment: Assessment }
    | { readonly deployment: Deployment; readonly assessment: Assessment },
): { readonly title: string; readonly description: string } {
  const failed = facts.assessment.results.filter((each) => each.outcome === "fail");
  const controls = failed.map((each) => `- ${CONTROL_TITLES[each.control]}: ${joined(each.reasons)}`);
  const [title, what] = "change" in facts ? aboutChange(facts.change) : aboutDeployment(facts.deployment);
  const description = [
    what,
    "",
    `**What to do:** ${whatToDo(failed)}`,
    "",
    "Failed controls:",
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
    const title = `${where}: ${pull === undefined ? "a merge" : numbers} was merged into ${branch} without meeting the policy`;
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
    `${where}: ${what} was deployed to ${deployment.environment} without meeting the policy`,
    `${markdown(who)} deployed ${what} (${markdown(deployment.ref)}) to ${markdown(deployment.environment)}; it succeeded at ${time(deployment.succeededAt)}.`,
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
