import { LRUCache } from "lru-cache";

/** The REST operations the double serves, as GitHub's OpenAPI names them; the pruned schema holds exactly these. */
export const OPERATIONS = [
  "GET /meta",
  "GET /rate_limit",
  "POST /app-manifests/{code}/conversions",
  "GET /app",
  "GET /app/installations",
  "GET /app/installations/{installation_id}",
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /app/hook/config",
  "GET /app/hook/deliveries",
  "GET /app/hook/deliveries/{delivery_id}",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "GET /installation/repositories",
  "DELETE /applications/{client_id}/token",
  "GET /user",
  "GET /user/installations",
  "GET /user/installations/{installation_id}/repositories",
  "GET /users/{username}",
  "GET /user/{account_id}",
  "GET /orgs/{org}",
  "GET /orgs/{org}/installation",
  "GET /users/{username}/installation",
  "GET /orgs/{org}/repos",
  "GET /orgs/{org}/members",
  "GET /orgs/{org}/members/{username}",
  "GET /orgs/{org}/memberships/{username}",
  "GET /orgs/{org}/teams",
  "GET /orgs/{org}/teams/{team_slug}",
  "GET /orgs/{org}/teams/{team_slug}/members",
  "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
  "GET /orgs/{org}/teams/{team_slug}/repos",
  "GET /orgs/{org}/rulesets",
  "POST /orgs/{org}/rulesets",
  "GET /orgs/{org}/rulesets/{ruleset_id}",
  "GET /repos/{owner}/{repo}",
  "GET /repos/{owner}/{repo}/installation",
  "GET /repos/{owner}/{repo}/activity",
  "GET /repos/{owner}/{repo}/branches",
  "GET /repos/{owner}/{repo}/branches/{branch}",
  "GET /repos/{owner}/{repo}/branches/{branch}/protection",
  "GET /repos/{owner}/{repo}/codeowners/errors",
  "GET /repos/{owner}/{repo}/collaborators",
  "GET /repos/{owner}/{repo}/collaborators/{username}",
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
  "GET /repos/{owner}/{repo}/commits",
  "GET /repos/{owner}/{repo}/commits/{ref}",
  "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
  "GET /repos/{owner}/{repo}/commits/{ref}/check-suites",
  "GET /repos/{owner}/{repo}/commits/{ref}/status",
  "GET /repos/{owner}/{repo}/commits/{ref}/statuses",
  "GET /repos/{owner}/{repo}/compare/{basehead}",
  "GET /repos/{owner}/{repo}/contents/{path}",
  "GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
  "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
  "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
  "GET /repos/{owner}/{repo}/git/ref/{ref}",
  "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
  "GET /repos/{owner}/{repo}/keys",
  "GET /repos/{owner}/{repo}/tags",
  "GET /repos/{owner}/{repo}/teams",
  "GET /repos/{owner}/{repo}/pulls",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}",
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
  "GET /repos/{owner}/{repo}/issues",
  "POST /repos/{owner}/{repo}/issues",
  "GET /repos/{owner}/{repo}/issues/{issue_number}",
  "PATCH /repos/{owner}/{repo}/issues/{issue_number}",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "GET /repos/{owner}/{repo}/issues/comments",
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/labels",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
  "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
  "GET /repos/{owner}/{repo}/labels",
  "POST /repos/{owner}/{repo}/check-runs",
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}",
  "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
  "GET /repos/{owner}/{repo}/check-suites/{check_suite_id}",
  "POST /repos/{owner}/{repo}/statuses/{sha}",
  "GET /repos/{owner}/{repo}/deployments",
  "GET /repos/{owner}/{repo}/deployments/{deployment_id}",
  "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
  "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
  "GET /repos/{owner}/{repo}/environments",
  "GET /repos/{owner}/{repo}/environments/{environment_name}",
  "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules",
  "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule",
  "GET /repos/{owner}/{repo}/actions/runs",
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}",
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals",
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
  "GET /repos/{owner}/{repo}/actions/jobs/{job_id}",
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments",
  "GET /repos/{owner}/{repo}/rules/branches/{branch}",
  "GET /repos/{owner}/{repo}/rulesets",
  "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}",
] as const;

/** `METHOD /path/{with}/{names}`. */
export type OperationName = (typeof OPERATIONS)[number];

/** An operation found for a request, and what its path names, decoded. */
export interface Found {
  readonly name: OperationName;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly name: OperationName;
  readonly line: RegExp;
  readonly names: readonly string[];
  readonly literals: number;
}

/** Parameters that may hold unescaped slashes: paths, refs, branch names. */
const GREEDY = new Set(["ref", "branch", "basehead"]);

// The more literal segments win, as on GitHub: `/issues/comments` is no issue number.
const PATTERNS = OPERATIONS.map(pattern).sort((a, b) => b.literals - a.literals);

function pattern(name: OperationName): Pattern {
  const names: string[] = [];
  const source = name.replace("/{path}", "(?:/(.*))?").replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
    names.push(parameter);
    return GREEDY.has(parameter) ? "(.+?)" : "([^/]+)";
  });
  if (name.endsWith("/{path}")) names.push("path");
  const literals = name.split("/").filter((segment) => !segment.includes("{")).length;
  return { name, line: new RegExp(`^${source}$`), names, literals };
}

/** What was found for the paths asked for last: the same few are asked for over and over. */
const foundLately = new LRUCache<string, { readonly found?: Found }>({ max: 1_000, memoMethod: find });

/** The operation a request asks for; `path` is without `/api/v3`. Undefined when the double serves none. */
export function findOperation(method: string, path: string): Found | undefined {
  return foundLately.memo(`${method} ${path}`).found;
}

function find(line: string): { readonly found?: Found } {
  for (const { name, line: pattern, names } of PATTERNS) {
    const match = pattern.exec(line);
    if (match === null) continue;
    const values = names.map((key, index) => [key, decodeSafely(match[index + 1] ?? "")]);
    return { found: { name, params: Object.fromEntries(values) } };
  }
  return {};
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
