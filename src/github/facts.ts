/** The tool the flows are given: all they read of GitHub, and the few things they request of it at once. */

import { identifyPull } from "./listings/pull-requests-by-rest.ts";
import { ReadAhead } from "./queries/read-ahead.ts";
import {
  organizationMembers,
  readAuthorities,
  readCandidates,
  readHolders,
  teamMembers,
} from "./people/permissions.ts";
import {
  behind,
  isReportedGone,
  Losses,
  movesIn,
  peopleBehind,
  unshownChecks,
} from "./freshness/freshness.ts";
import { listComments } from "./listings/comments.ts";
import { listHeadComments, listHeadIssues } from "./listings/log-heads.ts";
import { listGitLine, listMergedPulls } from "./listings/independent-listings.ts";
import { readEarlier, readTouched } from "./commits/commits.ts";
import { readPushedCommits } from "./commits/pushed-commits.ts";
import { readChecks } from "./commits/checks.ts";
import { compareCommits, compareFiles, isOnBranch } from "./commits/compare.ts";
import { readEnvironments, readPeople, readProtection } from "./protection/control-state.ts";
import { isSamePatch, proveSameContent, proveShipped } from "./commits/same-content.ts";
import {
  listMergedInto,
  readCommitWork,
  readPushedWork,
  readPushesBy,
} from "./pull-requests/work-elsewhere.ts";
import { readDeployKeys } from "./people/deploy-keys.ts";
import {
  hasServedBefore,
  readDelivery,
  readDeliveryLog,
  requestRedelivery,
} from "./installation/webhook-deliveries.ts";
import { listDeployments, readDeployment } from "./deployments/deployments.ts";
import { readFiles, readOwners } from "./commits/changed-files.ts";
import {
  listBranches,
  listInstallations,
  listOpenPulls,
  listOwned,
  listRepositories,
  pullsWithHead,
  readInstallation,
  readListed,
  readMergeGroup,
  readRepository,
} from "./listings/lists.ts";
import { readAccount, readTeamId, readTeamNames } from "./people/accounts.ts";
import { Overviews } from "./listings/overview.ts";
import { missingPermissions, withoutIt } from "./installation/app-permissions.ts";
import { readPolicy } from "./policy/policy-files.ts";
import { readPolicyHistory } from "./policy/policy-history.ts";
import { merged } from "./freshness/observed-pushes.ts";
import { readPullRequest } from "./pull-requests/pull-request.ts";
import {
  listSucceededRuns,
  listTags,
  readApprovals,
  readCommit,
  readEnvironment,
  readMakers,
  readRun,
  runBehind,
} from "./deployments/workflow-runs.ts";
import { deploymentOfJob, listWaitingJobs } from "./deployments/waiting-jobs.ts";
import { readStillThere } from "./listings/cited-sources.ts";
import { readWebhookConfig } from "./installation/webhook-settings.ts";
import {
  digestOf,
  listDeletedBranches,
  readChange,
  readPushers,
  readPushes,
  readRefUpdates,
} from "./listings/branch-updates.ts";

/** Lists every reading the flows make of GitHub, each a function that is given its client. */
export const facts = {
  ReadAhead,
  Overviews,
  Losses,
  behind,
  isReportedGone,
  movesIn,
  peopleBehind,
  unshownChecks,
  organizationMembers,
  readAuthorities,
  readCandidates,
  readHolders,
  listComments,
  listHeadComments,
  listHeadIssues,
  listGitLine,
  listMergedPulls,
  compareCommits,
  compareFiles,
  isOnBranch,
  readEnvironments,
  readPeople,
  readProtection,
  isSamePatch,
  proveSameContent,
  proveShipped,
  listMergedInto,
  readCommitWork,
  readPushedWork,
  readPushesBy,
  readDeployKeys,
  readDelivery,
  readDeliveryLog,
  hasServedBefore,
  requestRedelivery,
  listDeployments,
  readDeployment,
  readEarlier,
  readTouched,
  readPushedCommits,
  readFiles,
  readOwners,
  listBranches,
  listInstallations,
  listOpenPulls,
  listOwned,
  listRepositories,
  pullsWithHead,
  readInstallation,
  readListed,
  readMergeGroup,
  readRepository,
  readAccount,
  readTeamId,
  readTeamNames,
  readTeamMembers: teamMembers,
  missingPermissions,
  withoutIt,
  readPolicy,
  readPolicyHistory,
  mergePushes: merged,
  readChecks,
  readPullRequest,
  identifyPull,
  listSucceededRuns,
  listTags,
  readApprovals,
  readCommit,
  readEnvironment,
  readMakers,
  readRun,
  runBehind,
  deploymentOfJob,
  listWaitingJobs,
  readStillThere,
  readWebhookConfig,
  digestOf,
  listDeletedBranches,
  readChange,
  readPushers,
  readPushes,
  readRefUpdates,
} as const;
