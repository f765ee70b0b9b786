/** Facts about people, commits, pull requests and updates of production branches, as gathered before anything is judged. */

/** A full git object id, 40 (or 64) lower-case hex digits. */
export type Sha = string;

/** An instant: milliseconds since 1970-01-01T00:00:00Z. GitHub's own times are whole seconds. */
export type Instant = number;

/** The object id GitHub reports for "nothing was there" in a ref update. */
export const NO_COMMIT: Sha = "0".repeat(40);

/** A person, bot or app. Compared by `id`, never by login. `type` is GitHub's own account type. */
export interface Actor {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Bot" | "Organization" | "Mannequin" | "EnterpriseUserAccount";
}

/** GitHub's own committer for commits made in its web editor: it stands for nobody. */
export const WEB_FLOW_ID = 19864447;

/** How a fact came to be known: seen when it happened (told by a webhook, or read within ten minutes), or read from GitHub afterwards (lower assurance, counted apart). */
export type Basis = "observed" | "read-later";

/** One repository; `id` survives renames and transfers. */
export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly ownerId: number;
  readonly name: string;
  readonly visibility: "public" | "private" | "internal";
  readonly defaultBranch: string;
  /** Lower case, sorted; absent: it has none. */
  readonly topics?: readonly string[];
}

/** One commit. `null` in `authors` or as `committer` is an account GitHub cannot name: an unknown person. */
export interface Commit {
  readonly sha: Sha;
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  /** Author and co-authors as GitHub attributes them (forgeable: they may only exclude, never vouch). */
  readonly authors: readonly (Actor | null)[];
  /** `null`: unknown; an actor with id {@link WEB_FLOW_ID}: made in GitHub's web interface. */
  readonly committer: Actor | null;
  /** Whether GitHub found its signature valid; absent: not read. */
  readonly signed?: boolean;
}

/** Someone seen to move a branch; unforgeable. */
export interface Push {
  readonly before: Sha;
  readonly after: Sha;
  readonly actor: Actor | null;
  readonly at: Instant;
  readonly forced: boolean;
  readonly basis: Basis;
}

/** What a person may do in a repository, from least to most. */
export const PERMISSIONS = ["none", "read", "triage", "write", "maintain", "admin"] as const;

/** A repository permission, least first in {@link PERMISSIONS}. */
export type Permission = (typeof PERMISSIONS)[number];

/** The authority someone held when it was read. Team slugs are `org/slug`, lower case. */
export interface Authority {
  readonly actor: Actor;
  readonly permission: Permission | "unknown";
  readonly teams: readonly string[];
  readonly organizations: readonly string[];
  /** Teams and organisations asked for that GitHub would not list: membership unknown, never "not a member". Lower case. */
  readonly unread: readonly string[];
  /** Teams and organisations whose members were looked through, lower case; absent: none. */
  readonly asked?: readonly string[];
  /** Logins of the policy, lower case, of which it cannot be told that they mean this account: one of them changed hands since. Absent: none. */
  readonly doubted?: readonly string[];
  readonly at: Instant;
  readonly basis: Basis;
}

/** A submitted review. */
export interface Review {
  readonly id: number;
  readonly author: Actor | null;
  /** The state it was given with, also when it was dismissed later. */
  readonly state: "approved" | "changes-requested" | "commented" | "unknown";
  readonly submittedAt: Instant;
  /** The commit it was given on: as seen when its webhook came, else as GitHub says now; null when neither can tell. */
  readonly commit: Sha | null;
  readonly basis: Basis;
  readonly dismissed: { readonly at: Instant; readonly by: Actor | null } | null;
}

/** A check run or commit status on a commit; a status has no app. */
export interface Check {
  readonly name: string;
  readonly app: { readonly id: number; readonly slug: string } | null;
  readonly conclusion: string | null;
  readonly completedAt: Instant | null;
}

/** A proof that two commits hold the same contribution against the base, or that none was found. */
export interface SameContent {
  readonly from: Sha;
  readonly to: Sha;
  /** `tree`: identical trees. `patch`: identical patch against the base. `different`: proven to differ. `unknown`: GitHub would not tell. */
  readonly proof: "tree" | "patch" | "different" | "unknown";
}

