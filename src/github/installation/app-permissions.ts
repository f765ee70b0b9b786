/** The permissions the App requests, as app.yml has them, and what is lost without each. */

/** Describes one permission of the App: its level, and what cannot be read or shown without it. */
export interface AppPermission {
  readonly name: string;
  readonly level: "read" | "write";
  readonly without: string;
  /** What else is lost, and what is taken for true then. */
  readonly also?: string;
}

/** Lists every permission of app.yml; a test compares the two. */
const PERMISSIONS: readonly AppPermission[] = [
  { name: "actions", level: "read", without: "environments cannot be read" },
  {
    name: "administration",
    level: "read",
    without: "branch protection cannot be read, and its changes are not received",
    also: "deploy keys cannot be read: what is pushed with one is taken for a push of whoever added it",
  },
  { name: "checks", level: "write", without: "the check cannot be shown, and nothing is blocked" },
  {
    name: "contents",
    level: "read",
    without: "commits, updates of branches and policy files cannot be read",
  },
  { name: "deployments", level: "read", without: "deployments cannot be seen" },
  { name: "issues", level: "write", without: "deviations cannot be opened on GitHub" },
  { name: "members", level: "read", without: "team memberships cannot be read" },
  { name: "merge_queues", level: "read", without: "merge groups cannot be judged" },
  { name: "metadata", level: "read", without: "nothing can be seen" },
  { name: "pull_requests", level: "read", without: "pull requests and their reviews cannot be read" },
  { name: "statuses", level: "read", without: "required checks that are commit statuses cannot be read" },
];

/** Returns what is lost without a permission, as a gap and `doctor` word it. */
export function withoutIt({ name, level, without, also }: AppPermission): string {
  return `${name}: ${level} (${without})${also === undefined ? "" : ` and (${also})`}`;
}

/** Returns those of {@link PERMISSIONS} that an installation does not grant. */
export function missingPermissions(granted: Readonly<Record<string, string>>): readonly AppPermission[] {
  return PERMISSIONS.filter(({ name, level }) => {
    const held = granted[name];
    return held === undefined || (level === "write" && held === "read");
  });
}
