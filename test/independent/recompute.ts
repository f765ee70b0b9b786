/**
 * Recomputes an evidence package from its files alone, knowing nothing of the program that made it: digests, signature, hash chain,
 * rows against the log, verdicts against tests, rates, completeness, deviations, months. Nothing here is imported from `src`.
 */

import { createPublicKey, verify as verifySignature } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  canonical,
  list,
  logOf,
  moment,
  of,
  outcomesOf,
  same,
  sha256,
  table,
  who,
  word,
  words,
  type Json,
  type Log,
  type Row,
  type Say,
  nameIn,
} from "./reading.ts";
import { completeness } from "./completeness.ts";
import { fieldwork } from "./fieldwork.ts";
import { firstPage } from "./first-page.ts";
import { policies, rights, waiting, wording } from "./rows-again.ts";
import { queries } from "./queries.ts";
import { logAlone } from "./log-alone.ts";
import { report } from "./report.ts";
import { rolledUp } from "./rolled-up.ts";
import { sinceClose } from "./since-close.ts";
import { workbook } from "./workbook.ts";

/**
 * Returns every contradiction found in the package in a folder; none: all of it can be recomputed. With `fingerprint`, as the auditor
 * got it from elsewhere, also whether that key signed.
 */
export async function recompute(folder: string, fingerprint?: string): Promise<readonly string[]> {
  const found: string[] = [];
  const say = (what: string): void => {
    if (found.length < 500) found.push(what);
  };
  const text = (path: string): string => readFileSync(join(folder, path), "utf8");
  const rows = (path: string): readonly Row[] => table(text(path));
  seals(folder, fingerprint, say);
  const log = logOf(text, say);
  const changes = rows("changes.csv");
  const deployments = rows("deployments.csv");
  const tests = rows("control-tests.csv");
  populations(log, { change: changes, deployment: deployments }, text, say);
  logged(folder, log, rows, say);
  verdicts(log, { change: changes, deployment: deployments }, tests, say);
  firstDeployments(changes, deployments, say);
  updates(rows("ref-updates.csv"), changes, say);
  deviations(log, rows("deviations.csv"), { change: changes, deployment: deployments }, tests, say);
  completeness(log, text, rows, say);
  gaps(log, rows("coverage-gaps.csv"), say);
  summary(text, rows, { changes, deployments, tests }, say);
  months(log, rows("monitoring.csv"), tests, text, say);
  remediations(log, rows("remediation.csv"), say);
  controlMatrix(log, rows("controls.csv"), text, say);
  wording(log, rows, say);
  rights(log, rows("rights-used.csv"), say);
  waiting(log, rows("waiting-times.csv"), say);
  policies(log, folder, changes, say);
  queries(log, text, rows, say);
  firstPage(text, say);
  fieldwork(log, rows, say);
  logAlone(log, rows, say);
  sinceClose(log, text, rows, say);
  rolledUp(log, text, rows, say);
  const tables = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".csv"));
  workbook(readFileSync(join(folder, "evidence.xlsx")), tables, text, say);
  await report(readFileSync(join(folder, "report.pdf")), text("START-HERE.html"), say);
  return found;
}

/** Returns what contradicts the other tables in what a package says of the periods it rolls up. */
export function recomputeRollUp(folder: string): readonly string[] {
  const found: string[] = [];
  const say = (what: string): void => void found.push(what);
  const text = (path: string): string => readFileSync(join(folder, path), "utf8");
  rolledUp(logOf(text, say), text, (path) => table(text(path)), say);
  return found;
}

/** Returns what contradicts the log in what a package says of its completeness alone. */
export function recomputeCompleteness(folder: string): readonly string[] {
  const found: string[] = [];
  const say = (what: string): void => void found.push(what);
  const text = (path: string): string => readFileSync(join(folder, path), "utf8");
  completeness(logOf(text, say), text, (path) => table(text(path)), say);
  return found;
}

/** Returns what contradicts the log in what a package says about closings alone. */
export function recomputeClosing(folder: string): readonly string[] {
  const found: string[] = [];
  const say = (what: string): void => void found.push(what);
  const text = (path: string): string => readFileSync(join(folder, path), "utf8");
  sinceClose(logOf(text, say), text, (path) => table(text(path)), say);
  return found;
}

