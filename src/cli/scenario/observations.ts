/** The rows of each kind an expectation can ask for, from GitHub's state and from the App's ledger. */

import { contributorsOf } from "../../domain/contribution.ts";
import { figuresText, monthlyStatus } from "../../domain/deviation/monitoring.ts";
import type { Actor, Instant, Sha } from "../../domain/change.ts";
import type { Deployment } from "../../domain/deployment.ts";
import { isOfKind, type Bodies, type EntryKind, type LoggedEntry } from "../../domain/entry.ts";
import type { NotificationPayload } from "../../domain/notification.ts";
import type { ChangeRecord } from "../../domain/record.ts";
import type { Result } from "../../domain/result.ts";
import { DRAFT_KINDS } from "../../domain/drafts/draft.ts";
import { periodAt } from "../../domain/readiness.ts";
import { draft } from "../../flows/drafts.ts";
import { reviewsNow } from "../../flows/monitoring.ts";
import { readiness } from "../../flows/readiness.ts";
import { readinessLines } from "../readiness.ts";
import { completeness } from "./completeness.ts";
import type { CheckState, DoubleState, StepOutput, RepositoryState } from "./double.ts";
import { emergencyRows, reviewRows } from "./emergency-rows.ts";
import type { Expectation, Row } from "./expectations.ts";
import type { Scenario } from "./format.ts";
import type { RowSet } from "./match.ts";
import { DEFAULT_REPOSITORY } from "./match.ts";
import { packageFiles, packageRows } from "./package-rows.ts";
import { remediationRows } from "./remediation-rows.ts";
import type { Harness } from "./harness.ts";
import { DAY } from "../../domain/durations.ts";

const CHECK_NAME = "countersign";

/** Reads the state of one story's GitHub and App. Answers are kept until `refreshAt`. */
export class Observations {
  readonly #harness: Harness;
  readonly #made: ReadonlyMap<string, StepOutput>;
  #now: Instant;
  #state: Promise<DoubleState> | null = null;
  #complete: Promise<RowSet> | null = null;
  #drafted: Promise<RowSet> | null = null;
  #package: ReturnType<typeof packageFiles> | null = null;
  readonly #entries = new Map<EntryKind, Promise<readonly LoggedEntry[]>>();

  constructor(scenario: Scenario, harness: Harness, made: ReadonlyMap<string, StepOutput>) {
    this.#harness = harness;
    this.#made = made;
    this.#now = scenario.start;
  }

  /** Forgets what was read before this moment of the story. */
  refreshAt(now: Instant): void {
    this.#now = now;
    this.#state = null;
    this.#complete = null;
    this.#drafted = null;
    this.#package = null;
    this.#entries.clear();
  }

  /** Returns the rows of the kind an expectation asks for, or one sentence on why this version lacks them. */
  async rowsFor(expectation: Expectation, from: Instant): Promise<RowSet | string> {
    switch (expectation.kind) {
      case "check":
        return this.#checks(expectation.rows);
      case "changes":
        return this.#changes();
      case "deployments":
        return this.#deployments();
      case "deviations":
        return this.#deviations();
      case "emergencies":
        return this.#emergencies();
      case "retroactive-reviews":
        return this.#reviews();
      case "coverage-gaps":
        return this.#coverageGaps();
      case "control-state":
        return this.#controlState();
      case "log":
        return this.#log();
      case "remediations":
        return this.#remediations();
      case "issues":
        return this.#issues();
      case "reviewers":
        return this.#reviewers();
      case "comments":
        return this.#comments();
      case "monitoring":
        return this.#monitoring();
      case "readiness":
        return this.#readiness(from);
      case "drafts":
        this.#drafted ??= this.#drafts(from);
        return this.#drafted;
      case "notifications":
        return this.#notifications();
      case "gate":
        return this.#gates();
      case "requests":
        return this.#requests(expectation.rows);
      case "package":
        this.#package ??= packageFiles(this.#harness, from, this.#now);
        return packageRows(await this.#package, expectation.rows);
      case "complete":
        this.#complete ??= completeness(this.#harness, await this.state(), from, this.#now);
        return this.#complete;
      default:
        return `this version cannot yet see \`${expectation.kind}\``;
    }
  }

  /** GitHub's state. */
  state(): Promise<DoubleState> {
    this.#state ??= this.#harness.double.state();
    return this.#state;
  }

  /** The newest body of each subject of a kind in the App's ledger. */
  async bodies<K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> {
    let entries = this.#entries.get(kind);
    if (entries === undefined) {
      entries = readStates(this.#harness, kind);
      this.#entries.set(kind, entries);
    }
    return (await entries).filter((entry) => isOfKind(entry, kind)).map((entry) => entry.body);
  }

  async #checks(rows: readonly Row[]): Promise<RowSet> {
    const state = await this.state();
    const seen: Row[] = [];
    const targets = new Map<string, Row>();
    for (const row of rows) {
      const { repository, pull, commit } = row;
      targets.set(JSON.stringify([repository, pull, commit]), {
        repository: repository ?? DEFAULT_REPOSITORY,
        ...(pull === undefined ? {} : { pull }),
        ...(commit === undefined ? {} : { commit }),
      });
    }
    for (const target of targets.values()) {
      const repository = state.repositories.find((each) => each.name === target["repository"]);
      const sha =
        typeof target["pull"] === "number"
          ? repository?.pulls.find((pull) => pull.number === target["pull"])?.headSha
          : await this.#shaOf(repository, target["commit"]);
      // A pull request or commit that is not there has no check to speak of.
      if (sha === undefined || repository === undefined) continue;
      const check = repository.checks.findLast(
        (each) => each.sha === sha && each.name === CHECK_NAME && each.ours,
      );
      seen.push({ ...target, ...checkRow(check) });
    }
    return { columns: ["pull", "commit", "passes", "state", "says"], rows: seen };
  }

  async #shaOf(repository: RepositoryState | undefined, commit: unknown): Promise<Sha | undefined> {
    if (typeof commit !== "string" || repository === undefined) return undefined;
    const made = this.#made.get(commit);
    if (made?.sha !== undefined) return made.sha;
    const pull = /^pull\/(\d+)$/u.exec(commit)?.[1];
    if (pull !== undefined) return repository.pulls.find((each) => each.number === Number(pull))?.headSha;
    return repository.refs[`refs/heads/${commit}`] ?? repository.refs[`refs/tags/${commit}`];
  }

