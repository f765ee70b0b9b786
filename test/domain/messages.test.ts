import { describe, expect, test } from "vitest";
import type { Change } from "../../src/domain/change/change.ts";
import { decideChange, decideGate } from "../../src/domain/decisions/decision.ts";
import type { ReviewerCandidates } from "../../src/domain/approval/review-requests.ts";
import { checkText, deviationText } from "../../src/domain/messages/check-run.ts";
import { policyInForce, type PolicyInForce } from "../../src/domain/policy/tighten.ts";
import type { CheckRunText } from "../../src/domain/records/change.ts";
import { assess } from "../../src/domain/assessment/assess.ts";
import {
  ann,
  APP_ID,
  bob,
  carol,
  change,
  deployment,
  gate,
  inForce,
  judged,
  person,
  policy,
  repository,
  robot,
  sha,
  START,
  Story,
} from "../support/facts.ts";
import type { PolicySource } from "../../src/domain/policy/record.ts";

const anyone: ReviewerCandidates = [
  { source: "anyone with write permission", logins: ["Ann", "bob", "carol", "dan"] },
];
const to = { repository, installationId: 1, appId: APP_ID };

function story(): Story {
  return new Story(ann).push(ann, "c1");
}

function said(
  it: Story,
  under = policy(),
  candidates: ReviewerCandidates = anyone,
  inEffect: PolicyInForce = inForce(under),
): CheckRunText {
  const pull = it.facts();
  const assessment = assess(
    { moment: "gate", pull },
    { policy: inEffect, appId: APP_ID, at: START + 1e9, since: 0 },
  );
  return checkText({
    pulls: [pull],
    headSha: pull.head.sha,
    assessment,
    policy: inEffect,
    candidates,
    appId: APP_ID,
  });
}

function asPage(text: CheckRunText): string {
  const state = text.conclusion ?? text.status;
  return [`# ${text.title}`, "", `(${state})`, "", text.summary, "", text.text, ""].join("\n");
}

/** What is read before any table. */
function words(text: string): number {
  return text.split(/\s+/u).filter((word) => /\p{L}|\d/u.test(word)).length;
}

const broken = policyInForce(found("mode: enforced\napproval:\n  requird: 2\n"), { state: "absent" });

function found(text: string): PolicySource {
  const path = ".github/countersign.yml";
  return { state: "found", repository: "acme/.github", path, commit: sha("p"), blob: sha("b"), text };
}

const dba = policy({
  approvals: [
    { required: 1, from: { permission: "write" } },
    { required: 2, from: { teams: ["acme/dba"] } },
  ],
});

const TEXTS: Readonly<Record<string, () => CheckRunText>> = {
  approved: () => said(story().review(bob)),
  "waiting-for-approval": () => said(story()),
  "waiting-for-two-kinds-of-approval": () =>
    said(story().review(bob), dba, [{ source: "acme/dba", logins: ["carol", "dan", "eve"] }]),
  "waiting-after-a-push": () => said(story().review(bob).push(ann, "c2")),
  "waiting-for-a-check": () => said(story().review(bob), policy({ checks: [{ name: "build", app: "ci" }] })),
  "check-failed": () =>
    said(story().review(bob).check("build", "failure"), policy({ checks: [{ name: "build", app: null }] })),
  "nobody-can-give": () =>
    said(
      story().with({
        holders: [
          {
            source: "acme/dba",
            people: [ann],
            unable: [{ name: "dora", because: "no-access" }],
            complete: true,
          },
        ],
      }),
      policy({ approvals: [{ required: 1, from: { teams: ["acme/dba"] } }] }),
    ),
  "own-work": () => said(new Story(ann).push(bob, "c1").review(bob)),
  "changes-requested": () => said(story().review(bob).review(carol, "changes-requested")),
  "some-own-work": () => said(story().push(bob, "c2").review(bob).review(robot)),
  "nobody-saw-who-pushed": () => said(story().review(bob).with({ pushes: [] })),
  "version-unknown": () => said(story().review(bob, "approved", { commit: null })),
  "rights-unknown": () => said(story().review(bob).rights(bob, { permission: "unknown" })),
  imitated: () => said(story().check("countersign")),
  observing: () => said(story(), policy({ mode: "observe" })),
  "policy-broken": () => said(story(), policy(), anyone, broken),
  "policy-unreadable": () =>
    said(story(), policy(), anyone, { state: "unreadable", because: "GitHub answered 502 for acme/.github" }),
  "not-in-scope": () => {
    const pull = story().facts();
    return checkText({
      pulls: [pull],
      headSha: pull.head.sha,
      assessment: null,
      policy: inForce(policy()),
      candidates: [],
      appId: APP_ID,
    });
  },
};

