/** External content: a change points at it without holding it. The pointer was there to be reviewed, the content is elsewhere. */

import type { ExternalContent } from "./change.ts";
import { oneLine, some } from "../texts/wording.ts";
import type { Sha } from "./sha.ts";

/** A changed file as far as it is read; `blob` of a submodule is the commit it points at. `patch` null: GitHub shows no text. */
interface Changed {
  readonly path: string;
  readonly status: string;
  readonly blob: Sha | null;
  readonly patch: string | null;
}

const SUBMODULE = /^\+Subproject commit ([0-9a-f]{40,64})\b/mu;
const LARGE_FILE = /^[ +]version https:\/\/git-lfs\.github\.com\/spec\/v1$/mu;
const LARGE_CONTENT = /^\+oid (sha256:[0-9a-f]{64})$/mu;
const WORKFLOW = /^\.github\/(?:workflows|actions)\/.*\.ya?ml$/u;
const USES = /^\+(?!\s*#)[^#\n]*?\buses["']?\s*:\s*["']?([^\s"'#,}]+)/gmu;
const PINNED = /@(?:[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64})$/u;

/**
 * Lists the submodules, large files and unpinned actions and workflows that a change newly points at. It is not
 * `complete` where a workflow's text is not shown.
 */
export function externalIn(files: readonly Changed[]): {
  readonly list: readonly ExternalContent[];
  readonly complete: boolean;
} {
  const list = files.flatMap((file) => (file.status === "removed" ? [] : pointersOf(file)));
  const complete = files.every(
    ({ path, status, patch }) => patch !== null || status === "removed" || !WORKFLOW.test(path),
  );
  return { list, complete };
}

function pointersOf({ path, blob, patch }: Changed): readonly ExternalContent[] {
  if (patch === null) return [];
  const commit = SUBMODULE.exec(patch)?.[1];
  // A text that only reads like a pointer has another id than the commit it names.
  if (commit !== undefined && (blob === null || blob === commit))
    return [{ path, kind: "submodule", to: commit }];
  const content = LARGE_FILE.test(patch) ? LARGE_CONTENT.exec(patch)?.[1] : undefined;
  if (content !== undefined) return [{ path, kind: "large-file", to: content }];
  if (!WORKFLOW.test(path)) return [];
  const used = [...patch.matchAll(USES)].map(([, reference = ""]) => reference);
  return [...new Set(used)]
    .filter((reference) => !reference.startsWith("./") && !PINNED.test(reference))
    .map((to) => ({ path, kind: "unpinned", to }));
}

const KINDS = { submodule: "a submodule", "large-file": "a large file", unpinned: "not pinned" } as const;

const NAMED = 5;

/**
 * Returns sentences for a result: what a change points at, and that its content could not be reviewed. None where it
 * points at nothing.
 */
export function externalReasons(
  external: { readonly list: readonly ExternalContent[]; readonly complete: boolean } | undefined,
): readonly string[] {
  if (external === undefined) return [];
  const { list, complete } = external;
  const named = list.map(({ path, kind, to }) => `${oneLine(path)} (${KINDS[kind]}: ${oneLine(to)})`);
  return [
    ...(list.length === 0
      ? []
      : [
          `it points at content that lies elsewhere, of which the pointer could be reviewed, not the content: ${some(named, NAMED)}`,
        ]),
    ...(complete ? [] : ["not every file could be looked through for content that lies elsewhere"]),
  ];
}