  async #changes(): Promise<RowSet> {
    const state = await this.state();
    const records = await this.bodies("change");
    const rows = records.map((record): Row => {
      const { change, assessment } = record;
      const pulls = change.pullRequests.map((pull) => pull.number);
      const contributors = change.pullRequests.flatMap((pull) =>
        contributorsOf(pull).map(({ actor }) => actor),
      );
      return {
        repository: change.repository.name,
        pull: pulls.length === 1 ? pulls[0] : undefined,
        pulls,
        step: this.#stepsOf(record),
        branch: change.update.ref.replace(/^refs\/heads\//u, ""),
        update: change.update.kind,
        class: record.class,
        verdict: assessment.verdict,
        fails: controls(assessment.results, "fail"),
        waived: controls(assessment.results, "waived"),
        unverifiable: controls(assessment.results, "unverifiable"),
        approvers: names(
          state,
          assessment.approvals.filter((each) => each.counts).map((each) => each.actorId),
        ),
        contributors: names(
          state,
          contributors.map((actor) => actor.id),
        ),
        "merged-by": name(state, change.update.actor),
        coverage: change.shipped.length === 1 ? change.shipped[0]?.coverage : undefined,
        late: change.late,
        says: assessment.results.flatMap((each) => each.reasons),
      };
    });
    const columns = [
      "pull",
      "pulls",
      "step",
      "branch",
      "update",
      "class",
      "verdict",
      "fails",
      "waived",
      "unverifiable",
      "approvers",
      "contributors",
      "merged-by",
      "coverage",
      "late",
      "says",
    ];
    return { columns, rows };
  }

  async #deployments(): Promise<RowSet> {
    const [state, changes, records] = [
      await this.state(),
      await this.bodies("change"),
      await this.bodies("deployment"),
    ];
    const rows = records.map(({ deployment, assessment }): Row => {
      const repository = state.repositories.find((each) => each.id === deployment.repository.id);
      return {
        repository: deployment.repository.name,
        step: this.#named((made) => madeIt(made, deployment)),
        environment: deployment.environment,
        commit: [deployment.sha, ...this.#commitNames(repository, deployment.sha)],
        kind: deployment.kind,
        verdict: assessment.verdict,
        fails: controls(assessment.results, "fail"),
        unverifiable: controls(assessment.results, "unverifiable"),
        origin: deployment.origin.kind,
        says: assessment.results.flatMap((each) => each.reasons),
        changes: deployment.carried.map(({ id }) =>
          this.#namesOf(changes.find((each) => each.change.id === id)),
        ),
      };
    });
    return {
      columns: [
        "step",
        "environment",
        "commit",
        "kind",
        "verdict",
        "fails",
        "unverifiable",
        "changes",
        "origin",
        "says",
      ],
      rows,
    };
  }

