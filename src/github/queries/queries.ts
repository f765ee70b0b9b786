/** The GraphQL we send. Each text is held to GitHub's published schema by a test. */

import { ORGANIZATION_REPOSITORY, POLICY_PATH } from "./policy-path.ts";
import { WHOLE, type Portion } from "../api/smaller-pages.ts";

const ACTOR = `
fragment actor on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
  ... on Mannequin { databaseId }
  ... on Organization { databaseId }
  ... on EnterpriseUserAccount { user { databaseId } }
}`;

/** Returns how many of a list are requested, where `usual` would be enough. */
function upTo({ page }: Portion, usual: number): number {
  return Math.min(page, usual);
}

function commitFragment(portion: Portion): string {
  return `
fragment commit on Commit {
  oid
  tree { oid }
  parents(first: ${upTo(portion, 10)}) { totalCount nodes { oid } }
  authors(first: ${upTo(portion, 20)}) { totalCount nodes { user { databaseId login } } }
  committer { user { databaseId login } }
  committedViaWeb
  ${portion.signatures ? "signature { isValid signer { databaseId login } }" : ""}
}`;
}

const CHECKS = `
fragment checks on StatusCheckRollupContextConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on CheckRun {
      name
      conclusion
      startedAt
      completedAt
      checkSuite {
        databaseId
        app { databaseId slug }
        workflowRun { event workflow { databaseId name resourcePath } }
      }
    }
    ... on StatusContext { context state createdAt }
  }
}`;

const REVIEWS = `
fragment reviews on PullRequestReviewConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    databaseId
    fullDatabaseId
    state
    submittedAt
    updatedAt
    authorCanPushToRepository
    author { ...actor }
    commit { oid parents(first: 2) { totalCount } }
  }
}`;

const TIMELINE = `
fragment timeline on PullRequestTimelineItemsConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on HeadRefForcePushedEvent { createdAt actor { ...actor } beforeCommit { oid } afterCommit { oid } }
    ... on ReviewDismissedEvent {
      createdAt
      previousReviewState
      actor { ...actor }
      review { databaseId fullDatabaseId }
    }
    ... on BaseRefChangedEvent { createdAt previousRefName currentRefName }
    ... on AutomaticBaseChangeSucceededEvent { createdAt }
    ... on RenamedTitleEvent { createdAt previousTitle }
    ... on MergedEvent { createdAt }
    ... on AssignedEvent { assignee { __typename ... on User { databaseId login } } }
  }
}`;

const TIMELINE_ITEMS =
  "itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT, REVIEW_DISMISSED_EVENT, BASE_REF_CHANGED_EVENT, AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT, RENAMED_TITLE_EVENT, MERGED_EVENT, ASSIGNED_EVENT]";

const COMMITS = `
fragment commits on PullRequestCommitConnection {
  totalCount
  pageInfo { hasNextPage endCursor }
  nodes { commit { ...commit } }
}`;

const POLICY_FILE = `
fragment file on GitObject {
  __typename
  ... on Blob { oid text isBinary isTruncated }
}`;

const LABELS = `
fragment labels on LabelConnection {
  pageInfo { hasNextPage endCursor }
  nodes { name }
}`;

function pullFragment(portion: Portion): string {
  const { page } = portion;
  return `
fragment pull on PullRequest {
  number
  title
  body
  lastEditedAt
  userContentEdits(first: ${upTo(portion, 50)}) { totalCount nodes { editedAt } }
  url
  createdAt
  updatedAt
  state
  isDraft
  isCrossRepository
  author { ...actor }
  baseRefName
  baseRefOid
  baseRef { target { oid ... on Commit { file(path: "${POLICY_PATH}") { object { ...file } } } } }
  headRefName
  headRefOid
  mergedAt
  mergedBy { ...actor }
  mergeCommit { oid }
  additions
  deletions
  changedFiles
  labels(first: ${page}) { ...labels }
  reviews(first: ${page}) { ...reviews }
  commits(first: ${page}) { ...commits }
  timelineItems(first: ${page}, ${TIMELINE_ITEMS}) { ...timeline }
  first: commits(first: 1) {
    nodes { commit { parents(first: 1) { nodes { file(path: "${POLICY_PATH}") { object { ...file } } } } } }
  }
  head: commits(last: 1) {
    nodes {
      commit {
        oid
        tree { oid }
        file(path: "${POLICY_PATH}") { object { ...file } }
        associatedPullRequests(first: ${upTo(portion, 20)}) { pageInfo { hasNextPage } nodes { number state headRefOid baseRefName } }
        statusCheckRollup { contexts(first: ${page}) { ...checks } }
      }
    }
  }
}`;
}

