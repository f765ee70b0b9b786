/** The heads of the log on GitHub: how often they are posted, what is noticed of them, and what keeps them from being posted. */

import { afterEach, describe, expect, test } from "vitest";

import { moveTo, untilIdle } from "../../src/cli/scenario/clock.ts";
import { rewrite } from "../../src/cli/scenario/harness/tamper.ts";
import { doctor } from "../../src/cli/doctor/doctor.ts";
import { verifyHeads } from "../../src/cli/log/heads.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { headIn } from "../../src/domain/monitoring/log-heads.ts";
import type { HeadCheckRecord, LogHeadRecord } from "../../src/domain/records/monitoring.ts";
import { knownHeads, lastCheck } from "../../src/flows/monitoring/log-heads.ts";
import { Metrics } from "../../src/metrics.ts";
import { deleteComment, editComment } from "../github/acts/issues.ts";
import type { IssueComment, Repository } from "../github/model.ts";
import { environmentOf } from "../support/app.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGIN = Date.parse("2026-07-06T09:00:00Z");
/** Half an hour after the first head is due. */
const MORNING = Date.parse("2026-07-07T07:00:00Z");

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A story of one merge nobody approved. `policy`: beside the mode. */
function storyWith(policy: string, visibility = "private"): Scenario {
  return readStory(
    `name: heads
policy: { mode: enforce${policy} }
repositories: { change-control: { visibility: ${visibility} } }
people: { ann: { permission: write }, adm: { permission: admin } }
story: []
`,
    "heads",
  );
}

const NOTIFYING = ", notifications: [{ url-secret: SLACK_URL, format: slack, on: [log-disagrees] }]";
const POSTING = `, deviations: { repository: acme/change-control }${NOTIFYING}`;

class World {
  readonly harness: InProcessHarness;
  readonly requests: string[];
  #now = BEGIN;

  constructor(harness: InProcessHarness, requests: string[]) {
    this.harness = harness;
    this.requests = requests;
  }

  /** The repository of the deviations. */
  get place(): Repository {
    const found = this.harness.github.double.world.repository("acme", "change-control")?.repository;
    if (found === undefined) throw new Error("no repository of deviations");
    return found;
  }

  /** Every comment that shows a head, oldest first. */
  get shown(): readonly IssueComment[] {
    return [...this.place.comments.values()].filter(({ body }) => body.includes("countersign-head "));
  }

  async until(at: number): Promise<void> {
    this.#now = await moveTo(this.harness, this.#now, at);
  }

  async act(step: DoStep): Promise<void> {
    expect(await this.harness.double.act(step)).toMatchObject({ refused: null, unplayable: null });
    await untilIdle(this.harness);
  }

  async heads(): Promise<readonly LogHeadRecord[]> {
    const ledger = await this.harness.openLedger();
    try {
      return await knownHeads(ledger, this.place.ownerId);
    } finally {
      await ledger.close();
    }
  }

  async check(): Promise<HeadCheckRecord | null> {
    const ledger = await this.harness.openLedger();
    try {
      return await lastCheck(ledger, this.place.ownerId);
    } finally {
      await ledger.close();
    }
  }

  async found(): Promise<readonly string[]> {
    return ((await this.check())?.findings ?? []).map(({ number, code }) => `${number} ${code}`);
  }

  /** What `log verify --heads` answers. */
  verified(): Promise<{ readonly code: number; readonly said: string }> {
    return this.#answered(verifyHeads);
  }

  /** What `doctor` answers. */
  examined(): Promise<{ readonly code: number; readonly said: string }> {
    return this.#answered(doctor);
  }

  /** The notifications that were sent. */
  get messages(): readonly string[] {
    return this.harness.receiver.messages.map(({ text }) => text);
  }

