/** What ipe.csv says of the queries behind a package, made again from the log and the files. Nothing here is imported from `src`. */

import { canonical, list, moment, of, sha256, type Json, type Log, type Row, type Say } from "./reading.ts";

const BRANCH_TABLES = "changes.csv ref-updates.csv";
/** What is read of GitHub by requests that the log does not hold. */
const NOT_RECORDED = [
  ["deployments", "deployments.csv"],
  ["pull-requests", "changes.csv control-tests.csv"],
  ["repositories", "scope.csv"],
  ["rights", "changes.csv privileged-actors.csv rights-used.csv"],
  ["settings", "control-state.csv privileged-actors.csv"],
] as const;

const FROM_LOG = ["changes.csv", "deployments.csv", "ref-updates.csv"];

/** Looks for a query that ipe.csv lacks, has too many, or tells otherwise than the log or the file it is about. */
export function queries(
  log: Log,
  text: (path: string) => string,
  rows: (path: string) => readonly Row[],
  say: Say,
): void {
  const api = rows("tool.csv").find((row) => row["item"] === "github-api")?.["value"] ?? "";
  const manifest = JSON.parse(text("manifest.json")) as Json;
  const expected: (Row & { readonly query_id: string })[] = [
    ...rows("completeness.csv").flatMap((row) => listings(log, row, api)),
    ...rows("policies/index.csv").flatMap((row) => files(log, row, api)),
    ...FROM_LOG.map((path) => ({
      query_id: `table ${path}`,
      source: "log",
      tables: path,
      system: "the evidence log",
      query: `the newest entry of each ${path === "deployments.csv" ? "deployment" : "change"}`,
      parameters: canonical({
        from: moment(log.period.from),
        organization: String(of(manifest, "organization", "id")),
        to: moment(log.period.to),
      }),
      began_at: String(manifest["generated_at"]),
      ended_at: String(manifest["generated_at"]),
      rows: String(rows(path).length),
      counted: String(rows(path).length),
      cut_short: "no",
      sha256: sha256(text(path)),
    })),
  ];
  for (const [name, tables] of NOT_RECORDED)
    expected.push({
      query_id: `not-recorded ${name}`,
      source: "not-recorded",
      tables,
      system: api,
      parameters: "{}",
    });
  const there = rows("ipe.csv");
  for (const row of there.filter(({ source }) => source === "not-recorded"))
    if (row["purpose"]?.endsWith("is not on record") !== true)
      say(`ipe.csv: ${row["query_id"]} does not say so`);
  const names = expected.map((each) => each.query_id);
  if (there.map((row) => row["query_id"]).join("\n") !== names.toSorted().join("\n"))
    say("ipe.csv: not the queries behind the package");
  for (const each of expected) {
    const row = there.find(({ query_id: id }) => id === each.query_id);
    for (const column of COLUMNS)
      if (row !== undefined && row[column] !== ((each as Row)[column] ?? ""))
        say(`ipe.csv: ${column} of ${each.query_id} is not what the log says`);
  }
}

const COLUMNS = [
  "source",
  "tables",
  "system",
  "query",
  "parameters",
  "began_at",
  "ended_at",
  "read_as",
  "rights",
  "tool_version",
  "pages",
  "rows",
  "counted",
  "cut_short",
  "check_complete",
  "sha256",
  "log_seq",
  "log_hash",
];

function listings(log: Log, row: Row, api: string): readonly (Row & { readonly query_id: string })[] {
  const entry = log.bySeq.get(Number(row["log_seq"]));
  const isCut = of(entry?.body, "truncated") === true;
  return list(of(entry?.body, "listings")).map((listing) => {
    const source = String(of(listing, "source"));
    const read = of(listing, "read") as Json | null | undefined;
    const isLogged = source === "deliveries" || source === "ledger";
    const readAs = (isLogged ? undefined : of(entry?.body, "readAs")) as Json | null | undefined;
    const app = readAs?.["app"] as Json | null | undefined;
    const yesNo = (value: unknown): string => (value === true ? "yes" : "no");
    return {
      query_id: `completeness ${row["check_id"] ?? ""} ${source}`,
      source,
      tables: BRANCH_TABLES,
      system: isLogged ? "the evidence log" : api,
      query: String(of(listing, "query")),
      parameters: canonical({
        branch: row["branch"],
        from: row["from"],
        repository: row["repository"],
        to: row["to"],
      }),
      began_at: read == null ? "" : moment(Number(read["began"])),
      ended_at: read == null ? "" : moment(Number(read["ended"])),
      read_as:
        readAs == null
          ? ""
          : app == null
            ? "token"
            : `app ${String(app["id"])}, installation ${String(app["installation"])}`,
      rights: Object.entries((app?.["rights"] ?? {}) as Json)
        .map(([name, level]) => `${name}:${String(level)}`)
        .toSorted()
        .join(" "),
      tool_version: readAs == null ? "" : String(readAs["version"]),
      pages: read?.["pages"] == null ? "" : String(Number(read["pages"])),
      rows: read == null ? "" : String(read["rows"]),
      counted: String(of(listing, "count")),
      cut_short: read == null ? (isCut ? "" : "no") : yesNo(read["cut"]),
      check_complete: yesNo(of(entry?.body, "complete")),
      sha256: String(of(listing, "sha256")),
      log_seq: row["log_seq"] ?? "",
      log_hash: row["log_hash"] ?? "",
    };
  });
}

function files(log: Log, row: Row, api: string): readonly (Row & { readonly query_id: string })[] {
  const entry = log.bySeq.get(Number(row["log_seq"]));
  return ["organization", "repository"].flatMap((name) => {
    const file = of(entry?.body, name) as Json | undefined;
    if (file?.["state"] !== "found") return [];
    const [repository, path, commit] = [file["repository"], file["path"], file["commit"]].map(String);
    return [
      {
        query_id: `policy-file ${row["policy_digest"] ?? ""} ${name}`,
        source: "policy-file",
        tables: "policies/index.csv",
        system: api,
        query: `GET /repos/${repository}/contents/${path}?ref=${commit}`,
        parameters: canonical({ commit, path, repository }),
        ended_at: moment(entry?.at ?? 0),
        rows: "1",
        cut_short: "no",
        sha256: sha256(String(file["text"])),
        log_seq: row["log_seq"] ?? "",
        log_hash: row["log_hash"] ?? "",
      },
    ];
  });
}