/** Every file, its digest in three places, and the signature over them. */
function seals(folder: string, fingerprint: string | undefined, say: Say): void {
  const read = (path: string): Buffer => readFileSync(join(folder, path));
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
  const envelope = JSON.parse(read("manifest.dsse.json").toString()) as Json;
  const payload = Buffer.from(String(envelope["payload"]), "base64");
  const type = String(envelope["payloadType"]);
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `),
    payload,
  ]);
  const key = createPublicKey(read("public-key.pem"));
  const signature = Buffer.from(String(of(envelope, "signatures", 0, "sig")), "base64");
  if (!verifySignature("sha256", signed, key, signature)) say("the signature does not hold");
  const keyId = sha256(key.export({ type: "spki", format: "der" }));
  if (fingerprint !== undefined && fingerprint !== keyId) say("another key signed than the one given");
  if (of(envelope, "signatures", 0, "keyid") !== keyId) say("the seal names another key");
  const bundle = `{"dsseEnvelope":${canonical(envelope)},"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"${keyId}"}}}\n`;
  if (!there.includes("manifest.sigstore.json")) say("manifest.sigstore.json: is gone");
  else if (read("manifest.sigstore.json").toString() !== bundle)
    say("manifest.sigstore.json: is not the seal as a bundle");
  const statement = JSON.parse(payload.toString()) as Json;
  const sealed = new Map(
    list(statement["subject"]).map((each) => [String(of(each, "name")), of(each, "digest", "sha256")]),
  );
  const sums = new Map(
    read("SHA256SUMS")
      .toString()
      .trimEnd()
      .split("\n")
      .map((each) => [each.slice(66), each.slice(0, 64)]),
  );
  const manifest = JSON.parse(read("manifest.json").toString()) as Json;
  const listed = new Map(list(manifest["files"]).map((each) => [String(of(each, "path")), each]));
  if (of(manifest, "signing", "key_id") !== keyId) say("the manifest names another key");
  for (const path of there) {
    if (path === "manifest.dsse.json" || path === "manifest.sigstore.json") continue;
    const bytes = read(path);
    const digest = sha256(bytes);
    if (sealed.get(path) !== digest) say(`${path}: not as sealed`);
    if (path !== "SHA256SUMS" && sums.get(path) !== digest) say(`${path}: not as in SHA256SUMS`);
    if (path === "SHA256SUMS" || path === "manifest.json") continue;
    const file = listed.get(path);
    if (of(file, "sha256") !== digest || of(file, "bytes") !== bytes.length)
      say(`${path}: not as in the manifest`);
    const count = path.endsWith(".csv")
      ? table(bytes.toString()).length
      : path.endsWith(".jsonl")
        ? bytes.toString().split("\n").length - 1
        : null;
    if (of(file, "rows") !== count) say(`${path}: does not have the rows the manifest gives`);
  }
  for (const path of sealed.keys()) if (!there.includes(path)) say(`${path}: is gone`);
  const { files: _, ...rest } = manifest;
  if (canonical(rest) !== canonical(statement["predicate"])) say("the manifest is not what was sealed");
}

type Subjects = { readonly change: readonly Row[]; readonly deployment: readonly Row[] };

const ID = { change: "change_id", deployment: "deployment_id" } as const;
const HAPPENED = { change: "occurred_at", deployment: "succeeded_at" } as const;

/** One row for each change and deployment the log knows of in the period, and no other. */
function populations(log: Log, subjects: Subjects, text: (path: string) => string, say: Say): void {
  const manifest = JSON.parse(text("manifest.json")) as Json;
  for (const kind of ["change", "deployment"] as const) {
    const known = [...log.newest.values()]
      .filter((entry) => entry.kind === kind && entry.at >= log.period.from && entry.at < log.period.to)
      .map(({ subject }) => subject);
    const there = subjects[kind].map((row) => row[ID[kind]] ?? "");
    if (!same(known, there)) say(`${kind}s: the rows are not those the log knows of`);
    if (new Set(there).size !== there.length) say(`${kind}s: one is there twice`);
    if (of(manifest, "populations", `${kind}s`) !== there.length)
      say(`${kind}s: the manifest miscounts them`);
  }
}

/** Every row that names a log entry was made of that very entry, which is the newest of its subject. */
function logged(folder: string, log: Log, rows: (path: string) => readonly Row[], say: Say): void {
  for (const path of readdirSync(folder).filter((name) => name.endsWith(".csv")))
    for (const row of rows(path)) {
      const seq = row["log_seq"];
      if (seq === undefined) break;
      if (seq === "") {
        const isOfNone =
          path === "coverage-gaps.csv" ||
          (path === "ipe.csv" && ["log", "not-recorded"].includes(row["source"] ?? ""));
        if (!isOfNone || row["log_hash"] !== "") say(`${path}: a row without its entry`);
        continue;
      }
      const entry = log.bySeq.get(Number(seq));
      if (entry === undefined) {
        // Who may do what is read before the period as well; such entries are not given.
        if (!["control-state.csv", "privileged-actors.csv", "exemptions.csv"].includes(path))
          say(`${path}: entry ${seq} is not given`);
      } else if (entry.hash !== row["log_hash"]) say(`${path}: entry ${seq} has another hash`);
    }
}

/** The outcomes folded as docs and glossary say. */
function folded(outcomes: readonly string[]): readonly string[] {
  if (outcomes.includes("fail")) return ["non-compliant", "historic"];
  if (outcomes.includes("unverifiable")) return ["unverifiable", "historic"];
  if (outcomes.includes("waived")) return ["emergency", "exempted", "historic"];
  return ["compliant", "historic"];
}

/** Each verdict follows from the tests, each test is what the log says, and each cell about a subject is the entry's. */
function verdicts(log: Log, subjects: Subjects, tests: readonly Row[], say: Say): void {
  const bySubject = Map.groupBy(tests, (row) => `${row["subject_kind"]} ${row["subject_id"]}`);
  for (const kind of ["change", "deployment"] as const)
    for (const row of subjects[kind]) {
      const id = row[ID[kind]] ?? "";
      const name = `${kind} ${id.slice(0, 8)}`;
      const entry = log.newest.get(`${kind} ${id}`);
      const own = bySubject.get(`${kind} ${id}`) ?? [];
      bySubject.delete(`${kind} ${id}`);
      if (entry !== undefined && String(entry.seq) !== row["log_seq"])
        say(`${name}: not made of its newest entry`);
      const results = outcomesOf(entry);
      const told = (each: Json): string =>
        `${String(each["control"])} ${String(each["outcome"])} ${String(each["cause"])} ${canonical(each["inputs"])}`;
      const shown = own.map(
        (each) => `${each["control"]} ${each["outcome"]} ${each["cause"]} ${each["inputs"]}`,
      );
      if (!same(results.map(told), shown)) say(`${name}: its tests are not those of the log`);
      for (const test of own) {
        if (test["occurred_at"] !== row[HAPPENED[kind]]) say(`${name}: tested as of another time`);
        if (test["policy_digest"] !== row["policy_digest"]) say(`${name}: tested by another policy`);
        if (test["historic"] !== (row["verdict"] === "historic" ? "yes" : "no"))
          say(`${name}: whether its tests count is not what its verdict says`);
      }
      const outcomes = own.map((each) => each["outcome"] ?? "");
      if (!folded(outcomes).includes(row["verdict"] ?? "")) say(`${name}: its verdict does not follow`);
      for (const [column, outcome] of [
        ["failed_controls", "fail"],
        ["unverifiable_controls", "unverifiable"],
        ["waived_controls", "waived"],
      ] as const) {
        const controls = own
          .filter((each) => each["outcome"] === outcome)
          .map((each) => each["control"] ?? "");
        if (!same(controls, words(row[column]))) say(`${name}: ${column} does not follow`);
      }
      const body = entry?.body;
      const record = kind === "change" ? of(body, "change") : of(body, "deployment");
      const cells: Readonly<Record<string, unknown>> = {
        verdict: of(body, "assessment", "verdict"),
        policy_digest: of(body, "assessment", "policyDigest"),
        mode: of(body, "mode"),
        repository_id: of(record, "repository", "id"),
        repository: `${String(of(record, "repository", "owner"))}/${String(of(record, "repository", "name"))}`,
        late: of(record, "late") === true ? "yes" : "no",
        [HAPPENED[kind]]: moment(kind === "change" ? of(record, "update", "at") : of(record, "succeededAt")),
        ...(kind === "change"
          ? {
              class: of(body, "class"),
              branch: of(record, "update", "ref"),
              update: of(record, "update", "kind"),
              before_sha: of(record, "update", "before"),
              after_sha: of(record, "update", "after"),
              pull_request: list(of(record, "pullRequests"))
                .map((pull) => String(of(pull, "number")))
                .join(" "),
              pull_request_author: list(of(record, "pullRequests"))
                .map((pull) => who(of(pull, "author")))
                .join(" "),
              pull_request_url: list(of(record, "pullRequests"))
                .map((pull) => String(of(pull, "url")))
                .join(" "),
              pull_request_opened_at: list(of(record, "pullRequests"))
                .map((pull) => moment(of(pull, "createdAt")))
                .join(" "),
              head_sha_at_merge: list(of(record, "pullRequests"))
                .map((pull) => String(of(pull, "head", "sha")))
                .join(" "),
              merged_at: list(of(record, "pullRequests"))
                .map((pull) => moment(of(pull, "merged", "at")))
                .filter((at) => at !== "")
                .join(" "),
              tree_sha: of(record, "tree"),
              commit_count: of(record, "commitCount"),
              approvals_counted: approvers(body, true),
              approvals_not_counted: approvers(body, false),
            }
          : {
              environment: of(record, "environment"),
              sha: of(record, "sha"),
              kind: of(record, "kind"),
              creator: who(of(record, "creator")),
              created_at: moment(of(record, "createdAt")),
              ref: of(record, "ref"),
              changes: list(of(record, "carried"))
                .map((each) => `${String(of(each, "id"))};${String(of(each, "verdict"))}`)
                .join(" | "),
            }),
      };
      for (const [column, value] of Object.entries(cells)) {
        const shown = column.startsWith("approvals_")
          ? (row[column] ?? "").split(" | ").toSorted().join(" | ")
          : row[column];
        if (word(value) !== shown) say(`${name}: ${column} is not what the log says`);
      }
    }
  for (const left of bySubject.keys()) say(`${left}: tested, and in no population`);
}

/** Every approval that counts, or does not: by whom, with what permission, for which commit, when, how it is known and why not. */
function approvers(body: unknown, counts: boolean): string {
  const pulls = list(of(body, "change", "pullRequests"));
  return list(of(body, "assessment", "approvals"))
    .filter((each) => of(each, "counts") === counts)
    .map((each) => {
      const isIt = (review: unknown): boolean => of(review, "id") === of(each, "reviewId");
      const pull = pulls.find((one) => list(of(one, "reviews")).some(isIt));
      const review = list(of(pull, "reviews")).find(isIt);
      const authority = list(of(pull, "authorities")).find(
        (one) => of(one, "actor", "id") === of(each, "actorId"),
      );
      const person =
        of(each, "actorId") === null
          ? "unknown"
          : `${String(of(each, "login"))}#${String(of(each, "actorId"))}`;
      const parts = [
        person,
        word(of(authority, "permission") ?? "unknown"),
        word(of(review, "commit") ?? "unknown"),
        review === undefined ? "unknown" : moment(of(review, "submittedAt")),
        String(of(each, "basis")),
        ...(counts ? [] : [String(of(each, "code"))]),
      ];
      return parts.join(";");
    })
    .toSorted()
    .join(" | ");
}

/** A change names the first deployment that carried it, where that lies in the period. */
function firstDeployments(changes: readonly Row[], deployments: readonly Row[], say: Say): void {
  const first = new Map<string, Row>();
  for (const row of deployments.toSorted((a, b) =>
    (a["succeeded_at"] ?? "") < (b["succeeded_at"] ?? "") ? -1 : 1,
  ))
    for (const change of (row["changes"] ?? "").split(" | ")) {
      const id = change.split(";")[0] ?? "";
      if (!first.has(id)) first.set(id, row);
    }
  for (const row of changes) {
    const known = first.get(row["change_id"] ?? "");
    const isTold =
      known === undefined ||
      (known["deployment_id"] === row["first_production_deployment_id"] &&
        known["succeeded_at"] === row["first_production_deployment_at"]);
    if (!isTold) say(`change ${row["change_id"] ?? ""}: another deployment carried it first`);
  }
}

/** One row for each change, in order, each beginning where the one before it ended or saying that it does not. */
function updates(rows: readonly Row[], changes: readonly Row[], say: Say): void {
  const byId = new Map(changes.map((row) => [row["change_id"], row]));
  if (rows.length !== changes.length) say("ref-updates.csv: not one row for each change");
  const last = new Map<string, Row>();
  for (const row of rows) {
    const change = byId.get(row["change_id"]);
    const name = `ref-updates.csv: ${row["activity_id"] ?? ""}`;
    for (const column of ["repository_id", "branch", "occurred_at", "update", "before_sha", "after_sha"])
      if (change?.[column] !== row[column]) say(`${name}: ${column} is not the change's`);
    const branch = `${row["repository_id"]} ${row["branch"]}`;
    const before = last.get(branch);
    const isNext = before === undefined ? "" : before["after_sha"] === row["before_sha"] ? "yes" : "no";
    if (before !== undefined && row["contiguous_with_previous"] !== isNext) say(`${name}: not contiguous`);
    if (before !== undefined && Number(row["sequence"]) !== Number(before["sequence"]) + 1)
      say(`${name}: out of sequence`);
    last.set(branch, row);
  }
}

/** Every deviation is the log's, names what it lists, and what is non-compliant has one or says why not. */
function deviations(
  log: Log,
  rows: readonly Row[],
  subjects: Subjects,
  tests: readonly Row[],
  say: Say,
): void {
  const lists = new Map<string, Set<string>>();
  const known = new Set<string>();
  for (const row of rows) {
    const id = row["deviation_id"] ?? "";
    known.add(id);
    const body = log.newest.get(`deviation ${id}`)?.body;
    if (body === undefined) {
      say(`deviation ${id.slice(0, 12)}: not in the log`);
      continue;
    }
    const cells: Readonly<Record<string, unknown>> = {
      status: body["status"],
      type: body["type"],
      severity: body["severity"],
      cause: body["cause"],
      source: body["source"],
      title: body["title"],
      happened_at: moment(body["happenedAt"]),
      detected_at: moment(body["detectedAt"]),
      status_since: moment(of(body, "moved", "at")),
      subjects: list(body["subjects"]).join(" "),
      controls: list(body["controls"]).join(" "),
      actors: list(body["actors"]).map(who).join(" "),
      exposed_until: moment(of(body, "exposure", "to")),
      detection_lag_seconds: Math.max(
        0,
        Math.floor((Number(body["detectedAt"]) - Number(body["happenedAt"])) / 1000),
      ),
    };
    for (const [column, value] of Object.entries(cells))
      if (String(value) !== row[column])
        say(`deviation ${id.slice(0, 12)}: ${column} is not what the log says`);
    for (const subject of words(row["subjects"]))
      lists.set(subject, (lists.get(subject) ?? new Set()).add(id));
    const failed = (control: string, outcomes: readonly string[]): number =>
      tests.filter(
        (test) =>
          test["control"] === control &&
          test["historic"] === "no" &&
          outcomes.includes(test["outcome"] ?? ""),
      ).length;
    const control = row["extent_control"] ?? "";
    if (
      control !== "" &&
      (failed(control, ["fail"]) !== Number(row["extent_failed"]) ||
        failed(control, ["pass", "fail"]) !== Number(row["extent_tested"]))
    )
      say(`deviation ${id.slice(0, 12)}: its extent does not follow`);
  }
  for (const entry of log.newest.values())
    if (entry.kind === "deviation" && entry.at >= log.period.from && entry.at < log.period.to)
      if (!known.has(entry.subject)) say(`deviation ${entry.subject.slice(0, 12)}: left out`);
  for (const kind of ["change", "deployment"] as const)
    for (const row of subjects[kind]) {
      const id = row[ID[kind]] ?? "";
      const named = words(row["deviation_id"]);
      const own = [...(lists.get(id) ?? [])];
      const isRight = kind === "change" ? same(own, named) : own.every((each) => named.includes(each));
      if (!isRight) say(`${kind} ${id.slice(0, 8)}: does not name its deviations`);
      for (const each of named)
        if (!known.has(each)) say(`${kind} ${id.slice(0, 8)}: names a deviation that is not there`);
      const needs = row["verdict"] === "non-compliant" && named.length === 0;
      if (needs !== (row["without_deviation_because"] !== ""))
        say(`${kind} ${id.slice(0, 8)}: neither a deviation nor why there is none`);
    }
}

function gaps(log: Log, rows: readonly Row[], say: Say): void {
  const known = new Set(rows.map((row) => row["gap_id"] ?? ""));
  for (const entry of log.newest.values()) {
    if (entry.kind !== "coverage-gap") continue;
    const to = entry.body["to"];
    const touches =
      Number(entry.body["from"]) < log.period.to && (to === null || Number(to) > log.period.from);
    if (touches && !known.has(entry.subject)) say(`gap ${entry.subject}: left out`);
  }
  for (const row of rows) {
    if (row["log_seq"] === "") continue;
    const body = log.newest.get(`coverage-gap ${row["gap_id"] ?? ""}`)?.body;
    const cells: Readonly<Record<string, unknown>> = {
      cause: body?.["cause"],
      scope: body?.["scope"],
      from: moment(body?.["from"]),
      to: moment(body?.["to"]),
      backfilled: body?.["backfilled"] === true ? "yes" : "no",
    };
    for (const [column, value] of Object.entries(cells))
      if (String(value) !== row[column])
        say(`gap ${row["gap_id"] ?? ""}: ${column} is not what the log says`);
  }
}

function countsOf(rows: readonly Row[], column: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const row of rows) counts[row[column] ?? ""] = (counts[row[column] ?? ""] ?? 0) + 1;
  return counts;
}

