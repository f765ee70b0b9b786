/** What the App wrote on GitHub: found again, and written so that GitHub takes it whole. */

import { z } from "zod";
import type { Instant } from "../../domain/time/instant.ts";
import type { Action } from "../../domain/records/entry.ts";
import type { LogHeadRecord } from "../../domain/records/monitoring.ts";
import { pagesOf, type GitHub } from "../api/requests.ts";
import { InstantShape } from "../queries/shapes.ts";
import { HOUR } from "../../domain/time/durations.ts";

/** What GitHub takes of a check run's summary or text, or of an issue: so many bytes of UTF-8, to be on the safe side of "characters". */
const MOST_TEXT = 65_535;

/** Allows GitHub's clock to be an hour off (ms), when earlier work is looked for by the time GitHub shows. */
export const CLOCKS_DIFFER = HOUR;

/** Describes the object an action made or changed; `id` 0: there was nothing to make. `number`: of an issue. */
export interface ActionOutcome {
  readonly id: number;
  readonly url: string;
  readonly number?: number;
  /** The notes a check run has: GitHub adds to those there are, so they are sent once. */
  readonly notes?: string;
  /** Of a head of the log: the comment as GitHub shows it, or why it was not posted. */
  readonly head?: PostedHead;
}

/** Describes what became of a head of the log: the comment that shows it, or why there is none. */
export type PostedHead =
  | { readonly posted: NonNullable<LogHeadRecord["posted"]>; readonly refused: null }
  | { readonly posted: null; readonly refused: string };

/** Describes an action with what is known of its earlier attempts. */
export interface Doable extends Pick<Action, "kind" | "key" | "payload"> {
  readonly storedAt: Instant;
  /** The outcome of the newest action done under the same key, if any. */
  readonly previous: unknown;
  /** Nothing was ever tried under its key: what it makes need not be looked for. Absent: it may have been. */
  readonly isUntried?: boolean;
}

/** Parses GitHub's answer about what was made or changed, as an outcome. */
export const OutcomeShape = z
  .object({ id: z.int(), html_url: z.string().nullish(), url: z.string().optional() })
  .transform(({ id, html_url, url }): ActionOutcome => ({ id, url: html_url ?? url ?? "" }));

const WrittenShape = z.array(
  z.object({
    id: z.int(),
    number: z.int().optional(),
    html_url: z.string(),
    body: z.string().nullish(),
    created_at: InstantShape,
    user: z.object({ type: z.string().optional() }).nullish(),
    performed_via_github_app: z.object({ id: z.int() }).nullish(),
  }),
);

/**
 * Returns the issue or comment that carries a marker, made since `storedAt`; no request where nothing can have been made.
 * Anyone may copy a marker, so only what the App itself wrote counts.
 */
export async function findWritten(
  github: GitHub,
  route: string,
  { storedAt, isUntried = false }: Pick<Doable, "storedAt" | "isUntried">,
  marker: string,
  appId: number,
  parameters: Readonly<Record<string, unknown>>,
): Promise<ActionOutcome | null> {
  if (isUntried) return null;
  const from = storedAt - CLOCKS_DIFFER;
  for await (const { data } of pagesOf(github, route, parameters, WrittenShape)) {
    const own = data.find(
      (written) =>
        written.performed_via_github_app?.id === appId &&
        written.user?.type === "Bot" &&
        (written.body ?? "").includes(`<!-- ${marker} -->`),
    );
    if (own !== undefined)
      return { id: own.id, url: own.html_url, ...(own.number === undefined ? {} : { number: own.number }) };
    // Issues come newest first: what is older than the action cannot be its own.
    if (parameters["direction"] === "desc" && data.some(({ created_at: at }) => at < from)) return null;
  }
  return null;
}

/** Returns a text that GitHub takes whole, with a note where something was left out. */
export function fitToLimit(text: string): string {
  if (Buffer.byteLength(text) <= MOST_TEXT) return text;
  const note = "\n\nThe rest is left out here: GitHub shows no more than 65,535 characters.";
  const bytes = Buffer.from(text).subarray(0, MOST_TEXT - Buffer.byteLength(note));
  // A character cut in two at the end is dropped.
  return new TextDecoder().decode(bytes, { stream: true }) + note;
}
