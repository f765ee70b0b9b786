/** Comments that people send from the pages: posted with their own token, and found again where it is not known whether they were. */

import { z } from "zod";

import type { Instant } from "../../domain/time/instant.ts";
import { CLOCKS_DIFFER, OutcomeShape } from "../actions/written.ts";
import { octokitOf, type Fetch } from "../api/octokit.ts";
import type { Pacing } from "../api/pacing.ts";
import { ask, pagesOf, unlessRefused } from "../api/requests.ts";

/** Describes a comment of a person. */
export interface PersonComment {
  readonly token: string;
  /** GitHub's id of whoever the token belongs to. */
  readonly personId: number;
  readonly owner: string;
  readonly name: string;
  readonly number: number;
  readonly text: string;
  /** Is in no other comment of theirs. */
  readonly marker: string;
}

/** Names how GitHub is reached. */
export interface PersonGitHub {
  readonly baseUrl: string;
  readonly pacing: Pacing;
  readonly fetch?: Fetch;
}

const CommentsShape = z.array(
  z.object({
    id: z.int(),
    html_url: z.string(),
    body: z.string().nullish(),
    user: z.object({ id: z.int() }).nullish(),
  }),
);

/** What GitHub answers to someone who may not comment there, or no longer. */
const NOT_LET = [401, 403, 404, 410, 422];

const PATH = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

/** Returns the address of a comment that was posted after `since`; null: GitHub shows none, or not to them. Throws ExternalError. */
export function postedComment(
  github: PersonGitHub,
  { token, personId, owner, name, number, marker }: PersonComment,
  since: Instant,
): Promise<string | null> {
  const from = new Date(since - CLOCKS_DIFFER).toISOString();
  const on = { owner, repo: name, issue_number: number, since: from };
  return unlessRefused(async () => {
    for await (const { data } of pagesOf(octokitOf(token, github), `GET ${PATH}`, on, CommentsShape)) {
      const own = data.find(
        ({ user, body }) => user?.id === personId && (body ?? "").includes(signOf(marker)),
      );
      if (own !== undefined) return own.html_url;
    }
    return null;
  }, NOT_LET);
}

/** Posts a comment; returns its address, or null where GitHub does not let them. Throws ExternalError. */
export function postComment(
  github: PersonGitHub,
  { token, owner, name, number, text, marker }: PersonComment,
): Promise<string | null> {
  const on = { owner, repo: name, issue_number: number, body: `${text}\n\n${signOf(marker)}\n` };
  return unlessRefused(
    async () => (await ask(octokitOf(token, github), `POST ${PATH}`, on, OutcomeShape)).data.url,
    NOT_LET,
  );
}

function signOf(marker: string): string {
  return `<!-- ${marker} -->`;
}