function rate(numerator: number, denominator: number): Json {
  return { numerator, denominator, rate: denominator === 0 ? null : (numerator / denominator).toFixed(4) };
}

/** Every count and rate again. */
function summary(
  text: (path: string) => string,
  rows: (path: string) => readonly Row[],
  {
    changes,
    deployments,
    tests,
  }: {
    readonly changes: readonly Row[];
    readonly deployments: readonly Row[];
    readonly tests: readonly Row[];
  },
  say: Say,
): void {
  const told = JSON.parse(text("summary.json")) as Json;
  const expect = (path: readonly string[], value: unknown): void => {
    if (canonical(of(told, ...path) ?? null) !== canonical(value ?? null))
      say(`summary.json: ${path.join(".")} is ${canonical(value)}`);
  };
  for (const [name, all] of [
    ["changes", changes],
    ["deployments", deployments],
  ] as const) {
    const verdicts = countsOf(all, "verdict");
    const judged = all.length - (verdicts["historic"] ?? 0);
    expect([name, "total"], all.length);
    expect([name, "by_verdict"], verdicts);
    expect([name, "by_mode"], countsOf(all, "mode"));
    for (const [verdict, count] of Object.entries(verdicts))
      if (verdict !== "historic") expect([name, "rate_by_verdict", verdict], rate(count, judged));
  }
  expect(["changes", "by_update"], countsOf(changes, "update"));
  expect(["changes", "by_class"], countsOf(changes, "class"));
  expect(["changes", "by_assurance"], countsOf(changes, "assurance"));
  expect(["changes", "late"], changes.filter((row) => row["late"] === "yes").length);
  expect(
    ["changes", "deployed"],
    changes.filter((row) => row["first_production_deployment_id"] !== "").length,
  );
  expect(["deployments", "by_kind"], countsOf(deployments, "kind"));
  const byControl = Map.groupBy(
    tests.filter((row) => row["historic"] === "no"),
    (row) => row["control"] ?? "",
  );
  for (const [control, own] of byControl) {
    const outcomes = countsOf(own, "outcome");
    expect(["controls", control, "by_outcome"], outcomes);
    expect(
      ["controls", control, "passed"],
      rate(outcomes["pass"] ?? 0, own.length - (outcomes["not-applicable"] ?? 0)),
    );
  }
  if (!same(Object.keys(told["controls"] ?? {}), [...byControl.keys()]))
    say("summary.json: not the controls that were tested");
  const months = new Set([
    ...changes.map((row) => (row["occurred_at"] ?? "").slice(0, 7)),
    ...deployments.map((row) => (row["succeeded_at"] ?? "").slice(0, 7)),
  ]);
  expect(
    ["months"],
    [...months].toSorted().map((month) => {
      const own = changes.filter((row) => row["occurred_at"]?.startsWith(month));
      return {
        month,
        changes: own.length,
        by_verdict: countsOf(own, "verdict"),
        deployments: deployments.filter((row) => row["succeeded_at"]?.startsWith(month)).length,
      };
    }),
  );
  for (const [repository, own] of Map.groupBy(changes, (row) => row["repository"] ?? ""))
    expect(["repositories", repository], { changes: own.length, by_verdict: countsOf(own, "verdict") });
  const deviations = rows("deviations.csv");
  expect(["deviations", "total"], deviations.length);
  for (const column of ["type", "status", "severity", "cause"])
    expect(["deviations", `by_${column}`], countsOf(deviations, column));
  const emergencies = rows("emergency-changes.csv");
  expect(["emergencies", "total"], emergencies.length);
  expect(["emergencies", "by_status"], countsOf(emergencies, "status"));
  const reviews = rows("retroactive-reviews.csv");
  expect(["emergencies", "reviews_by_status"], countsOf(reviews, "status"));
  const updates = rows("ref-updates.csv");
  expect(["ref_updates"], {
    total: updates.length,
    not_contiguous: updates.filter((row) => row["contiguous_with_previous"] === "no").length,
  });
  const gaps = rows("coverage-gaps.csv");
  expect(["coverage_gaps"], {
    total: gaps.length,
    by_cause: countsOf(gaps, "cause"),
    not_backfilled: gaps.filter((row) => row["backfilled"] !== "yes").length,
  });
}

