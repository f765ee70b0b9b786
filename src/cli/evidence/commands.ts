/** The commands that make, check or complete evidence of a period. */

import { progressOn } from "../terminal/progress.ts";
import { defineCommand, count, instant, type BareCommand, type CommandGroup } from "../terminal/command.ts";

/** The repositories where the App is installed, and a period. */
function ofInstalled(command: BareCommand) {
  return command
    .option("--org <login>", "every repository of the organisation where the App is installed")
    .option("--repo <owner/name>", "one repository")
    .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .requiredOption("--to <date>", "end, excluded", instant);
}

/** Defines `countersign export`. */
export const EXPORT = defineCommand({
  name: "export",
  summary: "Write the evidence package of a period.",
  examples: [
    "export --org acme --period 2026-Q3 --out evidence",
    "export --org acme --from 2026-07-01 --to 2026-10-01 --out evidence --zip",
    "export --org acme --periods 2025-Q4,2026-Q1,2026-Q2,2026-Q3 --out evidence-12-months",
  ],
  options: (command) =>
    command
      .requiredOption("--org <login>", "the organisation")
      .option("--period <name>", "a period of the policy, or a calendar quarter such as 2026-Q3")
      .option(
        "--periods <names>",
        "several, separated by commas: one package of all, with each period's figures",
      )
      .option("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
      .option("--to <date>", "end, excluded", instant)
      .requiredOption("--out <folder>", "write it here; the folder must be new or empty")
      .option("--zip", "write a zip beside the folder too")
      .option("--offline", "skip the comparison with GitHub's own lists"),
  run: async ({ terminal }, options) => {
    const { exportPackage } = await import("./export.ts");
    return exportPackage(terminal, options);
  },
});

const CLOSE = defineCommand({
  name: "close",
  summary: "Close a period: write its package and record it as the one handed over.",
  examples: [
    "period close 2026-Q3 --org acme --out evidence-2026-Q3 --zip --as carol",
    'period close 2026-Q3 --org acme --out evidence-2026-Q3 --as carol --incomplete "acme/legacy cannot be read until Monday"',
  ],
  options: (command) =>
    ofHandOver(command).option(
      "--incomplete <reason>",
      "close it before it is over or proven complete; the package shows the reason first",
    ),
  run: async ({ terminal, now }, options, [name]) => {
    const { closeNamed } = await import("./period.ts");
    return closeNamed(terminal, name, options, now);
  },
});

const ADDENDUM = defineCommand({
  name: "addendum",
  summary: "Write a package of a closed period that names every row that differs and why.",
  examples: [
    'period addendum 2026-Q3 --org acme --out addendum-1 --as carol --reason "a retroactive review was given late"',
  ],
  options: (command) => ofHandOver(command).requiredOption("--reason <text>", "why it is made"),
  run: async ({ terminal, now }, options, [name]) => {
    const { addToNamed } = await import("./period.ts");
    return addToNamed(terminal, name, options, now);
  },
});

const PERIODS = defineCommand({
  name: "list",
  summary: "List the policy's periods, which are closed, and the packages handed over.",
  examples: ["period list", "period list --org acme --json"],
  options: (command) =>
    command.option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store, now }, options) => {
    const { listPeriods } = await import("./period.ts");
    return listPeriods(await store(), options, now());
  },
});

/** A closed period's name, and the package to hand over. */
function ofHandOver(command: BareCommand) {
  return command
    .argument("<name>", "a period of the policy, or a calendar quarter such as 2026-Q3")
    .requiredOption("--org <login>", "the organisation")
    .requiredOption("--out <folder>", "write the package here; the folder must be new or empty")
    .requiredOption("--as <login>", "who hands it over")
    .option("--zip", "write a zip beside the folder too")
    .option("--offline", "skip the comparison with GitHub's own lists");
}

/** Defines `countersign period`. */
export const PERIOD: CommandGroup = {
  name: "period",
  summary: "Close a period and record which packages of it were handed over.",
  commands: [CLOSE, ADDENDUM, PERIODS],
};

/** Defines `countersign audit`. */
export const AUDIT = defineCommand({
  name: "audit",
  summary: "List and assess a past period with only a token, and write its evidence package.",
  examples: [
    "audit acme/web --from 2026-07-01 --to 2026-10-01   # GITHUB_TOKEN in the environment",
    "audit acme --from 2026-07-01 --to 2026-10-01 --policy countersign.yml --out evidence",
  ],
  options: (command) =>
    command
      .argument("<owner[/repo]>", "an organisation or person, or one repository")
      .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
      .requiredOption("--to <date>", "end, excluded", instant)
      .option("--policy <file>", "assess under this policy file instead of those on GitHub")
      .option("--out <folder>", "write the package here; default: audit-OWNER-REPO-FROM--TO")
      .option("--zip", "write a zip beside the folder too")
      .option("--app-id <n>", "the App that blocked merges in that period; default: none", count),
  run: async ({ terminal, now }, options, [of]) => {
    const { audit } = await import("./audit.ts");
    return audit(terminal, of, options, { now });
  },
});

