import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PolicyFile } from "../../src/domain/policy/file/policy.ts";
import { fold, repositoriesIn } from "../../src/domain/policy/fold.ts";
import { fitsLine, lineId, type About, type PinnedLine } from "../../src/domain/policy/file/organisation.ts";
import { START } from "../support/facts.ts";
import { rounds } from "../support/effort.ts";

const NAMES = ["web", "shop", "legacy", "sandbox-a", "sandbox-b", "prod-a"] as const;
const TOPICS = ["sandbox", "payments"] as const;

interface Repository {
  readonly id: number;
  readonly name: string;
  readonly topics: readonly string[];
  readonly owner: "acme" | "other";
  /** As it was when it was first met in acme; null: it never was. */
  readonly met: { readonly name: string; readonly topics: readonly string[]; readonly moved: boolean } | null;
}

interface Line {
  readonly name?: string;
  readonly topic?: string;
  readonly scope?: "out";
  readonly mode?: "observe" | "enforce";
}

const line: fc.Arbitrary<Line> = fc
  .record({
    where: fc.constantFrom<Line>(
      ...NAMES.map((name) => ({ name })),
      { name: "sandbox-*" },
      { name: "prod-*" },
      { name: "*" },
      ...TOPICS.map((topic) => ({ topic })),
    ),
    what: fc.constantFrom<Line>({ scope: "out" }, { mode: "observe" }, { mode: "enforce" }),
  })
  .map(({ where, what }) => ({ ...where, ...what }));

const file = fc
  .record({
    mode: fc.constantFrom("observe" as const, "enforce" as const),
    lines: fc.array(line, { maxLength: 4 }),
  })
  .map(({ mode, lines }): PolicyFile => {
    const repositories = lines.map((each) =>
      each.scope === "out" ? { ...each, reason: "none", owner: "carol" } : each,
    );
    return repositories.length === 0 ? { mode } : { mode, repositories };
  });

type Move =
  | { readonly do: "rename"; readonly of: number; readonly to: string }
  | { readonly do: "topics"; readonly of: number; readonly to: readonly string[] }
  | { readonly do: "transfer"; readonly of: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constant("rename" as const), of: fc.nat(4), to: fc.constantFrom(...NAMES) }),
  fc.record({ do: fc.constant("topics" as const), of: fc.nat(4), to: fc.subarray([...TOPICS]) }),
  fc.record({ do: fc.constant("transfer" as const), of: fc.nat(4) }),
);

/** How much is asked of a repository: nothing, only watched, held back. */
function asked(policy: ReturnType<typeof fold>): number {
  return policy.outOfScope !== undefined ? 0 : policy.mode === "observe" ? 1 : 2;
}

function meet(repository: Repository, moved: boolean): Repository {
  const { name, topics } = repository;
  return repository.met === null ? { ...repository, met: { name, topics, moved } } : repository;
}

/** Does what GitHub would do: a name in use is refused. */
function moved(all: readonly Repository[], step: Move): readonly Repository[] {
  return all.map((each): Repository => {
    if (each.id !== step.of + 1) return each;
    switch (step.do) {
      case "rename":
        return all.some(({ name }) => name === step.to) ? each : { ...each, name: step.to };
      case "topics":
        return { ...each, topics: step.to };
      case "transfer":
        return meet({ ...each, owner: "acme" }, true);
    }
  });
}

test("no rename, transfer or topic makes a repository be asked less than before", { tags: ["long"] }, () => {
  let bites = 0;
  fc.assert(
    fc.property(file, fc.array(move, { minLength: 1, maxLength: 5 }), (org, moves) => {
      const begin = NAMES.slice(0, 5).map((name, index): Repository => {
        const isHere = index < 4;
        const repository = { id: index + 1, name, topics: [], met: null } as const;
        return isHere ? meet({ ...repository, owner: "acme" }, false) : { ...repository, owner: "other" };
      });
      const here = begin.filter(({ owner }) => owner === "acme");
      // By the words of the rule, apart from the code: what fits when the line is first read is meant.
      const pins = repositoriesIn(org).map((each): PinnedLine => {
        const glob = each.name === null ? null : new RegExp(`^${each.name.replace("*", ".*")}$`, "u");
        const fits = ({ name, topics }: Repository): boolean =>
          (glob === null || glob.test(name)) && (each.topic === null || topics.includes(each.topic));
        return {
          entry: lineId(each),
          meant: here.filter(fits).map(({ id }) => id),
          known: here.map(({ id }) => id),
        };
      });
      const judge = ({ id, name, topics, met }: Repository): number => {
        const about: About = { id, name, topics, at: START, pins };
        return asked(
          fold(org, null, { ...about, movedIn: met?.moved === true, metAs: met ?? { name, topics } }),
        );
      };
      // Whoever comes in is asked what every repository is.
      const before = begin.map((each) => (each.owner === "acme" ? judge(each) : asked(fold(org, null))));
      const after = moves.reduce(moved, begin);
      for (const [index, repository] of after.entries()) {
        if (repository.owner !== "acme") continue;
        expect(judge(repository)).toBeGreaterThanOrEqual(before[index] ?? 0);
        const { name, topics } = repository;
        // A stricter line counts at once.
        if (repositoriesIn(org).some((each) => fitsLine(each, { name, topics })))
          expect(judge(repository)).toBeGreaterThanOrEqual(
            asked(fold(org, null, { name, topics, at: START })),
          );
        if (asked(fold(org, null, { name, topics, at: START })) < (before[index] ?? 0)) bites += 1;
      }
    }),
    { numRuns: rounds(2_000, 20_000) },
  );
  // Where names alone decided, it would have been asked less.
  expect(bites).toBeGreaterThan(100);
});

test("a stricter line counts as soon as its name fits", () => {
  const repositories = [
    { name: "legacy", mode: "observe" as const },
    { name: "prod-*", mode: "enforce" as const },
  ];
  const org: PolicyFile = { mode: "observe", repositories };
  const pins = repositoriesIn(org).map((each): PinnedLine => ({
    entry: lineId(each),
    meant: each.name === "legacy" ? [1] : [],
    known: [1],
  }));
  const about = { id: 1, topics: [], at: START, pins, movedIn: false, metAs: { name: "legacy", topics: [] } };
  expect(asked(fold(org, null, { ...about, name: "legacy" }))).toBe(1);
  expect(asked(fold(org, null, { ...about, name: "prod-a" }))).toBe(2);
});
