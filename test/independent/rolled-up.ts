/** What a package says of the periods it rolls up, counted again from its other tables. Nothing here is imported from `src`. */

import { list, moment, of, word, words, type Json, type Log, type Row, type Say } from "./reading.ts";

const OUTCOME: Readonly<Record<string, string>> = {
  passed: "pass",
  failed: "fail",
  waived: "waived",
  unverifiable: "unverifiable",
  not_applicable: "not-applicable",
};

/** Looks for what periods.csv, control-trend.csv and the manifest say of several periods and the other tables do not. */
export function rolledUp(
  log: Log,
  text: (path: string) => string,
  rows: (path: string) => readonly Row[],
  say: Say,
): void {
  const manifest = JSON.parse(text("manifest.json")) as Json;
  const parts = list(of(manifest, "closing", "rolls_up", "periods"));
  const [periods, trend] = [rows("periods.csv"), rows("control-trend.csv")];
  if (parts.length === 0) {
    if (periods.length + trend.length > 0) say("periods.csv: the manifest names no periods");
    return;
  }
  const names = parts.map((each) => String(of(each, "name")));
  if (names.join("\n") !== periods.map((row) => row["period"]).join("\n"))
    say("periods.csv: does not have the manifest's periods");
  let reached = String(of(manifest, "period", "from"));
  const holes: string[] = [];
  for (const [index, row] of periods.entries()) {
    const [from = "", to = ""] = [row["from"], row["to"]];
    if (Date.parse(from) < Date.parse(reached))
      say(`periods.csv ${names[index]}: begins before the last ended`);
    if (Date.parse(from) > Date.parse(reached)) holes.push(`${reached} ${from}`);
    reached = to;
    onePeriod({ log, rows, say, generatedAt: String(manifest["generated_at"]) }, row, parts[index]);
    oneTrend(
      rows,
      row,
      trend.filter((each) => each["from"] === from),
      say,
    );
  }
  if (reached !== of(manifest, "period", "to")) say("periods.csv: does not end with the package's period");
  const named = list(of(manifest, "closing", "rolls_up", "uncovered"));
  if (
    holes.join("\n") !==
    named.map((each) => `${String(of(each, "from"))} ${String(of(each, "to"))}`).join("\n")
  )
    say("the manifest does not name the days that no period covers");
  for (const each of named) {
    const during = spanOf(of(each, "from"), of(each, "to"));
    if (of(each, "changes") !== rows("changes.csv").filter((row) => during(row["occurred_at"])).length)
      say("the manifest miscounts the changes that no period covers");
  }
}

function spanOf(from: unknown, to: unknown): (at: string | undefined) => boolean {
  const [start, end] = [Date.parse(String(from)), Date.parse(String(to))];
  return (at = "") => Date.parse(at) >= start && Date.parse(at) < end;
}

interface Facts {
  readonly log: Log;
  readonly rows: (path: string) => readonly Row[];
  readonly say: Say;
  readonly generatedAt: string;
}