  async #deviations(): Promise<RowSet> {
    const changes = await this.bodies("change");
    const deployments = await this.bodies("deployment");
    const records = await this.bodies("deviation");
    const rows = records.map((record): Row => {
      const about = record.subjects.flatMap((id) => changes.filter((each) => each.change.id === id));
      const deployed = deployments.filter((each) => record.subjects.includes(each.deployment.id));
      return {
        // One cause may reach several repositories; under which of them it was opened depends on which was read first.
        repository: [
          ...new Set([record, ...about.map(({ change }) => change)].map(({ repository }) => repository.name)),
        ],
        pull: record.pull ?? undefined,
        step: [
          ...about.flatMap((each) => this.#stepsOf(each)),
          ...deployed.flatMap((each) => this.#named((made) => madeIt(made, each.deployment))),
        ],
        control: record.controls,
        type: record.type,
        status: record.status,
        source: record.source,
        severity: record.severity,
        changes: about.map((each) => this.#namesOf(each)),
        says: [record.title, record.typeReason, record.moved.text],
      };
    });
    return {
      columns: ["pull", "step", "control", "type", "status", "source", "severity", "changes", "says"],
      rows,
    };
  }

  async #remediations(): Promise<RowSet> {
    const deviations = (await this.#deviations()).rows;
    const order = (await this.bodies("deviation")).map(({ id }) => id);
    const records = await this.bodies("remediation");
    return remediationRows(records, (id) => deviations[order.indexOf(id)]);
  }

  async #emergencies(): Promise<RowSet> {
    const [records, steps] = [await this.bodies("emergency"), await this.#stepsOfSubjects()];
    return emergencyRows(records, steps);
  }

  async #reviews(): Promise<RowSet> {
    const records = await this.bodies("retroactive-review");
    return reviewRows(records, await this.#stepsOfSubjects(), this.#now);
  }

  /** The names of the steps that made a change or deployment, by its id. */
  async #stepsOfSubjects(): Promise<(id: string) => readonly string[]> {
    const changes = await this.bodies("change");
    const deployments = await this.bodies("deployment");
    return (id) => [
      ...changes.filter((each) => each.change.id === id).flatMap((each) => this.#stepsOf(each)),
      ...deployments
        .filter((each) => each.deployment.id === id)
        .flatMap((each) => this.#named((made) => madeIt(made, each.deployment))),
    ];
  }

  async #gates(): Promise<RowSet> {
    const state = await this.state();
    const rows = state.repositories.flatMap((repository) =>
      repository.deployments.flatMap(({ id, gates }) =>
        gates.map((gate): Row => ({
          repository: repository.name,
          step: this.#named((made) => made.deployment === id),
          answer: gate.state,
          says: gate.answers.at(-1)?.comment ?? "",
        })),
      ),
    );
    return { columns: ["step", "answer", "says"], rows };
  }

  async #coverageGaps(): Promise<RowSet> {
    const records = await this.bodies("coverage-gap");
    const rows = records.map(({ cause, to, scope, because }): Row => ({
      repository: /^[^\s/]+\/([^\s/]+)$/u.exec(scope)?.[1],
      cause,
      status: to === null ? "open" : "closed",
      says: `${scope}: ${because}`,
    }));
    return { columns: ["cause", "status", "says"], rows, anywhere: true };
  }

  async #log(): Promise<RowSet> {
    const ledger = await this.#harness.openLedger();
    try {
      const check = await ledger.verifyLog();
      const says = check.ok ? `${check.size} entries` : `entry ${check.seq}: ${check.problem}`;
      return { columns: ["intact", "says"], rows: [{ intact: check.ok, says }] };
    } finally {
      await ledger.close();
    }
  }

