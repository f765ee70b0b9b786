/** One message to one receiver: written in its format, signed, posted. Addresses and secrets are never logged, stored or named in an error. */

import type { Instant } from "../domain/time/instant.ts";
import { pageAddress, type Addresses } from "../domain/links/addresses.ts";
import type { NotificationPayload } from "../domain/messages/notification.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import type { Post } from "./post.ts";
import { signedHeaders } from "./sign.ts";
import { HOUR } from "../domain/time/durations.ts";

/** Sends one message, dated `at`; `key`: of its action. Throws {@link ExternalError} (`receiver-...`) when the receiver did not take it. */
export type SendNotification = (payload: NotificationPayload, at: Instant, key: string) => Promise<void>;

/** Describes what sending needs: the environment's variables by name, GitHub's web address, and a way to post. */
export interface Sending {
  /** The value of an environment variable a policy may name, or null. */
  readonly variable: (name: string) => string | null;
  /** What links begin with. */
  readonly addresses: Addresses;
  readonly post: Post;
  /** Whether addresses may be `http:` and lie in private networks. */
  readonly privateAddresses: boolean;
}

/** Makes the sender. */
export function notificationSender(sending: Sending): SendNotification {
  return async (payload, at, key) => {
    const { urlSecret, signingSecret, format } = payload.receiver;
    const url = receiverAddress(sending, urlSecret);
    const link = pageAddress({ key, kind: "notification", payload }, sending.addresses);
    const body = JSON.stringify(format === "slack" ? slackMessage(payload, link) : message(payload, link));
    const secret = signingSecret === null ? null : needed(sending, signingSecret);
    const answer = await sending.post({
      url,
      headers: {
        "content-type": "application/json",
        "user-agent": "countersign",
        ...(secret === null
          ? { "webhook-id": payload.id }
          : signedHeaders(secret, { id: payload.id, timestamp: Math.floor(at / 1000), body })),
      },
      body,
    });
    const { status, retryAfterMs } = answer;
    if (status >= 200 && status < 300) return;
    const isTemporary = status >= 500 || status === 408 || status === 429;
    throw new ExternalError(
      isTemporary ? "receiver-unreachable" : "receiver-refused",
      `The receiver named by ${urlSecret} answered ${status}.`,
      retryAfterMs === null ? {} : { waitMs: Math.min(retryAfterMs, LONGEST_WAIT) },
    );
  };
}

/** A receiver may ask for quiet, but not for so long that news is forgotten (ms). */
const LONGEST_WAIT = HOUR;

function message(payload: NotificationPayload, link: string | null): unknown {
  return {
    id: payload.id,
    kind: payload.kind,
    at: new Date(payload.at).toISOString(),
    organization_id: payload.organizationId,
    repository: payload.repository,
    url: link,
    text: payload.text,
  };
}

/** Slack reads `&`, `<` and `>` as markup: with `<!channel>` in a title anyone could wake everyone. */
function slackMessage(payload: NotificationPayload, link: string | null): unknown {
  const text = payload.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return { text: link === null ? text : `${text}\n${link}` };
}

function receiverAddress(sending: Sending, name: string): string {
  const given = needed(sending, name);
  const protocol = URL.parse(given)?.protocol;
  if (protocol === "https:" || (protocol === "http:" && sending.privateAddresses)) return given;
  throw new ExternalError(
    "receiver-unset",
    `The environment variable ${name} does not hold an https:// address.`,
  );
}

function needed({ variable }: Sending, name: string): string {
  const value = variable(name);
  if (value !== null) return value;
  throw new ExternalError(
    "receiver-unset",
    `The environment variable ${name} is not set, though the policy names it.`,
  );
}
