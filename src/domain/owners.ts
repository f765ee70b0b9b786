/** Whom `codeowners: true` asks: for each group of changed files with the same owners, those owners. */

import type { PullRequest } from "./change.ts";
import { ownersOf, parseCodeowners } from "./codeowners.ts";
import type { Requirement, Source } from "./policy/requirement.ts";

/** The requirements that one with `codeowners: true` comes to. A file without owners is anyone's who may write. */
export function ownersAsked(leaf: Requirement, pull: PullRequest): readonly Requirement[] {
  const { codeowners: _, ...others } = leaf.from;
  const { required } = leaf;
  const untold = (unknown: string): Requirement => ({
    required,
    from: { ...others, codeowners: true },
    unknown,
  });
  const { owners, files } = pull;
  if (owners === undefined) return [untold("whose the changed files are was not read")];
  if (owners.state === "unreadable") return [untold(`CODEOWNERS could not be read: ${owners.because}`)];
  if (files === undefined) return [untold("GitHub would not list the changed files")];
  const lines = owners.state === "absent" ? [] : parseCodeowners(owners.text);
  const groups = new Map<string, { readonly owners: readonly string[]; readonly files: string[] }>();
  for (const path of new Set(files.list.flatMap(touched))) {
    const theirs = [...ownersOf(lines, path)].sort();
    const key = theirs.join(" ");
    const group = groups.get(key) ?? { owners: theirs, files: [] };
    group.files.push(path);
    groups.set(key, group);
  }
  const asked = [...groups.values()].map((group): Requirement => ({
    required,
    from: sourceOf(group.owners, others),
    files: group.files,
  }));
  if (!files.complete)
    asked.push(untold(`GitHub would not list more than ${files.list.length} of the changed files`));
  return asked.length > 0 ? asked : [{ required, from: sourceOf([], others) }];
}

function touched({
  path,
  oldPath,
  status,
}: NonNullable<PullRequest["files"]>["list"][number]): readonly string[] {
  return status === "renamed" && oldPath !== null ? [oldPath, path] : [path];
}

/** Owners and the other sources of a requirement: any of them may approve. */
function sourceOf(owners: readonly string[], others: Source): Source {
  if (owners.length === 0) return { ...others, permission: others.permission ?? "write" };
  const named = owners.filter((owner) => owner.startsWith("@")).map((owner) => owner.slice(1));
  return {
    ...others,
    owners: {
      users: named.filter((name) => !name.includes("/")),
      teams: named.filter((name) => name.includes("/")),
      emails: owners.filter((owner) => !owner.startsWith("@")),
    },
  };
}
