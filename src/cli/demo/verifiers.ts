/** The end of the demo: the package checked by each of the three verifiers, and a copy with one byte changed. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { demoFile } from "../scenario/harness/processes.ts";
import type { Answer } from "../terminal/answer.ts";
import { verify } from "../verify.ts";

const run = promisify(execFile);

/** Names the package that is checked, the copy to change, and who signed. */
export interface Checked {
  readonly evidence: string;
  readonly tampered: string;
  /** The signing key's fingerprint, as the company would publish it. */
  readonly fingerprint: string;
  /** Where verify.html is written to. */
  readonly page: string;
}

/** Describes what the verifiers found of the package and of the copy. */
export interface CheckedThreeWays {
  /** Whether the package is sound and the change of the copy was noticed, by each verifier that could run. */
  readonly ok: boolean;
  readonly verified: Answer["data"];
  readonly tampered: Answer["data"];
  /** What verify.sh answered for the two; null where it could not run. */
  readonly script: readonly number[] | null;
}

/** The file of the copy that is changed. */
const VICTIM = "changes.csv";

/** Runs `countersign verify` and verify.sh on the package and on a changed copy, and writes verify.html for a browser. */
export async function checkThreeWays(
  { evidence, tampered, fingerprint, page }: Checked,
  print: (line: string) => void,
): Promise<CheckedThreeWays> {
  await cp(evidence, tampered, { recursive: true });
  await flipByte(join(tampered, VICTIM));
  const inTerminal = async (place: string): Promise<Answer> => {
    const answer = await verify(place, undefined);
    for (const line of answer.lines) print(`  ${line}`);
    return answer;
  };
  const inShell = async (place: string): Promise<ScriptAnswer> => {
    const answer = await runScript(place, fingerprint);
    for (const line of answer.lines) print(`  ${line}`);
    return answer;
  };

  print("");
  print("1. countersign verify, on the package:");
  const whole = await inTerminal(evidence);
  print("");
  print(`countersign verify, on a copy with one byte of ${VICTIM} changed:`);
  const changed = await inTerminal(tampered);

  print("");
  print("2. verify.sh with the fingerprint that the company publishes, on the package:");
  const script = await inShell(evidence);
  if (script.code !== null) print(`verify.sh on the changed copy:`);
  const changedScript = script.code === null ? script : await inShell(tampered);

  await writePage(page);
  print("");
  print("3. verify.html, which the demo cannot open for you. In a browser:");
  for (const line of forTheBrowser(page, evidence, fingerprint)) print(`  ${line}`);

  const names = ({ lines }: Pick<Answer, "lines">): boolean => lines.some((line) => line.includes(VICTIM));
  const isShellRight =
    script.code === null || (script.code === 0 && changedScript.code === 1 && names(changedScript));
  return {
    ok: whole.code === 0 && changed.code === 1 && names(changed) && isShellRight,
    verified: whole.data,
    tampered: changed.data,
    script: script.code === null || changedScript.code === null ? null : [script.code, changedScript.code],
  };
}

/** What verify.sh answered. Its code is null where this computer lacks what it needs, which the one line says. */
interface ScriptAnswer {
  readonly code: number | null;
  readonly lines: readonly string[];
}

async function runScript(place: string, fingerprint: string): Promise<ScriptAnswer> {
  const because = (what: string): ScriptAnswer => ({
    code: null,
    lines: [`Not run here: ${what}. It runs where sh, openssl, and sha256sum or shasum are installed.`],
  });
  try {
    const { stdout } = await run("sh", [join(place, "verify.sh"), fingerprint, place]);
    return { code: 0, lines: stdout.trim().split("\n") };
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code: unknown;
      readonly stdout: string;
      readonly stderr: string;
    };
    if (code === "ENOENT") return because("this computer has no sh");
    if (code === 1) return { code, lines: stdout.trim().split("\n") };
    return because(stderr.trim().split("\n").at(-1) ?? "it ended without an answer");
  }
}

/** Writes the verifier for a browser: built from the sources where these are, otherwise the one that came with the demo. */
async function writePage(to: string): Promise<void> {
  const builder = fileURLToPath(new URL("../../../scripts/verify-page.ts", import.meta.url));
  if (existsSync(builder)) await run(process.execPath, [builder, to]);
  else await cp(demoFile("verify-page"), to);
}

function forTheBrowser(page: string, evidence: string, fingerprint: string): readonly string[] {
  return [
    `open ${page}`,
    `drop ${evidence}.zip on it`,
    `enter the fingerprint: ${fingerprint}`,
    "It shows each check, this fingerprint, and: No defect found. Of the changed copy it shows two defects.",
  ];
}

/** Changes one byte in the middle of a file. */
async function flipByte(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    const place = Math.floor(size / 2);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, place);
    await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, place);
  } finally {
    await file.close();
  }
}
