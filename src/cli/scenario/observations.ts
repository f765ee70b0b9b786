/** The rows of each kind an expectation can ask for, from GitHub's state and from the App's ledger. */

import type { Instant } from "../../domain/time/instant.ts";
import { UsageError } from "../terminal/answer.ts";
import type { StepOutput } from "./harness/double.ts";
import type { Expectation, Row } from "./format/expectations.ts";
import type { Scenario } from "./format/format.ts";
import type { Harness } from "./harness/harness.ts";
import type { RowSet } from "./format/match.ts";
import { changeRows, deploymentRows } from "./rows/changes.ts";
import { completeness } from "./rows/completeness.ts";
import { deviationRows, issueRows, remediationRows } from "./rows/deviations.ts";
import { emergencyRows, reviewRows } from "./rows/emergencies.ts";
import { checkRows, commentRows, gateRows, requestRows, reviewerRows } from "./rows/github.ts";
import * as operations from "./rows/operations.ts";
import { packageFiles, packageRows, periodsAsked } from "./rows/package.ts";
import { StorySnapshot } from "./rows/snapshot.ts";

/** Reads the rows of a kind, or says why there can be none. `expected`: the rows asked about. `from`: when the story began. */
type Projection = (at: StorySnapshot, expected: readonly Row[], from: Instant) => Promise<RowSet | string>;

const PROJECTIONS: Readonly<Partial<Record<Expectation["kind"], Projection>>> = {
  check: checkRows,
  changes: changeRows,
  deployments: deploymentRows,
  deviations: deviationRows,
  emergencies: async (at) => emergencyRows(await at.bodies("emergency"), await at.stepsOfSubjects()),
  "retroactive-reviews": async (at) =>
    reviewRows(await at.bodies("retroactive-review"), await at.stepsOfSubjects(), at.now),
  "coverage-gaps": operations.coverageGapRows,
  "control-state": operations.controlStateRows,
  log: operations.logRows,
  remediations: remediationRows,
  issues: issueRows,
  reviewers: reviewerRows,
  comments: commentRows,
  monitoring: operations.monitoringRows,
  readiness: (at, _, from) => operations.readinessRows(at, from),
  drafts: (at, _, from) => at.once("drafts", () => operations.draftRows(at, from)),
  notifications: operations.notificationRows,
  gate: gateRows,
  requests: requestRows,
  package: async (at, expected, from) => {
    const [periods = null] = expected.flatMap(periodsAsked);
    try {
      const files = at.once(`package ${periods}`, () => packageFiles(at.harness, { from, periods }, at.now));
      return packageRows(await files, expected);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
  },
  complete: (at, _, from) =>
    at.once("complete", async () => completeness(at.harness, await at.state(), from, at.now)),
};

/** Reads the state of one story's GitHub and App. Answers are kept until `refreshAt`. */
export class Observations {
  readonly #harness: Harness;
  readonly #outputs: ReadonlyMap<string, StepOutput>;
  #snapshot: StorySnapshot;

  constructor(scenario: Scenario, harness: Harness, outputs: ReadonlyMap<string, StepOutput>) {
    this.#harness = harness;
    this.#outputs = outputs;
    this.#snapshot = new StorySnapshot(harness, outputs, scenario.start);
  }

  /** Forgets what was read before this moment of the story. */
  refreshAt(now: Instant): void {
    this.#snapshot = new StorySnapshot(this.#harness, this.#outputs, now);
  }

  /** Returns the rows of the kind an expectation names, or one sentence on why this version lacks them. */
  async rowsFor(expectation: Expectation, from: Instant): Promise<RowSet | string> {
    const projection = PROJECTIONS[expectation.kind];
    if (projection === undefined) return `this version has no rows of \`${expectation.kind}\``;
    return projection(this.#snapshot, expectation.rows, from);
  }
}
