/** The life of a deviation: which step follows which, and who may take it. */

import type { DeviationStatus } from "../record.ts";
import type { Role, Transition } from "./transition.ts";

/** Every state of a deviation, in the order of its life. */
export const DEVIATION_STATES: readonly DeviationStatus[] = [
  "open",
  "in-remediation",
  "done",
  "effective",
  "closed",
  "not-an-exception",
];

/** What can happen to a deviation. Those of the App follow from facts, the others are commands. */
export const DEVIATION_COMMANDS = [
  "list",
  "unlist",
  "withdraw",
  "end-exposure",
  "remediate",
  "type",
  "severity",
  "done",
  "effective",
  "not-effective",
  "close",
  "not-an-exception",
  "reopen",
] as const;

/** One step in the life of a deviation. */
export type DeviationCommand = (typeof DEVIATION_COMMANDS)[number];

type Row = Transition<DeviationStatus, DeviationCommand>;

const PEOPLE: readonly Role[] = ["owner", "other", "causer", "auditor"];
/** An auditor judges; who is to judge a remediation has no part in it. */
const REMEDIATORS: readonly Role[] = ["owner", "other", "causer"];

function app(row: Pick<Row, "command" | "from" | "to">): Row {
  return {
    ...row,
    needs: ["app"],
    bars: [],
    refusal: "This follows from what is seen on GitHub; nobody can say it.",
  };
}

/** A judgement is not for whoever caused it, nor, once the remediation is done, for its owner: less might be asked of it then. */
function judgement(command: "type" | "severity", refusal: string): readonly Row[] {
  return [
    { command, from: ["open", "in-remediation"], to: "same", needs: PEOPLE, bars: ["causer"], refusal },
    {
      command,
      from: ["done"],
      to: "same",
      needs: PEOPLE,
      bars: ["causer", "owner"],
      refusal: "Once it is done, neither its owner nor whoever caused it changes what is asked of it.",
    },
  ];
}

/** The table. `done` and `effective` follow the remediation's own table; both must allow the step. */
export const DEVIATION_TRANSITIONS: readonly Row[] = [
  // A further change under the same cause: what was settled is not settled for it.
  app({ command: "list", from: ["open", "effective", "closed", "not-an-exception"], to: "open" }),
  app({ command: "list", from: ["in-remediation", "done"], to: "same" }),
  app({ command: "unlist", from: DEVIATION_STATES, to: "same" }),
  app({
    command: "withdraw",
    from: ["open", "in-remediation", "done", "effective", "not-an-exception"],
    to: "closed",
  }),
  app({ command: "end-exposure", from: DEVIATION_STATES, to: "same" }),
  {
    command: "remediate",
    from: ["open", "in-remediation"],
    to: "in-remediation",
    needs: REMEDIATORS,
    bars: ["auditor", "app"],
    refusal: "An auditor has no part in the remediation; someone of the organisation says this.",
  },
  ...judgement("type", "Whoever caused it does not say of what type it is; ask somebody else."),
  ...judgement("severity", "Whoever caused it does not say how much it weighs; ask somebody else."),
  {
    command: "done",
    from: ["in-remediation"],
    to: "done",
    needs: ["owner"],
    bars: ["auditor", "app"],
    refusal: "Only the owner of the remediation says that it is done.",
  },
  {
    command: "effective",
    from: ["done"],
    to: "effective",
    needs: ["other", "auditor"],
    bars: ["owner", "causer", "app"],
    refusal:
      "Someone other than the owner, who did not cause it either, says whether it is effective; nobody judges their own remediation or what they did.",
  },
  {
    command: "not-effective",
    from: ["done", "effective"],
    to: "in-remediation",
    needs: PEOPLE,
    bars: ["app"],
    refusal: "A person says that a remediation is not effective.",
  },
  app({ command: "close", from: ["effective"], to: "closed" }),
  {
    command: "not-an-exception",
    from: ["open", "in-remediation"],
    to: "not-an-exception",
    needs: ["owner", "other", "auditor"],
    bars: ["causer", "app"],
    refusal: "Whoever caused it does not say that it is no exception; ask somebody else.",
  },
  {
    command: "reopen",
    from: ["effective", "closed", "not-an-exception"],
    to: "open",
    needs: PEOPLE,
    bars: ["app"],
    refusal: "A person opens a deviation again, with a reason.",
  },
];

/** Whether nothing is left to do about it. */
export function isSettled(status: DeviationStatus): boolean {
  return status === "closed" || status === "not-an-exception";
}