function onePeriod({ log, rows, say, generatedAt }: Facts, row: Row, part: unknown): void {
  const name = `periods.csv ${row["period"]}`;
  const isIn = spanOf(row["from"], row["to"]);
  const expected: Record<string, string | number> = {};
  for (const [noun, path, at] of [
    ["changes", "changes.csv", "occurred_at"],
    ["deployments", "deployments.csv", "succeeded_at"],
  ] as const) {
    const own = rows(path).filter((each) => isIn(each[at]));
    expected[noun] = own.length;
    for (const verdict of ["compliant", "exempted", "emergency", "non-compliant", "unverifiable", "historic"])
      expected[`${noun}_${verdict.replace("-", "_")}`] = own.filter(
        (each) => each["verdict"] === verdict,
      ).length;
  }
  const deviations = rows("deviations.csv").filter((each) => isIn(each["happened_at"]));
  const isSettled = (each: Row): boolean => /^(?:closed|not-an-exception)$/u.test(each["status"] ?? "");
  expected["deviations"] = deviations.length;
  expected["deviations_settled"] = deviations.filter(
    (each) => isSettled(each) && Date.parse(each["status_since"] ?? "") < Date.parse(row["to"] ?? ""),
  ).length;
  expected["deviations_open_at_end"] = deviations.length - expected["deviations_settled"];
  expected["deviations_open_now"] = deviations.filter((each) => !isSettled(each)).length;
  expected["emergencies"] = rows("emergency-changes.csv").filter((each) => isIn(each["opened_at"])).length;
  const gaps = rows("coverage-gaps.csv").filter(
    (each) =>
      Date.parse(each["from"] ?? "") < Date.parse(row["to"] ?? "") &&
      (each["to"] === "" || Date.parse(each["to"] ?? "") > Date.parse(row["from"] ?? "")),
  );
  expected["gaps"] = gaps.length;
  expected["gaps_not_read"] = gaps.filter((each) => each["backfilled"] !== "yes").length;
  const judged = [
    ...rows("changes.csv").filter((each) => isIn(each["occurred_at"])),
    ...rows("deployments.csv").filter((each) => isIn(each["succeeded_at"])),
  ].map((each) => each["policy_digest"] ?? "");
  expected["policies"] = [...new Set(judged)]
    .filter((each) => each !== "")
    .toSorted()
    .join(" ");
  expected["ended"] = Date.parse(generatedAt) >= Date.parse(row["to"] ?? "") ? "yes" : "no";
  const closing = closingIn(log, row);
  const [first, ...addenda] = list(of(closing, "handedOver"));
  expected["closing_sha256"] = word(of(first, "seal"));
  expected["closed_at"] = moment(of(first, "at"));
  expected["closed_by"] = word(of(first, "by"));
  expected["log_size"] = word(of(first, "log", "size"));
  expected["log_hash"] = word(of(first, "log", "hash"));
  if (words(row["addenda"]).filter((each) => each === "|").length !== Math.max(0, addenda.length - 1))
    say(`${name}: does not name each addendum`);
  for (const [column, value] of Object.entries(expected))
    if (row[column] !== String(value)) say(`${name}: ${column} is ${row[column]}, and should be ${value}`);
  for (const [key, column] of [
    ["closing_sha256", "closing_sha256"],
    ["rows_since_closing", "rows_since_closing"],
    ["rows_in_no_addendum", "rows_in_no_addendum"],
  ] as const)
    if (word(of(part, key)) !== row[column]) say(`${name}: the manifest has another ${key}`);
}

function closingIn({ newest }: Log, row: Row): Json | undefined {
  return [...newest.values()].find(
    ({ kind, body }) =>
      kind === "period-close" &&
      of(body, "period", "from") === Date.parse(row["from"] ?? "") &&
      of(body, "period", "to") === Date.parse(row["to"] ?? ""),
  )?.body;
}

function oneTrend(
  rows: (path: string) => readonly Row[],
  period: Row,
  trend: readonly Row[],
  say: Say,
): void {
  const isIn = spanOf(period["from"], period["to"]);
  const tests = rows("control-tests.csv").filter(
    (each) => isIn(each["occurred_at"]) && each["historic"] === "no",
  );
  const controls = new Set(tests.map((each) => each["control"]));
  for (const control of controls)
    if (!trend.some((row) => row["control"] === control))
      say(`control-trend.csv: lacks ${control} in ${period["period"]}`);
  for (const row of trend) {
    const own = tests.filter((each) => each["control"] === row["control"]);
    const name = `control-trend.csv ${row["control"]} ${period["period"]}`;
    const count = (outcome: string): number => own.filter((each) => each["outcome"] === outcome).length;
    for (const [column, outcome] of Object.entries(OUTCOME))
      if (row[column] !== String(count(outcome))) say(`${name}: ${column} is miscounted`);
    const tested = own.length - count("not-applicable");
    if (row["tested"] !== String(tested)) say(`${name}: tested is miscounted`);
    const rate = tested === 0 ? "" : (count("pass") / tested).toFixed(4);
    if (row["rate"] !== rate) say(`${name}: the rate is not ${rate}`);
    for (const type of ["design", "operating"]) {
      const deviations = rows("deviations.csv").filter(
        (each) =>
          isIn(each["happened_at"]) &&
          each["type"] === type &&
          words(each["controls"]).includes(row["control"] ?? ""),
      );
      if (row[`deviations_${type}`] !== String(deviations.length)) say(`${name}: deviations are miscounted`);
    }
    const months = rows("monitoring.csv").filter(
      (each) => each["control"] === row["control"] && isIn(`${each["month"]}-01T00:00:00Z`),
    );
    const signed = months.filter((each) => each["signed_off_at"] !== "").length;
    if (row["months_requested"] !== String(months.length) || row["months_signed_off"] !== String(signed))
      say(`${name}: months are miscounted`);
  }
}
