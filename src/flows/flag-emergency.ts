/** The button on the check run: it opens an emergency, which then waits for its reason. */

import { rolesOf } from "../domain/emergency/emergency.ts";
import { isOpen } from "../domain/emergency/exception.ts";
import { allows, emergencyEntry, opened } from "../domain/emergency/life.ts";
import { askReason } from "../domain/emergency/words.ts";
import type { Subject } from "../github/subject.ts";
import { assessPull } from "./assess-pull.ts";
import { addressee, keepUp, known, standing } from "./emergencies.ts";
import { gatherPull } from "./gather.ts";
import type { Tools, Watched } from "./ports.ts";

/** Opens an emergency for whoever pressed the button, unless one is open or they may not; then judges the pull request again. */
export async function flagEmergency(
  tools: Tools,
  watched: Watched,
  pressed: Extract<Subject, { readonly type: "flag" }>,
): Promise<void> {
  const { pull, policy: inForce } = await gatherPull(tools, watched, pressed.number);
  const current = known(inForce);
  if (current === null || pull.state !== "open") return assessPull(tools, watched, pressed.number, null);
  const facts = await keepUp(tools, watched, pull, inForce);
  const open = facts.findLast(({ record }) => isOpen(record))?.record ?? null;
  const { policy } = current;
  const among = policy.emergency.authorisers;
  const seen = await standing(tools, watched, { actor: pressed.by, among, pull, record: open, policy });
  const occasion = { repository: watched.repository, pull: pull.number, deployment: null, ...current };
  const deed = { by: pressed.by, at: pressed.at, via: "button" } as const;
  const record = opened(occasion, `button:${pressed.at}`, deed, null, pull.head.sha);
  if (allows(open, "flag", rolesOf(seen.standing, false))) {
    const { actions } = askReason(addressee(tools, watched), record, pressed.by);
    const now = tools.clock.now();
    await tools.ledger.record({ entries: [emergencyEntry(record)], actions }, now, watched.fence);
  }
  await assessPull(tools, watched, pressed.number, null);
}
