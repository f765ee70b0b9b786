/** The commands that play stories against the App. */

import { defineCommand, type CommandGroup } from "../terminal/command.ts";

/** Defines `countersign demo`. */
export const DEMO = defineCommand({
  name: "demo",
  summary: "Simulate a quarter at an example organisation; export, verify and tamper with its evidence.",
  examples: ["demo", "demo --out /tmp/demo", "demo --serve"],
  options: (command) =>
    command
      .option("--out <folder>", "write the package here", "demo/out")
      .option("--story <file>", "play another story")
      .option("--serve", "then show the quarter in a browser, signed in as its lead, until Ctrl+C"),
  run: async ({ terminal }, options) => {
    const { demo } = await import("./demo.ts");
    return demo(terminal, options);
  },
});

/** Defines `countersign scenario`. */
export const SCENARIO: CommandGroup = {
  name: "scenario",
  summary: "Run stories written as data against the App.",
  commands: [
    defineCommand({
      name: "run",
      summary: "Run scenario files, or all in a folder, against the App and a simulated GitHub.",
      examples: ["scenario run test/scenarios", "scenario run my-story.yaml --json"],
      options: (command) => command.argument("<path...>", "files or folders"),
      run: async ({ terminal }, { json }, [paths]) => {
        const { runScenarios } = await import("./run-scenarios.ts");
        return runScenarios(terminal, paths, json === true);
      },
    }),
  ],
};
