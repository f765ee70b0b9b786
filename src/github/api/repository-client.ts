/** Where GitHub is asked: one repository, through one client, with what was read before. */

import type { Repository } from "../../domain/change/repository.ts";
import type { GitHub } from "./requests.ts";
import type { Lookups } from "./lookups.ts";

/** A repository, and the client through which it is asked about. */
export interface RepositoryClient {
  readonly github: GitHub;
  readonly repository: Repository;
}

/** The same, with the answers that are kept. */
export interface CachedClient extends RepositoryClient {
  readonly lookups: Lookups;
}

/** The same; null: nothing is kept, and nothing kept is looked for. */
export interface MaybeCachedClient extends RepositoryClient {
  readonly lookups: Lookups | null;
}
