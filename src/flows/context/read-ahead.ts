/** Asking GitHub through what was read ahead. */

import type { RefUpdate } from "../../domain/change/change.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { ReadAhead } from "../../github/queries/read-ahead.ts";
import type { Tools, RepositoryContext } from "./tools.ts";

/** Returns the same tools, asking through what was read ahead. */
export function throughPrefetched(
  tools: Tools,
  { installationId }: RepositoryContext,
  ahead: ReadAhead,
): Tools {
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
export async function prefetch(
  tools: Tools,
  watched: RepositoryContext,
  { ref, updates = [], pulls = [] }: Wanted,
): Promise<Tools> {
  if (updates.length + pulls.length === 0) return tools;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const ahead = new tools.github.ReadAhead(octokit, watched.repository, ref);
  try {
    await ahead.read(updates, pulls);
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return tools;
  }
  return throughPrefetched(tools, watched, ahead);
}
