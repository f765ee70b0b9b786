/** Ten stories that between them touch every room: gate, watch, queue, deployments, webhooks gone wrong. */

import type { Scenario } from "../../src/cli/scenario/format.ts";
import { scenarios } from "../support/scenarios.ts";

const FILES = [
  "approved-then-squashed",
  "queue-good",
  "deployment-of-deviation",
  "direct-push",
  "lost-webhooks",
  "deviation-issue-elsewhere",
  "force-push-main",
  "team-required",
  "rerun-button",
  "two-repositories",
];

/** The first `count` of them. Throws when one is gone. */
export function representative(count: number = FILES.length): readonly Scenario[] {
  const all = scenarios();
  return FILES.slice(0, count).map((file) => {
    const found = all.find((scenario) => scenario.source.endsWith(`/${file}.yaml`));
    if (found === undefined) throw new Error(`the story ${file} is gone`);
    return found;
  });
}
