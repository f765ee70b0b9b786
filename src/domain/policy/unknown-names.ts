/** Teams and logins of a policy that GitHub did not find when the policy was first read, each with its place in the file. */

import type { PolicyRecord } from "./record.ts";
import { parsePolicy } from "./file/parse.ts";
import type { UnknownName } from "./file/names.ts";
import type { FileProblem } from "./tighten.ts";

/** "team acme/dbas does not exist; did you mean acme/dba?" */
function unknownNameText({ kind, name, near }: UnknownName): string {
  return `${kind} ${name} does not exist${near === null ? "" : `; did you mean ${near}?`}`;
}

/**
 * Lists one problem for each unknown name of a policy, with the first line of each file that names it. None: every name
 * was found.
 */
export function unknownNameProblems(record: PolicyRecord): readonly FileProblem[] {
  const unknown = record.effective.names?.unknown ?? [];
  if (unknown.length === 0) return [];
  const files = [record.organization, record.repository].flatMap((source) => {
    if (source.state !== "found") return [];
    const parsed = parsePolicy(source.text);
    return parsed.ok ? [{ name: `${source.repository}/${source.path}`, ...parsed }] : [];
  });
  return unknown.flatMap((each) => {
    const message = unknownNameText(each);
    const found = files.flatMap(({ name, file, lineOf }) => {
      const path = placeOf(file, each);
      return path === null ? [] : [{ ...lineOf(path), message, file: name }];
    });
    // INVARIANT: a name in force is in one of the files; were it in neither, the problem must show all the same.
    return found.length > 0 ? found : [{ line: 1, column: 1, message, file: "the policy" }];
  });
}

const KEYS: Readonly<Record<UnknownName["kind"], readonly string[]>> = {
  team: ["teams"],
  user: ["users", "user", "logins"],
};

/** The path of the first place that names it. */
function placeOf(
  value: unknown,
  of: UnknownName,
  path: readonly PropertyKey[] = [],
): readonly PropertyKey[] | null {
  if (typeof value === "string") {
    const key = path.findLast((step) => typeof step === "string");
    const isNamed = KEYS[of.kind].includes(String(key)) && value.toLowerCase() === of.name;
    return isNamed ? path : null;
  }
  if (typeof value !== "object" || value === null) return null;
  const inner: readonly (readonly [PropertyKey, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  for (const [step, below] of inner) {
    const found = placeOf(below, of, [...path, step]);
    if (found !== null) return found;
  }
  return null;
}
