import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { TERMINAL_COMMANDS } from "../../src/cli/table.ts";
import { folderOfTest } from "../support/folders.ts";
import { everyCommand, fullName, undeclared } from "../support/commands.ts";
import { run } from "./run.ts";

const ROOT = new URL("../../", import.meta.url);
const OPTIONS = [
  ...new Set(everyCommand().flatMap((command) => command.options.map(({ long }) => long ?? ""))),
];
const ROWS = TERMINAL_COMMANDS.flatMap((entry) =>
  "commands" in entry
    ? entry.commands.map((row) => ({ ...row, path: `${entry.name} ${row.name}` }))
    : [{ ...entry, path: entry.name }],
);

/** Whether Node hands options with a value to its program, and does nothing with them itself. */
function reachAProgram(options: readonly string[]): boolean {
  const folder = folderOfTest("options");
  const program = join(folder, "program.mjs");
  writeFileSync(program, "process.stdout.write(JSON.stringify(process.argv.slice(2)));");
  const args = options.flatMap((option) => [
    option,
    join(folder, "none"),
    `${option}=${join(folder, "none")}`,
  ]);
  const { stdout } = spawnSync(process.execPath, [program, ...args], { env: { PATH: process.env["PATH"] } });
  return stdout.toString() === JSON.stringify(args);
}

describe("the table of commands", () => {
  test.each(ROWS)("$path shows its summary, options and examples, and exits with 0", async (row) => {
    const { code, printed } = await run([...row.path.split(" "), "--help"]);
    expect(code).toBe(0);
    expect(printed).toContain(`Usage: countersign ${row.path}`);
    expect(printed).toContain("--json");
    for (const example of row.examples) expect(printed).toContain(`  $ countersign ${example}`);
  });

  test.each(ROWS)("$path has examples of itself, with options it declares", ({ path, examples }) => {
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      expect(`${example} `.startsWith(`${path} `), example).toBe(true);
      expect(undeclared(example.replace(/ {3}#.*$/u, "").replace(/ \| .*$/u, "")), example).toBeNull();
    }
  });

  test("has no option without a description", () => {
    const silent = everyCommand().flatMap((command) =>
      command.options
        .filter(({ description }) => description === "")
        .map(({ flags }) => `${fullName(command)} ${flags}`),
    );
    expect(silent).toEqual([]);
  });

  test("has no option that Node takes for its own, wherever it stands", () => {
    expect(OPTIONS).toContain("--force");
    expect(reachAProgram(OPTIONS)).toBe(true);
    expect(reachAProgram(["--env-file"]), "Node reads this one also behind the program").toBe(false);
  });

  test("describes everything in sentences of at most twenty words", () => {
    const texts = everyCommand().flatMap((command) => [
      command.description(),
      ...command.options.map(({ description }) => description),
      ...command.registeredArguments.map(({ description }) => description),
    ]);
    const long = texts.flatMap((text) => text.split(/[.;] /u)).filter((each) => each.split(" ").length > 20);
    expect(long).toEqual([]);
  });
});

describe("the documents", () => {
  test.each([
    ["bogus", "bogus"],
    ["policy chek file", "countersign policy chek"],
    ["verify evidence --public key.pem", "countersign verify --public"],
    ["policy check file --json", null],
  ])("are read so that %j is answered with %j", (line, expected) => {
    expect(undeclared(line)).toBe(expected);
  });

  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    ...readdirSync(new URL("docs/", ROOT))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`),
  ];
  test.each(pages)("%s names no command or option that is not declared", (page) => {
    const text = readFileSync(new URL(page, ROOT), "utf8");
    const lines = [...text.matchAll(/(?:^\$ |`)countersign ([a-z][^`\n]*)/gmu)].map(([, line = ""]) => line);
    const unknown = lines
      .map((line) => line.replace(/ (?:[|>#]|&&).*$/u, ""))
      .flatMap((line) => undeclared(line) ?? []);
    expect(unknown).toEqual([]);
  });
});
