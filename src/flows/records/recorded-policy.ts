/** The policy that something was judged by, as the log has it. */

import { policySubjects, type PolicyRecord } from "../../domain/policy/record.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** Returns an organisation's policy of a digest; null: none is on record. Another organisation's of the same digest is not its own. */
export async function recordedPolicy(
  { ledger }: { readonly ledger: Pick<Ledger, "state"> },
  organizationId: number,
  digest: string,
): Promise<PolicyRecord | null> {
  for (const subject of policySubjects(organizationId, digest)) {
    const entry = await ledger.state("policy", subject);
    if (entry?.organizationId === organizationId) return entry.body;
  }
  return null;
}
