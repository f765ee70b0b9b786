/** Names the policy file's path, in a repository and in the organisation's `.github` repository alike. */
export const POLICY_PATH = ".github/countersign.yml";

/** Names the repository whose policy file is the organisation's minimum. */
export const ORGANIZATION_REPOSITORY = ".github";