/** Each month is the log's, and what it is known to be now follows from the tests and deviations. */
function months(
  log: Log,
  rows: readonly Row[],
  tests: readonly Row[],
  text: (path: string) => string,
  say: Say,
): void {
  const known = [...log.newest.values()].filter((entry) => entry.kind === "monthly-review");
  const reviews = known.filter(({ at }) => at >= log.period.from && at < log.period.to);
  if (
    !same(
      reviews.map(({ subject }) => subject),
      rows.map((row) => row["review_id"] ?? ""),
    )
  )
    say("monitoring.csv: not the reviews the log knows of");
  const historic = new Set(
    [...log.newest.values()]
      .filter(({ body }) => of(body, "assessment", "verdict") === "historic")
      .map(({ subject }) => subject),
  );
  const standing = [...log.newest.values()].filter(
    ({ kind, body }) =>
      kind === "deviation" &&
      body["status"] !== "not-an-exception" &&
      body["severity"] !== "observation" &&
      !(body["status"] === "closed" && of(body, "moved", "command") === "withdraw"),
  );
  for (const row of rows) {
    const body = log.newest.get(`monthly-review ${row["review_id"] ?? ""}`)?.body;
    const name = `month ${row["control"] ?? ""} ${row["month"] ?? ""}`;
    const signed = of(body, "signedOff");
    const cells: Readonly<Record<string, unknown>> = {
      control: body?.["control"],
      month: body?.["month"],
      owner:
        typeof of(body, "ownerId") === "number"
          ? `${String(of(body, "owner"))}#${String(of(body, "ownerId"))}`
          : (of(body, "owner") ?? ""),
      asked_at: moment(body?.["askedAt"]),
      due_at: moment(body?.["dueAt"]),
      signed_off_at: moment(of(signed, "at")),
      signed_off_by:
        signed === null || signed === undefined
          ? ""
          : of(signed, "by", "id") === null
            ? of(signed, "by", "login")
            : who(of(signed, "by")),
      comment: of(signed, "comment") ?? "",
      population: of(body, "figures", "population"),
      passed: of(body, "figures", "passed"),
      failed: of(body, "figures", "failed"),
      deviations: of(body, "figures", "deviations"),
    };
    for (const [column, value] of Object.entries(cells))
      if (String(value) !== row[column]) say(`${name}: ${column} is not what the log says`);
    if (row["clean"] === "yes" && (row["failed"] !== "0" || row["deviations"] !== "0"))
      say(`${name}: clean with a failure`);
    const month = row["month"] ?? "";
    const own = tests.filter(
      (test) =>
        test["control"] === row["control"] &&
        test["occurred_at"]?.startsWith(month) === true &&
        !historic.has(test["subject_id"] ?? "") &&
        test["outcome"] !== "not-applicable",
    );
    const failed = own.filter((test) => test["outcome"] === "fail").length;
    const happened = standing.filter(({ body: deviation }) => {
      const listed = list(deviation["listed"]).map((each) => of(each, "at"));
      const moments = listed.length === 0 ? [deviation["happenedAt"]] : listed;
      return (
        list(deviation["controls"]).includes(row["control"]) &&
        moments.some((at) => moment(at).startsWith(month))
      );
    }).length;
    // A period may begin or end within a month.
    const from = Date.parse(`${month}-01T00:00:00Z`);
    const isWhole =
      from >= log.period.from &&
      new Date(from).setUTCMonth(new Date(from).getUTCMonth() + 1) <= log.period.to;
    if (!isWhole) continue;
    if (Number(row["population_now"]) !== own.length) say(`${name}: population_now is ${own.length}`);
    if (Number(row["failed_now"]) !== failed) say(`${name}: failed_now is ${failed}`);
    if (Number(row["deviations_now"]) !== happened) say(`${name}: deviations_now is ${happened}`);
    if (row["clean_now"] === "yes" && failed + happened > 0) say(`${name}: clean_now with a failure`);
    const isOverdue = Date.parse(row["due_at"] ?? "") < log.generatedAt;
    if (row["signed_off_at"] === "" && row["status"] !== (isOverdue ? "missing" : "due"))
      say(`${name}: status is not ${isOverdue ? "missing" : "due"}`);
    const seen = of(signed, "figures") ?? of(body, "figures");
    const isChanged = of(seen, "failed") !== failed || of(seen, "deviations") !== happened;
    if (row["signed_off_at"] !== "" && isChanged && row["status"] !== "changed")
      say(`${name}: signed off as something else than it is`);
  }
  const limitations = text("manifest.json").includes("No control was signed off");
  if (limitations !== (rows.length === 0)) say("monitoring.csv: whether it is empty is not said rightly");
}

