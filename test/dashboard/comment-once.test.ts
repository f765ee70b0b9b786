/** The comment of a form is posted once, whichever process ends in between and however many were given it. */

import { expect, test } from "vitest";

import type { Acting } from "../../src/dashboard/page/page.ts";
import { SETTLING } from "../../src/domain/change/settling.ts";
import type { Tools } from "../../src/flows/context/tools.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { actTools } from "../../src/start/page-acts.ts";
import { settingsFor } from "../support/app.ts";
import { GENERATED_AT, ORGANIZATION, WEB } from "../evidence/fixture.ts";
import { describeOnBothStores } from "../support/stores.ts";

const NOWHERE = { dataDir: "/nowhere" };
const ON = { owner: "acme", name: "web", number: 13 };
const ANN = { kind: "github", id: 101, login: "ann" } as const;
const ACTING: Acting = {
  sender: ANN,
  access: { organization: ORGANIZATION, repositories: new Set([WEB.id]), role: "member" },
  token: () => Promise.resolve("ghu_ann"),
  form: "f".repeat(64),
};

/** GitHub's comments, as of a time: some are posted, and shown only later. */
class Comments {
  readonly posted: { readonly body: string; shown: boolean }[] = [];
  /** Whether what is posted is shown at once. */
  isCurrent = true;
  /** What happens after GitHub took one, before it answers. */
  taken: () => Promise<void> = () => Promise.resolve();

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    if (request.method === "GET")
      return Response.json(
        this.posted.flatMap(({ body, shown }, index) => (shown ? [shownAs(index, body)] : [])),
      );
    const { body } = (await request.json()) as { readonly body: string };
    this.posted.push({ body, shown: this.isCurrent });
    await this.taken();
    return Response.json(shownAs(this.posted.length - 1, body), { status: 201 });
  };
}

function shownAs(index: number, body: string) {
  return { id: index + 1, html_url: `https://github.example/c/${index + 1}`, body, user: { id: ANN.id } };
}

/** One process of several on the same database. */
function processOn(ledger: Ledger, comments: Comments, now: () => number = () => GENERATED_AT) {
  const tools = { ledger, clock: { now } } as unknown as Tools;
  const acts = actTools(settingsFor(NOWHERE), tools, comments.fetch, () => undefined);
  return (acting: Acting = ACTING) => acts.comment(ON, "/countersign authorise", acting);
}

/** Ends a process at the very write that would note what came of the form. */
function endingAtAnswer(ledger: Ledger): Ledger {
  ledger.forms.answer = () => Promise.reject(new Error("this process is gone"));
  return ledger;
}

describeOnBothStores("a form's comment", (open) => {
  test("is found again by the process that comes after one that posted it and stored nothing of it", async () => {
    const { ledger, again } = await open();
    const comments = new Comments();
    await expect(processOn(endingAtAnswer(await again()), comments)()).rejects.toThrow(
      "this process is gone",
    );
    const after = processOn(ledger, comments);
    const done = await after();
    expect(done).toMatchObject({
      says: expect.stringContaining("https://github.example/c/1"),
      refused: null,
    });
    expect(await after()).toEqual(done);
    expect(comments.posted).toHaveLength(1);
  });

  test("is not posted again while GitHub does not show it yet, and is found once it does", async () => {
    const { ledger, again } = await open();
    const comments = new Comments();
    comments.isCurrent = false;
    await expect(processOn(endingAtAnswer(await again()), comments)()).rejects.toThrow(
      "this process is gone",
    );
    let now = GENERATED_AT;
    const after = processOn(ledger, comments, () => now);
    expect(await after()).toMatchObject({ isUnsure: true });
    now += SETTLING - 1;
    expect(await after()).toMatchObject({ isUnsure: true });
    const [first] = comments.posted;
    if (first !== undefined) first.shown = true;
    expect(await after()).toMatchObject({ refused: null });
    expect(comments.posted).toHaveLength(1);
  });

  test("is posted by the next process, once, where the one before had not come so far", async () => {
    const { ledger, again } = await open();
    const comments = new Comments();
    const other = await again();
    await other.forms.begin(ACTING.form, GENERATED_AT);
    let now = GENERATED_AT + SETTLING - 1;
    const [one, two] = [processOn(ledger, comments, () => now), processOn(other, comments, () => now)];
    expect(await one()).toMatchObject({ isUnsure: true });
    now += 1;
    comments.isCurrent = false;
    const answers = await Promise.all([one(), two()]);
    expect(answers.some(({ refused }) => refused === null)).toBe(true);
    expect(comments.posted).toHaveLength(1);
  });

  test("is posted once by two processes that are given the form at the same moment", async () => {
    const { ledger, again } = await open();
    const comments = new Comments();
    comments.isCurrent = false;
    const [one, two] = [processOn(ledger, comments), processOn(await again(), comments)];
    const answers: unknown[] = [];
    // The other is asked while the first waits for GitHub's answer.
    comments.taken = async () => {
      answers.push(await two());
    };
    const first = await one();
    expect([answers, first]).toMatchObject([[{ isUnsure: true }], { refused: null }]);
    expect(await two()).toEqual(first);
    expect(comments.posted).toHaveLength(1);
  });

  test("may be sent again at once where GitHub did not let them", async () => {
    const { ledger } = await open();
    const comments = new Comments();
    const { fetch } = comments;
    let isBarred = true;
    const barred = Object.assign(comments, {
      fetch: (input: string | URL | Request, init?: RequestInit) =>
        isBarred ? Promise.resolve(new Response("{}", { status: 403 })) : fetch(input, init),
    });
    const send = processOn(ledger, barred);
    expect(await send()).toMatchObject({ refused: expect.stringContaining("does not let you comment") });
    isBarred = false;
    expect(await send()).toMatchObject({ refused: null });
    expect(comments.posted).toHaveLength(1);
  });
});
