/**
 * What happens to the content of each webhook, while GitHub's answers may still be older. INVARIANT: every webhook that is
 * understood is named here; what requires more than an older answer does is kept.
 */

import type { WEBHOOK_HANDLERS } from "./handlers.ts";

/**
 * Names how a webhook is kept: kept and laid over older answers at once; kept, and read again until an answer shows it; or not
 * kept, and why that is safe.
 */
type Retention = "laid-over" | "asked-again" | { readonly notKept: string };

type Table = {
  readonly [Event in keyof typeof WEBHOOK_HANDLERS]: Readonly<
    Record<keyof (typeof WEBHOOK_HANDLERS)[Event], Retention>
  >;
};

const because = (notKept: string): Retention => ({ notKept });

const ONLY_REQUESTS = because("it only asks to look again");
const SETTINGS = because(
  "how something is protected is recorded as of when it was read, and read again every day",
);
const AT_ONCE = because("it is recorded at once as the webhook tells it");
const COMMAND = because("what a person requested is done by the webhook itself, and read again every day");
const FOUND = because("what it names is read until it is shown, and found again by the daily sweep");

/** Maps each webhook to how its content is kept. */
export const RETENTION: Table = {
  branch_protection_configuration: { enabled: SETTINGS, disabled: SETTINGS },
  branch_protection_rule: { created: SETTINGS, edited: SETTINGS, deleted: SETTINGS },
  check_run: { completed: "asked-again", rerequested: ONLY_REQUESTS, requested_action: COMMAND },
  check_suite: { rerequested: ONLY_REQUESTS },
  deploy_key: { created: "laid-over", deleted: "laid-over" },
  deployment: { created: FOUND },
  deployment_protection_rule: { requested: FOUND },
  deployment_review: { approved: "asked-again", rejected: "asked-again" },
  deployment_status: { created: FOUND },
  installation: {
    created: AT_ONCE,
    deleted: AT_ONCE,
    suspend: AT_ONCE,
    unsuspend: AT_ONCE,
    new_permissions_accepted: AT_ONCE,
  },
  installation_repositories: { added: AT_ONCE, removed: AT_ONCE },
  installation_target: { renamed: AT_ONCE },
  issue_comment: { created: COMMAND, edited: COMMAND },
  issues: { closed: COMMAND, edited: COMMAND, reopened: COMMAND },
  member: { added: "asked-again", edited: "laid-over", removed: "laid-over" },
  membership: { added: "asked-again", removed: "laid-over" },
  merge_group: {
    checks_requested: because("the group itself is asked for again until it is shown"),
    destroyed: FOUND,
  },
  organization: {
    member_added: "asked-again",
    member_removed: "laid-over",
    renamed: because(
      "names are read with every answer, and people and repositories are told by their numbers",
    ),
    deleted: because("nothing is left to judge"),
  },
  pull_request: {
    opened: "asked-again",
    labeled: "laid-over",
    unlabeled: "laid-over",
    ready_for_review: "laid-over",
    converted_to_draft: "laid-over",
    reopened: "laid-over",
    synchronize: "asked-again",
    edited: "laid-over",
    closed: "laid-over",
  },
  pull_request_review: {
    submitted: "asked-again",
    dismissed: "laid-over",
    edited: because("its text counts for nothing, and its commit is no witness"),
  },
  push: { "": "asked-again" },
  release: { published: because("the push that made the tag is told on its own") },
  repository: {
    created: AT_ONCE,
    deleted: AT_ONCE,
    renamed: AT_ONCE,
    transferred: AT_ONCE,
    archived: AT_ONCE,
    unarchived: AT_ONCE,
    publicized: AT_ONCE,
    privatized: AT_ONCE,
    edited: AT_ONCE,
  },
  repository_ruleset: { created: SETTINGS, edited: SETTINGS, deleted: SETTINGS },
  status: { "": "asked-again" },
  team: {
    created: because("nobody is in it yet, and it gives nothing"),
    deleted: "laid-over",
    edited: "laid-over",
    added_to_repository: "asked-again",
    removed_from_repository: "laid-over",
  },
  team_add: { "": because("`team.added_to_repository` tells the same") },
  workflow_run: { completed: FOUND },
};
