/** The tool the flows are handed: everything they read of GitHub, and the few things they ask of it at once. */

import { identifyPull } from "./by-rest.ts";
import { ReadAhead } from "./read-ahead.ts";
import { organizationMembers, readAuthorities, readCandidates, readHolders } from "./authority.ts";
import { behind, isToldGone, Losses, movesIn, peopleBehind, unshownChecks } from "./freshness.ts";
import { listComments } from "./comments.ts";
import { listGitLine, listMergedPulls } from "./census.ts";
import { readEarlier, readTouched } from "./commits.ts";
import { readChecks } from "./checks.ts";
import { compareCommits, compareFiles, isOnBranch } from "./compare.ts";
import { readEnvironments, readPeople, readProtection } from "./control-state.ts";
import { isSamePatch, proveSameContent, proveShipped } from "./content.ts";
import { listMergedInto, readCommitWork, readPushedWork, readPushesBy } from "./elsewhere.ts";
import { readDeployKeys } from "./deploy-keys.ts";
import { hasServedBefore, readDeliveryLog, redeliver } from "./deliveries.ts";
import { listDeployments, readDeployment } from "./deployments.ts";
import { readFiles, readOwners } from "./files.ts";
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
} from "./lists.ts";
import { readAccount, readTeamId, readTeamNames } from "./accounts.ts";
import { Overviews } from "./overview.ts";
import { missingPermissions, withoutIt } from "./permissions.ts";
import { readPolicy } from "./policies.ts";
import { readPolicyHistory } from "./policy-history.ts";
import { merged } from "./pushes.ts";
import { readPullRequest } from "./pull-request.ts";
import {
  listSucceededRuns,
  listTags,
  readApprovals,
  readCommit,
  readEnvironment,
  readMakers,
  readRun,
  runBehind,
} from "./runs.ts";
import { deploymentOfJob, listWaitingJobs } from "./waiting-jobs.ts";
import { readStillThere } from "./still-there.ts";
import { readWebhookConfig } from "./webhook.ts";
import {
  digestOf,
  listDeletedBranches,
  readChange,
  readPushers,
  readPushes,
  readRefUpdates,
} from "./updates.ts";

/** Every reading the flows make of GitHub, each a function that is given what it asks with. */
export const facts = {
  ReadAhead,
  Overviews,
  Losses,
  behind,
  isToldGone,
  movesIn,
  peopleBehind,
  unshownChecks,
  organizationMembers,
  readAuthorities,
  readCandidates,
  readHolders,
  listComments,
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
  readDeliveryLog,
  hasServedBefore,
  redeliver,
  listDeployments,
  readDeployment,
  readEarlier,
  readTouched,
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
