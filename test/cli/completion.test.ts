import { spawnSync } from "node:child_process";

import { expect, test } from "vitest";

import { run } from "./run.ts";

/** What a shell offers for a line whose last word is being typed. Null where the machine lacks the shell. */
async function offered(shell: string, ...line: readonly string[]): Promise<readonly string[] | null> {
  const { printed } = await run(["completion", shell]);
  const asked = {
    bash: `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _countersign; printf '%s\n' "\${COMPREPLY[@]}"`,
    fish: "complete -C (string join -- ' ' $argv) | string replace -r '\\t.*' ''; true",
  }[shell];
  const args =
    shell === "bash"
      ? ["--norc", "-c", `${printed}\n${asked}`, "bash", ...line]
      : ["--no-config", "-c", `${printed}\n${asked}`, ...line];
  const { status, stdout, stderr, error } = spawnSync(shell, args, { encoding: "utf8" });
  if (error !== undefined) return null;
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

const LINES = [
  { line: ["countersign", "ver"], words: ["verify"] },
  { line: ["countersign", "log", ""], words: ["verify", "head", "migrate", "show"] },
  { line: ["countersign", "log", "show", "--f"], words: ["--facts"] },
  { line: ["countersign", "export", "--org", "acme", "--zi"], words: ["--zip"] },
  { line: ["countersign", "completion", "z"], words: ["zsh"] },
  { line: ["countersign", "deviation", "show", "--json", "--h"], words: ["--help"] },
  { line: ["countersign", "nothing-of-the-kind", "--zzz"], words: [] },
];

test.each(["bash", "fish"])("%s completes commands, subcommands, values and options", async (shell) => {
  for (const { line, words } of LINES) {
    const found = await offered(shell, ...line);
    if (found !== null) expect(found.toSorted(), line.join(" ")).toEqual(words.toSorted());
  }
});

test("zsh gets bash's completion, without a name that zsh keeps for itself", async () => {
  const { printed } = await run(["completion", "zsh"]);
  expect(printed).toContain("bashcompinit && bashcompinit");
  expect(printed).not.toMatch(/\blocal\b[^\n]*\b(?:path|words|options|status|argv|commands|functions)=/u);
});

test("another shell is told which there are", async () => {
  const { code, said } = await run(["completion", "tcsh"]);
  expect(code).toBe(2);
  expect(said).toContain("bash, zsh, fish");
});
