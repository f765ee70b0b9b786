/** Addresses on GitHub that a page leads to, made of what the package holds. */

/** Describes the addresses of one repository; each is null where the package does not show GitHub's address. */
export interface RepositoryLinks {
  readonly commit: (sha: string) => string | null;
  readonly compare: (before: string, after: string) => string | null;
  readonly run: (id: string, attempt: string) => string | null;
  readonly deployments: (environment: string) => string | null;
}

/** Returns the address of GitHub's pages, given that of its API; null for what is none. */
export function webOf(apiUrl: string): string | null {
  const url = URL.parse(apiUrl);
  if (url === null || !isWeb(apiUrl)) return null;
  const host = url.pathname.startsWith("/api/") ? url.host : url.host.replace(/^api\./u, "");
  return `${url.protocol}//${host}`;
}

/** Returns an address where it leads to a web page, else null: nothing else is ever a link. */
export function webPage(address: string): string | null {
  return isWeb(address) ? address : null;
}

/** Returns the addresses of a repository. `web`: of GitHub's pages. */
export function linksOf(web: string | null, repository: string): RepositoryLinks {
  const to = (...path: readonly string[]): string | null =>
    web === null || !/^[\w.-]+\/[\w.-]+$/u.test(repository)
      ? null
      : [web, repository, ...path.map(encodeURIComponent)].join("/");
  return {
    commit: (sha) => (isCommit(sha) ? to("commit", sha) : null),
    compare: (before, after) =>
      isCommit(before) && isCommit(after) ? to("compare", `${before}...${after}`) : null,
    run: (id, attempt) => to("actions", "runs", id, ...(attempt === "" ? [] : ["attempts", attempt])),
    deployments: (environment) => to("deployments", environment),
  };
}

function isCommit(sha: string): boolean {
  return /^[0-9a-f]{40}$/u.test(sha) && !/^0+$/u.test(sha);
}

function isWeb(address: string): boolean {
  return /^https?:\/\//iu.test(address) && URL.canParse(address);
}
