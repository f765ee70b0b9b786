/** The command that registers and configures the App. */

import { envFileIn } from "../input/env-file.ts";
import { defineCommand, count } from "../terminal/command.ts";
import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Defines `countersign setup`. */
export const SETUP = defineCommand({
  name: "setup",
  summary:
    "Register the App on GitHub, save its settings, wait for its installation, and write a first policy.",
  examples: [
    "setup --org acme --url https://countersign.example.com",
    "setup --app-id 4711 --private-key app.pem",
    "setup --out policy --approvers acme/core --on-call acme/on-call --deviations acme/change-control",
  ],
  options: (command) =>
    command
      .option("--org <name>", "the organisation")
      .option("--url <address>", "the App's address; default: COUNTERSIGN_BASE_URL")
      .option("--name <name>", "the App's name; default: Countersign (ORG)")
      .option("--host <host>", "the GitHub Enterprise Server; default: GHE_HOST")
      .option("--port <n>", "the page's port; 0 takes a free one", port, 0)
      .option("--force", "register a new App; replace files and settings")
      .option("--print", "print the settings with their secrets; save nothing")
      .option("--link", "print a link to GitHub's form, for use without a browser here")
      .option("--app-id <n>", "an App that was registered by hand", count)
      .option("--private-key <file>", "its private key")
      .option("--no-wait", "do not wait for the installation")
      .option("--out <folder>", "write a first policy and its ruleset there")
      .option("--approvers <list>", "teams or a permission")
      .option("--approvals <n>", "approvals of a change")
      .option("--branches <list>", "production branches")
      .option("--environments <list>", "production environments")
      .option("--ticket <pattern>", "a change ticket's pattern")
      .option("--on-call <list>", "teams that authorise emergencies")
      .option("--deviations <repository>", "the repository for deviations")
      .option("--owner <login>", "the assignee of deviations and monthly reviews"),
  run: async ({ terminal }, options) => {
    const { setup } = await import("./setup.ts");
    const { approvers, approvals, branches, environments, ticket, onCall, deviations, owner, ...rest } =
      options;
    const { ask, ...quiet } = terminal;
    const answers = { approvers, approvals, branches, environments, ticket, onCall, deviations, owner };
    const given = Object.entries(answers).flatMap(([key, text]) => (text === undefined ? [] : [[key, text]]));
    // A program that reads JSON answers no questions.
    const isAsked = ask !== undefined && rest.json !== true;
    return setup(isAsked ? terminal : quiet, {
      ...rest,
      envFile: envFileIn(terminal.env),
      answers: Object.fromEntries(given),
    });
  },
});

function port(text: string): number {
  if (!/^\d{1,5}$/u.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError(`"${text}" is no port: give a number from 0 to 65535.`);
  return Number(text);
}