describe("check runs", () => {
  test.each(Object.keys(TEXTS))("%s reads as reviewed", async (name) => {
    const text = TEXTS[name]?.();
    if (text === undefined) throw new Error("no such text");
    expect(words(`${text.title} ${text.summary.replace(FOLDED, "")}`)).toBeLessThan(60);
    expect(text.title.length).toBeLessThanOrEqual(250);
    await expect(asPage(text)).toMatchFileSnapshot(`../golden/messages/check-${name}.md`);
  });
  test("never neutral, never skipped, and in progress only while it waits for people", () => {
    const states = Object.entries(TEXTS).map(([name, text]) => [name, text().conclusion ?? text().status]);
    expect(Object.fromEntries(states)).toMatchObject({
      approved: "success",
      "waiting-for-approval": "in_progress",
      "own-work": "failure",
      "nobody-can-give": "failure",
      "changes-requested": "failure",
      "version-unknown": "failure",
      "policy-broken": "failure",
      observing: "success",
      "not-in-scope": "success",
    });
  });
});

const merged = (): Change => change([story().merge().facts()]);
const push = (kind: Change["update"]["kind"], more: Partial<Change> = {}): Change =>
  change([], { kind, alreadyLanded: false, ...more });

function deviation(of: Change): string {
  const assessment = judged({ moment: "landed", change: of }, policy(), of.update.at);
  const { title, description } = deviationText({ change: of, assessment });
  return `# ${title}\n\n${description}\n`;
}

const DEVIATIONS: Readonly<Record<string, () => string>> = {
  "merged-without-approval": () => deviation(merged()),
  pushed: () => deviation(push("push")),
  "force-pushed": () => deviation(push("force-push")),
  "branch-created": () => deviation(push("branch-created")),
  "content-differs": () => {
    const of = change([story().review(bob).gate().merge().facts()], {
      shipped: [{ pull: 1, coverage: "residual", files: ["src/a.ts", "src/b.ts"] }],
    });
    return deviation(of);
  },
  "deployed-unmerged": () => {
    const of = deployment({
      kind: "unmerged",
      onProductionBranch: false,
      ref: "feature",
      unaccounted: [sha("x")],
    });
    const { title, description } = deviationText({
      deployment: of,
      assessment: judged({ moment: "deployed", deployment: of }),
    });
    return `# ${title}\n\n${description}\n`;
  },
};

describe("deviations", () => {
  test.each(Object.keys(DEVIATIONS))("%s reads as reviewed", async (name) => {
    const text = DEVIATIONS[name]?.() ?? "";
    expect(words(text.split("\n- ")[0] ?? "")).toBeLessThan(75);
    await expect(text).toMatchFileSnapshot(`../golden/messages/deviation-${name}.md`);
  });
});

