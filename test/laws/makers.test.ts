/**
 * The law of makers: whoever may have made something of what a pull request changes does not approve it alone, under any sequence of
 * pushes, forced pushes, rebases, squashes, merges, updates by a bot, cherry-picks and stacks, in any order and by anybody. The model
 * is written apart from the code.
 */

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { endOnFailure, rounds } from "../support/effort.ts";
import { compare, judgeUncompared, noTally } from "./small-world/compare.ts";
import { acted, opened, type Act, type Who } from "./small-world/world.ts";

const PEOPLE = ["ann", "bob", "cat"] as const;
const who: fc.Arbitrary<Who> = fc.constantFrom(...PEOPLE, "bot");
const person: fc.Arbitrary<Who> = fc.constantFrom(...PEOPLE);
const file = fc.constantFrom("x", "y");

/** One of everything that somebody may do; twice as often what moves the work of one to another. */
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant("push"), by: who, as: who, file, how: fc.constantFrom("add", "undo") }),
  fc.record({ do: fc.constant("force"), by: who, file }),
  fc.record({ do: fc.constantFrom("squash", "rebase"), by: who }),
  fc.record({ do: fc.constant("empty"), by: who }),
  fc.record({ do: fc.constant("update"), by: who, how: fc.constantFrom("clean", "ours") }),
  fc.record({ do: fc.constant("pick"), by: who, of: person, as: who, file }),
  fc.record({
    do: fc.constant("stack"),
    by: who,
    of: who,
    as: who,
    file,
    how: fc.constantFrom("squash", "merge"),
  }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("approve"), by: person }) },
  fc.record({ do: fc.constant("request"), by: person }),
  fc.record({ do: fc.constant("dismiss"), of: person }),
  fc.record({ do: fc.constantFrom("retarget", "rename") }),
);

test("nobody approves alone what they may have made", () => {
  const tally = noTally();
  const uncompared = new Set<string>();
  const began = performance.now();
  fc.assert(
    fc.property(
      fc.constantFrom<Who>("ann", "bot"),
      fc.array(act, { minLength: 1, maxLength: 9 }),
      person,
      fc.boolean(),
      (opener, acts, last, isMerged) => {
        let world = opened(opener);
        const done: Act[] = [];
        // Somebody always approves at the end: of what nobody approved there is nothing to tell.
        const end: readonly Act[] = [
          { do: "approve", by: last },
          ...(isMerged ? [{ do: "merge" } as const] : []),
        ];
        for (const each of [...acts, ...end]) {
          const next = acted(world, each);
          if (next === null) continue;
          world = next;
          done.push(each);
        }
        compare(world, done, tally);
        uncompared.add(judgeUncompared(world, done));
      },
    ),
    { numRuns: rounds(250, 100_000), endOnFailure },
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`makers: ${tally.histories} histories in ${seconds} s, ${JSON.stringify(tally.said)}`);
  const reached = Object.entries(tally.said).flatMap(([said, count]) => (count > 0 ? [said] : []));
  expect(reached).toEqual(["compliant", "unverifiable", "held"]);
  expect(uncompared.has("compliant")).toBe(true);
});
