/** `countersign policy import`: a policy-bot file said in ours, with everything that is not the same. */

import { stringify } from "yaml";
import { readBotFile, type BotProblem } from "../../domain/policy-bot/file.ts";
import type { TranslationNote } from "../../domain/policy-bot/requirements.ts";
import { ALWAYS, translateBotFile } from "../../domain/policy-bot/translate.ts";
import { policyInForce } from "../../domain/policy/tighten.ts";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { readText } from "../input/text-file.ts";

const KINDS = {
  looser: "Asked less of here, in some case (look at each):",
  changed: "Said another way:",
  stricter: "Asked more of here:",
} as const satisfies Record<TranslationNote["kind"], string>;

/** Where a translated file is to stand. */
export type ImportFor = "organization" | "repository";

const PATH = ".github/countersign.yml";

/** Translates a file. Exit code 1: something may be asked less of or otherwise here, or the file has problems; what is different stands in comments on top. */
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
    return { code: 1, lines: [...lines, "nothing was translated"], data };
  }
  const { policy, notes: differences, mayAskNothing } = translateBotFile(read.file);
  const target = asked ?? "repository";
  const notes = target === "repository" && mayAskNothing ? [...differences, BUILT_IN] : differences;
  const yaml = stringify(policy, { lineWidth: 0, aliasDuplicateObjects: false });
  // What was written there may be more than a policy file here may hold, or a repository's own may say.
  const broken = problemsOf(yaml, target);
  const lines = [
    `# Translated from ${comment(file)}, to be ${target === "repository" ? "a repository's own file" : "the organisation's file"} (${PATH}${target === "repository" ? "" : " in its .github"}).`,
    ...Object.entries(KINDS).flatMap(([kind, title]) => comments(title, notes, kind)),
    "#",
    "# Always different:",
    ...ALWAYS.map((each) => `# - ${each}`),
    ...(broken.length === 0
      ? []
      : [
          "#",
          `# Cannot be used as it is${target === "repository" ? ` (the organisation's file may say more: --for organization)` : ""}:`,
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
    "without a file of the organisation the built-in approval stays, one by somebody with permission write; --for organization leaves it out",
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
  const said = [...byWords].map(
    ([words, where]) => `# - ${comment(`${[...new Set(where)].join(", ")}: ${words}`)}`,
  );
  return ["#", `# ${title}`, ...said];
}

/** A comment ends with its line. */
function comment(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
