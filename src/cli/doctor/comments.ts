/** Whether the App may comment: tried with a comment that GitHub refuses for being empty, after it looked at the App's rights. */

import { z } from "zod";
import type { Repository } from "../../domain/change/repository.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { statusOf } from "../../github/api/errors.ts";
import type { Octokits } from "../../github/api/octokit.ts";
import { ask, type GitHub } from "../../github/api/requests.ts";
import type { CheckedRepository } from "./files.ts";
import { problemWith, resultOf, type DoctorResult } from "./result.ts";

const SubjectsShape = z.array(z.object({ number: z.int(), locked: z.boolean().optional() }));

/** Tries a comment in one repository of each installation; nothing is left behind. */
export async function tryComments(
  octokits: Octokits,
  repositories: readonly CheckedRepository[],
): Promise<readonly DoctorResult[]> {
  const results: DoctorResult[] = [];
  for (const [installationId, [first]] of Map.groupBy(repositories, (each) => each.installationId)) {
    if (first === undefined) continue;
    const what = `comments in ${first.repository.owner}/${first.repository.name}`;
    try {
      results.push(await tryComment(await octokits.installation(installationId), first.repository, what));
    } catch (error) {
      if (!(error instanceof ExternalError)) throw error;
      const cure = error.retry
        ? ""
        : ". Grant issues: write on the App's page and accept it in the organisation";
      results.push(problemWith(what, `${error.message}${cure}`, error.retry ? 3 : 2));
    }
  }
  return results;
}

async function tryComment(github: GitHub, repository: Repository, what: string): Promise<DoctorResult> {
  const place = { owner: repository.owner, repo: repository.name };
  const { data } = await ask(
    github,
    "GET /repos/{owner}/{repo}/issues",
    { ...place, state: "all", per_page: 20 },
    SubjectsShape,
  );
  const subject = data.find(({ locked }) => locked !== true);
  if (subject === undefined)
    return resultOf(what, "not tried: there is no issue or pull request to comment on yet");
  const on = `#${subject.number}`;
  const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
  try {
    const parameters = { ...place, issue_number: subject.number, body: "" };
    const { data: made } = await ask(github, route, parameters, z.object({ id: z.int() }));
    await ask(
      github,
      "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
      { ...place, comment_id: made.id },
      z.unknown(),
    );
    return resultOf(what, `an empty one on ${on} was accepted, and deleted again`);
  } catch (error) {
    // GitHub looks at the rights before it looks at the text.
    if (!(error instanceof ExternalError) || statusOf(error.cause) !== 422) throw error;
    return resultOf(what, `an empty one on ${on} was refused for being empty only; nothing was left behind`);
  }
}
