/** Ten stories that between them touch every room: gate, watch, queue, deployments, webhooks gone wrong. */

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { story } from "../support/scenarios.ts";

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

/** The first `count` of them. */
export function representative(count: number): readonly Scenario[] {
  return FILES.slice(0, count).map(story);
}
