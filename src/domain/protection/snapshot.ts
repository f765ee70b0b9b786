/** How a repository's production branches and environments were protected when it was last read, as facts. */

import type { Instant, Repository } from "../change.ts";

/** Why something could not be read: the App lacks a permission, or the plan does not show it. One sentence. */
export interface Unobservable {
  readonly unobservable: string;
}

/** Someone or something that may pass a guard by; `id` is GitHub's, null where GitHub has none (organisation admins, deploy keys). */
export interface Bypasser {
  readonly kind:
    "role" | "team" | "app" | "user" | "organization-admins" | "repository-admins" | "deploy-keys" | "other";
  readonly id: number | null;
  /** `exempt`: GitHub does not even note that they did. */
  readonly mode: "always" | "pull-request" | "exempt";
}

/** A ruleset as a whole, in force or not. */
export interface SeenRuleset {
  readonly id: number;
  readonly name: string;
  readonly owner: "repository" | "organization" | "enterprise";
  readonly target: string;
  readonly enforcement: "active" | "evaluate" | "disabled";
  /** Patterns as GitHub writes them; null: its conditions were not shown. */
  readonly refs: { readonly include: readonly string[]; readonly exclude: readonly string[] } | null;
  readonly rules: readonly string[];
  readonly bypassers: readonly Bypasser[] | Unobservable;
  /** When GitHub last changed it. */
  readonly updatedAt: Instant | null;
}

/** A check that must be green; `app`: only from that App. */
export interface RequiredCheck {
  readonly name: string;
  readonly app: number | null;
}

/** What one source (an active ruleset, or the branch's classic protection) asks of a branch. */
export interface Guard {
  /** `ruleset:ID`, or `classic`. */
  readonly source: string;
  readonly pullRequest: {
    readonly approvals: number;
    readonly dismissStale: boolean;
    readonly codeOwners: boolean;
    readonly lastPush: boolean;
  } | null;
  readonly checks: readonly RequiredCheck[];
  readonly forbidsForcePush: boolean;
  readonly forbidsDeletion: boolean;
  readonly mergeQueue: boolean;
  readonly bypassers: readonly Bypasser[] | Unobservable;
}

/** One production branch. */
export interface SeenBranch {
  readonly ref: string;
  readonly guards: readonly Guard[];
  /** Set where rulesets or classic protection could not be read: then what no other guard asks for is not known. */
  readonly unobservable: string | null;
}

/** One production environment. */
export interface SeenEnvironment {
  readonly id: number;
  readonly name: string;
  /** `user:ID`, `team:ID`; anyone of them may approve. */
  readonly reviewers: readonly string[];
  readonly preventsSelfReview: boolean;
  /** Null: GitHub does not say. */
  readonly adminsBypass: boolean | null;
  readonly branches: "any" | "protected" | "named";
  readonly waitMinutes: number;
  /** Apps whose answer a deployment waits for, by slug; null: not shown. */
  readonly apps: readonly string[] | null;
  readonly updatedAt: Instant | null;
}

/** Entry `protection`, subject = repository id: everything read at one moment. */
export interface Protection {
  readonly readAt: Instant;
  readonly visibility: Repository["visibility"];
  readonly archived: boolean;
  readonly rulesets: readonly SeenRuleset[] | Unobservable;
  readonly branches: readonly SeenBranch[];
  readonly environments: readonly SeenEnvironment[] | Unobservable;
}

/** Whether a part of a snapshot could not be read. */
export function isUnobservable(part: unknown): part is Unobservable {
  return typeof part === "object" && part !== null && "unobservable" in part;
}
