/** The file `.env`: read, checked before anything is registered, and written whole or not at all, readable by its owner only. */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { envFileProblem } from "../input/env-file.ts";
import { UsageError } from "../terminal/answer.ts";

/** An environment as a process has it. */
type Values = Readonly<Record<string, string | undefined>>;

/** Maps names of variables to values. */
export type EnvValues = Readonly<Record<string, string>>;

/** Returns the values of an environment file that are not empty; none where there is no file. Throws UsageError. */
export function readEnvFile(path: string): EnvValues {
  const text = textOf(path) ?? "";
  const problem = envFileProblem(text);
  if (problem !== null) throw new UsageError(`${path} ${problem}.`);
  const values = Object.entries(parseEnv(text));
  return Object.fromEntries(values.flatMap(([name, value]) => (value?.trim() ? [[name, value]] : [])));
}

/** Lists the variables that make an App known. */
export const CREDENTIALS: readonly string[] = ["APP_ID", "PRIVATE_KEY", "PRIVATE_KEY_PATH"];

/** Lists what else GitHub gives an App. */
export const APP_SECRETS: readonly string[] = ["WEBHOOK_SECRET", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];

/** Returns those variables that have a value. */
export function takenOf(names: readonly string[], env: Values): readonly string[] {
  return names.filter((name) => (env[name] ?? "").trim() !== "");
}

/** Refuses to replace values, unless it is forced and the file alone holds them: the environment wins over it. Throws UsageError. */
export function refuseReplacing(path: string, names: readonly string[], env: Values, force: boolean): void {
  const taken = takenOf(names, env);
  const file = readEnvFile(path);
  const outside = taken.filter((name) => env[name] !== file[name]);
  if (outside.length > 0)
    throw new UsageError(
      `The environment sets ${outside.join(" and ")}, which would win over ${path}: unset it, or use setup --print.`,
    );
  if (taken.length > 0 && !force)
    throw new UsageError(
      `${path} has ${taken.join(" and ")} already: remove it there if it belongs to no App in use, or replace it with setup --force.`,
    );
}

/** Refuses a file that cannot be written, by writing it as it is. Throws UsageError. */
export function checkWritable(path: string): void {
  const text = textOf(path);
  replace(path, text ?? "");
  if (text === null) attempt(path, () => rmSync(path));
}

/** One assignment, with all lines of a value in quotes; or any other line. A later assignment of a name replaces an earlier one. */
const ENTRY = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`|)[^\n]*$|^.*$/gmu;

/** Sets variables in the file, in place or at its end, and leaves the rest as it is. The file is for its owner only. Throws UsageError. */
export function writeEnvFile(path: string, values: EnvValues): void {
  const lines = new Map(Object.entries(values).map(([name, value]) => [name, assignment(name, value)]));
  const there = new Set<string>();
  const kept = (textOf(path) ?? "").replaceAll(ENTRY, (entry, name: string | undefined) => {
    const line = name === undefined ? undefined : lines.get(name);
    if (name === undefined || line === undefined) return entry;
    there.add(name);
    return line;
  });
  const added = [...lines].flatMap(([name, line]) => (there.has(name) ? [] : [`${line}\n`]));
  const text = `${kept}${kept === "" || kept.endsWith("\n") || added.length === 0 ? "" : "\n"}${added.join("")}`;
  replace(path, text);
}

function replace(path: string, text: string): void {
  attempt(path, () => {
    const goal = goalOf(path);
    const draft = join(dirname(goal), `.env-${randomUUID()}`);
    mkdirSync(dirname(draft), { recursive: true });
    try {
      const descriptor = openSync(draft, "wx", 0o600);
      try {
        writeFileSync(descriptor, text);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(draft, goal);
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

/** Returns the values as lines for an environment file. Throws UsageError. */
export function envLines(values: EnvValues): readonly string[] {
  return Object.entries(values).map(([name, value]) => assignment(name, value));
}

/** Writes a value so that every reader of such files finds the same: line breaks as \n in double quotes. Throws UsageError. */
function assignment(name: string, given: string): string {
  const value = given.trim();
  if (/^[\w.:/@+=-]*$/u.test(value)) return `${name}=${value}`;
  const isOneLine = !/[\r\n]/u.test(value);
  if (isOneLine && !value.includes("'")) return `${name}='${value}'`;
  if (isOneLine && !value.includes("`")) return `${name}=\`${value}\``;
  if (!/["\\]/u.test(value)) return `${name}="${value.replaceAll(/\r?\n/gu, "\\n")}"`;
  throw new UsageError(`${name} has quotes that no environment file can hold: set it in the environment.`);
}

function textOf(path: string): string | null {
  return attempt(path, () => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  });
}

/** Returns the file behind a link, there or not, so that the link stays one. */
function goalOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      return resolve(realpathSync(dirname(path)), readlinkSync(path));
    } catch {
      return path;
    }
  }
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new UsageError(
      `${path} cannot be written (${code}): run this in a folder that you may write, name another file with COUNTERSIGN_ENV_FILE, or use setup --print.`,
    );
  }
}