/** The organisation's minimum, read beside a repository's own file. */
const ORGANIZATION = `
  organization: repository(owner: $owner, name: "${ORGANIZATION_REPOSITORY}") {
    nameWithOwner
    defaultBranchRef { target { oid } }
    file: object(expression: "HEAD:${POLICY_PATH}") { ...file }
  }`;

/**
 * Returns the query for one pull request with everything its judgement reads. It includes both policy files, its own as its base
 * branch has it now.
 */
export function pullRequestQuery(portion: Portion): string {
  return `
query PullRequest($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { nameWithOwner pullRequest(number: $number) { ...pull } }
  ${ORGANIZATION}
}
${pullFragment(portion)}${LABELS}${REVIEWS}${COMMITS}${TIMELINE}${commitFragment(portion)}${CHECKS}${ACTOR}${POLICY_FILE}`;
}

/** Requests one pull request whole, as {@link pullRequestQuery} does first. */
export const PULL_REQUEST_QUERY = pullRequestQuery(WHOLE);

/** Requests the CODEOWNERS file of a commit, in each place it may be. */
export const OWNERS_QUERY = `
query Owners($owner: String!, $name: String!, $commit: GitObjectID!, $first: String!, $second: String!, $third: String!) {
  repository(owner: $owner, name: $name) {
    commit: object(oid: $commit) { oid }
    first: object(expression: $first) { ...file }
    second: object(expression: $second) { ...file }
    third: object(expression: $third) { ...file }
  }
}
${POLICY_FILE}`;

/** Requests both policy files, the repository's own at `$at` (a commit or a branch). */
export const POLICIES_QUERY = `
query Policies($owner: String!, $name: String!, $at: String!, $policyFile: String!) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    policyCommit: object(expression: $at) { oid }
    file: object(expression: $policyFile) { ...file }
  }
  ${ORGANIZATION}
}
${POLICY_FILE}`;

/** Requests the versions of the policy file up to a commit, newest first, with the pull requests they came by. */
export const POLICY_HISTORY_QUERY = `
query PolicyHistory($owner: String!, $name: String!, $commit: GitObjectID!, $after: String) {
  repository(owner: $owner, name: $name) {
    object(oid: $commit) {
      ... on Commit {
        history(first: 25, path: "${POLICY_PATH}", after: $after) {
          pageInfo { hasNextPage endCursor }
          nodes {
            oid
            file(path: "${POLICY_PATH}") { object { ...file } }
            associatedPullRequests(first: 10) {
              pageInfo { hasNextPage }
              nodes {
                number
                url
                mergedAt
                headRefOid
                mergeCommit {
                  file(path: "${POLICY_PATH}") { object { ...file } }
                  parents(first: 1) { nodes { file(path: "${POLICY_PATH}") { object { ...file } } } }
                }
                reviews(first: 100) {
                  pageInfo { hasNextPage endCursor }
                  nodes { state submittedAt author { ...actor } commit { oid } }
                }
              }
            }
          }
        }
      }
    }
  }
}
${POLICY_FILE}${ACTOR}`;

/** Names the lists of a pull request that may be long. */
export type LongList = "reviews" | "commits" | "timelineItems" | "labels";

/** Returns the query for more of one long list of a pull request. */
export function moreQuery(list: LongList, portion: Portion): string {
  const { page } = portion;
  const fields: Readonly<Record<LongList, readonly [field: string, fragments: string]>> = {
    reviews: [`more: reviews(first: ${page}, after: $after) { ...reviews }`, REVIEWS + ACTOR],
    commits: [
      `more: commits(first: ${page}, after: $after) { ...commits }`,
      COMMITS + commitFragment(portion),
    ],
    timelineItems: [
      `more: timelineItems(first: ${page}, after: $after, ${TIMELINE_ITEMS}) { ...timeline }`,
      TIMELINE + ACTOR,
    ],
    labels: [`more: labels(first: ${page}, after: $after) { ...labels }`, LABELS],
  };
  const [field, fragments] = fields[list];
  return `
query More($owner: String!, $name: String!, $number: Int!, $after: String!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ${field} } }
}
${fragments}`;
}

