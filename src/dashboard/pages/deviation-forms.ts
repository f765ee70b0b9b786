/** What people send from the page of a deviation: its plan in one form, and every other command of the table in one of its own. */

import { html } from "hono/html";
import { z } from "zod";

import { possibleCommands } from "../../domain/deviation/apply-command.ts";
import { COMMAND_NAMES, DEVIATION_COMMAND_TABLE, type CommandName } from "../../domain/deviation/commands.ts";
import type { DeviationRecord } from "../../domain/records/deviation.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import type { Html } from "../../pages/html-table.ts";
import type { FormFields } from "../form/form.ts";
import { actOf, PageProblem, type Act, type Asked, type SentForm } from "../page/page.ts";

/** As much as the table keeps. */
const TEXT = z.string().max(4_000, "Write at most 4000 characters.").transform(oneLine);

/** The fields of the plan with the command each is, in the order they are given. */
const PLAN = [
  "cause",
  "owner",
  "due",
  "action",
  "method",
  "evidence",
] as const satisfies readonly CommandName[];

/** Names a field of the plan. */
type PlanField = (typeof PLAN)[number];

const PLAN_FIELDS = z.object({
  category: z.string().max(100),
  cause: TEXT.meta({ title: "Root cause" }),
  action: TEXT.meta({ title: "Action" }),
  owner: TEXT.meta({ title: "Owner" }),
  due: TEXT.meta({ title: "Due" }),
  method: TEXT.meta({ title: "How it is verified" }),
  evidence: TEXT.meta({ title: "Further evidence" }),
  /** Which remediation the form showed. */
  shown: z.string().max(100),
});

/** Lists what the page of a deviation can be sent. */
export const DEVIATION_ACTS: readonly Act[] = [
  actOf("plan", PLAN_FIELDS, plan),
  actOf(
    "command",
    z.object({
      name: z.enum(COMMAND_NAMES),
      word: z.string().max(100).optional(),
      text: TEXT.meta({ title: "Text" }),
    }),
    command,
  ),
];

async function plan(given: z.infer<typeof PLAN_FIELDS>, sent: SentForm): ReturnType<Act["take"]> {
  const { id, remediation, shown } = await found(sent.asked);
  if (given.shown !== shown)
    return {
      refused: "Someone changed the deviation after this page was opened. Compare, and send it again.",
    };
  const before = valuesOf(remediation);
  const now = { ...given, cause: given.cause === "" ? "" : `${given.category}: ${given.cause}` };
  const changed = PLAN.filter((name) => now[name] !== "" && now[name] !== before[name]);
  const emptied = PLAN.find((name) => now[name] === "" && before[name] !== "");
  if (emptied !== undefined)
    return { refused: "What is on record can be replaced, but not taken back.", field: emptied };
  if (changed.length === 0) return { refused: "Nothing was changed in this form." };
  const lines = changed.map((name) => `${name} ${now[name]}`);
  const result = await sent.tools.commandDeviation(id, lines, sent);
  if (result.refused === null) return result;
  const field = result.line === null ? undefined : changed[result.line];
  return { refused: result.refused, ...(field === undefined ? {} : { field }) };
}

async function command(
  {
    name,
    word,
    text,
  }: { readonly name: CommandName; readonly word?: string | undefined; readonly text: string },
  sent: SentForm,
): ReturnType<Act["take"]> {
  const { id } = await found(sent.asked);
  const { separator } = choicesOf(name);
  const line = word === undefined ? `${name} ${text}` : `${name} ${word}${separator} ${text}`;
  const result = await sent.tools.commandDeviation(id, [line], sent);
  return result.refused === null ? result : { refused: result.refused, field: "text" };
}

/** Finds what the viewer may see of the deviation that the address names. */
async function found({ records, params }: Asked): Promise<{
  readonly id: string;
  readonly remediation: RemediationRecord | null;
  readonly shown: string;
}> {
  const { id = "" } = params;
  if ((await records.entry("deviation", id)) === undefined)
    throw new PageProblem(404, "No deviation of this id is on record here.");
  const entry = await records.entry("remediation", id);
  return { id, remediation: entry?.body ?? null, shown: String(entry?.seq ?? 0) };
}

/** The values of the plan as they are on record; evidence is only added. */
function valuesOf(remediation: RemediationRecord | null): Readonly<Record<PlanField, string>> {
  const { rootCause = null, owner = null, due, action, method } = remediation ?? {};
  return {
    cause: rootCause === null ? "" : `${rootCause.category}: ${rootCause.text}`,
    owner: owner?.login ?? "",
    due: due ?? "",
    action: action ?? "",
    method: method ?? "",
    evidence: "",
  };
}

