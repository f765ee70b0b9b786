/** Management's response to a deviation: who wrote it, and who approves it. They are two people. */

import type { Person } from "../records/deviation.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import { isSameAccount } from "./remediation.ts";

/** The commands whose words or names the response consists of. */
const RESPONSE_PARTS: readonly string[] = [
  "cause",
  "why",
  "owner",
  "action",
  "measure",
  "method",
  "due",
  "blocked",
  "evidence",
  "elsewhere",
];

/** Returns who wrote the response, in the order of their first words. `steps`: every entry about the remediation, oldest first. */
export function writersOf(steps: readonly Pick<RemediationRecord, "moved">[]): readonly Person[] {
  const writers: Person[] = [];
  for (const { moved } of steps) {
    const { by, command } = moved;
    if (by === null || !RESPONSE_PARTS.includes(command)) continue;
    if (!writers.some((each) => isSameAccount(each, by))) writers.push(by);
  }
  return writers;
}

/** Returns the remediation after a command: what is written later, or is found not to be so, was not approved. */
export function withoutStaleApproval(remediation: RemediationRecord, command: string): RemediationRecord {
  const ends = command === "not-effective" || RESPONSE_PARTS.includes(command);
  return ends ? { ...remediation, response: null } : remediation;
}
