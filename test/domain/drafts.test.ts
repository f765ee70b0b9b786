import { describe, expect, test } from "vitest";

import { draftBridge } from "../../src/domain/drafts/bridge.ts";
import type { Draft, Records } from "../../src/domain/drafts/draft.ts";
import type { ObservedTime } from "../../src/domain/monitoring/observed-time.ts";
import { day } from "../../src/domain/time/span.ts";
import { draftNote } from "../../src/domain/drafts/note.ts";
import { draftProcedures } from "../../src/domain/drafts/procedures.ts";
import { draftQuestions } from "../../src/domain/drafts/questions.ts";
import { draftResponse } from "../../src/domain/drafts/response.ts";
import type { Repository } from "../../src/domain/change/repository.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import { parsePolicy } from "../../src/domain/policy/file/parse.ts";
import { policyInForce } from "../../src/domain/policy/tighten.ts";
import type { RemediationRecord, RemediationStatus } from "../../src/domain/records/remediation.ts";
import { changeEntry } from "../evidence/fixture.ts";
import type { PolicyRecord } from "../../src/domain/policy/record.ts";
import type {
  DeviationRecord,
  DeviationStatus,
  DeviationTransition,
} from "../../src/domain/records/deviation.ts";

const DAY = 24 * 3_600_000;
const start = Date.parse("2026-07-01T00:00:00Z");
const end = Date.parse("2026-10-01T00:00:00Z");
const now = end + 20 * DAY;

const POLICY = `
mode: enforce
production: { branches: [main, "release/**"], environments: [production], tags: ["v*"], integration: [develop] }
approval: { required: 2, from: { teams: [acme/core] }, independence: strict }
rules: [{ name: migrations, when: { paths: ["db/**"] }, approval: { required: 1, from: { teams: [acme/dba] } } }]
checks: { required: [build, { name: test, app: ci }] }
record: { pattern: "[A-Z]+-\\\\d+", in: [title] }
description: { sections: [Reason] }
standard-changes: [{ name: lockfiles, by: [{ app: dependabot }], paths: ["package-lock.json"], approved-by: carol, expires: 2027-06-30 }]
exemptions: [{ repository: legacy, controls: [checks-passed], reason: no CI yet, approved-by: carol, expires: 2027-03-31 }]
identities: [{ person: ann, logins: [ann, ann-acme] }]
emergency:
  authorisers: { teams: [acme/on-call] }
  reviewers: { permission: maintain }
  valid-for: 3 hours
  review-within: 5 days
  alone: { teams: [acme/leads], at-most: 2 per quarter, confirmed-within: 24 hours }
deviations: { repository: acme/change-control, assignees: [carol], labels: [audit] }
controls: { independently-approved: { id: CM-03, text: Approved by another, owner: dan } }
notifications: [{ url-secret: SLACK_URL, format: slack, on: [emergency-waiting] }]
freeze: [{ from: 2026-12-20, to: 2027-01-03, except: emergency }]
calendar: { timezone: Europe/Berlin, weekend: [sun], holidays: [2026-12-25] }
periods: [{ name: half, from: 2026-07-01, to: 2027-01-01 }]
since: 2026-06-01
monitoring: { owner: carol }
retention: { years: 7 }
`;

/** The policy of this text, as an organisation's file. */
function policyBody(text: string): PolicyRecord {
  const source = {
    state: "found",
    repository: "acme/.github",
    path: ".github/countersign.yml",
    commit: "c".repeat(40),
    blob: "b".repeat(40),
    text,
  } as const;
  expect(parsePolicy(text)).toMatchObject({ ok: true });
  const policy = policyInForce(source, { state: "absent" });
  if (policy.state !== "known") throw new Error("the policy is not known");
  return policy.record;
}

const repository: Repository = {
  id: 1,
  owner: "acme",
  ownerId: 7,
  name: "web",
  visibility: "private",
  defaultBranch: "main",
};
const ann = { id: 1, login: "ann", type: "User" } as const;
const bob = { id: 2, login: "bob" };
const moved: DeviationTransition = {
  command: "list",
  by: null,
  role: "app",
  via: "app",
  at: start,
  text: "",
};