/** Returns the query for the checks and statuses of one commit. */
export function checksQuery({ page }: Portion): string {
  return `
query Checks($owner: String!, $name: String!, $sha: GitObjectID!, $after: String) {
  repository(owner: $owner, name: $name) {
    object(oid: $sha) {
      ... on Commit { statusCheckRollup { contexts(first: ${page}, after: $after) { ...checks } } }
    }
  }
}
${CHECKS}`;
}

const LANDED = `
fragment landed on PullRequest { number state merged baseRefName headRefOid mergeCommit { oid } }`;

/**
 * Returns the query for what one update of a branch introduced. It has the commit it ended on, and the pull requests its commits
 * came from.
 */
export function changeQuery(portion: Portion): string {
  const { page } = portion;
  return `
query Change(
  $owner: String!
  $name: String!
  $sha: GitObjectID!
  $workflows: String!
  $workflowsBefore: String!
  $submodules: String!
  $attributes: String!
) {
  repository(owner: $owner, name: $name) {
    workflows: object(expression: $workflows) { oid }
    workflowsBefore: object(expression: $workflowsBefore) { oid }
    submodules: object(expression: $submodules) { oid }
    attributes: object(expression: $attributes) { ... on Blob { text } }
    object(oid: $sha) {
      ... on Commit {
        tree { oid }
        messageHeadline
        committedViaWeb
        parents(first: ${upTo(portion, 10)}) { totalCount nodes { oid } }
        statusCheckRollup { contexts(first: ${page}) { ...checks } }
        history(first: ${page}) {
          pageInfo { hasNextPage }
          nodes { oid associatedPullRequests(first: ${upTo(portion, 10)}) { pageInfo { hasNextPage } nodes { ...landed } } }
        }
      }
    }
  }
}
${LANDED}${CHECKS}`;
}

/** Requests what one update introduced, as {@link changeQuery} does first. */
export const CHANGE_QUERY = changeQuery(WHOLE);

/** Returns the query for the trees and first parents of so many commits (`$sha0`, ...). */
export function treesQuery(count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const variables = numbers.map((index) => `$sha${index}: GitObjectID!`).join(", ");
  const commits = numbers.map((index) => `commit${index}: object(oid: $sha${index}) { ...tree }`);
  return `
query Trees($owner: String!, $name: String!, ${variables}) {
  repository(owner: $owner, name: $name) {
    ${commits.join("\n    ")}
  }
}
fragment tree on Commit { tree { oid } parents(first: 10) { totalCount nodes { oid } } }`;
}

/** Returns the query for the open pull requests of a repository. */
export function openPullsQuery({ page }: Portion): string {
  return `
query OpenPulls($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(states: OPEN, first: ${page}, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      pageInfo { hasNextPage endCursor }
      nodes { number headRefOid baseRefName }
    }
  }
}`;
}

const OVERVIEW = `
fragment overview on Repository {
  databaseId
  nameWithOwner
  defaultBranchRef { name target { oid ... on Commit { file(path: "${POLICY_PATH}") { object { ...file } } } } }
  open: pullRequests(states: OPEN, first: 100, orderBy: { field: CREATED_AT, direction: ASC }) {
    pageInfo { hasNextPage endCursor }
    nodes { number headRefOid baseRefName }
  }
  merged: pullRequests(states: MERGED, first: 50, orderBy: { field: UPDATED_AT, direction: DESC }) {
    pageInfo { hasNextPage }
    nodes { number baseRefName mergedAt updatedAt mergeCommit { oid } headRefOid }
  }
  lastPull: pullRequests(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { updatedAt } }
  lastIssue: issues(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { updatedAt } }
  rulesets(first: 100, includeParents: true) { pageInfo { hasNextPage } nodes { databaseId enforcement updatedAt } }
  branchProtectionRules(first: 1) { totalCount }
  environments(first: 100) { pageInfo { hasNextPage } nodes { name } }
  deployments(first: 50, orderBy: { field: CREATED_AT, direction: DESC }) {
    pageInfo { hasNextPage }
    nodes { databaseId environment latestEnvironment originalEnvironment createdAt }
  }
}`;

