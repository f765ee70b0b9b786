/** A small organisation's log, made by hand: what the tests of the evidence package are about. */

import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Change } from "../../src/domain/change/change.ts";
import { remediationEntry } from "../../src/domain/deviation/decide.ts";
import { plannedRemediation } from "../../src/domain/deviation/remediation.ts";
import { canonical, sha256 } from "../../src/domain/values/digest.ts";
import type { ControlStateRecord } from "../../src/domain/protection/record.ts";
import type { Bodies, Entry, EntryKind } from "../../src/domain/records/entry.ts";
import type { Period } from "../../src/domain/evidence/tables/population.ts";
import { signingKeyOf, type SigningKey } from "../../src/domain/evidence/seal.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import type { ChangeRecord } from "../../src/domain/records/change.ts";
import type { Result } from "../../src/domain/values/result.ts";
import {
  exportEvidence,
  type Exported,
  type ExportRequest,
} from "../../src/flows/monitoring/export-evidence.ts";
import { closePeriod } from "../../src/flows/monitoring/close-period.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openPackage, type PackageWriter } from "../../src/package/folder.ts";
import { COPIES } from "../../src/package/copies.ts";
import { MAKER } from "../../src/package/maker.ts";
import { VERSION } from "../../src/package/version.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import type { Actor } from "../../src/domain/change/people.ts";
import type { Repository } from "../../src/domain/change/repository.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import { policySubject, type PolicyRecord } from "../../src/domain/policy/record.ts";
import type { DeviationRecord } from "../../src/domain/records/deviation.ts";
import type {
  CompletenessRecord,
  CoverageGapRecord,
  MonthlyReviewRecord,
} from "../../src/domain/records/monitoring.ts";
import type { DeploymentRecord } from "../../src/domain/records/deployment.ts";
import type { RepositoryRecord } from "../../src/domain/records/repository.ts";

/** The organisation. */
export const ORGANIZATION = { id: 500, login: "acme" };

/** The period of every export here. */
export const PERIOD: Period = {
  name: "2026-Q3",
  from: Date.parse("2026-07-01T00:00:00Z"),
  to: Date.parse("2026-10-01T00:00:00Z"),
};

/** When the packages here are said to be made. */
export const GENERATED_AT = Date.parse("2026-10-02T08:00:00Z");

/** A key for tests only: the scalar is the number 7. */
export const KEY = signingKeyOf(new Uint8Array(32).with(31, 7));

const ANN: Actor = { id: 101, login: "ann", type: "User" };
const BOB: Actor = { id: 102, login: "bob", type: "User" };
const EVE: Actor = { id: 103, login: "eve", type: "User" };
/** The repository. */
export const WEB: Repository = {
  id: 1001,
  owner: "acme",
  ownerId: ORGANIZATION.id,
  name: "web",
  visibility: "private",
  defaultBranch: "main",
};

const EFFECTIVE: Policy = {
  ...defaultPolicy(),
  mode: "enforce",
  production: { ...defaultPolicy().production, environments: ["production"] },
};

const POLICY_TEXT = "mode: enforce\napproval: { required: 1 }\n";
const POLICY_BLOB = createHash("sha1").update(`blob ${POLICY_TEXT.length}\0${POLICY_TEXT}`).digest("hex");

/** The digest of the one policy. */
export const POLICY_DIGEST = sha256(
  canonical({ effective: EFFECTIVE, organization: POLICY_BLOB, repository: null }),
);

function sha(text: string): string {
  return sha256(text).slice(0, 40);
}

function at(text: string): Instant {
  return Date.parse(text);
}

