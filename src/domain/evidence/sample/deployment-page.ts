/** The page of one deployment: what was deployed, by whom, past which rules, and the changes it deployed. */

import { linksOf, webPage, type RepositoryLinks } from "./links.ts";
import { SHOWN_CHANGES, type Material, type MaterialRow } from "./material.ts";
import {
  eachValue,
  factsOf,
  grouped,
  linked,
  numberOf,
  oneValue,
  rowsOf,
  type Block,
  type Piece,
  type SamplePage,
  type Section,
} from "./page.ts";
import { groupsIn, listIn } from "./rows.ts";
import { sharedSections, type PageContext } from "./shared-sections.ts";

/** Returns the page of a deployment. */
export function deploymentPage(material: Material, row: MaterialRow, context: PageContext): SamplePage {
  const { cells } = row;
  const links = linksOf(context.web, cells["repository"] ?? "");
  const environment = cells["environment"] ?? "";
  return {
    title: `Deployment to ${environment}`,
    subject: [linked(environment, links.deployments(environment))],
    repository: cells["repository"] ?? "",
    when: cells["succeeded_at"] ?? "",
    verdict: cells["verdict"] ?? "",
    sections: [
      result(row),
      whatWasDeployed(row, links),
      whoDeployed(row, links),
      {
        id: "changes",
        title: "The changes it deployed",
        blocks: [deployedChanges(material, row, context), unaccounted(row, links)],
      },
      ...sharedSections(material, row, context, "deployment"),
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
        mode: oneValue("Mode of the policy"),
        late: oneValue("Found later, by a sweep or backfill"),
        source_gone: oneValue("Gone from GitHub since", "nothing, as far as known"),
      }),
    ],
  };
}

function whatWasDeployed(row: MaterialRow, links: RepositoryLinks): Section {
  const commit = (sha: string): string | null => links.commit(sha);
  return {
    id: "what",
    title: "What was deployed",
    blocks: [
      factsOf(row, {
        deployment_id: oneValue("Deployment"),
        repository: oneValue("Repository"),
        environment: {
          label: "Environment",
          empty: "not known",
          read: (name) => [linked(name, links.deployments(name))],
        },
        original_environment: oneValue("Environment it was created for", "GitHub did not show it"),
        github_deployment_id: oneValue("GitHub's id"),
        origin: oneValue("How it is known"),
        source: oneValue("Pipeline that reported it", "none: no pipeline reported it"),
        artifact: oneValue("Artifact", "none named"),
        sha: eachValue("Commit", "not known", commit),
        ref: oneValue("Ref"),
        on_production_branch: oneValue("Commit is on a production branch", "GitHub would not show it"),
        landed_at: oneValue("Commit came to a production branch at", "not known, or never"),
        kind: oneValue("Kind"),
        succeeded_at: oneValue("First succeeded at"),
        succeeded_before: oneValue("The commit had succeeded there before"),
        verdict_before: oneValue("Verdict on its newest earlier success there", "none is recorded"),
        previous_deployment_id: oneValue("Deployment before it", "none: it is the first known"),
        previous_sha: eachValue("Commit of that deployment", "none: it is the first known", commit),
        merge_back: oneValue("Merge back to the default branch", "not required"),
        merge_back_due: oneValue("Merge back due", "not required"),
        statuses: grouped("Statuses reported", "none"),
      }),
    ],
  };
}

function whoDeployed(row: MaterialRow, links: RepositoryLinks): Section {
  const attempt = row.cells["run_attempt"] ?? "";
  return {
    id: "people",
    title: "Who deployed it, and past which rules",
    blocks: [
      factsOf(row, {
        creator: oneValue("Created by"),
        created_at: oneValue("Created at"),
        workflow_run_id: {
          label: "Workflow run",
          empty: NO_JOB,
          read: (id) => [linked(id, links.run(id, attempt))],
        },
        run_attempt: oneValue("Attempt", NO_JOB),
        run_event: oneValue("What began the run", NO_JOB),
        run_workflow: oneValue("Workflow file", NO_JOB),
        run_actor: oneValue("Run begun by", NO_JOB),
        run_triggering_actor: oneValue("Attempt begun by", NO_JOB),
        called_workflows: grouped("Workflows of elsewhere that it called", "none known"),
        environment_reviewers: oneValue(
          "Reviewers the environment requires",
          "no job made it, or GitHub would not show it",
        ),
        environment_approvals: grouped("Who answered the waiting job", "nobody is recorded"),
        prevents_self_review: oneValue("Environment prevents self-review", "not known"),
        admins_may_bypass: oneValue("Administrators may bypass the environment's rules", "not known"),
        environment_bypassed: oneValue("Went on without the reviewers or the gate", NO_JOB),
        self_approved: oneValue("Approved only by who began it or alone made it", NO_JOB),
        gate_answer: oneValue("Answer of the deployment gate"),
      }),
    ],
  };
}

const NO_JOB = "no job made it, as far as known";

function deployedChanges(material: Material, row: MaterialRow, { words }: PageContext): Block {
  const deployed = groupsIn(row.cells["changes"] ?? "");
  if (deployed.length === 0)
    return { says: `It deployed no known change${words.lackedBy("deployments.csv, column changes")}.` };
  const known = new Map(rowsOf(material, "changes.csv").map((each) => [each.cells["change_id"], each]));
  const cut =
    deployed.length > SHOWN_CHANGES ? ` The first ${SHOWN_CHANGES} of ${deployed.length} are shown.` : "";
  return {
    caption: `${words.changesFrom(row)}${cut}`,
    head: [
      "Change",
      "Pull request",
      "Verdict when deployed",
      words.verdictNow,
      ...(words.isNumbered ? ["Row"] : []),
    ],
    rows: deployed.slice(0, SHOWN_CHANGES).map(([id = "", verdict = ""]) => {
      const change = known.get(id);
      return {
        cells: [
          [{ text: id }],
          change === undefined ? [{ text: words.noVerdictNow }] : pullsOf(change),
          [{ text: verdict }],
          [{ text: change?.cells["verdict"] ?? words.noVerdictNow }],
          ...(words.isNumbered ? [change === undefined ? [{ text: "" }] : numberOf(change)] : []),
        ],
      };
    }),
  };
}

function pullsOf({ cells }: MaterialRow): readonly Piece[] {
  const urls = listIn(cells["pull_request_url"] ?? "");
  const titles = groupsIn(cells["pull_request_title"] ?? "");
  const pulls = listIn(cells["pull_request"] ?? "").map((number, index) =>
    linked(`#${number} ${titles[index]?.[0] ?? ""}`, webPage(urls[index] ?? "")),
  );
  return pulls.length === 0 ? [{ text: "none: no pull request is known" }] : pulls;
}

function unaccounted(row: MaterialRow, links: RepositoryLinks): Block {
  const isKnown = row.cells["unaccounted_known"] !== "no";
  return factsOf(row, {
    change_count: oneValue("Changes deployed"),
    refused_change_count: oneValue("Of them non-compliant"),
    unaccounted_commits: eachValue(
      "Commits deployed that belong to no known change",
      isKnown ? "none" : "not known: GitHub did not list the commits",
      (sha) => links.commit(sha),
    ),
  });
}
