/** How GitHub is set to send us webhooks. */

import { z } from "zod";
import { ask, type GitHub } from "../api/requests.ts";

/** Describes the App's webhook as GitHub has it; the secret is never shown. */
export interface WebhookConfig {
  readonly url: string;
  readonly verifiesTls: boolean;
  /** Sends forms, which the App does not read, instead of JSON. */
  readonly isForm: boolean;
  /** False where GitHub shows no trace of a secret: webhooks are then not signed. */
  readonly hasSecret: boolean;
}

const ConfigShape = z
  .object({
    url: z.string().optional(),
    insecure_ssl: z.union([z.string(), z.number()]).optional(),
    content_type: z.string().optional(),
    secret: z.string().nullish(),
  })
  .transform(({ url, insecure_ssl: insecure, content_type: type, secret }): WebhookConfig => {
    return {
      url: url ?? "",
      verifiesTls: String(insecure ?? "0") === "0",
      isForm: type === "form",
      hasSecret: (secret ?? "") !== "",
    };
  });

/** Reads the App's webhook; requested as the App itself. Throws {@link ExternalError}. */
export async function readWebhookConfig(app: GitHub): Promise<WebhookConfig> {
  return (await ask(app, "GET /app/hook/config", {}, ConfigShape)).data;
}
