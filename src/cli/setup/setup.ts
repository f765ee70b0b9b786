/** `countersign setup`: registers the App, saves its settings, waits for the installation, runs doctor, and writes a first policy. */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fetch } from "../../github/api/octokit.ts";
import { apiBaseUrl, readServer, readSettings, webBaseUrl, type Settings } from "../../settings.ts";
import { doctor } from "../doctor/doctor.ts";
import { UsageError, type Answer, type Terminal } from "../terminal/answer.ts";
import { newAppUrl, planFrom, prefilledUrl, type GivenPlan } from "./app-plan.ts";
import {
  APP_SECRETS,
  checkWritable,
  CREDENTIALS,
  envLines,
  readEnvFile,
  refuseReplacing,
  takenOf,
  writeEnvFile,
  type EnvValues,
} from "./env-file.ts";
import { LONGEST_WAIT, ownApp, waitForInstallation, type OwnApp } from "./installation.ts";
import { installUrlOf, registerInBrowser } from "./registering.ts";
import {
  NO_ANSWERS,
  problemsOf,
  STARTER_QUESTIONS,
  starterFiles,
  starterPolicy,
  withAnswer,
  type StarterAnswers,
} from "./starter.ts";

/** Holds the options of `setup`. */
export interface SetupOptions {
  readonly org?: string;
  readonly url?: string;
  readonly name?: string;
  readonly host?: string;
  readonly port: number;
  readonly envFile: string;
  readonly force?: true;
  readonly print?: true;
  readonly link?: true;
  readonly appId?: number;
  readonly privateKey?: string;
  readonly wait: boolean;
  readonly out?: string;
  /** Answers of the starter's questions, by their keys. */
  readonly answers: Readonly<Partial<Record<keyof StarterAnswers, string>>>;
}

/** Describes how GitHub is reached and how often the installation is looked for. */
export interface SetupTools {
  readonly fetch?: Fetch;
  readonly everyMs?: number;
}

/** One run: the options, the terminal, and the environment that grows on the way. */
interface Run {
  readonly options: SetupOptions;
  readonly terminal: Terminal;
  readonly tools: SetupTools;
  /** The environment, with what the file holds. */
  readonly env: Terminal["env"];
}

/** Runs the steps that are still to do. Throws UsageError and ExternalError. */
export async function setup(
  terminal: Terminal,
  options: SetupOptions,
  tools: SetupTools = {},
): Promise<Answer> {
  const env: Terminal["env"] = {
    ...readEnvFile(options.envFile),
    ...terminal.env,
    ...(options.host === undefined ? {} : { GHE_HOST: options.host }),
  };
  const run: Run = { options, terminal, tools, env };
  if (options.appId !== undefined || options.privateKey !== undefined)
    return proceed(run, takenOver(run), false);
  if (takenOf(CREDENTIALS, env).length > 0 && options.force !== true) return proceed(run, {}, false);
  if (options.print !== true) checkWritable(options.envFile);
  const given = await givenPlan(run);
  if (options.link === true) return linked(run, given);
  if (options.print !== true)
    refuseReplacing(options.envFile, [...CREDENTIALS, ...APP_SECRETS], env, options.force === true);
  const values = await registered(run, given);
  return options.print === true ? printed(values) : proceed(run, values, true);
}

/** Asks at a terminal for what the options leave open. */
async function givenPlan({ options, terminal, env }: Run): Promise<GivenPlan> {
  const server = readServer(env);
  if (!server.ok) throw new UsageError(server.problems.join("\n"));
  const askFor = async (question: string): Promise<string | undefined> => terminal.ask?.(`${question}: `);
  const organization = options.org ?? (await askFor("Organisation on GitHub"));
  const publicUrl =
    options.url ??
    env["COUNTERSIGN_BASE_URL"] ??
    (await askFor("Address at which GitHub reaches Countersign (https://...)"));
  const given = { organization, publicUrl, name: options.name, webUrl: webBaseUrl(server) };
  const plan = planFrom(given);
  const file = readEnvFile(options.envFile);
  if (options.force !== true) {
    refuseOther(
      "COUNTERSIGN_BASE_URL",
      env["COUNTERSIGN_BASE_URL"]?.replace(/\/+$/u, ""),
      plan.publicUrl,
      "--url",
    );
    refuseOther("GHE_HOST", file["GHE_HOST"], options.host, "--host");
  }
  return given;
}

function refuseOther(
  name: string,
  there: string | undefined,
  wanted: string | undefined,
  option: string,
): void {
  if ((there ?? "").trim() === "" || wanted === undefined || there === wanted) return;
  throw new UsageError(`${name} is ${there}: give the same with ${option}, or replace it with --force.`);
}

