/** The rows of changes.csv. */

import { isAccepted } from "../../assessment/acceptance.ts";
import type { Change } from "../../change/change.ts";
import { withoutDeviation } from "../../deviation/deviation.ts";
import { contributorsOf } from "../../approval/contribution/contributors.ts";
import { inheritedLandingsIn } from "../../controls/independently-approved.ts";
import type { Assessment, JudgedApproval, Outcome } from "../../values/result.ts";
import { goneSources, sourceGoneColumn, type GoneRow } from "./source-gone.ts";
import { joinSorted, pairLine, statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import {
  column,
  groupsText,
  listText,
  personText,
  table,
  timeText,
  type Columns,
  logColumns,
} from "../tables/table.ts";
import type { Actor } from "../../change/people.ts";
import type { Acceptance, PullRequest } from "../../change/pull-request.ts";

interface ChangeRow extends Stated<"change">, GoneRow {
  readonly change: Change;
  readonly firstDeployment: { readonly id: string; readonly at: number } | null;
  readonly deviations: readonly string[];
  readonly emergencies: readonly string[];
}

const CHANGE_COLUMNS: Columns<ChangeRow> = {
  change_id: column.digest(
    (row) => row.change.id,
    "Identity of the change: hash of repository id, ref, before, after and which occurrence it is.",
  ),
  repository_id: column.integer(
    (row) => row.change.repository.id,
    "GitHub's id of the repository; it survives renames and transfers.",
  ),
  repository: column.text(
    (row) => fullName(row.change),
    "Owner and name of the repository as last seen with this change.",
  ),
  branch: column.text((row) => row.change.update.ref, "Full name of the production branch that was updated."),
  update: column.text(
    (row) => row.change.update.kind,
    "How the branch was updated: pull-request, queue (merge queue), push (direct), force-push, branch-created, branch-deleted, or unknown: GitHub calls it by a word this version does not know.",
  ),
  activity_id: column.integer(
    (row) => row.change.update.activityId,
    "GitHub's id of this update in the repository's activity list; empty if only the webhook told.",
  ),
  before_sha: column.digest((row) => row.change.update.before, "Commit the branch named before."),
  after_sha: column.digest((row) => row.change.update.after, "Commit the branch named after."),
  tree_sha: column.digest(
    (row) => row.change.tree,
    "Git tree of after_sha: the content that landed; empty if GitHub did not tell.",
  ),
  commit_count: column.integer(
    (row) => row.change.commitCount,
    "Commits this update introduced to the branch; empty if GitHub did not show them.",
  ),
  commit_shas: column.list(
    (row) => listText(row.change.pullRequests.flatMap((pull) => pull.commits.map((commit) => commit.sha))),
    "Commits of the merged pull requests, before any squash or rebase.",
  ),
  pull_request: column.list(
    (row) => listText(eachPull(row, (pull) => String(pull.number))),
    "Numbers of the pull requests it landed; empty: none, or GitHub would not say.",
  ),
  pull_request_url: column.list((row) => listText(eachPull(row, (pull) => pull.url)), "Their addresses."),
  pull_request_title: column.list(
    (row) => groupsText(row.change.pullRequests.map((pull) => [pull.title])),
    "Their titles, separated by ` | `.",
  ),
  pull_request_author: column.list(
    (row) => listText(eachPull(row, (pull) => personText(pull.author))),
    "Their authors, login#id.",
  ),
  pull_request_opened_at: column.list(
    (row) => listText(eachPull(row, (pull) => timeText(pull.createdAt))),
    "When they were opened.",
  ),
  base: column.list(
    (row) => listText(eachPull(row, (pull) => pull.base.ref)),
    "Branches they were opened into.",
  ),
  head_sha_at_merge: column.list(
    (row) => listText(eachPull(row, (pull) => pull.head.sha)),
    "Their head commits when they were merged.",
  ),
  unverifiable_accepted: column.list(
    (row) => acceptedText(row.body.assessment),
    "Who accepted before the merge, with what reason, what could not be verified: control;login#id;reason. It stays unverifiable.",
  ),
  ticket_ids: column.list(
    (row) => listText(ticketsIn(row.body.assessment)),
    "Change tickets its pull requests named when they merged, where the policy requires one.",
  ),
  ticket_dates: column.list(
    (row) => ticketDatesText(row),
    "Each of these tickets and when it was named at the latest: ticket;the merge of the pull request that names it. When the ticket itself was made or approved is not known: the App reads no ticket system.",
  ),
  merged_by: column.list(
    (row) => listText(mergersOf(row.change).map(personText)),
    "Who merged, or for an update without a pull request who pushed, login#id.",
  ),
  merged_at: column.list(
    (row) =>
      listText(
        row.change.pullRequests.flatMap((pull) => (pull.merged === null ? [] : [timeText(pull.merged.at)])),
      ),
    "When GitHub merged each pull request.",
  ),
  occurred_at: column.time(
    (row) => row.change.update.at,
    "When the branch was updated (GitHub's time); periods are cut by this.",
  ),
  contributors: column.list(
    (row) =>
      groupsText(
        contributorsIn(row.change).map(({ actor, roles }) => [personText(actor), [...roles].join("+")]),
      ),
    "Everyone who shaped the content: login#id;roles, roles being opener, requester (asked a bot for it), author (and co-author), committer, pusher, joined by +.",
  ),
  approvals_required: column.list(
    (row) => requiredText(row.body.assessment),
    "People required by each approval requirement in force, in the policy's order.",
  ),
  approvals_counted: column.list(
    (row) => approvalsText(row, true),
    "Approvals that count: login#id;permission when it landed;reviewed commit;submitted at;basis.",
  ),
  approvals_not_counted: column.list(
    (row) => approvalsText(row, false),
    "Approvals that do not: login#id;permission when it landed;reviewed commit;submitted at;basis;reason code.",
  ),
  approvals_served: column.list(
    (row) => servedText(row.body.assessment),
    "For each approval that counts and each requirement it served: login#id;the requirement (people from whom);the rule that requires it, empty where the policy requires it of every change;the teams, organisations or permission that entitled its giver when giving it and when it landed, joined by +, or `by name`;observed: that was seen when it was given, read-later: only later.",
  ),
  approvals_carried: column.list(
    (row) => inheritedText(row.body.assessment),
    "Landings on integration branches whose approvals cover commits of it: approvers, login#id joined by +;commits covered;branch;pull requests joined by +;id of the landing (its log entry's subject);basis. Empty: none was needed, or none counts.",
  ),
  checks: column.list(
    (row) => checksText(row.change),
    "Checks and statuses on the merged content: name;app;conclusion;completed at.",
  ),
  coverage: column.text(
    (row) => coverageOf(row.change),
    "Whether what landed is what was reviewed, the worst of its pull requests: identity (same tree), replay (same patch on a moved base), residual (files differ), unverifiable.",
  ),
  residual_files: column.list(
    (row) => groupsText(row.change.shipped.flatMap((each) => each.files.map((file) => [file]))),
    "Files that landed otherwise than reviewed.",
  ),
  external_content: column.list(
    (row) => groupsText((row.change.external?.list ?? []).map(({ path, kind, to }) => [path, kind, to])),
    "What it newly points at without holding it, of which the pointer could be reviewed and not the content: path;submodule, large-file or unpinned (an action or workflow by a name that may move);what it points at. Not read for a past that was filled in.",
  ),
  class: column.text((row) => row.body.class, "standard (pre-approved), normal or emergency."),
  mode: column.text((row) => row.body.mode, "observe or enforce: whether the gate blocked changes then."),
  verdict: column.text(
    (row) => row.body.assessment.verdict,
    "compliant, emergency, exempted, non-compliant, unverifiable or historic (before monitoring was agreed).",
  ),
  failed_controls: column.list(
    (row) => controlsWith(row.body.assessment, "fail"),
    "Controls with outcome fail.",
  ),
  unverifiable_controls: column.list(
    (row) => controlsWith(row.body.assessment, "unverifiable"),
    "Controls that could not be tested; never a pass.",
  ),
  waived_controls: column.list(
    (row) => controlsWith(row.body.assessment, "waived"),
    "Controls waived under an authorised emergency or a registered exemption.",
  ),
  deviation_id: column.list((row) => listText(row.deviations), "Deviations that list this change.", "more"),
  emergency_id: column.list(
    (row) => listText(emergenciesOf(row)),
    "Emergencies under which it was let through, as in emergency-changes.csv; one first used in another period is there.",
    "more",
  ),
  without_deviation_because: column.text(
    (row) => withoutDeviation(row.body, row.deviations),
    "Why a change that is non-compliant has no deviation; empty: it has one, or needs none.",
    "beyond",
  ),
  first_production_deployment_id: column.digest(
    (row) => row.firstDeployment?.id ?? null,
    "The first successful production deployment that carried it; empty: none known when this was generated.",
    "more",
  ),
  first_production_deployment_at: column.time(
    (row) => row.firstDeployment?.at ?? null,
    "When that deployment first succeeded; may lie after the period.",
    "more",
  ),
  late: column.yesNo((row) => row.change.late, "yes: found by a sweep or backfill, not when it happened."),
  assurance: column.text(
    (row) => assuranceOf(row),
    "observed: every fact that decided was seen when it happened; read-later: at least one was read from GitHub afterwards.",
  ),
  source_gone: sourceGoneColumn(),
  policy_digest: column.digest(
    (row) => row.body.assessment.policyDigest,
    "The policy it was judged by: policies/DIGEST.json; empty if none could be read.",
  ),
  ...logColumns<ChangeRow>((row) => row.entry),
};

/** Lists the population of changes: every update of a production branch in the period, compliant or not. */
export const CHANGES = table<ChangeRow>({
  path: "changes.csv",
  description: "Population of changes: every update of a production branch in the period, compliant or not.",
  columns: CHANGE_COLUMNS,
  async *rows(source) {
    const deployments = joinSorted(source.sorted(firstDeployments(source)));
    const deviations = joinSorted(source.sorted(deviationSubjects(source)));
    const emergencies = joinSorted(source.sorted(emergencySubjects(source)));
    const gone = joinSorted(source.sorted(goneSources(source)));
    try {
      for await (const stated of statesOf(source, "change")) {
        const { change } = stated.body;
        const first = (await deployments.valuesOf(stated.entry.subject))[0];
        yield {
          ...stated,
          change,
          firstDeployment: first === undefined ? null : { at: Number(first[0]), id: first[1] ?? "" },
          deviations: (await deviations.valuesOf(stated.entry.subject)).map(([id = ""]) => id),
          emergencies: (await emergencies.valuesOf(stated.entry.subject)).map(([id = ""]) => id),
          gone: await gone.valuesOf(stated.entry.subject),
        };
      }
    } finally {
      await deployments.close();
      await deviations.close();
      await emergencies.close();
      await gone.close();
    }
  },
});

/** Pairs of subject and emergency it was let through under, of all time. */
async function* emergencySubjects(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "emergency", "ever"))
    for (const subject of body.used?.subjects ?? []) yield pairLine(subject, body.id);
}

