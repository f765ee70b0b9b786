/** Reads the pages of a sample and holds every fact on them against the tables and the log of the package. Nothing here is imported from `src`. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { list, of, table, words, type Json, type Row } from "./reading.ts";

/** What of a page is compared: facts by place, the cells of its tables by section, and its text. */
interface Page {
  readonly name: string;
  readonly facts: readonly {
    readonly path: string;
    readonly row: number;
    readonly column: string;
    readonly text: string;
  }[];
  readonly sections: ReadonlyMap<string, string>;
  /** By number, the text of the row about an entry of the log. */
  readonly entries: ReadonlyMap<string, string>;
}

/** Columns that may be as long as the population: a page only counts their values. */
const COUNTED: readonly string[] = [
  "deviations.csv subjects",
  "emergency-changes.csv change_ids",
  "retroactive-reviews.csv change_ids",
];

/** Sentences for what an empty cell of these tables holds; anything else of a page must be of a cell. */
const NOTHING = /^(?:none|nothing|not|never|nobody|no |any|by rule|it |GitHub|the )/u;

/** Lists what the pages in a folder contradict of the package they are of. `of`: changes or deployments. */
export function contradictions(
  pages: string,
  evidence: string,
  population: "changes" | "deployments",
): readonly string[] {
  const found: string[] = [];
  const known = new Map<string, readonly Row[]>();
  const tableOf = (path: string): readonly Row[] => {
    const rows = known.get(path) ?? table(readFileSync(join(evidence, path), "utf8"));
    known.set(path, rows);
    return rows;
  };
  const typesOf = (path: string): Json => {
    const name = `${path.replaceAll("/", "-")}.schema.json`;
    return of(JSON.parse(readFileSync(join(evidence, "schemas", name), "utf8")), "properties") as Json;
  };
  const names = readdirSync(pages).filter((name) => /^\d+-[0-9a-f]{12}\.html$/u.test(name));
  const selection = table(readFileSync(join(pages, "selection.csv"), "utf8"));
  if (names.length !== selection.length) found.push(`${names.length} pages of ${selection.length} chosen`);
  for (const [index, { id = "" }] of selection.entries()) {
    const name = names.toSorted()[index] ?? "";
    const page = pageOf(name, readFileSync(join(pages, name), "utf8"));
    const say = (what: string): void => void found.push(`${name}: ${what}`);
    for (const fact of page.facts) {
      const row = tableOf(fact.path)[fact.row - 2];
      const cell = row?.[fact.column];
      const type = String(of(typesOf(fact.path), fact.column, "x-countersign-type"));
      if (cell === undefined) say(`${fact.path} has no row ${fact.row} with ${fact.column}`);
      else if (!shows(fact.text, cell, type, COUNTED.includes(`${fact.path} ${fact.column}`)))
        say(`${fact.path} ${fact.row} ${fact.column}: “${fact.text}” is not ${JSON.stringify(cell)}`);
    }
    checkWhole(page, id, population, tableOf, say);
    checkLog(page, id, evidence, tableOf, say);
  }
  return found;
}

/** A cell that is empty is said to be; of any other the page has every part. */
function shows(text: string, cell: string, type: string, counted: boolean): boolean {
  if (cell === "") return NOTHING.test(text);
  if (counted) return text === String(words(cell).length);
  const parts = type === "list" || cell.includes(" | ") || text !== oneLine(cell) ? partsOf(cell) : [cell];
  return parts.every((part) => text.includes(oneLine(part)));
}

function partsOf(cell: string): readonly string[] {
  return cell
    .split(/ \| |;|\+/u)
    .flatMap((part) =>
      part === ""
        ? []
        : [part.replaceAll("%7C", "|").replaceAll("%3B", ";").replaceAll("%20", " ").replaceAll("%25", "%")],
    );
}

