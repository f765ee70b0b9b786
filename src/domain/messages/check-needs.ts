/** What keeps a check run from passing: each need as the title, the list and the first line word it, with who does what. */

import { isAccepted } from "../assessment/acceptance.ts";
import { judgeApprovals, type Remedy } from "../approval/approval.ts";
import type { RequirementState } from "../approval/requirement-state.ts";
import { NOT_SHOWN_YET } from "../assessment/not-shown-yet.ts";
import type { PullRequest } from "../change/pull-request.ts";
import type { WantedCheck } from "../change/checks.ts";
import { requiredCheckText } from "../controls/checks-passed.ts";
import { freezeEndText } from "../controls/outside-freeze.ts";
import { lackingOf, missingReasons, NOBODY_CAN, type Lacking } from "../controls/independently-approved.ts";
import { NAMES_NOBODY } from "../assessment/unknown-names.ts";
import type { Freeze } from "../policy/file/waivers-and-freezes.ts";
import type { Requirement } from "../policy/file/requirement.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import type { Assessment, Result } from "../values/result.ts";
import { listed, markdown, NAMES_SHOWN, oneLine, oneOfPeople } from "../texts/wording.ts";
import { missingOf } from "../approval/wording.ts";
import { approversText } from "../policy/approvers-text.ts";
import { type ReviewerCandidates } from "../approval/review-requests.ts";

/** Describes what the needs are read from, beside the assessment. */
export interface NeedFacts {
  readonly pulls: readonly PullRequest[];
  readonly policy: PolicyInForce;
  readonly candidates: ReviewerCandidates;
}

/** Describes one thing that is needed. */
export interface Need {
  /** In a title; plain text. */
  readonly title: string;
  /** In a list of several; Markdown. */
  readonly item: string;
  /** Who does what, where it is the only one; Markdown. */
  readonly todo: string;
  /** What stands below a list that it is in; Markdown, empty: nothing. */
  readonly note: string;
  /** The title begins with a name, which is written as its owner writes it. */
  readonly asWritten: boolean;
}

const PRESS = "open “Files changed”, then “Review changes”, then “Approve”";

const RETRIED = "This check is retried automatically. To retry now, re-run it.";

/** How a policy file is fixed that lets nothing pass. */
const FIXING =
  "Fix it in a pull request that changes only this file. That pull request is checked against the last valid version.";

/** Lists what is needed for one open result to pass, most important first. */
export function needsOf(open: Result, facts: NeedFacts): readonly Need[] {
  const [first = open.cause, ...more] = open.reasons;
  switch (open.cause) {
    case "waiting-for-approval":
      return missing(facts).map((each) => approvalNeed(each, `waiting for ${each.what}`));
    case "own-work":
      return missing(facts).map((each) => approvalNeed(each, `needs ${each.what}`));
    case NOBODY_CAN:
      return nobodyNeeds(facts);
    case "changes-requested":
      return [changesRequested(facts)];
    case "check-failed":
      return [
        { ...plain(first, `Fix ${markdown(checksOf(open, FAILED))}, or run it again.`), asWritten: true },
      ];
    case "waiting-for-check":
      return [waitingForCheck(checksOf(open, UNFINISHED))];
    case "waiting-for-freeze":
      return [waitingForFreeze(open, facts)];
    case NOT_SHOWN_YET:
      return [plain(awaitedTitle(open), "Nothing to do: this check updates when GitHub shows it.")];
    case "not-shown":
      return [first, ...more].map((reason) => plain(reason, [RETRIED, ...accepting(facts.policy)].join(" ")));
    case "policy-unreadable":
      return [plain(first, RETRIED)];
    case "policy-broken":
      return [policyBroken(more)];
    case NAMES_NOBODY:
      return named(open, "problems").map((problem) =>
        plain(problem, `${FIXING} If you create the team or account instead, change the file afterwards.`),
      );
    case "unknown":
      return open.reasons.map((reason) => unknownNeed(reason, open, facts));
    case "record-missing":
    case "sections-missing":
      return open.reasons.map((reason) =>
        plain(reason, "This check updates when you edit the pull request."),
      );
    default:
      return open.reasons.map((reason) => plain(reason, ""));
  }
}

