/** The rows of `countersign deviation` in the table of commands. */

import { InvalidArgumentError } from "@commander-js/extra-typings";
import { ORDERS, type Order } from "../domain/deviation/order.ts";
import { command, type CommandGroup, type CommandRow } from "./command.ts";

const ABOUT: Readonly<Record<Order["command"], string>> = {
  type: "Say whether design or operation failed, with the reason.",
  severity: "Say how much it weighs, with the reason.",
  cause: "Name the root cause; a preventive measure follows from the category.",
  why: "Answer the next “why?”.",
  owner: "Name who is responsible for the remediation.",
  due: "Name the target date; every date there was stays on record.",
  action: "Say what will be done.",
  measure: "Say what keeps it from happening again.",
  method: "Say how it will be verified.",
  priority: "Weigh it: customer impact, effort and risk, each 1 to 5.",
  raci: "Name who is accountable, consulted or informed.",
  blocked: "Say what holds it up.",
  unblocked: "Say that it goes on.",
  review: "Record the review that is due.",
  evidence: "Add evidence.",
  done: "Say that the remediation is done; for its owner.",
  effective: "Say that it is effective; for someone other than its owner.",
  elsewhere: "Say where else the same was looked for.",
  customers: "Say which customers and contracts it concerns: by kind, not by name, since auditors read it.",
  expectation: "Note what the auditor expects.",
  "not-effective": "Say that it is not effective.",
  "not-an-exception": "Say that it is no exception, with the reason; not for whoever caused it.",
  reopen: "Open a settled deviation again, with the reason.",
};

const EXAMPLES: Readonly<Partial<Record<Order["command"], string>>> = {
  type: "type DEV-0123456789ab design: the rule asked for no approval --as bob",
  severity: "severity DEV-0123456789ab low: nothing was deployed from it --as bob",
  cause: "cause DEV-0123456789ab tooling: the rule was left to people --as ann",
  owner: "owner DEV-0123456789ab @ann --as bob",
  due: "due DEV-0123456789ab 2026-12-01 --as ann",
  priority: "priority DEV-0123456789ab impact=3 effort=2 risk=4 --as ann",
  raci: "raci DEV-0123456789ab informed @carol --as ann",
};

const LIST = command({
  name: "list",
  summary: "List open deviations, most urgent first; exit code 1 if there is one.",
  examples: ["deviation list", "deviation list --all --json"],
  options: (command) =>
    command
      .option("--all", "include settled ones")
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store }, options) => {
    const { listDeviations } = await import("./deviation.ts");
    return listDeviations(await store(), options);
  },
});

const SHOW = command({
  name: "show",
  summary: "Show one deviation, its remediation and every step taken.",
  examples: ["deviation show DEV-0123456789ab"],
  options: (command) => command.argument("<id>", "the deviation's id"),
  run: async ({ store }, _, [id]) => {
    const { showDeviation } = await import("./deviation.ts");
    return showDeviation(await store(), id);
  },
});

const ADD = command({
  name: "add",
  summary: "Add a deviation from an auditor's report.",
  examples: [
    'deviation add acme/web --control checks-passed --type design --title "No test was asked for" --reference "report 2026, page 41" --as carol',
    'deviation add acme/web --control independently-approved --type operating --title "Three changes without approval" --pull 12 --pull 14 --as carol',
  ],
  options: (command) =>
    command
      .argument("<repository>", "OWNER/NAME")
      .requiredOption("--control <name>", "the control it concerns")
      .requiredOption("--type <type>", "design or operating")
      .requiredOption("--title <text>", "the auditor's observation in one line")
      .requiredOption("--as <login>", "who adds it")
      .option("--severity <severity>", "observation, low, medium, high or critical; default: by the control")
      .option("--description <text>", "the report's text")
      .option("--reference <text>", "where it stands in the report")
      .option("--pull <number>", "a pull request it names; repeat it for several", numbers, []),
  run: async ({ store, now }, { pull: pulls, ...given }, [repository]) => {
    const { addDeviation } = await import("./deviation.ts");
    return addDeviation(await store(), { ...given, repository, pulls }, now);
  },
});

function commandOf(name: Order["command"]): CommandRow {
  const example = EXAMPLES[name] ?? `${name} DEV-0123456789ab "in a sentence" --as ann`;
  return command({
    name,
    summary: ABOUT[name],
    examples: [`deviation ${example}`],
    options: (command) =>
      command
        .argument("<id>", "the deviation's id")
        .argument("[words...]", ORDERS[name].slice(name.length).trim() || "nothing")
        .requiredOption("--as <login>", "who does it")
        .option("--auditor", "the one who does it is the auditor"),
    run: async ({ store, now }, { as, auditor }, [id, words]) => {
      const { sayAtTerminal } = await import("./deviation.ts");
      const line = [name, ...words].join(" ");
      return sayAtTerminal(await store(), { deviation: id, line, as, asAuditor: auditor === true }, now);
    },
  });
}

/** `countersign deviation`. */
export const DEVIATION: CommandGroup = {
  name: "deviation",
  summary: "List, show and remediate deviations.",
  commands: [LIST, SHOW, ADD, ...(Object.keys(ORDERS) as Order["command"][]).map(commandOf)],
};

function numbers(text: string, before: readonly number[]): readonly number[] {
  if (!/^[1-9]\d{0,9}$/u.test(text)) throw new InvalidArgumentError("a pull request's number, such as 12.");
  return [...before, Number(text)];
}
