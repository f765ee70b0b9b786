/** The commands of `countersign`, their arguments and help; each command lives in a file of its own and is loaded when it is used. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import type { Answer, ExitCode, Terminal } from "./answer.ts";
import { answerFailure, Misuse } from "./answer.ts";
import { addDeviationCommands } from "./deviation-program.ts";
import { addEmergencyCommands } from "./emergency-program.ts";
import type { ReportOptions } from "./report-deployment.ts";
import { visible } from "../domain/text.ts";
import type { Where } from "../ledger/store.ts";
import { VERSION } from "../package/version.ts";

const DaySchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** Runs `countersign` with the arguments after its name; prints, and answers the exit code. Never throws. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = build(terminal, (answered) => {
    code = answered;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end this way too, with 0.
      return error.exitCode === 0 ? 0 : 2;
    }
    const failure = answerFailure(error, terminal.env);
    if (args.includes("--json")) terminal.print(JSON.stringify(failure.data));
    else for (const line of failure.lines) terminal.say(visible(line));
    return failure.code;
  }
}

function build(terminal: Terminal, answered: (code: ExitCode) => void): Command {
  const program = new Command("countersign")
    .description("Proves that every change reaching production was approved by the right person.")
    .version(VERSION)
    .showHelpAfterError("Run with --help to see what is known, with examples.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 yes or done, 1 the answer is no, 2 wrong use or settings, 3 GitHub or the database cannot be reached.\nSettings come from the environment: docs/operations.md.",
    );

  /** Adds a command that answers once; `--json` prints its data instead of its lines. */
  function command(parent: Command, usage: string, about: string, examples: readonly string[]): Command {
    return parent
      .command(usage)
      .description(about)
      .option("--json", "print data for machines instead of lines for people")
      .exitOverride()
      .addHelpText("after", `\nExamples:\n${examples.map((each) => `  $ countersign ${each}`).join("\n")}`);
  }
  function give(answer: Answer, json: boolean | undefined): void {
    if (json === true) terminal.print(JSON.stringify(answer.data));
    else for (const line of answer.lines) terminal.print(visible(line));
    answered(answer.code);
  }

  command(program, "serve", "Serve the App: webhooks, workers, sweep, health and metrics.", [
    "serve",
    "serve   # PORT=8080 HOST=0.0.0.0 DATABASE_URL=postgres://... in the environment",
    "serve --new-store   # once, where the evidence log is to begin anew",
  ])
    .option("--new-store", "begin on an empty store, though GitHub shows that the App has a past")
    .addOption(
      new Option("--rehearsal <start>", "driven by the process that forked it").argParser(instant).hideHelp(),
    )
    .action(async ({ rehearsal, newStore }: { readonly rehearsal?: number; readonly newStore?: boolean }) => {
      const { rehearse, serve } = await import("./serve.ts");
      await (rehearsal === undefined ? serve(terminal, newStore === true) : rehearse(terminal, rehearsal));
    });

  command(
    program,
    "demo",
    "Play a quarter of an organisation's life, export its evidence, verify and tamper.",
    ["demo", "demo --out /tmp/demo", "demo --serve"],
  )
    .option("--out <folder>", "where the package is written", "demo/out")
    .option("--story <file>", "another story to play")
    .option("--serve", "keep the App running afterwards")
    .action(async (options: { out: string; story?: string; serve?: boolean; json?: boolean }) => {
      const { demo } = await import("./demo.ts");
      give(await demo(terminal, options), options.json);
    });

  const scenario = program.command("scenario").description("Stories as data, played against the App.");
  command(
    scenario,
    "run",
    "Run scenario files, or every one in a folder, against the App and the GitHub double.",
    ["scenario run test/scenarios", "scenario run my-story.yaml --json"],
  )
    .argument("<path...>", "files or folders")
    .action(async (paths: readonly string[], options: { json?: boolean }) => {
      const { runScenarios } = await import("./scenario-run.ts");
      give(await runScenarios(terminal, paths, options.json === true), options.json);
    });

  command(program, "export", "Write the evidence package of a period.", [
    "export --org acme --period 2026-Q3 --out evidence",
    "export --org acme --from 2026-07-01 --to 2026-10-01 --out evidence --zip",
  ])
    .requiredOption("--org <login>", "the organisation")
    .option("--period <name>", "a period of the policy, or a calendar quarter such as 2026-Q3")
    .option("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .option("--to <date>", "end, excluded", instant)
    .requiredOption("--out <folder>", "where to write it; must not exist or be empty")
    .option("--zip", "write one zip beside the folder too")
    .option("--offline", "do not count against GitHub's own lists first")
    .action(
      async (options: {
        org: string;
        period?: string;
        from?: number;
        to?: number;
        out: string;
        zip?: boolean;
        offline?: boolean;
        json?: boolean;
      }) => {
        const { exportPackage } = await import("./export.ts");
        give(await exportPackage(terminal, options), options.json);
      },
    );

  command(
    program,
    "audit",
    "List and judge a past period with nothing but a token, and write its evidence package.",
    [
      "audit acme/web --from 2026-07-01 --to 2026-10-01   # GITHUB_TOKEN in the environment",
      "audit acme --from 2026-07-01 --to 2026-10-01 --policy countersign.yml --out evidence",
    ],
  )
    .argument("<owner[/repo]>", "an organisation or person, or one repository")
    .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .requiredOption("--to <date>", "end, excluded", instant)
    .option("--policy <file>", "judge under this policy file instead of those on GitHub")
    .option("--out <folder>", "where the package is written; default: audit-OWNER-REPO-FROM--TO")
    .option("--zip", "write one zip beside the folder too")
    .option("--app-id <n>", "the App that held merges back in that time; default: none did", count)
    .action(
      async (
        of: string,
        options: {
          from: number;
          to: number;
          policy?: string;
          out?: string;
          zip?: boolean;
          appId?: number;
          json?: boolean;
        },
      ) => {
        const { audit } = await import("./audit.ts");
        give(await audit(terminal, of, options, { now: Date.now }), options.json);
      },
    );

  command(program, "backfill", "Fill the evidence log for a past period from GitHub's own lists.", [
    "backfill --org acme --from 2026-07-01 --to 2026-10-01",
    "backfill --repo acme/web --from 2026-07-01 --to 2026-10-01",
  ])
    .option("--org <login>", "every repository of the organisation the App is installed on")
    .option("--repo <owner/name>", "one repository")
    .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .requiredOption("--to <date>", "end, excluded", instant)
    .action(async (options: { org?: string; repo?: string; from: number; to: number; json?: boolean }) => {
      const { backfill } = await import("./backfill.ts");
      give(await backfill(terminal, options, { now: Date.now }), options.json);
    });

  command(
    program,
    "reconcile",
    "Count a period's independent listings against each other, and name every difference.",
    [
      "reconcile --org acme --from 2026-07-01 --to 2026-10-01",
      "reconcile --repo acme/web --from 2026-07-01 --to 2026-10-01 --json",
    ],
  )
    .option("--org <login>", "every repository of the organisation the App is installed on")
    .option("--repo <owner/name>", "one repository")
    .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .requiredOption("--to <date>", "end, excluded", instant)
    .action(async (options: { org?: string; repo?: string; from: number; to: number; json?: boolean }) => {
      const { reconcile } = await import("./reconcile.ts");
      give(await reconcile(terminal, options, { now: Date.now }), options.json);
    });

  command(program, "verify", "Check an evidence package offline; every defect is named.", [
    "verify evidence",
    "verify evidence.zip --public-key acme.pem",
  ])
    .argument("<path>", "the package: a folder or a zip")
    .option("--public-key <file>", "the signer's public key, from elsewhere (PEM)")
    .action(async (path: string, options: { publicKey?: string; json?: boolean }) => {
      const { verify } = await import("./verify.ts");
      give(await verify(path, options.publicKey), options.json);
    });

  const log = program.command("log").description("The evidence log.");
  command(log, "verify", "Compute every link of the log again.", ["log verify"]).action(
    async (options: { json?: boolean }) => {
      const { verifyLog } = await import("./ledger-log.ts");
      give(await verifyLog(await where(terminal)), options.json);
    },
  );
  command(log, "head", "How long the log is, and its last hash.", ["log head"]).action(
    async (options: { json?: boolean }) => {
      const { logHead } = await import("./ledger-log.ts");
      give(await logHead(await where(terminal)), options.json);
    },
  );
  command(log, "migrate", "Bring the database's tables up to date.", ["log migrate"]).action(
    async (options: { json?: boolean }) => {
      const { migrateLog } = await import("./ledger-log.ts");
      give(await migrateLog(await where(terminal)), options.json);
    },
  );

  command(log, "show", "Show the newest entry of one subject, or the facts it was judged on.", [
    "log show gate acme/web#7",
    "log show change 4be1 --facts > facts.json   # for countersign assess --facts facts.json",
  ])
    .argument("<kind>", "gate, change, deployment, deviation, policy, ...")
    .argument("<subject>", "its name or the beginning of it; of a gate its whole name, or OWNER/REPO#N")
    .option("--facts", "the facts as they were judged, in the form of docs/facts.schema.json")
    .option("--app-id <n>", "the App's id; default: APP_ID of the environment", count)
    .action(
      async (kind: string, subject: string, options: { facts?: boolean; appId?: number; json?: boolean }) => {
        const { showEntry } = await import("./log-show.ts");
        const appId = options.facts === true ? appIdOf(options.appId, terminal) : null;
        give(await showEntry(await where(terminal), kind, subject, appId), options.json);
      },
    );

  const policy = program
    .command("policy")
    .description("Policy files: what is wrong in them, and what they ask.");
  command(
    policy,
    "check",
    "Find every problem of a policy file, with line, column and what was likely meant.",
    [
      "policy check .github/countersign.yml",
      "policy check .github/countersign.yml --organization ../.github/.github/countersign.yml",
      "policy check - < .github/countersign.yml",
    ],
  )
    .argument("<file>", "the policy file; - for standard input")
    .option("--organization <file>", "the organisation's file, which this one may only tighten")
    .action(async (file: string, options: { organization?: string; json?: boolean }) => {
      const { checkPolicy } = await import("./policy-check.ts");
      give(await checkPolicy(terminal, file, options.organization), options.json);
    });
  command(
    policy,
    "explain",
    "Say what the policy asks of a change, what is there, and what is missing from whom.",
    ["policy explain acme/web#7", "policy explain --facts facts.json"],
  )
    .argument("[pull]", "OWNER/REPO#N, as it stands in the evidence log; GitHub is not asked")
    .option("--facts <file>", "stored facts instead; - for standard input")
    .action(async (pull: string | undefined, options: { facts?: string; json?: boolean }) => {
      const { explainFacts, explainPull } = await import("./policy-explain.ts");
      if ((pull === undefined) === (options.facts === undefined)) {
        throw new Misuse("Say which change: OWNER/REPO#N or --facts FILE, one of them.");
      }
      give(
        options.facts === undefined
          ? await explainPull(await where(terminal), pull ?? "")
          : await explainFacts(terminal, options.facts),
        options.json,
      );
    });

  command(
    policy,
    "import",
    "Convert a policy-bot file to a Countersign policy; differences stand on top, with reasons.",
    [
      "policy import .policy.yml > .github/countersign.yml",
      "policy import policy.yml --for organization",
      "policy import .policy.yml --json",
    ],
  )
    .argument("<file>", "the policy-bot file; - for standard input")
    .addOption(
      new Option(
        "--for <file>",
        "where it is to stand, and what it is checked as; default: repository",
      ).choices(["organization", "repository"]),
    )
    .action(async (file: string, options: { for?: "organization" | "repository"; json?: boolean }) => {
      const { importPolicy } = await import("./policy-import.ts");
      give(await importPolicy(terminal, file, options.for), options.json);
    });

  command(
    policy,
    "try",
    "Say what a policy would have refused of what landed in a period, and what would have passed only by an emergency or exemption.",
    [
      "policy try new.yml --from 2026-07-01 --to 2026-10-01   # from the evidence log",
      "policy try new.yml --from 2026-07-01 --to 2026-10-01 --repo acme/web   # from GitHub, with GITHUB_TOKEN and no log",
      "policy try new.yml --from 2026-07-01 --to 2026-10-01 --repo acme/web --repo acme/api --json",
    ],
  )
    .argument("<file>", "the organisation's file to try; each repository's own stays on top of it")
    .requiredOption("--from <date>", "start, included: 2026-07-01 or RFC 3339", instant)
    .requiredOption("--to <date>", "end, excluded", instant)
    .option("--repo <name>", "only OWNER/NAME; may be given again", collect, [])
    .option("--app-id <n>", "the App's id; default: APP_ID of the environment", count)
    .action(
      async (
        file: string,
        options: { from: number; to: number; repo: readonly string[]; appId?: number; json?: boolean },
      ) => {
        const { from, to, repo: repositories } = options;
        const { asksGitHub, tryOnGitHub } = await import("./policy-try-github.ts");
        const of = { file, from, to, repositories };
        if (asksGitHub(terminal, of)) {
          give(await tryOnGitHub(terminal, of, { now: Date.now }), options.json);
          return;
        }
        const { tryPolicy } = await import("./policy-try.ts");
        const appId = appIdOf(options.appId, terminal);
        give(await tryPolicy(terminal, await where(terminal), appId, of), options.json);
      },
    );

  command(
    program,
    "assess",
    "Judge stored facts, and nothing else: nothing is asked of GitHub, nothing recorded.",
    [
      "assess --facts facts.json",
      "assess --facts facts.json --policy organisation.yml --policy repository.yml",
    ],
  )
    .requiredOption("--facts <file>", "facts, as `log show --facts` writes them; - for standard input")
    .option(
      "--policy <file>",
      "judge under this policy instead of the recorded one; a second is a repository's own on top",
      collect,
      [],
    )
    .action(async (options: { facts: string; policy: readonly string[]; json?: boolean }) => {
      const { assessFacts } = await import("./assess.ts");
      give(await assessFacts(terminal, options.facts, options.policy), options.json);
    });

  command(program, "ruleset", "Print the one GitHub ruleset that goes with the policy.", [
    "ruleset --app-id 4711 --policy .github/countersign.yml | gh api orgs/acme/rulesets --input -",
    "ruleset --app-id 4711 --terraform > countersign.tf",
    'ruleset --app-id 4711 --repository web --branch main --branch "release/**"',
  ])
    .option("--terraform", "as Terraform instead of JSON for GitHub's API")
    .option(
      "--policy <file>",
      "whose production branches are meant; a second is a repository's own on top",
      collect,
      [],
    )
    .option("--branch <pattern>", "these branches instead of the policy's", collect, [])
    .option("--repository <name>", "for one repository instead of all the organisation's")
    .option(
      "--app-id <n>",
      "the App's id, to which the check is pinned; default: APP_ID of the environment",
      count,
    )
    .action(
      async (options: {
        terraform?: boolean;
        policy: readonly string[];
        branch: readonly string[];
        repository?: string;
        appId?: number;
        json?: boolean;
      }) => {
        const { makeRuleset } = await import("./ruleset.ts");
        give(
          await makeRuleset(terminal, { ...options, appId: appIdOf(options.appId, terminal) }),
          options.json,
        );
      },
    );

  command(
    program,
    "recheck",
    "Judge one open pull request with the App's key and no database: the way out when the server is down.",
    ["recheck acme/web#7", "recheck acme/web#7 --post"],
  )
    .argument("<pull>", "OWNER/REPO#N")
    .option("--post", "write the check run, as the App would")
    .action(async (pull: string, options: { post?: boolean; json?: boolean }) => {
      const { recheck } = await import("./recheck.ts");
      give(await recheck(terminal, pull, options.post === true, { now: Date.now }), options.json);
    });

  const monitoring = program.command("monitoring").description("Monthly reviews of the controls.");
  command(
    monitoring,
    "list",
    "List the monthly reviews, with what each came to; exit code 1 if one is missing.",
    ["monitoring list", "monitoring list --month 2026-07 --json"],
  )
    .option("--org <login>", "the organisation, where the log knows several")
    .option("--month <month>", "only this month: 2026-07")
    .action(async (options: { org?: string; month?: string; json?: boolean }) => {
      const { listReviews } = await import("./monitoring.ts");
      give(await listReviews(await where(terminal), options.org, options.month, Date.now()), options.json);
    });
  command(monitoring, "sign-off", "Sign a control off for a month that is over, as its owner.", [
    'monitoring sign-off independently-approved 2026-07 --as carol --comment "41 of 41, looked at both rollbacks"',
  ])
    .argument("<control>", "the control's name")
    .argument("<month>", "the month: 2026-07")
    .requiredOption("--as <login>", "who signs off: the owner the policy names")
    .requiredOption("--comment <text>", "what was seen")
    .option("--org <login>", "the organisation, where the log knows several")
    .action(
      async (
        control: string,
        month: string,
        options: { as: string; comment: string; org?: string; json?: boolean },
      ) => {
        const { signOffAtTerminal } = await import("./monitoring.ts");
        give(
          await signOffAtTerminal(await where(terminal), { ...options, control, month }, Date.now),
          options.json,
        );
      },
    );

  addDeviationCommands(program, { command, give, terminal, where });
  addEmergencyCommands(program, { command, give, terminal, where });

  command(
    program,
    "readiness",
    "Say whether an audit could begin today: every control tested on the last days, and every reason against.",
    ["readiness", "readiness --days 180 --json"],
  )
    .option("--days <n>", "how many days back", count, 90)
    .option("--org <login>", "the organisation, where the log knows several")
    .action(async (options: { days: number; org?: string; json?: boolean }) => {
      const { tellReadiness } = await import("./readiness.ts");
      give(await tellReadiness(await where(terminal), options, Date.now()), options.json);
    });

  command(
    program,
    "report-deployment",
    "Tell the App what a pipeline outside GitHub deployed; the secret is in COUNTERSIGN_REPORT_SECRET.",
    [
      'report-deployment --url https://countersign.example.com --source jenkins --repository acme/web --environment production --sha "$GIT_COMMIT"',
    ],
  )
    .requiredOption("--url <address>", "the App's address")
    .requiredOption("--source <name>", "the pipeline's name in COUNTERSIGN_DEPLOYMENT_SOURCES")
    .requiredOption("--repository <owner/name>", "the repository on GitHub")
    .requiredOption("--sha <commit>", "the whole id of the commit deployed")
    .requiredOption("--environment <name>", "the environment deployed to")
    .option("--id <text>", "the pipeline's own name for this deployment; default: a random one")
    .option("--ref <name>", "the branch or tag it was built from")
    .option("--artifact <text>", "what was deployed, such as an image's digest")
    .action(async ({ json, ...options }: { json?: boolean } & ReportOptions) => {
      const { reportDeployment } = await import("./report-deployment.ts");
      give(await reportDeployment(terminal, options, Date.now()), json);
    });

  command(
    program,
    "draft",
    "Draft a text from the records: response, bridge, note, questions or procedures. Apart from the evidence package.",
    [
      "draft procedures --out procedures.md",
      "draft response DEV-0123456789ab",
      "draft bridge --period 2026-Q3",
      "draft note --period 2026-Q3 --out note.md",
      "draft questions",
    ],
  )
    .argument("<kind>", "response, bridge, note, questions or procedures")
    .argument("[deviation]", "for response: the deviation's id, or its beginning")
    .option("--period <name>", "for bridge and note: a period of the policy, or a calendar quarter")
    .option("--out <file>", "write it there instead of printing it")
    .option("--org <login>", "the organisation, where the log knows several")
    .action(
      async (
        kind: string,
        id: string | undefined,
        options: { period?: string; out?: string; org?: string; json?: boolean },
      ) => {
        const { writeDraft } = await import("./draft.ts");
        give(await writeDraft(await where(terminal), kind, { ...options, id }, Date.now()), options.json);
      },
    );

  const deliveries = program.command("deliveries").description("Webhooks as they were received.");
  command(deliveries, "list", "List deliveries, newest first.", [
    "deliveries list",
    "deliveries list --status dead --limit 20",
  ])
    .option("--status <status>", "waiting, done or dead")
    .option("--limit <n>", "at most so many", count, 50)
    .action(async (options: { status?: string; limit: number; json?: boolean }) => {
      const { listDeliveries } = await import("./deliveries.ts");
      give(await listDeliveries(await where(terminal), options), options.json);
    });
  command(deliveries, "replay", "Make deliveries wait again, so that the App handles them anew.", [
    "deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958",
  ])
    .argument("<id...>", "delivery ids")
    .action(async (ids: readonly string[], options: { json?: boolean }) => {
      const { replayDeliveries } = await import("./deliveries.ts");
      give(await replayDeliveries(await where(terminal), ids, Date.now()), options.json);
    });

  command(program, "doctor", "Check settings and reachability: what is wrong and how to mend it.", [
    "doctor",
  ]).action(async (options: { json?: boolean }) => {
    const { doctor } = await import("./doctor.ts");
    give(await doctor(terminal), options.json);
  });
  return program;
}

/** Where the settings say the ledger is; nothing else of them is needed. */
async function where(terminal: Terminal): Promise<Where> {
  const { readStore } = await import("../settings.ts");
  const read = readStore(terminal.env);
  if (read.ok) return read.store;
  throw new Misuse(read.problems.join("\n"));
}

/** The App's id as given or as the environment has it. Throws Misuse when neither says. */
function appIdOf(given: number | undefined, { env }: Terminal): number {
  const text = env["APP_ID"] ?? "";
  if (given !== undefined) return given;
  if (/^[1-9]\d{0,14}$/u.test(text)) return Number(text);
  throw new Misuse("Which App? Give --app-id, the number on the App's page, or set APP_ID.");
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function instant(text: string): number {
  if (!DaySchema.safeParse(text).success) {
    throw new InvalidArgumentError(`"${text}" is no date: write 2026-07-01 or 2026-07-01T00:00:00Z.`);
  }
  return Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError(`"${text}" is no number above 0.`);
  return number;
}