async function registered(run: Run, given: GivenPlan): Promise<EnvValues> {
  const { options, terminal, tools, env } = run;
  const server = readServer(env);
  if (!server.ok) throw new UsageError(server.problems.join("\n"));
  const { name, values } = await registerInBrowser({
    given,
    apiUrl: apiBaseUrl(server),
    host: "127.0.0.1",
    port: options.port,
    baseUrl: null,
    env,
    save: (secrets) => {
      if (options.print !== true)
        writeEnvFile(options.envFile, { ...hostOf(options), ...secrets, ...databasePassword(env) });
    },
    onLink: (link) => {
      terminal.printError(
        "Open this link in a browser on this machine, and confirm on GitHub. It works once:",
      );
      terminal.printError(`  ${link}`);
      terminal.printError("Without a browser here: countersign setup --link");
    },
    fetch: tools.fetch,
  });
  terminal.printError(
    `${name} is registered.${options.print === true ? "" : ` Its settings are in ${options.envFile}.`}`,
  );
  return { ...hostOf(options), ...values };
}

/** compose.yaml needs one for its own database, which keeps the first it gets: so none that is there is replaced. */
function databasePassword(env: Terminal["env"]): EnvValues {
  const isSet = takenOf(["POSTGRES_PASSWORD"], env).length > 0;
  return isSet ? {} : { POSTGRES_PASSWORD: randomBytes(32).toString("hex") };
}

function hostOf({ host }: SetupOptions): EnvValues {
  return host === undefined ? {} : { GHE_HOST: host };
}

function printed(values: EnvValues): Answer {
  return { code: 0, lines: envLines(values), data: values };
}

/** Prints a link with what it can fill in, and what is to be entered by hand. */
function linked({ options, env }: Run, given: GivenPlan): Answer {
  const plan = planFrom(given);
  const known = env["WEBHOOK_SECRET"];
  const values = {
    ...hostOf(options),
    WEBHOOK_SECRET: known === undefined || options.force === true ? randomBytes(32).toString("hex") : known,
    COUNTERSIGN_BASE_URL: plan.publicUrl,
  };
  if (options.print !== true) writeEnvFile(options.envFile, { ...values, ...databasePassword(env) });
  const secret =
    options.print === true
      ? `enter this webhook secret: ${values.WEBHOOK_SECRET}`
      : `enter WEBHOOK_SECRET of ${options.envFile} as the webhook secret`;
  const next = "countersign setup --app-id ID --private-key FILE";
  return {
    code: 0,
    lines: [
      "Open this link. It fills in the name, the webhook address, the permissions and the events:",
      `  ${prefilledUrl(plan)}`,
      "By hand, because a link must not contain secrets and cannot press buttons:",
      `  1. On that page, ${secret}. Leave "SSL verification" enabled.`,
      `  2. Compare the permissions and events with app.yml. GitHub ignores what it does not know.`,
      '  3. Press "Create GitHub App". On the next page, note the App ID and press "Generate a private key".',
      `  4. Continue with the id and the file: ${next}`,
    ],
    data: { link: prefilledUrl(plan), page: newAppUrl(plan), next },
  };
}

