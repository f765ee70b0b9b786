/** `countersign policy try`: what a policy would have refused of what landed in a period, by the facts in the evidence log. */

import type { Instant } from "../domain/change.ts";
import { tryOn, type Trial } from "../domain/policy/trial.ts";
import { policyInForce, type PolicyInForce } from "../domain/policy/tighten.ts";
import type { ChangeRecord, PolicyRecord } from "../domain/record.ts";
import { oneLine, short, time, VERDICT_TITLES } from "../domain/wording.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { openLedger } from "../ledger/open.ts";
import type { Where } from "../ledger/store.ts";
import type { Answer, Terminal } from "./answer.ts";
import { Misuse } from "./answer.ts";
import { columns } from "./columns.ts";
import { policyFrom, readPolicyFile } from "./policy-files.ts";

/** What is tried on what. `repositories`: `OWNER/NAME`; none: all. `to` is excluded. */
export interface TryOptions {
  readonly file: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly repositories: readonly string[];
}

const OUTCOMES: Readonly<Record<Trial["outcome"], string>> = {
  "lets-through": "passes",
  refuses: "refused",
  "cannot-tell": "cannot tell",
};

/** Tries an organisation's file, with each repository's own as it was on top. Exit code 1: something would have been refused. */
export async function tryPolicy(
  terminal: Pick<Terminal, "input">,
  where: Where,
  appId: number,
  { file, from, to, repositories }: TryOptions,
): Promise<Answer> {
  if (from >= to) throw new Misuse("--from must be before --to.");
  const given = await readPolicyFile(file, terminal);
  await policyFrom([file], { input: () => Promise.resolve(given.text) });
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const wanted = new Set(repositories.map((name) => name.toLowerCase()));
    const trials: Trial[] = [];
    for await (const entry of ledger.states("change", { from, to, order: "at" })) {
      const record = entry.body as ChangeRecord;
      const { owner, name } = record.change.repository;
      if (wanted.size > 0 && !wanted.has(`${owner}/${name}`.toLowerCase())) continue;
      const then = await policyThen(ledger, record);
      const policy = together(given.text, file, then);
      trials.push(tryOn(record, then?.effective ?? null, policy, appId));
    }
    return answerOf(file, trials);
  } finally {
    await ledger.close();
  }
}

async function policyThen(ledger: Ledger, { assessment }: ChangeRecord): Promise<PolicyRecord | null> {
  if (assessment.policyDigest === "") return null;
  const entry = await ledger.state("policy", assessment.policyDigest);
  return entry === undefined ? null : (entry.body as PolicyRecord);
}

/** The file as the organisation's minimum, and the repository's own as it was then. */
function together(
  text: string,
  path: string,
  then: PolicyRecord | null,
): Extract<PolicyInForce, { readonly state: "known" }> {
  const blob = "0".repeat(40);
  const policy = policyInForce(
    { state: "found", repository: "tried", path, commit: blob, blob, text },
    then?.repository ?? { state: "absent" },
  );
  if (policy.state === "known") return policy;
  const problems =
    policy.state === "broken"
      ? policy.problems.map((each) => `${each.file}:${each.line}: ${each.message}`)
      : [policy.because];
  throw new Misuse(["the policy does not go with a repository's own as it was:", ...problems].join("\n  "));
}

function answerOf(file: string, trials: readonly Trial[]): Answer {
  const count = (outcome: Trial["outcome"]): number =>
    trials.filter((trial) => trial.outcome === outcome).length;
  const counts = {
    changes: trials.length,
    passes: count("lets-through"),
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
  const unknown =
    counts.cannotTell === 0
      ? []
      : ["What cannot be told was never asked of GitHub: under the policy of then it did not matter."];
  return {
    code: counts.refused > 0 ? 1 : 0,
    lines: [
      ...table,
      `${counts.changes} ${counts.changes === 1 ? "change" : "changes"}: ${counts.passes} would pass, ${counts.refused} would have been refused, of ${counts.cannotTell} it cannot be told.`,
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