/** Returns the reasons of an open result why it is not met, beside what is needed. */
export function whyOpen(open: Result, facts: NeedFacts): readonly string[] {
  switch (open.cause) {
    case "waiting-for-approval":
    case "own-work":
    case NOBODY_CAN: {
      const shown = new Set(unmetRequirements(facts).flatMap(({ ask }) => missingReasons(ask)));
      return open.reasons.filter((reason) => !shown.has(reason));
    }
    case "changes-requested":
    case "check-failed":
    case "waiting-for-check":
    case "waiting-for-freeze":
    case NOT_SHOWN_YET:
    case "policy-unreadable":
      return open.reasons.slice(1);
    default:
      return [];
  }
}

function plain(title: string, todo: string): Need {
  return { title: oneLine(title), item: markdown(title), todo, note: todo, asWritten: false };
}

interface Missing {
  /** "1 approval from acme/dba (dora)". */
  readonly what: string;
  /** Who could give it; null: it is several approvals, or one of several. */
  readonly who: string | null;
}

function approvalNeed({ what, who }: Missing, title: string): Need {
  const whom = `**${markdown(who ?? what)}**: `;
  return {
    title,
    item: markdown(what),
    todo: `${whom}${PRESS}.`,
    note: `To approve, ${PRESS}.`,
    asWritten: false,
  };
}

interface UnmetRequirement {
  readonly ask: RequirementState;
  readonly pull: PullRequest;
  readonly able: (requirement: Requirement) => readonly string[];
  readonly out: ReadonlySet<string>;
}

/** Lists what is asked and not met, with who could still give it. */
function unmetRequirements({ policy, pulls, candidates }: NeedFacts): readonly UnmetRequirement[] {
  if (policy.state !== "known") return [];
  const { effective } = policy.record;
  return pulls.flatMap((pull) => {
    const { requirements, approvals } = judgeApprovals(pull, effective, pull.merged?.at ?? Infinity);
    // Who counts already, or made it, is not asked again.
    const counted = approvals
      .filter((each) => each.counts || each.code === "own-work" || each.code === "requested")
      .map((each) => each.login);
    const out = new Set([pull.author?.login ?? "", ...counted].map((login) => login.toLowerCase()));
    const able = ({ from }: Requirement): readonly string[] =>
      (candidates.find((each) => each.source === approversText(from))?.logins ?? []).filter(
        (login) => !out.has(login.toLowerCase()),
      );
    return requirements.filter(({ outcome }) => outcome === "short").map((ask) => ({ ask, pull, able, out }));
  });
}

function missing(facts: NeedFacts): readonly Missing[] {
  return unmetRequirements(facts).flatMap((each) =>
    partsOf(each.ask).map((part) => missingIn(part, each, facts)),
  );
}

/** Splits an ask into the parts that must each be met and are not. */
function partsOf(what: RequirementState): readonly RequirementState[] {
  const { requirement: ask, state, outcome } = what;
  if (!("all-of" in state)) return [what];
  return state["all-of"]
    .filter(({ met }) => !met)
    .flatMap((each) => partsOf({ requirement: ask, state: each, outcome }));
}

function missingIn(
  ask: RequirementState,
  { pull, able, out }: UnmetRequirement,
  { pulls }: NeedFacts,
): Missing {
  const { state } = ask;
  const where = pulls.length > 1 ? ` on #${pull.number}` : "";
  const what = `${missingOf(ask, able, out)}${where}`;
  if (!("requirement" in state)) return { what, who: null };
  const logins = able(state.requirement);
  const isNamed = logins.length > 0 && logins.length <= NAMES_SHOWN;
  return { what, who: isNamed ? listed(logins, "or") : approversText(state.requirement.from) };
}

function nobodyNeeds(facts: NeedFacts): readonly Need[] {
  const each = unmetRequirements(facts).flatMap((short) =>
    lackingOf(short.ask).map((lacking) => ({ short, lacking })),
  );
  const isStuck = ({ lacking }: { readonly lacking: Lacking }): boolean => lacking.left !== null;
  return [...each.filter(isStuck), ...each.filter((one) => !isStuck(one))].map(({ short, lacking }) => {
    const { what, left } = lacking;
    if (left === null) {
      const one = missingIn(what, short, facts);
      return approvalNeed(one, `waiting for ${one.what}`);
    }
    const title = `nobody can give ${missingOf(what)}`;
    const because = markdown(left.because);
    return {
      title,
      item: markdown(`${missingOf(what)}: ${left.because}. ${left.remedy}`),
      todo: `${markdown(left.remedy)}: ${because}.`,
      note: "",
      asWritten: false,
    };
  });
}