/** One update of `main`: the `n`th, from the (n-1)th commit to the nth. Every tenth is pushed directly and fails. */
export function changeEntry(n: number, when: Instant): Entry<"change"> {
  const direct = n % 10 === 4;
  const pull = direct ? null : pullRequest(n, when);
  const id = sha256(`change ${n}`);
  const change: Change = {
    id,
    repository: WEB,
    update: {
      activityId: 9_000 + n,
      ref: "refs/heads/main",
      before: sha(`commit ${n - 1}`),
      after: sha(`commit ${n}`),
      kind: direct ? "push" : "pull-request",
      actor: direct ? EVE : BOB,
      at: when,
      basis: n % 10 === 6 ? "read-later" : "observed",
    },
    occurrence: 1,
    tree: sha(`tree ${n}`),
    commitCount: 1,
    pullRequests: pull === null ? [] : [pull],
    shipped: pull === null ? [] : [{ pull: n, coverage: "identity", files: [] }],
    alreadyLanded: null,
    checks: [],
    late: n % 10 === 6,
  };
  const record: ChangeRecord = {
    change,
    class: "normal",
    mode: "enforce",
    assessment: {
      verdict: direct ? "non-compliant" : "compliant",
      results: results(direct),
      approvals: direct
        ? []
        : [
            {
              reviewId: n * 10 + 1,
              login: "bob",
              actorId: 102,
              counts: true,
              reason: "bob approved this content",
              code: "counts",
              basis: "observed",
            },
            {
              reviewId: n * 10,
              login: "ann",
              actorId: 101,
              counts: false,
              reason: "ann made all of this alone",
              code: "own-work",
              basis: "observed",
            },
          ],
      policyDigest: POLICY_DIGEST,
    },
  };
  return {
    kind: "change",
    subject: id,
    repositoryId: WEB.id,
    organizationId: ORGANIZATION.id,
    at: when,
    body: record,
  };
}

function results(direct: boolean): readonly Result[] {
  return [
    direct
      ? {
          control: "independently-approved",
          outcome: "fail",
          cause: "no-pull-request",
          reasons: ["nobody could approve it, because it did not come by a pull request"],
          inputs: { update: "push" },
        }
      : {
          control: "independently-approved",
          outcome: "pass",
          cause: "satisfied",
          reasons: ["bob approved this content"],
          inputs: { required: [1], counted: [1] },
        },
    {
      control: "merged-by-pull-request",
      outcome: direct ? "fail" : "pass",
      cause: direct ? "direct-push" : "satisfied",
      reasons: [direct ? "eve pushed directly; the button was not used" : "merged by the button"],
      inputs: { update: direct ? "push" : "pull-request" },
    },
    { control: "checks-passed", outcome: "not-applicable", cause: "none-required", reasons: [], inputs: {} },
  ];
}

function pullRequest(n: number, when: Instant): PullRequest {
  const head = sha(`head ${n}`);
  return {
    repository: WEB,
    number: n,
    // A formula, a separator and a script, to be met again in every file made of it.
    title:
      n === 2 ? '=HYPERLINK("http://example.invalid","x") | <script>alert(1)</script>' : `Change number ${n}`,
    url: `https://github.com/acme/web/pull/${n}`,
    author: ANN,
    createdAt: when - 3_600_000,
    state: "merged",
    draft: false,
    base: { ref: "main", sha: sha(`commit ${n - 1}`) },
    head: { ref: `feature-${n}`, sha: head, tree: sha(`tree ${n}`) },
    retargetedAt: null,
    labels: [],
    commits: [
      {
        sha: head,
        tree: sha(`tree ${n}`),
        parents: [sha(`commit ${n - 1}`)],
        authors: [ANN],
        committer: ANN,
      },
    ],
    commitsComplete: true,
    pushes: [
      {
        before: sha("none"),
        after: head,
        actor: ANN,
        at: when - 3_600_000,
        forced: false,
        basis: "observed",
      },
    ],
    reviews: [
      {
        id: n * 10,
        author: ANN,
        state: "approved",
        submittedAt: when - 1_900_000,
        commit: head,
        basis: "observed",
        dismissed: null,
      },
      {
        id: n * 10 + 1,
        author: BOB,
        state: "approved",
        submittedAt: when - 1_800_000,
        commit: head,
        basis: "observed",
        dismissed: null,
      },
    ],
    checks: [
      {
        name: "build; fast",
        app: { id: 15368, slug: "github-actions" },
        conclusion: "success",
        completedAt: when - 1_700_000,
      },
    ],
    authorities: [ANN, BOB].map((actor) => ({
      actor,
      permission: "write",
      teams: ["acme/core"],
      organizations: ["acme"],
      unread: [],
      at: when,
      basis: "observed",
    })),
    sameContent: [],
    merged: { at: when, by: BOB, commit: sha(`commit ${n}`) },
  };
}