const deviation = (id: string, subject: string, at: number, status: DeviationStatus): DeviationRecord => ({
  id,
  key: `change:${subject}`,
  subjectKind: "change",
  repository,
  subjects: [subject],
  listed: [],
  pull: 4,
  controls: ["independently-approved"],
  cause: "too-few-approvals",
  sharedCause: null,
  type: "operating",
  typeReason: "the policy required it, and it was not done",
  typedBy: null,
  severity: "high",
  status,
  source: "app",
  title: "acme/web: #4 reached main without what the policy asks for",
  description: "",
  happenedAt: at,
  detectedAt: at,
  exposure: { from: at, to: null },
  actors: [ann],
  enteredBy: null,
  reference: null,
  issue: { state: "none", because: "", repository: null, day: null },
  moved,
});

const remediation = (of: string, status: RemediationStatus): RemediationRecord => ({
  deviation: of,
  repository,
  finding: "",
  rootCause: { category: "tooling", text: "merging was possible without the check" },
  whys: [
    "the ruleset did not require it",
    "nobody had set it",
    "nobody owned it",
    "it was new",
    "it came in a hurry",
  ].map((text) => ({ text, by: bob, at: start + 40 * DAY })),
  action: "Required the check in the ruleset.",
  measure: { text: "The ruleset is applied by Terraform.", suggested: false },
  owner: bob,
  owners: [bob],
  due: "2026-09-01",
  targets: [],
  method: "A direct push to a copy of the repository is refused.",
  evidence: [{ text: "terraform run 812", by: bob, at: start + 45 * DAY }],
  elsewhere: null,
  customers: null,
  expectations: [],
  raci: { accountable: [], consulted: [], informed: [] },
  priority: null,
  status,
  blockers: [],
  reviews: [],
  startedAt: start + 40 * DAY,
  response: null,
  done: null,
  effective: null,
  moved,
});

let seq = 0;
const entry = <K extends EntryKind>(
  kind: K,
  subject: string,
  at: number,
  body: Bodies[K],
): LoggedEntry<K> => {
  seq += 1;
  const made = {
    seq,
    kind,
    subject,
    repositoryId: 0,
    organizationId: 7,
    at,
    recordedAt: at,
    previousHash: "",
    hash: "",
    body,
  };
  return made;
};

/** An entry as somebody may have changed it. */
const changed = (entry: LoggedEntry, body: Readonly<Record<string, unknown>>): LoggedEntry =>
  ({ ...entry, body: { ...entry.body, ...body } }) as LoggedEntry;

const landed = changeEntry(1, start).body;

const AUGUST = {
  population: 3,
  passed: 3,
  failed: 0,
  waived: 0,
  unverifiable: 0,
  deviations: 0,
  openRemediations: 0,
  clean: true,
};