  async #answered(
    command: typeof verifyHeads | typeof doctor,
  ): Promise<{ readonly code: number; readonly said: string }> {
    const terminal = {
      env: environmentOf(this.harness.where),
      interactive: false,
      print: () => undefined,
      printError: () => undefined,
    };
    const fetch: typeof globalThis.fetch = (input, init) =>
      this.harness.github.fetch(new Request(input, init));
    const { code, lines } = await command(terminal, () => this.#now, fetch);
    return { code, said: lines.join("\n") };
  }
}

async function begun(story: Scenario, kind: "sqlite" | "postgres" = "sqlite"): Promise<World> {
  const requests: string[] = [];
  const harness = await openHarness(story, kind, {
    onRequest: ({ method, url }) => requests.push(`${method} ${new URL(url).pathname}`),
  });
  closing.push(() => harness.close());
  await untilIdle(harness);
  const world = new World(harness, requests);
  await world.act({ do: "push", by: "adm", branch: "main", files: { a: "1" }, bypass: true });
  return world;
}

/** A world on its second morning: a change nobody approved, and one head. */
async function withHead(kind: "sqlite" | "postgres" = "sqlite"): Promise<World> {
  const world = await begun(storyWith(POSTING), kind);
  await world.until(MORNING);
  expect(world.shown).toHaveLength(1);
  return world;
}

/** Such a world, in which somebody edits that head an hour later. */
async function withHeadEdited(edit: (body: string) => string): Promise<World> {
  const world = await withHead();
  const [head] = world.shown;
  const { world: github } = world.harness.github.double;
  await world.until(MORNING + HOUR);
  const writer = { account: github.accountByLogin("adm")! };
  editComment(github, world.place, head!, writer, edit(head!.body));
  await untilIdle(world.harness);
  return world;
}

