/** Posts a message to the address the operator configured, and to no address of an inner network unless the operator allows it. */

import { lookup as lookUp } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { BlockList, isIP } from "node:net";
import { ExternalError } from "../domain/values/external-error.ts";

/** Describes one request as it is sent. */
export interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came back; the answer's body is not read. */
interface Answered {
  readonly status: number;
  readonly retryAfterMs: number | null;
}

/** Sends one request. Throws {@link ExternalError} when nobody answers. */
export type Post = (posted: Posted) => Promise<Answered>;

/** A receiver that takes longer is taken to be down (ms). */
const PATIENCE = 10_000;

const INNER = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  INNER.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
] as const)
  INNER.addSubnet(network, bits, "ipv6");

/** Returns whether an IP address belongs to the machine itself, an inner network, or nobody. IPv4 written as IPv6 is read as IPv4. */
export function isInner(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(address)?.[1];
  const plain = mapped ?? address;
  const family = isIP(plain);
  if (family === 0) return true;
  return INNER.check(plain, family === 6 ? "ipv6" : "ipv4");
}

/** Posts over the network. Redirects are not followed: whoever answers must not choose where we go. */
export function networkPost({ privateAddresses }: { readonly privateAddresses: boolean }): Post {
  return ({ url, headers, body }) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      const host = target.hostname.replace(/^\[|\]$/gu, "");
      // A name is checked when it is resolved, by the very lookup the connection uses; a literal address never is.
      if (!privateAddresses && isIP(host) !== 0 && isInner(host)) {
        reject(innerRefused());
        return;
      }
      const send = target.protocol === "https:" ? httpsRequest : httpRequest;
      const sent = send(
        target,
        {
          method: "POST",
          headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
          // No connection is kept: each is looked up, and held against the private networks, anew.
          agent: false,
          signal: AbortSignal.timeout(PATIENCE),
          ...(privateAddresses ? {} : { lookup: outerLookup }),
        },
        (response) => {
          response.resume();
          response.once("error", () => undefined);
          const after = Number(response.headers["retry-after"]);
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: Number.isFinite(after) && after > 0 ? after * 1000 : null,
          });
        },
      );
      sent.once("error", (error) => {
        reject(
          error instanceof ExternalError
            ? error
            : new ExternalError("receiver-unreachable", `The receiver does not answer (${codeOf(error)}).`),
        );
      });
      sent.end(body);
    });
}

const outerLookup: LookupFunction = (hostname, options, done) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      done(error, "", 0);
      return;
    }
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isInner(address))) {
      done(innerRefused(), "", 0);
      return;
    }
    if (options.all === true) done(null, addresses);
    else done(null, first.address, first.family);
  });
};

function innerRefused(): ExternalError {
  return new ExternalError(
    "receiver-refused",
    "The receiver's address is in a private network. Set COUNTERSIGN_PRIVATE_RECEIVERS to allow if that is meant.",
  );
}

/** Never the message: it may hold the address, and with it the secret in it. */
function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