  async #controlState(): Promise<RowSet> {
    const records = await this.bodies("control-state");
    // A setting that stays as it is keeps the name its repository had when it was read.
    const named = new Map(
      (await this.bodies("repository")).map((each) => [each.repository.id, each.repository.name]),
    );
    const rows = records
      .filter(({ gone }) => !gone)
      .map(({ repository, place, setting, value }): Row => ({
        [place.kind]: place.name,
        repository: named.get(repository.id) ?? repository.name,
        setting,
        value: value === null ? "unobservable" : Array.isArray(value) ? value.join(", ") || "none" : value,
      }));
    return { columns: ["setting", "value", "branch", "environment", "ruleset"], rows };
  }

  async #issues(): Promise<RowSet> {
    const state = await this.state();
    const deviations = (await this.#deviations()).rows;
    const records = await this.bodies("deviation");
    const rows = state.repositories.flatMap((repository) =>
      repository.issues.map((issue): Row => {
        const index = records.findIndex((record) => issue.body.includes(record.id));
        return {
          repository: repository.name,
          about: index < 0 ? undefined : "deviation",
          pull: deviations[index]?.["pull"],
          step: deviations[index]?.["step"],
          state: issue.state,
          says: `${issue.title}\n${issue.body}`,
          assignees: issue.assignees.map((id) => state.names.get(id) ?? String(id)),
        };
      }),
    );
    return { columns: ["about", "pull", "step", "state", "says", "assignees"], rows, anywhere: true };
  }

  /** Whom a review is asked of and has not come from yet: people by name, teams as `acme/core`. */
  async #reviewers(): Promise<RowSet> {
    const state = await this.state();
    const rows = state.repositories.flatMap((repository) =>
      repository.pulls.map((pull): Row => ({
        repository: repository.name,
        pull: pull.number,
        asked: [
          ...pull.askedPeople.map((id) => state.names.get(id) ?? String(id)),
          ...pull.askedTeams.map((slug) => `acme/${slug}`),
        ],
      })),
    );
    return { columns: ["pull", "asked"], rows };
  }

  async #comments(): Promise<RowSet> {
    const state = await this.state();
    const rows = state.repositories.flatMap((repository) =>
      repository.comments.map((comment): Row => ({
        repository: repository.name,
        pull: comment.number,
        by: state.names.get(comment.authorId) ?? comment.author,
        says: comment.body,
      })),
    );
    return { columns: ["pull", "by", "says"], rows };
  }

  /** Readiness now, on everything since the story began. */
  async #readiness(from: Instant): Promise<RowSet> {
    const state = await this.bodies("repository");
    const ledger = await this.#harness.openLedger();
    try {
      const days = Math.ceil((this.#now - from) / DAY) + 1;
      const at = this.#now + 1000;
      const found = await readiness(ledger, state[0]?.repository.ownerId ?? 0, { days, at });
      const row: Row = {
        go: found.go,
        outlook: found.outlook.opinion,
        against: found.findings.filter(({ against }) => against).map(({ code }) => code),
        "days-left": found.period.daysLeft,
        "clean-days": found.period.cleanDays,
        deviations: found.period.deviations,
        recovered: found.recovery.ready,
        says: readinessLines(found, "acme", days).join("\n"),
      };
      return { columns: Object.keys(row), rows: [row], anywhere: true };
    } finally {
      await ledger.close();
    }
  }

  /** Every draft as it would be made now, for the calendar quarter in which the story began, of the oldest deviation. */
  async #drafts(from: Instant): Promise<RowSet> {
    const [repository] = await this.bodies("repository");
    const deviations = await this.bodies("deviation");
    const [oldest] = deviations.toSorted((a, b) => a.happenedAt - b.happenedAt);
    const ledger = await this.#harness.openLedger();
    try {
      const organization = { id: repository?.repository.ownerId ?? 0, login: "acme" };
      const asked = { organization, at: this.#now, id: oldest?.id, period: periodAt(null, from) };
      const rows: Row[] = [];
      for (const kind of DRAFT_KINDS) {
        const made = await draft(ledger, { ...asked, kind });
        rows.push({ kind, made: made.ok, says: made.ok ? made.text : made.missing.join("\n") });
      }
      return { columns: ["kind", "made", "says"], rows, anywhere: true };
    } finally {
      await ledger.close();
    }
  }

  async #monitoring(): Promise<RowSet> {
    const [repository] = await this.bodies("repository");
    const { reviews, figures, seen } = await readReviews(
      this.#harness,
      repository?.repository.ownerId ?? 0,
      this.#now,
    );
    const rows = reviews.map((record): Row => ({
      control: record.control,
      month: record.month,
      status: monthlyStatus(record, this.#now, figures(record.month, record.control)),
      clean: figures(record.month, record.control)?.clean ?? record.figures.clean,
      by: record.signedOff?.by.login,
      says: [
        figuresText(record.figures, seen(record.month).unseen),
        record.signedOff?.comment ?? "",
        record.signedOff?.remark ?? "",
      ].join("\n"),
    }));
    return { columns: ["control", "month", "status", "clean", "by", "says"], rows, anywhere: true };
  }

  /** What the receivers took. Slack's format names no kind: it is that of the action stored. */
  async #notifications(): Promise<RowSet> {
    const { messages } = this.#harness.receiver;
    const kinds = await readNotificationKinds(this.#harness);
    const rows = messages.map(({ id, to, on, text, signed }): Row => ({
      on: on ?? kinds.get(id),
      to,
      signed,
      says: text,
    }));
    return { columns: ["on", "to", "signed", "says"], rows, anywhere: true };
  }

  async #requests(rows: readonly Row[]): Promise<RowSet> {
    const since = rows[0]?.["since"];
    const marker = typeof since === "string" ? (this.#made.get(since)?.since ?? 0) : 0;
    const count = await this.#harness.double.requestsSince(marker);
    return {
      columns: ["at-most", "since"],
      rows: [{ "at-most": count, ...(since === undefined ? {} : { since }) }],
    };
  }

  /** The names of the steps that made an update of a branch. */
  #stepsOf({ change }: ChangeRecord): readonly string[] {
    const { update } = change;
    return this.#named(
      (made) =>
        (made.after === update.after && made.ref === update.ref) ||
        (made.after === undefined && made.sha === update.after),
    );
  }

  #named(is: (made: StepOutput) => boolean): readonly string[] {
    return [...this.#made].filter(([, made]) => is(made)).map(([as]) => as);
  }

  /** All a change may be called by: its pull requests' numbers and its steps' names. */
  #namesOf(record: ChangeRecord | undefined): readonly (string | number)[] {
    if (record === undefined) return [];
    return [...record.change.pullRequests.map((pull) => pull.number), ...this.#stepsOf(record)];
  }

  #commitNames(repository: RepositoryState | undefined, sha: Sha): readonly string[] {
    const refs = Object.entries(repository?.refs ?? {}).filter(([, at]) => at === sha);
    const pulls = repository?.pulls.filter((pull) => pull.headSha === sha) ?? [];
    return [
      ...refs.map(([ref]) => ref.replace(/^refs\/(heads|tags)\//u, "")),
      ...pulls.map((pull) => `pull/${pull.number}`),
      ...this.#named((made) => made.sha === sha),
    ];
  }
}