/** Takes over the id and key of an App that was registered by hand. Throws UsageError. */
function takenOver({ options, env }: Run): EnvValues {
  const { appId, privateKey } = options;
  if (appId === undefined || privateKey === undefined)
    throw new UsageError(
      "Give both: --app-id, the number on the App's page, and --private-key, the file downloaded there.",
    );
  refuseReplacing(options.envFile, CREDENTIALS, env, options.force === true);
  let key: string;
  try {
    key = readFileSync(privateKey, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new UsageError(
      `${privateKey} cannot be read (${code}): give the .pem file that GitHub had the browser download.`,
    );
  }
  const values = { ...hostOf(options), APP_ID: String(appId), PRIVATE_KEY: key };
  const read = readSettings({ ...env, ...values, PRIVATE_KEY_PATH: undefined });
  if (!read.ok) throw new UsageError(["the settings are incomplete:", ...read.problems].join("\n  "));
  return values;
}

/** Goes on with an App that is registered. `values`: what is new since the environment was read. */
async function proceed(run: Run, values: EnvValues, isNew: boolean): Promise<Answer> {
  const { options, terminal, tools } = run;
  const env = { ...run.env, ...values };
  const read = readSettings(env);
  if (!read.ok)
    throw new UsageError(
      ["the settings are incomplete (setup --force registers a new App):", ...read.problems].join("\n  "),
    );
  const wait = {
    everyMs: tools.everyMs ?? 2_000,
    forMs: options.wait ? LONGEST_WAIT : 0,
    fetch: tools.fetch,
  };
  const app = await ownApp(read.settings, isNew, wait);
  if (!isNew && Object.keys(values).length > 0)
    writeEnvFile(options.envFile, { ...values, ...databasePassword(env) });
  const organization = await installed(run, app, wait);
  if (organization === null)
    return {
      code: 1,
      lines: [
        `The App is not installed${options.org === undefined ? "" : ` on ${options.org}`}: install it from ${installUrlOf(app.htmlUrl)}, then run countersign setup again.`,
      ],
      data: { app: app.slug, installUrl: installUrlOf(app.htmlUrl), organization: null },
    };
  const checked = await doctor({ ...terminal, env }, Date.now(), tools.fetch);
  const files = await starter(run, read.settings, organization);
  return {
    code: checked.code >= 2 ? checked.code : 0,
    lines: [
      `${app.name} is installed on ${organization}. countersign doctor finds:`,
      ...checked.lines.map((line) => `  ${line}`),
      ...files.lines,
    ],
    data: { app: app.slug, organization, doctor: checked.data, files: files.names },
  };
}

async function installed(
  { options, terminal }: Run,
  app: OwnApp,
  wait: { readonly everyMs: number; readonly forMs: number },
): Promise<string | null> {
  const once = await waitForInstallation(app, options.org, { ...wait, forMs: 0 });
  if (once !== null || wait.forMs === 0) return once;
  terminal.printError(`Install ${app.name} on all repositories of ${options.org ?? "the organisation"}:`);
  terminal.printError(`  ${installUrlOf(app.htmlUrl)}`);
  terminal.printError("Waiting for the installation. Ctrl+C is safe: run countersign setup again to go on.");
  return waitForInstallation(app, options.org, wait);
}

/** Writes the first policy, where options or a person at the terminal ask for it. */
async function starter(
  { options, terminal }: Run,
  { appId }: Pick<Settings, "appId">,
  organization: string,
): Promise<{ readonly lines: readonly string[]; readonly names: readonly string[] }> {
  const isWanted = options.out !== undefined || Object.keys(options.answers).length > 0;
  if (!isWanted && terminal.ask === undefined)
    return {
      lines: [
        "Next: start the App (countersign serve; in a clone: npm start, or docker compose up --detach). A first policy: countersign setup --out FOLDER --approvers acme/core",
      ],
      names: [],
    };
  const answers = await answered(terminal, options.answers);
  const problems = problemsOf(answers);
  if (problems.length > 0)
    throw new UsageError(
      ["the policy would have problems, and nothing was written:", ...problems].join("\n  "),
    );
  terminal.printError("The policy has no problems:");
  for (const line of starterPolicy(answers).trimEnd().split("\n")) terminal.printError(`  ${line}`);
  const out = options.out ?? "countersign-policy";
  const files = starterFiles(answers, { appId, organization });
  writeAll(out, files, options.force === true);
  const at = (name: string): string => join(out, name);
  return {
    names: [...files.keys()].map(at),
    lines: [
      "Next:",
      "  1. Start the App: countersign serve (in a clone: npm start, or docker compose up --detach)",
      `  2. Open a pull request in ${organization}/.github that adds ${at("countersign.yml")} as .github/countersign.yml. Its text: ${at("pull-request.md")}`,
      `  3. Require the check: gh api orgs/${organization}/rulesets --input ${at("ruleset.json")} (Terraform: ${at("ruleset.tf")})`,
    ],
  };
}

/** Asks the questions that no option answers, each again until the policy's own checks accept the answer. */
async function answered(terminal: Terminal, given: SetupOptions["answers"]): Promise<StarterAnswers> {
  let answers = NO_ANSWERS;
  for (const { key, question, fallback } of STARTER_QUESTIONS) {
    const text = given[key];
    if (text !== undefined || terminal.ask === undefined) {
      answers = withAnswer(answers, key, text ?? fallback);
      continue;
    }
    for (;;) {
      const typed = await terminal.ask(`${question}${fallback === "" ? "" : ` [${fallback}]`}: `);
      const candidate = withAnswer(answers, key, typed.trim() === "" ? fallback : typed);
      const problems = problemsOf(candidate);
      if (problems.length === 0) {
        answers = candidate;
        break;
      }
      for (const problem of problems) terminal.printError(`  ${problem}`);
    }
  }
  return answers;
}

function writeAll(out: string, files: ReadonlyMap<string, string>, force: boolean): void {
  try {
    mkdirSync(out, { recursive: true });
    for (const [name, text] of files) writeFileSync(join(out, name), text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { code = "unknown", path = out } = error as NodeJS.ErrnoException;
    const cure =
      code === "EEXIST"
        ? "name another folder with --out, or replace it with --force"
        : "name a folder that you may write with --out";
    throw new UsageError(`${path} cannot be written (${code}): ${cure}.`);
  }
}