function changesRequested({ pulls, policy }: NeedFacts): Need {
  const vetoes =
    policy.state === "known"
      ? pulls.flatMap((pull) => judgeApprovals(pull, policy.record.effective, Infinity).vetoes)
      : [];
  const names = [...new Set(vetoes.map(({ login }) => oneLine(login)))];
  const todo = `**${markdown(listed(names))}**: review again. An administrator can also dismiss the review.`;
  return { title: `${listed(names)} requested changes`, item: todo, todo, note: "", asWritten: true };
}

const FAILED: ReadonlySet<string> = new Set(["failed"]);
const UNFINISHED: ReadonlySet<string> = new Set(["missing", "running", "late"]);

/** The checks of a result in some states, by name. INVARIANT: the control `checks-passed` writes its inputs so. */
function checksOf({ inputs }: Result, states: ReadonlySet<string>): string {
  const required = (inputs["required"] ?? []) as readonly (WantedCheck & { readonly state: string })[];
  const names = required
    .filter(({ state }) => states.has(state))
    .map((each) => oneLine(requiredCheckText(each)));
  return listed([...new Set(names)]);
}

function waitingForCheck(names: string): Need {
  const todo = `This check updates by itself when ${markdown(names)} has succeeded.`;
  return {
    title: `waiting for ${names}`,
    item: `${markdown(names)} to succeed`,
    todo,
    note: todo,
    asWritten: false,
  };
}

function policyBroken(problems: readonly string[]): Need {
  const [only, ...others] = problems;
  if (only !== undefined && others.length === 0) return plain(`fix the policy file: ${only}`, FIXING);
  const list = problems.map((problem) => `- ${markdown(problem)}`).join("\n");
  return plain(`fix ${problems.length} problems in the policy file`, `${FIXING}\n\n${list}`);
}

/** INVARIANT: the control `outside-freeze` writes its inputs so. */
function waitingForFreeze({ inputs }: Result, { policy }: NeedFacts): Need {
  const freezes = (inputs["freezes"] ?? []) as readonly Freeze[];
  const timezone = policy.state === "known" ? policy.record.effective.calendar.timezone : "UTC";
  const until = freezeEndText(freezes, timezone);
  const title = `waiting for the freeze to end: ${until}`;
  const todo = "Nothing to do: when the freeze ends, this check updates by itself.";
  return { title, item: markdown(`the end of the freeze: ${until}`), todo, note: "", asWritten: false };
}

/** INVARIANT: what waits for GitHub names in its inputs what is awaited, or which pull requests could not be read. */
function awaitedTitle(open: Result): string {
  const unread = (open.inputs["unread"] ?? []) as readonly number[];
  return unread.length > 0
    ? `waiting for GitHub to return ${unread.map((number) => `#${number}`).join(", ")}`
    : `waiting for GitHub to show ${named(open, "awaited").join(", ")}`;
}

function named({ inputs }: Result, key: string): readonly string[] {
  return (inputs[key] ?? []) as readonly string[];
}

const REMEDIES: Readonly<Record<Remedy, string | null>> = {
  "push-again": "Amend the commits, push them again and have them approved.",
  "new-pull-request": "Open another pull request with this content and have that approved.",
  "re-run": "Re-run this check when GitHub answers again.",
  "approve-again": "Have the current version approved again.",
  "name-by-login": "Name the owner in CODEOWNERS as `@login`.",
  none: null,
};

function unknownNeed(reason: string, { control }: Result, { pulls, policy }: NeedFacts): Need {
  const unknowns =
    policy.state === "known"
      ? pulls.flatMap((pull) => judgeApprovals(pull, policy.record.effective, Infinity).unknowns)
      : [];
  // Of other lists than those of the approvals only their length is unknown.
  const other: Remedy = control === "checks-passed" ? "new-pull-request" : "re-run";
  const remedy = REMEDIES[unknowns.find((each) => each.reason === reason)?.remedy ?? other];
  return plain(reason, [...(remedy === null ? [] : [remedy]), ...accepting(policy)].join(" "));
}

/** Who may answer for what cannot be verified, and how. */
function accepting(policy: PolicyInForce): readonly string[] {
  if (policy.state !== "known") return [];
  const who = oneOfPeople(approversText(policy.record.effective.unverifiable.acceptedBy));
  return [`Or **${markdown(who)}**: accept it with the comment \`/countersign accept <reason>\`.`];
}

/** Returns the results that keep a check run from passing. */
export function openResults({ results }: Assessment): readonly Result[] {
  return results.filter(
    (each) => each.outcome === "fail" || (each.outcome === "unverifiable" && !isAccepted(each)),
  );
}