/** A deployment of the `n`th commit that carried the changes up to it. */
export function deploymentEntry(n: number, carried: readonly number[], when: Instant): Entry<"deployment"> {
  const id = sha256(`deployment ${n}`);
  const record: DeploymentRecord = {
    deployment: {
      id,
      repository: WEB,
      origin: { kind: "github", number: 7_000 + n },
      number: 7_000 + n,
      environment: "production",
      originalEnvironment: null,
      sha: sha(`commit ${n}`),
      ref: "main",
      creator: BOB,
      createdAt: when - 60_000,
      statuses: [
        { id: n * 2, state: "in_progress", environment: "production", creator: BOB, at: when - 30_000 },
        { id: n * 2 + 1, state: "success", environment: "production", creator: BOB, at: when },
      ],
      succeededAt: when,
      previous: null,
      kind: "forward",
      onProductionBranch: true,
      carried: carried.map((each) => ({
        id: sha256(`change ${each}`),
        verdict: each % 10 === 4 ? "non-compliant" : "compliant",
        landedAt: when - 120_000,
        pulls: [each],
        sha: sha(`commit ${each}`),
        makers: [ANN.id],
      })),
      landedAt: when - 120_000,
      run: null,
      rules: null,
      gate: "never-asked",
      unaccounted: [],
      succeededBefore: false,
      verdictBefore: null,
      mergeBack: null,
      late: false,
    },
    mode: "enforce",
    assessment: {
      verdict: "compliant",
      results: [
        {
          control: "deployment-traceable",
          outcome: "pass",
          cause: "satisfied",
          reasons: ["every commit belongs to a known change"],
          inputs: { carried: carried.length },
        },
      ],
      approvals: [],
      policyDigest: POLICY_DIGEST,
    },
  };
  return {
    kind: "deployment",
    subject: id,
    repositoryId: WEB.id,
    organizationId: ORGANIZATION.id,
    at: when,
    body: record,
  };
}

/** A deviation of the `n`th change. */
export function deviationEntry(n: number, when: Instant): Entry<"deviation"> {
  const id = sha256(`deviation ${n}`);
  const eve = { id: EVE.id, login: EVE.login };
  const subject = sha256(`change ${n}`);
  const title = "A direct push to main of acme/web";
  const what = "eve pushed to refs/heads/main without a pull request.";
  const controls = ["independently-approved", "merged-by-pull-request"] as const;
  const record: DeviationRecord = {
    id,
    key: `change:${subject}`,
    subjectKind: "change",
    repository: WEB,
    subjects: [subject],
    listed: [{ subject, pull: null, title, what, at: when, controls, actors: [eve] }],
    pull: null,
    controls,
    cause: "direct-push",
    sharedCause: null,
    type: "operating",
    typeReason: "the rule was in place and was bypassed",
    typedBy: null,
    severity: "high",
    status: "open",
    source: "app",
    title,
    description: what,
    happenedAt: when,
    detectedAt: when + 4_000,
    exposure: { from: when, to: null },
    actors: [eve],
    enteredBy: null,
    reference: null,
    issue: { state: "asked", because: "", repository: "acme/web", day: "2026-07-14" },
    moved: { command: "open", by: null, role: "app", via: "app", at: when + 4_000, text: what },
  };
  return {
    kind: "deviation",
    subject: id,
    repositoryId: WEB.id,
    organizationId: ORGANIZATION.id,
    at: when,
    body: record,
  };
}

