/** The button on the check run: it opens an emergency, which then waits for its reason. */

import { addressee, type Repo } from "../context/repo.ts";
import { FLAG } from "../../domain/emergency/commands.ts";
import { isOpen } from "../../domain/records/emergency.ts";
import { POLICY_UNKNOWN } from "../../domain/emergency/replies.ts";
import { commentAction } from "../../domain/messages/replies.ts";
import type { Task } from "../../domain/records/task.ts";
import type { SignalSubject } from "../../github/webhooks/subject.ts";
import { applyEmergencyAction, gatherCase, refuse } from "./apply-emergency-command.ts";
import { assessPull } from "../changes/assess-pull-request.ts";
import { COMMENT } from "./emergency.ts";

/** Opens an emergency for whoever pressed the button, or replies why not; then judges the pull request again. */
export async function flagEmergency(
  repo: Repo,
  { number, by, at }: Extract<SignalSubject, { readonly type: "flag" }>,
): Promise<void> {
  const place = { kind: "pull", number } as const;
  const attribution = { by, at, via: "button" } as const;
  const found = await gatherCase(repo, {
    place,
    by,
    attribution,
    source: `button:${at}`,
    text: "",
  });
  const isShut = found?.subject.kind === "pull" && found.subject.pull.state !== "open";
  // The same press, delivered twice.
  const isAgain = found?.emergencies.some(
    ({ record: { opened }, record }) => isOpen(record) && opened.via === "button" && opened.at === at,
  );
  if (isShut || isAgain === true) return assessPull(repo, number, null);
  const { outcome, reply, entries, actions, tasks } =
    found === null ? refuse(POLICY_UNKNOWN) : await applyEmergencyAction(repo, FLAG, found);
  const { id: repositoryId } = repo.info;
  const key = `button:${repositoryId}:${number}:${at}`;
  const now = repo.now();
  const said = outcome === "done" ? actions : [commentAction(addressee(repo), number, key, reply(COMMENT))];
  const again: Task = { kind: "pull", repositoryId, number, request: null, dueAt: now };
  await repo.commit({ entries, actions: said, tasks: [...tasks, again] });
}
