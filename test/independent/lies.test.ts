/**
 * Lies about a real quarter, thought up by somebody who had not read the program that looks for them. A company edits its tables, counts
 * them again and seals them, or rewrites its log and exports it anew with the tool itself; an outsider cannot seal.
 *
 * @module-tag long
 */

import { appendFile, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { SharedContent } from "../../src/domain/evidence/copies/first-page.ts";
import { sha256 } from "../../src/domain/values/digest.ts";
import { fingerprintOf, pemOf, signingKeyOf } from "../../src/domain/evidence/seal.ts";
import { TABLE_FORMS } from "../../src/domain/evidence/package.ts";
import { verifyPath } from "../../src/package/verify.ts";
import { KEY, PERIOD } from "../evidence/fixture.ts";
import { sample } from "../support/effort.ts";
import { Book, demoQuarter, exportOf, sealAgain, type Quarter, type Said } from "./liar.ts";
import { recompute } from "./recompute.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** In the tables or documents of the package; `sealed`: by which key, null by none; `counted`: summary and counts follow the tables. */
interface Edited {
  readonly edits: (book: Book) => unknown;
  readonly key?: typeof KEY | null;
  readonly isCounted?: false;
}

/** In the log itself. */
interface Retold {
  readonly log: (entries: readonly Said[]) => readonly Said[];
}

/** In the report alone, which is sealed as it was made. */
interface Reported {
  readonly report: (content: SharedContent) => SharedContent;
}

/** `named`: what the program says of it. */
type Lie = (Edited | Reported | Retold) & { readonly named: RegExp };

type Fits = (entry: Said) => boolean;

/** Entries of a kind that hold all of these words. */
function those(kind: string, ...words: readonly string[]): Fits {
  return (entry) => entry.kind === kind && words.every((word) => JSON.stringify(entry).includes(word));
}

function without(...fits: readonly Fits[]): Retold["log"] {
  return (entries) => {
    for (const each of fits) if (!entries.some(each)) throw new Error("no entry fits the lie");
    return entries.filter((entry) => !fits.some((each) => each(entry)));
  };
}

/** Tells entries otherwise, as text. */
function retold(fits: Fits, change: (text: string) => string): Retold["log"] {
  return (entries) => {
    const after = entries.map((entry) =>
      fits(entry) ? (JSON.parse(change(JSON.stringify(entry))) as Said) : entry,
    );
    if (JSON.stringify(after) === JSON.stringify(entries)) throw new Error("the lie changes nothing");
    return after;
  };
}

/** Tells entries otherwise, place by place: `a.0.b` is the member `b` of the first of `a`. */
function placed(fits: Fits, places: Readonly<Record<string, unknown>>): Retold["log"] {
  return retold(fits, (text) => {
    const entry = JSON.parse(text) as object;
    for (const [place, value] of Object.entries(places)) {
      const path = place.split(".");
      const last = path.pop() ?? "";
      const inner = path.reduce<unknown>((each, key) => (each as Record<string, unknown>)[key], entry);
      (inner as Record<string, unknown>)[last] = value;
    }
    return JSON.stringify(entry);
  });
}

function all(...lies: readonly Retold["log"][]): Retold["log"] {
  return (entries) => lies.reduce((told, lie) => lie(told), entries);
}

// What the quarter holds: see demo/story.yaml.
const UNAPPROVED = those("change", '"title":"Export as CSV"');
const BY_NIGHT = those("change", '"title":"Fix the checkout"');
/** The repository of the refunds. */
const BILLING = 70_004;
const REFUNDS = those("change", '"title":"Refunds"');
const SEARCH = those("change", '"title":"Search"');
const PUSHED = those("change", '"kind":"push"');
const FORCED = those("change", '"kind":"force-push"');
const BOB = { id: 5002, login: "bob", type: "User" };

const titled = (title: string) => (row: Record<string, string>) => row["pull_request_title"] === title;
const isUnapproved = titled("Export as CSV");
const isByNight = titled("Fix the checkout");
const isPushed = (row: Record<string, string>): boolean => row["update"] === "push";

/** Drops what the tables say of a deviation. */
function dropDeviation(book: Book, id: string): void {
  book.drop("deviations.csv", (row) => row["deviation_id"] === id);
  book.drop("remediation-history.csv", (row) => row["deviation_id"] === id);
  const rows = book.rows("remediation.csv");
  rows.splice(0, rows.length, ...rows.filter((row) => row["deviation_id"] !== id));
}

function rowOf(book: Book, fits: (row: Record<string, string>) => boolean): Record<string, string> {
  const row = book.rows("changes.csv").find(fits);
  if (row === undefined) throw new Error("no change fits the lie");
  return row;
}

/** Lowers the counts of a branch's check over the whole quarter. */
function counted(
  ref: string,
  repository: string,
  count: number,
  more: Readonly<Record<string, unknown>> = {},
) {
  return retold(
    (entry) => those("completeness", `"name":"${repository}"`, `"ref":"${ref}"`)(entry),
    (text) => {
      const entry = JSON.parse(text) as { body: { to: number; listings: { count: number }[] } };
      if (entry.body.to < PERIOD.to && PERIOD.to - entry.body.to > 40 * DAY) return text;
      for (const listing of entry.body.listings) if (listing.count > count) listing.count = count;
      Object.assign(entry.body, { matched: count }, more);
      return JSON.stringify(entry);
    },
  );
}

const PASS = { outcome: "pass", cause: "satisfied" };

const LIES: Readonly<Record<string, Lie>> = {
  "an unapproved change is compliant in every table": {
    edits(book) {
      const row = rowOf(book, isUnapproved);
      dropDeviation(book, row["deviation_id"] ?? "");
      book.set(
        "control-tests.csv",
        (test) => test["subject_id"] === row["change_id"] && test["outcome"] === "fail",
        PASS,
      );
      Object.assign(row, { verdict: "compliant", failed_controls: "", deviation_id: "" });
    },
    named: /change \w+: verdict is not what the log says/u,
  },
  "a direct push is in no table": {
    edits(book) {
      const row = rowOf(book, isPushed);
      const id = row["change_id"];
      dropDeviation(book, row["deviation_id"] ?? "");
      book.drop("changes.csv", isPushed);
      book.drop("control-tests.csv", (test) => test["subject_id"] === id);
      book.drop("ref-updates.csv", (update) => update["change_id"] === id);
      for (const update of book.rows("ref-updates.csv"))
        if (update["repository_id"] === row["repository_id"] && Number(update["sequence"]) > 1)
          update["sequence"] = String(Number(update["sequence"]) - 1);
    },
    named: /changes: the rows are not those the log knows of/u,
  },
  "the last update of a branch, forced, is not in the log": {
    log: all(
      (entries) => {
        const id = entries.find(FORCED)?.subject ?? "";
        return without(FORCED, those("deviation", id))(entries);
      },
      counted("refs/heads/main", "api", 3, { differences: [], withoutPullRequest: 1 }),
    ),
    named: /told of, and is no change/u,
  },
  "a push in the middle is not in the log": {
    log: all(
      (entries) => {
        const id = entries.find(PUSHED)?.subject ?? "";
        return without(PUSHED, those("deviation", id))(entries);
      },
      without(
        (entry) =>
          those("observation", "pushed", "refs/heads/main")(entry) &&
          entry.repositoryId === 70_002 &&
          entry.at === Date.parse("2026-08-03T16:00:00Z"),
      ),
      counted("refs/heads/main", "api", 3, { withoutPullRequest: 1 }),
    ),
    named: /contiguous/u,
  },
  "somebody of higher rank approved it, in every table": {
    edits(book) {
      const row = rowOf(book, titled("Refunds"));
      for (const column of ["approvals_counted", "approvals_served"])
        row[column] = (row[column] ?? "").replaceAll("bob#5002", "carol#5003");
      book.set(
        "control-tests.csv",
        (test) => test["subject_id"] === row["change_id"] && test["control"] === "independently-approved",
        { reasons: "carol approved this content" },
      );
      book.set(
        "rights-used.csv",
        (right) =>
          right["actor"] === "bob#5002" &&
          right["repository_id"] === row["repository_id"] &&
          right["right"] === "approve",
        { actor: "carol#5003" },
      );
    },
    named: /change \w+: approvals_counted is not what the log says/u,
  },
  "its author approved it, in the whole log": {
    log: retold(
      (entry) =>
        REFUNDS(entry) ||
        (entry.repositoryId === BILLING && those("observation", '"review"', '"pull":2')(entry)) ||
        (entry.repositoryId === BILLING && entry.kind === "gate"),
      (text) => text.replaceAll("5002", "5004").replaceAll("bob", "dora"),
    ),
    named: /made it/u,
  },
  "an approval was given that nobody gave": {
    log: (entries) => {
      const landed = entries.find(UNAPPROVED);
      if (landed?.kind !== "change") throw new Error("no change was not approved");
      const { change, assessment } = landed.body;
      const at = Date.parse("2026-09-08T15:00:00Z");
      const head = change.pullRequests[0]?.head.sha;
      return all(
        placed(UNAPPROVED, {
          "body.change.pullRequests.0.reviews": [
            {
              id: 149_999,
              author: BOB,
              state: "approved",
              submittedAt: at,
              commit: head,
              basis: "observed",
              dismissed: null,
            },
          ],
          "body.change.pullRequests.0.authorities": [
            {
              actor: BOB,
              permission: "write",
              teams: [],
              organizations: [],
              unread: [],
              at,
              basis: "observed",
            },
          ],
          "body.change.pullRequests.0.checks": [
            {
              app: { id: 4711, slug: "countersign" },
              completedAt: at,
              conclusion: "success",
              name: "countersign",
            },
          ],
          "body.assessment.verdict": "compliant",
          "body.assessment.approvals": [
            {
              actorId: 5002,
              basis: "observed",
              code: "counts",
              counts: true,
              login: "bob",
              reason: "bob approved this content",
              reviewId: 149_999,
            },
          ],
          "body.assessment.results": assessment.results.map((each) =>
            each.outcome === "fail"
              ? {
                  ...each,
                  ...PASS,
                  inputs:
                    each.control === "gate-respected"
                      ? { check: "success", mode: "enforce", update: "pull-request" }
                      : { counted: [[1]], required: [[1]], independence: "every-commit", pullRequests: [6] },
                }
              : each,
          ),
        }),
        without(those("deviation", landed.subject)),
      )(entries);
    },
    named: /no check of #6 had passed/u,
  },
  "an approval was given a day earlier, before what it approves was pushed": {
    log: (entries) => {
      const pull = entries.find(SEARCH);
      const review =
        /"id":(14\d+),"state":"approved","submittedAt":(\d+)/u.exec(JSON.stringify(pull)) ??
        /"submittedAt":(\d+)/u.exec(JSON.stringify(pull));
      const at = review?.at(-1) ?? "";
      const earlier = String(Number(at) - DAY);
      return all(
        retold(SEARCH, (text) => text.replaceAll(`"submittedAt":${at}`, `"submittedAt":${earlier}`)),
        retold(those("observation", `"submittedAt":${at}`), (text) => text.replaceAll(at, earlier)),
      )(entries);
    },
    named: /before .*pushed/u,
  },
  "a merge by night was an emergency, in every table": {
    edits(book) {
      const row = rowOf(book, isByNight);
      const id = row["change_id"] ?? "";
      dropDeviation(book, row["deviation_id"] ?? "");
      book.set("control-tests.csv", (test) => test["subject_id"] === id && test["outcome"] === "fail", {
        outcome: "waived",
        cause: "emergency",
      });
      Object.assign(row, {
        class: "emergency",
        verdict: "emergency",
        waived_controls: row["failed_controls"],
        failed_controls: "",
        deviation_id: "",
      });
      const [emergency] = book.rows("emergency-changes.csv");
      book.rows("emergency-changes.csv").push({
        ...emergency,
        emergency_key: "70001/pull/3/EMG-572df1db3a50",
        emergency_id: "EMG-572df1db3a50",
        pull_request: "3",
        change_ids: id,
      });
      const [review] = book.rows("retroactive-reviews.csv");
      book.rows("retroactive-reviews.csv").push({
        ...review,
        review_key: "70001/pull/3/EMG-572df1db3a50",
        emergency_id: "EMG-572df1db3a50",
        pull_request: "3",
        change_ids: id,
      });
    },
    named: /emergency/u,
  },
  "a retroactive review was due a week later": {
    log: (entries) => {
      const due =
        /"dueAt":(\d+)/u.exec(JSON.stringify(entries.findLast(those("retroactive-review"))))?.[1] ?? "";
      return retold(those("retroactive-review"), (text) =>
        text.replaceAll(due, String(Number(due) + 7 * DAY)),
      )(entries);
    },
    named: /due/u,
  },
  "an emergency was authorised for longer than the policy lets": {
    log: (entries) => {
      const until = /"until":(\d+)/u.exec(JSON.stringify(entries.findLast(those("emergency"))))?.[1] ?? "";
      return retold(those("emergency"), (text) => text.replaceAll(until, String(Number(until) + 6 * HOUR)))(
        entries,
      );
    },
    named: /longer|valid/u,
  },
  "a retroactive review was held earlier, still inside its due date": {
    edits: (book) => book.set("retroactive-reviews.csv", () => true, { decided_at: "2026-09-24T02:30:00Z" }),
    named: /retroactive-reviews\.csv.*decided_at/u,
  },
  "whoever authorised an emergency reviewed it": {
    log: retold(those("retroactive-review", '"decision":{'), (text) =>
      text.replace(/"by":\{"id":5004,"login":"dora"/u, '"by":{"id":5003,"login":"carol"'),
    ),
    named: /had a part in it/u,
  },
  "no gap is in any file but the log": {
    async edits(book) {
      book.drop("coverage-gaps.csv", () => true);
      await book.text("manifest.json", (text) => text.replace(/"There was 1 span[^"]*",/u, ""));
      await book.text("START-HERE.html", (text) =>
        text
          .replace(/<li>There was 1 span[\s\S]*?<\/li>/u, "")
          .replace(/1 span in which the App could not see;[^<]*/u, "None is known."),
      );
    },
    named: /gap \S+: left out/u,
  },
  "no gap is in the log either": {
    log: all(
      without(those("coverage-gap")),
      placed(UNAPPROVED, { "body.change.late": false, "body.change.update.basis": "observed" }),
    ),
    named: /not called late/u,
  },
  "a difference between two listings was none": {
    async edits(book) {
      book.set("completeness.csv", (row) => row["repository"] === "acme/api", {
        differences: "0",
        difference_details: "",
      });
      await book.text("completeness.json", (text) => text.replace('"differences":1', '"differences":0'));
    },
    named: /completeness\.csv.*differences/u,
  },
  "nothing came without a pull request, in the log's own count": {
    log: retold(those("completeness", '"name":"api"'), (text) =>
      text.replaceAll(/"withoutPullRequest":\d/gu, '"withoutPullRequest":0'),
    ),
    named: /completeness.*without a? ?pull/u,
  },
  "a listing that holds more than the population agrees with it": {
    log: retold(those("completeness", '"name":"api"'), (text) =>
      text.replace(/"count":4,("query":"GET [^"]*activity)/u, '"count":5,$1'),
    ),
    named: /completeness.*(?:listing|activity)/u,
  },
  "one test that failed was never made": {
    edits(book) {
      const row = rowOf(book, isUnapproved);
      book.drop(
        "control-tests.csv",
        (test) => test["subject_id"] === row["change_id"] && test["control"] === "gate-respected",
      );
      row["failed_controls"] = "independently-approved";
    },
    named: /change \w+: its tests are not those of the log/u,
  },
  "there is no such control": {
    edits(book) {
      book.drop("controls.csv", (row) => row["control"] === "gate-respected");
      book.drop("control-tests.csv", (row) => row["control"] === "gate-respected");
      for (const row of book.rows("changes.csv"))
        row["failed_controls"] = (row["failed_controls"] ?? "").replace(/ ?gate-respected/u, "");
    },
    named: /its tests are not those of the log/u,
  },
  "a rate leaves some out": {
    edits: (book) =>
      book.text("summary.json", (text) =>
        text.replace(
          '"compliant":{"denominator":14,"numerator":9,"rate":"0.6429"}',
          '"compliant":{"denominator":10,"numerator":9,"rate":"0.9000"}',
        ),
      ),
    isCounted: false,
    named: /summary\.json: changes\.rate_by_verdict\.compliant/u,
  },
  "the first page shows none that were non-compliant": {
    edits: (book) =>
      book.text("START-HERE.html", (text) =>
        text.replaceAll(
          /(<t[hd][^>]*>)non-compliant(<\/t[hd]>\s*<td[^>]*>)4(<\/td>\s*<td[^>]*>)4 of 14[^<]*/gu,
          "$1non-compliant$20$30 of 14 (0.0 %)",
        ),
      ),
    named: /START-HERE\.html/u,
  },
  "what was forced needs no deviation": {
    log: (entries) => without(those("deviation", entries.find(FORCED)?.subject ?? ""))(entries),
    named: /deviation/u,
  },
  "a deviation is small and done with": {
    edits: (book) =>
      book.set("deviations.csv", (row) => row["severity"] === "critical", {
        severity: "low",
        status: "closed",
        status_reason: "closed;carol#5003;fixed",
      }),
    named: /deviation \S+: severity is not what the log says/u,
  },
  "the policy asked for no approval": {
    async edits(book) {
      const digest = rowOf(book, isUnapproved)["policy_digest"] ?? "";
      await book.text(`policies/${digest}.json`, (text) =>
        text.replace('"required":1', '"required":0').replace("required: 1", "required: 0"),
      );
      await book.text(`policies/${digest}.organization.yml`, (text) =>
        text.replace("required: 1", "required: 0"),
      );
      for (const row of book.rows("changes.csv"))
        if (row["policy_digest"] === digest) row["approvals_required"] = "0";
      book.set("policies/index.csv", (row) => row["policy_digest"] === digest, { approvals_required: "0" });
    },
    named: /policies\/\w+/u,
  },
  "the laxer policy judged it": {
    log: (entries) => {
      const lax = /"policyDigest":"(\w+)"/u.exec(JSON.stringify(entries.find(UNAPPROVED)))?.[1] ?? "";
      return retold(REFUNDS, (text) =>
        text
          .replace(/"policyDigest":"\w+"/u, `"policyDigest":"${lax}"`)
          .replaceAll("[[1,1]]", "[[1]]")
          .replace(/,\{"by":\["acme\/payments"\][^}]*\}/u, ""),
      )(entries);
    },
    named: /policy/u,
  },
  "what never was merged was not deployed": {
    log: (entries) => {
      const unmerged = entries.find(those("deployment", '"kind":"unmerged"'));
      const before = unmerged?.kind === "deployment" ? unmerged.body.deployment.previous : null;
      return all(
        without(those("deployment", '"kind":"unmerged"'), those("deviation", unmerged?.subject ?? "?")),
        placed(those("deployment", `"previous":{"at":${unmerged?.at ?? 0}`), {
          "body.deployment.previous": before,
        }),
      )(entries);
    },
    named: /deploy/u,
  },
  "a deployment carried only what was compliant": {
    log: (entries) => {
      const id = entries.find(BY_NIGHT)?.subject ?? "";
      return retold(those("deployment", `"id":"${id}"`, '"kind":"forward"'), (text) =>
        text
          .replaceAll('"verdict":"non-compliant"', '"verdict":"compliant"')
          .replace('"cause":"carries-refused"', '"cause":"satisfied"')
          .replace('"outcome":"fail"', '"outcome":"pass"'),
      )(entries);
    },
    named: /deployment \w+: .*verdict/u,
  },
  "what was not approved never was deployed": {
    edits: (book) =>
      book.set("changes.csv", isUnapproved, {
        first_production_deployment_id: "",
        first_production_deployment_at: "",
      }),
    named: /another deployment carried it first/u,
  },
  "nobody went past the gate, and eve is no administrator": {
    edits(book) {
      book.drop("rights-used.csv", (row) => row["right"] === "bypass");
      book.drop("privileged-actors.csv", (row) => row["actor"] === "eve#5005");
      for (const row of book.rows("control-state.csv"))
        if (row["setting"] === "may-administer")
          row["value"] = (row["value"] ?? "").replace(/,? ?eve#5005/u, "");
    },
    named: /rights-used\.csv/u,
  },
  "an outsider changes a verdict and every list but the seal": {
    edits: (book) => book.set("changes.csv", isUnapproved, { verdict: "compliant" }),
    key: null,
    named: /changes\.csv: not as sealed/u,
  },
  "an outsider signs with a key of their own": {
    edits: async (book) => {
      await book.text("public-key.pem", () => pemOf(OTHER.spki));
      await book.text("manifest.json", (text) =>
        text.replaceAll(fingerprintOf(KEY.spki), fingerprintOf(OTHER.spki)),
      );
      book.set("tool.csv", (row) => row["value"] === fingerprintOf(KEY.spki), {
        value: fingerprintOf(OTHER.spki),
      });
      book.set("changes.csv", isUnapproved, { merged_by: "ann#5001" });
    },
    get key() {
      return OTHER;
    },
    named: /another key/u,
  },
  "an outsider puts a file in and takes one out": {
    edits: async (book) => {
      await appendFile(join(book.folder, "notes.txt"), "All is well.\n");
      await rm(join(book.folder, "verify.sh"));
      await book.text("manifest.json", (text) => text.replace(/\{[^{}]*"path":"verify\.sh"[^{}]*\},?/u, ""));
    },
    key: null,
    named: /verify\.sh: is gone/u,
  },
  "good changes were made that never were": {
    edits(book) {
      const good = rowOf(book, titled("Add the cart"));
      for (const n of [1, 2]) {
        const id = sha256(`made up ${n}`);
        book.rows("changes.csv").push({
          ...good,
          change_id: id,
          activity_id: String(280_050 + n),
          before_sha: sha256(`b${n}`).slice(0, 40),
          after_sha: sha256(`a${n}`).slice(0, 40),
        });
        for (const test of book
          .rows("control-tests.csv")
          .filter((each) => each["subject_id"] === good["change_id"]))
          book
            .rows("control-tests.csv")
            .push({ ...test, test_id: `change:${id}:${test["control"] ?? ""}`, subject_id: id });
        const update = book
          .rows("ref-updates.csv")
          .findLast((each) => each["repository_id"] === good["repository_id"]);
        book.rows("ref-updates.csv").push({
          ...update,
          sequence: String(8 + n),
          activity_id: String(280_050 + n),
          before_sha: sha256(`b${n}`).slice(0, 40),
          after_sha: sha256(`a${n}`).slice(0, 40),
          change_id: id,
        });
      }
    },
    named: /changes: the rows are not those the log knows of/u,
  },
  "it is called by a kinder word": {
    async edits(book) {
      book.set("changes.csv", isByNight, { verdict: "accepted" });
      await book.text("schemas/changes.csv.schema.json", (text) =>
        text.replace("non-compliant", "accepted, non-compliant"),
      );
    },
    named: /change \w+: its verdict does not follow/u,
  },
  "a month was signed off that nobody was asked about": {
    async edits(book) {
      book.rows("monitoring.csv").push({
        review_id: "record-linked:2026-07",
        control: "record-linked",
        month: "2026-07",
        status: "signed-off",
        owner: "carol#5003",
        asked_at: "2026-08-01T00:00:00Z",
        due_at: "2026-08-08T00:00:00Z",
        signed_off_by: "carol#5003",
        signed_off_at: "2026-08-03T09:00:00Z",
        signed_off_via: "terminal",
        population: "4",
        passed: "4",
        failed: "0",
        waived: "0",
        unverifiable: "0",
        pass_rate: "1.0000",
        deviations: "0",
        open_remediations: "0",
        clean: "yes",
        population_now: "4",
        failed_now: "0",
        deviations_now: "0",
        clean_now: "yes",
        log_seq: "444",
      });
    },
    named: /monitoring\.csv: not the reviews the log knows of/u,
  },
  "a push was exempted": {
    edits(book) {
      const row = rowOf(book, isPushed);
      dropDeviation(book, row["deviation_id"] ?? "");
      book.set(
        "control-tests.csv",
        (test) => test["subject_id"] === row["change_id"] && test["outcome"] === "fail",
        { outcome: "waived", cause: "exempted" },
      );
      Object.assign(row, {
        verdict: "exempted",
        waived_controls: row["failed_controls"],
        failed_controls: "",
        deviation_id: "",
      });
      book.rows("exemptions.csv").push({
        exemption_id: "EXM-1",
        kind: "exemption",
        subject: "acme/api",
        controls: row["waived_controls"] ?? "",
        by: "carol",
        reason: "generated files",
        approved_by: "carol",
        state: "approved",
        approver: "carol#5003",
        effective_from: "2026-07-01T00:00:00Z",
        expires: "2027-01-01",
        first_read_at: "2026-07-01T08:00:00Z",
        uses: "1",
        log_seq: row["log_seq"] ?? "",
        log_hash: row["log_hash"] ?? "",
      });
    },
    named: /exemptions\.csv/u,
  },
  "a required check passed that never ran": {
    log: retold(REFUNDS, (text) =>
      text
        .replaceAll(/\{"app":\{[^{}]*"slug":"ci"\}[^{}]*"name":"build"[^{}]*\},?/gu, "")
        .replaceAll(",]", "]"),
    ),
    named: /checks-passed|build/u,
  },
  "people waited half as long, and nobody went past": {
    edits: (book) => {
      for (const row of book.rows("waiting-times.csv"))
        Object.assign(row, {
          median_seconds: String(Math.floor(Number(row["median_seconds"]) / 2)),
          bypasses: "0",
          bypasses_without_pull_request: "0",
        });
    },
    named: /waiting-times\.csv/u,
  },
  "a landing happened after the period": {
    log: (entries) => {
      const id = entries.find(UNAPPROVED)?.subject ?? "";
      const at = entries.find(UNAPPROVED)?.at ?? 0;
      return all(
        retold(
          (entry) => UNAPPROVED(entry) || those("deviation", id)(entry),
          (text) => text.replaceAll(String(at), String(PERIOD.to + DAY)),
        ),
        counted("refs/heads/main", "web", 7),
      )(entries);
    },
    named: /contiguous/u,
  },
  "the report counts fewer that are non-compliant": {
    report: (content) => ({
      ...content,
      answers: content.answers.map((each) =>
        each.what === "Changes that are non-compliant" ? { ...each, number: each.number - 1 } : each,
      ),
    }),
    named: /report\.pdf: shows/u,
  },
  "the report leaves a deviation out": {
    report: ({ deviations, ...content }) => ({
      ...content,
      deviations: { ...deviations, items: deviations.items.slice(1) },
    }),
    named: /report\.pdf: shows/u,
  },
  "the report has one limitation less": {
    report: (content) => ({ ...content, limitations: content.limitations.slice(1) }),
    named: /report\.pdf: shows/u,
  },
  "the log ends before its last counts": {
    edits: async (book) => {
      const last: { seq: number; hash: string }[] = [];
      await book.text("log/entries.jsonl", (text) => {
        const lines = text.trimEnd().split("\n").slice(0, -4);
        last.push(JSON.parse(lines.at(-1) ?? "") as { seq: number; hash: string });
        return `${lines.join("\n")}\n`;
      });
      const { seq, hash } = last[0] ?? { seq: 0, hash: "" };
      await book.text("log/head.json", () => `{"cited":0,"entries":${seq},"hash":"${hash}","size":${seq}}\n`);
      await book.text("manifest.json", (text) =>
        text.replace(/"log":\{[^}]*\}/u, `"log":{"hash":"${hash}","size":${seq}}`),
      );
    },
    named: /entry \d+ is not given/u,
  },
};

/** What the shipped `verify` finds: whatever the tables tell otherwise than the log inside. Who rewrites the log is found by the program above. */
const isFoundByVerify = (lie: Lie): boolean => !("log" in lie);

/** What nothing in a package contradicts, for each place that told of it tells it otherwise: see docs/threat-model.md. */
const WHOLE: Readonly<Record<string, Retold["log"]>> = {
  "that a repository, with all that ever was said of it, was not there": (entries) =>
    retold(those("baseline"), (text) => text.replace('"repositories":5', '"repositories":4'))(
      entries.filter(({ repositoryId }) => repositoryId !== 70_002),
    ),
  "that somebody else as good approved it, wherever that is told": retold(
    (entry) =>
      entry.repositoryId === 70_001 &&
      !those("control-state")(entry) &&
      JSON.stringify(entry).includes("140001"),
    (text) => text.replaceAll("5002", "5004").replaceAll("bob", "dora"),
  ),
};

/** Columns that the program does not make again: words of Countersign's own, and what is worked out of several entries. */
const NOT_MADE_AGAIN: Readonly<Record<string, string>> = {
  "changes.csv": "unverifiable_accepted approvals_carried assurance source_gone",
  "completeness.csv": "difference_details",
  "control-state.csv": "state_id meaning observable to",
  "controls.csv": "company_text objective kind nature frequency test criteria remediation",
  "deployments.csv":
    "source environment_reviewers prevents_self_review admins_may_bypass environment_bypassed self_approved unaccounted_known source_gone",
  "deviations.csv": "description",
  "emergency-changes.csv": "authoriser_independent alone ended_because review_overdue review_within_time",
  "ipe.csv": "purpose sha256_of run_again",
  "policies/index.csv": "approvals_required",
  "privileged-actors.csv": "right_id actor can observable to",
  "remediation-history.csv": "of",
  "remediation.csv":
    "finding type severity preventive_measure measure_suggested priority reviews_held clean_months months_needed checklist",
  "retroactive-reviews.csv": "review_within overdue independent_of",
  "rights-used.csv": "repository",
  "scope.csv": "reason deployments_seen_by made_by moved_in_at",
  "tool.csv": "item value",
};

const ALL_CELLS = TABLE_FORMS.flatMap(({ path, columns }) =>
  columns.map(({ name, type }) => ({ path, name, type })),
);
const isMadeAgain = ({ path, name }: (typeof ALL_CELLS)[number]): boolean =>
  !(NOT_MADE_AGAIN[path] ?? "").split(" ").includes(name);
const CELLS = ALL_CELLS.filter(isMadeAgain);
const UNMADE = ALL_CELLS.filter((cell) => !isMadeAgain(cell));

/** Another value for a cell: what stands in another row, else something of its type. */
function another(rows: readonly Record<string, string>[], name: string, type: string, old: string): string {
  const other = rows.map((row) => row[name] ?? "").find((value) => value !== old && value !== "");
  if (other !== undefined) return other;
  if (type === "yes-no") return old === "yes" ? "no" : "yes";
  if (type === "integer") return String(Number(old) + 1);
  if (type === "time") return "2026-08-08T08:08:08Z";
  return type === "digest" ? "ab".repeat(32) : "zebra";
}

const OTHER = signingKeyOf(new Uint8Array(32).with(31, 9));

let folder: string;
let quarter: Quarter;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-lies-"));
  quarter = await demoQuarter();
  await exportOf(quarter, quarter.entries, join(folder, "true"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What whoever rewrites the log leaves of it: no head that says otherwise. GitHub has them still. */
function withoutHeads(entries: Quarter["entries"]): Quarter["entries"] {
  return entries.filter(({ kind }) => kind !== "log-head" && kind !== "head-check");
}

async function told(lie: Lie, heads: "left" | "gone" = "gone"): Promise<readonly string[]> {
  const place = join(folder, "lied");
  await rm(place, { recursive: true, force: true });
  const log = heads === "left" ? quarter.entries : withoutHeads(quarter.entries);
  if ("log" in lie) await exportOf(quarter, lie.log(log), place);
  else if ("report" in lie) await exportOf(quarter, quarter.entries, place, lie.report);
  else {
    await cp(join(folder, "true"), place, { recursive: true });
    const book = new Book(place);
    await lie.edits(book);
    await book.close(lie.isCounted !== false);
    await sealAgain(place, lie.key === undefined ? KEY : lie.key);
  }
  return recompute(place, fingerprintOf(KEY.spki));
}

/** How many entries of the log come before the first that a lie tells otherwise. */
function firstToldOtherwise(log: Retold["log"]): number {
  const after = log(quarter.entries).map((entry) => JSON.stringify(entry));
  return quarter.entries.findIndex((entry, index) => JSON.stringify(entry) !== after[index]);
}

/** How many entries the newest head is of that GitHub shows. */
function newestHead(): number {
  const sizes = quarter.entries.flatMap((entry) =>
    entry.kind === "log-head" && entry.body.posted !== null ? [entry.body.size] : [],
  );
  return Math.max(...sizes);
}

/** Another value in the first cell of a column that holds one. */
function inOneCell({ path, name, type }: (typeof CELLS)[number]): (book: Book) => void {
  return (book) => {
    const rows = book.rows(path);
    const row = rows.find((each) => each[name] !== "") ?? rows[0];
    if (row !== undefined) row[name] = another(rows, name, type, row[name] ?? "");
  };
}

describe("lies about a real quarter", () => {
  test("the true one has none", async () => {
    expect(await recompute(join(folder, "true"))).toEqual([]);
  });

  test("are thirty or more", () => {
    expect(Object.keys(LIES).length).toBeGreaterThanOrEqual(30);
  });

  test("are found by verify without a pinned key: 27 of 44, where it found 3 by digests and counts alone", () => {
    const lies = Object.values(LIES);
    expect([lies.filter(isFoundByVerify).length, lies.length]).toEqual([27, 44]);
  });

  test.each(sample(CELLS, 2))("are found in one cell: $name of $path", async ({ path, name, type }) => {
    const edits = inOneCell({ path, name, type });
    const isEmpty = new Book(join(folder, "true")).rows(path).length === 0;
    expect((await told({ edits, named: /./u })).length > 0).toBe(!isEmpty);
    expect((await verifyPath(join(folder, "lied"))).defects.length > 0).toBe(!isEmpty);
  });

  test.each(sample(UNMADE, 2))("are found by verify in any other cell too: $name of $path", async (cell) => {
    await told({ edits: inOneCell(cell), named: /./u });
    const isEmpty = new Book(join(folder, "true")).rows(cell.path).length === 0;
    expect((await verifyPath(join(folder, "lied"))).defects.length > 0).toBe(!isEmpty);
  });

  test.each(Object.entries(WHOLE))("cannot be found in a package alone: %s", async (_, log) => {
    expect(await told({ log, named: /./u })).toEqual([]);
  });

  test.each(sample(Object.entries(LIES), 4))("are found: %s", async (_, lie) => {
    const found = await told(lie);
    expect(found.filter((each) => lie.named.test(each))).not.toEqual([]);
    const { defects } = await verifyPath(join(folder, "lied"));
    expect(defects.length > 0, defects[0]?.problem).toBe(isFoundByVerify(lie));
  });

  test.each(
    sample(
      Object.entries(LIES).filter(([, lie]) => "log" in lie),
      3,
    ),
  )(
    "are found by verify where heads of the log were left, unless they begin after the newest: %s",
    async (_, lie) => {
      await told(lie, "left");
      const { defects } = await verifyPath(join(folder, "lied"));
      const isBefore = "log" in lie && firstToldOtherwise(lie.log) < newestHead();
      expect(defects.some(({ file }) => file === "log/heads.csv")).toBe(isBefore);
    },
  );
});
