/** What a run came to, in a form two runs can be compared by. */

import { canonical } from "../../src/domain/values/digest.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { RawState } from "./rig.ts";

/** Lists of lines, each sorted: what was judged, what deviates, and what was said on GitHub. */
export interface Outcome {
  /** Subject, verdict, results and policy digest of every change, deployment and gate. */
  readonly verdicts: readonly string[];
  readonly deviations: readonly string[];
  readonly issues: readonly string[];
  readonly checks: readonly string[];
}

/** The outcome of a run, by its ledger and the double's account. */
export async function outcomeOf(ledger: Ledger, state: RawState): Promise<Outcome> {
  const verdicts: string[] = [];
  for (const kind of ["change", "deployment", "gate"] as const) {
    for await (const { subject, body } of ledger.states(kind, { everyOrganization: true })) {
      const { assessment } = body;
      const { verdict, results, policyDigest } = assessment;
      verdicts.push(canonical({ kind, subject, verdict, results, policyDigest }));
    }
  }
  const deviations: string[] = [];
  for await (const { subject, body } of ledger.states("deviation", { everyOrganization: true })) {
    const { status, controls, subjects } = body;
    deviations.push(canonical({ subject, status, controls, subjects }));
  }
  const issues: string[] = [];
  const checks: string[] = [];
  for (const repository of state.repositories) {
    for (const { title, body, state: is } of repository.issues)
      if (is === "open") issues.push(canonical({ repository: repository.name, title, body }));
    for (const { sha, ours, status, conclusion, title, summary, text } of repository.checks)
      if (ours)
        checks.push(
          canonical({ repository: repository.name, sha, status, conclusion, title, summary, text }),
        );
  }
  return {
    verdicts: verdicts.toSorted(),
    deviations: deviations.toSorted(),
    issues: issues.toSorted(),
    checks: checks.toSorted(),
  };
}
