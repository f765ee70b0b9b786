/** What the first page of a package says, held to its tables and documents. Nothing here is imported from `src`. */

import { list, of, plainText, table, word, type Json, type Row, type Say } from "./reading.ts";

type Text = (path: string) => string;

/** Names whatever the first page does not say as the tables and documents have it. */
export function firstPage(text: Text, say: Say): void {
  const page = plainText(text("START-HERE.html"));
  words(page, text, say);
  answers(page, text, say);
  figures(page, text, say);
  lists(page, text, say);
}

/** Most that the first page lists of anything: a table that is longer is cut. */
const LISTED = 50;

/** The first page lists the emergencies, gaps and branches that the tables and documents have. */
function lists(page: string, text: Text, say: Say): void {
  const plain = (cell = ""): string => cell.replace(/#[0-9]+$/u, "");
  const lines = [
    ...list((JSON.parse(text("completeness.json")) as Json)["branches"]).map((each) => [
      ...["repository", "branch"].map((name) => word(of(each, name))),
      of(each, "proven") === true ? "yes" : "no",
      ...["updates", "updates_matched", "without_pull_request", "differences", "unexplained"].map((name) =>
        word(of(each, name)),
      ),
    ]),
    ...table(text("coverage-gaps.csv")).map((row) => [
      row["from"] ?? "",
      row["to"] === "" ? "not ended" : (row["to"] ?? ""),
      row["scope"] ?? "",
      row["cause"] ?? "",
    ]),
    ...table(text("emergency-changes.csv")).map((row) => [
      plain(row["declared_by"]) || "nobody",
      `${plain(row["authorised_by"]) || "nobody"}${row["alone"] === "yes" ? aloneWords(plain(row["confirmed_by"])) : ""}`,
      row["status"] ?? "",
    ]),
  ];
  if (lines.length > LISTED) return;
  for (const line of lines)
    if (!page.includes(` ${line.join(" ")} `)) say(`START-HERE.html: does not list "${line.join(" ")}"`);
}

/** The first page says what the manifest says, and counts what the tables hold. */
function words(page: string, text: Text, say: Say): void {
  const [changes, deployments] = [table(text("changes.csv")), table(text("deployments.csv"))];
  const manifest = JSON.parse(text("manifest.json")) as Json;
  for (const sentence of list(manifest["known_limitations"]))
    if (!page.includes(String(sentence).replaceAll(/\s+/gu, " ")))
      say(`START-HERE.html: lacks "${String(sentence)}"`);
  const counts = [
    `${changes.length} ${changes.length === 1 ? "change" : "changes"}, of which`,
    `${deployments.length} successful ${deployments.length === 1 ? "deployment" : "deployments"} to production`,
  ];
  for (const count of counts) if (!page.includes(count)) say(`START-HERE.html: does not say "${count}"`);
  const complete = JSON.parse(text("completeness.json")) as Json;
  const branches = list(complete["branches"]);
  const isProven = branches.length > 0 && branches.every((each) => of(each, "proven") === true);
  if (!isProven && page.includes("Every update of")) say("START-HERE.html: claims every update unproven");
  const gaps = table(text("coverage-gaps.csv")).length;
  if (gaps > 0 && page.includes("None is known")) say("START-HERE.html: says that no gap is known");
  if (gaps > 0 && !page.includes(`${gaps} ${gaps === 1 ? "span" : "spans"} in which the App could not see`))
    say("START-HERE.html: does not count the gaps");
  if (
    String(manifest["generated_at"]) < String(of(manifest, "period", "to")) &&
    !page.includes("had not ended")
  )
    say("START-HERE.html: does not say that the period is not over");
}

/** The first page answers how many of how many as the tables have it, and lists what the tables list. */
function answers(page: string, text: Text, say: Say): void {
  const rows = (path: string): readonly Row[] => table(text(path));
  const [changes, deployments] = [rows("changes.csv"), rows("deployments.csv")];
  const [deviations, emergencies] = [rows("deviations.csv"), rows("emergency-changes.csv")];
  const [reviews, months] = [rows("retroactive-reviews.csv"), rows("monitoring.csv")];
  const branches = list((JSON.parse(text("completeness.json")) as Json)["branches"]);
  const refused = [...changes, ...deployments].filter((row) => row["verdict"] === "non-compliant");
  const answer = (what: string, number: number, of_: number): void => {
    const figure =
      of_ === 0 ? "there were none" : `${number} of ${of_} (${((number / of_) * 100).toFixed(1)} %)`;
    if (!page.includes(` ${what} ${figure} `)) say(`START-HERE.html: does not answer "${what} ${figure}"`);
  };
  const having = (all: readonly Row[], column: string, ...values: readonly string[]): number =>
    all.filter((row) => values.includes(row[column] ?? "")).length;
  for (const [name, all] of [
    ["Changes", changes],
    ["Deployments", deployments],
  ] as const) {
    const judged = all.length - having(all, "verdict", "historic");
    answer(`${name} that are compliant`, having(all, "verdict", "compliant"), judged);
    answer(`${name} that are non-compliant`, having(all, "verdict", "non-compliant"), judged);
    const unknown = having(all, "verdict", "unverifiable");
    if (unknown > 0) answer(`${name} that could not be judged (unverifiable)`, unknown, judged);
  }
  answer(
    "Non-compliant changes and deployments that a deviation lists",
    refused.filter((row) => row["deviation_id"] !== "").length,
    refused.length,
  );
  answer(
    "Deviations that are settled (closed, or no exception)",
    having(deviations, "status", "closed", "not-an-exception"),
    deviations.length,
  );
  answer(
    "Emergencies authorised by someone independent",
    emergencies.filter((row) => row["authorised_at"] !== "" && row["alone"] !== "yes").length,
    emergencies.length,
  );
  answer(
    "Retroactive reviews that are late or overdue",
    reviews.filter((row) => row["late"] === "yes" || row["overdue"] === "yes").length,
    reviews.length,
  );
  answer(
    "Monthly reviews of a control signed off in time",
    having(months, "status", "signed-off"),
    months.length,
  );
  answer(
    "Production branches whose list of changes is proven complete",
    branches.filter((each) => of(each, "proven") === true).length,
    branches.length,
  );
  if (deviations.length <= LISTED)
    for (const row of deviations) {
      const owner = rows("remediation.csv").find((each) => each["deviation_id"] === row["deviation_id"]);
      const line = [
        row["cause"],
        row["type"],
        row["severity"],
        (owner?.["owner"] ?? "").replace(/#[0-9]+$/u, "") || "nobody yet",
        (owner?.["due"] ?? "") || "not set",
        row["status"],
      ].join(" ");
      if (!page.includes(` ${line} `)) say(`START-HERE.html: does not list the deviation "${line}"`);
      if (!page.includes(` ${row["deviation_id"] ?? ""} `))
        say(`START-HERE.html: does not name ${row["deviation_id"] ?? ""}`);
    }
}

function aloneWords(confirmedBy: string): string {
  return `, alone; ${confirmedBy === "" ? "not confirmed" : `confirmed by ${confirmedBy}`}`;
}

/** Every figure in the tables of the first page is that of summary.json. */
function figures(page: string, text: Text, say: Say): void {
  const summary = JSON.parse(text("summary.json")) as Json;
  const share = (of_: unknown): string => {
    const [numerator, denominator] = [Number(of(of_, "numerator")), Number(of(of_, "denominator"))];
    if (denominator === 0) return "applies to none";
    return `${numerator} of ${denominator} (${((numerator / denominator) * 100).toFixed(1)} %)`;
  };
  const verdicts = new Set(
    ["changes", "deployments"].flatMap((each) => Object.keys(of(summary, each, "by_verdict") ?? {})),
  );
  const lines = [...verdicts].map((verdict) => {
    const cells = ["changes", "deployments"].map((each) => {
      const counts = Object.entries(of(summary, each, "by_verdict") ?? {});
      const numerator = Number(counts.find(([name]) => name === verdict)?.[1] ?? 0);
      const judged = counts.filter(([name]) => name !== "historic");
      const denominator = judged.reduce((sum, [, count]) => sum + Number(count), 0);
      return `${numerator} ${verdict === "historic" ? "not counted" : share({ numerator, denominator })}`;
    });
    return `${verdict} ${cells.join(" ")}`;
  });
  for (const [control, counts] of Object.entries(of(summary, "controls") ?? {})) {
    const outcomes = ["pass", "fail", "waived", "unverifiable", "not-applicable"].map((each) =>
      word(of(counts, "by_outcome", each) ?? 0),
    );
    const own = table(text("controls.csv")).find((row) => row["control"] === control)?.["company_id"] ?? "";
    const name = page.includes(` ${control} (${own}) `) ? `${control} (${own})` : control;
    lines.push(`${name} ${outcomes.join(" ")} ${share(of(counts, "passed"))}`);
  }
  const left = ["change", "deployment"].map((noun) => {
    const number = Number(of(summary, `${noun}s`, "by_verdict", "historic") ?? 0);
    return { number, text: `${number} ${noun}${number === 1 ? "" : "s"}` };
  });
  const words = `${left.map(({ text: each }) => each).join(" and ")} happened before monitoring was agreed`;
  if (left.some(({ number }) => number > 0) !== page.includes(` ${words} `))
    say(`START-HERE.html: whether "${words}" is not said rightly`);
  for (const line of lines) if (!page.includes(` ${line} `)) say(`START-HERE.html: does not show "${line}"`);
}