/** A file a pull request touches; `oldPath` is set when it was renamed or copied. */
export interface ChangedFile {
  readonly path: string;
  readonly oldPath: string | null;
  readonly status: "added" | "removed" | "modified" | "renamed" | "copied" | "changed" | "unchanged";
}

/** A policy file that a pull request changes, and its problems by line and column, both from 1; none: it is fine. */
export interface BroughtPolicy {
  readonly path: string;
  readonly problems: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  /** Set where it does nothing but mend the file: the commit of the version it is judged by; null: there was none that could be used. */
  readonly judgedBy?: Sha | null;
}

/** One thing that GitHub finds wrong with a CODEOWNERS file, by its line from 1. `kind` is GitHub's own word. */
export interface OwnersError {
  readonly line: number;
  readonly kind: string;
}

/** The CODEOWNERS file of a base, or why there is none. */
export type OwnersFile =
  | {
      readonly state: "found";
      readonly path: string;
      readonly commit: Sha;
      readonly text: string;
      /** What GitHub itself finds wrong with it; absent: it was not asked, or does not say. */
      readonly errors?: readonly OwnersError[];
    }
  | { readonly state: "absent" }
  | { readonly state: "unreadable"; readonly because: string };

/** The description of a pull request; `text` is null where it was changed after the merge and what it said before cannot be had. */
export interface Description {
  readonly text: string | null;
  readonly basis: Basis;
}

/** Entry `acceptance`, subject = `repositoryId#number`: who answers for what could not be verified of which content. */
export interface Acceptance {
  readonly by: Actor;
  readonly reason: string;
  readonly at: Instant;
  /** The head it was given for: another content is another question. */
  readonly head: Sha;
  /** The controls that were unverifiable then. */
  readonly controls: readonly string[];
  readonly commentId: number;
}

/** A recorded update of an integration branch: what it brought was judged when it landed there. */
export interface LandedBefore {
  readonly changeId: string;
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly at: Instant;
  readonly kind: UpdateKind;
  readonly verdict: string;
  /** The controls that were waived. */
  readonly waived: readonly string[];
  readonly pulls: readonly number[];
  readonly approvers: readonly Actor[];
  /** The digest of what was asked of it; empty where no policy was known. */
  readonly asked: string;
  /** `read-later` where the landing was found late, or one of its approvals was. */
  readonly basis: Basis;
}

/** The people whom one source of approvals names, as far as GitHub shows them. */
export interface Holders {
  /** The source in words, as the check run words it. */
  readonly source: string;
  /** Those who can review here. */
  readonly people: readonly Actor[];
  /** Those who cannot: no such account or team, or no access to the repository. */
  readonly unable: readonly {
    readonly name: string;
    readonly because: "no-account" | "no-team" | "no-access";
  }[];
  /** False: there are, or may be, more than these. */
  readonly complete: boolean;
}

/** Everything known of one pull request at one moment; gathered whole before it is judged. */
export interface PullRequest {
  readonly repository: Repository;
  readonly number: number;
  /** Its title, as of the merge once it has merged. */
  readonly title: string;
  readonly url: string;
  readonly author: Actor | null;
  /** Of one that a bot opened: everyone ever assigned to it, who is taken to have asked the bot for it. */
  readonly requestedBy?: readonly Actor[];
  readonly createdAt: Instant;
  readonly state: "open" | "closed" | "merged";
  readonly draft: boolean;
  readonly base: { readonly ref: string; readonly sha: Sha };
  readonly head: { readonly ref: string; readonly sha: Sha; readonly tree: Sha | null };
  /** When the base was last changed to another branch, if ever. */
  readonly retargetedAt: Instant | null;
  readonly labels: readonly string[];
  /** Lines and files it changes; absent: not read. */
  readonly size?: { readonly additions: number; readonly deletions: number; readonly files: number };
  /** The changed files; absent where no policy asks for them. `complete` is false when GitHub would not list them all. */
  readonly files?: { readonly list: readonly ChangedFile[]; readonly complete: boolean };
  /** What is wrong with the policy file it would bring to its base; absent where it leaves the file as it is. */
  readonly broughtPolicy?: BroughtPolicy;
  /** The base's CODEOWNERS; absent where no policy asks for it. */
  readonly owners?: OwnersFile;
  /** Its description, as of the merge once it has merged; absent where no policy asks for it. */
  readonly body?: Description;
  /** Who accepted that something could not be verified, the last time somebody did. */
  readonly accepted?: Acceptance;
  /** The recorded landings of its commits on integration branches; absent: none. */
  readonly landedBefore?: readonly LandedBefore[];
  readonly commits: readonly Commit[];
  /** False when GitHub would not list all commits. */
  readonly commitsComplete: boolean;
  readonly pushes: readonly Push[];
  readonly reviews: readonly Review[];
  readonly checks: readonly Check[];
  readonly authorities: readonly Authority[];
  /** Of an open one: whom each source names of which approvals were missing when it was read; absent: none were. */
  readonly holders?: readonly Holders[];
  /** For each reviewed commit that is not the head, and for each merge of the base into the head. */
  readonly sameContent: readonly SameContent[];
  readonly merged: {
    readonly at: Instant;
    readonly by: Actor | null;
    readonly commit: Sha | null;
  } | null;
}

