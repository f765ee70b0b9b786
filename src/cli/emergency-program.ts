/** The arguments and help of `countersign emergency`. */

import { InvalidArgumentError, type Command } from "commander";
import type { TERMINAL_ACTS } from "../flows/emergency-at-terminal.ts";
import type { Program } from "./deviation-program.ts";
import type { EmergencyOptions } from "./emergency-act.ts";

/** Adds `emergency list` and what is said of one at the terminal, by an operator, in the name of whoever says it. */
export function addEmergencyCommands(program: Command, { command, give, terminal, where }: Program): void {
  const emergency = program.command("emergency").description("Emergencies and the reviews they owe.");
  command(
    emergency,
    "list",
    "List the emergencies that are open or owe a review; exit code 1 if a review is overdue.",
    ["emergency list", "emergency list --all --json"],
  )
    .option("--all", "also those that are over")
    .option("--org <login>", "the organisation, where the log knows several")
    .action(async (options: { all?: boolean; org?: string; json?: boolean }) => {
      const { listEmergencies } = await import("./emergency.ts");
      give(await listEmergencies(await where(terminal), options, Date.now()), options.json);
    });
  for (const act of Object.keys(ACTS) as (typeof TERMINAL_ACTS)[number][]) {
    const { about, example } = ACTS[act];
    const added = command(emergency, act, about, [`emergency ${act} --repo acme/web ${example}`])
      .requiredOption("--repo <owner/name>", "the repository")
      .option("--pull <number>", "the pull request", pullNumber)
      .option("--environment <name>", "without a pull request: the environment")
      .option("--commit <sha>", "without a pull request: the commit that is deployed")
      .requiredOption("--as <login>", "who says it");
    if (act === "declare" || act === "reject") added.requiredOption("--reason <text>", "why");
    if (act === "approve") added.option("--reason <text>", "a note");
    added.action(async (options: EmergencyOptions & { json?: boolean }) => {
      const { actOnEmergency } = await import("./emergency-act.ts");
      const { json, ...given } = options;
      give(await actOnEmergency(terminal, act, given, { now: Date.now }), json);
    });
  }
}

const ACTS: Readonly<
  Record<(typeof TERMINAL_ACTS)[number], { readonly about: string; readonly example: string }>
> = {
  declare: {
    about: "Declare an emergency for a pull request, or for one commit in one environment.",
    example: '--environment production --commit 0123abc --reason "the shop is down" --as ann',
  },
  authorise: {
    about: "Authorise an emergency; for somebody entitled with no part in it.",
    example: "--environment production --commit 0123abc --as bob",
  },
  withdraw: {
    about: "Take an emergency back before it is used.",
    example: "--environment production --commit 0123abc --as ann",
  },
  approve: {
    about: "Give the review owed after an emergency: what was deployed is fine.",
    example: "--environment production --commit 0123abc --as cat",
  },
  reject: {
    about: "Give the review owed after an emergency: what was deployed must not stay.",
    example: '--environment production --commit 0123abc --reason "it loses orders" --as cat',
  },
};

function pullNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/u.test(text)) throw new InvalidArgumentError("a pull request's number, such as 12.");
  return Number(text);
}
