/** Registers an App on GitHub from a manifest: exchanges the code that GitHub hands to the browser for the App's keys. */

import { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Fetch } from "../api/octokit.ts";
import { ask } from "../api/requests.ts";

const RegisteredAppShape = z.object({
  id: z.int(),
  slug: z.string(),
  name: z.string(),
  html_url: z.string(),
  pem: z.string(),
  webhook_secret: z.string(),
  client_id: z.string(),
  client_secret: z.string(),
});

/** Describes an App that GitHub has just registered, with its secrets. */
export type RegisteredApp = z.infer<typeof RegisteredAppShape>;

/** Exchanges a code, once and within an hour, for the App's id and secrets. Throws {@link ExternalError}; 404: the code is used or expired. */
export async function convertManifestCode(
  baseUrl: string,
  code: string,
  fetch?: Fetch,
): Promise<RegisteredApp> {
  const quietly = (): void => undefined;
  const octokit = new Octokit({
    baseUrl,
    // The address of a failed request contains the code.
    log: { debug: quietly, info: quietly, warn: quietly, error: quietly },
    ...(fetch === undefined ? {} : { request: { fetch } }),
  });
  return (await ask(octokit, "POST /app-manifests/{code}/conversions", { code }, RegisteredAppShape)).data;
}
