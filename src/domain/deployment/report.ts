/** Reports of deployments by a pipeline outside GitHub: their content, and how they are signed. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import type { Instant } from "../time/instant.ts";
import { MINUTE } from "../time/durations.ts";

/** What no store holds and no page shows: half a character, or one that controls instead of being read. */
const UNPRINTABLE = /\p{Surrogate}|\p{Cc}/u;

const text = (most: number): z.ZodString =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .refine((given) => !UNPRINTABLE.test(given), "holds half a character or a control character");

const Text = text(200);

/** Describes what a pipeline posts. Unknown keys are refused, so that a slip is not lost in silence. */
export const ReportSchema = z.strictObject({
  id: Text.regex(/^[\w.:/-]+$/u, "is letters, digits and . _ : / -").describe(
    "the pipeline's own name for this deployment; the same one twice is one deployment",
  ),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/u, "is written owner/name")
    .describe("the repository on GitHub"),
  sha: z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u, "is a whole commit id, in small letters")
    .describe("the commit deployed"),
  environment: Text.describe("where to; it counts if the policy calls it production"),
  ref: Text.optional().describe("the branch or tag it was built from, for people to read"),
  artifact: text(500).optional().describe("what was deployed, such as an image's digest"),
});

/** Describes a report as read. */
export type Report = z.infer<typeof ReportSchema>;

/** Holds what is kept of a report until it is judged. */
export interface ReceivedReport {
  readonly repositoryId: number;
  readonly source: string;
  readonly report: Report;
  readonly receivedAt: Instant;
}

/** Names the headers of a report. The timestamp is seconds since 1970. */
export const REPORT_HEADERS = {
  source: "x-countersign-source",
  timestamp: "x-countersign-timestamp",
  signature: "x-countersign-signature-256",
} as const;

/** Limits how long after it was signed a report is taken, or before by a clock that is ahead (ms). */
export const REPORT_WINDOW = 5 * MINUTE;

/** Returns `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a dot and the body. */
export function reportSignature(secret: string, timestamp: string, body: string | Uint8Array): string {
  const bytes = typeof body === "string" ? utf8ToBytes(body) : body;
  const mac = hmac(sha256, utf8ToBytes(secret), concatBytes(utf8ToBytes(`${timestamp}.`), bytes));
  return `sha256=${bytesToHex(mac)}`;
}
