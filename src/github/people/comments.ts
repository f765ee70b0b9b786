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
  /** When it was first to be posted; `isUntried`: nothing was tried yet. */
  readonly since: Instant;
  readonly isUntried: boolean;
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

/** Posts a comment, unless it is there; returns its address, or null where GitHub does not let them. Throws ExternalError. */
export function postOnce(github: PersonGitHub, comment: PersonComment): Promise<string | null> {
  const { token, personId, owner, name, number, text, marker, since, isUntried } = comment;
  const client = octokitOf(token, github);
  const on = { owner, repo: name, issue_number: number };
  const path = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  const sign = `<!-- ${marker} -->`;
  return unlessRefused(async () => {
    if (!isUntried) {
      const from = new Date(since - CLOCKS_DIFFER).toISOString();
      for await (const { data } of pagesOf(client, `GET ${path}`, { ...on, since: from }, CommentsShape)) {
        const own = data.find(({ user, body }) => user?.id === personId && (body ?? "").includes(sign));
        if (own !== undefined) return own.html_url;
      }
    }
    const { data } = await ask(client, `POST ${path}`, { ...on, body: `${text}\n\n${sign}\n` }, OutcomeShape);
    return data.url;
  }, NOT_LET);
}