/** Defines `countersign backfill`. */
export const BACKFILL = defineCommand({
  name: "backfill",
  summary: "Fill the evidence log for a past period from GitHub's own lists.",
  examples: [
    "backfill --org acme --from 2026-07-01 --to 2026-10-01",
    "backfill --repo acme/web --from 2026-07-01 --to 2026-10-01",
  ],
  options: ofInstalled,
  run: async ({ terminal, now }, options) => {
    const { backfill } = await import("./backfill.ts");
    return backfill(terminal, options, { now });
  },
});

/** Defines `countersign reconcile`. */
export const RECONCILE = defineCommand({
  name: "reconcile",
  summary: "Compare independent listings of a period and name every difference.",
  examples: [
    "reconcile --org acme --from 2026-07-01 --to 2026-10-01",
    "reconcile --repo acme/web --from 2026-07-01 --to 2026-10-01 --json",
  ],
  options: ofInstalled,
  run: async ({ terminal, now }, options) => {
    const { reconcile } = await import("./reconcile.ts");
    return reconcile(terminal, options, { now });
  },
});

/** Defines `countersign verify`. */
export const VERIFY = defineCommand({
  name: "verify",
  summary: "Verify an evidence package offline and name every defect.",
  examples: ["verify evidence", "verify evidence.zip --public-key acme.pem"],
  options: (command) =>
    command
      .argument("<path>", "the package: a folder or a zip")
      .option("--public-key <file>", "the signer's public key from an independent source (PEM)"),
  run: async ({ terminal }, { publicKey }, [path]) => {
    const { verify } = await import("../verify.ts");
    const progress = progressOn(terminal);
    return verify(path, publicKey, (file, bytes) =>
      progress(`Reading ${file}: ${Math.ceil(bytes / 1e6)} MB`),
    );
  },
});

/** Defines `countersign sample`. */
export const SAMPLE = defineCommand({
  name: "sample",
  summary: "Choose changes or deployments of an evidence package and write a readable page for each.",
  examples: [
    'sample evidence --size 25 --seed "fieldwork 7391" --out sample',
    'sample evidence.zip --size 25 --seed "fieldwork 7391" --stratify repository,verdict --out sample',
    "sample evidence --of deployments --ids deployments.txt --out sample   # one id a line",
  ],
  options: (command) =>
    command
      .argument("<package>", "the package: a folder or a zip")
      .option("--size <n>", "how many to choose by the seed", count)
      .option("--seed <text>", "what the choice follows from; choose it after you received the package")
      .option("--ids <file>", "choose these instead: a text file with one id a line")
      .requiredOption("--out <folder>", "write the pages here; the folder must be new")
      .option("--of <population>", "changes or deployments", "changes")
      .option("--stratify <columns>", "choose from each: repository, verdict or repository,verdict")
      .option("--public-key <file>", "the signer's public key from an independent source (PEM)"),
  run: async ({ terminal }, options, [path]) => {
    const { sample } = await import("./sample.ts");
    const progress = progressOn(terminal);
    return sample(path, options, {
      onRead: (file, bytes) => progress(`Reading ${file}: ${Math.ceil(bytes / 1e6)} MB`),
      onPage: (pages) => progress(`Writing pages: ${pages}`),
    });
  },
});

/** Defines `countersign readiness`. */
export const READINESS = defineCommand({
  name: "readiness",
  summary: "Test every control on recent days and list what an auditor would note today.",
  examples: ["readiness", "readiness --days 180 --json"],
  options: (command) =>
    command
      .option("--days <n>", "how many days back", count, 90)
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store, now }, options) => {
    const { answerReadiness } = await import("./readiness.ts");
    return answerReadiness(await store(), options, now());
  },
});

/** Defines `countersign draft`. */
export const DRAFT = defineCommand({
  name: "draft",
  summary: "Draft a text from the records, apart from the evidence package.",
  examples: [
    "draft procedures --out procedures.md",
    "draft response DEV-0123456789ab",
    "draft bridge --period 2026-Q3",
    "draft note --period 2026-Q3 --out note.md",
    "draft questions",
  ],
  options: (command) =>
    command
      .argument("<kind>", "response, bridge, note, questions or procedures")
      .argument("[deviation]", "for response: the deviation's id, or its beginning")
      .option("--period <name>", "for bridge and note: a period of the policy, or a calendar quarter")
      .option("--out <file>", "write it to this file instead of printing it")
      .option("--org <login>", "the organisation; needed when the log holds several"),
  run: async ({ store, now }, options, [kind, id]) => {
    const { writeDraft } = await import("./draft.ts");
    return writeDraft(await store(), kind, { ...options, id }, now());
  },
});
