/** What tables and documents say, made again from the log. Nothing here is imported from `src`. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  canonical,
  list,
  moment,
  of,
  outcomesOf,
  same,
  who,
  word,
  type Json,
  type Log,
  type Row,
  type Say,
} from "./reading.ts";

/** Which entries the rows of a table are made of, which column names the subject, and which columns are worked out from elsewhere. */
const MADE_OF: Readonly<
  Record<
    string,
    { readonly kinds: readonly string[]; readonly names?: string; readonly workedOut?: readonly string[] }
  >
> = {
  "changes.csv": { kinds: ["change"], names: "change_id" },
  "deployments.csv": { kinds: ["deployment"], names: "deployment_id" },
  "control-tests.csv": { kinds: ["change", "deployment"], names: "subject_id" },
  "deviations.csv": { kinds: ["deviation"], names: "deviation_id" },
  "remediation.csv": { kinds: ["remediation"], names: "deviation_id" },
  "monitoring.csv": { kinds: ["monthly-review"], names: "review_id" },
  "coverage-gaps.csv": { kinds: ["coverage-gap"], names: "gap_id", workedOut: [] },
  "exemptions.csv": { kinds: ["policy"] },
  "privileged-actors.csv": { kinds: ["control-state"] },
  "scope.csv": { kinds: ["repository"], names: "repository_id" },
  "policies/index.csv": {
    kinds: ["policy"],
    names: "policy_digest",
    workedOut: ["approvals_required", "mode"],
  },
  "control-state.csv": {
    kinds: ["control-state"],
    workedOut: ["meaning", "state_id", "observable", "to", "value"],
  },
  "completeness.csv": {
    kinds: ["completeness"],
    names: "check_id",
    workedOut: ["differences", "unexplained", "difference_details"],
  },
  "emergency-changes.csv": {
    kinds: ["emergency"],
    names: "emergency_key",
    workedOut: [
      "authoriser_independent",
      "review_due_at",
      "review_status",
      "review_overdue",
      "review_within_time",
      "ended_because",
    ],
  },
  "retroactive-reviews.csv": {
    kinds: ["retroactive-review"],
    names: "review_key",
    workedOut: ["review_within", "late", "overdue", "independent_of"],
  },
  "remediation-history.csv": { kinds: ["deviation", "remediation"], names: "deviation_id" },
};

/** Every row was made of an entry of its kind and subject, and says only what that entry says; and no emergency or review is left out. */
export function wording(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  for (const [path, { kinds, names, workedOut }] of Object.entries(MADE_OF))
    for (const row of rows(path)) {
      const entry = log.bySeq.get(Number(row["log_seq"] || "NaN"));
      if (entry === undefined) continue;
      if (!kinds.includes(entry.kind)) say(`${path}: entry ${entry.seq} is about something else`);
      const name = names === undefined ? undefined : row[names];
      if (name !== undefined && entry.subject !== name && !entry.subject.endsWith(`/${name}`))
        say(`${path}: ${name} is not what entry ${entry.seq} is about`);
      if (workedOut === undefined) continue;
      const known = said(entry.body);
      for (const each of [
        entry.subject,
        entry.hash,
        String(entry.seq),
        moment(entry.at),
        moment(entry.recordedAt),
      ])
        known.add(each);
      for (const [column, cell] of Object.entries(row))
        if (!workedOut.includes(column) && !isSaid(cell, known))
          say(`${path}: ${column} is not what entry ${entry.seq} says`);
    }
  for (const [path, kind, name] of [
    ["emergency-changes.csv", "emergency", "emergency_key"],
    ["retroactive-reviews.csv", "retroactive-review", "review_key"],
  ] as const) {
    const known = [...log.newest.values()].filter(
      (entry) => entry.kind === kind && entry.at >= log.period.from && entry.at < log.period.to,
    );
    if (
      !same(
        known.map(({ subject }) => subject),
        rows(path).map((row) => row[name] ?? ""),
      )
    )
      say(`${path}: not the rows the log knows of`);
  }
  for (const row of rows("retroactive-reviews.csv")) {
    const isAfter = row["decided_at"] !== "" && (row["decided_at"] ?? "") > (row["due_at"] ?? "");
    const isLate = row["decided_at"] === "" ? "" : isAfter ? "yes" : "no";
    if (row["late"] !== isLate) say(`retroactive-reviews.csv: whether ${row["review_key"] ?? ""} was late`);
    const emergency = rows("emergency-changes.csv").find(
      (each) => each["emergency_key"] === row["review_key"],
    );
    if (
      emergency !== undefined &&
      (emergency["review_due_at"] !== row["due_at"] || emergency["review_status"] !== row["status"])
    )
      say(`emergency-changes.csv: the review of ${row["review_key"] ?? ""} is another`);
  }
  for (const row of rows("control-state.csv")) {
    const value = log.bySeq.get(Number(row["log_seq"]))?.body["value"];
    const shown = Array.isArray(value)
      ? value.join(", ") || "nobody"
      : typeof value === "boolean"
        ? value
          ? "yes"
          : "no"
        : value;
    const isShown = value === undefined || word(shown) === row["value"];
    if (!isShown) say(`control-state.csv: value of ${row["state_id"] ?? ""} is not what the log says`);
  }
  for (const row of rows("completeness.csv")) {
    const body = log.newest.get(`completeness ${row["check_id"] ?? ""}`)?.body;
    const differences = list(body?.["differences"]);
    const counts = {
      differences: differences.length,
      unexplained: differences.filter((each) => of(each, "explanation") === null).length,
      without_pull_request: body?.["withoutPullRequest"],
    };
    for (const [column, count] of Object.entries(counts))
      if (String(count) !== row[column])
        say(`completeness.csv: ${column} of ${row["check_id"] ?? ""} is not what the log says`);
  }
}

