/** Code owners required by `codeowners: true`: for each group of changed files with the same owners, those owners. */

import type { OwnersFile, PullRequest } from "../change/pull-request.ts";
import { lineFor, parseCodeowners, skippedFor, UNKNOWN_OWNER, type Codeowners } from "./codeowners-file.ts";
import type { Requirement, Source } from "../policy/file/requirement.ts";
import { listed, oneLine, some } from "../texts/wording.ts";
import type { ChangedFile } from "../change/commit.ts";

/** Returns the requirements that one with `codeowners: true` comes to. Anyone who may write owns a file without owners. */
export function requiredOwners(leaf: Requirement, pull: PullRequest): readonly Requirement[] {
  const { codeowners: _, ...others } = leaf.from;
  const { required } = leaf;
  const unknownOwners = (unknown: string): Requirement => ({
    required,
    from: { ...others, codeowners: true },
    unknown,
  });
  const { owners, files } = pull;
  if (owners === undefined) return [unknownOwners("the owners of the changed files were not read")];
  if (owners.state === "unreadable")
    return [unknownOwners(`CODEOWNERS could not be read: ${owners.because}`)];
  if (files === undefined) return [unknownOwners("GitHub did not list the changed files")];
  const read = readOf(owners);
  const doubts: string[] = [];
  const groups = new Map<string, { owners: readonly string[]; files: string[]; lines: Set<number> }>();
  for (const path of pathsOf(files.list)) {
    doubts.push(
      ...skippedFor(read, path)
        .filter(({ inDoubt }) => inDoubt)
        .map(({ line }) => `GitHub reads line ${line} of CODEOWNERS in a way that is not known here`),
    );
    const line = lineFor(read, path);
    const theirs = [...(line?.owners ?? [])].sort();
    const key = theirs.join(" ");
    const group = groups.get(key) ?? { owners: theirs, files: [], lines: new Set<number>() };
    group.files.push(path);
    if (line !== undefined) group.lines.add(line.line);
    groups.set(key, group);
  }
  const requirements = [...groups.values()].map((group): Requirement => {
    const from = sourceOf([...group.owners], [...group.lines], others);
    const unknown = nobodyNamed(from);
    return { required, from, files: group.files, ...(unknown === null ? {} : { unknown }) };
  });
  requirements.push(...[...new Set(doubts)].map(unknownOwners));
  if (!files.complete)
    requirements.push(
      unknownOwners(`GitHub did not list more than ${files.list.length} of the changed files`),
    );
  return requirements.length > 0 ? requirements : [{ required, from: sourceOf([], [], others) }];
}

/**
 * Returns what is wrong with CODEOWNERS where the changed files are concerned. That is skipped lines, with who owns the
 * files then, and owners GitHub does not know.
 */
export function ownerNotes({ owners, files }: Pick<PullRequest, "owners" | "files">): readonly string[] {
  if (owners?.state !== "found" || files === undefined) return [];
  const read = readOf(owners);
  const skipped = new Map<string, string[]>();
  const deciding = new Set<number>();
  for (const path of pathsOf(files.list)) {
    const line = lineFor(read, path);
    if (line !== undefined) deciding.add(line.line);
    for (const each of skippedFor(read, path)) {
      const whose =
        line === undefined ? "nobody's" : line.owners.length === 0 ? "nobody's" : listed(line.owners);
      const note = `line ${each.line} of ${owners.path} is skipped: ${each.because}`;
      const known = skipped.get(note) ?? [];
      known.push(`${oneLine(path)} is ${whose === "nobody's" ? whose : `that of ${oneLine(whose)}`}`);
      skipped.set(note, known);
    }
  }
  return [
    ...[...skipped].map(([note, whose]) => `${oneLine(note)}; so ${some(whose, 3, "; ")}`),
    ...(owners.errors ?? [])
      .filter(({ line, kind }) => kind === UNKNOWN_OWNER && deciding.has(line))
      .map(
        ({ line }) =>
          `line ${line} of ${owners.path} names an owner GitHub does not know or who may not write`,
      ),
  ];
}

const NOTHING: Codeowners = { lines: [], skipped: [] };

function readOf(owners: OwnersFile): Codeowners {
  return owners.state === "found" ? parseCodeowners(owners.text, owners.errors) : NOTHING;
}

/** Every path in a list of files, each once; a renamed file is at both. */
function pathsOf(files: readonly ChangedFile[]): readonly string[] {
  return [
    ...new Set(
      files.flatMap(({ path, oldPath, status }) =>
        status === "renamed" && oldPath !== null ? [oldPath, path] : [path],
      ),
    ),
  ];
}

/** Why it is not known who is required, where only addresses are named. */
function nobodyNamed({ owners, ...others }: Source): string | null {
  if (owners === undefined || Object.keys(others).length > 0) return null;
  if (owners.users.length + owners.teams.length > 0) return null;
  return `${placeOf(owners.lines)} names the owner only by an address (${listed(owners.emails.map(oneLine), "or")}), and GitHub does not show whose address that is; write @login`;
}

/** "line 3 of CODEOWNERS". */
function placeOf(lines: readonly number[]): string {
  return `${lines.length === 1 ? "line" : "lines"} ${listed(lines.map(String))} of CODEOWNERS`;
}

/** Owners and the other sources of a requirement: any of them may approve. */
function sourceOf(owners: readonly string[], lines: readonly number[], others: Source): Source {
  if (owners.length === 0) return { ...others, permission: others.permission ?? "write" };
  const named = owners.filter((owner) => owner.startsWith("@")).map((owner) => owner.slice(1));
  return {
    ...others,
    owners: {
      users: named.filter((name) => !name.includes("/")),
      teams: named.filter((name) => name.includes("/")),
      emails: owners.filter((owner) => !owner.startsWith("@")),
      lines,
    },
  };
}
