/** Rows of monitoring: coverage gaps, protection settings, the log, notifications, reviews, readiness and drafts. */

import { DAY } from "../../../domain/time/durations.ts";
import type { Instant } from "../../../domain/time/instant.ts";
import { figuresText, monthlyStatus } from "../../../domain/monitoring/monthly.ts";
import { DRAFT_KINDS } from "../../../domain/drafts/draft.ts";
import type { NotificationPayload } from "../../../domain/messages/notification.ts";
import { periodAt } from "../../../domain/evidence/readiness.ts";
import { draft } from "../../../flows/monitoring/drafts.ts";
import { reviewsNow } from "../../../flows/monitoring/monthly-reviews.ts";
import { readiness } from "../../../flows/monitoring/readiness.ts";
import { readinessLines } from "../../evidence/readiness.ts";
import type { Row } from "../format/expectations.ts";
import type { RowSet } from "../format/match.ts";
import type { StorySnapshot } from "./snapshot.ts";

/** Returns every coverage gap. */
export async function coverageGapRows(snapshot: StorySnapshot): Promise<RowSet> {
  const records = await snapshot.bodies("coverage-gap");
  const rows = records.map(({ cause, to, scope, because }): Row => ({
    repository: /^[^\s/]+\/([^\s/]+)$/u.exec(scope)?.[1],
    cause,
    status: to === null ? "open" : "closed",
    says: `${scope}: ${because}`,
  }));
  return { columns: ["cause", "status", "says"], rows, anywhere: true };
}

/** Returns one row: whether the log verifies. */
export async function logRows(snapshot: StorySnapshot): Promise<RowSet> {
  const check = await snapshot.withLedger((ledger) => ledger.verifyLog());
  const says = check.ok ? `${check.size} entries` : `entry ${check.seq}: ${check.problem}`;
  return { columns: ["intact", "says"], rows: [{ intact: check.ok, says }] };
}

/** Returns every protection setting in force. */
export async function controlStateRows(snapshot: StorySnapshot): Promise<RowSet> {
  const records = await snapshot.bodies("control-state");
  // A setting that stays as it is keeps the name its repository had when it was read.
  const named = new Map(
    (await snapshot.bodies("repository")).map((each) => [each.repository.id, each.repository.name]),
  );
  const rows = records
    .filter(({ gone }) => !gone)
    .map(({ repository, place, setting, value }): Row => ({
      [place.kind]: place.name,
      repository: named.get(repository.id) ?? repository.name,
      setting,
      value: value === null ? "unobservable" : Array.isArray(value) ? value.join(", ") || "none" : value,
    }));
  return { columns: ["setting", "value", "branch", "environment", "ruleset"], rows };
}

/** Returns one row: readiness for an audit, tested since the story began. */
export async function readinessRows(snapshot: StorySnapshot, from: Instant): Promise<RowSet> {
  const organizationId = await organizationOf(snapshot);
  const days = Math.ceil((snapshot.now - from) / DAY) + 1;
  const at = snapshot.now + 1000;
  const span = { from: at - days * DAY, to: at };
  const found = await snapshot.withLedger((ledger) => readiness(ledger, organizationId, span, at));
  const row: Row = {
    go: found.go,
    outlook: found.outlook.opinion,
    against: found.findings.filter(({ against }) => against).map(({ code }) => code),
    "days-left": found.period.daysLeft,
    "clean-days": found.period.cleanDays,
    deviations: found.period.deviations,
    recovered: found.recovery.ready,
    says: readinessLines(found, "acme", days).join("\n"),
  };
  return { columns: Object.keys(row), rows: [row], anywhere: true };
}

/** Returns every draft for the quarter in which the story began, about the oldest deviation. */
export async function draftRows(snapshot: StorySnapshot, from: Instant): Promise<RowSet> {
  const deviations = await snapshot.bodies("deviation");
  const [oldest] = deviations.toSorted((a, b) => a.happenedAt - b.happenedAt);
  const organization = { id: await organizationOf(snapshot), login: "acme" };
  const asked = { organization, at: snapshot.now, id: oldest?.id, period: periodAt(null, from) };
  const rows = await snapshot.withLedger(async (ledger) => {
    const drafts: Row[] = [];
    for (const kind of DRAFT_KINDS) {
      const made = await draft(ledger, { ...asked, kind });
      drafts.push({ kind, made: made.ok, says: made.ok ? made.text : made.missing.join("\n") });
    }
    return drafts;
  });
  return { columns: ["kind", "made", "says"], rows, anywhere: true };
}

/** Returns every monthly review. */
export async function monitoringRows(snapshot: StorySnapshot): Promise<RowSet> {
  const organizationId = await organizationOf(snapshot);
  const { reviews, figures, seen } = await snapshot.withLedger((ledger) =>
    reviewsNow(ledger, organizationId, snapshot.now),
  );
  const rows = reviews.map((record): Row => ({
    control: record.control,
    month: record.month,
    status: monthlyStatus(record, snapshot.now, figures(record.month, record.control)),
    clean: figures(record.month, record.control)?.clean ?? record.figures.clean,
    by: record.signedOff?.by.login,
    says: [
      figuresText(record.figures, seen(record.month).unseen),
      record.signedOff?.comment ?? "",
      record.signedOff?.remark ?? "",
    ].join("\n"),
  }));
  return { columns: ["control", "month", "status", "clean", "by", "says"], rows, anywhere: true };
}

/** Returns what the receivers got. Slack's format names no kind: it is that of the stored action. */
export async function notificationRows(snapshot: StorySnapshot): Promise<RowSet> {
  const { messages } = snapshot.harness.receiver;
  const kinds = await notificationKinds(snapshot);
  const rows = messages.map(({ id, to, on, text, signed }): Row => ({
    on: on ?? kinds.get(id),
    to,
    signed,
    says: text,
  }));
  return { columns: ["on", "to", "signed", "says"], rows, anywhere: true };
}

async function organizationOf(snapshot: StorySnapshot): Promise<number> {
  const [repository] = await snapshot.bodies("repository");
  return repository?.repository.ownerId ?? 0;
}

/** Returns the kind of each message by its id. */
async function notificationKinds(snapshot: StorySnapshot): Promise<ReadonlyMap<string, string>> {
  const actions = await snapshot.withLedger((ledger) =>
    ledger.queue.listActions({ status: "done", limit: 10_000 }),
  );
  return new Map(
    actions
      .filter(({ kind }) => kind === "notification")
      .map(({ payload }) => [(payload as NotificationPayload).id, (payload as NotificationPayload).kind]),
  );
}