/** Pairs of change and deployment, earliest first: deployments since the period began, however late they are. */
async function* firstDeployments(source: EvidenceSource): AsyncIterable<string> {
  const { organizationId, period } = source;
  for await (const entry of source.states("deployment", { organizationId, from: period.from, order: "at" })) {
    const { deployment } = entry.body;
    for (const { id } of deployment.carried)
      yield pairLine(id, String(deployment.succeededAt).padStart(16, "0"), deployment.id);
  }
}

/** Yields pairs of subject (change or deployment) and deviation, of all time. */
export async function* deviationSubjects(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "deviation", "ever"))
    for (const subject of body.subjects) yield pairLine(subject, body.id);
}

function fullName(change: Change): string {
  return `${change.repository.owner}/${change.repository.name}`;
}

function eachPull(row: ChangeRow, value: (pull: PullRequest) => string): readonly string[] {
  return row.change.pullRequests.map(value);
}

/** Returns who merged a change or, without a pull request, who pushed it; null: GitHub names nobody. */
export function mergersOf(change: Change): readonly (Actor | null)[] {
  const known = change.pullRequests.flatMap((pull) => (pull.merged === null ? [] : [pull.merged.by]));
  const people = known.length === 0 ? [change.update.actor] : known;
  return people.filter((actor, index) => people.findIndex((other) => other?.id === actor?.id) === index);
}

