/** GitHub and the App at one moment of a story, read when asked and kept. */

import type { Sha } from "../../../domain/change/sha.ts";
import type { Deployment } from "../../../domain/deployment/deployment.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../../domain/records/entry.ts";
import type { ChangeRecord } from "../../../domain/records/change.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { DoubleState, RepositoryState, StepOutput } from "../harness/double.ts";
import type { Harness } from "../harness/harness.ts";
import type { Instant } from "../../../domain/time/instant.ts";

/** Describes the state at one moment, and the steps that made it. */
export class StorySnapshot {
  readonly harness: Harness;
  /** The output of each named step, by its name. */
  readonly outputs: ReadonlyMap<string, StepOutput>;
  readonly now: Instant;
  readonly #kept = new Map<string, Promise<unknown>>();

  constructor(harness: Harness, outputs: ReadonlyMap<string, StepOutput>, now: Instant) {
    this.harness = harness;
    this.outputs = outputs;
    this.now = now;
  }

  /** Returns GitHub's state. */
  state(): Promise<DoubleState> {
    return this.once("state", () => this.harness.double.state());
  }

  /** Returns the newest body of each subject of a kind in the App's ledger. */
  async bodies<K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> {
    const entries = await this.once(`entries ${kind}`, () =>
      this.withLedger(async (ledger) => {
        const found: LoggedEntry<K>[] = [];
        for await (const entry of ledger.states(kind, { everyOrganization: true })) found.push(entry);
        return found;
      }),
    );
    return entries.map((entry) => entry.body);
  }

  /** Makes something the first time it is asked for under a key, and returns the same from then on. */
  once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key) ?? make();
    this.#kept.set(key, kept);
    return kept as Promise<T>;
  }

  /** Reads the App's ledger, and closes it. */
  async withLedger<T>(read: (ledger: Ledger) => Promise<T>): Promise<T> {
    const ledger = await this.harness.openLedger();
    try {
      return await read(ledger);
    } finally {
      await ledger.close();
    }
  }

  /** Returns the names of the steps whose output is so. */
  stepsWhere(is: (output: StepOutput) => boolean): readonly string[] {
    return [...this.outputs].filter(([, output]) => is(output)).map(([as]) => as);
  }

  /** Returns the names of the steps that made a change. */
  stepsOfChange({ change: { update } }: ChangeRecord): readonly string[] {
    return this.stepsWhere(
      (output) =>
        (output.after === update.after && output.ref === update.ref) ||
        (output.after === undefined && output.sha === update.after),
    );
  }

  /** Returns the names of the steps that made a deployment. */
  stepsOfDeployment(deployment: Deployment): readonly string[] {
    return this.stepsWhere((output) => hasMade(output, deployment));
  }

  /** Returns a function from the id of a change or deployment to the names of the steps that made it. */
  async stepsOfSubjects(): Promise<(id: string) => readonly string[]> {
    const changes = await this.bodies("change");
    const deployments = await this.bodies("deployment");
    return (id) => [
      ...changes.filter((each) => each.change.id === id).flatMap((each) => this.stepsOfChange(each)),
      ...deployments
        .filter((each) => each.deployment.id === id)
        .flatMap((each) => this.stepsOfDeployment(each.deployment)),
    ];
  }

  /** Returns all names of a change: its pull requests' numbers and its steps' names. */
  namesOfChange(record: ChangeRecord | undefined): readonly (string | number)[] {
    if (record === undefined) return [];
    return [...record.change.pullRequests.map((pull) => pull.number), ...this.stepsOfChange(record)];
  }

  /** Returns all names of a commit: refs, pull requests and steps. */
  namesOfCommit(repository: RepositoryState | undefined, sha: Sha): readonly string[] {
    const refs = Object.entries(repository?.refs ?? {}).filter(([, at]) => at === sha);
    const pulls = repository?.pulls.filter((pull) => pull.headSha === sha) ?? [];
    return [
      ...refs.map(([ref]) => ref.replace(/^refs\/(heads|tags)\//u, "")),
      ...pulls.map((pull) => `pull/${pull.number}`),
      ...this.stepsWhere((output) => output.sha === sha),
    ];
  }

  /** Returns the commit that a step, pull request, branch or tag names. */
  commitNamed(repository: RepositoryState | undefined, name: unknown): Sha | undefined {
    if (typeof name !== "string" || repository === undefined) return undefined;
    const made = this.outputs.get(name)?.sha;
    if (made !== undefined) return made;
    const pull = /^pull\/(\d+)$/u.exec(name)?.[1];
    if (pull !== undefined) return repository.pulls.find((each) => each.number === Number(pull))?.headSha;
    return repository.refs[`refs/heads/${name}`] ?? repository.refs[`refs/tags/${name}`];
  }
}

function hasMade(output: StepOutput, { origin, sha }: Deployment): boolean {
  switch (origin.kind) {
    case "github":
      return output.deployment === origin.number;
    case "tag":
      return (
        output.ref === `refs/tags/${origin.tag}` && (output.after === origin.object || output.sha === sha)
      );
    case "workflow":
      return output.run === origin.run;
    case "report":
      return output.report === origin.report;
  }
}