/** Returns the query for the overviews of so many repositories of one owner (`$name0`, ...), and their organisation's policy file. */
export function overviewQuery(repositories: number): string {
  const indices = Array.from({ length: repositories }, (_, index) => index);
  const named = indices.map(
    (index) =>
      `  repository${index}: repository(owner: $owner, name: $name${index}, followRenames: false) { ...overview }`,
  );
  return `
query Overview($owner: String!, ${indices.map((index) => `$name${index}: String!`).join(", ")}) {
${named.join("\n")}
  ${ORGANIZATION}
}
${OVERVIEW}${POLICY_FILE}`;
}

/** Returns the query for the pull requests merged into a branch, newest change first, and where the branch is. */
export function mergedPullsQuery({ page }: Portion): string {
  return `
query MergedPulls($owner: String!, $name: String!, $branch: String!, $ref: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $ref) { target { oid } }
    pullRequests(
      states: MERGED
      baseRefName: $branch
      first: ${page}
      after: $after
      orderBy: { field: UPDATED_AT, direction: DESC }
    ) {
      pageInfo { hasNextPage endCursor }
      nodes { number mergedAt updatedAt mergeCommit { oid } headRefOid }
    }
  }
}`;
}

/** Requests the open pull requests that hold a commit. */
export const PULLS_WITH_QUERY = `
query PullsWith($owner: String!, $name: String!, $sha: GitObjectID!) {
  repository(owner: $owner, name: $name) {
    object(oid: $sha) {
      ... on Commit {
        associatedPullRequests(first: 100) { pageInfo { hasNextPage } nodes { number state headRefOid baseRefName } }
      }
    }
  }
}`;

/** Requests branches whose names begin alike. */
export const BRANCHES_QUERY = `
query Branches($owner: String!, $name: String!, $prefix: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    refs(refPrefix: $prefix, first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { name target { oid } }
    }
  }
}`;

/** Requests a branch's merge queue, and the checks of one commit in it. */
export const MERGE_GROUP_QUERY = `
query MergeGroup($owner: String!, $name: String!, $branch: String!, $sha: GitObjectID!) {
  repository(owner: $owner, name: $name) {
    mergeQueue(branch: $branch) {
      entries(first: 100) { pageInfo { hasNextPage } nodes { position baseCommit { oid } headCommit { oid } pullRequest { number } } }
    }
    object(oid: $sha) { ... on Commit { statusCheckRollup { contexts(first: 100) { ...checks } } } }
  }
}
${CHECKS}`;

/**
 * Requests a pull request as when it is read alone, with lists so short that many fit in one query; what is longer is read on
 * by {@link moreQuery}.
 */
const LEAN_PULL = pullFragment({ page: 20, signatures: true })
  .replace("userContentEdits(first: 20)", "userContentEdits(first: 10)")
  .replace(/baseRef \{ target \{.*\} \}\n/u, "baseRef { target { oid } }\n");

/** Bounds the pull requests that are requested as one alone is; more only with what is at the beginning of their lists. */
const FEW_PULLS = 10;

/** What the query for many updates names by expressions, of each. */
const EXPRESSIONS = ["at", "file", "workflows", "workflowsBefore", "submodules", "attributes"] as const;

/**
 * Returns the query for what many updates introduced, the policy file before each, and many pull requests, in one. `$shaN` is
 * the commit an update ended on, `$atN` and `$fileN` the commit and file of its policy, `$numberN` a pull request; with `head`
 * the policy file of the branch `$head` too. `windows`: how many commits are read back from each update.
 */
