/** Law 14 on SQLite, and that the long stories have every place that writes. */

import { expect, test } from "vitest";

import { isNode, nodesOf, sourcesIn, type Source } from "../../house/syntax.ts";
import { LONG, testFailedWrites, undisturbedPlay } from "./plays.ts";

testFailedWrites("sqlite");

/** The writes that are in no long story, by the functions they are in, and why nothing can be lost after one. */
const NOT_IN_A_STORY: Readonly<Record<string, readonly string[]>> = {
  "it stores only what is to be done: no state by which anything is chosen": [
    "changes/assess-pull-request.ts assessPull",
    "changes/assess-pull-request.ts assessPull",
    "changes/assess-pull-request.ts unshownGroup",
    "deviations/keep-deviations.ts keepIssue",
    "jobs/lane.ts rejudgeOrganization",
    "jobs/notifications.ts askForSummary",
    "jobs/notifications.ts summarise",
    "monitoring/protection.ts readOrganization",
    "monitoring/weekly-digest.ts sendDigest",
    "repositories/baseline.ts recordBaselineReport",
  ],
  "nothing that follows is chosen by what it stores": [
    "completeness/backfill-deployments.ts noteRefused",
    "completeness/unrecorded-merges.ts findUnnamed",
    "deviations/enter-deviation.ts commandAtTerminal",
    "deviations/from-page.ts attempted",
    "deviations/keep-deviations.ts askForWaiting",
    "facts/cited-sources.ts record",
    "monitoring/monthly-reviews.ts signOffFromPage",
    "policy/moved-repositories.ts recordLaxerMatches",
    "records/coverage-gaps.ts recordDowntime",
    "repositories/own-checks.ts notesOf",
    "repositories/repositories.ts recordBackfill",
  ],
  "what follows is chosen by what GitHub shows or sent, whatever is recorded": [
    "changes/follow-branch.ts followToItsEnd",
    "changes/follow-branch.ts noticeMissing",
    "changes/follow-branch.ts recordUpdate",
    "deployments/from-tag.ts assessTags",
    "jobs/sweep.ts noteLate",
    "policy/code-owner-names.ts ownerNames",
    "repositories/blind-spots.ts noteWebhookAddress",
    "repositories/environments.ts noticeEnvironments",
    "repositories/repositories.ts recordLifecycle",
    "repositories/repositories.ts recordLifecycle",
    "repositories/repositories.ts recordScope",
    "reviews/reassess.ts groupDeviations",
  ],
};

test(
  "each place of the flows that writes does so in one of the long stories, or is known not to",
  { tags: ["long"] },
  async () => {
    const reached = new Set<string>();
    for (const each of LONG) {
      const { places } = await undisturbedPlay(each);
      for (const place of places) reached.add(place);
    }
    const sources = sourcesIn("src/flows").filter(({ path }) => path !== "src/flows/context/repo.ts");
    const left = sources.flatMap(placesThatWrite).filter(({ at }) => !reached.has(at));
    expect(left.map(({ of }) => of).toSorted()).toEqual(Object.values(NOT_IN_A_STORY).flat().toSorted());
  },
);

const WRITES = new Set(["commit", "record", "recordIf", "recordForm"]);

/** GitHub has commits of its own. */
function isOfGitHub(callee: unknown): boolean {
  const of = isNode(callee) && isNode(callee["object"]) ? callee["object"]["property"] : null;
  return isNode(of) && of["value"] === "github";
}

/** Returns the calls that write: `at`, as a stack names it, and `of`, the function it is in. */
function placesThatWrite(source: Source): readonly { readonly at: string; readonly of: string }[] {
  return source.items.flatMap((item) => {
    const declared = isNode(item["declaration"]) ? item["declaration"] : item;
    const name = isNode(declared["identifier"]) ? String(declared["identifier"]["value"]) : "";
    return [...nodesOf(declared)].flatMap(({ type, callee }) => {
      const called = type === "CallExpression" && isNode(callee) ? callee["property"] : null;
      if (!isNode(called) || !WRITES.has(String(called["value"])) || isOfGitHub(callee)) return [];
      const line = source.before(called).split("\n").length;
      return [{ at: `${source.path}:${line}`, of: `${source.path.slice("src/flows/".length)} ${name}` }];
    });
  });
}
