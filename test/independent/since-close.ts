/**
 * Which package was handed over and what differs from it, worked out again: the closings of the log, the entries that were the
 * newest then, and the rows they give now. Nothing here is imported from `src`.
 */

import {
  list,
  moment,
  nameIn,
  of,
  outcomesOf,
  same,
  word,
  words,
  type Entry,
  type Json,
  type Log,
  type Row,
  type Say,
} from "./reading.ts";

/** The tables of which each row is the newest entry of a subject, with the kind of entry, the key, and cells taken from it alone. */
const ROWS: Readonly<
  Record<
    string,
    {
      readonly kind: string;
      readonly key: string;
      readonly cells: Readonly<Record<string, readonly string[]>>;
    }
  >
> = {
  "changes.csv": {
    kind: "change",
    key: "change_id",
    cells: { verdict: ["assessment", "verdict"], class: ["class"], mode: ["mode"] },
  },
  "deployments.csv": {
    kind: "deployment",
    key: "deployment_id",
    cells: { verdict: ["assessment", "verdict"], mode: ["mode"] },
  },
  "deviations.csv": {
    kind: "deviation",
    key: "deviation_id",
    cells: { status: ["status"], severity: ["severity"], type: ["type"] },
  },
  "remediation.csv": {
    kind: "remediation",
    key: "deviation_id",
    cells: { status: ["status"], due: ["due"] },
  },
  "retroactive-reviews.csv": {
    kind: "retroactive-review",
    key: "emergency_id",
    cells: { status: ["status"] },
  },
  "emergency-changes.csv": { kind: "emergency", key: "emergency_id", cells: { status: ["status"] } },
  "completeness.csv": { kind: "completeness", key: "check_id", cells: { matched: ["matched"] } },
  "scope.csv": { kind: "repository", key: "repository_id", cells: { reason: ["reason"] } },
  "policies/index.csv": { kind: "policy", key: "policy_digest", cells: { mode: ["effective", "mode"] } },
  "coverage-gaps.csv": { kind: "coverage-gap", key: "gap_id", cells: { because: ["because"] } },
};

/** Cells that say where a row comes from. */
const ORIGINS = ["log_seq", "log_hash", "checked_at", "evaluated_at", "recorded_at"];

/** Looks for what since-close.csv and the manifest say about closings and the log does not. */
export function sinceClose(
  log: Log,
  text: (path: string) => string,
  rows: (path: string) => readonly Row[],
  say: Say,
): void {
  const closing = of(JSON.parse(text("manifest.json")), "closing") as Json;
  const differing = rows("since-close.csv");
  const packages = handedOver(log);
  const named = list(closing["handed_over"]);
  if (named.length !== packages.length) say("the manifest does not name the packages that were handed over");
  for (const [index, each] of packages.entries())
    for (const [key, value] of Object.entries({
      number: index,
      as: of(each, "as"),
      at: moment(of(each, "at")),
      by: of(each, "by"),
      seal_sha256: of(each, "seal"),
      key_id: of(each, "keyId"),
      generated_at: moment(of(each, "generatedAt")),
      reason: of(each, "reason"),
    }))
      if (of(named[index], key) !== value) say(`the manifest names another ${key} of package ${index}`);
  const last = packages.at(-1);
  if (last === undefined) {
    if (differing.length > 0) say("since-close.csv: nothing was handed over");
    if (closing["rows_that_differ"] !== null) say("the manifest compares with what was not handed over");
    return;
  }
  if (!text("START-HERE.html").includes(String(of(last, "seal"))))
    say("the first page does not name the seal");
  const more = differing.filter((row) => row["change"] !== "recorded-again").length;
  if (closing["rows_that_differ"] !== more || closing["rows_recorded_again"] !== differing.length - more)
    say("the manifest miscounts the rows that differ");
  if (of(JSON.parse(text("summary.json")), "since_close", "total") !== more)
    say("the summary miscounts the rows that differ");
  if (closing["made_as"] === "close") say("the manifest says it closed what was closed before");
  const size = Number(of(last, "log", "size"));
  const earlier = newestUntil(log, size);
  const facts = {
    log,
    size,
    earlier,
    listed: new Map(differing.map((row) => [`${row["table"]} ${row["row"]}`, row])),
  };
  for (const path of Object.keys(ROWS)) rowsOfOneEntry(facts, path, rows(path), say);
  for (const subject of ["change", "deployment"]) tests(facts, subject, say);
  for (const row of differing) cells(facts, row, rows(row["table"] ?? ""), say);
}

interface Facts {
  readonly log: Log;
  readonly size: number;
  readonly earlier: ReadonlyMap<string, Entry>;
  readonly listed: ReadonlyMap<string, Row>;
}

/** The packages of exactly this period that were handed over. */
function handedOver({ newest, period }: Log): readonly unknown[] {
  const own = [...newest.values()].find(
    ({ kind, body }) =>
      kind === "period-close" &&
      of(body, "period", "from") === period.from &&
      of(body, "period", "to") === period.to,
  );
  return list(own?.body["handedOver"]);
}

