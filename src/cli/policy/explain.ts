/** `countersign policy explain`: what the policy requires of a change, what it has, and what is missing from whom. */

import { assess } from "../../domain/assessment/assess.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { checkText } from "../../domain/messages/check-run.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { CheckRunText } from "../../domain/records/change.ts";
import type { Assessment } from "../../domain/values/result.ts";
import { assessSnapshot, type Snapshot } from "../../domain/assessment/snapshot.ts";
import { listedControls, oneLine, VERDICT_TITLES, plain } from "../../domain/texts/wording.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { approvalLines, codeOf, resultLines } from "../log/assess.ts";
import { readFacts, titleOf } from "../input/facts-file.ts";
import { gateNamed, pullNamed, snapshotOf } from "../log/facts.ts";

/** Explains a pull request as last assessed, from the evidence log alone, in the words of its check run. */
export async function explainPull(where: StoreLocation, pull: string): Promise<Answer> {
  pullNamed(pull);
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const entry = await gateNamed(ledger, pull);
    const { assessment, check } = entry.body;
    if (assessment.results.length === 0) return outOfScope(pull, check, assessment);
    // Which App's check it is does not matter for what is required before a merge.
    const snapshot = await snapshotOf(ledger, entry, 1);
    return explained(snapshot, assessment, check);
  } finally {
    await ledger.close();
  }
}

/** Explains stored facts, assessing them again. */
export async function explainFacts(terminal: Pick<Terminal, "input">, file: string): Promise<Answer> {
  const snapshot = await readFacts(file, terminal);
  const assessment = assessSnapshot(snapshot);
  return explained(snapshot, assessment, checkOf(snapshot, assessment));
}

function outOfScope(pull: string, check: CheckRunText, assessment: Assessment): Answer {
  return { code: 0, lines: [pull, check.title, "", plain(check.summary)], data: { assessment, check } };
}

function explained(snapshot: Snapshot, assessment: Assessment, check: CheckRunText | null): Answer {
  const asked = askedOf(snapshot);
  const verdict = `This is ${VERDICT_TITLES[assessment.verdict]}.`;
  const lines = [
    titleOf(snapshot),
    check === null ? verdict : check.title,
    "",
    "Required by the policy:",
    ...(asked.length === 0 ? ["- nothing"] : asked.map((each) => `- ${each}`)),
    "",
    ...(check === null ? missing(assessment) : plain(check.summary).split("\n")),
    "",
    ...resultLines(assessment),
    ...approvalLines(assessment),
  ];
  return {
    code: codeOf(assessment.verdict),
    lines,
    data: { title: titleOf(snapshot), asks: asked, assessment, check },
  };
}

function checkOf(snapshot: Snapshot, assessment: Assessment): CheckRunText | null {
  if (snapshot.moment !== "gate" && snapshot.moment !== "group") return null;
  const pulls = snapshot.moment === "gate" ? [snapshot.subject.pull] : snapshot.subject.pulls;
  const headSha = snapshot.moment === "gate" ? snapshot.subject.pull.head.sha : snapshot.subject.sha;
  // The facts lack who else could approve; the check run named them.
  return checkText({
    pulls,
    headSha,
    assessment,
    policy: snapshot.policy,
    candidates: [],
    emergencies: snapshot.subject.emergencies ?? [],
    appId: snapshot.appId,
  });
}

function missing(assessment: Assessment): readonly string[] {
  const open = assessment.results.filter(({ outcome }) => outcome === "fail" || outcome === "unverifiable");
  if (open.length === 0) return ["Every requirement of the policy is met."];
  return [
    "What is missing:",
    ...open.flatMap((each) =>
      each.reasons.map((reason) => `- ${oneLine(reason)} (${listedControls([each.control])})`),
    ),
  ];
}

/** Returns the requirements of these pull requests, as if no review was given and no check had run. */
function askedOf(snapshot: Snapshot): readonly string[] {
  if (snapshot.moment === "deployed")
    return ["every deployed change is compliant, and the commit is on a production branch"];
  const pulls = pullsOf(snapshot);
  const requirements = pulls.flatMap((pull) => requirementsOf(untouched(pull), snapshot.policy, snapshot));
  const by = snapshot.moment === "landed" ? ["it is merged by a pull request whose check succeeded"] : [];
  return [...new Set([...by, ...requirements])];
}

function pullsOf(snapshot: Exclude<Snapshot, { readonly moment: "deployed" }>): readonly PullRequest[] {
  if (snapshot.moment === "gate") return [snapshot.subject.pull];
  return snapshot.moment === "group" ? snapshot.subject.pulls : snapshot.subject.change.pullRequests;
}

function untouched(pull: PullRequest): PullRequest {
  return { ...pull, reviews: [], checks: [], state: "open", merged: null };
}

function requirementsOf(
  pull: PullRequest,
  policy: PolicyInForce,
  { appId, at, since }: Pick<Snapshot, "appId" | "at" | "since">,
): readonly string[] {
  const { results } = assess({ moment: "gate", pull }, { policy, appId, at, since });
  return results
    .filter(({ outcome }) => outcome === "fail" || outcome === "unverifiable")
    .flatMap(({ reasons }) => reasons.map((reason) => oneLine(reason).replace(/^(needs|waits for) /u, "")));
}
