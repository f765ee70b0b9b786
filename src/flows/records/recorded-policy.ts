/** The policy that something was judged by, as the log has it. */

import { policySubject, type PolicyRecord } from "../../domain/policy/record.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** Returns an organisation's policy of a digest; null: none is on record. Another organisation's of the same digest is not its own. */
export async function recordedPolicy(
  { ledger }: { readonly ledger: Pick<Ledger, "state"> },
  organizationId: number,
  digest: string,
): Promise<PolicyRecord | null> {
  const entry =
    (await ledger.state("policy", policySubject(organizationId, digest))) ??
    // Before, the subject was the digest alone.
    (await ledger.state("policy", digest));
  return entry?.organizationId === organizationId ? entry.body : null;
}