function remediations(log: Log, rows: readonly Row[], say: Say): void {
  for (const row of rows) {
    const body = log.newest.get(`remediation ${row["deviation_id"] ?? ""}`)?.body;
    if (body === undefined) say(`remediation ${row["deviation_id"] ?? ""}: not in the log`);
    else if (String(body["status"]) !== row["status"])
      say(`remediation ${row["deviation_id"] ?? ""}: status is not what the log says`);
  }
}

/** Which controls somebody asks for follows from the policies given. */
function controlMatrix(log: Log, rows: readonly Row[], text: (path: string) => string, say: Say): void {
  const known = [...log.newest.values()].filter(({ kind }) => kind === "policy");
  const judging = [...log.newest.values()]
    .filter(
      ({ kind, at }) =>
        ["change", "deployment"].includes(kind) && at >= log.period.from && at < log.period.to,
    )
    .map(({ body }) => of(body, "assessment", "policyDigest"));
  const own = known.filter((entry) => judging.includes(nameIn(entry)));
  const policies = own.length === 0 ? known : own;
  const newest = policies.toSorted((a, b) => a.seq - b.seq).at(-1)?.body;
  for (const row of rows) {
    const own = of(newest, "effective", "controls", row["control"] ?? "");
    const owner = of(own, "owner") ?? of(newest, "effective", "monitoring", "owner") ?? "";
    if (word(of(own, "id")) !== row["company_id"]) say(`controls.csv: ${row["control"] ?? ""}: company_id`);
    if (word(owner) !== row["owner"]) say(`controls.csv: ${row["control"] ?? ""}: owner`);
    if (Number(row["policies"]) !== policies.length) say(`controls.csv: ${row["control"] ?? ""}: policies`);
    const asking = policies.filter(({ body }) => isAsked(of(body, "effective"), row["control"] ?? ""));
    if (Number(row["asked_by_policies"]) !== asking.length)
      say(`controls.csv: ${row["control"] ?? ""}: asked_by_policies is ${asking.length}`);
    const quiet = !list(of(JSON.parse(text("manifest.json")), "known_limitations")).some((each) =>
      new RegExp(`does not require .*\\b${row["control"] ?? ""} \\(`, "u").test(String(each)),
    );
    if (asking.length === 0 && policies.length > 0 && quiet)
      say(`the limitations do not say that nobody asks for ${row["control"] ?? ""}`);
  }
}

/** The keys of a policy that ask for something; every other control is asked for in any case. */
function isAsked(policy: unknown, control: string): boolean {
  const keys: Readonly<Record<string, string>> = {
    "checks-passed": "checks",
    "record-linked": "records",
    "change-documented": "sections",
    "outside-freeze": "freezes",
  };
  const key = keys[control];
  if (key !== undefined) return list(of(policy, key)).length > 0;
  const trees = JSON.stringify([
    of(policy, "approvals"),
    list(of(policy, "rules")).map((rule) => of(rule, "approval")),
  ]);
  if (control === "independently-approved") return /"required":[1-9]/u.test(trees);
  if (control === "approved-by-owners") return trees.includes('"codeowners":true');
  return true;
}
