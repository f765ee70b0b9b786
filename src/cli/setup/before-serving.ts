/** `serve --setup`: the pages that register the App, at the App's own address, until there are settings to serve with. */

import { apiBaseUrl, EnvironmentSchema, readServer, readSettings, webBaseUrl } from "../../settings.ts";
import { UsageError, type Terminal } from "../terminal/answer.ts";
import { envFileIn } from "../input/env-file.ts";
import {
  APP_SECRETS,
  checkWritable,
  CREDENTIALS,
  refuseReplacing,
  takenOf,
  writeEnvFile,
} from "./env-file.ts";
import { ownApp } from "./installation.ts";
import { registerInBrowser } from "./registering.ts";

const PlaceSchema = EnvironmentSchema.pick({ HOST: true, PORT: true });

/** Returns the environment with the settings of the App, which is registered first where there is none. Throws UsageError and ExternalError. */
export async function environmentAfterSetup(terminal: Terminal): Promise<Terminal["env"]> {
  const { env } = terminal;
  const envFile = envFileIn(env);
  if (takenOf(CREDENTIALS, env).length > 0) return env;
  const server = readServer(env);
  const place = PlaceSchema.safeParse(env);
  if (!server.ok) throw new UsageError(server.problems.join("\n"));
  if (!place.success)
    throw new UsageError(
      place.error.issues.map(({ path, message }) => `${path.join(".")} ${message}.`).join("\n"),
    );
  refuseReplacing(envFile, APP_SECRETS, env, false);
  checkWritable(envFile);
  const baseUrl = env["COUNTERSIGN_BASE_URL"]?.trim() || undefined;
  const { name, values } = await registerInBrowser({
    given: { organization: undefined, publicUrl: baseUrl, webUrl: webBaseUrl(server) },
    apiUrl: apiBaseUrl(server),
    host: place.data.HOST,
    port: place.data.PORT,
    baseUrl: baseUrl ?? null,
    env,
    save: (written) => writeEnvFile(envFile, written),
    onLink: (link) =>
      terminal.printError(
        `The App is not registered. Open this link, or its path at this server's address. It works once: ${link}`,
      ),
  });
  terminal.printError(`${name} is registered. Its settings are in ${envFile}. Starting.`);
  const complete = { ...env, ...values };
  const read = readSettings(complete);
  // A start that GitHub does not know the App at yet would end with that.
  if (read.ok) await ownApp(read.settings, true, { everyMs: 2_000, forMs: 0 });
  return complete;
}
