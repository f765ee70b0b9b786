/** `countersign report-deployment`: reports to the App what a pipeline outside GitHub deployed. */

import { randomUUID } from "node:crypto";
import {
  REPORT_HEADERS,
  ReportSchema,
  reportSignature,
  type Report,
} from "../../domain/deployment/report.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";

/** Describes the report, and the App's address. */
export interface ReportOptions {
  readonly url: string;
  readonly source: string;
  readonly repository: string;
  readonly sha: string;
  readonly environment: string;
  readonly id?: string;
  readonly ref?: string;
  readonly artifact?: string;
}

/** Signs and sends one report. Exit code 0 when it was stored, 1 when the App refused it, 3 when it does not answer. */
export async function reportDeployment(
  terminal: Terminal,
  options: ReportOptions,
  now: number,
): Promise<Answer> {
  const secret = terminal.env["COUNTERSIGN_REPORT_SECRET"];
  if (secret === undefined || secret === "")
    throw new UsageError(
      "COUNTERSIGN_REPORT_SECRET is missing. Set it to the source's secret in COUNTERSIGN_DEPLOYMENT_SOURCES.",
    );
  const { url, source, id, ref, artifact, repository, sha, environment } = options;
  const given: Report = {
    id: id ?? randomUUID(),
    repository,
    sha,
    environment,
    ...(ref === undefined ? {} : { ref }),
    ...(artifact === undefined ? {} : { artifact }),
  };
  const read = ReportSchema.safeParse(given);
  if (!read.success)
    throw new UsageError(
      read.error.issues.map((issue) => `--${issue.path.join(".")} ${issue.message}`).join("; ") + ".",
    );
  const request = reportRequest(
    new URL("/api/deployments", addressOf(url)).href,
    { source, secret, now },
    read.data,
  );
  const response = await fetch(request).catch(() => null);
  if (response === null) {
    const error = `${new URL(request.url).origin} cannot be reached.`;
    return { code: 3, lines: [error], data: { id: given.id, error } };
  }
  const answer = (await response.json().catch(() => ({}))) as {
    readonly error?: string;
    readonly stored?: boolean;
  };
  if (response.ok)
    return {
      code: 0,
      lines: [
        answer.stored === false
          ? `Already reported: ${given.id}.`
          : `Reported as ${given.id}. The App assesses it shortly.`,
      ],
      data: { id: given.id, stored: answer.stored ?? true },
    };
  const error = answer.error ?? `The App answered ${response.status}.`;
  return {
    code: response.status >= 500 ? 3 : 1,
    lines: [error],
    data: { id: given.id, error, status: response.status },
  };
}

/** Returns the request of a report, signed by its source. */
export function reportRequest(
  url: string,
  by: { readonly source: string; readonly secret: string; readonly now: number },
  report: Report,
): Request {
  const body = JSON.stringify(report);
  const timestamp = String(Math.floor(by.now / 1000));
  return new Request(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      [REPORT_HEADERS.source]: by.source,
      [REPORT_HEADERS.timestamp]: timestamp,
      [REPORT_HEADERS.signature]: reportSignature(by.secret, timestamp, body),
    },
    body,
  });
}

function addressOf(url: string): URL {
  const address = URL.parse(url);
  if (address === null || !/^https?:$/u.test(address.protocol))
    throw new UsageError(
      `--url must be the App's address, such as https://countersign.example.com, not "${url}".`,
    );
  return address;
}
