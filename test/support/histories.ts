/** Policies, pull requests and their histories made at random, for the laws: rules, nested requirements, several accounts, co-authors. */

import * as fc from "fast-check";
import type { ChangedFile } from "../../src/domain/change/commit.ts";
import type { Policy, Rule } from "../../src/domain/policy/file/policy.ts";
import type { Requirement, RequirementTree } from "../../src/domain/policy/file/requirement.ts";
import type { When } from "../../src/domain/policy/file/when.ts";
import { ann, bob, carol, dan, person, policy, robot, Story, webFlow } from "./facts.ts";
import type { Actor, Authority } from "../../src/domain/change/people.ts";

/** Ann's second account: the policies made here say so. */
export const annAcme = person(21, "ann-acme");
/** Bob's second account. */
export const bobAcme = person(22, "bob-acme");
/** Somebody who never takes part in what is made here. */
export const eve = person(90, "eve");
/** Everyone who takes part. */
export const PEOPLE = [ann, annAcme, bob, bobAcme, carol, dan] as const;

const who = fc.constantFrom<Actor>(...PEOPLE);
/** Who a commit may say made it; null: nobody GitHub knows. */
export const maker = fc.constantFrom<Actor | null>(...PEOPLE, robot, null);

const leaf: fc.Arbitrary<Requirement> = fc.record({
  required: fc.integer({ min: 0, max: 2 }),
  from: fc.constantFrom(
    { permission: "write" as const },
    { permission: "maintain" as const },
    { teams: ["acme/dba"] },
    { organizations: ["acme"], users: ["Carol"] },
    { users: ["EVE", "bob"] },
  ),
});

function nested<Inner, Outer>(
  inner: fc.Arbitrary<Inner>,
  all: (several: Inner[]) => Outer,
  any: (several: Inner[]) => Outer,
): fc.Arbitrary<Inner | Outer> {
  const several = fc.array(inner, { minLength: 1, maxLength: 2 });
  return fc.oneof(inner, several.map(all), several.map(any));
}

function trees(inner: fc.Arbitrary<RequirementTree>): fc.Arbitrary<RequirementTree> {
  return nested<RequirementTree, RequirementTree>(
    inner,
    (several) => ({ "all-of": several }),
    (several) => ({ "any-of": several }),
  );
}

const tree = trees(trees(leaf));

const condition: fc.Arbitrary<When> = fc.constantFrom<When>(
  { paths: ["db/**"] },
  { "only-paths": ["**/*.md"] },
  { author: { users: ["ann"] } },
  { contributors: { teams: ["acme/dba"] } },
  { "only-contributors": { permission: "write" } },
  { labels: ["urgent"] },
  { size: { commits: "> 2" } },
  { checks: ["scan"] },
  { not: { paths: ["db/**"] } },
  { not: { contributors: { users: ["bob"] } } },
);
const when = nested<When, When>(
  condition,
  (several) => ({ "all-of": several }),
  (several) => ({ "any-of": several }),
);

const IDENTITIES = [
  { person: "Ann", logins: ["ANN", "ann-acme"] },
  { person: "Bob", logins: ["bob", "Bob-Acme"] },
];

/** Policies that enforce; `fixed` is the same in all of them. */
export function policies(fixed: Partial<Policy> = {}): fc.Arbitrary<Policy> {
  const rules: fc.Arbitrary<readonly Rule[]> = fc
    .array(fc.record({ when, approval: tree }), { maxLength: 2 })
    .map((some) => some.map((each, index) => ({ name: `rule ${index}`, ...each })));
  return fc
    .record({
      independence: fc.constantFrom("every-commit" as const, "strict" as const),
      approvals: fc.array(tree, { maxLength: 2 }),
      rules,
    })
    .map((asked) => policy({ ...asked, identities: IDENTITIES, ...fixed }));
}

/** One step of a history. */
export interface Told {
  readonly do: "push" | "force" | "merge-base" | "approve" | "refuse" | "comment" | "dismiss" | "retarget";
  readonly by: Actor;
  readonly authors: readonly (Actor | null)[];
  readonly committer: Actor | null;
  readonly content: number;
  readonly clean: boolean;
  readonly after: number;
}

const step: fc.Arbitrary<Told> = fc.record({
  do: fc.constantFrom(
    ...(["push", "push", "force", "merge-base"] as const),
    ...(["approve", "approve", "approve", "refuse", "comment", "dismiss", "retarget"] as const),
  ),
  by: who,
  authors: fc.uniqueArray(maker, { minLength: 1, maxLength: 3 }),
  committer: fc.constantFrom<Actor | null>(...PEOPLE, webFlow, null),
  content: fc.nat(2),
  clean: fc.boolean(),
  after: fc.constantFrom(0, 60_000),
});

/** What somebody may do. A membership GitHub does not show is `unread`. */
const rights: fc.Arbitrary<Pick<Authority, "permission" | "teams" | "organizations" | "unread">> = fc.record({
  permission: fc.constantFrom(
    "read" as const,
    "write" as const,
    "write" as const,
    "admin" as const,
    "unknown" as const,
  ),
  teams: fc.constantFrom<readonly string[]>([], ["acme/dba"]),
  organizations: fc.constantFrom<readonly string[]>([], ["acme"]),
  unread: fc.constantFrom<readonly string[]>([], [], ["acme/dba"]),
});

function file(path: string, oldPath: string | null = null): ChangedFile {
  return { path, oldPath, status: oldPath === null ? "modified" : "renamed" };
}

const content = fc.record({
  files: fc.record({
    list: fc.subarray([file("src/a.ts"), file("db/1.sql"), file("README.md"), file("b.ts", "db/b.ts")]),
    complete: fc.boolean(),
  }),
  labels: fc.subarray(["urgent", "other"]),
});

/** Pull requests with their histories. Every commit is named anew, so that no push brings back what another had brought. */
export const histories: fc.Arbitrary<Story> = fc
  .record({
    author: fc.constantFrom<Actor>(ann, bob, robot),
    steps: fc.array(step, { maxLength: 7 }),
    rights: fc.array(rights, { minLength: PEOPLE.length + 1, maxLength: PEOPLE.length + 1 }),
    content,
  })
  .map(({ author, steps, rights: held, content: facts }) => {
    const story = tell(author, steps).with(facts);
    for (const [index, actor] of [...PEOPLE, eve].entries()) story.rights(actor, held[index] ?? {});
    return story;
  });

function tell(author: Actor, steps: readonly Told[]): Story {
  const story = new Story(author).push(author, "first", { content: "0" });
  const reviewed = new Set<number>();
  let head = "first";
  for (const [index, { do: what, by, after, ...made }] of steps.entries()) {
    const name = `c${index}`;
    const commit = { authors: made.authors, committer: made.committer, content: String(made.content), after };
    switch (what) {
      case "push":
        story.push(by, name, commit);
        head = name;
        break;
      case "force":
        story.force(by, name, commit);
        head = name;
        break;
      case "merge-base":
        story.push(by, name, { ...commit, parents: [head, `base-${index}`], clean: made.clean });
        head = name;
        break;
      case "approve":
      case "refuse":
      case "comment":
        story.review(
          by,
          ({ approve: "approved", refuse: "changes-requested", comment: "commented" } as const)[what],
          {
            after,
          },
        );
        reviewed.add(by.id);
        break;
      case "dismiss":
        if (reviewed.has(by.id)) story.dismiss(by, dan, { after });
        break;
      case "retarget":
        story.retarget({ after });
    }
  }
  return story;
}