function newestUntil({ entries }: Log, size: number): ReadonlyMap<string, Entry> {
  return new Map(
    entries.filter(({ seq }) => seq <= size).map((entry) => [`${entry.kind} ${nameIn(entry)}`, entry]),
  );
}

/** A row made of one entry differs exactly if that entry is a newer one, and by the cells the two entries give. */
function rowsOfOneEntry(
  { log, size, earlier, listed }: Facts,
  path: string,
  all: readonly Row[],
  say: Say,
): void {
  const { kind, key, cells: taken } = ROWS[path] ?? { kind: "", key: "", cells: {} };
  for (const row of all) {
    const subject = row[key] ?? "";
    const found = listed.get(`${path} ${subject}`);
    const [old, now] = [earlier.get(`${kind} ${subject}`), log.newest.get(`${kind} ${subject}`)];
    if (row["log_seq"] === "" || now === undefined) continue;
    if (old === undefined && found?.["change"] !== "added")
      say(`${path} ${subject}: was added, and is not listed so`);
    if (Number(row["log_seq"]) > size && found === undefined)
      say(`${path} ${subject}: differs, and is not listed`);
    if (old === undefined || found?.["change"] === "added") continue;
    for (const [column, place] of Object.entries(taken)) {
      const [before, after] = [word(of(old.body, ...place)), word(of(now.body, ...place))];
      if (before === after) continue;
      if (found === undefined || of(JSON.parse(found["before"] ?? "{}"), column) !== before)
        say(`${path} ${subject}: ${column} was ${before}, and is not listed so`);
    }
  }
}

/** A test of a control differs where the assessment then and the assessment now say so. */
function tests({ log, earlier, listed }: Facts, kind: string, say: Say): void {
  for (const now of log.newest.values()) {
    if (now.kind !== kind || now.at < log.period.from || now.at >= log.period.to) continue;
    const old = earlier.get(`${kind} ${nameIn(now)}`);
    for (const result of outcomesOf(now)) {
      const id = `control-tests.csv ${kind}:${now.subject}:${String(result["control"])}`;
      const before = outcomesOf(old).find((each) => each["control"] === result["control"]);
      const found = listed.get(id);
      if (before === undefined && found?.["change"] !== "added")
        say(`${id}: was added, and is not listed so`);
      if (before === undefined) continue;
      for (const column of ["outcome", "cause"] as const)
        if (before[column] !== result[column] && !words(found?.["columns"]).includes(column))
          say(`${id}: ${column} differs, and is not listed so`);
    }
  }
}

/** A row that is listed differs as it says, and for reasons that are later entries of the log. */
function cells({ log, size }: Facts, row: Row, all: readonly Row[], say: Say): void {
  const name = `${row["table"]} ${row["row"]}`;
  const [before, after] = [row["before"], row["after"]].map((json) => JSON.parse(json ?? "{}") as Json) as [
    Json,
    Json,
  ];
  const columns = words(row["columns"]);
  const now = all.find(
    (each) => Object.values(each).includes(row["row"] ?? "") && columns.every((c) => each[c] === after[c]),
  );
  const isThere = all.some((each) => keyed(each, row["row"] ?? ""));
  if (row["change"] === "removed" ? isThere : !isThere)
    say(`${name}: is ${String(row["change"])}, and is ${isThere ? "" : "not "}there`);
  if (["changed", "recorded-again"].includes(row["change"] ?? "")) {
    if (now === undefined && !(row["row"] ?? "").includes(";")) say(`${name}: is not now what is listed`);
    if (!same(columns, Object.keys(before)) || !same(columns, Object.keys(after)))
      say(`${name}: names other columns`);
    if (columns.some((column) => before[column] === after[column])) say(`${name}: does not differ`);
    const isAgain = columns.every((column) => ORIGINS.includes(column));
    if (isAgain !== (row["change"] === "recorded-again")) say(`${name}: is called ${String(row["change"])}`);
  }
  if (Number(before["log_seq"] ?? 0) > size) say(`${name}: was made from an entry that was not there`);
  for (const each of (row["why"] ?? "").split(" | ")) {
    const [seq = "", hash, at, what = ""] = each.split(";");
    if (seq === "") continue;
    const entry = log.bySeq.get(Number(seq));
    if (entry === undefined || Number(seq) <= size || entry.hash !== hash || moment(entry.recordedAt) !== at)
      say(`${name}: entry ${seq} is no reason`);
    const late = of(entry?.body, entry?.kind ?? "", "late");
    if (row["change"] === "added" && late !== undefined && what.includes("found late") !== late)
      say(`${name}: entry ${seq} is told otherwise`);
  }
  const own = Number(after["log_seq"] ?? 0);
  if (own > size && !(row["why"] ?? "").split(" | ").some((each) => each.startsWith(`${own};`)))
    say(`${name}: its own entry ${own} is no reason`);
}

function keyed(row: Row, key: string): boolean {
  const values = Object.values(row);
  return values.includes(key) || key.split(";").every((part) => values.includes(part));
}
