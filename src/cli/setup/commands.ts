/** The command that registers and configures the App. */

import { envFileIn } from "../input/env-file.ts";
import { command, count } from "../terminal/command.ts";
import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Defines `countersign setup`. */
export const SETUP = command({
  name: "setup",
  summary:
    "Register the App on GitHub, save its settings, wait for its installation, and write a first policy.",
  examples: [
    "setup --org acme --url https://countersign.example.com",
    "setup --org acme --url https://countersign.example.com --link   # without a browser on this machine",
    "setup --app-id 4711 --private-key app.pem   # an App that was registered by hand",
    "setup --out policy --approvers acme/core --on-call acme/on-call --deviations acme/change-control",
  ],
  options: (command) =>
    command
      .option("--org <name>", "the organisation that will own the App")
      .option("--url <address>", "the address at which GitHub reaches the App; default: COUNTERSIGN_BASE_URL")
      .option("--name <name>", "the App's name; default: Countersign (ORG)")
      .option("--host <host>", "the host of a GitHub Enterprise Server; default: GHE_HOST")
      .option("--port <n>", "the port of the page on this machine; 0 takes a free one", port, 0)
      .option("--env-file <file>", "where the settings are saved; default: COUNTERSIGN_ENV_FILE, or .env")
      .option("--force", "register a new App and replace what the files hold")
      .option("--print", "print the settings, secrets included, instead of saving them")
      .option("--link", "print a link to GitHub's form instead of opening a page here")
      .option("--app-id <n>", "go on with this App", count)
      .option("--private-key <file>", "and its private key, as GitHub let it be downloaded")
      .option("--no-wait", "do not wait for the installation")
      .option("--out <folder>", "write a first policy, its ruleset and the text of its pull request there")
      .option("--approvers <list>", "teams, or write, maintain or admin")
      .option("--approvals <n>", "how many approvals a change needs")
      .option("--branches <list>", "production branches")
      .option("--environments <list>", "production environments")
      .option("--ticket <pattern>", "the pattern of a change ticket")
      .option("--on-call <list>", "teams that authorise emergencies")
      .option("--deviations <repository>", "where deviations are opened")
      .option("--owner <login>", "who watches: deviations and the monthly review"),
  run: async ({ terminal }, options) => {
    const { setup } = await import("./setup.ts");
    const { approvers, approvals, branches, environments, ticket, onCall, deviations, owner, ...rest } =
      options;
    const answers = { approvers, approvals, branches, environments, ticket, onCall, deviations, owner };
    const given = Object.entries(answers).flatMap(([key, text]) => (text === undefined ? [] : [[key, text]]));
    return setup(terminal, {
      ...rest,
      envFile: rest.envFile ?? envFileIn(terminal.env),
      answers: Object.fromEntries(given),
    });
  },
});

function port(text: string): number {
  if (!/^\d{1,5}$/u.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError(`"${text}" is no port: give a number from 0 to 65535.`);
  return Number(text);
}