async function readReviews(
  harness: Harness,
  organizationId: number,
  at: Instant,
): ReturnType<typeof reviewsNow> {
  const ledger = await harness.openLedger();
  try {
    return await reviewsNow(ledger, organizationId, at);
  } finally {
    await ledger.close();
  }
}

async function readStates(harness: Harness, kind: EntryKind): Promise<readonly LoggedEntry[]> {
  const ledger = await harness.openLedger();
  try {
    const found: LoggedEntry[] = [];
    for await (const entry of ledger.states(kind)) found.push(entry);
    return found;
  } finally {
    await ledger.close();
  }
}

/** The kind of each message by its id. */
async function readNotificationKinds(harness: Harness): Promise<ReadonlyMap<string, string>> {
  const ledger = await harness.openLedger();
  try {
    const actions = await ledger.queue.listActions({ status: "done", limit: 10_000 });
    return new Map(
      actions
        .filter(({ kind }) => kind === "notification")
        .map(({ payload }) => [(payload as NotificationPayload).id, (payload as NotificationPayload).kind]),
    );
  } finally {
    await ledger.close();
  }
}

/** Whether a step made a deployment, in whatever way. */
function madeIt(made: StepOutput, { origin, sha }: Deployment): boolean {
  switch (origin.kind) {
    case "github":
      return made.deployment === origin.number;
    case "tag":
      return made.ref === `refs/tags/${origin.tag}` && (made.after === origin.object || made.sha === sha);
    case "workflow":
      return made.run === origin.run;
    case "report":
      return made.report === origin.report;
  }
}

function checkRow(check: CheckState | undefined): Row {
  if (check === undefined) return { passes: false, state: "none", says: "" };
  const state =
    check.status !== "completed"
      ? "waiting"
      : check.conclusion === "action_required"
        ? "action-required"
        : (check.conclusion ?? "none");
  const passes = ["success", "neutral", "skipped"].includes(check.conclusion ?? "");
  const notes = check.annotations.map((note) => `${note.path}:${note.start_line}: ${note.message}`);
  return { passes, state, says: [check.title, check.summary, check.text, ...notes].join("\n") };
}

function controls(results: readonly Result[], outcome: Result["outcome"]): readonly string[] {
  return results.filter((each) => each.outcome === outcome).map((each) => each.control);
}

function names(state: DoubleState, ids: readonly (number | null)[]): readonly string[] {
  return [...new Set(ids)].map((id) => (id === null ? "unknown" : (state.names.get(id) ?? String(id))));
}

function name(state: DoubleState, actor: Actor | null): string | undefined {
  return actor === null ? undefined : (state.names.get(actor.id) ?? actor.login);
}
