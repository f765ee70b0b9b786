/** `serve --setup`: the pages that register the App, at the App's own address, until there are settings to serve with. */

import { ExternalError } from "../../domain/values/external-error.ts";
import { apiBaseUrl, readSettings, webBaseUrl } from "../../settings.ts";
import { UsageError, type Terminal } from "../terminal/answer.ts";
import { withSignals } from "../terminal/signals.ts";
import { envFileIn } from "../input/env-file.ts";
import { planFrom } from "./app-plan.ts";
import {
  APP_SECRETS,
  checkWritable,
  CREDENTIALS,
  refuseReplacing,
  takenOf,
  writeEnvFile,
  type EnvValues,
} from "./env-file.ts";
import { ownApp } from "./installation.ts";
import type { KeptIn } from "./pages.ts";
import { registerInBrowser, settingsToBe } from "./registering.ts";

/** Stands for what the page asks for, until it is answered. */
const UNKNOWN = { organization: "unknown", publicUrl: "https://countersign.invalid" };

/** Returns the environment with the settings of the App, which is registered first where there is none. Throws UsageError and ExternalError. */
export async function environmentAfterSetup(terminal: Terminal): Promise<Terminal["env"]> {
  const { env } = terminal;
  if (takenOf(CREDENTIALS, env).length > 0) return env;
  const envFile = envFileIn(env);
  const publicUrl = env["COUNTERSIGN_BASE_URL"]?.trim() || undefined;
  refuseReplacing(envFile, APP_SECRETS, env, false);
  const settings = settingsToBe(
    env,
    planFrom({ ...UNKNOWN, ...(publicUrl === undefined ? {} : { publicUrl }), webUrl: "" }),
  );
  checkWritable(envFile);
  const ending = new AbortController();
  const registration = await withSignals(
    () => ending.abort(),
    () =>
      registerInBrowser({
        given: { organization: undefined, publicUrl, webUrl: webBaseUrl(settings) },
        apiUrl: apiBaseUrl(settings),
        host: settings.host,
        port: settings.port,
        baseUrl: publicUrl ?? null,
        env,
        ended: ending.signal,
        save: (values) => saved(terminal, envFile, values),
        onLink: (link) =>
          terminal.printError(
            `The App is not registered. Open this link, or its path at this server's address. It works once: ${link}`,
          ),
      }),
  );
  // Stopped as `serve` is: there is nothing to finish.
  if (registration === null) process.exit(0);
  const { name, values } = registration;
  terminal.printError(`${name} is registered. Its settings are in ${envFile}. Starting.`);
  const complete = { ...env, ...values };
  const read = readSettings(complete);
  // A start that GitHub does not know the App at yet would end with that.
  if (read.ok)
    await withSignals(
      () => process.exit(0),
      () => ownApp(read.settings, true, { everyMs: 2_000, forMs: 0 }),
    );
  return complete;
}

/** A log is no place for secrets: they are kept in memory until they can be saved. */
function saved(terminal: Terminal, envFile: string, values: EnvValues): KeptIn {
  try {
    writeEnvFile(envFile, values);
    return "file";
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const text = `The App is registered, but its settings are only in the memory of this process: ${error.message}`;
    terminal.printError(text);
    throw new ExternalError("not-writable", text, { retry: true });
  }
}
