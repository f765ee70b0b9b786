/** `countersign policy try`: the changes of a period that a policy would have refused, by the facts in the evidence log. */

import type { Instant } from "../../domain/time/instant.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { tryOn, type Trial } from "../../domain/assessment/policy-trial.ts";
import { policyInForce, type PolicyInForce } from "../../domain/policy/tighten.ts";
import type { ChangeRecord } from "../../domain/records/change.ts";
import { oneLine, short, time, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import type { Span } from "../../domain/time/span.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import { columns } from "../terminal/columns.ts";
import { policyFrom, readPolicyFile } from "../input/policy-files.ts";
import type { PolicyRecord, PolicySource } from "../../domain/policy/record.ts";
import { recordedPolicy } from "../../flows/records/recorded-policy.ts";

/** Describes the file to try and its period. `repositories`: `OWNER/NAME`; none: all. `to` is excluded. */
export interface TryOptions {
  readonly file: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly repositories: readonly string[];
}

const OUTCOMES: Readonly<Record<Trial["outcome"], string>> = {
  "lets-through": "passes",
  waived: "passes by exception",
  refuses: "refused",
  "cannot-tell": "unverifiable",
};

/** Tries an organisation's file, with each repository's file of that time on top. Exit code 1: some change would have been refused. */
export async function tryPolicy(
  terminal: Pick<Terminal, "input">,
  where: StoreLocation,
  appId: number,
  { file, from, to, repositories }: TryOptions,
): Promise<Answer> {
  if (from >= to) throw new UsageError("--from must be before --to.");
  const given = await readPolicyFile(file, terminal);
  await policyFrom([file], { input: () => Promise.resolve(given.text) });
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const wanted = new Set(repositories.map((name) => name.toLowerCase()));
    const trials: Trial[] = [];
    for await (const record of changesOf(ledger, { from, to })) {
      const { owner, name } = record.change.repository;
      if (wanted.size > 0 && !wanted.has(`${owner}/${name}`.toLowerCase())) continue;
      const then = await policyThen(ledger, record);
      const policy = foldedPolicy(triedSource(given.text, file), then?.repository ?? { state: "absent" });
      const landings = await landingsTried(ledger, record, policy, appId);
      trials.push(tryOn(record, then?.effective ?? null, policy, appId, landings));
    }
    return trialAnswer(file, trials);
  } finally {
    await ledger.close();
  }
}

/** Returns a policy's outcome for each earlier landing on an integration branch that a change contains, by change id. */
export async function landingsTried(
  ledger: Ledger,
  { change }: ChangeRecord,
  policy: Extract<PolicyInForce, { readonly state: "known" }>,
  appId: number,
): Promise<ReadonlyMap<string, Trial["outcome"]>> {
  const found = new Map<string, Trial["outcome"]>();
  for (const { changeId } of change.pullRequests.flatMap(({ landedBefore = [] }) => landedBefore)) {
    const entry = await ledger.state("landing", changeId);
    if (entry === undefined || found.has(changeId)) continue;
    const record = entry.body;
    const then = await policyThen(ledger, record);
    found.set(changeId, tryOn(record, then?.effective ?? null, policy, appId).outcome);
  }
  return found;
}

/** Yields the recorded changes of a span, oldest first. */
export async function* changesOf(
  ledger: Ledger,
  { from, to }: Span,
): AsyncGenerator<ChangeRecord, void, undefined> {
  for await (const entry of ledger.states("change", { everyOrganization: true, from, to, order: "at" }))
    yield entry.body;
}

/** Returns the policy of a change's assessment, or null where it could not be read. */
export async function policyThen(
  ledger: Ledger,
  { change, assessment }: Pick<ChangeRecord, "change" | "assessment">,
): Promise<PolicyRecord | null> {
  if (assessment.policyDigest === "") return null;
  return recordedPolicy({ ledger }, change.repository.ownerId, assessment.policyDigest);
}

/** Returns the tried file as the source of an organisation's policy. */
export function triedSource(text: string, path: string): PolicySource {
  const blob = sha256(text).slice(0, 40);
  return { state: "found", repository: "tried", path, commit: blob, blob, text };
}

/** Returns the policy of the file and the repository's file of that time. Throws UsageError where they conflict. */
export function foldedPolicy(
  tried: PolicySource,
  repository: PolicySource,
): Extract<PolicyInForce, { readonly state: "known" }> {
  const policy = policyInForce(tried, repository);
  if (policy.state === "known") return policy;
  const problems =
    policy.state === "broken"
      ? policy.problems.map((each) => `${each.file}:${each.line}: ${each.message}`)
      : [policy.because];
  throw new UsageError(
    ["the policy conflicts with a repository's file of that time:", ...problems].join("\n  "),
  );
}

/** Prints a table of the trials and their counts. Exit code 1: some change would have been refused. */
export function trialAnswer(file: string, trials: readonly Trial[]): Answer {
  const count = (outcome: Trial["outcome"]): number =>
    trials.filter((trial) => trial.outcome === outcome).length;
  const counts = {
    changes: trials.length,
    passes: count("lets-through"),
    waived: count("waived"),
    refused: count("refuses"),
    cannotTell: count("cannot-tell"),
  };
  const rows = trials.map((trial) => {
    const [first] = trial.because;
    const reason = first?.reasons[0] ?? "";
    return [
      titleOf(trial),
      VERDICT_TITLES[trial.was],
      OUTCOMES[trial.outcome],
      trial.because.map(({ control }) => control).join(", "),
      oneLine(reason),
    ];
  });
  const table =
    rows.length === 0 ? [] : [...columns(["change", "then", `with ${file}`, "control", "why"], rows), ""];
  const byException = counts.waived === 0 ? "" : `, ${counts.waived} only by an emergency or exemption`;
  const unknown =
    counts.cannotTell === 0
      ? []
      : ["Unverifiable: the log lacks facts that the policy of that time did not need."];
  return {
    code: counts.refused > 0 ? 1 : 0,
    lines: [
      ...table,
      `${counts.changes} ${counts.changes === 1 ? "change" : "changes"}: ${counts.passes} would pass${byException}, ${counts.refused} would have been refused, ${counts.cannotTell} ${counts.cannotTell === 1 ? "is" : "are"} unverifiable.`,
      ...unknown,
    ],
    data: {
      counts,
      changes: trials.map(({ change, was, outcome, because }) => ({
        id: change.id,
        repository: `${change.repository.owner}/${change.repository.name}`,
        pulls: change.pullRequests.map(({ number }) => number),
        at: time(change.update.at),
        was,
        with: outcome,
        because,
      })),
    },
  };
}

function titleOf({ change }: Trial): string {
  const { repository, pullRequests, update } = change;
  const where = `${repository.owner}/${repository.name}`;
  const numbers = pullRequests.map(({ number }) => `#${number}`).join(", ");
  return oneLine(numbers === "" ? `${where} ${update.kind} ${short(update.after)}` : `${where}${numbers}`);
}
