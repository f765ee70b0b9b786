/** The page of one change: who wrote, approved, merged and deployed it, under what policy, and what became of it. */

import { linksOf, webPage, type RepositoryLinks } from "./links.ts";
import type { Material, MaterialRow } from "./material.ts";
import {
  eachValue,
  factsOf,
  grouped,
  linked,
  oneValue,
  rowsOf,
  tableOfRows,
  cellOf,
  type Block,
  type Piece,
  type SamplePage,
  type Section,
} from "./page.ts";
import { groupsIn, listIn } from "./rows.ts";
import { sharedSections, type PageContext } from "./shared-sections.ts";
import type { SourceWords } from "./source-words.ts";

/** Returns the page of a change. */
export function changePage(material: Material, row: MaterialRow, context: PageContext): SamplePage {
  const { cells } = row;
  const links = linksOf(context.web, cells["repository"] ?? "");
  const titles = groupsIn(cells["pull_request_title"] ?? "").map(([title = ""]) => title);
  const branch = (cells["branch"] ?? "").replace(/^refs\/heads\//u, "");
  const pulls = pullsIn(row);
  return {
    title: titles.join(" | ") || `Update of ${branch} without a pull request`,
    subject:
      pulls.length > 0
        ? pulls
        : [linked((cells["after_sha"] ?? "").slice(0, 12), links.commit(cells["after_sha"] ?? ""))],
    repository: cells["repository"] ?? "",
    when: cells["occurred_at"] ?? "",
    verdict: cells["verdict"] ?? "",
    sections: [
      result(row),
      whatChanged(row, links),
      {
        id: "authors",
        title: "Who wrote it",
        blocks: [factsOf(row, AUTHORS), ...(pulls.length > 0 ? [] : [{ says: WRITTEN_UNSEEN }])],
      },
      description(material, row),
      approvals(material, row, context),
      { id: "merge", title: "Who merged it", blocks: [factsOf(row, MERGE)] },
      checks(row, context),
      { id: "ticket", title: "Change ticket", blocks: [factsOf(row, TICKET)] },
      deployments(material, row, context),
      ...sharedSections(material, row, context, "change"),
    ],
  };
}

function result(row: MaterialRow): Section {
  return {
    id: "result",
    title: "Result",
    blocks: [
      factsOf(row, {
        verdict: oneValue("Verdict"),
        failed_controls: eachValue("Controls that failed", "none"),
        unverifiable_controls: eachValue("Controls that could not be tested", "none"),
        waived_controls: eachValue("Controls waived", "none"),
        class: oneValue("Class"),
        mode: oneValue("Mode of the policy"),
        assurance: oneValue("How the deciding facts are known"),
        late: oneValue("Found later, by a sweep or backfill"),
        source_gone: oneValue("Gone from GitHub since", "nothing, as far as known"),
      }),
    ],
  };
}

function whatChanged(row: MaterialRow, links: RepositoryLinks): Section {
  const commit = (sha: string): string | null => links.commit(sha);
  const before = row.cells["before_sha"] ?? "";
  return {
    id: "what",
    title: "What changed",
    blocks: [
      factsOf(row, {
        change_id: oneValue("Change"),
        repository: oneValue("Repository"),
        branch: oneValue("Branch"),
        update: oneValue("How the branch was updated"),
        occurred_at: oneValue("When (GitHub's time)"),
        pull_request_url: eachValue("Pull request", NO_PULL, webPage),
        pull_request_title: grouped("Title", NO_PULL),
        base: eachValue("Opened into", NO_PULL),
        head_sha_at_merge: eachValue("Head when merged", NO_PULL, commit),
        commit_shas: eachValue("Commits of the pull request", NO_PULL, commit),
        before_sha: eachValue("Commit of the branch before", "not known", commit),
        after_sha: {
          label: "Commit of the branch after",
          empty: "not known",
          read: (sha) => [
            linked(sha, links.commit(sha)),
            ...(links.compare(before, sha) === null
              ? []
              : [linked("difference on GitHub", links.compare(before, sha))]),
          ],
        },
        commit_count: oneValue("Commits added to the branch", "GitHub did not show them"),
        tree_sha: oneValue("Git tree that landed", "GitHub did not show it"),
        coverage: {
          label: "What landed, compared with what was reviewed",
          empty: "nothing was reviewed that it could be compared with",
          read: (cell) => [{ text: COVERAGE[cell] ?? cell }],
        },
        residual_files: grouped("Files that landed otherwise than reviewed", "none known"),
        external_content: grouped("Content elsewhere that it newly points at", "none known"),
        activity_id: oneValue("GitHub's id of the update", "not known: only a webhook reported it"),
      }),
    ],
  };
}

const NO_PULL = "none: no pull request is known";

const COVERAGE: Readonly<Record<string, string>> = {
  identity: "identity: the same files",
  replay: "replay: the same patch on a moved base",
  residual: "residual: files differ",
  unverifiable: "unverifiable: it could not be compared",
};

const WRITTEN_UNSEEN =
  "Without a pull request, who wrote the commits is not known; only who updated the branch is.";

const AUTHORS = {
  pull_request_author: eachValue("Opened by", NO_PULL),
  pull_request_opened_at: eachValue("Opened at", NO_PULL),
  contributors: grouped(
    "Contributors and their roles",
    "not known",
    ([who = "", roles = ""]) => `${who}: ${roles.split("+").join(", ")}`,
  ),
} as const;

const MERGE = {
  merged_by: eachValue("Merged by, or pushed by without a pull request"),
  merged_at: eachValue("Merged at", NO_PULL),
} as const;

const TICKET = {
  ticket_ids: eachValue(
    "Tickets named",
    "none: the policy required none, or none was found; see record-linked under Controls",
  ),
} as const;

/** The log entry that the row was made from. */
function ownEntry({ entries }: Material, row: MaterialRow): Material["entries"][number] | undefined {
  return entries.findLast(({ seq }) => String(seq) === row.cells["log_seq"]);
}

function linesOf(text: string | null): readonly Piece[] {
  if (text === null)
    return [{ text: "not known: it was edited after the merge, and GitHub does not show what it was" }];
  if (text.trim() === "") return [{ text: "empty" }];
  return text.split(/\r?\n/u).map((line) => ({ text: line }));
}

/** What its pull requests say of the change: no table holds texts that may be so long. */
function description(material: Material, row: MaterialRow): Section {
  const entry = ownEntry(material, row);
  const texts = entry?.descriptions ?? [];
  const says =
    "The log holds no description: the App reads it only where the policy requires headings, or a ticket that may stand in it.";
  const table = {
    caption: `The descriptions of its pull requests when they were merged, from log entry ${entry?.seq ?? ""}.`,
    head: ["Pull request", "Description", "How known"],
    rows: texts.map(({ pull, text, basis }) => ({
      cells: [[{ text: `#${pull}` }], linesOf(text), [{ text: basis }]],
    })),
  };
  return { id: "description", title: "Description", blocks: texts.length === 0 ? [{ says }] : [table] };
}

function approvals(material: Material, row: MaterialRow, { words }: PageContext): Section {
  const counted = groupsIn(row.cells["approvals_counted"] ?? "");
  const others = groupsIn(row.cells["approvals_not_counted"] ?? "");
  const reasons = ownEntry(material, row)?.reasons ?? [];
  const facts = factsOf(row, {
    approvals_required: eachValue(
      "People required by each requirement",
      "none, or the policy could not be read",
    ),
    approvals_carried: grouped("Approvals inherited from an integration branch", "none", inherited),
    unverifiable_accepted: grouped("Accepted before the merge, though unverifiable", "nothing"),
  });
  return {
    id: "approvals",
    title: "Who approved it",
    blocks: [
      facts,
      ...(counted.length === 0
        ? [{ says: "No approval of this change itself counts." }]
        : [countedTable(row, counted, words)]),
      ...(others.length === 0
        ? [{ says: "No approval is on record that does not count." }]
        : [notCountedTable(row, others, reasons, words)]),
    ],
  };
}

function countedTable(row: MaterialRow, counted: readonly (readonly string[])[], words: SourceWords): Block {
  const served = groupsIn(row.cells["approvals_served"] ?? "");
  return {
    caption: `Approvals that count, from ${words.from(row, "columns approvals_counted and approvals_served")}.`,
    head: ["Who", "When", "Reviewed commit", "Permission", "Requirement served, by what authority"],
    rows: counted.map(([who = "", permission = "", commit = "", at = "", basis = ""]) => ({
      cells: [
        [{ text: who }],
        [{ text: at }, { text: basis }],
        [{ text: commit }],
        [{ text: permission }],
        servedBy(served.filter(([giver]) => giver === who)),
      ],
    })),
  };
}

function servedBy(served: readonly (readonly string[])[]): readonly Piece[] {
  if (served.length === 0) return [{ text: "none is recorded" }];
  return served.map(([, requirement = "", rule = "", by = "", known = ""]) => {
    const required = rule === "" ? requirement : `${requirement}, required by rule ${rule}`;
    return { text: `${required}; by ${by.split("+").join(", ") || "nothing recorded"} (${known})` };
  });
}

function notCountedTable(
  row: MaterialRow,
  others: readonly (readonly string[])[],
  reasons: readonly string[],
  words: SourceWords,
): Block {
  return {
    caption: `Approvals that do not count, from ${words.from(row, "column approvals_not_counted")}; the sentences are those of log entry ${row.cells["log_seq"] ?? ""}.`,
    head: ["Who", "When", "Reviewed commit", "Permission", "Why it does not count"],
    rows: others.map(([who = "", permission = "", commit = "", at = "", basis = "", code = ""], index) => ({
      cells: [
        [{ text: who }],
        [{ text: at }, { text: basis }],
        [{ text: commit }],
        [{ text: permission }],
        [{ text: code }, ...(reasons.length === others.length ? [{ text: reasons[index] ?? "" }] : [])],
      ],
    })),
  };
}

function inherited([
  approvers = "",
  commits = "",
  branch = "",
  pulls = "",
  ,
  basis = "",
]: readonly string[]): string {
  return `${approvers.split("+").join(", ")} approved ${commits} commits on ${branch} (pull requests ${pulls.split("+").join(", ")}; ${basis})`;
}

function checks(row: MaterialRow, { words }: PageContext): Section {
  const all = groupsIn(row.cells["checks"] ?? "");
  const title = "Checks on the merged content";
  if (all.length === 0)
    return {
      id: "checks",
      title,
      blocks: [{ says: `No check or status is recorded${words.lackedBy("changes.csv, column checks")}.` }],
    };
  const table = {
    caption: `From ${words.from(row, "column checks")}.`,
    head: ["Check", "App", "Conclusion", "Completed at"],
    rows: all.map(([name = "", app = "", conclusion = "", at = ""]) => ({
      cells: [
        [{ text: name }],
        [{ text: app || "none named" }],
        [{ text: conclusion || "not completed" }],
        [{ text: at || "not known" }],
      ],
    })),
  };
  return { id: "checks", title, blocks: [table] };
}

function deployments(material: Material, row: MaterialRow, { words }: PageContext): Section {
  const rows = rowsOf(material, "deployments.csv");
  return {
    id: "deployments",
    title: "Where it was deployed",
    blocks: [
      factsOf(row, {
        first_production_deployment_id: oneValue(
          "First successful production deployment",
          `none known ${words.asOf}`,
        ),
        first_production_deployment_at: oneValue("Succeeded at", `none known ${words.asOf}`),
      }),
      rows.length === 0
        ? { says: words.noDeployment }
        : tableOfRows(rows, words, {
            Environment: cellOf("environment"),
            "Succeeded at": cellOf("succeeded_at"),
            "Created by": cellOf("creator"),
            Commit: cellOf("sha"),
            Kind: cellOf("kind"),
            Verdict: cellOf("verdict"),
            Deployment: cellOf("deployment_id"),
          }),
    ],
  };
}

function pullsIn({ cells }: MaterialRow): readonly Piece[] {
  const urls = listIn(cells["pull_request_url"] ?? "");
  return listIn(cells["pull_request"] ?? "").map((number, index) =>
    linked(`#${number}`, webPage(urls[index] ?? "")),
  );
}
