import { afterEach, expect, test } from "vitest";

import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";

const HOUR = 3_600_000;
const STORY = readStory(
  `name: approvals by members of an organisation
policy: { mode: enforce, approval: { required: 1, from: { organizations: [acme] } } }
people: { ann: { permission: write }, bob: { permission: write } }
story: []
`,
  "names",
);

let stage: InProcessHarness;
afterEach(() => stage.close());

async function act(step: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<void> {
  const done = await stage.double.act(step);
  expect(done).toMatchObject({ unplayable: null, refused: null });
  await stage.double.idle();
  await stage.app.settle();
}

/** Verdict and first reason of the approval, as last said of pull request 1. */
async function gate(): Promise<readonly unknown[]> {
  const ledger = await stage.openLedger();
  try {
    for await (const entry of ledger.states("gate", { everyOrganization: true })) {
      const { assessment } = entry.body;
      const result = assessment.results.find(({ control }) => control === "independently-approved");
      return [assessment.verdict, result?.reasons[0]];
    }
    return [];
  } finally {
    await ledger.close();
  }
}

test.each([
  [false, ["compliant", "bob approved this content"]],
  [true, ["unverifiable", "bob's approval cannot be verified: GitHub did not return the permissions of bob"]],
])(
  "members of an organisation whose name another one took (%s) are not those it meant",
  async (isTaken, said) => {
    stage = await openHarness(STORY, "sqlite");
    const real = stage.github.fetch.bind(stage.github);
    let hasChanged = false;
    stage.github.fetch = async (request) => {
      if (!hasChanged || !new URL(request.url).pathname.endsWith("/users/acme")) return real(request);
      request.headers.delete("if-none-match");
      const account = (await (await real(request)).json()) as object;
      return Response.json({ ...account, id: 987_654 });
    };
    await act({ do: "open-pull-request", by: "ann", pull: 1, branch: "feature", files: { "src/a.ts": "1" } });
    expect((await gate())[0]).toBe("pending");
    hasChanged = isTaken;
    await stage.double.setClock(STORY.start + HOUR);
    await stage.app.advance(STORY.start + HOUR);
    await stage.app.settle();
    await act({ do: "review", by: "bob", pull: 1, state: "approved" });
    expect(await gate()).toEqual(said);
  },
);