/** Every value an entry holds, as cells write it. */
function said(value: unknown, known = new Set<string>()): Set<string> {
  if (typeof value === "string") known.add(value.trim());
  else if (typeof value === "boolean") known.add(value ? "yes" : "no");
  else if (typeof value === "number") {
    known.add(String(value));
    if (value > 1e11 && value < 1e14) known.add(moment(value));
  } else if (Array.isArray(value)) for (const each of value) said(each, known);
  else if (typeof value === "object" && value !== null) {
    if (typeof of(value, "login") === "string") known.add(who(value));
    if (typeof of(value, "owner") === "string")
      known.add(`${String(of(value, "owner"))}/${String(of(value, "name"))}`);
    for (const each of Object.values(value)) said(each, known);
  }
  return known;
}

/** A cell is said whole, or part by part, or word by word. */
function isSaid(cell: string, known: ReadonlySet<string>): boolean {
  const plain = (part: string): string =>
    part.replaceAll("%20", " ").replaceAll("%3B", ";").replaceAll("%7C", "|").replaceAll("%25", "%").trim();
  const isKnown = (part: string): boolean =>
    ["", "yes", "no", "unknown"].includes(part) || known.has(plain(part)) || known.has(part);
  const every = (parts: readonly string[], inner: (part: string) => boolean): boolean =>
    parts.every((part) => isKnown(part) || inner(part));
  return every([cell], () =>
    every(
      cell.split(" | "),
      (part) =>
        every(part.split(";"), (field) => field !== cell && every(field.split(/[ ,]+/u), () => false)) ||
        every(part.split(/[ ,]+/u), () => false),
    ),
  );
}

/** Each right is used as often as the log says. */
export function rights(log: Log, rows: readonly Row[], say: Say): void {
  const used = new Map<string, { times: number; first: number; last: number }>();
  const use = (repository: unknown, at: number, pairs: readonly (readonly [string, string])[]): void => {
    for (const key of new Set(pairs.map(([right, actor]) => `${String(repository)} ${actor} ${right}`))) {
      const known = used.get(key) ?? { times: 0, first: at, last: at };
      used.set(key, {
        times: known.times + 1,
        first: Math.min(known.first, at),
        last: Math.max(known.last, at),
      });
    }
  };
  for (const entry of log.newest.values()) {
    if (entry.at < log.period.from || entry.at >= log.period.to) continue;
    const { body } = entry;
    const outcomes = outcomesOf(entry);
    if (entry.kind === "change") {
      const pulls = list(of(body, "change", "pullRequests"));
      const actor = of(body, "change", "update", "actor");
      const landed =
        pulls.length === 0
          ? [actor]
          : pulls.map((pull) => (of(pull, "merged") === null ? actor : of(pull, "merged", "by")));
      const isPast = outcomes.some(
        (each) => each["control"] === "gate-respected" && each["outcome"] === "fail",
      );
      use(of(body, "change", "repository", "id"), entry.at, [
        ...list(of(body, "assessment", "approvals"))
          .filter((each) => of(each, "counts") === true)
          .map(
            (each) =>
              [
                "approve",
                of(each, "actorId") === null
                  ? "unknown"
                  : `${String(of(each, "login"))}#${String(of(each, "actorId"))}`,
              ] as const,
          ),
        ...landed.map((each) => [pulls.length === 0 ? "push" : "merge", who(each)] as const),
        ...(isPast ? landed.map((each) => ["bypass", who(each)] as const) : []),
      ]);
    }
    if (entry.kind === "deployment") {
      const run = of(body, "deployment", "run");
      const starter = who(
        of(run, "triggeringActor") ?? of(run, "actor") ?? of(body, "deployment", "creator"),
      );
      const isPast = outcomes.some((each) =>
        ["environment-bypassed", "gate-bypassed"].includes(String(each["cause"])),
      );
      use(of(body, "deployment", "repository", "id"), entry.at, [
        ["deploy", starter],
        ...list(of(run, "approvals"))
          .filter((each) => of(each, "state") === "approved")
          .map((each) => ["approve-deployment", who(of(each, "user"))] as const),
        ...(isPast ? [["bypass-environment", starter] as const] : []),
      ]);
    }
  }
  const expected = [...used].map(
    ([key, { times, first, last }]) => `${key} ${times} ${moment(first)} ${moment(last)}`,
  );
  const there = rows.map(
    (row) =>
      `${row["repository_id"]} ${row["actor"]} ${row["right"]} ${row["times"]} ${row["first_at"]} ${row["last_at"]}`,
  );
  if (!same(expected, there)) say("rights-used.csv: not the rights the log says were used");
}

