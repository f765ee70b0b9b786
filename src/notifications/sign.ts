/** The signature of outgoing webhooks, in the form of the Standard Webhooks specification, so that receivers can check it with its libraries. */

import { createHmac } from "node:crypto";

const PREFIX = "whsec_";

/** Returns the headers that name, date and sign a message. `timestamp`: whole seconds since 1970. */
export function signedHeaders(
  secret: string,
  message: { readonly id: string; readonly timestamp: number; readonly body: string },
): Readonly<Record<string, string>> {
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestamp),
    "webhook-signature": `v1,${signature(secret, message)}`,
  };
}

/** Returns the HMAC-SHA256 over `id.timestamp.body`, base64. The key is what follows `whsec_`, base64, or the secret's own bytes where it has no such prefix. */
export function signature(
  secret: string,
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
): string {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), "base64")
    : Buffer.from(secret, "utf8");
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}