/** What is read from the log: one settled deviation, one that is not, and what surrounds them. */
const ENTRIES: readonly LoggedEntry[] = [
  entry("policy", "p1", start, policyBody(POLICY)),
  entry("repository", "1", start, {
    repository,
    installationId: 1,
    installedFrom: start,
    removedAt: null,
    inScope: true,
    reason: "",
    productionRefs: ["refs/heads/main"],
    archived: false,
  }),
  entry("change", "c1", start + 30 * DAY, landed),
  entry("change", "c2", start + 60 * DAY, landed),
  entry("deviation", "DEV-aaa", start + 30 * DAY, deviation("DEV-aaa", "c1", start + 30 * DAY, "effective")),
  entry(
    "deviation",
    "DEV-bbb",
    start + 60 * DAY,
    deviation("DEV-bbb", "c2", start + 60 * DAY, "in-remediation"),
  ),
  entry("remediation", "DEV-aaa", start + 40 * DAY, {
    ...remediation("DEV-aaa", "effective"),
    effective: { text: "three clean months", by: ann, at: end },
  }),
  entry("remediation", "DEV-bbb", start + 61 * DAY, {
    ...remediation("DEV-bbb", "active"),
    due: "2026-12-01",
  }),
  entry("monthly-review", "7/independently-approved:2026-08", Date.parse("2026-08-01T00:00:00Z"), {
    control: "independently-approved",
    month: "2026-08",
    owner: "dan",
    ownerId: 4,
    askedAt: 0,
    dueAt: 0,
    figures: AUGUST,
    issueIn: null,
    signedOff: {
      by: { id: 4, login: "dan" },
      at: 1,
      comment: "seen",
      via: "comment",
      figures: AUGUST,
      remark: null,
    },
    earlier: [],
  }),
  entry("completeness", `1:refs/heads/main:${start}:${now}`, now, {
    repository,
    ref: "refs/heads/main",
    from: start,
    to: now,
    listings: [],
    readAs: null,
    matched: 0,
    differences: [],
    contiguous: true,
    truncated: false,
    complete: true,
    withoutPullRequest: 0,
    checkedAt: now,
  }),
  entry("coverage-gap", "gap-1", end + DAY, {
    id: "gap-1",
    cause: "app-down",
    scope: "every repository",
    from: end + DAY,
    to: end + 2 * DAY,
    because: "the App was not running",
    backfilled: true,
  }),
  entry("control-state", "1:branch:main:approvals-required", end + 3 * DAY, {
    repository,
    place: { kind: "branch", id: "refs/heads/main", name: "main" },
    setting: "approvals-required",
    value: 1,
    because: null,
    from: end + 3 * DAY,
    notBefore: end + 2 * DAY,
    basis: "observed",
    by: ann,
    gone: false,
  }),
  entry("exposure", "EXP-1", end + 3 * DAY, {
    id: "EXP-1",
    causeId: "EXP-1",
    repository,
    cause: {
      kind: "classic-protection",
      owner: "repository",
      id: "refs/heads/main",
      name: "main",
      how: "was removed",
      at: null,
    },
    items: [
      {
        place: { kind: "branch", id: "refs/heads/main", name: "main" },
        setting: "pull-request-required",
        was: true,
        is: false,
        until: end + 4 * DAY,
      },
    ],
    from: end + 3 * DAY,
    notBefore: end + 2 * DAY,
    to: end + 4 * DAY,
    basis: "observed",
    by: ann,
  }),
];

/** What the ledger's own list names: every record, whether or not its entry can still be read. */
const NAMED = ENTRIES.filter(({ kind }) => kind !== "change");

/** Everything was observed. */
const SEEN: ObservedTime = {
  since: start,
  until: now,
  gaps: ENTRIES.flatMap((each) => (each.kind === "coverage-gap" ? [each.body] : [])),
  unseen: [],
};

const RECORDS: Records = {
  organization: "acme",
  at: now,
  entries: ENTRIES,
  observedTime: SEEN,
  months: [{ control: "independently-approved", month: "2026-08", clean: true }],
  writers: new Map(),
  named: NAMED,
};

const PERIOD = { name: "2026-Q3", from: start, to: end, changes: 1184, deployments: 40 };
const SINCE = { name: "since 2026-Q3", from: end, to: now, changes: 12, deployments: 2 };

const DRAFTS: Readonly<Record<string, (records: Records) => Draft>> = {
  procedures: draftProcedures,
  response: (records) => draftResponse(records, "DEV-aaa"),
  questions: draftQuestions,
  note: (records) => draftNote(records, PERIOD),
  bridge: (records) => draftBridge(records, PERIOD, SINCE),
};

/** The text, and what is left out of it because others read it. */
function textOf(draft: Draft): string {
  if (draft.ok) return [draft.text, ...draft.apart].join("\n");
  throw new Error(`missing: ${draft.missing.join("; ")}`);
}

function citesOf(kind: string): readonly LoggedEntry[] {
  const made = DRAFTS[kind]?.(RECORDS);
  return made?.ok === true ? made.cites : [];
}

const is = (one: LoggedEntry) => (other: LoggedEntry) =>
  one.kind === other.kind && one.subject === other.subject;