/** Everything in the tables about the item is on its page. */
function checkWhole(
  page: Page,
  id: string,
  population: string,
  tableOf: (path: string) => readonly Row[],
  say: (what: string) => void,
): void {
  const has = (section: string, ...texts: readonly (string | undefined)[]): void => {
    for (const text of texts)
      if (text !== undefined && text !== "" && !(page.sections.get(section) ?? "").includes(oneLine(text)))
        say(`section ${section} lacks ${JSON.stringify(text)}`);
  };
  const tests = tableOf("control-tests.csv").filter((row) => row["subject_id"] === id);
  for (const row of tests)
    has("controls", row["control"], row["outcome"], row["cause"], ...partsOf(row["reasons"] ?? ""));
  for (const row of tableOf("deviations.csv"))
    if (words(row["subjects"]).includes(id)) {
      has("deviations", row["deviation_id"], row["severity"], row["status"]);
      for (const path of ["remediation.csv", "remediation-history.csv"])
        for (const step of tableOf(path))
          if (step["deviation_id"] === row["deviation_id"])
            has(
              "deviations",
              step["root_cause"],
              step["owner"],
              step["due"],
              step["step"],
              step["by"],
              step["text"],
            );
    }
  for (const path of ["emergency-changes.csv", "retroactive-reviews.csv"])
    for (const row of tableOf(path))
      if (words(row["change_ids"]).includes(id))
        has(
          "emergency",
          row["reason"],
          row["declared_by"],
          row["authorised_by"],
          row["reviewer"],
          row["note"],
        );
  const own = tableOf(`${population}.csv`).find((row) => Object.values(row)[0] === id);
  for (const column of ["approvals_counted", "approvals_not_counted", "approvals_served"])
    has(
      "approvals",
      ...(own?.[column] ?? "").split(" | ").flatMap((each) => partsOf(each.replaceAll("+", ";"))),
    );
  has("checks", ...partsOf(own?.["checks"] ?? ""));
  for (const row of tableOf("deployments.csv"))
    if (population === "changes" && (row["changes"] ?? "").includes(`${id};`))
      has("deployments", row["deployment_id"], row["environment"], row["creator"], row["verdict"]);
  if (population === "deployments") has("changes", ...partsOf(own?.["changes"] ?? ""));
  if (own?.["verdict"] !== page.facts.find(({ column }) => column === "verdict")?.text)
    say("has another verdict");
}

/** The entries about the item and those of its rows are on the page, each with its own hashes. */
function checkLog(
  page: Page,
  id: string,
  evidence: string,
  tableOf: (path: string) => readonly Row[],
  say: (what: string) => void,
): void {
  const lines = ["log/entries.jsonl", "log/cited.jsonl"].flatMap((path) =>
    readFileSync(join(evidence, path), "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
  const entries = new Map(
    lines.map((line) => JSON.parse(line) as Json).map((entry) => [String(entry["seq"]), entry]),
  );
  for (const [seq, text] of page.entries) {
    const entry = entries.get(seq);
    const shown = [entry?.["hash"], entry?.["previousHash"], entry?.["kind"], entry?.["subject"]].map(String);
    if (shown.some((part) => !text.includes(part))) say(`log entry ${seq} is not “${text}”`);
  }
  const own = [...entries.values()].filter((entry) => entry["subject"] === id);
  const cited = page.facts.map(({ path, row }) => tableOf(path)[row - 2]?.["log_seq"] ?? "");
  for (const seq of new Set([...own.map((entry) => String(entry["seq"])), ...cited]))
    if (seq !== "" && !page.entries.has(seq)) say(`lacks log entry ${seq}`);
  const described = page.sections.get("description") ?? "";
  for (const pull of list(of(own.at(-1), "body", "change", "pullRequests"))) {
    const text = of(pull, "body", "text");
    if (typeof text === "string" && !described.includes(oneLine(text))) say("lacks the description");
  }
  const approvals = list(of(own.at(-1), "body", "assessment", "approvals")) as readonly Json[];
  const words = page.sections.get("approvals") ?? "";
  for (const { counts, reason } of approvals)
    if (counts === false && !words.includes(oneLine(String(reason))))
      say(`lacks why an approval does not count: ${String(reason)}`);
}

function pageOf(name: string, html: string): Page {
  const facts = [...html.matchAll(/<dd data-from="([^"]*)"[^>]*>(.*?)<\/dd>/gsu)].map(
    ([, from = "", inner = ""]) => {
      const [path = "", row = "", column = ""] = from.split(" ");
      return { path, row: Number(row), column, text: textOf(inner) };
    },
  );
  const sections = html.split(/<h2 id="/u).slice(1);
  const rows = html.matchAll(/<tr id="entry-(\d+)">(.*?)<\/tr>/gsu);
  return {
    name,
    facts,
    entries: new Map([...rows].map(([, seq = "", inner = ""]) => [seq, textOf(inner)])),
    sections: new Map(
      sections.map((each) => [each.slice(0, each.indexOf('"')), textOf(each.slice(each.indexOf(">") + 1))]),
    ),
  };
}

/** The text of a piece of HTML, as a person reads it. */
function textOf(html: string): string {
  const text = html
    .replaceAll(/<[^>]*>/gu, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
  return oneLine(text);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}