/** Returns the forms for whoever may give these commands now. `shown`: the number of the remediation's newest entry. */
export function deviationForms(
  { forms, person: sender, readOnly }: Asked,
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  shown: number,
): Html {
  if (forms === null || sender === null)
    return html`<p>${readOnly} ${OTHERWISE} <code>countersign deviation</code>.</p>`;
  const by = sender.kind === "github" ? sender : { id: null, login: "" };
  const isWithoutAccount = sender.kind === "oidc";
  const possible = possibleCommands({ deviation, remediation, by, asAuditor: false, isWithoutAccount });
  const isPlanned = PLAN.some((name) => name !== "evidence" && possible.includes(name));
  const others = possible.filter((name) => !isPlanned || !PLAN.some((each) => each === name));
  return html`${
    isPlanned
      ? forms.form(
          "plan",
          {},
          (form) =>
            html`<input type="hidden" name="shown" value="${shown}" />${planFields(form, remediation)}`,
          "Record what was changed",
        )
      : ""
  }
  ${others.length === 0 ? "" : html`<h3>Further steps</h3>`} ${others.map((name) => commandHtml(forms, name))}
  ${isWithoutAccount ? html`<p class="from">${SEAT}</p>` : ""}`;
}

const OTHERWISE = "A deviation is answered by a comment on its issue, or by an operator with";

const SEAT =
  "You signed in without a GitHub account: what judges a remediation is for people with one. What you record is marked so.";

function planFields(form: FormFields, remediation: RemediationRecord | null): Html {
  const { rootCause = null } = remediation ?? {};
  const value = valuesOf(remediation);
  const { words: categories } = choicesOf("cause");
  return html`
    ${form.field("category", "Category of the root cause", {
      choices: categories.map((each) => [each, each] as const),
      ...(rootCause === null ? {} : { value: rootCause.category }),
    })}
    ${form.field("cause", "Root cause", { kind: "area", value: rootCause?.text ?? "" })}
    ${form.field("action", "Action", { kind: "area", value: value.action, hint: "What will be done" })}
    ${form.field("owner", "Owner", { value: value.owner, hint: "A GitHub login" })}
    ${form.field("due", "Due", { kind: "date", value: value.due })}
    ${form.field("method", "How it is verified", { kind: "area", value: value.method })}
    ${form.field("evidence", "Further evidence", { kind: "area", hint: "An address or a text; it is added to what is there" })}
  `;
}

function commandHtml(forms: NonNullable<Asked["forms"]>, name: CommandName): Html {
  const { help, usage } = DEVIATION_COMMAND_TABLE[name];
  const { words } = choicesOf(name);
  const { word = "", text, kind = "area" } = LABELS[name];
  const isOptional = usage.startsWith("[");
  return forms.folded(
    help,
    "command",
    { name },
    (form) =>
      html`${words.length === 0 ? "" : form.field("word", word, { choices: words.map((each) => [each, each] as const) })}
      ${form.field("text", isOptional ? `${text} (if any)` : text, { kind, required: !isOptional })}`,
    `Record: ${name.replaceAll("-", " ")}`,
  );
}

/** What the own form of each command asks for: of those with a choice, what is chosen. */
const LABELS: Readonly<
  Record<CommandName, { readonly word?: string; readonly text: string; readonly kind?: "date" | "text" }>
> = {
  type: { word: "What failed", text: "Reason" },
  severity: { word: "Severity", text: "Reason" },
  cause: { word: "Category of the root cause", text: "Root cause" },
  why: { text: "Answer" },
  owner: { text: "GitHub login", kind: "text" },
  due: { text: "Due", kind: "date" },
  action: { text: "What will be done" },
  measure: { text: "What prevents it" },
  method: { text: "How it is verified" },
  customers: { text: "Kinds of customers and contracts" },
  expectation: { text: "What the auditor expects" },
  priority: { text: "Each from 1 to 5: impact=… effort=… risk=…", kind: "text" },
  raci: { word: "Part", text: "GitHub logins, each after @", kind: "text" },
  blocked: { text: "What blocks it" },
  unblocked: { text: "Why it continues" },
  review: { text: "What was found" },
  evidence: { text: "Address or text" },
  done: { text: "Note" },
  effective: { text: "What shows it" },
  elsewhere: { text: "Where, and what was found" },
  "approve-response": { text: "What was looked at" },
  "not-effective": { text: "Reason" },
  "not-an-exception": { text: "Reason" },
  reopen: { text: "Reason" },
};

/** Reads from the usage of a command which words it begins with. */
function choicesOf(name: CommandName): { readonly words: readonly string[]; readonly separator: string } {
  const { usage } = DEVIATION_COMMAND_TABLE[name];
  const [, words, separator = ""] = /^([a-z-]+(?:\|[a-z-]+)+)(:?) /u.exec(usage) ?? [];
  return { words: words?.split("|") ?? [], separator };
}
