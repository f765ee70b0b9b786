/** The command that signs a month off, on the issue that requests it. */

import type { Entry } from "../../domain/records/entry.ts";
import type { NewestEntry } from "../../ledger/ledger.ts";
import { maySignOff, signersOf } from "../../domain/monitoring/sign-off.ts";
import type { MonthlyReviewRecord } from "../../domain/records/monitoring.ts";
import { CONTROL_NAMES } from "../../domain/values/result.ts";
import { listed, markdown } from "../../domain/texts/wording.ts";
import type { Command, CommandAnswer } from "./answer-command.ts";
import { monthlyReviewsOf, signOff } from "../monitoring/monthly-reviews.ts";
import { organizationPolicy } from "../policy/in-force.ts";

/** Defines `approve <what you saw>` for all one's controls of the month, `approve CONTROL: <what you saw>` for one. */
export const signOffMonth: Command = {
  name: "approve",
  also: ["sign-off"],
  usage: "[CONTROL:] <what you saw>",
  does: "Sign off your controls of this month, or the one you name",
  async answer(repo, { rest, comment, month }): Promise<CommandAnswer> {
    const organizationId = repo.info.ownerId;
    const { id, login } = comment.author;
    const [, named, words] = /^([\w-]+):(.*)$/su.exec(rest.trim()) ?? [];
    const control = CONTROL_NAMES.find((each) => each === named);
    const said = (control === undefined ? rest : (words ?? "")).trim();
    const all = await monthlyReviewsOf(repo, organizationId, month ?? "");
    const policy = await organizationPolicy(repo, organizationId);
    const own = all.filter(
      (each) =>
        maySignOff(signersOf(each, policy?.effective ?? null, each.control), { id, login }) &&
        (control === undefined || each.control === control),
    );
    if (own.length === 0) return refused(whoseText(all, control, month));
    const says: string[] = [];
    const entries: Entry[] = [];
    const decidedOn: NewestEntry[] = [];
    const problems: string[] = [];
    for (const review of own) {
      const done = await signOff(repo, {
        organizationId,
        control: review.control,
        month: review.month,
        by: { id, login },
        comment: said,
        via: "comment",
        at: comment.createdAt,
      });
      if (done.refused === null) {
        entries.push(done.entry);
        decidedOn.push(...done.decidedOn);
        says.push(done.says);
      } else problems.push(done.refused);
    }
    if (entries.length === 0) return refused([...new Set(problems)].join(" "));
    const lines = [...says, ...problems];
    const reply =
      lines.length === 1
        ? (lines[0] ?? "")
        : [
            `${entries.length} of ${own.length} controls are signed off:`,
            "",
            ...lines.map((line) => `- ${line}`),
          ].join("\n");
    return { outcome: "done", reply, entries, decidedOn };
  },
};

function whoseText(
  all: readonly MonthlyReviewRecord[],
  control: string | undefined,
  month: string | null,
): string {
  const owners = new Set(
    all.filter((each) => control === undefined || each.control === control).map(({ owner }) => owner ?? ""),
  );
  if (owners.size === 0) return `No review of ${month ?? "that month"} was requested.`;
  return `Only ${listed([...owners].map(markdown), "and")} can sign off ${control ?? "these controls"} for ${month ?? "that month"}.`;
}

function refused(reply: string): CommandAnswer {
  return { outcome: "refused", reply };
}