/** How a ref came to be updated, GitHub's own activity types in the field's terms. */
export type UpdateKind =
  "pull-request" | "queue" | "push" | "force-push" | "branch-created" | "branch-deleted";

/** One update of a branch as GitHub's activity list (or the push webhook) tells it. */
export interface RefUpdate {
  /** GitHub's activity id; null when only the webhook told. */
  readonly activityId: number | null;
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly kind: UpdateKind;
  readonly actor: Actor | null;
  readonly at: Instant;
  readonly basis: Basis;
}

/** Everything known of one update of a production branch; gathered whole before it is judged. */
export interface Change {
  /** Hash of repository id, ref, before, after and occurrence: the same by webhook, sweep or backfill. */
  readonly id: string;
  readonly repository: Repository;
  readonly update: RefUpdate;
  /** 1 for the first update of this ref from `before` to `after`, 2 for the next, ... */
  readonly occurrence: number;
  /** The tree of `after`, when GitHub told. */
  readonly tree: Sha | null;
  /** How many commits it brought to the branch; null when GitHub would not say. */
  readonly commitCount: number | null;
  /** The merged pull requests it landed; a queue group may land several. */
  readonly pullRequests: readonly PullRequest[];
  /** Whether what landed equals what was reviewed, pull request by pull request. */
  readonly shipped: readonly ShippedContent[];
  /** For a branch created: whether its commit was on a production branch already; null when unknown or not asked. */
  readonly alreadyLanded: boolean | null;
  /** What it newly points at without holding it; absent: nothing in its repository can, or it lies in a past that was filled in. `complete` false: not all of it could be looked through. */
  readonly external?: { readonly list: readonly ExternalContent[]; readonly complete: boolean };
  /** For a push: the approved changes of other branches whose patch it brought once more; absent: none was found. */
  readonly approvedElsewhere?: readonly ApprovedElsewhere[];
  /** Checks on `after` itself (merge queue groups, direct pushes). */
  readonly checks: readonly Check[];
  /** True when it was found long after it happened (by a sweep, a backfill, a delivery sent again), not when it did. */
  readonly late: boolean;
}

/** Something a changed file points at: the commit of a submodule, the digest of a large file, an action or workflow by a name that may move. */
export interface ExternalContent {
  readonly path: string;
  readonly kind: "submodule" | "large-file" | "unpinned";
  readonly to: string;
}

/** A change of another branch that people approved, and whose patch a push brought once more. */
export interface ApprovedElsewhere {
  /** The pushed commit that holds it. */
  readonly commit: Sha;
  /** Whether it is all that was pushed. */
  readonly isWhole: boolean;
  readonly changeId: string;
  /** The branch it was approved for. */
  readonly ref: string;
  readonly pulls: readonly number[];
  readonly approvers: readonly { readonly id: number | null; readonly login: string }[];
}

/** Whether the shipped content of one pull request is its reviewed content. */
export interface ShippedContent {
  readonly pull: number;
  /** `identity`: same tree. `replay`: same patch on a moved base. `residual`: `files` differ. */
  readonly coverage: "identity" | "replay" | "residual" | "unverifiable";
  readonly files: readonly string[];
}
