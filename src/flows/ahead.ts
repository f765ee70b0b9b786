/** Asking GitHub through what was read ahead. */

import type { RefUpdate } from "../domain/change.ts";
import { Trouble } from "../domain/trouble.ts";
import type { ReadAhead } from "../github/read-ahead.ts";
import type { Tools, Watched } from "./ports.ts";

/** Returns the same tools, asking through what was read ahead. */
export function throughReadAhead(tools: Tools, { installationId }: Watched, ahead: ReadAhead): Tools {
  const { octokits } = tools.github;
  return {
    ...tools,
    github: {
      ...tools.github,
      octokits: {
        app: () => octokits.app(),
        installation: (id) =>
          id === installationId ? Promise.resolve(ahead.github) : octokits.installation(id),
      },
    },
  };
}

/** What is read ahead: updates of a branch (its full name), and pull requests. */
interface Wanted {
  readonly ref?: string;
  readonly updates?: readonly RefUpdate[];
  readonly pulls?: readonly number[];
}

/**
 * Returns the same tools, with what these updates brought, their policies and these pull requests read in one query. Where GitHub does not
 * answer it, each is asked for by itself.
 */
export async function readAhead(
  tools: Tools,
  watched: Watched,
  { ref, updates = [], pulls = [] }: Wanted,
): Promise<Tools> {
  if (updates.length + pulls.length === 0) return tools;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const ahead = new tools.github.ReadAhead(octokit, watched.repository, ref);
  try {
    await ahead.read(updates, pulls);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    return tools;
  }
  return throughReadAhead(tools, watched, ahead);
}
