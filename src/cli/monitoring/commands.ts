/** The commands about monthly reviews. */

import { defineCommand, type CommandGroup } from "../terminal/command.ts";

/** Defines `countersign monitoring`. */
export const MONITORING: CommandGroup = {
  name: "monitoring",
  summary: "List and sign off monthly reviews of the controls.",
  commands: [
    defineCommand({
      name: "list",
      summary: "List the monthly reviews and their results; exit code 1 if one is missing.",
      examples: ["monitoring list", "monitoring list --month 2026-07 --json"],
      options: (command) =>
        command
          .option("--org <login>", "the organisation; needed when the log holds several")
          .option("--month <month>", "only this month: 2026-07"),
      run: async ({ store, now }, { org, month }) => {
        const { listReviews } = await import("./reviews.ts");
        return listReviews(await store(), org, month, now());
      },
    }),
    defineCommand({
      name: "sign-off",
      summary: "Sign off a control for a past month, as its owner.",
      examples: [
        'monitoring sign-off independently-approved 2026-07 --as carol --comment "41 of 41, looked at both rollbacks"',
      ],
      options: (command) =>
        command
          .argument("<control>", "the control's name")
          .argument("<month>", "the month: 2026-07")
          .requiredOption("--as <login>", "who signs off: the owner named in the policy")
          .requiredOption("--comment <text>", "what was looked at")
          .option("--org <login>", "the organisation; needed when the log holds several"),
      run: async ({ store, now }, options, [control, month]) => {
        const { signOffAtTerminal } = await import("./reviews.ts");
        return signOffAtTerminal(await store(), { ...options, control, month }, now);
      },
    }),
  ],
};
