/** The commands that read or migrate the evidence log. */

import { collect, defineCommand, count, type CommandGroup } from "../terminal/command.ts";

/** Defines `countersign log`. */
export const LOG: CommandGroup = {
  name: "log",
  summary: "Verify, read and migrate the evidence log.",
  commands: [
    defineCommand({
      name: "verify",
      summary: "Recompute every link of the log's hash chain.",
      examples: ["log verify", "log verify --heads"],
      options: (command) =>
        command.option("--heads", "also compare the log with the heads of it that the App posted on GitHub"),
      run: async ({ store, terminal, now }, options) => {
        const { verifyLog } = await import("./log.ts");
        if (options.heads !== true) return verifyLog(await store());
        const { verifyHeads } = await import("./heads.ts");
        return verifyHeads(terminal, now);
      },
    }),
    defineCommand({
      name: "head",
      summary: "Print the log's length and last hash.",
      examples: ["log head"],
      options: (command) => command,
      run: async ({ store }) => {
        const { logHead } = await import("./log.ts");
        return logHead(await store());
      },
    }),
    defineCommand({
      name: "migrate",
      summary: "Bring the database's tables up to date.",
      examples: ["log migrate"],
      options: (command) => command,
      run: async ({ store }) => {
        const { migrateLog } = await import("./log.ts");
        return migrateLog(await store());
      },
    }),
    defineCommand({
      name: "show",
      summary: "Print the newest entry of one subject, or the facts it was assessed on.",
      examples: [
        "log show gate acme/web#7",
        "log show change 4be1 --facts > facts.json   # for countersign assess --facts facts.json",
      ],
      options: (command) =>
        command
          .argument("<kind>", "gate, change, deployment, deviation, policy, ...")
          .argument("<subject>", "its name or the beginning of it; of a gate OWNER/REPO#N")
          .option("--facts", "print the assessed facts, in the format of docs/facts.schema.json")
          .option("--app-id <n>", "the App's id; default: APP_ID of the environment", count),
      run: async ({ store, appId }, options, [kind, subject]) => {
        const { showEntry } = await import("./show.ts");
        const app = options.facts === true ? appId(options.appId) : null;
        return showEntry(await store(), kind, subject, app);
      },
    }),
  ],
};

/** Defines `countersign assess`. */
export const ASSESS = defineCommand({
  name: "assess",
  summary: "Assess stored facts alone: without GitHub, and without recording anything.",
  examples: [
    "assess --facts facts.json",
    "assess --facts facts.json --policy organisation.yml --policy repository.yml",
  ],
  options: (command) =>
    command
      .requiredOption("--facts <file>", "facts as `log show --facts` writes them; - for standard input")
      .option(
        "--policy <file>",
        "assess under this policy instead of the recorded one; a second one is the repository's",
        collect,
      ),
  run: async ({ terminal }, { facts, policy = [] }) => {
    const { assessFacts } = await import("./assess.ts");
    return assessFacts(terminal, facts, policy);
  },
});
