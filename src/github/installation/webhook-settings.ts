/** How GitHub is set to send us webhooks. */

import { z } from "zod";
import { ask, type GitHub } from "../api/requests.ts";

/** Describes the App's webhook as GitHub has it; the secret is never shown. */
export interface WebhookConfig {
  readonly url: string;
  readonly verifiesTls: boolean;
}

const ConfigShape = z
  .object({
    url: z.string().optional(),
    insecure_ssl: z.union([z.string(), z.number()]).optional(),
  })
  .transform(({ url, insecure_ssl: insecure }): WebhookConfig => {
    return { url: url ?? "", verifiesTls: String(insecure ?? "0") === "0" };
  });

/** Reads the App's webhook; requested as the App itself. Throws {@link ExternalError}. */
export async function readWebhookConfig(app: GitHub): Promise<WebhookConfig> {
  return (await ask(app, "GET /app/hook/config", {}, ConfigShape)).data;
}
