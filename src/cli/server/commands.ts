/** The commands that run the App or operate it. */

import { Argument, Option } from "@commander-js/extra-typings";
import { defineCommand, count, instant, type CommandGroup } from "../terminal/command.ts";

/** Defines `countersign serve`. */
export const SERVE = defineCommand({
  name: "serve",
  summary: "Run the App: webhooks, workers, sweep, health and metrics.",
  examples: [
    "serve",
    "serve   # PORT=8080 HOST=0.0.0.0 DATABASE_URL=postgres://... in the environment",
    "serve --setup   # without settings: the log shows a link that registers the App",
    "serve --new-store   # once, to begin a new evidence log",
  ],
  options: (command) =>
    command
      .option("--new-store", "start with an empty store, although GitHub shows earlier activity of the App")
      .option("--setup", "without an App: serve the page that registers it, then go on")
      .addOption(
        new Option("--rehearsal <start>", "started by the process that forked it")
          .argParser(instant)
          .hideHelp(),
      ),
  run: async ({ terminal }, { rehearsal, newStore, setup }) => {
    const { rehearse, serve } = await import("../serve.ts");
    await (rehearsal === undefined
      ? serve(terminal, { newStore: newStore === true, setup: setup === true })
      : rehearse(terminal, rehearsal));
    return null;
  },
});

/** Defines `countersign deliveries`. */
export const DELIVERIES: CommandGroup = {
  name: "deliveries",
  summary: "List and replay received webhooks.",
  commands: [
    defineCommand({
      name: "list",
      summary: "List deliveries, newest first.",
      examples: ["deliveries list", "deliveries list --status dead --limit 20"],
      options: (command) =>
        command
          .option("--status <status>", "only waiting, done or dead")
          .option("--limit <n>", "at most this many", count, 50),
      run: async ({ store }, options) => {
        const { printDeliveries } = await import("./deliveries.ts");
        return printDeliveries(await store(), options);
      },
    }),
    defineCommand({
      name: "replay",
      summary: "Queue deliveries again for the App to process.",
      examples: ["deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958"],
      options: (command) => command.argument("<id...>", "delivery ids"),
      run: async ({ store, now }, _, [ids]) => {
        const { replayDeliveries } = await import("./deliveries.ts");
        return replayDeliveries(await store(), ids, now());
      },
    }),
  ],
};

/** Defines `countersign recheck`. */
export const RECHECK = defineCommand({
  name: "recheck",
  summary: "Assess one open pull request with the App's key and no database, when the server is down.",
  examples: ["recheck acme/web#7", "recheck acme/web#7 --post"],
  options: (command) =>
    command
      .argument("<pull>", "OWNER/REPO#N")
      .option("--post", "write the check run on GitHub, as the App would"),
  run: async ({ terminal, now }, { post }, [pull]) => {
    const { requestRecheck } = await import("./recheck.ts");
    return requestRecheck(terminal, pull, post === true, { now });
  },
});

/** Defines `countersign report-deployment`. */
export const REPORT_DEPLOYMENT = defineCommand({
  name: "report-deployment",
  summary: "Report a deployment by a pipeline outside GitHub, signed with COUNTERSIGN_REPORT_SECRET.",
  examples: [
    'report-deployment --url https://countersign.example.com --source jenkins --repository acme/web --environment production --sha "$GIT_COMMIT"',
  ],
  options: (command) =>
    command
      .requiredOption("--url <address>", "the App's address")
      .requiredOption("--source <name>", "the pipeline's name in COUNTERSIGN_DEPLOYMENT_SOURCES")
      .requiredOption("--repository <owner/name>", "the repository on GitHub")
      .requiredOption("--sha <commit>", "the full id of the deployed commit")
      .requiredOption("--environment <name>", "the environment it was deployed to")
      .option("--id <text>", "the pipeline's own name for this deployment; default: a random one")
      .option("--ref <name>", "the branch or tag it was built from")
      .option("--artifact <text>", "what was deployed, such as an image's digest"),
  run: async ({ terminal, now }, options) => {
    const { reportDeployment } = await import("../deployment/report-deployment.ts");
    return reportDeployment(terminal, options, now());
  },
});

/** Defines `countersign doctor`. */
export const DOCTOR = defineCommand({
  name: "doctor",
  summary: "Check settings, GitHub and repositories, and list what to fix before requiring the check.",
  examples: ["doctor"],
  options: (command) => command,
  run: async ({ terminal, now }) => {
    const { doctor } = await import("../doctor/doctor.ts");
    return doctor(terminal, now);
  },
});

/** Defines `countersign completion`. */
export const COMPLETION = defineCommand({
  name: "completion",
  summary: "Print the script with which a shell completes commands and options.",
  examples: [
    "completion bash > ~/.local/share/bash-completion/completions/countersign",
    "completion zsh >> ~/.zshrc",
    "completion fish > ~/.config/fish/completions/countersign.fish",
  ],
  options: (command) =>
    command.addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"])),
  run: async ({ program }, _, [shell]) => {
    const { completionScript } = await import("../terminal/completion.ts");
    return completionScript(program(), shell);
  },
});
