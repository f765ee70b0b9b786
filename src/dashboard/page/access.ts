/** Who may see what: the one value that every page is handed, and that nothing else adds to. */

/** Names an organisation by GitHub's id, and by its login as last seen. */
export interface Organization {
  readonly id: number;
  readonly login: string;
}

/** Names the repositories of one organisation that GitHub lets someone read. */
export interface GitHubAccess {
  readonly organization: Organization;
  readonly repositories: ReadonlySet<number>;
}

/**
 * Names what someone is in one organisation. A member sees what GitHub lets them read; a lead and an auditor, whom the policy
 * names, see all of it. An auditor only reads.
 */
type Role = "member" | "lead" | "auditor";

/** Describes what the policy of one organisation makes of someone. */
export interface OrganizationRole {
  readonly organization: Organization;
  readonly role: Exclude<Role, "member">;
}

/** Describes what someone may see of one organisation: some of its repositories, or all of it. */
export interface Access {
  readonly organization: Organization;
  readonly repositories: "all" | ReadonlySet<number>;
  readonly role: Role;
}

/** Names someone who signed in. With GitHub: an account. By OpenID Connect: someone who need not have one. */
export type SignedInPerson =
  | { readonly kind: "github"; readonly id: number; readonly login: string }
  | {
      readonly kind: "oidc";
      readonly issuer: string;
      readonly subject: string;
      readonly email: string | null;
    };

/** Describes who asks for a page: what it may show, by organisation. */
export interface Viewer {
  /** Who acts where something is sent; null: nobody signed in, and nothing can be sent. */
  readonly person: SignedInPerson | null;
  /** Whom the page greets; null: whoever uses this machine. */
  readonly name: string | null;
  readonly sees: readonly Access[];
  /** Goes with every form of this session, and nobody else can make it; absent: nobody signed in. */
  readonly csrfToken?: string;
}

/** Describes a request that nothing is shown to, and what its sender can do. */
export interface Refusal {
  readonly status: 401 | 403 | 429;
  readonly sentences: readonly string[];
  /** Whether signing in may help. */
  readonly signIn?: true;
}

/** Returns who sent a request, or why nothing is shown. */
export type ViewerOf = (request: Request, caller: Caller) => Promise<Viewer | Refusal>;

/** Describes where a request came from, as its socket has it. */
export interface Caller {
  /** The other end of the socket; null: there is none. */
  readonly address: string | null;
  /** Such as 1.1; null: there is no socket. */
  readonly httpVersion: string | null;
}
