/** The arguments and help of `countersign emergency`. */

import type { Command } from "commander";
import type { Program } from "./deviation-program.ts";

/** Adds `emergency list`. An emergency is declared and authorised on GitHub, where it is known who does it. */
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
}