describe.each(Object.keys(DRAFTS))("the draft %s", (kind) => {
  const make = (records: Records): Draft => DRAFTS[kind]?.(records) ?? { ok: false, missing: [] };

  test("is made from the records, cites each by its number in the log, and says what it is", () => {
    const text = textOf(make(RECORDS));
    expect(text).toContain("A draft made from the evidence log.");
    expect(citesOf(kind).length).toBeGreaterThan(0);
    for (const cited of citesOf(kind))
      expect(text).toContain(`entry ${cited.seq} of the evidence log: ${cited.kind} ${cited.subject}`);
  });

  test("changes with every record it cites", () => {
    for (const cited of citesOf(kind)) {
      const entries = ENTRIES.map((each) => (is(cited)(each) ? changed(each, { changed: true }) : each));
      expect(textOf(make({ ...RECORDS, entries })), cited.kind).not.toBe(textOf(make(RECORDS)));
    }
  });

  test("is refused without a record it cites, whatever its kind, and names it", () => {
    for (const cited of citesOf(kind)) {
      const made = make({ ...RECORDS, entries: ENTRIES.filter((each) => !is(cited)(each)) });
      expect(made.ok ? "" : made.missing.join("\n"), cited.kind).toContain(`${cited.kind} ${cited.subject}`);
    }
  });

  test("says nothing at all from no records, and says what it would need", () => {
    const made = make({ ...RECORDS, entries: [], named: [] });
    expect(made.ok ? [] : made.missing).not.toEqual([]);
  });
});

test("between them the drafts cite every kind of record they are made from", () => {
  const cited = new Set(Object.keys(DRAFTS).flatMap((kind) => citesOf(kind).map((each) => each.kind)));
  expect([...cited].toSorted()).toEqual(
    [...new Set(ENTRIES.map((each) => each.kind))].filter((kind) => kind !== "repository").toSorted(),
  );
});