describe("a head of the log", () => {
  test("is posted once a day, with one write and two reads, and names the one before", async () => {
    const world = await withHead();
    for (let day = 1; day <= 3; day += 1) {
      world.requests.length = 0;
      await world.until(MORNING - 32 * 60_000 + day * DAY);
      const before = world.requests.filter((each) => each.includes("/acme/change-control"));
      world.requests.length = 0;
      await world.until(MORNING - 30 * 60_000 + day * DAY);
      const asked = world.requests.filter((each) => each.includes("/acme/change-control"));
      expect(asked, before.join()).toEqual([
        "GET /api/v3/repos/acme/change-control/issues/1002/comments",
        "GET /api/v3/repos/acme/change-control",
        "POST /api/v3/repos/acme/change-control/issues/1002/comments",
      ]);
    }
    const heads = await world.heads();
    expect(heads.map(({ number, before }) => [number, before?.number])).toEqual([
      [1, undefined],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
    expect(world.shown.map(({ body }) => headIn(body, world.place.ownerId))).toEqual(
      heads.map(({ number, size, hash }) => ({ number, size, hash })),
    );
    expect(await world.found()).toEqual([]);
    expect(await world.verified()).toMatchObject({ code: 0 });
  });

  test(
    "is posted once though the day is begun twice, by a clock that went back",
    { tags: ["long"] },
    async () => {
      const world = await withHead();
      const ledger = await world.harness.openLedger();
      await ledger.close();
      await world.harness.app.kill();
      await world.harness.app.restart(MORNING - 2 * HOUR);
      await world.harness.app.advance(MORNING + HOUR);
      await untilIdle(world.harness);
      expect(world.shown).toHaveLength(1);
    },
  );

  test("is posted on a new issue in a new quarter", { tags: ["long"] }, async () => {
    const world = await withHead();
    await world.until(Date.parse("2026-10-01T07:00:00Z"));
    await world.until(Date.parse("2026-10-02T07:00:00Z"));
    const issues = new Set(world.shown.map(({ number }) => number));
    expect(issues.size).toBe(2);
    expect(await world.found()).toEqual([]);
    expect(await world.verified()).toMatchObject({ code: 0 });
  });

  test("is posted once where GitHub's answer is lost after it was made", { tags: ["long"] }, async () => {
    const world = await begun(storyWith(POSTING));
    const { github } = world.harness;
    const fetch = github.fetch.bind(github);
    let lost = 0;
    github.fetch = async (request) => {
      const isComment = request.method === "POST" && request.url.endsWith("/comments");
      const answer = await fetch(request);
      if (!isComment || lost > 0) return answer;
      lost += 1;
      throw new TypeError("fetch failed");
    };
    await world.until(MORNING);
    await world.until(MORNING + HOUR);
    expect(lost).toBe(1);
    expect(world.shown).toHaveLength(1);
    expect((await world.heads()).map(({ posted }) => posted?.comment)).toEqual([world.shown[0]?.id]);
  });

  test("waits while GitHub is down, and is posted when it is back", async () => {
    const world = await begun(storyWith(POSTING));
    await world.harness.double.setFault("github-fails", { match: "change-control" });
    await world.until(MORNING);
    expect(world.shown).toEqual([]);
    await world.harness.double.setFault("recover");
    await world.until(MORNING + HOUR);
    expect(world.shown).toHaveLength(1);
    await world.until(MORNING + DAY);
    expect(world.shown).toHaveLength(2);
    expect(await world.found()).toEqual([]);
  });

  test("shows nothing of what the log contains", async () => {
    const world = await withHead();
    const [head] = world.shown;
    expect(head?.body).not.toMatch(/main|adm|web/u);
  });
});

describe("what happens to a head on GitHub is noticed the next morning and by log verify --heads", () => {
  test("that it was deleted", async () => {
    const world = await withHead();
    const [head] = world.shown;
    const { world: github } = world.harness.github.double;
    deleteComment(github, world.place, head!, { account: github.accountByLogin("adm")! });
    await untilIdle(world.harness);
    // GitHub may not show at once what was only just posted.
    expect(await world.verified()).toMatchObject({
      code: 1,
      said: expect.not.stringContaining("missing") as string,
    });
    await world.until(MORNING + HOUR);
    expect(await world.verified()).toMatchObject({
      code: 1,
      said: expect.stringContaining("missing: Head 1") as string,
    });
    await world.until(MORNING + DAY);
    expect(await world.found()).toEqual(["1 missing"]);
    expect(world.shown.at(-1)?.body).toContain("GitHub no longer shows it");
    expect(world.messages).toEqual([
      expect.stringMatching(/do not agree\. Head 1 was posted .*no longer shows it\./u),
    ]);
    expect(world.messages[0]).not.toMatch(/rewritten|deleted/u);
    expect(await world.examined()).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^wrong {2}heads of the log, acme: Head 1 was posted/mu) as string,
    });
    // The same finding is one message, however many mornings it is found.
    await world.until(MORNING + 2 * DAY);
    expect(world.messages).toHaveLength(1);
  });

  test.each([
    ["by a person", "adm"],
    ["by the App itself", null],
  ])("that it was edited %s", async (_, login) => {
    const world = await withHead();
    const [head] = world.shown;
    const { world: github } = world.harness.github.double;
    await world.until(MORNING + HOUR);
    const writer =
      login === null
        ? { account: github.account(head!.authorId), appId: head!.viaAppId }
        : { account: github.accountByLogin(login)! };
    const text = head!.body;
    editComment(github, world.place, head!, writer, "nothing");
    editComment(github, world.place, head!, writer, text);
    await untilIdle(world.harness);
    expect(await world.verified()).toMatchObject({
      code: 1,
      said: expect.stringContaining("edited") as string,
    });
    await world.until(MORNING + DAY);
    expect(await world.found()).toEqual(["1 edited"]);
    expect(world.messages).toEqual([expect.stringContaining("Head 1 was changed on GitHub")]);
    expect(world.messages[0]).not.toContain("rewritten");
    expect((await world.examined()).said).toMatch(/^wrong {2}heads of the log, acme: Head 1 was changed/mu);
  });

  test(
    "that another hash was written into it, from which nothing follows about the log",
    { tags: ["long"] },
    async () => {
      const world = await withHeadEdited((body) =>
        body.replace(/sha256=\w{64}/u, `sha256=${"0".repeat(64)}`),
      );
      await world.until(MORNING + DAY);
      expect(await world.found()).toEqual(["1 contradicts", "1 edited"]);
      expect(world.messages).toEqual([expect.stringMatching(/names another hash .*was changed on GitHub/u)]);
      expect(`${world.messages.join("")}${(await world.examined()).said}`).not.toContain("was rewritten");
    },
  );

  test(
    "that a number was written into it, which no later head goes on from",
    { tags: ["long"] },
    async () => {
      const world = await withHeadEdited((body) => body.replace("number=1 ", "number=999999998 "));
      await world.until(MORNING + DAY);
      expect(world.shown.at(-1)?.body).toContain("number=2 ");
      const found = await world.found();
      expect(found).toContain("999999998 edited");
      expect(found.filter((each) => each.endsWith("missing"))).toEqual([]);
    },
  );

  test("that its issue is gone: the next head is posted on a new one", { tags: ["long"] }, async () => {
    const world = await withHead();
    const [head] = world.shown;
    world.place.issues.delete(head!.number);
    world.place.comments.delete(head!.id);
    await world.until(MORNING + DAY);
    expect(await world.found()).toEqual(["1 missing"]);
    expect(world.shown).toHaveLength(1);
    await world.until(MORNING + 2 * DAY);
    expect(await world.found()).toEqual(["1 missing"]);
  });

  test("that the log was rewritten, though its links are right again", async () => {
    const world = await withHead();
    await world.harness.rewrite();
    const { code, said } = await world.verified();
    expect(code).toBe(1);
    expect(said).toContain("The links of the evidence log are right");
    expect(said).toContain("names another hash of entry");
    await world.until(MORNING + DAY);
    expect(await world.found()).toEqual(["1 contradicts"]);
    expect(world.messages).toEqual([expect.stringContaining("the log up to that entry was rewritten")]);
    expect(await world.examined()).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^wrong {2}heads of the log, acme: Head 1 names another hash/mu) as string,
    });
    expect(world.shown.at(-1)?.body).toContain("names another hash of entry");
  });

  test("and the metric counts what the last comparison found, and nothing where heads and log agree", async () => {
    const world = await withHead();
    await world.until(MORNING + DAY);
    const counted = async (): Promise<string | undefined> => {
      const ledger = await world.harness.openLedger();
      try {
        const shown = await new Metrics(ledger, { now: () => MORNING }).registry.metrics();
        return /^countersign_head_differences\{.*$/mu.exec(shown)?.[0];
      } finally {
        await ledger.close();
      }
    };
    expect(await counted()).toBe('countersign_head_differences{organization="acme"} 0');
    await world.harness.rewrite();
    await world.until(MORNING + 2 * DAY);
    expect(await counted()).toBe('countersign_head_differences{organization="acme"} 2');
  });

  test("that the log was rewritten, and the heads on GitHub to match", async () => {
    const world = await withHead();
    await world.until(MORNING + HOUR);
    const [head] = world.shown;
    await world.harness.rewrite();
    const [record] = await world.heads();
    const { world: github } = world.harness.github.double;
    const writer = { account: github.account(head!.authorId), appId: head!.viaAppId };
    editComment(
      github,
      world.place,
      head!,
      writer,
      head!.body.replace(/sha256=\w+/u, `sha256=${record?.hash}`),
    );
    const { code, said } = await world.verified();
    expect(code).toBe(1);
    expect(said).toContain("edited");
  });

  test("that the log no longer knows of it", async () => {
    const world = await withHead();
    // As a rewritten log, or one restored from a backup that is older than the head.
    await rewrite(world.harness.where, ({ kind, body }) =>
      kind === "log-head" ? { ...body, number: 7 } : body,
    );
    const { code, said } = await world.verified();
    expect(code).toBe(1);
    expect(said).toMatch(/Head 1 .* the log has no entry of it/u);
  });
});