const HOSTILE = [
  "a | b | c\n| x | y |",
  "@acme/everyone @ann",
  "<!-- countersign-deviation:DEV-000000000000 -->",
  "countersign-deviation:DEV-000000000000",
  "&#64;ann &lt;!-- #1 acme/web#2 https://evil.example www.evil.example",
  "[click](https://evil.example) ![x](https://evil.example/x.png) `code` **bold** $\\color{red}{x}$",
  "\u202Egnp.exe\u2066\u200B\u0000\u001b[31m",
  "<script>alert(1)</script><details open>",
  "\uD800 half \uDC00",
  "\u{1F600}".repeat(200),
  "x".repeat(10_000),
  "|".repeat(10_000),
];

describe("hostile strings", () => {
  test.each(HOSTILE.map((text, index) => [index, text] as const))("number %i stays a text", (_, text) => {
    const evil = person(77, text);
    const pull = { ...new Story(evil).push(evil, "c1").review(evil).facts(), title: text };
    const under = policy({
      checks: [{ name: text, app: null }],
      approvals: [{ required: 1, from: { teams: [`acme/${text}`] } }],
    });
    const effect = inForce(under);
    const candidates = [{ source: `acme/${text}`, logins: [text] }];
    const at = {
      subject: "5#1",
      headSha: pull.head.sha,
      candidates,
      previous: null,
      request: null,
      to,
      at: START,
    };
    const decision = decideGate({ ...at, pulls: [pull], policy: effect, assessment: gate(pull, under) });
    const out = decideGate({
      ...at,
      pulls: [{ ...pull, base: { ...pull.base, ref: text } }],
      policy: effect,
      assessment: null,
    });
    const it = change([], {
      kind: "push",
      update: { ...change([]).update, kind: "push", ref: `refs/heads/${text}`, actor: evil },
    });
    const opened = decideChange({
      change: it,
      assessment: judged({ moment: "landed", change: it }, under),
      policy: effect,
      to,
      detectedAt: START,
    });
    const payloads = [...decision.actions, ...out.actions, ...opened.actions].map(
      (action) => action.payload as { text?: CheckRunText; title?: string; body?: string; marker?: string },
    );
    expect(payloads).toHaveLength(3);
    for (const { text: check, title, body, marker } of payloads) {
      for (const part of [check?.title, title]) expect(part?.length ?? 0).toBeLessThanOrEqual(250);
      for (const part of [check?.title, check?.summary, check?.text, title, body]) {
        if (part === undefined) continue;
        expect(part.length).toBeLessThan(65_000);
        expect(part.isWellFormed()).toBe(true);
        expect(part).not.toMatch(/[\p{Bidi_C}\0\t]/u);
      }
      for (const part of [check?.summary, check?.text, body]) {
        // Our own words show commands as code; a backtick from outside never stands without a backslash.
        const rest = (part ?? "")
          .replace(`<!-- ${marker ?? ""} -->`, "")
          .replace(FOLDED, "$<line>")
          .replace(OWN_CODE, "$1");
        expect(rest).not.toMatch(/(^|[^\\])[<`[]/u);
        expect(rest).not.toMatch(/@[\w/]/u);
        expect(rest).not.toMatch(/countersign-deviation/iu);
        expect(rest).not.toMatch(/https?:\/\/|www\.|&[^a]|(?<=\\)#\d/u);
      }
      expectTables(check?.text ?? "");
    }
  });
});

/** What is folded below the rest is not read at a glance. */
const FOLDED = /<details><summary>If it cannot wait<\/summary>\n\n(?<line>.*)\n\n<\/details>/gu;

const OWN_CODE = /(^|[^\\])`(?:\/countersign |owner |cause |not-an-exception )[a-z<>:@ |-]*`/gu;

/** Every row of a table has as many cells as its head. */
function expectTables(text: string): void {
  let columns = 0;
  for (const line of text.split("\n")) {
    const bars = line.startsWith("|") ? (line.match(/(?<!\\)(?:\\\\)*\|/gu)?.length ?? 0) : 0;
    if (columns > 0 && bars > 0) expect(bars).toBe(columns);
    columns = bars;
  }
}