/** Returns everyone who shaped the content of a change, by id, and how. */
export function contributorsIn(
  change: Change,
): readonly { readonly actor: Actor; readonly roles: ReadonlySet<string> }[] {
  const people = new Map<number, { actor: Actor; roles: Set<string> }>();
  for (const { actor, roles } of change.pullRequests.flatMap(contributorsOf)) {
    const known = people.get(actor.id) ?? { actor, roles: new Set<string>() };
    for (const role of roles) known.roles.add(role);
    people.set(actor.id, known);
  }
  // Without a pull request nothing is known of who wrote it, but who pushed it is.
  if (change.pullRequests.length === 0 && change.update.actor !== null)
    people.set(change.update.actor.id, { actor: change.update.actor, roles: new Set(["pusher"]) });
  return [...people.values()].toSorted((a, b) => a.actor.id - b.actor.id);
}

function acceptedText({ results }: Assessment): string {
  return groupsText(
    results.filter(isAccepted).flatMap(({ control, inputs }) =>
      // INVARIANT: an accepted result holds its acceptances so.
      (inputs["accepted"] as readonly Acceptance[]).map(({ by, reason }) => [
        control,
        personText(by),
        reason,
      ]),
    ),
  );
}

function ticketsIn(assessment: Assessment): readonly string[] {
  return [...new Set(ticketsByPull(assessment).flatMap((each) => each.found))];
}

