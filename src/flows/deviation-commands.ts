/** The commands on a deviation's issue. */

import { issueKey } from "../domain/deviation/issue.ts";
import { ORDERS, type Order } from "../domain/deviation/order.ts";
import { policyOrDefault } from "../domain/decision.ts";
import { entitled } from "../domain/entitled.ts";
import { markdown } from "../domain/wording.ts";
import type { Command, Commanded, CommandAnswer } from "./answer-command.ts";
import { currentPolicy } from "./current-policy.ts";
import { orderDeviation } from "./deviation-orders.ts";
import { authorityFor } from "./emergencies.ts";
import type { Tools, Watched } from "./ports.ts";
import { watch } from "./repositories.ts";
import { deviationOf } from "./standing.ts";

const DOES: Readonly<Record<Order["command"], string>> = {
  type: "says whether the control's design or its operation failed, with the reason",
  severity: "says how much it weighs, with the reason",
  cause: "names the root cause; a preventive measure follows from the category",
  why: "answers the next “why?”",
  owner: "names who is responsible for the remediation",
  due: "names the target date; every date there was stays on record",
  action: "says what will be done",
  measure: "says what keeps it from happening again",
  method: "says how it will be verified",
  priority: "weighs it: a risk of 5 comes before everything",
  raci: "names who is accountable, consulted or informed",
  blocked: "says what holds it up",
  unblocked: "says that it goes on",
  review: "records the review that is due",
  evidence: "adds evidence",
  done: "says that the remediation is done; for its owner",
  effective: "says that it is effective; for someone other than its owner",
  elsewhere: "says where else the same was looked for",
  customers: "says which customers and contracts it concerns: by kind, not by name, since auditors read it",
  expectation: "notes what the auditor expects",
  "not-effective": "says that it is not effective; it is in remediation again",
  "not-an-exception": "says that it is no exception, with the reason; not for whoever caused it",
  reopen: "opens a settled deviation again, with the reason",
};

/** Every command on a deviation's issue. */
export const DEVIATION_COMMANDS: readonly Command[] = (Object.keys(ORDERS) as Order["command"][]).map(
  (name): Command => ({
    name,
    asks: ORDERS[name].slice(name.length).trim(),
    does: DOES[name],
    answer: answerOrder,
  }),
);

async function answerOrder(tools: Tools, watched: Watched, given: Commanded): Promise<CommandAnswer> {
  const refuse = (reply: string): CommandAnswer => ({ outcome: "refused", reply });
  const deviation = given.deviation === null ? null : await deviationOf(tools, given.deviation);
  // The body of our own issue may have been edited: only the number it was opened under tells which deviation it is.
  if (deviation === null || !(await isIssueOf(tools, watched, deviation.id, given.number)))
    return refuse("This is not the issue that was opened for that deviation, so nothing was done.");
  const home = await watch(tools, deviation.repository.id, watched.fence);
  if (home === null)
    return refuse("The deviation's repository cannot be seen any more, so nothing was done.");
  const { author, createdAt: at } = given.comment;
  const authority = await authorityFor(tools, watched, author, []);
  if (entitled({ permission: "write" }, authority) !== "yes")
    return refuse("Only people who may write to this repository can say that. Ask one of them.");
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const answered = await orderDeviation(tools, {
    deviation: deviation.id,
    line: `${given.name} ${given.rest}`,
    by: { id: author.id, login: author.login },
    asAuditor: false,
    via: "comment",
    at,
    policy: policyOrDefault(await currentPolicy(tools, home)),
    async who(login) {
      const account = await tools.github.readAccount(octokit, login, tools.github.lookups);
      return account?.type === "User" ? { id: account.id, login: account.login } : null;
    },
  });
  if (answered.refused !== null) return refuse(harmless(answered.refused));
  const { entries, actions } = answered.decision;
  return { outcome: "done", reply: harmless(answered.says), entries, actions };
}

/** Whether this is the very issue that was opened for a deviation. */
export async function isIssueOf(
  { ledger }: Pick<Tools, "ledger">,
  { repository }: Pick<Watched, "repository">,
  deviation: string,
  number: number,
): Promise<boolean> {
  const record = await deviationOf({ ledger }, deviation);
  const place = `${repository.owner}/${repository.name}`.toLowerCase();
  if (record?.issue.repository?.toLowerCase() !== place) return false;
  const done = await ledger.queue.carriedOut(issueKey(deviation));
  const last = done.at(-1)?.outcome as { readonly number?: number } | undefined;
  return last?.number === number;
}

/** Our own words keep their code; what people wrote was quoted within them, and is made harmless. */
function harmless(text: string): string {
  return text
    .split(/(`[^`]*`)/u)
    .map((part, index) => (index % 2 === 1 ? part : spaced(part)))
    .join("");
}

function spaced(part: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/u.exec(part) ?? [];
  return `${before}${markdown(words)}${after}`;
}
