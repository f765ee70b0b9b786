/** The rows of ipe.csv: each query that made a population, how it was read, and how to repeat it. */

import type { CompletenessRecord } from "../records/monitoring.ts";
import type { Instant } from "../time/instant.ts";
import { canonical, sha256 } from "../values/digest.ts";
import type { EvidenceSource, Stated } from "./tables/population.ts";
import { column, listText, logColumns, table, timeText, type Table } from "./tables/table.ts";
import { completenessOf } from "./rows/scope.ts";
import { scopePolicies } from "./rows/policies.ts";

/** Describes a table of the package as it was written. */
export interface WrittenTable {
  readonly path: string;
  readonly rows: number | null;
  readonly sha256: string;
}

type Listing = CompletenessRecord["listings"][number];
type Source = Listing["source"] | "policy-file" | "log" | "not-recorded";

/** What is said of each kind of query. `of`: what its digest covers. */
interface Words {
  readonly tables: readonly string[];
  readonly purpose: string;
  readonly of: string;
}

const BRANCH_TABLES = ["changes.csv", "ref-updates.csv"];

const WORDS: Readonly<Record<Exclude<Source, "log" | "not-recorded">, Words>> = {
  activity: {
    tables: BRANCH_TABLES,
    purpose: "GitHub's list of the branch's updates, of which each is a row",
    of: "activityId, ref, before, after, kind and at (milliseconds) of each update, oldest first",
  },
  "git-first-parent": {
    tables: BRANCH_TABLES,
    purpose: "git's commits between the first update and the last, to compare the updates with",
    of: "each commit and its parents, as pairs sorted by commit",
  },
  "merged-pull-requests": {
    tables: BRANCH_TABLES,
    purpose: "the pull requests GitHub lists as merged into the branch, to compare the updates with",
    of: "number, at (milliseconds) and commit of each, by number",
  },
  deliveries: {
    tables: BRANCH_TABLES,
    purpose: "the pushes that webhooks reported, to compare the updates with",
    of: "before and after of each push, in the order of the log",
  },
  ledger: {
    tables: BRANCH_TABLES,
    purpose: "the updates on record, to compare with GitHub's list",
    of: "activityId, ref, before, after, kind and at (milliseconds) of each update, oldest first",
  },
  "policy-file": {
    tables: ["policies/index.csv"],
    purpose: "a policy file in force, by which changes and deployments were assessed",
    of: "the file's bytes",
  },
};

/** Of which entries of the log each population is made. */
const MADE_OF = {
  "changes.csv": "change",
  "deployments.csv": "deployment",
  "ref-updates.csv": "change",
} as const;

/** What was read of GitHub by requests that the log does not hold, by the tables it is in. */
const NOT_RECORDED: Readonly<Record<string, Omit<Words, "of">>> = {
  deployments: {
    tables: ["deployments.csv"],
    purpose:
      "GitHub's deployments, statuses, runs and tags; none of its lists of these was counted against the rows",
  },
  "pull-requests": {
    tables: ["changes.csv", "control-tests.csv"],
    purpose:
      "the commits, reviews, checks and files of each pull request; what came is in the entry of its change",
  },
  repositories: {
    tables: ["scope.csv"],
    purpose: "the repositories that the App is installed on, with their topics and properties",
  },
  rights: {
    tables: ["changes.csv", "privileged-actors.csv", "rights-used.csv"],
    purpose:
      "permissions, members of the organisation and of teams, and whom the names of a policy mean; what came is in the entries of changes, settings and policies",
  },
  settings: {
    tables: ["control-state.csv", "privileged-actors.csv"],
    purpose: "the protection of branches and environments; what came is in the entry of each setting",
  },
};

interface IpeRow {
  readonly id: string;
  readonly source: Source;
  readonly words: Words;
  readonly system: string;
  readonly query: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly began: Instant | null;
  readonly ended: Instant | null;
  readonly readAs: CompletenessRecord["readAs"];
  readonly pages: number | null;
  readonly rows: number | null;
  readonly counted: number | null;
  readonly cut: boolean | null;
  readonly checkComplete: boolean | null;
  readonly sha256: string | null;
  readonly again: string | null;
  readonly entry: { readonly seq: number; readonly hash: string } | null;
}

