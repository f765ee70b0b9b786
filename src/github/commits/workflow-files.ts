/** The workflow files of a branch. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import { askIfExists, place } from "../api/requests.ts";
import { filesAt } from "./trees.ts";

const FOLDER = /^\.github\/workflows\/[^/]+\.ya?ml$/u;

const BlobShape = z.object({ content: z.string(), encoding: z.string() });

/** Holds a workflow file with its text; null: GitHub does not show it as a text. */
export interface WorkflowFile {
  readonly path: string;
  readonly text: string | null;
}

/**
 * Reads the workflow files of a commit or branch; null where its files are not all listed. One request, and one for each.
 * Throws {@link ExternalError}.
 */
export async function readWorkflowFiles(
  client: RepositoryClient,
  ref: string,
): Promise<readonly WorkflowFile[] | null> {
  const tree = await filesAt(client, ref);
  if (tree === null || tree.truncated) return null;
  const found: WorkflowFile[] = [];
  for (const [path, { blob }] of tree.files) {
    if (!FOLDER.test(path)) continue;
    const route = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}";
    const answer = await askIfExists(
      client.github,
      route,
      { ...place(client.repository), file_sha: blob },
      BlobShape,
    );
    const isText = answer?.data.encoding === "base64";
    found.push({ path, text: isText ? Buffer.from(answer.data.content, "base64").toString() : null });
  }
  return found;
}