const LONG = 86_400_000;

/** Each month's waits, from opening to review, approval and merge, and who went around. */
export function waiting(log: Log, rows: readonly Row[], say: Say): void {
  const months = new Map<string, Record<string, number[]> & { counts: number[] }>();
  for (const entry of log.newest.values()) {
    if (entry.kind !== "change" || entry.at < log.period.from || entry.at >= log.period.to) continue;
    const month = moment(entry.at).slice(0, 7);
    const own = months.get(month) ?? {
      "first-review": [],
      approval: [],
      "approval-to-merge": [],
      counts: [0, 0, 0, 0],
    };
    months.set(month, own);
    const { body } = entry;
    // Nobody had agreed to what was asked of changes before monitoring.
    if (of(body, "assessment", "verdict") === "historic") continue;
    const counted = list(of(body, "assessment", "approvals"))
      .filter((each) => of(each, "counts") === true)
      .map((each) => of(each, "reviewId"));
    const pulls = list(of(body, "change", "pullRequests"));
    const waits: Record<string, number[]> = { "first-review": [], approval: [], "approval-to-merge": [] };
    let isLong = false;
    for (const pull of pulls) {
      const merged = Number(of(pull, "merged", "at") ?? of(body, "change", "update", "at"));
      const created = Number(of(pull, "createdAt"));
      const reviews = list(of(pull, "reviews"));
      const at = (review: unknown): number => Number(of(review, "submittedAt"));
      const foreign = reviews
        .filter(
          (each) =>
            (of(each, "author") ?? null) !== null &&
            of(each, "author", "id") !== of(pull, "author", "id") &&
            at(each) <= merged,
        )
        .map(at);
      const approvals = reviews.filter((each) => counted.includes(of(each, "id"))).map(at);
      const first = foreign.length === 0 ? null : Math.min(...foreign);
      if (first !== null) waits["first-review"]?.push(first - created);
      if (approvals.length > 0) {
        waits["approval"]?.push(Math.min(...approvals) - created);
        waits["approval-to-merge"]?.push(Math.max(0, merged - Math.max(...approvals)));
      }
      isLong ||= (first ?? merged) - created > LONG;
    }
    for (const [measure, values] of Object.entries(waits))
      if (values.length > 0) own[measure]?.push(Math.max(...values));
    const isBypass = outcomesOf(entry).some(
      (each) =>
        each["outcome"] === "fail" &&
        ["gate-respected", "merged-by-pull-request", "independently-approved"].includes(
          String(each["control"]),
        ),
    );
    [isLong, isLong && isBypass, isBypass, isBypass && pulls.length === 0].forEach((each, index) => {
      own.counts[index] = (own.counts[index] ?? 0) + (each ? 1 : 0);
    });
  }
  for (const row of rows) {
    const own = months.get(row["month"] ?? "");
    const values = (own?.[row["measure"] ?? ""] ?? []).toSorted((a, b) => a - b);
    const rank = (share: number): string =>
      values.length === 0
        ? ""
        : String(Math.floor((values[Math.ceil(values.length * share) - 1] ?? 0) / 1000));
    const expected = [String(values.length), rank(0.5), rank(0.9), ...(own?.counts ?? []).map(String)];
    const there = [
      "changes",
      "median_seconds",
      "p90_seconds",
      "long_waits",
      "bypasses_after_long_waits",
      "bypasses",
      "bypasses_without_pull_request",
    ].map((column) => row[column] ?? "");
    if (expected.join(" ") !== there.join(" "))
      say(`waiting-times.csv: ${row["measure"] ?? ""} of ${row["month"] ?? ""} is ${expected.join(" ")}`);
  }
}