function ticketsByPull({
  results,
}: Assessment): readonly { readonly pull: number; readonly found: readonly string[] }[] {
  const tickets = results.find((result) => result.control === "record-linked")?.inputs["tickets"];
  // INVARIANT: the control `record-linked` writes its inputs so.
  return (tickets ?? []) as readonly { readonly pull: number; readonly found: readonly string[] }[];
}

function ticketDatesText({ change, body }: ChangeRow): string {
  return groupsText(
    ticketsByPull(body.assessment).flatMap(({ pull: number, found }) => {
      const merged = change.pullRequests.find((pull) => pull.number === number)?.merged ?? null;
      return found.map((ticket) => [ticket, merged === null ? "" : timeText(merged.at)]);
    }),
  );
}

/** Those on record that name it, and those by which its own results were waived. */
function emergenciesOf({ emergencies, body: { assessment } }: ChangeRow): readonly string[] {
  const used = assessment.results
    .filter(({ outcome, cause }) => outcome === "waived" && cause === "emergency")
    .map(({ inputs }) => String(inputs["leave"]));
  return [...new Set([...emergencies, ...used])].toSorted();
}

function requiredText(assessment: Assessment): string | null {
  const required = assessment.results.find((result) => result.control === "independently-approved")?.inputs[
    "required"
  ];
  return Array.isArray(required) ? listText(required.map(String)) : null;
}

function approvalsText(row: ChangeRow, counts: boolean): string {
  return groupsText(
    row.body.assessment.approvals
      .filter((each) => each.counts === counts)
      .map((each) => approvalParts(row.change, each)),
  );
}

function servedText({ approvals }: Assessment): string {
  return groupsText(
    approvals.flatMap(({ login, actorId, served = [] }) =>
      served.map(({ requirement, rule, by, whenGiven }) => [
        actorId === null ? "unknown" : `${login}#${actorId}`,
        requirement,
        rule ?? "",
        by.join("+"),
        whenGiven,
      ]),
    ),
  );
}

function inheritedText(assessment: Assessment): string {
  return groupsText(
    inheritedLandingsIn(assessment).map(({ approvers, commits, branch, pulls, change, basis }) => [
      approvers.map(personText).join("+"),
      String(commits),
      branch,
      pulls.join("+"),
      change,
      basis,
    ]),
  );
}

function approvalParts(change: Change, approval: JudgedApproval): readonly string[] {
  const pull = change.pullRequests.find((each) =>
    each.reviews.some((review) => review.id === approval.reviewId),
  );
  const review = pull?.reviews.find((each) => each.id === approval.reviewId);
  const authority = pull?.authorities.find((each) => each.actor.id === approval.actorId);
  const person = approval.actorId === null ? "unknown" : `${approval.login}#${approval.actorId}`;
  const parts = [
    person,
    authority?.permission ?? "unknown",
    review?.commit ?? "unknown",
    review === undefined ? "unknown" : timeText(review.submittedAt),
    approval.basis,
  ];
  return approval.counts ? parts : [...parts, approval.code];
}

function checksText(change: Change): string {
  const all = [...change.pullRequests.flatMap((pull) => pull.checks), ...change.checks].map((check) => [
    check.name,
    check.app?.slug ?? "",
    check.conclusion ?? "",
    check.completedAt === null ? "" : timeText(check.completedAt),
  ]);
  return [...new Set(all.map((parts) => groupsText([parts])))].join(" | ");
}

function coverageOf(change: Change): string | null {
  const found = new Set(change.shipped.map((each) => each.coverage));
  return (
    (["unverifiable", "residual", "replay", "identity"] as const).find((each) => found.has(each)) ?? null
  );
}

/** Returns the controls of an assessment with an outcome, as a cell. */
export function controlsWith(assessment: Assessment, outcome: Outcome): string {
  return listText(
    assessment.results.filter((result) => result.outcome === outcome).map((result) => result.control),
  );
}

function assuranceOf(row: ChangeRow): string {
  const counted = row.body.assessment.approvals.filter((each) => each.counts);
  const later =
    row.change.late ||
    row.change.update.basis === "read-later" ||
    [...counted, ...inheritedLandingsIn(row.body.assessment)].some((each) => each.basis === "read-later");
  return later ? "read-later" : "observed";
}
