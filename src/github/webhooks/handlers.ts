/** Every webhook that is understood, by event and action. */

import { ISSUE_COMMENT } from "./comments.ts";
import { ISSUES } from "./issues.ts";
import { DEPLOY_KEY, PROTECTION, PROTECTION_CONFIGURATION, PUSH } from "./branches.ts";
import {
  DEPLOYMENT,
  DEPLOYMENT_PROTECTION_RULE,
  DEPLOYMENT_REVIEW,
  RELEASE,
  WORKFLOW_RUN,
} from "./deployments.ts";
import {
  INSTALLATION,
  INSTALLATION_REPOSITORIES,
  INSTALLATION_TARGET,
  MEMBER,
  MEMBERSHIP,
  ORGANIZATION,
  REPOSITORY,
  TEAM,
  TEAM_ADD,
} from "./organizations.ts";
import {
  CHECK_RUN,
  CHECK_SUITE,
  MERGE_GROUP,
  PULL_REQUEST,
  PULL_REQUEST_REVIEW,
  STATUS,
} from "./pull-requests.ts";
import type { WebhookHandlers } from "./subject.ts";

/** Maps each event, and each of its actions, to its handler; an event without actions has the empty one. */
export const WEBHOOK_HANDLERS = {
  branch_protection_configuration: PROTECTION_CONFIGURATION,
  branch_protection_rule: PROTECTION,
  check_run: CHECK_RUN,
  check_suite: CHECK_SUITE,
  deploy_key: DEPLOY_KEY,
  deployment: DEPLOYMENT,
  deployment_protection_rule: DEPLOYMENT_PROTECTION_RULE,
  deployment_review: DEPLOYMENT_REVIEW,
  deployment_status: DEPLOYMENT,
  installation: INSTALLATION,
  installation_repositories: INSTALLATION_REPOSITORIES,
  installation_target: INSTALLATION_TARGET,
  issue_comment: ISSUE_COMMENT,
  issues: ISSUES,
  member: MEMBER,
  membership: MEMBERSHIP,
  merge_group: MERGE_GROUP,
  organization: ORGANIZATION,
  pull_request: PULL_REQUEST,
  pull_request_review: PULL_REQUEST_REVIEW,
  push: PUSH,
  release: RELEASE,
  repository: REPOSITORY,
  repository_ruleset: PROTECTION,
  status: STATUS,
  team: TEAM,
  team_add: TEAM_ADD,
  workflow_run: WORKFLOW_RUN,
} satisfies Readonly<Record<string, WebhookHandlers>>;
