/** Where the policy file lives, in a repository and in the organisation's `.github` repository alike. */
export const POLICY_PATH = ".github/countersign.yml";

/** The repository whose policy file is the organisation's minimum. */
export const ORGANIZATION_REPOSITORY = ".github";