/** What was said to a deviation so far: its plan, told in two entries. */
function remediationEntries(deviation: Entry<"deviation">, when: Instant): readonly Entry[] {
  const ann = { id: ANN.id, login: ANN.login };
  const said = (command: string, text: string, at: Instant) =>
    ({ command, by: ann, role: "other", via: "comment", at, text }) as const;
  const planned = plannedRemediation(deviation.body, said("cause", "tooling: left to people", when));
  const first = { ...planned, rootCause: { category: "tooling", text: "left to people" } as const };
  const due = "2026-09-01";
  const second = {
    ...first,
    due,
    targets: [{ due, by: ann, at: when + 60_000 }],
    moved: said("due", due, when + 60_000),
  };
  return [first, second].map(remediationEntry);
}

/** The whole small log: two repositories, a policy, six changes, two deployments, a deviation, a gap, a completeness check. */
export function smallLog(): readonly Entry[] {
  const scoped = (inScope: boolean, repository: Repository): RepositoryRecord => ({
    repository,
    installationId: 77,
    installedFrom: at("2026-06-15T00:00:00Z"),
    removedAt: null,
    inScope,
    reason: inScope ? "every repository is in scope by default" : "no production; carol",
    productionRefs: inScope ? ["refs/heads/main"] : [],
    archived: false,
  });
  const sandbox: Repository = { ...WEB, id: 999, name: "sandbox" };
  const policy: PolicyRecord = {
    digest: POLICY_DIGEST,
    organization: {
      state: "found",
      repository: "acme/.github",
      path: ".github/countersign.yml",
      commit: sha("policy commit"),
      blob: POLICY_BLOB,
      text: POLICY_TEXT,
    },
    repository: { state: "absent" },
    effective: EFFECTIVE,
  };
  const gap: CoverageGapRecord = {
    id: "gap-1",
    cause: "app-down",
    scope: "acme",
    from: at("2026-08-02T10:00:00Z"),
    to: at("2026-08-02T10:25:00Z"),
    because: "the App did not answer <b>GitHub's</b> deliveries",
    backfilled: true,
  };
  const completeness: CompletenessRecord = {
    repository: WEB,
    ref: "refs/heads/main",
    from: PERIOD.from,
    to: PERIOD.to,
    listings: [
      {
        source: "activity",
        count: 6,
        query: "GET /repos/acme/web/activity?ref=refs/heads/main",
        sha256: sha256("list"),
        read: {
          began: GENERATED_AT - 3_602_000,
          ended: GENERATED_AT - 3_601_000,
          pages: 1,
          rows: 6,
          cut: false,
        },
      },
      {
        source: "ledger",
        count: 6,
        query: "changes of the branch",
        sha256: sha256("ours"),
        read: {
          began: GENERATED_AT - 3_600_000,
          ended: GENERATED_AT - 3_600_000,
          pages: null,
          rows: 6,
          cut: false,
        },
      },
    ],
    readAs: { app: { id: 4711, installation: 77, rights: { contents: "read" } }, version: "0.1.0" },
    matched: 6,
    differences: [],
    contiguous: true,
    truncated: false,
    complete: true,
    withoutPullRequest: 1,
    checkedAt: GENERATED_AT - 3_600_000,
  };
  const plain = <K extends EntryKind>(
    kind: K,
    subject: string,
    when: Instant,
    body: Bodies[K],
    repositoryId = WEB.id,
  ) => ({
    kind,
    subject,
    repositoryId,
    organizationId: ORGANIZATION.id,
    at: when,
    body,
  });
  const pushed = at("2026-08-11T16:20:00Z");
  return [
    plain("repository", "1001", at("2026-06-15T00:00:00Z"), scoped(true, WEB)),
    plain("repository", "999", at("2026-06-15T00:00:00Z"), scoped(false, sandbox), 999),
    plain("policy", policySubject(ORGANIZATION.id, POLICY_DIGEST), at("2026-06-15T00:05:00Z"), policy, 0),
    changeEntry(1, at("2026-07-06T09:00:00Z")),
    changeEntry(2, at("2026-07-20T09:00:00Z")),
    deploymentEntry(2, [1, 2], at("2026-07-20T10:00:00Z")),
    changeEntry(3, at("2026-08-01T00:00:00Z")),
    plain("coverage-gap", "gap-1", at("2026-08-02T10:00:00Z"), gap, 0),
    changeEntry(4, pushed),
    deviationEntry(4, pushed),
    ...remediationEntries(deviationEntry(4, pushed), pushed + 3_600_000),
    changeEntry(5, at("2026-09-01T11:00:00Z")),
    // Deployed again later: only the first deployment of a change is its first.
    deploymentEntry(5, [2, 3, 4, 5], at("2026-09-02T11:00:00Z")),
    changeEntry(6, at("2026-09-30T23:59:59Z")),
    changeEntry(7, PERIOD.to),
    plain(
      "completeness",
      `1001:refs/heads/main:${PERIOD.from}:${PERIOD.to}`,
      GENERATED_AT - 3_600_000,
      completeness,
    ),
    { ...changeEntry(11, at("2026-08-01T00:00:00Z")), organizationId: 501 },
    ...controlStates(),
    ...(["2026-07", "2026-08", "2026-09"] as const).map((month) =>
      plain(
        "monthly-review",
        `${ORGANIZATION.id}/independently-approved:${month}`,
        at(`${month}-01T00:00:00Z`),
        monthlyReview(month),
        0,
      ),
    ),
  ];
}

