/** The commands that only read: `explain` shows the check and its reasons, `recheck` judges again. */

import type { Repo } from "../context/repo.ts";
import type { GateRecord } from "../../domain/records/change.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import type { Command } from "./answer-command.ts";
import { assessPull } from "../changes/assess-pull-request.ts";
/** Judges the pull request and repeats in a comment all that its check shows. */
export const explain: Command = {
  name: "explain",
  usage: "",
  does: "Show what the check found, control by control, and what is still needed",
  async answer(repo, { number }) {
    await assessPull(repo, number, null);
    const said = await lastShown(repo, number);
    if (said === null)
      return {
        outcome: "refused",
        reply: "Nothing to explain: this pull request was closed before it was checked.",
      };
    const { title, summary, text } = said.check;
    const parts = [`**${oneLine(title).replace(/\*/gu, "\\*")}**`, summary, text];
    return { outcome: "done", reply: parts.filter((part) => part !== "").join("\n\n") };
  },
};

/** Judges the pull request again and writes its check anew. */
export const recheck: Command = {
  name: "recheck",
  usage: "",
  does: "Check this pull request again",
  async answer() {
    return {
      outcome: "done",
      reply: "This pull request is checked again. The check run shows the result.",
      judge: "anew",
    };
  },
};

async function lastShown(repo: Repo, number: number): Promise<GateRecord | null> {
  const entry = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
  return entry === undefined ? null : entry.body;
}
