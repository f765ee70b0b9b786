/** The button on the check run: it opens an emergency, which then waits for its reason. */

import { allows, rolesOf, type EmergencyRole } from "../domain/emergency/emergency.ts";
import { isOpen, type EmergencyRecord } from "../domain/emergency/exception.ts";
import { emergencyEntry, opened } from "../domain/emergency/life.ts";
import { askReason } from "../domain/emergency/words.ts";
import type { Task } from "../domain/task.ts";
import { commentAction } from "../domain/reply.ts";
import type { Subject } from "../github/subject.ts";
import { assessPull } from "./assess-pull.ts";
import { addressee, known, standing } from "./emergencies.ts";
import { nothingHeld, notDeclared, POLICY_UNKNOWN } from "./emergency-commands.ts";
import { emergenciesOf, gatherOpen, withMakers } from "./open-pull.ts";
import type { Tools, Watched } from "./ports.ts";

/** Opens an emergency for whoever pressed the button, unless one is open or they may not; then judges the pull request again. */
export async function flagEmergency(
  tools: Tools,
  watched: Watched,
  pressed: Extract<Subject, { readonly type: "flag" }>,
): Promise<void> {
  const { pull: told, policy: inForce } = await gatherOpen(tools, watched, pressed.number);
  const pull = await withMakers(tools, watched, told);
  const current = known(inForce);
  if (pull.state !== "open") return assessPull(tools, watched, pressed.number, null);
  const to = addressee(tools, watched);
  const again = (): readonly Task[] => [
    {
      kind: "pull",
      repositoryId: watched.repository.id,
      number: pull.number,
      request: null,
      dueAt: tools.clock.now(),
    },
  ];
  const answer = async (text: string): Promise<void> => {
    const actions = [
      commentAction(to, pull.number, `button:${watched.repository.id}:${pull.number}:${pressed.at}`, text),
    ];
    await tools.ledger.record({ actions, tasks: again() }, tools.clock.now(), watched.fence);
  };
  if (current === null) return answer(POLICY_UNKNOWN);
  const idle = nothingHeld(current.policy, watched.repository, pull);
  if (idle !== null) return answer(idle);
  const facts = await emergenciesOf(tools, watched, told, inForce);
  const open = facts.findLast(({ record }) => isOpen(record))?.record ?? null;
  const { policy } = current;
  const among = policy.emergency.authorisers;
  const seen = await standing(tools, watched, { actor: pressed.by, among, pull, record: open, policy });
  const occasion = { repository: watched.repository, pull: pull.number, deployment: null, ...current };
  const deed = { by: pressed.by, at: pressed.at, via: "button" } as const;
  const record = opened(occasion, `button:${pressed.at}`, deed, null, pull.head.sha);
  const roles = rolesOf(seen.standing, false);
  // The same press, told twice.
  if (open?.id === record.id) return assessPull(tools, watched, pressed.number, null);
  if (!allows(open, "flag", roles)) return answer(notFlagged(open, roles));
  const { actions } = askReason(to, record, pressed.by);
  const now = tools.clock.now();
  await tools.ledger.record(
    { entries: [emergencyEntry(record)], actions, tasks: again() },
    now,
    watched.fence,
  );
}

function notFlagged(open: EmergencyRecord | null, roles: readonly EmergencyRole[]): string {
  return open?.status === "awaiting-reason"
    ? "The emergency waits for its reason already: write `/countersign emergency <reason>` alone on the first line of a new comment."
    : notDeclared(open, roles);
}
