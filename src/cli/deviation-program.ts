/** The arguments and help of `countersign deviation`. */

import { InvalidArgumentError, type Command } from "commander";
import { ORDERS, type Order } from "../domain/deviation/order.ts";
import type { Where } from "../ledger/store.ts";
import type { Answer, Terminal } from "./answer.ts";

/** What the program lends to a group of commands: a command with its help, and the way to answer. */
export interface Program {
  readonly terminal: Terminal;
  /** Where the evidence log is, by the settings. */
  readonly where: (terminal: Terminal) => Promise<Where>;
  readonly command: (parent: Command, usage: string, about: string, examples: readonly string[]) => Command;
  readonly give: (answer: Answer, json: boolean | undefined) => void;
}

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

/** Adds `deviation list`, `show`, `add`, and one command for everything people say to a deviation. */
export function addDeviationCommands(program: Command, { command, give, terminal, where }: Program): void {
  const deviation = program.command("deviation").description("Deviations and their remediation.");
  command(
    deviation,
    "list",
    "List the open deviations, what comes first first; exit code 1 if there is one.",
    ["deviation list", "deviation list --all --json"],
  )
    .option("--all", "the settled ones too")
    .option("--org <login>", "the organisation, where the log knows several")
    .action(async (options: { all?: boolean; org?: string; json?: boolean }) => {
      const { listDeviations } = await import("./deviation.ts");
      give(await listDeviations(await where(terminal), options), options.json);
    });
  command(deviation, "show", "Show one deviation, its remediation and every step that was taken.", [
    "deviation show DEV-0123456789ab",
  ])
    .argument("<id>", "the deviation's id")
    .action(async (id: string, options: { json?: boolean }) => {
      const { showDeviation } = await import("./deviation.ts");
      give(await showDeviation(await where(terminal), id), options.json);
    });
  command(deviation, "add", "Enter a deviation from an auditor's report.", [
    'deviation add acme/web --control checks-passed --type design --title "No test was asked for" --reference "report 2026, page 41" --as carol',
    'deviation add acme/web --control independently-approved --type operating --title "Three changes without approval" --pull 12 --pull 14 --as carol',
  ])
    .argument("<repository>", "OWNER/NAME")
    .requiredOption("--control <name>", "the control it is about")
    .requiredOption("--type <type>", "design or operating")
    .requiredOption("--title <text>", "what was found, in one line")
    .requiredOption("--as <login>", "who enters it")
    .option("--severity <severity>", "observation, low, medium, high or critical; default: by the control")
    .option("--description <text>", "what the report says")
    .option("--reference <text>", "where the report says it")
    .option("--pull <number>", "a pull request it names; several: --pull again", numbers, [])
    .action(
      async (
        repository: string,
        options: {
          control: string;
          type: string;
          title: string;
          as: string;
          severity?: string;
          description?: string;
          reference?: string;
          pull: readonly number[];
          json?: boolean;
        },
      ) => {
        const { addDeviation } = await import("./deviation.ts");
        const { pull: pulls, json, ...given } = options;
        give(await addDeviation(await where(terminal), { ...given, repository, pulls }, Date.now), json);
      },
    );
  for (const name of Object.keys(ORDERS) as Order["command"][]) {
    const example = EXAMPLES[name] ?? `${name} DEV-0123456789ab "in a sentence" --as ann`;
    command(deviation, name, ABOUT[name], [`deviation ${example}`])
      .argument("<id>", "the deviation's id")
      .argument("[words...]", ORDERS[name].slice(name.length).trim() || "nothing")
      .requiredOption("--as <login>", "who says it")
      .option("--auditor", "who says it is the auditor")
      .action(
        async (
          id: string,
          words: readonly string[],
          options: { as: string; auditor?: boolean; json?: boolean },
        ) => {
          const { sayAtTerminal } = await import("./deviation.ts");
          const line = [name, ...words].join(" ");
          const given = { deviation: id, line, as: options.as, asAuditor: options.auditor === true };
          give(await sayAtTerminal(await where(terminal), given, Date.now), options.json);
        },
      );
  }
}

function numbers(text: string, before: readonly number[]): readonly number[] {
  if (!/^[1-9]\d{0,9}$/u.test(text)) throw new InvalidArgumentError("a pull request's number, such as 12.");
  return [...before, Number(text)];
}
