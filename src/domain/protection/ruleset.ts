/** The one GitHub ruleset that goes with a policy: what GitHub must enforce so that nothing bypasses the check. */

import { CHECK_NAME } from "../values/check-name.ts";
import type { Policy } from "../policy/file/policy.ts";

/** Describes a ruleset as GitHub's REST API takes it, for a repository, or with `repository_name` for an organisation. */
export interface Ruleset {
  readonly name: string;
  readonly target: "branch";
  readonly enforcement: "active";
  readonly bypass_actors: readonly [];
  readonly conditions: {
    readonly ref_name: { readonly include: readonly string[]; readonly exclude: readonly string[] };
    readonly repository_name?: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  };
  readonly rules: readonly RulesetRule[];
}

/** One rule of a ruleset. */
interface RulesetRule {
  readonly type: "deletion" | "non_fast_forward" | "pull_request" | "required_status_checks";
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/**
 * Lists the native settings that are left off, and why. The check requires the same with better knowledge, or it would
 * forbid what is right.
 */
export const LEFT_OFF: readonly { readonly setting: string; readonly because: string }[] = [
  {
    setting: "required_approving_review_count = 0",
    because:
      "the check counts approvals by commit and contributor; a number here would also count contributors' own",
  },
  {
    setting: "dismiss_stale_reviews_on_push = false",
    because:
      "the check ends an approval when the content changes; this would also end it at a rebase without changes",
  },
  {
    setting: "require_last_push_approval = false",
    because: "the check requires another person's approval of each commit, which covers the last push",
  },
  {
    setting: "require_code_owner_review = false",
    because:
      "GitHub counts an owner's approval of their own commits; name the approvers in the policy instead",
  },
  {
    setting: "required_review_thread_resolution = false",
    because: "it does not concern approvals; turn it on if you like",
  },
  {
    setting: "strict_required_status_checks_policy = false",
    because:
      "the check compares the merged content with the reviewed content; updating first adds pushes and no proof",
  },
  {
    setting: "do_not_enforce_on_create = true",
    because:
      "the first push of a branch has no check yet; the App assesses a new production branch when it is created",
  },
];

/** Describes which branches of a policy a ruleset cannot name. */
export interface RulesetOf {
  readonly ruleset: Ruleset;
  /** Globs of the policy that GitHub's patterns cannot express. */
  readonly inexpressible: readonly string[];
}

/**
 * Returns the ruleset of a policy. `branches`: instead of the policy's. `scope`: an organisation's ruleset covers all
 * its repositories.
 */
export function rulesetFor(
  policy: Pick<Policy, "production">,
  options: {
    readonly appId: number;
    readonly branches: readonly string[];
    readonly scope: "organization" | "repository";
  },
): RulesetOf {
  const { branches, alsoDefaultBranch } = policy.production;
  const globs = options.branches.length > 0 ? options.branches : (branches ?? []);
  const all = globs.flatMap(alternatives);
  const inexpressible = all.filter((glob) => /[{}]/u.test(glob));
  const usesDefault = options.branches.length === 0 && (branches === null || alsoDefaultBranch === true);
  const include = [
    ...(usesDefault ? ["~DEFAULT_BRANCH"] : []),
    ...all.filter((glob) => !inexpressible.includes(glob)).map(patternOf),
  ];
  const everywhere = { repository_name: { include: ["~ALL"], exclude: [] } };
  return {
    inexpressible,
    ruleset: {
      name: CHECK_NAME,
      target: "branch",
      enforcement: "active",
      bypass_actors: [],
      conditions: {
        ref_name: { include: [...new Set(include)], exclude: [] },
        ...(options.scope === "organization" ? everywhere : {}),
      },
      rules: rulesFor(options.appId),
    },
  };
}

function rulesFor(appId: number): readonly RulesetRule[] {
  return [
    { type: "deletion" },
    { type: "non_fast_forward" },
    {
      type: "pull_request",
      parameters: {
        required_approving_review_count: 0,
        dismiss_stale_reviews_on_push: false,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_review_thread_resolution: false,
        allowed_merge_methods: ["merge", "squash", "rebase"],
      },
    },
    {
      type: "required_status_checks",
      parameters: {
        strict_required_status_checks_policy: false,
        do_not_enforce_on_create: true,
        required_status_checks: [{ context: CHECK_NAME, integration_id: appId }],
      },
    },
  ];
}

/** GitHub's patterns have no braces: `release/{1,2}` is two of them. */
function alternatives(glob: string): readonly string[] {
  const braces = /\{([^{}]*,[^{}]*)\}/u.exec(glob);
  if (braces === null) return [glob];
  const [before, after] = [glob.slice(0, braces.index), glob.slice(braces.index + braces[0].length)];
  return (braces[1] ?? "").split(",").flatMap((each) => alternatives(`${before}${each}${after}`));
}

/** In GitHub's patterns `**` goes below a folder only where a slash follows. */
function patternOf(glob: string): string {
  if (glob === "~ALL" || glob === "~DEFAULT_BRANCH") return glob;
  if (glob === "**") return "~ALL";
  return `refs/heads/${glob.replace(/(^|\/)\*\*$/u, "$1**/*")}`;
}
