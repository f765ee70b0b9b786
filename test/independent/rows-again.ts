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
  words,
  type Json,
  type Log,
  type Row,
  type Say,
  nameIn,
} from "./reading.ts";

/** Which entries the rows of a table are made of, which column names the subject, and which columns are worked out from elsewhere. */
const MADE_OF: Readonly<
  Record<
    string,
    { readonly kinds: readonly string[]; readonly names?: string; readonly workedOut?: readonly string[] }
  >
> = {
  "changes.csv": {
    kinds: ["change"],
    names: "change_id",
    workedOut: [
      "contributors",
      "approvals_required",
      "approvals_counted",
      "approvals_not_counted",
      "approvals_served",
      "approvals_carried",
      "deviation_id",
      "without_deviation_because",
      "first_production_deployment_id",
      "first_production_deployment_at",
      "unverifiable_accepted",
      "assurance",
      "source_gone",
      "emergency_id",
      "ticket_dates",
    ],
  },
  "separation-of-duties.csv": {
    kinds: ["change"],
    names: "change_id",
    workedOut: ["authors", "approvers", "deployers", "one_person_in_two", "who"],
  },
  "deployments.csv": {
    kinds: ["deployment"],
    names: "deployment_id",
    workedOut: [
      "change_count",
      "refused_change_count",
      "source",
      "environment_reviewers",
      "environment_bypassed",
      "deviation_id",
      "without_deviation_because",
      "source_gone",
    ],
  },
  "control-tests.csv": {
    kinds: ["change", "deployment"],
    names: "subject_id",
    workedOut: ["test_id", "inputs", "subject_kind", "facts_read"],
  },
  "deviations.csv": {
    kinds: ["deviation"],
    names: "deviation_id",
    workedOut: [
      "description",
      "criteria",
      "detection_lag_seconds",
      "extent_control",
      "extent_failed",
      "extent_tested",
    ],
  },
  "remediation.csv": {
    kinds: ["remediation"],
    names: "deviation_id",
    workedOut: [
      "finding",
      "type",
      "severity",
      "reviews_held",
      "clean_months",
      "months_needed",
      "priority",
      "checklist",
      "measure_suggested",
      "preventive_measure",
    ],
  },
  "monitoring.csv": { kinds: ["monthly-review"], names: "review_id" },
  "coverage-gaps.csv": { kinds: ["coverage-gap"], names: "gap_id", workedOut: [] },
  "exemptions.csv": { kinds: ["policy"] },
  "privileged-actors.csv": { kinds: ["control-state"], workedOut: ["right_id", "can", "observable", "to"] },
  "scope.csv": {
    kinds: ["repository"],
    names: "repository_id",
    workedOut: ["reason", "deployments_seen_by", "made_by", "moved_in_at", "service", "criticality"],
  },
  "policies/index.csv": {
    kinds: ["policy"],
    names: "policy_digest",
    workedOut: ["approvals_required", "mode", "changed_by", "changed_in", "last_judged_at", "to"],
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
  "remediation-history.csv": {
    kinds: ["deviation", "remediation"],
    names: "deviation_id",
    workedOut: ["of"],
  },
};

/** Every row was made of an entry of its kind and subject, and says only what that entry says; and no emergency or review is left out. */
export function wording(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  for (const [path, { kinds, names, workedOut }] of Object.entries(MADE_OF))
    for (const row of rows(path)) {
      const entry = log.bySeq.get(Number(row["log_seq"] || "NaN"));
      if (entry === undefined) continue;
      if (!kinds.includes(entry.kind)) say(`${path}: entry ${entry.seq} is about something else`);
      const name = names === undefined ? undefined : row[names];
      if (name !== undefined && nameIn(entry) !== name && !entry.subject.endsWith(`/${name}`))
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
        if (!workedOut.includes(column) && !isMatching(cell, known))
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
  leftOut(log, rows, say);
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

/** Every entry that a table is made of has its row: each state of a setting, each step of a remediation, each policy. */
function leftOut(log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  const cited = (path: string): ReadonlySet<number> =>
    new Set(rows(path).map((row) => Number(row["log_seq"])));
  const isOwn = ({ at }: { readonly at: number }): boolean => at >= log.period.from && at < log.period.to;
  const kinds = (...names: readonly string[]) => names.flatMap((name) => log.kinds.get(name) ?? []);
  const held = new Set(rows("deviations.csv").map((row) => row["deviation_id"]));
  const newest = (name: string) => [...log.newest.values()].filter(({ kind }) => kind === name);
  for (const [path, entries] of [
    ["control-state.csv", kinds("control-state").filter(isOwn)],
    [
      "remediation-history.csv",
      kinds("deviation", "remediation").filter((each) => isOwn(each) || held.has(each.subject)),
    ],
    ["remediation.csv", newest("remediation").filter(isOwn)],
    ["policies/index.csv", newest("policy")],
  ] as const) {
    const there = cited(path);
    for (const { seq, body } of entries)
      if (!there.has(seq) && body["gone"] !== true) say(`${path}: lacks a row for entry ${seq}`);
  }
  // A row cites the entry that shows its right first; later readings go on with it.
  const setting = (row: Row): string => (row["right_id"] ?? "").split(" ")[0] ?? "";
  const rights = new Set(rows("privileged-actors.csv").map((row) => `${setting(row)} ${row["actor"] ?? ""}`));
  const settings = new Set(rows("privileged-actors.csv").map(setting));
  for (const { seq, subject, body } of kinds("control-state").filter(isOwn))
    if (settings.has(subject))
      for (const actor of list(body["value"]))
        if (!rights.has(`${subject} ${String(actor)}`))
          say(`privileged-actors.csv: lacks ${String(actor)} of entry ${seq}`);
  const matrix = rows("controls.csv").map((row) => row["control"]);
  for (const control of new Set(rows("control-tests.csv").map((row) => row["control"])))
    if (!matrix.includes(control)) say(`controls.csv: lacks ${control ?? ""}, which was tested`);
  for (const row of rows("control-tests.csv"))
    if (row["test_id"] !== `${row["subject_kind"] ?? ""}:${row["subject_id"] ?? ""}:${row["control"] ?? ""}`)
      say(`control-tests.csv: ${row["test_id"] ?? ""} names another test`);
  for (const row of rows("ref-updates.csv")) {
    const update = of(log.newest.get(`change ${row["change_id"] ?? ""}`)?.body, "change", "update");
    const told = [word(of(update, "activityId")), who(of(update, "actor")), word(of(update, "basis"))];
    if (
      update !== undefined &&
      told.join(" ") !== [row["activity_id"], row["actor"], row["source"]].join(" ")
    )
      say(`ref-updates.csv: ${row["activity_id"] ?? ""} is not what the log says`);
  }
  for (const row of rows("changes.csv")) {
    const body = log.newest.get(`change ${row["change_id"] ?? ""}`)?.body;
    const name = `change ${(row["change_id"] ?? "").slice(0, 8)}`;
    const update = of(body, "change", "update");
    const pulls = list(of(body, "change", "pullRequests"));
    const shown = (row["contributors"] ?? "").split(" | ").map((part) => part.split(";")[0] ?? "");
    for (const opener of pulls.map((pull) => of(pull, "author")))
      if (typeof of(opener, "login") === "string" && !shown.includes(who(opener)))
        say(`${name}: ${who(opener)} opened it, and is no contributor`);
    const mergers = pulls.map((pull) => (of(pull, "merged") === null ? "" : who(of(pull, "merged", "by"))));
    for (const merger of words(row["merged_by"]))
      if (pulls.length > 0 && !mergers.includes(merger)) say(`${name}: merged_by is not what the log says`);
    if (pulls.length > 0)
      for (const person of shown)
        if (!isMatching(person, said(body))) say(`${name}: ${person} is no contributor`);
    const counted = list(of(body, "assessment", "approvals")).filter((each) => of(each, "counts") === true);
    const isReadLater =
      of(update, "basis") === "read-later" || counted.some((each) => of(each, "basis") === "read-later");
    if (isReadLater && row["assurance"] !== "read-later") say(`${name}: assurance is read-later`);
    const served = counted.flatMap((each) =>
      list(of(each, "served")).map((one) =>
        [
          `${String(of(each, "login"))}#${String(of(each, "actorId"))}`,
          of(one, "requirement"),
          of(one, "rule") ?? "",
          list(of(one, "by")).join("+"),
          of(one, "whenGiven"),
        ]
          .map(String)
          .join(";"),
      ),
    );
    if (
      !same(
        served,
        (row["approvals_served"] ?? "").split(" | ").filter((each) => each !== ""),
      )
    )
      say(`${name}: approvals_served is not what the log says`);
  }
  for (const row of rows("control-tests.csv")) {
    const entry = log.newest.get(`${row["subject_kind"] ?? ""} ${row["subject_id"] ?? ""}`);
    const result = outcomesOf(entry).find((each) => each["control"] === row["control"]);
    const shown = plain(row["reasons"] ?? "");
    for (const reason of list(result?.["reasons"]))
      if (!shown.includes(String(reason).trim()))
        say(`control-tests.csv: reasons of ${row["test_id"] ?? ""} are not what the log says`);
  }
  for (const row of rows("policies/index.csv")) {
    const mode = of(log.newest.get(`policy ${row["policy_digest"] ?? ""}`)?.body, "effective", "mode");
    if (mode !== undefined && mode !== row["mode"])
      say(`policies/index.csv: mode of ${row["policy_digest"] ?? ""} is not what the log says`);
  }
  for (const row of rows("scope.csv")) {
    const body = log.newest.get(`repository ${row["repository_id"] ?? ""}`)?.body;
    for (const [column, value] of [
      ["in_scope", body?.["inScope"]],
      ["archived", body?.["archived"]],
    ] as const)
      if (value !== undefined && row[column] !== (value === true ? "yes" : "no"))
        say(`scope.csv: ${column} of ${row["repository"] ?? ""} is not what the log says`);
  }
  for (const row of rows("deployments.csv")) {
    const deployment = of(log.newest.get(`deployment ${row["deployment_id"] ?? ""}`)?.body, "deployment");
    const yes = (value: unknown): string => (value === true ? "yes" : value === false ? "no" : "");
    const carried = list(of(deployment, "carried"));
    const cells = {
      change_count: String(carried.length),
      refused_change_count: String(carried.filter((each) => of(each, "verdict") === "non-compliant").length),
      previous_deployment_id: word(of(deployment, "previous", "id")),
      previous_sha: word(of(deployment, "previous", "sha")),
      on_production_branch: yes(of(deployment, "onProductionBranch")),
      landed_at: moment(of(deployment, "landedAt")),
      succeeded_before: yes(of(deployment, "succeededBefore")),
      gate_answer: word(of(deployment, "gate")),
      verdict_before: word(of(deployment, "verdictBefore")),
    };
    for (const [column, cell] of Object.entries(cells))
      if (deployment !== undefined && row[column] !== cell)
        say(`deployment ${(row["deployment_id"] ?? "").slice(0, 8)}: ${column} is not what the log says`);
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

/** A part of a cell without what stands in it for separators. */
function plain(part: string): string {
  return part
    .replaceAll("%20", " ")
    .replaceAll("%3B", ";")
    .replaceAll("%7C", "|")
    .replaceAll("%25", "%")
    .trim();
}

/** What cells say of no value, or of everybody. */
const CONSTANT: ReadonlySet<string> = new Set([
  "",
  "yes",
  "no",
  "unknown",
  "app",
  "the App",
  "repository-admins",
  "anyone who may write",
]);

/** A cell is said whole, or part by part, or word by word. */
function isMatching(cell: string, known: ReadonlySet<string>): boolean {
  const isKnown = (part: string): boolean => CONSTANT.has(part) || known.has(plain(part)) || known.has(part);
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
  const expectedRows = [...months].flatMap(([month, own]) =>
    Object.entries(own).flatMap(([measure, values]) =>
      measure !== "counts" && values.length > 0 ? [`${month} ${measure}`] : [],
    ),
  );
  const shown = new Set(rows.map((row) => `${row["month"] ?? ""} ${row["measure"] ?? ""}`));
  for (const each of expectedRows) if (!shown.has(each)) say(`waiting-times.csv: lacks ${each}`);
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
    const digest = nameIn(entry);
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
