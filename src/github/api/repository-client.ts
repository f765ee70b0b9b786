/** The client of one repository, with the answers that are kept. */

import type { Repository } from "../../domain/change/repository.ts";
import type { GitHub } from "./requests.ts";
import type { Lookups } from "./lookups.ts";

/** Holds a repository, and the client that reads it. */
export interface RepositoryClient {
  readonly github: GitHub;
  readonly repository: Repository;
}

/** Adds the answers that are kept. */
export interface CachedClient extends RepositoryClient {
  readonly lookups: Lookups;
}

/** Adds the answers that are kept; null: nothing is kept, and nothing kept is looked for. */
export interface MaybeCachedClient extends RepositoryClient {
  readonly lookups: Lookups | null;
}
