/** Likely mistakes in repositories' files: CODEOWNERS lines that GitHub skips, and environments used without a deployment. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Repository } from "../../domain/change/repository.ts";
import { ownerNotes } from "../../domain/approval/code-owners.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { undeployedJobs } from "../../domain/deployment/workflow-file.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import type { GitHub } from "../../github/api/requests.ts";
import { readOwners } from "../../github/commits/changed-files.ts";
import { Lookups } from "../../github/api/lookups.ts";
import type { Octokits } from "../../github/api/octokit.ts";
import { filesAt } from "../../github/commits/trees.ts";
import { readWorkflowFiles } from "../../github/commits/workflow-files.ts";
import { problemWith, type DoctorResult } from "./result.ts";

/** Describes a repository whose files are checked. `refs`: its production branches, in full. */
export interface CheckedRepository {
  readonly repository: Repository;
  readonly installationId: number;
  readonly refs: readonly string[];
}

/** Checks CODEOWNERS and the workflows of each repository. Throws {@link ExternalError} where GitHub does not answer. */
export async function checkPolicyFiles(
  octokits: Octokits,
  repositories: readonly CheckedRepository[],
  now: () => Instant,
): Promise<readonly DoctorResult[]> {
  const lookups = new Lookups({ now });
  const findings: DoctorResult[] = [];
  for (const { repository, installationId, refs } of repositories) {
    const name = `${repository.owner}/${repository.name}`;
    try {
      const github = await octokits.installation(installationId);
      const branches = refs.map((ref) => ref.replace(/^refs\/heads\//u, ""));
      const all = branches.length === 0 ? [repository.defaultBranch] : branches;
      findings.push(...notedOf(`CODEOWNERS of ${name}`, await ownersOf(github, repository, all, lookups)));
      findings.push(...notedOf(`workflows of ${name}`, await workflowsOf(github, repository, all)));
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error;
      findings.push(problemWith(`files of ${name}`, `cannot be read: ${error.message}`, error.retry ? 3 : 2));
    }
  }
  return findings;
}

function notedOf(what: string, notes: readonly string[]): readonly DoctorResult[] {
  return [...new Set(notes)].map((note) => ({ ...problemWith(what, note), canWait: true }));
}

/** Returns the lines that GitHub skips, with the resulting owners, and the owners that do not exist. */
async function ownersOf(
  github: GitHub,
  repository: Repository,
  branches: readonly string[],
  lookups: Lookups,
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const branch of branches) {
    const owners = await readOwners({ github, repository, lookups }, branch);
    if (owners.state === "unreadable") notes.push(`on ${branch}: ${owners.because}`);
    if (owners.state !== "found") continue;
    const tree = await filesAt({ github, repository }, branch);
    const list = [...(tree?.files.keys() ?? [])].map((path) => {
      return { path, oldPath: null, status: "unchanged" as const };
    });
    const files = { list, complete: tree?.truncated === false };
    const on = branches.length === 1 ? "" : `on ${branch}: `;
    notes.push(...ownerNotes({ owners, files }).map((note) => `${on}${oneLine(note)}`));
    notes.push(...skippedNotes(owners, notes).map((note) => `${on}${note}`));
  }
  return notes;
}

/** Returns GitHub's errors of lines that concern no existing file. */
function skippedNotes(
  { path, errors = [] }: Extract<Awaited<ReturnType<typeof readOwners>>, { readonly state: "found" }>,
  said: readonly string[],
): readonly string[] {
  return errors
    .filter(({ line }) => !said.some((note) => note.includes(`line ${line} of ${path} `)))
    .map(
      ({ line, kind }) =>
        `line ${line} of ${path}: GitHub reports ${oneLine(kind)}; the line matches no existing file`,
    );
}

async function workflowsOf(
  github: GitHub,
  repository: Repository,
  branches: readonly string[],
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const branch of branches) {
    const files = await readWorkflowFiles({ github, repository }, branch);
    if (files === null)
      notes.push(`on ${branch}: GitHub does not list all files, so the workflows were not read`);
    for (const { path, text } of files ?? []) {
      const jobs = text === null ? null : undeployedJobs(text);
      if (jobs === null) notes.push(`${path} on ${branch} cannot be read as a workflow`);
      for (const { job, environment, surely } of jobs ?? [])
        notes.push(
          `${path} on ${branch}: job ${oneLine(job)} uses the secrets of the environment ${oneLine(environment)} and ${surely ? "leaves" : "may leave"} no deployment (deployment: false), so the App cannot check it. Remove that key, or name the workflow under production.workflows`,
        );
    }
  }
  return notes;
}
