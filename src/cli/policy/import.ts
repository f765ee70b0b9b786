/** `countersign policy import`: a policy-bot file converted to a Countersign policy, with every difference. */

import { stringify } from "yaml";
import { readBotFile, type BotProblem } from "../../domain/policy-bot/file.ts";
import type { TranslationNote } from "../../domain/policy-bot/requirements.ts";
import { ALWAYS, translateBotFile } from "../../domain/policy-bot/translate.ts";
import { policyInForce } from "../../domain/policy/tighten.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { readText } from "../input/text-file.ts";

const KINDS = {
  looser: "Looser here in some case (check each):",
  changed: "Expressed differently:",
  stricter: "Stricter here:",
} as const satisfies Record<TranslationNote["kind"], string>;

/** Names the kind of file to convert to. */
export type ImportFor = "organization" | "repository";

const PATH = ".github/countersign.yml";

/** Converts a file, with the differences in comments at the top. Exit code 1: some rule may be looser or different, or the file has problems. */
export async function importPolicy(
  terminal: Pick<Terminal, "input">,
  file: string,
  asked: ImportFor | undefined,
): Promise<Answer> {
  const text = await readText(file, "the path of a policy-bot file", terminal);
  const read = readBotFile(text);
  if (!read.ok) {
    const { problems } = read;
    const lines = problems.map(({ line, message }) => `${file}:${line}: ${message}`);
    const data = { ok: false, file, problems, notes: [], always: [], policy: null, yaml: null };
    return { code: 1, lines: [...lines, "nothing was converted"], data };
  }
  const { policy, notes: differences, mayAskNothing } = translateBotFile(read.file);
  const target = asked ?? "repository";
  const notes = target === "repository" && mayAskNothing ? [...differences, BUILT_IN] : differences;
  const yaml = stringify(policy, { lineWidth: 0, aliasDuplicateObjects: false });
  // The file may need more than a policy file or a repository's own can express.
  const broken = problemsOf(yaml, target);
  const lines = [
    `# Converted from ${comment(file)} to ${target === "repository" ? "a repository's own file" : "the organisation's file"} (${PATH}${target === "repository" ? "" : " in its .github"}).`,
    ...Object.entries(KINDS).flatMap(([kind, title]) => comments(title, notes, kind)),
    "#",
    "# Always different:",
    ...ALWAYS.map((each) => `# - ${each}`),
    ...(broken.length === 0
      ? []
      : [
          "#",
          `# Not valid yet${target === "repository" ? " (an organisation's file may have more keys: --for organization)" : ""}:`,
          ...broken.map(({ message }) => `# - ${comment(message)}`),
        ]),
    ...yaml.trimEnd().split("\n"),
  ];
  const ok = broken.length === 0 && notes.every(({ kind }) => kind === "stricter");
  const data = { ok, file, for: target, problems: broken, notes, always: ALWAYS, policy, yaml };
  return { code: ok ? 0 : 1, lines, data };
}

const BUILT_IN: TranslationNote = {
  where: "the whole file",
  kind: "changed",
  message: "some changes need no approval there",
  instead:
    "without an organisation's file the default stays, one approval from someone with write permission; --for organization removes it",
};

function problemsOf(text: string, target: ImportFor): readonly BotProblem[] {
  const found = { state: "found", path: PATH, commit: "", blob: "", text } as const;
  const absent = { state: "absent" } as const;
  const policy =
    target === "organization"
      ? policyInForce({ ...found, repository: ".github" }, absent)
      : policyInForce(absent, { ...found, repository: "" });
  if (policy.state !== "broken") return [];
  return policy.problems.map(({ line, message }) => ({ line, message }));
}

function comments(title: string, notes: readonly TranslationNote[], kind: string): readonly string[] {
  const own = notes.filter((note) => note.kind === kind);
  if (own.length === 0) return [];
  const byWords = new Map<string, string[]>();
  for (const { where, message, instead } of own) {
    const words = `${message}; here: ${instead}`;
    byWords.set(words, [...(byWords.get(words) ?? []), where]);
  }
  const listed = [...byWords].map(
    ([words, where]) => `# - ${comment(`${[...new Set(where)].join(", ")}: ${words}`)}`,
  );
  return ["#", `# ${title}`, ...listed];
}

/** Keeps a comment on its line. */
function comment(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
