/** The commands of an emergency as they are given in comments. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import { EMERGENCY_COMMANDS } from "../../domain/emergency/commands.ts";
import {
  EMERGENCY_COMMAND_NAMES,
  type EmergencyCommandName,
  type Rendering,
} from "../../domain/emergency/voice.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";
import { markdown } from "../../domain/texts/wording.ts";
import type { Command, Commanded } from "./answer-command.ts";
import {
  applyEmergencyCommand,
  NO_REVIEW_OWED,
  refuse,
  type EmergencyResult,
} from "./apply-emergency-command.ts";
import { deviationOf } from "../records/existing-deviations.ts";

/** Renders a reply for a comment on GitHub. */
export const COMMENT: Rendering = {
  text: markdown,
  command(name) {
    const { comment, usage } = EMERGENCY_COMMANDS[name];
    return `\`/countersign ${[comment, usage].join(" ").trim()}\``;
  },
};

/** Holds the commands of an emergency, for pull requests. */
export const EMERGENCY_COMMENTS: readonly Command[] = commentsOf("emergency");

/** Holds the commands of the review owed after one, for pull requests and the issues of deviations. */
export const REVIEW_COMMENTS: readonly Command[] = commentsOf("review");

function commentsOf(of: "emergency" | "review"): readonly Command[] {
  return EMERGENCY_COMMAND_NAMES.filter((name) => EMERGENCY_COMMANDS[name].of === of).map((name) => {
    const { comment, also = [], usage, help } = EMERGENCY_COMMANDS[name];
    return {
      name: comment,
      also,
      usage,
      does: help,
      async answer(repo, given) {
        const { outcome, reply, entries, actions, tasks } = await apply(repo, name, given);
        return { outcome, reply: reply(COMMENT), entries, actions, tasks };
      },
    };
  });
}

async function apply(
  repo: Repo,
  name: EmergencyCommandName,
  { rest, comment, number, deviation }: Commanded,
): Promise<EmergencyResult> {
  const { id, author: by, createdAt: at } = comment;
  const place = deviation === null ? { home: repo, pull: number } : await placeOf(repo, deviation);
  if (place === null) return refuse(NO_REVIEW_OWED);
  return applyEmergencyCommand(place.home, name, {
    place: { kind: "pull", number: place.pull },
    by,
    attribution: { by, at, via: "comment" },
    source: `comment:${id}`,
    text: rest.trim(),
  });
}

/** Finds the pull request that a deviation is about, in its own repository: the issue may be in another one. */
async function placeOf(
  repo: Repo,
  id: string,
): Promise<{ readonly home: Repo; readonly pull: number } | null> {
  const deviation = await deviationOf(repo, id);
  if (deviation === null) return null;
  const home = await watchedRepository(repo.tools, deviation.repository.id, repo.lease);
  const pull = await pullOfDeviation(repo, deviation);
  return home === null || pull === null ? null : { home, pull };
}

/** Finds the pull request of a deviation: its own, or that of the first of its changes that has one. */
async function pullOfDeviation({ ledger }: Repo, record: DeviationRecord): Promise<number | null> {
  if (record.pull !== null) return record.pull;
  for (const id of record.subjects) {
    const change = await ledger.state("change", id);
    const [pull] = change === undefined ? [] : change.body.change.pullRequests;
    if (pull !== undefined) return pull.number;
  }
  return null;
}