/** Returns ipe.csv, information produced by the entity. `written`: the populations of this package; `apiUrl`: GitHub's API. */
export function ipeTable(written: readonly WrittenTable[], apiUrl: string): Table {
  return table<IpeRow>({
    path: "ipe.csv",
    description:
      "Information produced by the entity: each query that made a population, how it was read, and how to repeat it; and what was read by requests that are not on record (not-recorded). Empty cells of a listing compared by an earlier version: not recorded then.",
    columns: {
      query_id: column.text(
        (row) => row.id,
        "`completeness`, the check_id of completeness.csv and the source; or `policy-file`, the policy's digest and the file; or `table` and its file; or `not-recorded` and what was read.",
      ),
      source: column.text(
        (row) => row.source,
        "activity, git-first-parent, merged-pull-requests, deliveries, ledger, policy-file, log or not-recorded.",
      ),
      tables: column.list((row) => listText(row.words.tables), "The files whose rows rest on it."),
      purpose: column.text((row) => row.words.purpose, "What it is for."),
      system: column.text((row) => row.system, "Where it was read: GitHub's API, or the evidence log."),
      query: column.text(
        (row) => row.query,
        "The request, or what was read of the log. Empty: it is not on record.",
      ),
      parameters: column.json(
        (row) => canonical(row.parameters),
        "What it was limited to; `to` is excluded.",
      ),
      began_at: column.time(
        (row) => row.began,
        "When it began, by the App's clock. A wrong clock is in coverage-gaps.csv. Empty: not recorded.",
      ),
      ended_at: column.time(
        (row) => row.ended,
        "When it ended, by the same clock; of a policy file, when this version was first read.",
      ),
      read_as: column.text(
        ({ readAs }) => readerText(readAs),
        "As whom GitHub was asked, by its ids. `token`: by a token of no App, as `countersign audit` does. Empty: not recorded, or GitHub was not asked.",
      ),
      rights: column.list(
        ({ readAs }) =>
          listText(
            Object.entries(readAs?.app?.rights ?? {})
              .map((each) => each.join(":"))
              .toSorted(),
          ),
        "The rights of the installation's token, name:level, by GitHub's answer that gave it. Empty: not recorded.",
      ),
      tool_version: column.text(
        ({ readAs }) => readAs?.version ?? null,
        "The version of this tool that read it.",
      ),
      pages: column.integer((row) => row.pages, "Pages that were read. Empty: not recorded, or it has none."),
      rows: column.integer(
        (row) => row.rows,
        "What came, which the digest covers: of a list that ends now, also what is newer than `to`.",
      ),
      counted: column.integer(
        (row) => row.counted,
        "Those of them in the span, as completeness.csv counts them.",
      ),
      cut_short: column.yesNo(
        (row) => row.cut,
        "yes: there was more than was read, or it was not answered. no: nothing showed that there was more. Empty: not recorded which list of the check was.",
      ),
      check_complete: column.yesNo(
        (row) => row.checkComplete,
        "Whether the check it was read for proves its span (completeness.csv): no, and any list of it may lack something.",
      ),
      sha256: column.digest((row) => row.sha256, "SHA-256 of what came."),
      sha256_of: column.text(
        (row) => row.words.of,
        "What that digest covers: of a list, its canonical JSON.",
      ),
      run_again: column.text(
        (row) => row.again,
        "A command that repeats it, in a POSIX shell: `gh` with a token of your own, or `jq` in this folder. GitHub forgets updates after a while. Empty: none does.",
      ),
      ...logColumns<IpeRow>((row) => row.entry),
    },
    async *rows(source) {
      for await (const stated of completenessOf(source)) yield* listingRows(stated, apiUrl);
      for (const [name, words] of written.length === 0 ? [] : Object.entries(NOT_RECORDED))
        yield unrecordedRow(name, words, apiUrl);
      for await (const stated of scopePolicies(source)) yield* policyRows(stated, apiUrl);
      for (const [path, kind] of Object.entries(MADE_OF)) {
        const file = written.find((each) => each.path === path);
        if (file !== undefined) yield tableRow(file, kind, source);
      }
    },
  });
}

function readerText(readAs: CompletenessRecord["readAs"]): string | null {
  if (readAs === null) return null;
  return readAs.app === null ? "token" : `app ${readAs.app.id}, installation ${readAs.app.installation}`;
}

function* listingRows({ entry, body }: Stated<"completeness">, apiUrl: string): Iterable<IpeRow> {
  const repository = `${body.repository.owner}/${body.repository.name}`;
  for (const listing of body.listings.toSorted((a, b) => (a.source < b.source ? -1 : 1))) {
    const { source, query, read, count } = listing;
    const isLogged = source === "deliveries" || source === "ledger";
    yield {
      id: `completeness ${entry.subject} ${source}`,
      source,
      words: WORDS[source],
      system: isLogged ? LOG : apiUrl,
      query,
      parameters: { branch: body.ref, from: timeText(body.from), repository, to: timeText(body.to) },
      began: read?.began ?? null,
      ended: read?.ended ?? null,
      readAs: isLogged ? null : body.readAs,
      pages: read?.pages ?? null,
      rows: read?.rows ?? null,
      counted: count,
      // Where no list of the check was cut short, this one was not.
      cut: read?.cut ?? (body.truncated ? null : false),
      checkComplete: body.complete,
      sha256: listing.sha256,
      again: isLogged ? loggedAgain(source, body) : githubAgain(listing, body, apiUrl),
      entry,
    };
  }
}