test("of heads that agree nobody is notified, and doctor counts them", async () => {
  const world = await withHead();
  await world.until(MORNING + DAY);
  expect(world.messages).toEqual([]);
  expect((await world.examined()).said).toMatch(/^ok {5}heads of the log, acme: 2 posted on GitHub$/mu);
});

describe("there is no anchor, and it is said", () => {
  test("on the first day, before a head was posted", async () => {
    const world = await begun(storyWith(POSTING));
    await world.until(BEGIN + HOUR);
    expect([world.shown, world.messages]).toEqual([[], []]);
    const { said } = await world.examined();
    expect(said).toContain("heads of the log, acme: no anchor outside the database (none was posted yet)");
    expect(said).not.toMatch(/^wrong {2}heads/mu);
    expect((await world.verified()).said).toContain("none was posted yet");
  });

  test.each([
    [
      "where the policy names no repository",
      NOTIFYING,
      "private",
      "the policy names no repository for deviations",
    ],
    ["where the repository is public", POSTING, "public", "acme/change-control is public"],
  ])("%s", async (_, policy, visibility, because) => {
    const world = await begun(storyWith(policy, visibility));
    await world.until(MORNING);
    await world.until(MORNING + DAY);
    expect(world.shown).toEqual([]);
    const { code, said } = await world.verified();
    expect(code).toBe(1);
    expect(said).toContain(because);
    const examined = await world.examined();
    expect(examined.said).toContain(`heads of the log, acme: no anchor outside the database (${because}`);
    expect(examined.said).not.toMatch(/^wrong {2}heads/mu);
    expect(world.messages).toEqual([]);
  });

  test(
    "where the App may not write issues, and posting goes on when it may",
    { tags: ["long"] },
    async () => {
      const world = await begun(storyWith(POSTING));
      await world.harness.double.setFault("github-fails", {
        kind: "not-found",
        status: 403,
        match: "POST .*/change-control/issues",
      });
      await world.until(MORNING);
      expect(world.shown).toEqual([]);
      const { code, said } = await world.verified();
      expect(code).toBe(1);
      expect(said).toContain("GitHub does not let the App open issues in acme/change-control");
      await world.harness.double.setFault("recover");
      await world.until(MORNING + DAY);
      expect(world.shown).toHaveLength(1);
      expect(await world.verified()).toMatchObject({ code: 0 });
    },
  );

  test("and where GitHub does not answer, nothing is said to agree", async () => {
    const world = await withHead();
    await world.harness.double.setFault("github-fails", { match: "change-control" });
    await expect(world.verified()).rejects.toMatchObject({
      code: expect.stringMatching(/^github-/u) as string,
    });
  });
});

test("heads while the App was down for three days are not missing", async () => {
  const world = await withHead();
  await world.harness.app.kill();
  await world.until(MORNING + 3 * DAY);
  await world.harness.app.restart(MORNING + 3 * DAY);
  await world.until(MORNING + 5 * DAY);
  expect(await world.found()).toEqual([]);
  expect(await world.verified()).toMatchObject({ code: 0 });
});

test(
  "heads that GitHub refused for a month are not missing when it takes them again",
  { tags: ["long"] },
  async () => {
    const world = await withHead();
    await world.harness.double.setFault("github-fails", {
      kind: "not-found",
      status: 403,
      match: "POST .*/change-control/issues",
    });
    for (let days = 1; days <= 30; days += 1) await world.until(MORNING + days * DAY);
    expect(world.shown).toHaveLength(1);
    await world.harness.double.setFault("recover");
    await world.until(MORNING + 31 * DAY);
    await world.until(MORNING + 32 * DAY);
    expect(world.shown.length).toBeGreaterThan(1);
    expect(await world.found()).toEqual([]);
    expect(await world.verified()).toMatchObject({ code: 0 });
  },
);
