/** What authorises, accepts or reviews something: the buttons post the command as the sender's own comment on the pull request, and GitHub's record is the only one. */

import { html } from "hono/html";
import { z } from "zod";

import { EMERGENCY_COMMANDS } from "../../domain/emergency/commands.ts";
import type { EmergencyRecord } from "../../domain/records/emergency.ts";
import type { ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import type { Html } from "../../pages/html-table.ts";
import type { FormFields } from "../form/form.ts";
import { repositoryNamed } from "../page/named.ts";
import { ACT_ID } from "../page/parts.ts";
import { actOf, PageProblem, type Act, type Asked, type SentForm } from "../page/page.ts";

/** What a comment's first line has room for beside the command. */
const TEXT = z.string().max(900, "Write at most 900 characters.").transform(oneLine);

const COMMANDS = ["authorise", "withdraw", "approve", "reject"] as const;

/** Lists what the lists of emergencies and of reviews can be sent. */
export const EMERGENCY_ACTS: readonly Act[] = [
  actOf(
    "comment",
    z.object({
      command: z.enum(COMMANDS),
      emergency: z.string().max(200),
      text: TEXT.default("").meta({ title: "Reason or comment" }),
    }),
    async ({ command, emergency, text }, sent) => {
      const entry = await sent.asked.records.entry("emergency", emergency);
      if (entry === undefined) throw new PageProblem(404, "No emergency of this name is on record here.");
      const { pull } = entry.body;
      if (pull === null) return { refused: OF_DEPLOYMENT };
      // Another repository may have the name by now that it had then.
      const of = (await sent.asked.records.entry("repository", String(entry.repositoryId)))?.body;
      if (of === undefined || of.removedAt !== null) return { refused: GONE };
      const { reason, comment } = EMERGENCY_COMMANDS[command];
      if (reason === "required" && text === "") return { refused: "Give the reason.", field: "text" };
      return posted({ ...of.repository, number: pull }, `${comment} ${text}`, sent);
    },
  ),
];

/** Lists what the page of a pull request can be sent. */
export const PULL_ACTS: readonly Act[] = [
  ...EMERGENCY_ACTS,
  actOf(
    "ask",
    z.object({
      command: z.enum(["emergency", "accept"]),
      text: TEXT.pipe(z.string().min(1, "Give the reason.")).meta({ title: "Reason" }),
    }),
    async ({ command, text }, sent) => {
      const { number = "" } = sent.asked.params;
      const found = await repositoryNamed(sent.asked);
      if (found === null || !/^[1-9]\d{0,9}$/u.test(number))
        throw new PageProblem(404, "No pull request of this name is on record here.");
      if (found.removedAt !== null) return { refused: GONE };
      return posted({ ...found.repository, number: Number(number) }, `${command} ${text}`, sent);
    },
  ),
];

async function posted(
  { owner, name, number }: { readonly owner: string; readonly name: string; readonly number: number },
  line: string,
  sent: SentForm,
): ReturnType<Act["take"]> {
  const result = await sent.tools.comment({ owner, name, number }, `/countersign ${line}`.trim(), sent);
  if (result.refused === null) return result;
  const { refused, isUnsure } = result;
  return { refused, ...(isUnsure === undefined ? {} : { isUnsure }) };
}

const OF_DEPLOYMENT =
  "An emergency of a deployment has no pull request: an operator gives this command at the terminal.";

const GONE = "The App does not see this repository any more: nothing can be sent to it from here.";

const COMMENTS_HERE = "Or send the comment from here:";

/** Returns the buttons for an emergency that waits, or the form for the review owed after one. */
export function emergencyForms(asked: Asked, subject: string, { record, review }: ReviewedEmergency): Html {
  const { forms, person } = asked;
  if (record.pull === null || forms === null || person?.kind !== "github") return html``;
  const about = (command: (typeof COMMANDS)[number]) => ({ command, emergency: subject });
  const { status, authorised, confirmed } = record;
  const isAlone = authorised?.confirmBy != null && confirmed === null;
  const text = (label: string) => (form: FormFields) => form.field("text", label, { kind: "area" });
  const isOpen = status === "waiting" || status === "authorised" || isAlone || review?.status === "due";
  return html`${isOpen ? html`<p>${COMMENTS_HERE}</p>` : ""}
  ${
    status === "waiting" || isAlone
      ? forms.form("comment", about("authorise"), () => html``, isAlone ? "Confirm" : "Authorise")
      : ""
  }
  ${status === "waiting" || status === "authorised" ? forms.folded("Withdraw it", "comment", about("withdraw"), () => html``, "Withdraw") : ""}
  ${
    review?.status === "due"
      ? html`${forms.form("comment", about("approve"), text("Note, or follow-up: what is still to do"), "Approve")}
        ${forms.folded("Reject it", "comment", about("reject"), text("Reason"), "Reject")}`
      : ""
  }`;
}

/** Returns the forms of an open pull request. `isUnverifiable`: something there cannot be verified; `open`: its emergency. */
export function pullForms(
  asked: Asked,
  { isUnverifiable, open }: { readonly isUnverifiable: boolean; readonly open: EmergencyRecord | null },
): Html {
  const { forms, person } = asked;
  if (forms === null || person?.kind !== "github") return html`${commentNote(asked)}`;
  const reason = (form: FormFields): Html => form.field("text", "Reason", { kind: "area" });
  return html`<section>
    <h2 id="${ACT_ID}">What you can do</h2>
    ${commentNote(asked)}
    ${
      open === null
        ? forms.folded(
            "Declare an emergency",
            "ask",
            { command: "emergency" },
            reason,
            "Declare the emergency",
          )
        : html`<p>An emergency is open: <a href="#emergency">what it needs now</a>.</p>`
    }
    ${
      open?.status === "awaiting-reason"
        ? forms.form("ask", { command: "emergency" }, reason, "Give the reason of the emergency")
        : ""
    }
    ${
      isUnverifiable
        ? forms.folded("Accept what cannot be verified", "ask", { command: "accept" }, reason, "Accept it")
        : ""
    }
  </section>`;
}

/** Returns what becomes of what is sent here, or why nothing can be. */
export function commentNote({ forms, person, readOnly }: Asked): Html {
  if (forms === null)
    return html`<p class="from">${readOnly} Comment on the pull request on GitHub instead.</p>`;
  return person?.kind === "github"
    ? html`<p class="from">
        What you send here is posted as your own comment on the pull request, and counts as that.
      </p>`
    : html`<p class="from">
        You signed in without a GitHub account: only people with one can authorise, accept or review, by their
        own comment on GitHub.
      </p>`;
}
