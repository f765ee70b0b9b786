/** Judges a history of the small world by the code and by the model, and fails where they differ. */

import { expect } from "vitest";
import { outcomeOfRequirements, judgeApprovals } from "../../../src/domain/approval/approval.ts";
import type { PullRequest } from "../../../src/domain/change/pull-request.ts";
import { judged, policy } from "../../support/facts.ts";
import { modelled, type Asked, type Said } from "./model.ts";
import { factsOf, landing, type Act, type World } from "./world.ts";

const ASKED: readonly Asked[] = [
  { required: 1, strict: false },
  { required: 2, strict: false },
  { required: 1, strict: true },
];
const POLICIES = ASKED.map(({ required, strict }) =>
  policy({
    independence: strict ? "strict" : "every-commit",
    approvals: [{ required, from: { permission: "write" } }],
  }),
);

/** How many histories were judged, and what was said of them. */
export interface Tally {
  histories: number;
  readonly said: Record<Said, number>;
}

function shownOf(pull: PullRequest, index: number, at: number): Said {
  const under = POLICIES[index]!;
  if (pull.merged !== null) {
    const { verdict } = judged({ moment: "landed", change: landing(pull) }, under, at);
    return verdict === "compliant" || verdict === "unverifiable" ? verdict : "held";
  }
  const judgement = judgeApprovals(pull, under, at);
  if (judgement.vetoes.length > 0) return "held";
  const outcome = outcomeOfRequirements(judgement);
  return outcome === "met" ? "compliant" : outcome === "unknown" ? "unverifiable" : "held";
}

/** Judges one history by the code and by the model. */
export function compare(world: World, acts: readonly Act[], tally: Tally): void {
  const { pull } = factsOf(world);
  tally.histories += 1;
  for (const [index, asked] of ASKED.entries()) {
    const model = modelled(world.author, acts, asked);
    const code = shownOf(pull, index, world.at);
    tally.said[code] += 1;
    if (code === model) continue;
    const history = acts.map((act) => JSON.stringify(act)).join("\n");
    expect.fail(
      `${world.author} opened it, then\n${history}\nof ${JSON.stringify(asked)}: ${code}, not ${model}`,
    );
  }
}

/** Judges one history without comparing its commits: nothing counts then that would not count with it. */
export function judgeUncompared(world: World, acts: readonly Act[]): Said {
  const { pull } = factsOf(world, true);
  const all = ASKED.map((asked, index): Said => {
    const code = shownOf(pull, index, world.at);
    if (code === "compliant") expect(modelled(world.author, acts, asked), JSON.stringify(acts)).toBe(code);
    return code;
  });
  return all[0]!;
}

/** Starts a tally. */
export function noTally(): Tally {
  return { histories: 0, said: { compliant: 0, unverifiable: 0, held: 0 } };
}
