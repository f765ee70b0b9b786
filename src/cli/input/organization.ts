/** The organisation of a command: the one named, or the only one in the evidence log. */

import type { Ledger } from "../../ledger/ledger.ts";
import { UsageError } from "../terminal/answer.ts";

/** Describes an organisation of the log. */
export interface KnownOrganization {
  readonly id: number;
  readonly login: string;
}

/** Finds the organisation in the log. Throws UsageError when it is missing, or when there are several and none was named. */
export async function organizationIn(
  ledger: Pick<Ledger, "states">,
  named: string | undefined,
): Promise<KnownOrganization> {
  const known = new Map<number, KnownOrganization>();
  for await (const entry of ledger.states("repository", { everyOrganization: true })) {
    const { ownerId, owner } = entry.body.repository;
    known.set(ownerId, { id: ownerId, login: owner });
  }
  const found = [...known.values()].filter(
    ({ login }) => named === undefined || login.toLowerCase() === named.toLowerCase(),
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first === undefined)
    throw new UsageError(
      named === undefined
        ? "The evidence log has no organisation yet. Install the App on one."
        : `The evidence log has no organisation ${named}.`,
    );
  throw new UsageError(`Name the organisation with --org: ${found.map(({ login }) => login).join(", ")}.`);
}