/** The check was required all the time but for an hour in August; eve may write since August, which was seen a day later. */
function controlStates(): readonly Entry[] {
  const branch = { kind: "branch", id: "refs/heads/main", name: "main" } as const;
  const whole = { kind: "repository", id: "whole", name: "" } as const;
  const state = (
    of: Pick<ControlStateRecord, "place" | "setting" | "value">,
    from: string,
    more: Partial<ControlStateRecord> = {},
  ): Entry => ({
    kind: "control-state",
    subject: `${WEB.id}:${of.place.kind}:${of.place.id}:${of.setting}`,
    repositoryId: WEB.id,
    organizationId: ORGANIZATION.id,
    at: at(from),
    body: {
      repository: WEB,
      ...of,
      because: null,
      from: at(from),
      notBefore: null,
      basis: "read-later",
      by: null,
      gone: false,
      ...more,
    } satisfies ControlStateRecord,
  });
  const by = { id: 14, login: "dan", type: "User" } as const;
  const told = { basis: "observed", by, notBefore: at("2026-08-10T03:17:00Z") } as const;
  const hidden = "GitHub does not show it";
  return [
    state({ place: branch, setting: "check-required", value: "pinned" }, "2026-06-15T00:10:00Z"),
    state({ place: branch, setting: "may-bypass-check", value: null }, "2026-06-15T00:10:00Z", {
      because: hidden,
    }),
    state({ place: whole, setting: "may-write", value: ["ann#11", "bob#12"] }, "2026-06-15T00:10:00Z"),
    state({ place: branch, setting: "check-required", value: "no" }, "2026-08-10T12:00:00Z", told),
    state({ place: branch, setting: "check-required", value: "pinned" }, "2026-08-10T13:00:00Z", told),
    state({ place: whole, setting: "may-write", value: ["ann#11", "eve#16"] }, "2026-08-20T03:17:00Z", {
      notBefore: at("2026-08-19T03:17:00Z"),
    }),
  ];
}

