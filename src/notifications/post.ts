/** Posts a message to the address the operator configured, and to no address of an inner network unless the operator allows it. */

import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
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

/** Resolves a name to all its addresses, as `dns.lookup` does. */
export type HostLookup = (
  name: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Describes the way to receivers. `proxyFor`: the proxy an address is reached through, empty for none. */
interface Way {
  readonly privateAddresses: boolean;
  readonly proxyFor?: (url: string) => string;
  /** Resolves names; default: as the system does. */
  readonly lookUp?: HostLookup;
}

/** Posts over the network. Redirects are not followed: whoever answers must not choose where we go. */
export function networkPost(way: Way): Post {
  const { privateAddresses, proxyFor = () => "" } = way;
  const outer = outerLookup(way.lookUp ?? lookup);
  return async (posted) => {
    const target = new URL(posted.url);
    const host = target.hostname.replace(/^\[|\]$/gu, "");
    // A name is checked when it is resolved, by the very lookup the connection uses; a literal address never is.
    if (!privateAddresses && isIP(host) !== 0 && isInner(host)) throw innerRefused();
    const proxy = proxyFor(posted.url);
    if (proxy === "") return send(posted, privateAddresses ? {} : { lookup: outer });
    // A proxy resolves the name again: the certificate must be valid for it, whatever address it finds.
    if (!privateAddresses && isIP(host) === 0) await resolved(outer, host);
    return send(posted, { agent: proxied(target, proxy) });
  };
}

/** Returns an agent that leads everything through a proxy. */
function proxied({ protocol }: URL, proxy: string): HttpAgent {
  const proxyEnv = { HTTPS_PROXY: proxy, HTTP_PROXY: proxy };
  return protocol === "https:" ? new HttpsAgent({ proxyEnv }) : new HttpAgent({ proxyEnv });
}

/** Looks a name up that a proxy is to reach; rejects where it is inner, or unknown here, so that nobody can say. */
function resolved(outer: LookupFunction, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    outer(host, {}, (error) => {
      if (error === null) resolve();
      else reject(error instanceof ExternalError ? error : unresolved(error));
    });
  });
}

function send({ url, headers, body }: Posted, connection: RequestOptions): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const request = target.protocol === "https:" ? httpsRequest : httpRequest;
    const sent = request(
      target,
      {
        method: "POST",
        headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
        // No connection is kept: each is looked up, and held against the private networks, anew.
        agent: false,
        signal: AbortSignal.timeout(PATIENCE),
        ...connection,
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

/** Returns a lookup that finds no name with an inner address. */
function outerLookup(resolve: HostLookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
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
}

function innerRefused(): ExternalError {
  return new ExternalError(
    "receiver-refused",
    "The receiver's address is in a private network. Set COUNTERSIGN_PRIVATE_RECEIVERS to allow if that is meant.",
  );
}

function unresolved(error: Error): ExternalError {
  return new ExternalError(
    "receiver-unreachable",
    `The receiver's name cannot be resolved here (${codeOf(error)}), to check that it is outside private networks. Set COUNTERSIGN_PRIVATE_RECEIVERS to allow if the proxy checks that.`,
  );
}

/** Never the message: it may hold the address, and with it the secret in it. */
function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
