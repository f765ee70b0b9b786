/** Who gets a story's notifications: an address for every variable its policies name, and whatever was sent there. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { z } from "zod";
import type { Scenario } from "../format/format.ts";

/** Describes one message that was taken. */
export interface Message {
  /** The variable that names the address. */
  readonly to: string;
  /** The kind of news; Slack's format does not carry it. */
  readonly on: string | null;
  readonly text: string;
  readonly id: string;
  /** True when the signature is right. */
  readonly signed: boolean;
}

/** Describes a request as it came. `headers`: lower-case names. */
export interface Incoming {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const SECRET = `whsec_${Buffer.from("a secret for receivers of stories").toString("base64")}`;

const BodySchema = z.object({ text: z.string(), kind: z.string().optional(), id: z.string().optional() });

/** Receives messages, or refuses all of them while it fails on purpose. */
export class MessageReceiver {
  readonly #messages: Message[] = [];
  readonly #named: Named;
  #status = 200;

  constructor(scenario: Scenario) {
    this.#named = namedIn(scenario);
  }

  /** The environment variables the story's policies name, with addresses below `base`. */
  variables(base: string): Readonly<Record<string, string>> {
    return Object.fromEntries([
      ...this.#named.addresses.map((name) => [name, `${base}/${name}`]),
      ...this.#named.secrets.map((name) => [name, SECRET]),
    ]);
  }

  /** The messages received so far, in order. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Answers this status from now on; 200: takes everything. */
  answer(status: number): void {
    this.#status = status;
  }

  /** Takes or refuses one request; answers the status. */
  take({ path, headers, body }: Incoming): number {
    if (this.#status !== 200) return this.#status;
    const read = BodySchema.safeParse(JSON.parse(body));
    if (!read.success) return 400;
    this.#messages.push({
      to: path.replace(/^\//u, ""),
      on: read.data.kind ?? null,
      text: read.data.text,
      id: headers["webhook-id"] ?? "",
      signed: isSigned(headers, body),
    });
    return 200;
  }
}

/** Starts a receiver behind a port of 127.0.0.1. */
export async function serveReceiver(
  receiver: MessageReceiver,
): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("end", () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const body = Buffer.concat(parts).toString("utf8");
      response.writeHead(receiver.take({ path: request.url ?? "/", headers, body })).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver got no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Checks the signature as a receiver would, from the specification and not with the App's own code. */
function isSigned(headers: Incoming["headers"], body: string): boolean {
  const given = /^v1,(.+)$/u.exec(headers["webhook-signature"] ?? "")?.[1];
  if (given === undefined) return false;
  const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const right = createHmac("sha256", key).update(signed).digest();
  const bytes = Buffer.from(given, "base64");
  return bytes.length === right.length && timingSafeEqual(bytes, right);
}

interface Named {
  readonly addresses: readonly string[];
  readonly secrets: readonly string[];
}

/** Every variable named anywhere in the story, also in a policy written as text. */
function namedIn(scenario: Scenario): Named {
  const text = JSON.stringify([scenario.policy, scenario.repositories, scenario.story]);
  const found = (key: string): readonly string[] => [
    ...new Set(
      [...text.matchAll(new RegExp(`${key}\\W+([A-Z][A-Z0-9_]*)`, "gu"))].map(([, name]) => name ?? ""),
    ),
  ];
  return { addresses: found("url-secret"), secrets: found("signing-secret") };
}
