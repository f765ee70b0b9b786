/** The wall of freshness: every reading of GitHub is held against what webhooks told, or it is said here why it need not be. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { facts } from "../../src/github/facts.ts";

const ROOM = new URL("../../src/github/", import.meta.url);

/** Why a reading may be taken as it comes. */
const AS_IT_COMES: Readonly<Record<string, readonly string[]>> = {
  "it is about commits by their SHAs, which never change": [
    "compareCommits",
    "compareFiles",
    "isOnBranch",
    "isSamePatch",
    "proveSameContent",
    "proveShipped",
    "listGitLine",
    "readOwners",
    "readCommit",
    "readEarlier",
    "readTouched",
    "readPushedCommits",
    "readPushedWork",
    "readCommitWork",
    "readMakers",
    "readStillThere",
    "digestOf",
    "mergePushes",
  ],
  "whoever asks holds it against what was observed, and asks again": [
    "readChange",
    "readRefUpdates",
    "readPushes",
    "readPushers",
    "readPolicyHistory",
    "readMergeGroup",
    "listMergedPulls",
    "listDeletedBranches",
    "readFiles",
    "readDeployKeys",
    "readPushesBy",
    "listMergedInto",
    "readChecks",
    "runBehind",
  ],
  "it is what the App itself wrote, held against the log; that something is missing is concluded ten minutes later":
    ["listHeadComments", "listHeadIssues"],
  "it only finds what is then read by itself; what it leaves out the webhook or the sweep brings": [
    "identifyPull",
    "Overviews",
    "listBranches",
    "listInstallations",
    "listOpenPulls",
    "listOwned",
    "listRepositories",
    "pullsWithHead",
    "readListed",
    "listComments",
    "listDeployments",
    "listSucceededRuns",
    "listTags",
    "listWaitingJobs",
    "deploymentOfJob",
  ],
  "it only names people, or says that too few are left": [
    "readCandidates",
    "readHolders",
    "organizationMembers",
    "readAccount",
    "readTeamId",
    "readTeamNames",
  ],
  "it is asked again at each event and each sweep, and only ever recorded as of then": [
    "readEnvironments",
    "readPeople",
    "readProtection",
    "readDeployment",
    "readEnvironment",
    "readApprovals",
    "readRun",
    "readInstallation",
    "readRepository",
    "missingPermissions",
  ],
  "it asks nothing: it is what answers are held against": [
    "Losses",
    "behind",
    "isReportedGone",
    "movesIn",
    "peopleBehind",
    "unshownChecks",
  ],
  "it is asked anew within five minutes, and decides only what pages show": ["readTeamMembers"],
  "it is about the App itself": [
    "readDelivery",
    "readDeliveryLog",
    "hasServedBefore",
    "requestRedelivery",
    "readWebhookConfig",
    "withoutIt",
    "ReadAhead",
  ],
};

describe("what is read of GitHub", () => {
  const source = readFileSync(new URL("facts.ts", ROOM), "utf8");
  const modules = new Map(
    [...source.matchAll(/import \{([^}]+)\} from "\.\/([^"]+)"/gu)].flatMap(([, names = "", file = ""]) =>
      names
        .split(",")
        .map((name) => name.trim().split(" as ")[0] ?? "")
        .filter((name) => name !== "")
        .map((name) => [name, file] as const),
    ),
  );

  test("is held against what webhooks told, or is said to need no witness", () => {
    const excused = new Set(Object.values(AS_IT_COMES).flat());
    const around = Object.keys(facts).filter((name) => {
      const file = modules.get(name);
      const isHeld =
        file !== undefined && readFileSync(new URL(file, ROOM), "utf8").includes('freshness/freshness.ts"');
      return !isHeld && !excused.has(name);
    });
    expect(around).toEqual([]);
  });

  test("has no excuse for what is not read any more", () => {
    const gone = Object.values(AS_IT_COMES)
      .flat()
      .filter((name) => !Object.hasOwn(facts, name));
    expect(gone).toEqual([]);
  });

  test("is asked for a pull request, its policies and people's rights in one place each", () => {
    const askers = (text: string): readonly string[] =>
      [
        "pull-requests/pull-request.ts",
        "policy/policy-files.ts",
        "people/permissions.ts",
        "queries/read-ahead.ts",
        "listings/lists.ts",
        "listings/branch-updates.ts",
        "listings/independent-listings.ts",
      ].filter((file) =>
        new RegExp(`query\\([^;]*\\b${text}\\b`, "u").test(readFileSync(new URL(file, ROOM), "utf8")),
      );
    expect(askers("pullRequestQuery")).toEqual(["pull-requests/pull-request.ts"]);
    expect(askers("POLICIES_QUERY")).toEqual(["policy/policy-files.ts"]);
  });
});
