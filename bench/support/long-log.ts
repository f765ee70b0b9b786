/** The log of an organisation with 400 repositories, as long as wanted: half of its changes are one repository's, few most others'. */

import { DEVIATION_STATES } from "../../src/domain/deviation/deviation.ts";
import type { ControlStateRecord } from "../../src/domain/protection/record.ts";
import {
  EMERGENCY_STATES,
  type EmergencyRecord,
  type RetroactiveReviewRecord,
} from "../../src/domain/records/emergency.ts";
import type { Bodies, Entry, EntryKind } from "../../src/domain/records/entry.ts";
import { CONTROL_NAMES } from "../../src/domain/values/result.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import {
  changeEntry,
  deploymentEntry,
  deviationEntry,
  ORGANIZATION,
  PERIOD,
  POLICY_DIGEST,
  smallLog,
  WEB,
} from "../../test/evidence/fixture.ts";

const REPOSITORIES = 400;
const DAY = 86_400_000;
const BEFORE = PERIOD.from - 16 * DAY;

/** The first is {@link WEB}. */
function repository(n: number): typeof WEB {
  return n === 0 ? WEB : { ...WEB, id: 10_000 + n, name: `repository-${n}` };
}

/**
 * Reads the entries in order: the repositories with their settings, then so many changes over the period. Of two people each
 * makes half of them, and one of the two all of the first repository's.
 */
export function* longLog(changes: number): Generator<Entry> {
  yield* smallLog();
  for (let n = 1; n < REPOSITORIES; n += 1) yield* repositoryEntries(repository(n));
  yield* monthlyReviews();
  const step = (PERIOD.to - PERIOD.from) / changes;
  for (let n = 1; n <= changes; n += 1) yield* happened(n, Math.floor(PERIOD.from + (n - 1) * step));
}

function* happened(n: number, at: Instant): Generator<Entry> {
  const own = repository(n % 2 === 0 ? 0 : 1 + (((n - 1) / 2) % (REPOSITORIES - 1)));
  const change = varied(changeEntry(n + 100, at), n);
  yield {
    ...change,
    repositoryId: own.id,
    body: { ...change.body, change: inRepository(change.body.change, own) },
  };
  if (n % 10 === 0) yield deploymentEntry(n + 100, [n + 100], at);
  if (n % 100 === 4) {
    const deviation = deviationEntry(n + 100, at);
    const status = DEVIATION_STATES[Math.floor(n / 100) % DEVIATION_STATES.length] ?? "open";
    yield { ...deviation, body: { ...deviation.body, status } };
  }
  if (n % 200 === 7) yield* emergency(n, at);
}

function inRepository<T extends Entry<"change">["body"]["change"]>(change: T, own: typeof WEB): T {
  const pullRequests = change.pullRequests.map((pull) => ({ ...pull, repository: own }));
  return { ...change, repository: own, pullRequests };
}

/** Every second by carol instead of bob, every fifth on a branch of a release, every hundredth without a list of its checks. */
function varied(entry: Entry<"change">, n: number): Entry<"change"> {
  const { change, assessment } = entry.body;
  const by = n % 2 === 0 ? { id: 104, login: "carol", type: "User" as const } : null;
  const { update, pullRequests } = change;
  const isUntested = n % 100 === 50;
  return {
    ...entry,
    body: {
      ...entry.body,
      change: {
        ...change,
        update: {
          ...update,
          ref: n % 5 === 0 ? "refs/heads/release/1" : update.ref,
          actor: update.actor?.login === "bob" ? (by ?? update.actor) : update.actor,
        },
        pullRequests: pullRequests.map((pull) => ({
          ...pull,
          merged: pull.merged === null ? null : { ...pull.merged, by: by ?? pull.merged.by },
        })),
      },
      assessment: {
        ...assessment,
        verdict: isUntested ? "unverifiable" : assessment.verdict,
        approvals: assessment.approvals.map((each) =>
          each.login === "bob" && by !== null ? { ...each, login: by.login, actorId: by.id } : each,
        ),
        results: assessment.results.map((result) =>
          isUntested && result.control === "checks-passed"
            ? {
                ...result,
                outcome: "unverifiable",
                cause: "cut",
                reasons: ["its checks were not all listed"],
              }
            : result,
        ),
      },
    },
  };
}

function entry<K extends EntryKind>(
  kind: K,
  subject: string,
  repositoryId: number,
  at: Instant,
  body: Bodies[K],
): Entry<K> {
  return { kind, subject, repositoryId, organizationId: ORGANIZATION.id, at, body };
}

function* repositoryEntries(own: typeof WEB): Generator<Entry> {
  yield entry("repository", String(own.id), own.id, BEFORE, {
    repository: own,
    installationId: 77,
    installedFrom: BEFORE,
    removedAt: null,
    inScope: true,
    reason: "every repository is in scope by default",
    productionRefs: ["refs/heads/main"],
    archived: false,
  });
  for (const each of smallLog().filter(({ kind }) => kind === "control-state")) {
    const { place, setting } = each.body as ControlStateRecord;
    const body = { ...(each.body as ControlStateRecord), repository: own };
    yield entry("control-state", `${own.id}:${place.kind}:${place.id}:${setting}`, own.id, each.at, body);
  }
}

/** Of every control, the months of one. */
function* monthlyReviews(): Generator<Entry> {
  for (const each of smallLog()) {
    if (each.kind !== "monthly-review") continue;
    const { body } = each;
    for (const control of CONTROL_NAMES)
      yield entry("monthly-review", `${ORGANIZATION.id}/${control}:${body.month}`, 0, each.at, {
        ...body,
        control,
      });
  }
}

function* emergency(n: number, at: Instant): Generator<Entry> {
  const id = `EMG-${sha256(`emergency ${n}`).slice(0, 12)}`;
  const subject = `${WEB.id}/pull/${n + 100}/${id}`;
  const by = { id: 101, login: "ann", type: "User" as const };
  const told = { by, at, via: "comment" as const };
  const shipped = sha256(`commit ${n}`).slice(0, 40);
  const status = EMERGENCY_STATES[Math.floor(n / 200) % EMERGENCY_STATES.length] ?? "used";
  yield entry("emergency", subject, WEB.id, at, {
    id,
    repository: WEB,
    pull: n + 100,
    deployment: null,
    status,
    reason: "Production is down",
    opened: told,
    declared: told,
    asked: shipped,
    authorised: null,
    confirmed: null,
    ended: null,
    used: status === "used" ? { at, subjects: [sha256(`change ${n + 100}`)] } : null,
    waives: ["independently-approved"],
    policyDigest: POLICY_DIGEST,
    steps: [{ at, act: "declared", by, from: null, to: status }],
  } satisfies EmergencyRecord);
  if (status !== "used") return;
  yield entry("retroactive-review", subject, WEB.id, at, {
    emergency: id,
    repository: WEB,
    pull: n + 100,
    subjects: [sha256(`change ${n + 100}`)],
    shipped,
    status: "due",
    openedAt: at,
    dueAt: at + 5 * DAY,
    within: { unit: "days", count: 5 },
    policyDigest: POLICY_DIGEST,
    decision: null,
    revertBy: null,
    remindedAt: [],
    escalatedAt: [],
  } satisfies RetroactiveReviewRecord);
}
