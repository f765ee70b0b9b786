/** The organisation a command is about: the one named, or the only one the evidence log knows. */

import type { Ledger } from "../../ledger/ledger.ts";
import { Misuse } from "../terminal/answer.ts";

/** An organisation as the log knows it. */
export interface KnownOrganization {
  readonly id: number;
  readonly login: string;
}

/** Finds it in the log. Throws Misuse when it is not there, or when several are and none was named. */
export async function organizationIn(
  ledger: Pick<Ledger, "states">,
  named: string | undefined,
): Promise<KnownOrganization> {
  const known = new Map<number, KnownOrganization>();
  for await (const entry of ledger.states("repository")) {
    const { ownerId, owner } = entry.body.repository;
    known.set(ownerId, { id: ownerId, login: owner });
  }
  const found = [...known.values()].filter(
    ({ login }) => named === undefined || login.toLowerCase() === named.toLowerCase(),
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first === undefined)
    throw new Misuse(
      named === undefined
        ? "The evidence log knows no organisation yet: has the App been installed?"
        : `The evidence log knows nothing of ${named}.`,
    );
  throw new Misuse(`Which organisation? Give --org: ${found.map(({ login }) => login).join(", ")}.`);
}
