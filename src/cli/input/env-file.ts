/** The file with settings in the working directory. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { UsageError } from "../terminal/answer.ts";
import { systemErrorCode } from "../../settings/system-error.ts";

/** Names another file, or by being empty none. */
const NAME = "COUNTERSIGN_ENV_FILE";

/** Returns the file that holds the settings, or will. */
export function envFileIn(env: Readonly<Record<string, string | undefined>>): string {
  return env[NAME] || ".env";
}

/** These commands have no settings of their own, or are given all of them by the process that forked them. */
const COMMANDS_WITHOUT = ["verify", "demo"];
const OPTIONS_WITHOUT = ["--rehearsal", "--help", "-h", "--version", "-V"];

/**
 * Reads `.env` into the environment of this process, unless the command needs no settings. What is set there already stays.
 * Throws UsageError where the file is named and missing, cannot be read, or does not mean what its author meant.
 */
export function loadEnvFile(args: readonly string[]): void {
  const named = process.env[NAME];
  const command = args.find((each) => !each.startsWith("-")) ?? "";
  if (named === "" || COMMANDS_WITHOUT.includes(command)) return;
  if (args.some((each) => OPTIONS_WITHOUT.includes(each))) return;
  const path = resolve(named ?? ".env");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = systemErrorCode(error);
    const mayBeMissing = named === undefined || command === "setup" || args.includes("--setup");
    if (code === "ENOENT" && mayBeMissing) return;
    throw new UsageError(`${path} cannot be read (${code}): check path and rights, or set ${NAME}.`);
  }
  const problem = envFileProblem(text);
  if (problem !== null) throw new UsageError(`${path} ${problem}.`);
  const detour = named === undefined ? detourIn(parseEnv(text), process.env, args) : null;
  if (detour !== null) throw new UsageError(`${path} ${detour}.`);
  process.loadEnvFile(path);
}

/**
 * Returns what a file sets that would send a secret of the environment elsewhere, completing a sentence; null: nothing. It may
 * have come with someone else's repository, unless the environment names it.
 */
export function detourIn(
  file: NodeJS.Dict<string>,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): string | null {
  const command = args.find((each) => !each.startsWith("-")) ?? "";
  const asPerson = command === "audit" || (command === "policy" && args.includes("try"));
  const secret = (asPerson ? TOKENS : KEYS).find((name) => env[name] !== undefined);
  const way = Object.keys(file).find((name) => WAY.test(name) && env[name] === undefined);
  return secret === undefined || way === undefined
    ? null
    : `sets ${way}, but ${secret} comes from the environment: set both in the same place, so that no file can choose who gets the secret`;
}

/** What a command acts with: as a person, or as the App. */
const TOKENS = ["GITHUB_TOKEN", "GH_TOKEN"];
const KEYS = ["PRIVATE_KEY", "PRIVATE_KEY_PATH"];

/** Where requests go, and whom they trust. */
const WAY = /^(?:GITHUB_API_URL|GHE_\w+|\w+_PROXY|\w*_CA_\w+|SSL_CERT_\w+|NODE_\w+)$/iu;

/** Returns what is wrong with the text of such a file, completing a sentence, without any value of it. Null: nothing is. */
export function envFileProblem(text: string): string | null {
  if (/^\uFEFF|\0|\uFFFD/u.test(text)) return "is no plain text: save it as UTF-8 without a byte order mark";
  const lines = text.split(/\r?\n/u);
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]?.trim() ?? "";
    if (line === "" || line.startsWith("#")) continue;
    const [, value] = /^(?:export\s+)?[A-Za-z_][\w.]*\s*=\s*(.*)$/u.exec(line) ?? [];
    if (value === undefined)
      return `has a line ${index + 1} that is no NAME=VALUE: put double quotes around a value of several lines`;
    // Node takes the next line for its value.
    if (/=[ \t]+$/u.test(lines[index] ?? ""))
      return `has a line ${index + 1} with a blank and no value after =: remove the blank`;
    const quote = /^["'`]/u.exec(value)?.[0];
    if (quote === undefined || value.includes(quote, 1)) continue;
    const end = lines.findIndex((each, later) => later > index && each.includes(quote));
    if (end === -1) return `has a line ${index + 1} whose quote is never closed: close it`;
    index = end;
  }
  return null;
}
