/** Asking GitHub through what was read ahead. */

import type { Repo } from "./repo.ts";
import type { RefUpdate } from "../../domain/change/change.ts";
import { ExternalError } from "../../domain/values/external-error.ts";

/** What is read ahead: updates of a branch (its full name), and pull requests. */
interface Wanted {
  readonly ref?: string;
  readonly updates?: readonly RefUpdate[];
  readonly pulls?: readonly number[];
}

/**
 * Returns the same repository, with what these updates introduced, their policies and these pull requests read in one query. Where GitHub does
 * not answer it, each is requested by itself.
 */
export async function prefetch(repo: Repo, { ref, updates = [], pulls = [] }: Wanted): Promise<Repo> {
  if (updates.length + pulls.length === 0) return repo;
  const { octokits, ReadAhead } = repo.tools.github;
  const ahead = new ReadAhead(await octokits.installation(repo.installationId), repo.info, ref);
  try {
    await ahead.read(updates, pulls);
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    return repo;
  }
  return repo.through(ahead.github);
}