describe("what the drafts say", () => {
  test("the response has its three parts, with who, what and when", () => {
    const text = textOf(draftResponse(RECORDS, "DEV-aaa"));
    const parts = ["## What caused it", "## What was done", "## What prevents it"];
    expect(parts.map((part) => text.indexOf(part))).toEqual(
      parts.map((part) => text.indexOf(part)).toSorted((a, b) => a - b),
    );
    for (const said of [
      "tooling gap",
      "Required the check in the ruleset",
      "bob is responsible for it",
      "2026-09-01",
      "terraform run 812",
      "Terraform",
      "2026-08: independently-approved is clean as the month is known today",
    ])
      expect(text).toContain(said);
  });

  test.each([
    ["rootCause", null, "the root cause of DEV-aaa"],
    ["whys", [], "5 more answers to why of DEV-aaa"],
    ["whys", [{ text: "one", by: bob, at: start }], "4 more answers to why of DEV-aaa"],
    ["action", null, "what is done about it of DEV-aaa"],
    ["owner", null, "an owner of DEV-aaa"],
    ["due", null, "a target date of DEV-aaa"],
    ["evidence", [], "evidence of DEV-aaa"],
    ["method", null, "how it is checked of DEV-aaa"],
    ["measure", { text: "Automate it.", suggested: true }, "a measure that a person decided on of DEV-aaa"],
  ])("a response without %s is refused", (key, value, missing) => {
    const entries = RECORDS.entries.map((each) =>
      each.kind === "remediation" ? changed(each, { [key]: value }) : each,
    );
    const made = draftResponse({ ...RECORDS, entries }, "DEV-aaa");
    expect(made.ok ? [] : made.missing.map((each) => each.replace(/ \(.*/u, ""))).toEqual([missing]);
  });

  test("the note to customers tells numbers, and no name of a repository, pull request or person", () => {
    const made = draftNote(RECORDS, PERIOD);
    const text = made.ok ? made.text : "";
    expect(text).toContain("1184 changes landed on production branches");
    expect(text).toContain("40 deployments were recorded");
    // What the App found is not what an auditor's report notes.
    expect(text).toContain("No exception noted by the auditor is on record here");
    expect(text).toContain(
      "Our own monitoring recorded 2 deviations, concerning 2 of the 1224 changes and deployments. 1 of 2 is found effective and 1 of 2 is planned as below.",
    );
    expect(text).toContain("It is to be remediated by 2026-12-01");
    for (const name of ["web", "#4", "ann", "bob", "DEV-", "refs", "main", "digest", "1:"])
      expect(text).not.toMatch(new RegExp(`(?<!\\w)${name}(?!\\w)`, "u"));
  });

  test("the note counts what an auditor entered as the report's, and calls nothing remediated on its owner's word", () => {
    const entries = RECORDS.entries.map((each) =>
      each.kind === "deviation" && each.subject === "DEV-aaa"
        ? changed(each, { source: "auditor", status: "done" })
        : each.kind === "remediation" && each.subject === "DEV-aaa"
          ? changed(each, { status: "done", effective: null, done: { text: "", by: bob, at: end } })
          : each,
    );
    const text = textOf(draftNote({ ...RECORDS, entries }, PERIOD));
    expect(text).toContain(
      "The report notes 1 exception in our change management. 1 of 1 is done and not yet",
    );
    expect(text).toContain(
      "What answers it was done on 2026-10-01, and has not been shown to be effective yet",
    );
    expect(text).toContain("Our own monitoring recorded 1 deviation, concerning 1 of the 1224");
    expect(text).not.toMatch(/remediated(?! by)/u);
  });

  test("a letter holds addresses as they can be copied, and nothing invisible", () => {
    const entries = RECORDS.entries.map((each) =>
      each.kind === "remediation"
        ? changed(each, {
            evidence: [{ text: "see https://example.test/a_b?c=1#2 @bob", by: bob, at: start }],
          })
        : each,
    );
    const text = textOf(draftResponse({ ...RECORDS, entries }, "DEV-aaa"));
    expect(text).toContain("see <https://example.test/a_b?c=1#2> @bob");
    expect(text).not.toMatch(/\p{Cf}/u);
  });

  test.each([
    ["bridge", (records: Records) => draftBridge(records, PERIOD, SINCE)],
    ["note", (records: Records) => draftNote(records, PERIOD)],
  ] as const)("the %s is refused where a day of its span was not counted, and names the days", (_, make) => {
    for (const to of [start + 20 * DAY, end + 5 * DAY]) {
      const entries = RECORDS.entries.map((each) =>
        each.kind === "completeness" ? changed(each, { to, checkedAt: to }) : each,
      );
      const made = make({ ...RECORDS, entries });
      const isWhole = _ === "note" && to >= end;
      expect(made.ok).toBe(isWhole);
      if (!made.ok)
        expect(made.missing.join()).toContain(
          `a count of acme/web refs/heads/main that agrees with GitHub's lists for ${day(_ === "note" ? to : Math.max(end, to))}`,
        );
    }
  });

  test("the bridge says which days nobody observed, and nothing of them", () => {
    const unseen = [{ from: end + 5 * DAY, to: end + 9 * DAY }];
    const text = textOf(draftBridge({ ...RECORDS, observedTime: { ...SEEN, unseen } }, PERIOD, SINCE));
    expect(text).toContain("Nobody observed 2026-10-06 to the end of 2026-10-09.");
    expect(text).toContain("No deviation was recorded on the days that were observed.");
    expect(text).toContain("2 deployments were recorded on the days that were observed");
  });

  test("the bridge support has both variants, what changed, and who decides", () => {
    const text = textOf(draftBridge(RECORDS, PERIOD, SINCE));
    for (const said of [
      "## Variant A: for management's own letter",
      "## Variant B: support for the auditor's letter",
      "2026-10-01 to the end of 2026-10-20",
      "No deviation was recorded.",
      "No change of the policy was recorded.",
      "every repository could not be seen",
      "Only the auditor decides",
    ])
      expect(text).toContain(said);
  });

  test("there is no bridge before the period is over", () => {
    const made = draftBridge(RECORDS, PERIOD, { ...SINCE, to: end });
    expect(made.ok ? [] : made.missing).toEqual(["the end of 2026-Q3: it ends with 2026-09-30"]);
  });

  test("the sheet for the auditor asks the four questions of each open deviation and of no other", () => {
    const text = textOf(draftQuestions(RECORDS));
    expect(text).toContain("## DEV-bbb");
    expect(text).not.toContain("## DEV-aaa");
    expect(text.match(/^\d\. .*\?$/gmu)).toHaveLength(4);
  });
});

test("the procedures give the organisation's rules for everybody, and a repository's own as its own", () => {
  const organization = policyBody("mode: enforce\napproval: { required: 2, from: { teams: [acme/core] } }\n");
  const own = {
    state: "found",
    repository: "acme/payments",
    path: ".github/countersign.yml",
    commit: "d".repeat(40),
    blob: "e".repeat(40),
    text: "approval: { required: 1, from: { teams: [acme/payments] } }\n",
  } as const;
  const tightened = policyInForce(organization.organization, own);
  if (tightened.state !== "known") throw new Error("the policy is not known");
  const text = textOf(
    draftProcedures({
      ...RECORDS,
      // The repository's came last: it is the newest policy of the log.
      entries: [entry("policy", "p1", start, organization), entry("policy", "p2", start, tightened.record)],
      named: [],
    }),
  );
  const [common = "", ownPart = ""] = text.split("## acme/payments has rules of its own");
  expect(common).toContain("2 approvals from acme/core");
  expect(common).not.toContain("acme/payments");
  expect(ownPart).toContain("1 approval from acme/payments");
});

describe("the procedures say what the policy enforces", () => {
  /** Each line of the policy with one value changed, and words of the change that the text must hold. */
  test.each([
    ["mode: enforce", "mode: observe", "These rules are observed"],
    ['branches: [main, "release/**"]', "branches: [trunk]", "`trunk`"],
    ["environments: [production]", "environments: [live]", "`live`"],
    ['tags: ["v*"]', 'tags: ["r*"]', "`r*`"],
    ["integration: [develop]", "integration: [next]", "`next`"],
    ["required: 2, from: { teams: [acme/core] }", "required: 3, from: { teams: [acme/core] }", "3 approvals"],
    ["independence: strict", "independence: every-commit", "someone who did not make it alone"],
    ["name: migrations", "name: schema", "“schema”"],
    ['paths: ["db/**"]', 'paths: ["sql/**"]', "sql/**"],
    ["acme/dba", "acme/data", "acme/data"],
    ["required: [build,", "required: [compile,", "`compile`"],
    ["app: ci", "app: other-ci", "`other-ci`"],
    ["in: [title]", "in: [branch]", "in its branch"],
    ["sections: [Reason]", "sections: [Impact]", "Impact"],
    ["name: lockfiles", "name: locks", "“locks”"],
    ["expires: 2027-06-30", "expires: 2027-05-30", "2027-05-30"],
    ["reason: no CI yet", "reason: none", "because none"],
    ["logins: [ann, ann-acme]", "logins: [ann, ann-two]", "ann-two"],
    ["acme/on-call", "acme/duty", "acme/duty"],
    ["reviewers: { permission: maintain }", "reviewers: { permission: triage }", "triage permission"],
    ["valid-for: 3 hours", "valid-for: 2 hours", "2 hours"],
    ["review-within: 5 days", "review-within: 4 days", "Within 4 days"],
    ["at-most: 2 per quarter", "at-most: 1 per year", "at most 1 per year"],
    ["confirmed-within: 24 hours", "confirmed-within: 12 hours", "12 hours"],
    ["repository: acme/change-control", "repository: acme/changes", "acme/changes"],
    ["assignees: [carol]", "assignees: [dave]", "assigned to dave"],
    ["labels: [audit]", "labels: [soc]", "labels soc"],
    ["id: CM-03", "id: CM-04", "CM-04"],
    ["text: Approved by another", "text: Seen by another", "Seen by another"],
    ["owner: dan", "owner: erin", "by erin"],
    ["SLACK_URL", "OTHER_URL", "`OTHER_URL`"],
    ["on: [emergency-waiting]", "on: [review-due]", "told of review-due"],
    ["from: 2026-12-20", "from: 2026-12-21", "From 2026-12-21"],
    [", except: emergency }", " }", "nothing lands."],
    ["timezone: Europe/Berlin", "timezone: Europe/Paris", "Europe/Paris"],
    ["weekend: [sun]", "weekend: [sat]", "Days off are sat"],
    ["holidays: [2026-12-25]", "holidays: [2026-12-26]", "2026-12-26"],
    ["name: half", "name: year", "year from"],
    ["since: 2026-06-01", "since: 2026-05-01", "before 2026-05-01"],
    ["monitoring: { owner: carol }", "monitoring: { owner: frank }", "by frank"],
    ["years: 7", "years: 8", "8 years"],
  ])("%s → %s", (before, after, said) => {
    const with_ = (text: string): string =>
      textOf(
        draftProcedures({
          ...RECORDS,
          named: [],
          entries: [entry("policy", "p1", start, policyBody(text))],
        }),
      );
    expect(POLICY).toContain(before);
    const [old, changed] = [with_(POLICY), with_(POLICY.replace(before, after))].map((text) =>
      text.replaceAll(/digest [0-9a-f]+/gu, ""),
    );
    expect(changed).toContain(said);
    expect(old).not.toContain(said);
  });
});
