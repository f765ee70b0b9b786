/** What an emergency is for: a pull request, or a deployment that no pull request stands for. */

import type { PullRequest } from "../change/pull-request.ts";
import type { Sha } from "../change/sha.ts";

/** Describes a pull request with everyone who is known to have worked on it, or one commit in one environment. */
export type EmergencySubject =
  | { readonly kind: "pull"; readonly pull: PullRequest }
  | { readonly kind: "deployment"; readonly environment: string; readonly sha: Sha };