/** Each policy given is the one the log recorded, its source text is the blob it names, and each change says what it asks for. */
export function policies(log: Log, folder: string, changes: readonly Row[], say: Say): void {
  for (const entry of log.newest.values()) {
    if (entry.kind !== "policy") continue;
    const digest = entry.subject;
    const file = (end: string): string | null => {
      const path = join(folder, `policies/${digest}.${end}`);
      return existsSync(path) ? readFileSync(path, "utf8") : null;
    };
    if (file("json") !== `${canonical(entry.body)}\n`)
      say(`policies/${digest}.json: not the policy of the log`);
    if (entry.body["digest"] !== digest) say(`policies/${digest}.json: not the policy it is named after`);
    for (const level of ["organization", "repository"]) {
      const source = entry.body[level];
      const isFound = of(source, "state") === "found";
      if (file(`${level}.yml`) !== (isFound ? of(source, "text") : null))
        say(`policies/${digest}.${level}.yml: not the text of the log`);
      const text = Buffer.from(String(of(source, "text")));
      const blob = createHash("sha1").update(`blob ${text.length}\0`).update(text).digest("hex");
      if (isFound && of(source, "blob") !== blob)
        say(`policies/${digest}.${level}.yml: not the blob it is said to be`);
    }
    // What names meant was found out afterwards, and is kept beside the policy.
    const { names: _, ...effective } = entry.body["effective"] as Json;
    const source = (level: string): unknown =>
      of(entry.body, level, "state") === "found" ? of(entry.body, level, "blob") : null;
    const made = createHash("sha256")
      .update(
        canonical({ effective, organization: source("organization"), repository: source("repository") }),
      )
      .digest("hex");
    if (made !== digest) say(`policies/${digest}.json: does not have its own digest`);
  }
  for (const row of changes) {
    const entry = log.newest.get(`change ${row["change_id"] ?? ""}`);
    const asked = outcomesOf(entry).find((each) => each["control"] === "independently-approved");
    const required = list(of(asked, "inputs", "required")).map(
      (each) => list(each).join(",") || String(each),
    );
    if (row["approvals_required"] !== required.join(" "))
      say(`change ${(row["change_id"] ?? "").slice(0, 8)}: approvals_required is ${required.join(" ")}`);
  }
}

/** Every figure in the tables of the first page is that of summary.json. */
export function figures(text: (path: string) => string, say: Say): void {
  const page = text("START-HERE.html")
    .replaceAll(/<[^>]+>/gu, " ")
    .replaceAll(/\s+/gu, " ");
  const summary = JSON.parse(text("summary.json")) as Json;
  const share = (of_: unknown): string => {
    const [numerator, denominator] = [Number(of(of_, "numerator")), Number(of(of_, "denominator"))];
    const percent = denominator === 0 ? "" : ` (${((numerator / denominator) * 100).toFixed(1)} %)`;
    return `${numerator} of ${denominator}${percent}`;
  };
  const verdicts = new Set(
    ["changes", "deployments"].flatMap((each) => Object.keys(of(summary, each, "by_verdict") ?? {})),
  );
  const lines = [...verdicts].map((verdict) => {
    const cells = ["changes", "deployments"].map((each) => {
      const count = of(summary, each, "by_verdict", verdict);
      const rate = of(summary, each, "rate_by_verdict", verdict);
      return count === undefined ? "0" : `${word(count)} ${rate === undefined ? "" : share(rate)}`.trim();
    });
    return `${verdict} ${cells.join(" ")}`;
  });
  for (const [control, counts] of Object.entries(of(summary, "controls") ?? {})) {
    const outcomes = ["pass", "fail", "waived", "unverifiable", "not-applicable"].map((each) =>
      word(of(counts, "by_outcome", each) ?? 0),
    );
    lines.push(`${control} ${outcomes.join(" ")} ${share(of(counts, "passed"))}`);
  }
  for (const line of lines) if (!page.includes(` ${line} `)) say(`START-HERE.html: does not show "${line}"`);
}
