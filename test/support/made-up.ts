/** Stories made up: what people may want in an order drawn by a seed, as steps that GitHub takes whatever the App does. */

import * as fc from "fast-check";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { readStory } from "./scenarios.ts";

/** The harness of every story made up; only observed, so that what GitHub lets happen does not hang on what the App has heard of. */
export const MADE_UP = readStory(
  `name: a story made up
policy: { mode: observe, approval: { required: 1 }, production: { branches: [main, "release/**"] } }
people: { ann: { permission: admin }, bob: { permission: write }, cat: { permission: write } }
story: []
`,
  "laws",
);

/** The same, enforced: what is merged all the same goes round the gate. */
export const ENFORCED = readStory(
  `name: a story made up and enforced
policy: { mode: enforce, approval: { required: 1 }, production: { branches: [main, "release/**"] } }
people: { ann: { permission: admin }, bob: { permission: write }, cat: { permission: write } }
story: []
`,
  "laws",
);

const KINDS = [
  ["open", 5],
  ["review", 10],
  ["push", 4],
  ["force-push", 2],
  ["update-branch", 2],
  ["dismiss-review", 1],
  ["retarget", 2],
  ["merge", 9],
  ["enqueue", 3],
  ["merge-by-hand", 2],
  ["push-to-production", 3],
  ["force-push-production", 2],
  ["create-release", 2],
  ["delete-release", 2],
  ["deploy", 3],
] as const;

/** One thing somebody may want; what it comes to depends on what there is when its turn comes. */
export interface Intent {
  readonly kind: (typeof KINDS)[number][0];
  readonly by: string;
  /** Picks one of those there are. */
  readonly which: number;
  readonly choice: number;
}

/** Draws one. */
export const INTENT: fc.Arbitrary<Intent> = fc.record({
  kind: fc.oneof(...KINDS.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
  by: fc.constantFrom("ann", "bob", "cat"),
  which: fc.nat({ max: 11 }),
  choice: fc.nat({ max: 5 }),
});

interface Open {
  readonly pull: number;
  readonly author: string;
  readonly branch: string;
  base: string;
  readonly reviewers: Set<string>;
}

/** The steps GitHub takes for what is wanted, whatever the App does; what is impossible where it comes is left out. */
export function stepsOf(intents: readonly Intent[], withQueue: boolean): readonly DoStep[] {
  const open: Open[] = [];
  const releases: string[] = [];
  const steps: DoStep[] = [];
  let opened = 0;
  let cut = 0;
  for (const [index, { kind, by, which, choice }] of intents.entries()) {
    const files = { [`src/${index}.ts`]: `${index}` };
    const at = open.length === 0 ? -1 : which % open.length;
    const one = open[at];
    const bases = ["main", ...releases];
    const base = bases[choice % bases.length] ?? "main";
    const openOne = (): void => {
      opened += 1;
      const branch = `feature-${opened}`;
      open.push({ pull: opened, author: by, branch, base, reviewers: new Set() });
      steps.push({ do: "open-pull-request", by, pull: opened, branch, base, files });
    };
    switch (kind) {
      case "open":
        openOne();
        break;
      case "push-to-production":
        steps.push({ do: "push", by: "ann", branch: base, files, bypass: true });
        break;
      case "force-push-production":
        steps.push({ do: "force-push", by: "ann", branch: base, to: `${base}~1`, files, bypass: true });
        break;
      case "create-release":
        cut += 1;
        releases.push(`release/${cut}`);
        steps.push({
          do: "create-branch",
          by: "ann",
          branch: `release/${cut}`,
          from: "main",
          ...(choice === 0 ? { files } : {}),
          bypass: true,
        });
        break;
      case "delete-release": {
        const gone = releases[which % Math.max(releases.length, 1)];
        // GitHub closes what was based on it; leave that out of what can still be done.
        if (gone === undefined || open.some((each) => each.base === gone)) break;
        releases.splice(releases.indexOf(gone), 1);
        steps.push({ do: "delete-branch", by: "ann", branch: gone, bypass: true });
        break;
      }
      case "deploy":
        steps.push({ do: "deploy", by, environment: "production", commit: base });
        break;
      default: {
        if (one === undefined) {
          openOne();
          break;
        }
        const wanted = kind === "enqueue" && !withQueue ? "merge" : kind;
        const isOver = actOn(one, { kind: wanted, by, choice, files, base }, steps);
        if (isOver) open.splice(at, 1);
      }
    }
  }
  return steps;
}

/** What happens to one pull request; answers whether it is over then. */
function actOn(
  one: Open,
  {
    kind,
    by,
    choice,
    files,
    base,
  }: Pick<Intent, "kind" | "by" | "choice"> & {
    readonly files: Readonly<Record<string, string>>;
    readonly base: string;
  },
  steps: DoStep[],
): boolean {
  const { pull } = one;
  switch (kind) {
    case "review": {
      const state = (["approved", "approved", "approved", "changes-requested", "commented"] as const)[choice];
      if (state === undefined || (one.author === by && state !== "commented")) return false;
      if (state !== "commented") one.reviewers.add(by);
      steps.push({ do: "review", by, pull, state, body: "seen" });
      return false;
    }
    case "push":
      steps.push({ do: "push", by, pull, files: choice < 2 ? { "src/flip.ts": `${choice}` } : files });
      return false;
    case "force-push":
      steps.push({ do: "force-push", by, pull, files });
      return false;
    case "update-branch":
      steps.push({ do: "update-branch", by, pull });
      return false;
    case "dismiss-review": {
      const [of] = one.reviewers;
      if (of === undefined) return false;
      one.reviewers.delete(of);
      steps.push({ do: "dismiss-review", by: "ann", pull, of });
      return false;
    }
    case "retarget":
      if (base === one.base) return false;
      one.base = base;
      steps.push({ do: "retarget", by: "ann", pull, base });
      return false;
    case "enqueue":
      if (one.base !== "main") {
        steps.push({ do: "merge", by: "ann", pull, method: "squash", bypass: true });
        return true;
      }
      steps.push({ do: "enqueue", by: "ann", pull, bypass: true });
      return true;
    case "merge-by-hand":
      steps.push({ do: "merge-locally-and-push", by: "ann", pulls: [pull], branch: one.base, bypass: true });
      return true;
    default: {
      const method = (["merge", "squash", "rebase"] as const)[choice % 3] ?? "merge";
      steps.push({ do: "merge", by: "ann", pull, method, bypass: true });
      return true;
    }
  }
}
