/** Prints a story as it is played: each step in a sentence, and what the App recorded about it. */

import type { ChangeRecord } from "../../domain/records/change.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { VERDICT_TITLES } from "../../domain/texts/wording.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { PlayedStep } from "../scenario/result.ts";
import { describeStep } from "../scenario/result.ts";
import type { DoStep } from "../scenario/format/steps.ts";

/** Prints steps, and the new entries of the App's evidence log. */
export class StoryPrinter {
  readonly #ledger: Ledger;
  readonly #print: (line: string) => void;
  #seen = 0;
  readonly #counts = new Map<string, Map<string, string>>();

  constructor(ledger: Ledger, print: (line: string) => void) {
    this.#ledger = ledger;
    this.#print = print;
  }

  /** Prints one step. */
  printStep({ at, step, refused }: PlayedStep): void {
    this.#print(`${new Date(at).toISOString().slice(0, 16).replace("T", " ")}  ${sentence(step)}`);
    if (refused !== null) this.#print(`                  GitHub refuses: ${lastLine(refused)}`);
  }

  /** Leaves out what was recorded until now. */
  async skip(): Promise<void> {
    this.#seen = (await this.#ledger.head()).size;
  }

  /** Prints what was recorded since the last call. */
  async printNewEntries(): Promise<void> {
    const { size } = await this.#ledger.head();
    if (size === this.#seen) return;
    for await (const entry of this.#ledger.log({
      everyOrganization: true,
      kinds: ["gate", "change", "deployment", "deviation", "coverage-gap"],
    })) {
      if (entry.seq <= this.#seen) continue;
      this.#count(entry);
      const line = lineOf(entry);
      if (line !== null) this.#print(`                  > ${line}`);
    }
    this.#seen = size;
  }

  /** "21 changes (17 compliant, 4 non-compliant), ..." */
  summary(): string {
    const groups = [...this.#counts].map(([kind, subjects]) => {
      const by = Map.groupBy(subjects.values(), (value) => value);
      const parts = [...by].map(([value, all]) => `${all.length} ${value}`);
      return `${subjects.size} ${kind} (${parts.join(", ")})`;
    });
    return groups.join(", ");
  }

  /** Closes the log. */
  close(): Promise<void> {
    return this.#ledger.close();
  }

  #count({ kind, subject, body }: LoggedEntry): void {
    if (kind !== "change" && kind !== "deployment" && kind !== "deviation") return;
    const what = `${kind}s`;
    const value = kind === "deviation" ? body.status : VERDICT_TITLES[body.assessment.verdict];
    this.#counts.set(what, (this.#counts.get(what) ?? new Map<string, string>()).set(subject, value));
  }
}

function lineOf({ kind, body }: LoggedEntry): string | null {
  switch (kind) {
    case "gate": {
      const { pulls, check } = body;
      const which = pulls.map((pull) => `${pull.repository.name}#${pull.number}`).join(", ");
      return `check on ${which}: ${check.conclusion ?? "waiting"}: ${check.title}`;
    }
    case "change": {
      const { change, assessment } = body;
      const branch = change.update.ref.replace(/^refs\/heads\//u, "");
      const pulls = change.pullRequests.map((pull) => `#${pull.number}`).join(", ");
      const by = pulls === "" ? change.update.kind : `${change.update.kind} ${pulls}`;
      const late = change.late ? ", found later by the sweep" : "";
      return `change of ${change.repository.name} ${branch} (${by}${late}): ${VERDICT_TITLES[assessment.verdict]}${failed(assessment)}`;
    }
    case "deployment": {
      const { deployment, assessment } = body;
      const count = deployment.carried.length;
      return `deployment of ${deployment.repository.name} to ${deployment.environment} (${deployment.kind}, ${count} ${count === 1 ? "change" : "changes"}): ${VERDICT_TITLES[assessment.verdict]}${failed(assessment)}`;
    }
    case "deviation": {
      const { status, title } = body;
      return `deviation ${status === "open" ? "opened" : status}: ${title}`;
    }
    case "emergency": {
      const { repository, pull, status } = body;
      return `emergency on ${repository.name}${pull === null ? "" : `#${pull}`}: ${status}`;
    }
    case "retroactive-review": {
      const { repository, pull, status, dueAt } = body;
      const due = status === "due" ? ` by ${new Date(dueAt).toISOString().slice(0, 16)}Z` : "";
      return `retroactive review of ${repository.name}${pull === null ? "" : `#${pull}`}: ${status}${due}`;
    }
    case "coverage-gap": {
      const { cause, to } = body;
      return `monitoring gap (${cause}) ${to === null ? "begins" : "ends"}`;
    }
    default:
      return null;
  }
}

function failed({ results }: ChangeRecord["assessment"]): string {
  const reasons = results
    .filter((each) => each.outcome === "fail")
    .map((each) => each.reasons[0] ?? each.cause);
  return reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
}

/** Prints a step as a sentence; the rarer ones as they are written in stories. */
function sentence(step: DoStep): string {
  const { by = "someone", repository = "web" } = step;
  const past = step.bypass === true ? ", past the rules" : "";
  const word = (key: string, otherwise = ""): string => {
    const value = step[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
  };
  const [pull, branch, environment] = [word("pull"), word("branch"), word("environment", "production")];
  switch (step.do) {
    case "open-pull-request":
      return `${by} opens ${repository}#${pull}: ${word("title", branch)}`;
    case "review":
      return `${by} reviews ${repository}#${pull}: ${word("state").replace("-", " ")}`;
    case "merge":
      return `${by} merges ${repository}#${pull} (${word("method", "merge")})${past}`;
    case "enqueue":
      return `${by} puts ${repository}#${pull} into the merge queue`;
    case "push":
      return `${by} pushes to ${branch} of ${repository}${step["via"] === undefined ? "" : ` by ${word("via")}`}${past}`;
    case "force-push":
      return `${by} force-pushes ${branch} of ${repository}${past}`;
    case "command":
      return `${by} writes on ${pull === "" ? `deviation #${word("deviation")}` : `${repository}#${pull}`}: ${word("text")}`;
    case "create-branch":
      return `${by} creates the branch ${branch} in ${repository}`;
    case "deploy":
      return `${by} deploys ${word("commit", "main")} of ${repository} to ${environment}`;
    case "set-check":
      return `${word("app", by)} reports on ${repository}#${pull}: ${word("name")} ${word("conclusion")}`;
    case "add-to-team":
      return `${word("person")} joins the team ${word("team")}`;
    case "edit-policy":
      return `${by} changes the policy of the ${word("in", "organisation")}`;
    case "rerun":
      return `${by} re-runs the check of ${repository}#${pull}`;
    case "outage":
      return "The App is unreachable: webhooks are lost";
    case "recover":
      return "The App is reachable again";
    case "sweep":
      return "The App sweeps: it reads everything again";
    case "wait":
      return `Time passes${step["until"] === undefined ? "" : ` until ${word("until").slice(0, 10)}`}`;
    default:
      return describeStep(step);
  }
}

/** Returns the last line of a refusal, which names the broken rule. */
function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? text;
}
