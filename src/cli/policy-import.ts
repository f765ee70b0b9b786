/** `countersign policy import`: a policy-bot file said in ours, with everything that is not the same. */

import { stringify } from "yaml";
import { readBotFile } from "../domain/policy-bot/file.ts";
import type { Note } from "../domain/policy-bot/requirements.ts";
import { ALWAYS, translateBotFile } from "../domain/policy-bot/translate.ts";
import { parsePolicy } from "../domain/policy/parse.ts";
import type { Answer, Terminal } from "./answer.ts";
import { readText } from "./text-file.ts";

const KINDS = {
  looser: "Asked less of here, in some case (look at each):",
  changed: "Said another way:",
  stricter: "Asked more of here:",
} as const satisfies Record<Note["kind"], string>;

/** Translates a file. Exit code 1: something may be asked less of or otherwise here, or the file has problems; what is different stands in comments on top. */
export async function importPolicy(terminal: Pick<Terminal, "input">, file: string): Promise<Answer> {
  const text = await readText(file, "the path of a policy-bot file", terminal);
  const read = readBotFile(text);
  if (!read.ok) {
    const lines = read.problems.map(({ line, message }) => `${file}:${line}: ${message}`);
    const data = {
      ok: false,
      file,
      problems: read.problems,
      notes: [],
      always: [],
      policy: null,
      yaml: null,
    };
    return { code: 1, lines: [...lines, "nothing was translated"], data };
  }
  const { policy, notes } = translateBotFile(read.file);
  const yaml = stringify(policy, { lineWidth: 0, aliasDuplicateObjects: false });
  const parsed = parsePolicy(yaml);
  // What was written there may be more than a policy file here may hold.
  const problems = parsed.ok ? [] : parsed.problems.map(({ line, message }) => ({ line, message }));
  const lines = [
    `# Translated from ${comment(file)}.`,
    ...Object.entries(KINDS).flatMap(([kind, title]) => comments(title, notes, kind)),
    "#",
    "# Always different:",
    ...ALWAYS.map((each) => `# - ${each}`),
    ...problems.map(({ line, message }) => `# cannot be used as it is, line ${line}: ${comment(message)}`),
    ...yaml.trimEnd().split("\n"),
  ];
  const ok = parsed.ok && notes.every(({ kind }) => kind === "stricter");
  return { code: ok ? 0 : 1, lines, data: { ok, file, problems, notes, always: ALWAYS, policy, yaml } };
}

function comments(title: string, notes: readonly Note[], kind: string): readonly string[] {
  const own = notes.filter((note) => note.kind === kind);
  if (own.length === 0) return [];
  const byWords = new Map<string, string[]>();
  for (const { where, message, instead } of own) {
    const words = `${message}; here: ${instead}`;
    byWords.set(words, [...(byWords.get(words) ?? []), where]);
  }
  const said = [...byWords].map(
    ([words, where]) => `# - ${comment(`${[...new Set(where)].join(", ")}: ${words}`)}`,
  );
  return ["#", `# ${title}`, ...said];
}

/** A comment ends with its line. */
function comment(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