export function batchQuery(windows: readonly number[], pulls: number, head = false): string {
  const numbers = Array.from({ length: pulls }, (_, index) => index);
  const variables = [
    ...windows.map((_, index) =>
      [`$sha${index}: GitObjectID!`, ...EXPRESSIONS.map((name) => `$${name}${index}: String!`)].join(", "),
    ),
    ...numbers.map((index) => `$number${index}: Int!`),
    ...(head ? ["$head: String!", "$headFile: String!"] : []),
  ];
  const fields = [
    ...windows.map(
      (window, index) => `
    change${index}: object(oid: $sha${index}) {
      ... on Commit {
        tree { oid }
        messageHeadline
        committedViaWeb
        parents(first: 10) { totalCount nodes { oid } }
        statusCheckRollup { contexts(first: 100) { ...checks } }
        history(first: ${window}) {
          pageInfo { hasNextPage }
          nodes { oid parents(first: 10) { totalCount nodes { oid } } associatedPullRequests(first: 10) { pageInfo { hasNextPage } nodes { ...landed } } }
        }
      }
    }
    at${index}: object(expression: $at${index}) { oid }
    file${index}: object(expression: $file${index}) { ...file }
    workflows${index}: object(expression: $workflows${index}) { oid }
    workflowsBefore${index}: object(expression: $workflowsBefore${index}) { oid }
    submodules${index}: object(expression: $submodules${index}) { oid }
    attributes${index}: object(expression: $attributes${index}) { ... on Blob { text } }`,
    ),
    ...numbers.map(
      (index) => `
    pull${index}: pullRequest(number: $number${index}) { ...pull }`,
    ),
    ...(head
      ? ["\n    at: object(expression: $head) { oid }\n    file: object(expression: $headFile) { ...file }"]
      : []),
  ];
  const fragment = pulls > FEW_PULLS ? LEAN_PULL : pullFragment(WHOLE);
  const ofPulls =
    pulls === 0 ? "" : `${fragment}${LABELS}${REVIEWS}${COMMITS}${TIMELINE}${commitFragment(WHOLE)}${ACTOR}`;
  return `
query Batch($owner: String!, $name: String!, ${variables.join(", ")}) {
  repository(owner: $owner, name: $name) {
    nameWithOwner${fields.join("")}
  }
  ${ORGANIZATION}
}
${ofPulls}${windows.length === 0 ? "" : LANDED}${CHECKS}${POLICY_FILE}`;
}

/** Returns the query for whether pull requests (`$number0`, ...) with their reviews, and commits (`$sha0`, ...), still exist. */
export function stillThereQuery(pulls: number, commits: number): string {
  const numbers = Array.from({ length: pulls }, (_, index) => index);
  const shas = Array.from({ length: commits }, (_, index) => index);
  const variables = [
    ...numbers.map((index) => `$number${index}: Int!`),
    ...shas.map((index) => `$sha${index}: GitObjectID!`),
  ];
  const fields = [
    ...numbers.map(
      (index) => `
    pull${index}: pullRequest(number: $number${index}) {
      number
      reviews(first: 100) {
        pageInfo { hasNextPage endCursor }
        nodes { databaseId fullDatabaseId author { login } }
      }
    }`,
    ),
    ...shas.map((index) => `\n    commit${index}: object(oid: $sha${index}) { oid }`),
  ];
  return `
query StillThere($owner: String!, $name: String!, ${variables.join(", ")}) {
  repository(owner: $owner, name: $name) {${fields.join("")}
  }
}`;
}

/** Returns the query for the contents at so many paths (`$path0`, ...) of four commits. */
export function contentsQuery(count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const commits = ["a", "b", "c", "d"] as const;
  const files = numbers.map((index) => `file${index}: file(path: $path${index}) { oid mode }`).join(" ");
  const variables = [
    ...commits.map((each) => `$${each}: GitObjectID!`),
    ...numbers.map((index) => `$path${index}: String!`),
  ];
  return `
query Contents($owner: String!, $name: String!, ${variables.join(", ")}) {
  repository(owner: $owner, name: $name) {
    ${commits.map((each) => `${each}: object(oid: $${each}) { ... on Commit { ${files} } }`).join("\n    ")}
  }
}`;
}

/** Returns the query for which of so many paths (`$path0`, ...) the commit `$head` holds something at. */
export function pathsQuery(count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const files = numbers.map((index) => `file${index}: file(path: $path${index}) { oid }`).join(" ");
  const variables = ["$head: GitObjectID!", ...numbers.map((index) => `$path${index}: String!`)];
  return `
query PathsHeld($owner: String!, $name: String!, ${variables.join(", ")}) {
  repository(owner: $owner, name: $name) { object(oid: $head) { ... on Commit { ${files} } } }
}`;
}

/** Returns the query for so many commits (`$sha0`, ...), as a pull request lists its own. */
export function commitsQuery(count: number): string {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const variables = numbers.map((index) => `$sha${index}: GitObjectID!`).join(", ");
  const commits = numbers
    .map((index) => `commit${index}: object(oid: $sha${index}) { ...commit }`)
    .join("\n    ");
  return `
query Commits($owner: String!, $name: String!, ${variables}) {
  repository(owner: $owner, name: $name) {
    ${commits}
  }
}
${commitFragment(WHOLE)}`;
}
