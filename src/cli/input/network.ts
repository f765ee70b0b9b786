/** The ways out of this process: the proxy and the certificates that the environment names, also where it came from a file. */

import { readFileSync } from "node:fs";
import http from "node:http";
import tls from "node:tls";
import { UsageError } from "../terminal/answer.ts";
import { systemErrorCode } from "../../settings/system-error.ts";

const PROXIES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"] as const;

/** This machine is never reached through a proxy. */
const LOOPBACK = "localhost,127.0.0.1,[::1],::1";

/**
 * Leads requests through the proxy of the environment, and trusts its certificates as well as the usual ones. Node does both
 * only with variables that are there when it starts. Throws UsageError where one of them cannot be used.
 */
export function useNetwork(env: NodeJS.ProcessEnv): void {
  // An older Node runs nothing but `verify`, which needs no network.
  if (!("setGlobalProxyFromEnv" in http)) return;
  const file = env["NODE_EXTRA_CA_CERTS"] ?? "";
  if (file !== "")
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...certificatesIn(file)]);
  const given = PROXIES.filter((name) => (env[name] ?? "") !== "");
  for (const name of given)
    if (!/^https?:$/u.test(URL.parse(env[name] ?? "")?.protocol ?? ""))
      throw new UsageError(`${name} is not a proxy: write http://HOST:PORT.`);
  if (given.length === 0) return;
  const direct = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  env["no_proxy"] = env["NO_PROXY"] = direct === "" ? LOOPBACK : `${direct},${LOOPBACK}`;
  http.setGlobalProxyFromEnv(env);
}

function certificatesIn(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    throw new UsageError(
      `NODE_EXTRA_CA_CERTS names a file that cannot be read (${file}: ${code}): check path and rights.`,
    );
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  if (found.length === 0)
    throw new UsageError(`NODE_EXTRA_CA_CERTS names a file without a certificate in PEM (${file}).`);
  return found;
}
