/** `countersign setup`: registers the App, saves its settings, waits for the installation, runs doctor, and writes a first policy. */

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Fetch } from "../../github/api/octokit.ts";
import { apiBaseUrl, readServer, readSettings, webBaseUrl } from "../../settings.ts";
import { doctor } from "../doctor/doctor.ts";
import { UsageError, type Answer, type ExitCode, type Terminal } from "../terminal/answer.ts";
import { withSignals } from "../terminal/signals.ts";
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
import { checkPolicyOptions, firstPolicy, type PolicyOptions } from "./first-policy.ts";
import { installUrlOf, registerInBrowser, settingsToBe } from "./registering.ts";

/** Holds the options of `setup`. */
export interface SetupOptions extends PolicyOptions {
  readonly org?: string;
  readonly url?: string;
  readonly name?: string;
  readonly host?: string;
  readonly port: number;
  readonly envFile: string;
  readonly print?: true;
  readonly link?: true;
  readonly appId?: number;
  readonly privateKey?: string;
  readonly wait: boolean;
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
  checkPolicyOptions(options);
  if (options.appId !== undefined || options.privateKey !== undefined)
    return proceed(run, takenOver(run), false);
  if (takenOf(CREDENTIALS, env).length > 0 && options.force !== true) return proceed(run, {}, false);
  if (options.print !== true) checkWritable(options.envFile);
  if (options.print !== true && options.link !== true)
    refuseReplacing(options.envFile, [...CREDENTIALS, ...APP_SECRETS], env, options.force === true);
  const given = await givenPlan(run);
  if (options.link === true) return linked(run, given);
  const { values, isSaved } = await registered(run, given);
  if (options.print === true) return printed(values, 0);
  if (!isSaved) return printed(values, 2);
  return proceed({ ...run, options: { ...options, org: planFrom(given).organization } }, values, true);
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

async function registered(
  run: Run,
  given: GivenPlan,
): Promise<{ readonly values: EnvValues; readonly isSaved: boolean }> {
  const { options, terminal, tools, env } = run;
  const settings = settingsToBe({ ...env, ...hostOf(options) }, planFrom(given));
  let isSaved = false;
  const ending = new AbortController();
  const registration = await withSignals(
    (code) => ending.abort(code),
    () =>
      registerInBrowser({
        given,
        apiUrl: apiBaseUrl(settings),
        host: "127.0.0.1",
        port: options.port,
        cure: "choose a free port with --port, or end the program that uses it",
        baseUrl: null,
        env,
        ended: ending.signal,
        save: (secrets) => {
          isSaved =
            options.print !== true &&
            hasSaved(run, { ...hostOf(options), ...secrets, ...databasePassword(env) });
          return isSaved ? "file" : "terminal";
        },
        onLink: (link) => {
          terminal.printError(
            "Open this link in a browser on this machine, and confirm on GitHub. It works once:",
          );
          terminal.printError(`  ${link}`);
          terminal.printError("Without a browser here: countersign setup --link");
        },
        fetch: tools.fetch,
      }),
  );
  if (registration === null) process.exit(Number(ending.signal.reason));
  const { name, values } = registration;
  terminal.printError(`${name} is registered.${isSaved ? ` Its settings are in ${options.envFile}.` : ""}`);
  return { values: { ...hostOf(options), ...values }, isSaved };
}

/** GitHub shows a key only once: what cannot be saved is printed. */
function hasSaved({ options, terminal }: Run, values: EnvValues): boolean {
  try {
    writeEnvFile(options.envFile, values);
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.printError(`error: ${error.message}`);
    terminal.printError("The App is registered. Keep the settings printed here: they are nowhere else.");
    return false;
  }
}

/** compose.yaml needs one for its own database, which keeps the first it gets: so none that is there is replaced. */
function databasePassword(env: Terminal["env"]): EnvValues {
  const isSet = takenOf(["POSTGRES_PASSWORD"], env).length > 0;
  return isSet ? {} : { POSTGRES_PASSWORD: randomBytes(32).toString("hex") };
}

function hostOf({ host }: SetupOptions): EnvValues {
  return host === undefined ? {} : { GHE_HOST: host };
}

function printed(values: EnvValues, code: ExitCode): Answer {
  return { code, lines: envLines(values), data: values };
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
      [
        `correct these settings in ${options.envFile} or the environment, and run countersign setup again:`,
        ...read.problems,
      ].join("\n  "),
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
  const files = await firstPolicy(options, terminal, { appId: read.settings.appId, organization });
  // Last, so that nothing that fails or is interrupted takes its lines along.
  const checked = await doctor({ ...terminal, env }, Date.now, tools.fetch);
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
  return withSignals(
    (code) => process.exit(code),
    () => waitForInstallation(app, options.org, wait),
  );
}