function* policyRows({ entry, body }: Stated<"policy">, apiUrl: string): Iterable<IpeRow> {
  for (const name of ["organization", "repository"] as const) {
    const file = body[name];
    if (file.state !== "found") continue;
    const isGiven = !file.repository.includes("/");
    const path = `repos/${file.repository}/contents/${file.path}?ref=${file.commit}`;
    yield {
      id: `policy-file ${body.digest} ${name}`,
      source: "policy-file",
      words: WORDS["policy-file"],
      system: isGiven ? "a file given to the command" : apiUrl,
      query: isGiven ? file.path : `GET /${path}`,
      parameters: { commit: file.commit, path: file.path, repository: file.repository },
      began: null,
      ended: entry.at,
      readAs: null,
      pages: null,
      rows: 1,
      counted: null,
      cut: false,
      checkComplete: null,
      sha256: sha256(file.text),
      again: isGiven
        ? null
        : `${gh(apiUrl)} -H 'Accept: application/vnd.github.raw+json' ${quoted(path)} | sha256sum`,
      entry,
    };
  }
}

function unrecordedRow(name: string, { tables, purpose }: Omit<Words, "of">, apiUrl: string): IpeRow {
  const says = `${purpose}. By which requests, and as whom, is not on record`;
  return {
    id: `not-recorded ${name}`,
    source: "not-recorded",
    words: { tables, purpose: says, of: "nothing" },
    system: apiUrl,
    query: "",
    parameters: {},
    began: null,
    ended: null,
    readAs: null,
    pages: null,
    rows: null,
    counted: null,
    cut: null,
    checkComplete: null,
    sha256: null,
    again: null,
    entry: null,
  };
}

const LOG = "the evidence log";

/** No query is made up: how deployments were listed is not in the log. */
function purposeOf(path: string): string {
  const all = `every row of ${path}`;
  return path === "deployments.csv"
    ? `${all}, which webhooks, sweeps and reports gave; which lists of GitHub were read for it, when and as whom was not recorded, and none was counted against it`
    : all;
}

function tableRow(
  file: WrittenTable,
  kind: string,
  { period, generatedAt, organizationId }: EvidenceSource,
): IpeRow {
  return {
    id: `table ${file.path}`,
    source: "log",
    words: { tables: [file.path], purpose: purposeOf(file.path), of: "the file's bytes" },
    system: LOG,
    query: `the newest entry of each ${kind}`,
    parameters: {
      from: timeText(period.from),
      organization: String(organizationId),
      to: timeText(period.to),
    },
    began: generatedAt,
    ended: generatedAt,
    readAs: null,
    pages: null,
    rows: file.rows,
    counted: file.rows,
    cut: false,
    checkComplete: null,
    sha256: file.sha256,
    again: `jq -s '[.[] | select(.kind == "${kind}")] | group_by(.subject) | length' log/entries.jsonl`,
    entry: null,
  };
}

/** Where GitHub was asked for nothing there is nothing to repeat. */
function githubAgain({ source, query }: Listing, body: CompletenessRecord, apiUrl: string): string | null {
  const { owner, name } = body.repository;
  if (query.startsWith("GET /")) return `${gh(apiUrl)} --paginate ${quoted(query.slice("GET /".length))}`;
  if (source !== "merged-pull-requests") return null;
  const branch = body.ref.replace(/^refs\/heads\//u, "");
  return [
    `${gh(apiUrl)} graphql --paginate`,
    ...[`owner=${owner}`, `name=${name}`, `branch=${branch}`].map((each) => `-f ${quoted(each)}`),
    `-f query='${MERGED}'`,
  ].join(" ");
}

const MERGED =
  "query($owner: String!, $name: String!, $branch: String!, $endCursor: String) { repository(owner: $owner, name: $name) { pullRequests(states: MERGED, baseRefName: $branch, orderBy: {field: UPDATED_AT, direction: DESC}, first: 100, after: $endCursor) { pageInfo { hasNextPage endCursor } nodes { number mergedAt mergeCommit { oid } } } } }";

function loggedAgain(
  source: "deliveries" | "ledger",
  { repository, ref, from, to }: CompletenessRecord,
): string {
  const span = `.repositoryId == ${repository.id} and .at >= ${from} and .at < ${to}`;
  const own = quoted(ref);
  return source === "ledger"
    ? `jq -s --arg ref ${own} '[.[] | select(.kind == "change" and ${span} and .body.change.update.ref == $ref)] | group_by(.subject) | length' log/entries.jsonl`
    : `jq -s --arg ref ${own} '[.[] | select(.kind == "observation" and ${span} and .body.kind == "pushed" and .body.ref == $ref)] | unique_by(.body.before, .body.after) | length' log/entries.jsonl`;
}

/** The client of GitHub that its own documentation uses; other servers than github.com are named. */
function gh(apiUrl: string): string {
  const host = URL.canParse(apiUrl) ? new URL(apiUrl).host : "api.github.com";
  if (host === "api.github.com") return "gh api";
  return `gh api --hostname ${quoted(host.replace(/^api\.(?=.*\.ghe\.com$)/u, ""))}`;
}

/** INVARIANT: whatever a branch is called, a shell takes this for one word and runs nothing of it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