/** July was signed off in time, August late, September not at all. */
function monthlyReview(month: "2026-07" | "2026-08" | "2026-09"): MonthlyReviewRecord {
  const times: Readonly<Record<typeof month, readonly [number, number, number | null]>> = {
    "2026-07": [at("2026-08-01T05:05:00Z"), at("2026-08-17T00:00:00Z"), at("2026-08-05T09:00:00Z")],
    "2026-08": [at("2026-09-01T05:05:00Z"), at("2026-09-15T05:05:00Z"), at("2026-09-20T09:00:00Z")],
    "2026-09": [at("2026-10-01T05:05:00Z"), at("2026-10-01T06:00:00Z"), null],
  };
  const [askedAt, dueAt, signedAt] = times[month];
  const failed = month === "2026-08" ? 1 : 0;
  const figures = {
    population: 2,
    passed: 2 - failed,
    failed,
    waived: 0,
    unverifiable: 0,
    deviations: failed,
    openRemediations: failed,
    clean: failed === 0,
  };
  return {
    control: "independently-approved",
    month,
    owner: "carol",
    ownerId: 33,
    askedAt,
    dueAt,
    figures,
    issueIn: "acme/change-control",
    signedOff:
      signedAt === null
        ? null
        : {
            by: { id: 33, login: "carol" },
            at: signedAt,
            comment: "=looked at each",
            via: "comment",
            figures,
            remark: null,
          },
    earlier: [],
  };
}

/** A ledger on the embedded store holding entries, in a folder of its own; `close` removes it. */
export async function ledgerWith(
  entries: readonly Entry[],
): Promise<{ readonly ledger: Ledger; readonly folder: string; readonly close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-evidence-"));
  const ledger = await openLedger({ dataDir: join(folder, "data") });
  for (let start = 0; start < entries.length; start += 500)
    await ledger.record({ entries: entries.slice(start, start + 500), actions: [] }, GENERATED_AT - 60_000);
  await ledger.beat(GENERATED_AT);
  return {
    ledger,
    folder,
    async close() {
      await ledger.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Exports the period of a ledger to a folder. */
export async function exportTo(
  ledger: ExportRequest["ledger"],
  folder: string,
  options: {
    readonly zip?: boolean;
    readonly writer?: PackageWriter;
    readonly generatedAt?: Instant;
    readonly period?: Period;
    readonly organization?: typeof ORGANIZATION;
    readonly signingKey?: SigningKey;
    readonly maker?: ExportRequest["maker"];
  } = {},
): Promise<Exported> {
  const writer = options.writer ?? (await openPackage(folder, options));
  const {
    period = PERIOD,
    generatedAt = GENERATED_AT,
    organization = ORGANIZATION,
    signingKey = KEY,
    maker = MAKING.maker,
  } = options;
  return exportEvidence({ ...MAKING, organization, ledger, period, generatedAt, signingKey, maker, writer });
}

/** The quarter after {@link PERIOD}. */
const NEXT: Period = { name: "2026-Q4", from: PERIOD.to, to: Date.parse("2027-01-01T00:00:00Z") };

/** Closes the period, records a push that comes to light later, and exports it together with the next quarter. */
export async function exportRolledUp(ledger: Ledger, folder: string): Promise<Exported> {
  const writer = await openPackage(`${folder}-closed`);
  const closing = { ...MAKING, ledger, writer, period: PERIOD, generatedAt: GENERATED_AT, by: "carol" };
  const closed = await closePeriod({ ...closing, reason: null });
  if (closed.refused !== null) throw new Error(closed.refused.join(" "));
  const later = GENERATED_AT + 86_400_000;
  await ledger.record({ entries: [changeEntry(14, Date.parse("2026-08-20T09:00:00Z"))] }, later - 60_000);
  await ledger.beat(later);
  const parts = [PERIOD, NEXT];
  const period = { name: `${PERIOD.name}--${NEXT.name}`, from: PERIOD.from, to: NEXT.to, parts };
  return exportTo(ledger, folder, { period, generatedAt: later, zip: true });
}

/** What packages here are made with, whatever they are of. */
export const MAKING = {
  organization: ORGANIZATION,
  signingKey: KEY,
  tool: {
    name: "countersign",
    version: VERSION,
    apiUrl: "https://api.github.com",
    facts: [{ item: "store", value: "sqlite" }],
  },
  maker: { ...MAKER, copies: COPIES },
} satisfies Partial<ExportRequest>;
